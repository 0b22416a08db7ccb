"""Contacts and their legs: the rows that nearly every KPI counts."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models, transaction
from django.db.models import Exists, F, OuterRef, Q
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _

from tickets.live import announce
from tickets.models.client import Client
from tickets.models.codes import LIVE_CHANNELS, Channel, Demand, Direction, Flag, Outcome, Role
from tickets.models.customer import Customer
from tickets.models.people import Team
from tickets.models.presence import AgentState
from tickets.models.queue import Queue
from tickets.models.source import DESK, NewExternalId, Source
from tickets.models.topic import Topic
from tickets.settle import settle
from tickets.signals import happened

if TYPE_CHECKING:
    from tickets.models.message import Message
    from tickets.models.people import User


class ContactQuerySet(models.QuerySet["Contact"]):
    def visible_to(self, user: User) -> ContactQuerySet:
        """Narrow to what `user` may read: the contacts of her queues and her own."""
        if user.sees_everything:
            return self
        if user.is_client:
            return self.filter(client=user.client_id)
        queues = Queue.objects.filter(teams=user.team_id) if user.team_id else Queue.objects.none()
        return self.filter(Q(queue__in=queues.values("pk")) | Q(owner=user))

    def open_to(self, user: User) -> ContactQuerySet:
        """What `user` may open: what she may read, and the calls that she is in or that were offered to her."""
        from tickets.models.call import CallEvent

        named = Exists(CallEvent.objects.names(user, OuterRef("external_id")))
        hers = Exists(Segment.objects.filter(contact=OuterRef("pk"), agent=user))
        return self.filter(Q(pk__in=Contact.objects.visible_to(user).values("pk")) | named | hers)

    def valid(self) -> ContactQuerySet:
        return self.filter(is_valid=True)

    def for_page(self) -> ContactQuerySet:
        """Load what the page of one contact shows."""
        return self.select_related("customer", "case", "topic", "queue", "client", "owner").prefetch_related(
            "customer__identities"
        )


class Contact(models.Model):
    """One attempt to reach us or by us, on one channel, from arrival to the end of work on it.

    The columns under "settled" are sums over the legs, written by `tickets.settle` whenever a leg or the contact
    changes, in the same transaction. They can be computed again from the legs at any time.
    """

    source = models.ForeignKey(Source, models.PROTECT, related_name="+", db_index=False)
    external_id = models.TextField(_("contact id"), db_default=NewExternalId())
    client = models.ForeignKey(Client, models.PROTECT, related_name="contacts", db_index=False)
    channel = models.CharField(_("channel"), max_length=8, choices=Channel.choices)
    direction = models.CharField(_("direction"), max_length=8, choices=Direction.choices, default=Direction.INBOUND)
    # Empty while the customer still waits.
    outcome = models.CharField(_("outcome"), max_length=18, choices=Outcome.choices, blank=True)
    customer = models.ForeignKey(
        Customer, models.PROTECT, null=True, blank=True, related_name="contacts", db_index=False
    )
    # The case that it counts for: where the logged case was merged away, the one it went into.
    case = models.ForeignKey(
        "tickets.Case", models.PROTECT, null=True, blank=True, related_name="contacts", db_index=False
    )
    logged_case = models.ForeignKey(
        "tickets.Case", models.PROTECT, null=True, blank=True, related_name="+", db_index=False
    )
    topic = models.ForeignKey(Topic, models.PROTECT, null=True, blank=True, related_name="contacts", db_index=False)
    queue = models.ForeignKey(Queue, models.PROTECT, null=True, blank=True, related_name="contacts", db_index=False)
    demand = models.CharField(_("demand"), max_length=8, choices=Demand.choices, blank=True)
    cause = models.CharField(_("cause"), max_length=120, blank=True)
    solved = models.BooleanField(_("solved, says the agent"), null=True, blank=True)
    subject = models.CharField(_("subject"), max_length=500, blank=True)

    started_at = models.DateTimeField(_("arrived"), default=timezone.now)
    queued_at = models.DateTimeField(_("entered the queue"), null=True, blank=True)
    answered_at = models.DateTimeField(_("answered"), null=True, blank=True)
    ended_at = models.DateTimeField(_("ended"), null=True, blank=True)

    # A callback's request; a reply's mail.
    parent = models.ForeignKey("self", models.PROTECT, null=True, blank=True, related_name="follow_ups", db_index=False)
    duplicate_of = models.ForeignKey(
        "self", models.PROTECT, null=True, blank=True, related_name="duplicates", db_index=False
    )
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
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="owned_contacts",
        editable=False,
        db_index=False,
    )
    team = models.ForeignKey(
        Team, models.PROTECT, null=True, blank=True, related_name="+", editable=False, db_index=False
    )
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

    def get_absolute_url(self) -> str:
        return reverse("contact", args=[self.pk])

    @property
    def page_url(self) -> str:
        """Where an agent works on it: a chat on the desk of chats, everything else on its own page."""
        is_talk = self.channel == Channel.CHAT and self.external_id.startswith("chat:")
        return reverse("chat", args=[self.pk]) if is_talk else self.get_absolute_url()

    @property
    def is_live(self) -> bool:
        return self.channel in LIVE_CHANNELS

    @cached_property
    def comes_by_events(self) -> bool:
        """Whether a telephone system tells what happens in this call. Then its clock is the one that counts."""
        from tickets.models.call import CallEvent

        return self.channel == Channel.PHONE and CallEvent.objects.of(self).exists()

    @classmethod
    def take(
        cls,
        *,
        by: User,
        channel: str = Channel.PHONE,
        direction: str = Direction.INBOUND,
        queue: Queue | None = None,
        key: str = "",
        at: datetime | None = None,
    ) -> Contact:
        """Begin a contact that `by` is in from this moment. The same `key` gives the same contact.

        Nobody told us when the customer entered the queue, so the wait stays unknown rather than zero. A mail is not
        answered by being opened: it is answered by `end`. Taking a call ends the call before it that was forgotten;
        one on hold stays on hold.
        """
        at = at or timezone.now()
        source, _made = Source.objects.get_or_create(name=DESK)
        is_live = channel in LIVE_CHANNELS
        with transaction.atomic():
            contact, made = cls.objects.get_or_create(
                source=source,
                external_id=key or str(uuid4()),
                defaults={
                    "client": (queue and queue.client) or Client.objects.default(),
                    "channel": channel,
                    "direction": direction,
                    "queue": queue,
                    "outcome": Outcome.ANSWERED if is_live else Outcome.RECEIVED,
                    "started_at": at,
                    "answered_at": at if is_live else None,
                },
            )
            if made:
                if channel == Channel.PHONE:
                    cls._leave_earlier_call(by=by, at=at)
                contact.segments.create(
                    source=source, agent=by, team=by.team, started_at=at, is_running=True, is_complete=False
                )
                contact.announce(by=by, at=at)
        return contact

    @classmethod
    def dial(
        cls,
        *,
        by: User,
        client: Client | None = None,
        parent: Contact | None = None,
        key: str = "",
        at: datetime | None = None,
        **about: Any,
    ) -> Contact:
        """Begin a call of ours. Until `connect` says that somebody answered it is an attempt. The same `key`, the same call.

        With a `parent` it is the callback that was asked for there.
        """
        at = at or timezone.now()
        source, _made = Source.objects.get_or_create(name=DESK)
        case = about.get("case")
        with transaction.atomic():
            contact, made = cls.objects.get_or_create(
                source=source,
                external_id=f"dial:{key or uuid4()}",
                defaults=about
                | {
                    "client": client or (case and case.client) or Client.objects.default(),
                    "channel": Channel.PHONE,
                    "direction": Direction.OUTBOUND,
                    "logged_case": case,
                    "parent": parent,
                    "flags": [Flag.CALLBACK] if parent else [],
                    "started_at": at,
                },
            )
            if made:
                cls._leave_earlier_call(by=by, at=at)
                contact.segments.create(
                    source=source, agent=by, team=by.team, started_at=at, is_running=True, is_complete=False
                )
                contact.announce(by=by, at=at)
        return contact

    @property
    def is_dialling(self) -> bool:
        """Whether it is a call of ours at the desk that nobody has answered yet."""
        return self.channel == Channel.PHONE and self.direction == Direction.OUTBOUND and not self.outcome

    def connect(self, *, by: User, at: datetime | None = None) -> bool:
        """The customer answered the call of ours."""
        at = at or timezone.now()
        with transaction.atomic():
            waits = Contact.objects.filter(pk=self.pk, direction=Direction.OUTBOUND, outcome="", ended_at=None)
            if self.comes_by_events or self._running_leg(by) is None:
                return False
            if not waits.update(outcome=Outcome.ANSWERED, answered_at=at):
                return False
            # The time of dialling is no talk.
            self.segments.running(by).update(started_at=at)
            self.announce(by=by, at=at)
        return True

    @classmethod
    def _leave_earlier_call(cls, *, by: User, at: datetime) -> None:
        forgotten = Segment.objects.running(by).filter(contact__channel=Channel.PHONE, held_since__isnull=True)
        for leg in forgotten.select_related("contact"):
            # A call that a telephone system tells of is over when the system says so.
            if leg.ended_at or not leg.contact.comes_by_events:
                leg.contact.wrap_up(by=by, at=at)

    def hold(self, *, by: User, at: datetime | None = None) -> bool:
        """Put the customer on hold."""
        with transaction.atomic():
            leg = self._running_leg(by)
            if leg is None or leg.ended_at or leg.held_since or not self.is_live or self.comes_by_events:
                return False
            leg.held_since = at or timezone.now()
            leg.save(update_fields=["held_since"])
            self.announce(by=by, at=at)
        return True

    def resume(self, *, by: User, at: datetime | None = None) -> bool:
        """Take the customer back from hold."""
        with transaction.atomic():
            leg = self._running_leg(by)
            if leg is None or leg.held_since is None or self.comes_by_events:
                return False
            leg.stop_hold(at or timezone.now())
            leg.save(update_fields=["held_since", "hold_us"])
            self.announce(by=by, at=at)
        return True

    def end(self, *, by: User, replied: bool = True, at: datetime | None = None) -> bool:
        """The customer has gone, or the reply is sent; the agent's wrap-up begins."""
        at = at or timezone.now()
        with transaction.atomic():
            leg = self._running_leg(by)
            if leg is None or leg.ended_at or self.comes_by_events:
                return False
            leg.stop_talk(at)
            leg.save(update_fields=["ended_at", "held_since", "hold_us", "talk_us"])
            Contact.objects.filter(pk=self.pk, ended_at=None).update(ended_at=at)
            if self.is_dialling:
                # Nobody said that somebody answered.
                Contact.objects.filter(pk=self.pk, outcome="").update(outcome=Outcome.NO_ANSWER)
            elif replied:
                Contact.objects.filter(pk=self.pk, answered_at=None).update(answered_at=at, outcome=Outcome.ANSWERED)
            self.announce(by=by, at=at)
        return True

    def wrap_up(self, *, by: User, at: datetime | None = None) -> bool:
        """The agent is done with this contact. Ends it first where that was forgotten."""
        from tickets.models.call import CallEvent

        at = at or timezone.now()
        if self.comes_by_events:
            return CallEvent.press_done(self, by=by, at=at)
        with transaction.atomic():
            self.end(by=by, replied=self.is_live, at=at)
            leg = self._running_leg(by)
            if leg is None or leg.ended_at is None:
                return False
            leg.acw_us = microseconds(at - leg.ended_at)
            leg.is_running = False
            leg.save(update_fields=["acw_us", "is_running"])
            self.announce(by=by, at=at)
        return True

    def reply_to(self, *, by: User, worked: timedelta, at: datetime) -> bool:
        """A written reply has left: the letter is answered, by one session of `worked` at its end.

        Where the agent has taken the contact herself, her own clock says how long it took.
        """
        with transaction.atomic():
            if self.end(by=by, at=at):
                return self.wrap_up(by=by, at=at)
            if not Contact.objects.filter(pk=self.pk, ended_at=None, answered_at=None).update(
                answered_at=at, ended_at=at, outcome=Outcome.ANSWERED
            ):
                return False
            begun = max(self.started_at, at - max(worked, timedelta()))
            self.segments.create(
                source=self.source,
                agent=by,
                team=by.team,
                started_at=begun,
                ended_at=at,
                talk_us=microseconds(at - begun),
            )
            self.announce()
        return True

    def describe(self, *, by: User, **changes: Any) -> bool:
        """Write down who it was and what it was about, during the contact or at any time after it."""
        if queue := changes.get("queue"):
            changes.setdefault("client", queue.client or self.client)
        if "case" in changes:
            case = changes["case"]
            changes |= {"logged_case": case, "case": (case and case.merged_into) or case}
        with transaction.atomic():
            before = Contact.objects.select_for_update(no_key=True).get(pk=self.pk)
            changes = {name: value for name, value in changes.items() if getattr(before, name) != value}
            if not changes:
                # Saved as it was typed, maybe while this request was on its way: what follows must see it.
                self.refresh_from_db()
                return False
            Contact.objects.filter(pk=self.pk).update(**changes)
            if "case" in changes:
                self.messages.filter(case=None).update(case=changes["case"])
            self.announce()
        return True

    def write_note(self, body: str, *, by: User, at: datetime | None = None) -> Message:
        """Keep a note of this contact, on its case where it has one."""
        if self.case:
            return self.case.write_note(body, by=by, at=at, contact=self)
        return self.messages.create(kind="note", author=by, body=body, at=at or timezone.now())

    def _running_leg(self, by: User) -> Segment | None:
        """Lock and return `by`'s leg, so that of two presses of a button one finds it done."""
        return self.segments.running(by).select_for_update(no_key=True).first()

    def announce(self, *, by: User | None = None, at: datetime | None = None) -> None:
        """Settle the sums and tell who listens; where `by` did it, her state follows."""
        settle([self.pk])
        self.refresh_from_db()
        if by is not None and self.is_live:
            AgentState.follow(by, at=at)
            announce(f"user:{by.pk}")
        happened.send(sender=Contact, case_event=None, contact=self)


