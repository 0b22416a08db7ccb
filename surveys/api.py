"""Survey answers by REST, for those who see numbers. They are written by customers alone."""

from __future__ import annotations

from typing import Any

import django_filters
from django.db.models import QuerySet
from django.http import Http404
from rest_framework import mixins, serializers
from rest_framework.request import Request

from surveys.models import Response
from tickets.api.fields import InstantField
from tickets.api.filters import AnyOf, Key, Moment
from tickets.api.views import Resource


class ResponseSerializer(serializers.Serializer[Any]):
    """Scores are as they came; one out of its scale is kept and counts nowhere."""

    id = serializers.IntegerField()
    survey_id = serializers.CharField(source="invitation.external_id")
    source = serializers.CharField(source="invitation.source.name")  # type: ignore[assignment]  # a field, not the attribute
    client = serializers.CharField(source="invitation.client.code")
    contact_id = serializers.CharField(source="invitation.contact.external_id", default=None, allow_null=True)
    case_id = serializers.CharField(source="invitation.case.external_id", default=None, allow_null=True)
    contact = serializers.IntegerField(source="invitation.contact_id", allow_null=True)
    case = serializers.IntegerField(source="invitation.case_id", allow_null=True)
    customer = serializers.IntegerField(source="invitation.customer_id", allow_null=True)
    sent_at = InstantField(source="invitation.sent_at")
    responded_at = InstantField()
    csat = serializers.IntegerField(allow_null=True)
    csat_scale = serializers.CharField()
    ces = serializers.IntegerField(allow_null=True)
    nps = serializers.IntegerField(allow_null=True)
    fcr_resolved = serializers.CharField()
    fcr_contacts = serializers.IntegerField(allow_null=True)
    comment = serializers.CharField()


class ResponseFilter(django_filters.FilterSet):
    survey_id = AnyOf("invitation__external_id")
    source = AnyOf("invitation__source__name")
    client = AnyOf("invitation__client__code")
    queue = AnyOf("invitation__case__queue__code")
    contact = Key("invitation__contact")
    case = Key("invitation__case")
    customer = Key("invitation__customer")
    responded_at__gte = Moment("responded_at", lookup_expr="gte")
    responded_at__lt = Moment("responded_at", lookup_expr="lt")
    sent_at__gte = Moment("invitation__sent_at", lookup_expr="gte")
    sent_at__lt = Moment("invitation__sent_at", lookup_expr="lt")

    class Meta:
        model = Response
        fields: list[str] = []


class Responses(mixins.ListModelMixin, mixins.RetrieveModelMixin, Resource):
    """Customers' answers. A customer who answered twice is here twice; the last answer counts."""

    serializer_class = ResponseSerializer
    filterset_class = ResponseFilter
    queryset = Response.objects.select_related(
        "invitation__source", "invitation__client", "invitation__contact", "invitation__case"
    )

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        if not self.user.sees_numbers:
            raise Http404

    def get_queryset(self) -> QuerySet[Response]:
        return super().get_queryset().visible_to(self.user)  # type: ignore[attr-defined, no-any-return]
