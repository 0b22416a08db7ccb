"""Survey answers by REST, for those who see numbers. They are written by customers alone."""

from __future__ import annotations

from typing import Any

import django_filters
from django.conf import settings
from django.db.models import QuerySet
from django.http import Http404
from drf_spectacular.utils import extend_schema_field
from rest_framework import mixins, serializers
from rest_framework.request import Request

from surveys.models import OwnAnswer, Response
from tickets.api.fields import InstantField
from tickets.api.filters import AnyOf, Key, Moment
from tickets.api.views import Resource


class OwnAnswerSerializer(serializers.Serializer[Any]):
    """An answer to an own question. `answer`: a score on the scale, 1 or 0 for yes or no, the place of a choice, or a text."""

    question = serializers.CharField(source="question.key")
    label = serializers.SerializerMethodField()  # type: ignore[assignment]  # a field, not the attribute
    scale = serializers.CharField(source="question.kind")
    answer = serializers.SerializerMethodField()

    def get_label(self, one: OwnAnswer) -> str:
        return str(one.question.item.words(settings.LANGUAGE_CODE, settings.LANGUAGE_CODE)["label"])

    @extend_schema_field({"oneOf": [{"type": "integer"}, {"type": "string"}]})
    def get_answer(self, one: OwnAnswer) -> int | str:
        return one.value


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
    form_version = serializers.CharField(source="invitation.version", default=None, allow_null=True)
    own = OwnAnswerSerializer(many=True, source="own.all")


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
        "invitation__source", "invitation__client", "invitation__contact", "invitation__case", "invitation__version"
    ).prefetch_related("own__question")

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        if not self.user.sees_numbers:
            raise Http404

    def get_queryset(self) -> QuerySet[Response]:
        return super().get_queryset().visible_to(self.user)  # type: ignore[attr-defined, no-any-return]