def microseconds(length: timedelta) -> int:
    return max(0, length // timedelta(microseconds=1))


class SegmentQuerySet(models.QuerySet["Segment"]):
    def running(self, agent: User) -> SegmentQuerySet:
        """The legs that `agent` is in now, wrap-up included."""
        return self.filter(agent=agent, is_running=True)


class Segment(models.Model):
    """One agent's part in a contact: talk, hold and wrap-up. For mail and web one session of active work."""

    contact = models.ForeignKey(Contact, models.CASCADE, related_name="segments")
    # Unique within the contact's source; kept beside it so that the database can see to it.
    source = models.ForeignKey(Source, models.PROTECT, related_name="+", db_index=False)
    external_id = models.TextField(_("segment id"), db_default=NewExternalId())
    agent = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="segments", db_index=False)
    # The agent's team at that time: a later move must not move the past.
    team = models.ForeignKey(Team, models.PROTECT, null=True, blank=True, related_name="+", db_index=False)
    role = models.CharField(_("role"), max_length=10, choices=Role.choices, default=Role.PRIMARY)
    started_at = models.DateTimeField(_("started"), default=timezone.now)
    ended_at = models.DateTimeField(_("ended"), null=True, blank=True)
    talk_us = models.BigIntegerField(_("talk, microseconds"), default=0)
    hold_us = models.BigIntegerField(_("hold, microseconds"), default=0)
    acw_us = models.BigIntegerField(_("wrap-up, microseconds"), default=0)
    # True from taking the contact until the wrap-up is done; legs that come from logs are never running.
    is_running = models.BooleanField(default=False, db_default=False, editable=False)
    # False until the agent has said that she is done: a next call may come before the last one is written up.
    is_complete = models.BooleanField(default=True, db_default=True, editable=False)
    # Since when the customer is on hold, while she is.
    held_since = models.DateTimeField(null=True, blank=True, editable=False)
    # What the agent has typed so far: it survives a crash of the browser and becomes a note when the wrap-up is done.
    draft = models.TextField(blank=True, default="", db_default="", editable=False)

    objects = SegmentQuerySet.as_manager()

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
            models.CheckConstraint(
                condition=Q(held_since__isnull=True) | Q(is_running=True, ended_at__isnull=True),
                name="segment_held_while_running",
            ),
        ]
        indexes = [
            # An agent's day; which chats an agent had open side by side.
            models.Index(fields=["agent", "started_at"], name="segment_agent_started"),
            # What an agent is in right now: the bar on every page.
            models.Index(fields=["agent"], name="segment_running", condition=Q(is_running=True)),
        ]

    def __str__(self) -> str:
        return f"{self.role} {self.external_id}"

    @property
    def state(self) -> str:
        if not self.is_running:
            return "done"
        if self.ended_at:
            return "wrapping"
        return "held" if self.held_since else "talking"

    def seconds_in_state(self, at: datetime) -> int:
        """How long the contact has lasted; on hold or in wrap-up: how long that has."""
        begun = self.held_since or self.ended_at or self.started_at
        return max(0, int((at - begun).total_seconds())) if self.is_running else 0

    def stop_hold(self, at: datetime) -> None:
        if self.held_since:
            self.hold_us += microseconds(at - self.held_since)
            self.held_since = None

    def stop_talk(self, at: datetime) -> None:
        self.stop_hold(at)
        self.ended_at = at
        self.talk_us = max(0, microseconds(at - self.started_at) - self.hold_us)
