"""Rows that cannot be right: kept with the reason, never dropped and never repaired in silence."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from tickets.models.source import Source


class QuarantinedRow(models.Model):
    class Reason(models.TextChoices):
        FIELDS = "fields", _("Wrong number of fields")
        ENUM = "enum", _("Unknown value")
        INSTANT = "instant", _("Unreadable or naive instant")
        ORDER = "order", _("End before beginning")
        NEGATIVE = "negative", _("Negative seconds")
        NUMBER = "number", _("Not a number")
        MISSING = "missing", _("Missing value")
        REFERENCE = "reference", _("Reference to nothing")
        DUPLICATE = "duplicate", _("Identifier used twice")
        LENGTH = "length", _("Too long")

    source = models.ForeignKey(Source, models.PROTECT, related_name="quarantined")
    file = models.CharField(_("file"), max_length=120)
    # Physical line in the file, header = 1; 0 for a row that came by the API.
    line = models.BigIntegerField(_("line"), default=0)
    reason = models.CharField(_("reason"), max_length=10, choices=Reason.choices)
    column = models.CharField(_("column"), max_length=60, blank=True)
    message = models.TextField(_("message"))
    row_id = models.CharField(_("row id"), max_length=500, blank=True)
    # The row as it came: column name to text.
    raw = models.JSONField(_("row"), default=dict)
    created_at = models.DateTimeField(_("received"), auto_now_add=True)
    # Set when a corrected row was taken in, or when the row was put aside for good.
    settled_at = models.DateTimeField(_("settled"), null=True, blank=True)
    settled_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+")

    class Meta:
        verbose_name = _("quarantined row")
        verbose_name_plural = _("quarantined rows")
        ordering = ["file", "line"]
        constraints = [
            # Importing a file again finds the same bad rows: they stay one row each.
            models.UniqueConstraint(fields=["source", "file", "line", "row_id", "column"], name="quarantined_once"),
        ]

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.reason}: {self.column}: {self.message}"
