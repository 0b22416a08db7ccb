"""What all serializers share: a body's unknown fields are named, instants carry their offset, and each refused field
says what was expected.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, cast

from django.db.models import QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from tickets.api.problems import Refused
from tickets.bundle.columns import Wrong, moment_of
from tickets.models import User

INSTANT = gettext_lazy("ISO 8601 instant with offset, for example 2025-10-06T09:00:00+02:00")


@extend_schema_field(OpenApiTypes.DATETIME)
class InstantField(serializers.Field[datetime, str, str, Any]):
    """An instant. A naive one could mean two moments and is refused."""

    def to_internal_value(self, data: Any) -> datetime:
        try:
            return moment_of(data if isinstance(data, str) else repr(data))
        except Wrong as wrong:
            raise serializers.ValidationError(wrong.message) from wrong

    def to_representation(self, value: datetime) -> str:
        return value.isoformat()


@extend_schema_field(OpenApiTypes.STR)
class CodeField(serializers.Field[Any, str, str, Any]):
    """Names another object by its code. `find` answers None for what there is not, or not for this user."""

    what = gettext_lazy("the code of an existing one")

    def __init__(self, attribute: str = "code", **kwargs: Any) -> None:
        self.attribute = attribute
        super().__init__(**kwargs)

    def candidates(self, user: User) -> QuerySet[Any]:
        raise NotImplementedError

    def to_internal_value(self, data: Any) -> Any:
        text = data if isinstance(data, str) and "\0" not in data and data.isprintable() else ""
        found = self.candidates(self.context["request"].user).filter(**{self.attribute: text}).first() if text else None
        if found is None:
            raise serializers.ValidationError(_("There is no such object."))
        return found

    def to_representation(self, value: Any) -> str:
        return str(getattr(value, self.attribute))


class Strict(serializers.Serializer[Any]):
    """Takes the fields that it declares, and no others."""

    def to_internal_value(self, data: Any) -> Any:
        if isinstance(data, Mapping):
            writable = {name for name, field in self.fields.items() if not field.read_only}
            known = ", ".join(sorted(writable)) or "-"
            wrong = {
                str(name): [
                    _("This field cannot be written.")
                    if name in self.fields
                    else _("Unknown field. Known are: %(known)s.") % {"known": known}
                ]
                for name in data
                if name not in writable
            }
            if wrong:
                raise serializers.ValidationError(wrong)
        return super().to_internal_value(data)

    def is_valid(self, *, raise_exception: bool = False) -> bool:
        valid = super().is_valid(raise_exception=False)
        if raise_exception and not valid:
            raise Refused(self.errors, expected=dict(expectations(self)))
        return valid


class StrictModel(Strict, serializers.ModelSerializer[Any]):
    serializer_field_mapping = serializers.ModelSerializer.serializer_field_mapping


def expectations(serializer: serializers.BaseSerializer[Any], path: str = "") -> list[tuple[str, Any]]:
    """For each field, by its path with `*` for positions: what may stand there."""
    found: list[tuple[str, Any]] = []
    for name, field in getattr(serializer, "fields", {}).items():
        if field.read_only:
            continue
        here = f"{path}{name}"
        if isinstance(field, serializers.ListSerializer):
            found += expectations(cast("serializers.Serializer[Any]", field.child), f"{here}.*.")
        elif isinstance(field, serializers.ListField):
            found += [(here, _("a list")), (f"{here}.*", expected_of(field.child))]
        else:
            found.append((here, expected_of(field)))
    return [(where, what) for where, what in found if what is not None]


def expected_of(field: serializers.Field[Any, Any, Any, Any]) -> Any:
    """What may stand in this field: a list of codes, or words."""
    if isinstance(field, serializers.ChoiceField):
        return [choice for choice in field.choices if choice != ""]
    if isinstance(field, CodeField):
        return str(field.what)
    if isinstance(field, serializers.CharField) and field.max_length:
        return _("text of at most %(most)s characters") % {"most": field.max_length}
    return next((str(words) for kind, words in WORDS if isinstance(field, kind)), None)


WORDS: list[tuple[type[Any], Any]] = [
    (InstantField, INSTANT),
    (serializers.BooleanField, gettext_lazy("true or false")),
    (serializers.IntegerField, gettext_lazy("a whole number")),
    (serializers.FloatField, gettext_lazy("a number, 0 or more")),
    (serializers.CharField, gettext_lazy("text")),
]
