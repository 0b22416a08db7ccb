"""What telephone systems told about calls: an append-only log, from which a call's contact and legs are worked out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from django.conf import settings
from django.db import connection, models, transaction
from django.db.models import Exists, ExpressionWrapper, F, OuterRef, Q, Value
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from tickets.channels.phone import fold as phone
from tickets.live import announce
from tickets.models.client import Client
from tickets.models.codes import Channel, Direction, Flag, Role
from tickets.models.contact import Contact, Segment, microseconds
from tickets.models.customer import Customer, Identity
from tickets.models.people import User
from tickets.models.presence import AgentState
from tickets.models.queue import Queue
from tickets.models.source import Source
from tickets.settle import settle
from tickets.signals import happened

if TYPE_CHECKING:
    from tickets.models.client import Client as ClientType

# Nobody's phone rings longer: a system that forgot to say that it stopped.
RINGS_FOR = timedelta(minutes=3)
# A wrap-up of which nothing was heard for this long was forgotten, and how long it took is not known.
FORGOTTEN_AFTER = timedelta(hours=4)
_CALLBACK = "#callback-"


class CallEventQuerySet(models.QuerySet["CallEvent"]):
    def of(self, contact: Contact) -> CallEventQuerySet:
        """The events of the call that the contact is, or is the callback of."""
        return self.filter(source=contact.source_id, call_id=contact.external_id.partition(_CALLBACK)[0])

    def ringing_for(self, agent: User) -> CallEventQuerySet:
        """The calls that ring at her phone now: nothing was heard since that ended it."""
        over = CallEvent.objects.filter(
            source=OuterRef("source"), call_id=OuterRef("call_id"), at__gte=OuterRef("at"), kind__in=ENDS_RINGING
        ).exclude(pk=OuterRef("pk"))
        elsewhere = CallEvent.objects.filter(
            source=OuterRef("source"), call_id=OuterRef("call_id"), at__gt=OuterRef("at"), kind=CallEvent.Kind.RINGING
        )
        recent = self.filter(agent=agent, kind=CallEvent.Kind.RINGING, received_at__gt=timezone.now() - RINGS_FOR)
        return recent.filter(~Exists(over), ~Exists(elsewhere)).select_related("queue", "source").order_by("at")

    def names(self, agent: User, contact: OuterRef) -> CallEventQuerySet:
        """The events that name this agent in the call of a contact of an outer query."""
        return self.filter(Q(agent=agent) | Q(target=agent), source=OuterRef("source"), call_id=contact)


class CallEvent(models.Model):
    class Kind(models.TextChoices):
        IVR_ENTERED = "ivr_entered", _("Entered the voice menu")
        QUEUED = "queued", _("Entered the queue")
        RINGING = "ringing", _("Rings")
        ANSWERED = "answered", _("Answered the call")
        HELD = "held", _("Put on hold")
        RESUMED = "resumed", _("Taken back from hold")
        TRANSFERRED = "transferred", _("Transferred")
        CONSULTED = "consulted", _("Asked a colleague")
        CONFERENCED = "conferenced", _("Took a colleague in")
        OVERFLOWED = "overflowed", _("Taken out of the queue by the system")
        CALLBACK_REQUESTED = "callback_requested", _("Asked to be called back")
        VOICEMAIL = "voicemail", _("Left a voice message")
        ENDED = "ended", _("Call over")
        AFTER_CALL_ENDED = "after_call_ended", _("After-call work done")

    source = models.ForeignKey(Source, models.PROTECT, related_name="+", db_index=False)
    event_id = models.CharField(_("event id"), max_length=200)
    call_id = models.CharField(_("call id"), max_length=400)
    kind = models.CharField(_("kind"), max_length=20, choices=Kind.choices)
    at = models.DateTimeField(_("at"))
    agent = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+", db_index=False
    )
    queue = models.ForeignKey(Queue, models.PROTECT, null=True, blank=True, related_name="+", db_index=False)
    # Whom a call was handed to, or who was asked: the agent, where the text names one of ours.
    target = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+", db_index=False
    )
    target_text = models.CharField(_("target"), max_length=200, blank=True)
    # As the telephone system wrote them.
    caller = models.CharField(_("from"), max_length=120, blank=True)
    callee = models.CharField(_("to"), max_length=120, blank=True)
    direction = models.CharField(_("direction"), max_length=8, choices=Direction.choices, blank=True)
    # The call in which this callback was asked for, where the system gives callbacks an id of their own.
    callback_of = models.CharField(_("callback of"), max_length=400, blank=True)
    recording_url = models.URLField(_("recording"), max_length=1000, blank=True)
    received_at = models.DateTimeField(_("received"), default=timezone.now)

    objects = CallEventQuerySet.as_manager()

    class Meta:
        verbose_name = _("call event")
        verbose_name_plural = _("call events")
        ordering = ["at", "id"]
        constraints = [
            models.UniqueConstraint(fields=["source", "event_id"], name="call_event_once"),
            models.CheckConstraint(condition=Q(kind__in=phone.KINDS), name="call_event_kind"),
            models.CheckConstraint(condition=~Q(kind="answered") | Q(agent__isnull=False), name="call_answered_by"),
        ]
        indexes = [
            # Everything known of a call.
            models.Index(fields=["source", "call_id", "at"], name="call_event_call"),
            # Whose phone rings; when an agent answered her next call.
            models.Index(
                fields=["agent", "at"], name="call_event_agent", condition=Q(kind__in=["ringing", "answered"])
            ),
            # The callbacks of a call.
            models.Index(fields=["source", "callback_of"], name="call_event_callback", condition=~Q(callback_of="")),
        ]

    def __str__(self) -> str:
        return f"{self.call_id} {self.kind}"

    def says_the_same_as(self, other: CallEvent) -> bool:
        return all(getattr(self, name) == getattr(other, name) for name in TOLD)

    @property
    def plain(self) -> phone.Event:
        return phone.Event(
            self.event_id, self.kind, self.at, self.agent_id, self.queue_id, self.target_id, self.caller, self.callee,
            self.direction, self.target_text,
        )  # fmt: skip

    @classmethod
    def take_in(cls, source: Source, events: Sequence[CallEvent]) -> None:
        """Store the new ones of these events, each once, and work out their calls again: all of it or nothing.

        Calls are locked in order, so that two batches about one call come one after the other.
        """
        with transaction.atomic():
            calls = sorted({event.call_id for event in events})
            _lock(source, calls)
            ids = [event.event_id for event in events]
            known = set(cls.objects.filter(source=source, event_id__in=ids).values_list("event_id", flat=True))
            fresh = [event for event in events if event.event_id not in known]
            for event in fresh:
                event.source = source
            CallEvent.objects.bulk_create(fresh, ignore_conflicts=True)
            if fresh:
                _rebuild(source, fresh)

    @classmethod
    def press_done(cls, contact: Contact, *, by: User, at: datetime | None = None) -> bool:
        """The agent says that she is done: an event of the call like the telephone system's own."""
        leg = contact.segments.running(by).first()
        if leg is None:
            return False
        call_id = contact.external_id.partition(_CALLBACK)[0]
        done = cls(
            event_id=f"desk:{uuid4()}", call_id=call_id, kind=cls.Kind.AFTER_CALL_ENDED, agent=by,
            at=at or timezone.now(),
        )  # fmt: skip
        cls.take_in(contact.source, [done])
        contact.refresh_from_db()
        return True

    @classmethod
    def end_forgotten_wrap_ups(cls, *, at: datetime | None = None) -> int:
        """End the wrap-ups that nobody ended, with no time counted. Return how many."""
        at = at or timezone.now()
        forgotten = Segment.objects.filter(is_running=True, ended_at__lt=at - FORGOTTEN_AFTER)
        count = 0
        for leg in forgotten.select_related("contact", "agent"):
            if leg.contact.comes_by_events:
                count += cls.press_done(leg.contact, by=leg.agent, at=leg.ended_at)
        return count


