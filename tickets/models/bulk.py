"""One change made to many cases at once, kept so that it can be followed while it runs and taken back afterwards."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    from tickets.models.people import User


class BulkChangeQuerySet(models.QuerySet["BulkChange"]):
    def visible_to(self, user: User) -> BulkChangeQuerySet:
        """Narrow to what `user` may read: what she did herself."""
        return self.filter(made_by=user)


class BulkChange(models.Model):
    """What was asked for. What became of each case stands in its steps."""

    class Verb(models.TextChoices):
        ASSIGN = "assign", _("Give to")
        QUEUE = "queue", _("Move to queue")
        TOPIC = "topic", _("Set topic")
        PRIORITY = "priority", _("Set priority")
        STATUS = "status", _("Set status")
        SNOOZE = "snooze", _("Snooze until")
        INCIDENT = "incident", _("Link to incident")
        FOLLOW = "follow", _("Follow")
        FLAG = "flag", _("Mark as")
        REPLY = "reply", _("Write to all")

    made_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    made_at = models.DateTimeField(default=timezone.now)
    verb = models.CharField(max_length=8, choices=Verb.choices)
    # The new value: a code, a key, a moment or a text; empty where there is none.
    value = models.TextField(blank=True)
    total = models.IntegerField()
    # Set when every step is done, and when every step has been taken back.
    done_at = models.DateTimeField(null=True, blank=True)
    undo_asked_at = models.DateTimeField(null=True, blank=True)
    undone_at = models.DateTimeField(null=True, blank=True)

    objects = BulkChangeQuerySet.as_manager()

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(total__gt=0), name="bulk_change_of_something")]
        # What is left to do after a worker died.
        indexes = [
            models.Index(
                fields=["made_at"],
                name="bulk_change_running",
                condition=Q(done_at__isnull=True) | Q(undo_asked_at__isnull=False, undone_at__isnull=True),
            )
        ]

    def __str__(self) -> str:
        return f"{self.verb} {self.total}"

    def get_absolute_url(self) -> str:
        return reverse("bulk_change", args=[self.pk])


class BulkStep(models.Model):
    """One case of it: what stood there before, and what became of it."""

    class Outcome(models.TextChoices):
        WAITING = "waiting", _("not yet")
        CHANGED = "changed", _("changed")
        KEPT = "kept", _("stayed as it was")
        REFUSED = "refused", _("could not be changed")
        UNDONE = "undone", _("taken back")
        MOVED_ON = "moved_on", _("changed by somebody since, so it stays")

    change = models.ForeignKey(BulkChange, models.CASCADE, related_name="steps", db_index=False)
    case = models.ForeignKey("tickets.Case", models.CASCADE, related_name="+")
    outcome = models.CharField(max_length=8, choices=Outcome.choices, default=Outcome.WAITING)
    before = models.JSONField(default=dict)
    # The last event of the case after the change: undo leaves alone what something else happened to.
    event = models.BigIntegerField(default=0)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["change", "case"], name="bulk_step_once")]

    def __str__(self) -> str:
        return f"{self.case_id} {self.outcome}"
