"""What the numbers keep besides the logs: marks that say which objects must be judged again.

The records and cells themselves are not models: their columns follow the catalogue, see `metrics.store`.
"""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from tickets.models import Client


class Mark(models.Model):
    """One object of the log whose stored record may no longer agree with it. Written by triggers, with the change."""

    record = models.CharField(max_length=16)
    row_id = models.BigIntegerField()

    class Meta:
        verbose_name = "mark"
        verbose_name_plural = "marks"
        # Which objects of a kind are pending, for readers; claiming them, for the refresh.
        indexes = [models.Index(fields=["record", "row_id"], name="mark_record_row")]

    def __str__(self) -> str:
        return f"{self.record} {self.row_id}"


class Restatement(models.Model):
    """Somebody let a version of an agreement hold for the past too. Never changed or deleted: a trigger sees to it.

    Attributes:
        since, until: The span whose verdicts were given anew.
        before, after: The client's versions, each with its start and its terms, as they were and as they became.
        effect: How many rows of each record changed their verdict, and the figures before and after.
    """

    client = models.ForeignKey(Client, models.PROTECT, related_name="restatements")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    at = models.DateTimeField(default=timezone.now)
    since = models.DateTimeField()
    until = models.DateTimeField()
    reason = models.TextField(_("reason"))
    before = models.JSONField()
    after = models.JSONField()
    effect = models.JSONField(default=dict)

    class Meta:
        verbose_name = "restatement"
        verbose_name_plural = "restatements"
        ordering = ["-at", "-id"]
        indexes = [models.Index(fields=["client", "since"], name="restatement_client_since")]

    def __str__(self) -> str:
        return f"{self.client} {self.at:%Y-%m-%d}"


class Audit(models.Model):
    """One run of the self-audit: what was worked out again, what differed, and whether the figures fit each other.

    Attributes:
        since: From when on objects and cells were looked at.
        checked: Table to how many rows of it were compared.
        differences: The rows that stored figures and log do not agree on, as many as are kept; `difference_count` of all.
        invariants: Each with its code, both sides, whether it holds, and whether it must.
    """

    at = models.DateTimeField(default=timezone.now)
    seconds = models.FloatField()
    since = models.DateTimeField()
    checked = models.JSONField(default=dict)
    pending = models.PositiveIntegerField(default=0)
    difference_count = models.PositiveIntegerField(default=0)
    differences = models.JSONField(default=list)
    invariants = models.JSONField(default=list)
    # Differences, or a sum that must hold and does not.
    has_drift = models.BooleanField()

    class Meta:
        verbose_name = "audit"
        verbose_name_plural = "audits"
        ordering = ["-at", "-id"]
        indexes = [models.Index(fields=["-at"], name="audit_latest")]

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M}"


class Heartbeat(models.Model):
    """When the scheduler last wrote. On a replica it says how far the data there have come."""

    id = models.SmallIntegerField(primary_key=True, default=1)
    at = models.DateTimeField()

    class Meta:
        verbose_name = "heartbeat"
        verbose_name_plural = "heartbeats"
        constraints = [models.CheckConstraint(condition=models.Q(id=1), name="heartbeat_one_row")]

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M:%S}"

    @classmethod
    def beat(cls) -> None:
        cls.objects.update_or_create(id=1, defaults={"at": timezone.now()})


# The rest, each beside what it is for.
from metrics.boards.models import Annotation, Dashboard, Target  # noqa: E402
from metrics.causes.models import CauseAction  # noqa: E402
from metrics.reports.models import Report, ReportSchedule  # noqa: E402
from metrics.wallboard.models import Wallboard  # noqa: E402

__all__ = [
    "Annotation",
    "Audit",
    "CauseAction",
    "Dashboard",
    "Heartbeat",
    "Mark",
    "Report",
    "ReportSchedule",
    "Restatement",
    "Target",
    "Wallboard",
]