TOLD = ("call_id", "kind", "at", "agent_id", "queue_id", "target_text", "caller", "callee", "direction", "callback_of")
ENDS_RINGING = (
    CallEvent.Kind.ANSWERED,
    CallEvent.Kind.OVERFLOWED,
    CallEvent.Kind.CALLBACK_REQUESTED,
    CallEvent.Kind.VOICEMAIL,
    CallEvent.Kind.ENDED,
)


def _lock(source: Source, call_ids: Iterable[str]) -> None:
    with connection.cursor() as cursor:
        for call_id in call_ids:
            cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, %s))", [call_id, source.pk])


def _rebuild(source: Source, fresh: Sequence[CallEvent]) -> None:
    """Work out every call that these new events say something about, and tell the pages of the agents in them."""
    own = {event.call_id for event in fresh}
    cut = _cut_wrap_ups(fresh)
    linked = CallEvent.objects.filter(source=source, callback_of__in=own).values_list("call_id", flat=True)
    _work_out(source, own | set(linked), fresh)
    for other, calls in cut.items():
        _lock(other, sorted(calls - own))
        _work_out(other, calls - own, fresh)


def _cut_wrap_ups(fresh: Sequence[CallEvent]) -> dict[Source, set[str]]:
    """Earlier calls in whose wrap-up an agent answered one of these."""
    found: dict[Source, set[str]] = {}
    until = ExpressionWrapper(
        F("ended_at") + F("acw_us") * Value(timedelta(microseconds=1)), output_field=models.DateTimeField()
    )
    for event in fresh:
        if event.kind != CallEvent.Kind.ANSWERED:
            continue
        legs = Segment.objects.filter(
            agent=event.agent_id,
            contact__channel=Channel.PHONE,
            started_at__gt=event.at - timedelta(days=1),
            started_at__lte=event.at,
            ended_at__lte=event.at,
        ).alias(until=until)
        for leg in legs.filter(Q(is_running=True) | Q(until__gt=event.at)).select_related("contact__source"):
            if leg.contact.comes_by_events:
                name = leg.contact.external_id.partition(_CALLBACK)[0]
                found.setdefault(leg.contact.source, set()).add(name)
    return found


