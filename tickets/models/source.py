"""Where a row of the log came from: our own desk, another system, or an imported file set."""

from __future__ import annotations

from django.db import models
from django.db.models.functions import Cast
from django.utils.translation import gettext_lazy as _

DESK = "desk"


class Source(models.Model):
    """A system whose identifiers are unique within it. (`source`, `external_id`) names a row for ever."""

    id = models.SmallAutoField(primary_key=True)
    name = models.CharField(_("name"), max_length=120, unique=True)

    class Meta:
        verbose_name = _("source")
        verbose_name_plural = _("sources")

    def __str__(self) -> str:
        return self.name


class NewExternalId(Cast):
    """A time-ordered UUID as text, for rows that are born here and get no identifier from elsewhere."""

    def __init__(self, *_args: object, **_kwargs: object) -> None:
        super().__init__(models.Func(function="uuidv7", output_field=models.UUIDField()), models.TextField())

    def deconstruct(self) -> tuple[str, tuple[()], dict[str, object]]:
        return "tickets.models.source.NewExternalId", (), {}
