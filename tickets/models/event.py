"""What happened to cases: the append-only log that every case KPI is computed from."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy


class CaseEvent(models.Model):
    """One thing that happened to a case. Never changed or deleted; a trigger in the database sees to it.

    At once audit trail and source of the KPIs. `kind` is a code and is never translated.
    """

    class Kind(models.TextChoices):
        CREATED = "created", _("Opened")
        RESOLVED = "resolved", _("Resolved")
        REOPENED = "reopened", _("Reopened")
        ESCALATED = "escalated", _("Escalated")
        MERGED = "merged", _("Merged into another case")
        UNMERGED = "unmerged", _("Merge undone")
        AGENT_REPLY = "agent_reply", _("Reply to the customer")
        CUSTOMER_MESSAGE = "customer_message", _("Message from the customer")
        AUTO_ACK = "auto_ack", _("Automatic acknowledgement")
        WAITING_CUSTOMER = "waiting_customer", _("Waiting for the customer")
        WAITING_THIRD_PARTY = "waiting_third_party", _("Waiting for a third party")
        ASSIGNED = "assigned", _("Assigned")
        NOTE = "note", _("Internal note")
        PROMISED = "promised", _("Promise made")
        PROMISE_CHANGED = "promise_changed", _("Promise changed")
        CHANGED = "changed", _("Details changed")
        FORWARDED = "forwarded", _("Forwarded")
        SPLIT = "split", _("A message became a case of its own")
        LINKED = "linked", pgettext_lazy("case", "Linked")
        UNLINKED = "unlinked", _("Link removed")
        SNOOZED = "snoozed", _("Snoozed")
        WOKEN = "woken", _("Back from snooze")
        CONSULTED = "consulted", _("A colleague was asked")
        ANSWERED = "answered", _("A colleague answered")

    case = models.ForeignKey("tickets.Case", models.PROTECT, related_name="events", db_index=False)
    kind = models.CharField(_("event"), max_length=20, choices=Kind.choices)
    at = models.DateTimeField(_("at"), default=timezone.now)
    # The order of events of one kind at one instant, as the source wrote them.
    occurrence = models.SmallIntegerField(default=0)
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+", db_index=False
    )
    # Who the source says it was when it was none of our users: system, customer, or a name.
    actor_label = models.CharField(_("actor"), max_length=120, blank=True)
    # False for a reopening by a mere "thanks" and the closing of it: they count only in the raw variants.
    is_valid = models.BooleanField(default=True)
    note = models.TextField(_("note"), blank=True)
    # What changed, in codes and ids: {"field": [old, new]}; for `merged` {"into": number}.
    data = models.JSONField(default=dict, blank=True)

    class Meta:
        verbose_name = _("case event")
        verbose_name_plural = _("case events")
        ordering = ["at", "id"]
        constraints = [
            # Serves the case page's timeline and every FCR and resolution look-up by case; importing twice adds nothing.
            models.UniqueConstraint(fields=["case", "at", "kind", "occurrence"], name="case_event_once"),
        ]
        indexes = [
            # Created, resolved and reopened in a period: reports over case events by time.
            models.Index(fields=["kind", "at"], name="case_event_kind_at"),
        ]

    def __str__(self) -> str:
        return f"{self.case_id} {self.kind} {self.at:%Y-%m-%d %H:%M}"