def _work_out(source: Source, call_ids: Iterable[str], fresh: Sequence[CallEvent]) -> None:
    events: dict[str, list[CallEvent]] = {}
    for event in CallEvent.objects.filter(source=source, call_id__in=list(call_ids)):
        events.setdefault(event.call_id, []).append(event)
    answers = _answers_elsewhere(events)
    fresh_ids = {event.event_id for event in fresh}
    links = {call_id: _link_of(known) for call_id, known in events.items()}
    named: set[int] = set()
    written: dict[int, Contact] = {}
    new_numbers: set[str] = set()
    for call_id in sorted(events, key=lambda name: (_depth(name, links), name)):
        known = events[call_id]
        call = phone.fold([event.plain for event in known], answers.get(call_id))
        before = [event.plain for event in known if event.event_id not in fresh_ids]
        if _number_of(call) and not (before and _number_of(phone.fold(before))):
            new_numbers.add(call_id)
        is_new = bool({call_id, links[call_id]} & new_numbers)
        touched = _write_call(source, call_id, call, link=links[call_id], is_new_number=is_new)
        written |= {contact.pk: contact for contact in touched}
        named |= {agent for event in known for agent in (event.agent_id, event.target_id) if agent}
    # For all at once: each needs its legs and those of its callbacks.
    settle(written)
    for contact in written.values():
        contact.refresh_from_db()
        happened.send(sender=Contact, case_event=None, contact=contact)
    latest = max((event.at for event in fresh), default=timezone.now())
    for agent in User.objects.filter(pk__in=named):
        AgentState.follow(agent, at=min(latest, timezone.now()))
    announce(*(f"user:{pk}" for pk in named))


def _answers_elsewhere(events: Mapping[str, Sequence[CallEvent]]) -> dict[str, dict[int, list[datetime]]]:
    """For each call and agent in it: when she answered another one, within a day."""
    agents = {event.agent_id for known in events.values() for event in known if event.agent_id}
    if not agents:
        return {}
    moments = [event.at for known in events.values() for event in known]
    answers = CallEvent.objects.filter(
        agent__in=agents, kind=CallEvent.Kind.ANSWERED, at__gte=min(moments), at__lte=max(moments) + timedelta(days=1)
    ).order_by("at").values_list("call_id", "agent", "at")  # fmt: skip
    found: dict[str, dict[int, list[datetime]]] = {}
    for call_id in events:
        mine = found.setdefault(call_id, {})
        for other, agent, at in answers:
            if other != call_id and agent is not None:
                mine.setdefault(agent, []).append(at)
    return found


def _number_of(call: phone.Call) -> str:
    """The customer's number, as the telephone system wrote it."""
    return call.caller if call.direction == Direction.INBOUND else call.callee


def _link_of(known: Sequence[CallEvent]) -> str:
    """The call in which this one was asked for, by the earliest event that says so."""
    first = min(
        (event for event in known if event.callback_of), key=lambda event: (event.at, event.event_id), default=None
    )
    return first.callback_of if first else ""


def _depth(call_id: str, links: Mapping[str, str]) -> int:
    """How many calls lie before it in a chain of callbacks: a request is written before what answers it."""
    seen = {call_id}
    while (call_id := links.get(call_id, "")) and call_id not in seen:
        seen.add(call_id)
    return len(seen)


