"""Filters of the lists: the models' own field names. A parameter that is not known is refused, not overlooked."""

from __future__ import annotations

from datetime import datetime
from typing import Any, cast

import django_filters as filters
from django import forms
from django.core.exceptions import ValidationError as FormError
from django.db.models import QuerySet
from django.utils.translation import gettext as _
from django_filters.rest_framework import DjangoFilterBackend
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema_field
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.views import APIView

from tickets.bundle.columns import Wrong, moment_of
from tickets.models import Case, Channel, Contact, Customer, Demand, Direction, Flag, Outcome, Priority, Status

PAGING = frozenset({"cursor", "page_size", "format"})
BIGINT = 2**63 - 1


class Backend(DjangoFilterBackend):
    """django-filter, strict about names."""

    def filter_queryset(self, request: Request, queryset: QuerySet[Any], view: APIView) -> QuerySet[Any]:
        filterset_class = self.get_filterset_class(view, queryset)
        known = set(filterset_class.base_filters) if filterset_class else set()
        unknown = sorted(set(request.query_params) - known - PAGING)
        if unknown:
            names = ", ".join(sorted(known)) or "-"
            message = _("Unknown parameter. Known are: %(known)s.") % {"known": names}
            raise ValidationError({name: [message] for name in unknown})
        filterset = self.get_filterset(request, queryset, view)
        if filterset is None:
            return queryset
        if not filterset.is_valid():
            # Not the library's own translation: it takes a % that a user sent for one of its own.
            wrong = filterset.errors.get_json_data()
            raise ValidationError({name: [entry["message"] for entry in entries] for name, entries in wrong.items()})
        return cast("QuerySet[Any]", filterset.qs)


class TextsField(forms.Field):
    """The values of a repeated parameter."""

    widget = forms.SelectMultiple

    def clean(self, value: Any) -> list[str]:
        texts = [text for text in value or [] if text]
        if any("\0" in text or len(text) > 500 for text in texts):
            raise FormError(_("Expected text."))
        return texts


@extend_schema_field({"type": "array", "items": {"type": "string"}})
class AnyOf(filters.Filter):
    """One of these texts; repeated means or."""

    field_class = TextsField

    def filter(self, qs: QuerySet[Any], value: list[str]) -> QuerySet[Any]:
        return qs.filter(**{f"{self.field_name}__in": value}) if value else qs


class MomentField(forms.CharField):
    def clean(self, value: Any) -> datetime | None:
        text = super().clean(value)
        if not text:
            return None
        try:
            return moment_of(text)
        except Wrong as wrong:
            # An instant that was typed by hand fails like this: a bare + in an address is a blank.
            raise FormError(wrong.message + _(" (a + must be encoded in an address)")) from wrong


@extend_schema_field(OpenApiTypes.DATETIME)
class Moment(filters.Filter):
    field_class = MomentField


@extend_schema_field({"type": "integer", "minimum": 0, "maximum": BIGINT})
class Key(filters.Filter):
    """The number of a row."""

    field_class = forms.IntegerField

    def __init__(self, field_name: str) -> None:
        super().__init__(field_name, min_value=0, max_value=BIGINT)


class YesNo(filters.BooleanFilter):
    """true or false."""


def codes(name: str, choices: list[tuple[str, Any]]) -> filters.MultipleChoiceFilter:
    return filters.MultipleChoiceFilter(field_name=name, choices=choices)


class ContactFilter(filters.FilterSet):
    source = AnyOf("source__name")
    contact_id = AnyOf("external_id")
    client = AnyOf("client__code")
    queue = AnyOf("queue__code")
    topic = AnyOf("topic__path")
    owner = AnyOf("owner__code")
    team = AnyOf("team__code")
    cause = AnyOf("cause")
    customer = Key("customer")
    case = Key("case")
    channel = codes("channel", Channel.choices)
    direction = codes("direction", Direction.choices)
    outcome = codes("outcome", Outcome.choices)
    demand = codes("demand", Demand.choices)
    flags = filters.ChoiceFilter(field_name="flags", choices=Flag.choices, method="flagged")
    is_handled = YesNo("is_handled")
    is_valid = YesNo("is_valid")
    started_at__gte = Moment("started_at", lookup_expr="gte")
    started_at__lt = Moment("started_at", lookup_expr="lt")
    ended_at__gte = Moment("ended_at", lookup_expr="gte")
    ended_at__lt = Moment("ended_at", lookup_expr="lt")
    ended_at__isnull = YesNo("ended_at", lookup_expr="isnull")

    class Meta:
        model = Contact
        fields: list[str] = []

    def flagged(self, queryset: QuerySet[Contact], _name: str, value: str) -> QuerySet[Contact]:
        return queryset.filter(flags__contains=[value])


class CaseFilter(filters.FilterSet):
    source = AnyOf("source__name")
    case_id = AnyOf("external_id")
    client = AnyOf("client__code")
    queue = AnyOf("queue__code")
    topic = AnyOf("topic__path")
    owner = AnyOf("owner__code")
    team = AnyOf("team__code")
    customer = Key("customer")
    channel = codes("channel", Channel.choices)
    priority = codes("priority", Priority.choices)
    status = codes("status", Status.choices)
    created_at__gte = Moment("created_at", lookup_expr="gte")
    created_at__lt = Moment("created_at", lookup_expr="lt")
    updated_at__gte = Moment("updated_at", lookup_expr="gte")
    updated_at__lt = Moment("updated_at", lookup_expr="lt")
    resolved_at__gte = Moment("resolved_at", lookup_expr="gte")
    resolved_at__lt = Moment("resolved_at", lookup_expr="lt")

    class Meta:
        model = Case
        fields: list[str] = []


class CustomerFilter(filters.FilterSet):
    name = filters.CharFilter("name", lookup_expr="istartswith")
    email = filters.CharFilter(method="known_as")
    phone = filters.CharFilter(method="known_as")
    external = filters.CharFilter(method="known_as")
    client = AnyOf("client__code")

    class Meta:
        model = Customer
        fields: list[str] = []

    def known_as(self, queryset: QuerySet[Customer], kind: str, value: str) -> QuerySet[Customer]:
        value = value.lower() if kind == "email" else value
        return queryset.filter(identities__kind=kind, identities__value=value).distinct()
