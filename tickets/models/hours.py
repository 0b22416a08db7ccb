"""Opening hours worked out: when a client's desk was, is and will be open, for the database to count with."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q

from tickets.models.client import Client


class OpenWindow(models.Model):
    """One stretch of time in which business time runs for a client. Written by `tickets.windows` alone.

    Each stretch follows the agreement that was in force then, so business time across a change of hours is right by
    construction. `before_us` is what has run before it: business time between two moments is two look-ups.
    """

    client = models.ForeignKey(Client, models.CASCADE, related_name="+", db_index=False)
    opens_at = models.DateTimeField()
    closes_at = models.DateTimeField()
    before_us = models.BigIntegerField()

    class Meta:
        verbose_name = "open window"
        verbose_name_plural = "open windows"
        constraints = [
            # Carries all that a look-up reads, so that it never touches the table.
            models.UniqueConstraint(
                fields=["client", "opens_at"], include=["closes_at", "before_us"], name="open_window_once"
            ),
            models.CheckConstraint(condition=Q(closes_at__gt=F("opens_at")), name="open_window_not_empty"),
        ]

    def __str__(self) -> str:
        return f"{self.client_id} {self.opens_at:%Y-%m-%d %H:%M}"


class WindowRange(models.Model):
    """How far a client's windows reach. Triggers make it stale when an agreement or its calendar changes."""

    client = models.OneToOneField(Client, models.CASCADE, primary_key=True, related_name="+")
    first_at = models.DateTimeField()
    last_at = models.DateTimeField()
    # Where nobody has told us hours, business time is calendar time.
    has_hours = models.BooleanField()
    is_stale = models.BooleanField(default=False, db_default=False)

    class Meta:
        verbose_name = "range of open windows"
        verbose_name_plural = "ranges of open windows"

    def __str__(self) -> str:
        return f"{self.client_id} {self.first_at:%Y-%m-%d} - {self.last_at:%Y-%m-%d}"
