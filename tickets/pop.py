"""Who is calling, before the first word: the customer, her open cases, what was promised last, how often she came lately."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.db.models import Q
from django.utils import timezone

from tickets.history import contacts_lately
from tickets.intake import Address, read_address
from tickets.models import OPEN_STATUSES, CallEvent, Case, Channel, Contact, Customer, Identity, Promise, Segment, User

# An open case that nothing happened on for longer is hardly what the call is about.
FRESH = timedelta(days=30)
MOST_CALLS, MOST_CASES = 3, 4
# So long after the answer a page still opens the call by itself.
JUST_ANSWERED = timedelta(seconds=60)


@dataclass(frozen=True)
class Caller:
    """What an agent may know of who calls."""

    number: str
    customer: Customer | None = None
    cases: Sequence[Case] = field(default_factory=tuple)
    promise: Promise | None = None
    lately: int = 0


@dataclass(frozen=True)
class Pop:
    """One call that rings, or that was just answered."""

    contact: Contact
    caller: Caller
    queue: str
    since: datetime
    is_answered: bool

    @property
    def seconds(self) -> int:
        return max(0, int((timezone.now() - self.since).total_seconds()))


def caller_of(customer: Customer | None, number: str, *, user: User) -> Caller:
    if customer is None:
        return Caller(number)
    seen = Case.objects.visible_to(user).filter(customer=customer)
    promises = Promise.objects.filter(case__in=seen.values("pk"), cancelled_by="").select_related("case")
    return Caller(
        number,
        customer,
        list(seen.filter(status__in=OPEN_STATUSES).order_by("-updated_at")[:MOST_CASES]),
        promises.order_by("-made_at").first(),
        len(contacts_lately(customer, user)),
    )


def caller_with(number: str, *, user: User, region: str) -> Caller:
    """Who has this number, if exactly one customer has."""
    address: Address | None = read_address(number, region) if number.strip() else None
    if address is None or address.kind != Identity.Kind.PHONE:
        return Caller(number.strip())
    known = Customer.objects.visible_to(user).filter(Q(identities__kind=address.kind, identities__value=address.value))
    found = list(known.distinct()[:2])
    return caller_of(found[0] if len(found) == 1 else None, address.value, user=user)


def pops_for(user: User) -> list[Pop]:
    """The calls that ring at her phone, and the one that she just answered."""
    events = list(CallEvent.objects.ringing_for(user)[:MOST_CALLS])
    wanted = Q(pk__in=[])
    for event in events:
        # A callback rings as a contact of its own: the latest of the call.
        wanted |= Q(source=event.source, external_id=event.call_id)
    recent = Segment.objects.running(user).filter(
        contact__channel=Channel.PHONE, ended_at=None, started_at__gt=timezone.now() - JUST_ANSWERED
    )
    answered = {leg.contact_id: leg for leg in recent}
    contacts = Contact.objects.filter(wanted | Q(pk__in=answered)).select_related("customer", "queue", "source")
    found = []
    for contact in contacts:
        if contact.pk in answered and not contact.comes_by_events:
            continue
        ringing = next((event for event in events if _rings_as(event, contact)), None)
        leg = answered.get(contact.pk)
        since = leg.started_at if leg else ringing.at if ringing else contact.started_at
        queue = contact.queue.name if contact.queue else ""
        number = number_of(contact)
        found.append(Pop(contact, caller_of(contact.customer, number, user=user), queue, since, leg is not None))
    return found


def number_of(contact: Contact) -> str:
    """The customer's number in a call that a telephone system told of, as it wrote it."""
    key = "callee" if contact.direction == "outbound" and not contact.parent_id else "caller"
    events = CallEvent.objects.of(contact).exclude(**{key: ""}).order_by("at", "pk")
    return events.values_list(key, flat=True).first() or ""


def likely_case(contact: Contact, cases: Sequence[Case]) -> Case | None:
    """The open case that the call is probably about: the one that something happened on last, not long ago."""
    if contact.case_id or contact.solved is not None or not contact.is_live:
        return None
    fresh = [case for case in cases if case.status in OPEN_STATUSES and case.updated_at > timezone.now() - FRESH]
    return fresh[0] if fresh else None


def _rings_as(event: CallEvent, contact: Contact) -> bool:
    return (event.source_id, event.call_id) == (contact.source_id, contact.external_id)
