"""Contacts and their legs: the rows that nearly every KPI counts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from tickets.models.client import Client
from tickets.models.codes import Channel, Demand, Direction, Flag, Outcome, Role
from tickets.models.customer import Customer
from tickets.models.people import Team
from tickets.models.queue import Queue
from tickets.models.source import NewExternalId, Source
from tickets.models.topic import Topic

if TYPE_CHECKING:
    from tickets.models.people import User


class ContactQuerySet(models.QuerySet["Contact"]):
    def visible_to(self, user: User) -> ContactQuerySet:
        """Narrow to what `user` may read: the contacts of her queues and her own."""
        if user.sees_everything:
            return self
        queues = Queue.objects.filter(teams=user.team_id) if user.team_id else Queue.objects.none()
        return self.filter(Q(queue__in=queues.values("pk")) | Q(owner=user))

    def valid(self) -> ContactQuerySet:
        return self.filter(is_valid=True)


class Contact(models.Model):
    """One attempt to reach us or by us, on one channel, from arrival to the end of work on it.

    The columns under "settled" are sums over the legs, written by `tickets.settle` whenever a leg or the contact
    changes, in the same transaction. They can be computed again from the legs at any time.
    """

    source = models.ForeignKey(Source, models.PROTECT, related_name="+")
    external_id = models.TextField(_("contact id"), db_default=NewExternalId())
    client = models.ForeignKey(Client, models.PROTECT, related_name="contacts")
    channel = models.CharField(_("channel"), max_length=8, choices=Channel.choices)
    direction = models.CharField(_("direction"), max_length=8, choices=Direction.choices, default=Direction.INBOUND)
    # Empty while the customer still waits.
    outcome = models.CharField(_("outcome"), max_length=18, choices=Outcome.choices, blank=True)
    customer = models.ForeignKey(Customer, models.PROTECT, null=True, blank=True, related_name="contacts")
    # The case that it counts for: where the logged case was merged away, the one it went into.
    case = models.ForeignKey("tickets.Case", models.PROTECT, null=True, blank=True, related_name="contacts")
    logged_case = models.ForeignKey("tickets.Case", models.PROTECT, null=True, blank=True, related_name="+")
    topic = models.ForeignKey(Topic, models.PROTECT, null=True, blank=True, related_name="contacts")
    queue = models.ForeignKey(Queue, models.PROTECT, null=True, blank=True, related_name="contacts")
    demand = models.CharField(_("demand"), max_length=8, choices=Demand.choices, blank=True)
    cause = models.CharField(_("cause"), max_length=120, blank=True)
    solved = models.BooleanField(_("solved, says the agent"), null=True, blank=True)
    subject = models.CharField(_("subject"), max_length=500, blank=True)

    started_at = models.DateTimeField(_("arrived"), default=timezone.now)
    queued_at = models.DateTimeField(_("entered the queue"), null=True, blank=True)
    answered_at = models.DateTimeField(_("answered"), null=True, blank=True)
    ended_at = models.DateTimeField(_("ended"), null=True, blank=True)

    # A callback's request; a reply's mail.
    parent = models.ForeignKey("self", models.PROTECT, null=True, blank=True, related_name="follow_ups")
    duplicate_of = models.ForeignKey("self", models.PROTECT, null=True, blank=True, related_name="duplicates")
    flags = ArrayField(models.CharField(max_length=16, choices=Flag.choices), default=list, blank=True)
    # True where the case is flagged test or spam: its contacts count nowhere either.
    is_void = models.BooleanField(default=False)
    is_valid = models.GeneratedField(
        expression=models.ExpressionWrapper(
            Q(direction=Direction.INBOUND)
            & Q(duplicate_of__isnull=True)
            & Q(is_void=False)
            & ~Q(flags__overlap=[Flag.TEST, Flag.SPAM, Flag.THANKS]),
            output_field=models.BooleanField(),
        ),
        output_field=models.BooleanField(),
        db_persist=True,
    )

    # --- settled
    is_handled = models.BooleanField(default=False, editable=False)
    handled_end_at = models.DateTimeField(null=True, blank=True, editable=False)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="owned_contacts", editable=False
    )
    team = models.ForeignKey(Team, models.PROTECT, null=True, blank=True, related_name="+", editable=False)
    talk_us = models.BigIntegerField(default=0, editable=False)
    hold_us = models.BigIntegerField(default=0, editable=False)
    acw_us = models.BigIntegerField(default=0, editable=False)
    # Agents' seconds spent: as talk + hold + wrap-up, but seconds shared by parallel chats are split among them.
    engaged_us = models.BigIntegerField(default=0, editable=False)
    # From answer to end, callbacks included, without wrap-up.
    elapsed_us = models.BigIntegerField(default=0, editable=False)
    legs = models.SmallIntegerField(default=0, editable=False)
    transfers = models.SmallIntegerField(default=0, editable=False)

    objects = ContactQuerySet.as_manager()

    class Meta:
        verbose_name = _("contact")
        verbose_name_plural = _("contacts")
        constraints = [
            models.UniqueConstraint(fields=["source", "external_id"], name="contact_named_once"),
            models.CheckConstraint(condition=Q(channel__in=Channel.values), name="contact_channel"),
            models.CheckConstraint(condition=Q(direction__in=Direction.values), name="contact_direction"),
            models.CheckConstraint(condition=Q(outcome__in=["", *Outcome.values]), name="contact_outcome"),
            models.CheckConstraint(condition=Q(demand__in=["", *Demand.values]), name="contact_demand"),
            models.CheckConstraint(
                condition=Q(queued_at__isnull=True) | Q(queued_at__gte=F("started_at")),
                name="contact_queued_after_started",
            ),
            models.CheckConstraint(
                condition=Q(answered_at__isnull=True)
                | Q(answered_at__gte=models.functions.Coalesce(F("queued_at"), F("started_at"))),
                name="contact_answered_after_queued",
            ),
            models.CheckConstraint(
                condition=Q(ended_at__isnull=True)
                | Q(ended_at__gte=models.functions.Coalesce(F("answered_at"), F("queued_at"), F("started_at"))),
                name="contact_ended_after_answered",
            ),
            models.CheckConstraint(
                condition=~Q(parent=F("pk")) & ~Q(duplicate_of=F("pk")), name="contact_not_its_own_parent"
            ),
        ]
        indexes = [
            # Every KPI by period and the rows behind it; recomputing one hour's cells.
            models.Index(fields=["started_at"], name="contact_started"),
            # A customer's history, newest first; who came back within the window.
            models.Index(
                fields=["customer", "started_at"], name="contact_customer_started", condition=Q(customer__isnull=False)
            ),
            # A case's timeline; first contact and follow-ups of a case.
            models.Index(fields=["case", "started_at"], name="contact_case_started", condition=Q(case__isnull=False)),
            # The callback that belongs to a request.
            models.Index(fields=["parent"], name="contact_parent", condition=Q(parent__isnull=False)),
            # Who waits or is being served right now.
            models.Index(fields=["queue", "started_at"], name="contact_running", condition=Q(ended_at__isnull=True)),
        ]

    def __str__(self) -> str:
        return f"{self.channel} {self.external_id}"


class Segment(models.Model):
    """One agent's part in a contact: talk, hold and wrap-up. For mail and web one session of active work."""

    contact = models.ForeignKey(Contact, models.CASCADE, related_name="segments")
    # Unique within the contact's source; kept beside it so that the database can see to it.
    source = models.ForeignKey(Source, models.PROTECT, related_name="+")
    external_id = models.TextField(_("segment id"), db_default=NewExternalId())
    agent = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="segments")
    # The agent's team at that time: a later move must not move the past.
    team = models.ForeignKey(Team, models.PROTECT, null=True, blank=True, related_name="+")
    role = models.CharField(_("role"), max_length=10, choices=Role.choices, default=Role.PRIMARY)
    started_at = models.DateTimeField(_("started"), default=timezone.now)
    ended_at = models.DateTimeField(_("ended"), null=True, blank=True)
    talk_us = models.BigIntegerField(_("talk, microseconds"), default=0)
    hold_us = models.BigIntegerField(_("hold, microseconds"), default=0)
    acw_us = models.BigIntegerField(_("wrap-up, microseconds"), default=0)

    class Meta:
        verbose_name = _("segment")
        verbose_name_plural = _("segments")
        ordering = ["started_at", "id"]
        constraints = [
            models.UniqueConstraint(fields=["source", "external_id"], name="segment_named_once"),
            models.CheckConstraint(condition=Q(role__in=Role.values), name="segment_role"),
            models.CheckConstraint(
                condition=Q(talk_us__gte=0) & Q(hold_us__gte=0) & Q(acw_us__gte=0), name="segment_not_negative"
            ),
            models.CheckConstraint(
                condition=Q(ended_at__isnull=True) | Q(ended_at__gte=F("started_at")),
                name="segment_ended_after_started",
            ),
        ]
        indexes = [
            # An agent's day; which chats an agent had open side by side.
            models.Index(fields=["agent", "started_at"], name="segment_agent_started"),
        ]

    def __str__(self) -> str:
        return f"{self.role} {self.external_id}"
