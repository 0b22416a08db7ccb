"""Rows that cannot be right: kept with the reason, never dropped and never repaired in silence."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from tickets.models.source import Source

if TYPE_CHECKING:
    from tickets.models.people import User


class QuarantinedRowQuerySet(models.QuerySet["QuarantinedRow"]):
    def visible_to(self, user: User) -> QuarantinedRowQuerySet:
        """Narrow to what `user` may read: everything for those who see numbers, for the rows are missing there."""
        return self if user.sees_numbers else self.none()

    def open(self) -> QuarantinedRowQuerySet:
        return self.filter(settled_at__isnull=True)


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

    objects = QuarantinedRowQuerySet.as_manager()

    class Meta:
        verbose_name = _("quarantined row")
        verbose_name_plural = _("quarantined rows")
        ordering = ["file", "line"]
        constraints = [
            # Importing a file again finds the same bad rows: they stay one row each.
            models.UniqueConstraint(fields=["source", "file", "line", "row_id", "column"], name="quarantined_once"),
        ]
        indexes = [
            # The list of what is to be done.
            models.Index(fields=["file", "line"], name="quarantined_open", condition=Q(settled_at__isnull=True)),
        ]

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.reason}: {self.column}: {self.message}"

    def get_absolute_url(self) -> str:
        return reverse("quarantined_row", args=[self.pk])

    @property
    def explanation(self) -> str:
        """Why the row waits, for somebody who does not know the file format."""
        return str(EXPLANATIONS[self.Reason(self.reason)])

    def put_aside(self, *, by: User | None) -> bool:
        """Decide that the row stays out for good, or that it was taken in. Return False where that was done already."""
        open_row = QuarantinedRow.objects.open().filter(pk=self.pk)
        return bool(open_row.update(settled_at=timezone.now(), settled_by=by))

    def take_up(self) -> bool:
        """Undo putting it aside."""
        return bool(
            QuarantinedRow.objects.filter(pk=self.pk, settled_at__isnull=False).update(settled_at=None, settled_by=None)
        )


Reason = QuarantinedRow.Reason
EXPLANATIONS = {
    Reason.FIELDS: _(
        "The line does not have the columns that the file promises, often because of a stray quote or comma."
    ),
    Reason.ENUM: _("The column takes only certain codes, and this is none of them."),
    Reason.INSTANT: _("The time cannot be read, or does not say its time zone, so that it could mean two moments."),
    Reason.ORDER: _("Something ends before it begins, usually because two systems' clocks differ."),
    Reason.NEGATIVE: _("A length of time or a count cannot be below zero."),
    Reason.NUMBER: _("A number was expected here."),
    Reason.MISSING: _("The row cannot be understood without this value."),
    Reason.REFERENCE: _("The row refers to another one that is not there, or that is in quarantine itself."),
    Reason.DUPLICATE: _("Two rows have the same identifier, and both cannot be right. The first was taken in."),
    Reason.LENGTH: _("The text is longer than can be stored."),
}