def _write_call(source: Source, call_id: str, call: phone.Call, *, link: str, is_new_number: bool) -> list[Contact]:
    """Bring the contact of the call, and those of its callbacks, to what the events say. Return those that it touched."""
    number = _number_of(call)
    asked = (
        Contact.objects.filter(source=source, external_id=link).exclude(external_id=call_id).first() if link else None
    )
    contact = _write_contact(source, call_id, call, number=number, asked=asked, is_new_number=is_new_number)
    touched = [contact]
    names = [f"{call_id}{_CALLBACK}{place}" for place in range(1, len(call.callbacks) + 1)]
    for name, again in zip(names, call.callbacks, strict=True):
        touched.append(_write_contact(source, name, again, number=number, asked=contact, is_new_number=is_new_number))
    if call.answered_at:
        stale = Contact.objects.filter(source=source, external_id__startswith=f"{call_id}{_CALLBACK}")
        for gone in stale.exclude(external_id__in=names):
            _take_back(gone, contact)
            touched.append(gone)
    return touched


def _take_back(gone: Contact, contact: Contact) -> None:
    """What was taken for a callback was none: the call had been answered. What was written on it stays."""
    for leg in gone.segments.exclude(draft=""):
        gone.write_note(leg.draft, by=leg.agent)
    gone.segments.all().delete()
    Contact.objects.filter(pk=gone.pk).update(duplicate_of=contact, parent=None)


def _write_contact(
    source: Source,
    name: str,
    call: phone.Call,
    *,
    number: str,
    asked: Contact | None = None,
    is_new_number: bool,
) -> Contact:
    told: dict[str, Any] = {
        "direction": call.direction, "outcome": call.outcome, "queue_id": call.queue, "started_at": call.started_at,
        "queued_at": call.queued_at, "answered_at": call.answered_at, "ended_at": call.ended_at,
    }  # fmt: skip
    contact = Contact.objects.select_for_update(no_key=True).filter(source=source, external_id=name).first()
    client = _client_of(call.queue)
    if asked is not None:
        told |= {"parent_id": asked.pk, "direction": Direction.OUTBOUND, "duplicate_of": None}
    if contact is None:
        customer = (asked and asked.customer) or _customer_of(number, client)
        flags = [Flag.CALLBACK] if asked else []
        contact = Contact.objects.create(
            source=source, external_id=name, channel=Channel.PHONE, client=client, customer=customer, flags=flags,
            case=asked.case if asked else None, logged_case=asked.case if asked else None,
            topic=asked.topic if asked else None, **told,
        )  # fmt: skip
    else:
        # The customer is set when her number becomes known, and never again: who was chosen by hand stays.
        is_new_link = asked is not None and contact.parent_id is None
        if contact.customer_id is None and (is_new_number or is_new_link):
            told["customer"] = (asked and asked.customer) or _customer_of(number, client)
        if asked is not None and Flag.CALLBACK not in contact.flags:
            told["flags"] = [*contact.flags, Flag.CALLBACK]
        if contact.queue_id != call.queue:
            told["client"] = client
        Contact.objects.filter(pk=contact.pk).update(**told)
        # A callback takes its customer from here.
        contact.refresh_from_db()
    _write_legs(contact, call)
    return contact


def _client_of(queue: int | None) -> ClientType:
    found = Client.objects.filter(queues=queue).first() if queue else None
    return found or Client.objects.default()


def _customer_of(number: str, client: ClientType) -> Customer | None:
    """Whoever has that number, if exactly one has."""
    # intake imports the models.
    from tickets.intake import read_address, region_of

    address = read_address(number, region_of(client)) if number else None
    if address is None or address.kind != Identity.Kind.PHONE:
        return None
    known = Customer.objects.filter(identities__kind=address.kind, identities__value=address.value).distinct()
    found = list(known[:2])
    return found[0] if len(found) == 1 else None


def _write_legs(contact: Contact, call: phone.Call) -> None:
    names = {f"{contact.external_id}/{leg.name}": leg for leg in call.legs}
    stored = {leg.external_id: leg for leg in contact.segments.all()}
    for name, old in stored.items():
        if name not in names:
            if old.draft.strip():
                contact.write_note(old.draft, by=old.agent)
            old.delete()
    teams = dict(User.objects.filter(pk__in={leg.agent for leg in call.legs}).values_list("pk", "team"))
    for name, leg in names.items():
        told = {
            "role": leg.role, "started_at": leg.started_at, "ended_at": leg.ended_at, "held_since": leg.held_since,
            "hold_us": microseconds(leg.hold), "talk_us": microseconds(leg.talk),
            "acw_us": microseconds(leg.after_call), "is_running": leg.is_running,
        }  # fmt: skip
        if name in stored:
            Segment.objects.filter(pk=stored[name].pk).update(**told)
        else:
            contact.segments.create(
                source=contact.source, external_id=name, agent_id=leg.agent, team_id=teams.get(leg.agent),
                # Who only helped has nothing to complete.
                is_complete=leg.role in {Role.CONSULT, Role.CONFERENCE}, **told,
            )  # fmt: skip
