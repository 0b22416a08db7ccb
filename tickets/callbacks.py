"""Customers who are to be called back: asked for in the queue, by voice message or at the desk; done when one is reached."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Count, Exists, OuterRef, Q, QuerySet
from django.dispatch import receiver
from django.utils import timezone
from django.utils.translation import gettext as _

from tickets.models import (
    DESK,
    Callback,
    Case,
    Channel,
    ChecklistItem,
    Client,
    Contact,
    Customer,
    Direction,
    Flag,
    Identity,
    Outcome,
    Queue,
    Source,
    User,
)
from tickets.pop import number_of
from tickets.signals import happened

# What is promised where nobody said when: within so long.
WITHIN = timedelta(hours=4)
# A log of last year that is read today asks nobody to call.
FRESH = timedelta(days=2)
ASKS = (Outcome.CALLBACK_REQUESTED, Outcome.VOICEMAIL)


def visible_to(user: User) -> QuerySet[Callback]:
    """Those whose contact `user` may read, and those that she took."""
    seen = Contact.objects.visible_to(user)
    return Callback.objects.filter(Q(contact__in=seen.values("pk")) | Q(taken_by=user))


def for_list(user: User) -> QuerySet[Callback]:
    """The worklist: what is due first, with how often it was tried, when last, and whether somebody tries now."""
    attempts = Contact.objects.filter(parent=OuterRef("contact"), flags__contains=[Flag.CALLBACK])
    found = visible_to(user).select_related("contact__customer", "contact__queue", "contact__case", "taken_by")
    return found.annotate(
        tries=Count("contact__follow_ups", filter=Q(contact__follow_ups__flags__contains=[Flag.CALLBACK])),
        tried_at=attempts.order_by("-started_at").values("started_at")[:1],
        tried_by=attempts.order_by("-started_at").values("owner__first_name")[:1],
        tried_as=attempts.order_by("-started_at").values("outcome")[:1],
        is_tried_now=Exists(attempts.filter(outcome="")),
    ).order_by("until_at", "pk")


def ask(
    *,
    by: User,
    number: str,
    until_at: datetime,
    from_at: datetime | None = None,
    queue: Queue | None = None,
    customer: Customer | None = None,
    note: str = "",
    at: datetime | None = None,
) -> Callback:
    """A customer asks at the desk to be called back: a contact that left the queue, like one that asked by a key."""
    at = at or timezone.now()
    source, _made = Source.objects.get_or_create(name=DESK)
    with transaction.atomic():
        contact = Contact.objects.create(
            source=source, client=(queue and queue.client) or Client.objects.default(), channel=Channel.PHONE,
            queue=queue, customer=customer, outcome=Outcome.CALLBACK_REQUESTED, started_at=at, ended_at=at,
        )  # fmt: skip
        one = Callback.objects.create(
            contact=contact, number=number, from_at=from_at or at, until_at=max(until_at, from_at or at), note=note
        )
        contact.announce()
    return one


def call(one: Callback, *, by: User, key: str = "", at: datetime | None = None) -> Contact:
    """Begin an attempt, as a call of ours that hangs on the request; while somebody tries, it is that attempt.

    A customer whose phone rings from two agents at once has been promised one call.
    """
    with transaction.atomic():
        locked = Callback.objects.select_for_update(no_key=True).get(pk=one.pk)
        asked = one.contact
        if now := asked.follow_ups.filter(outcome="", ended_at=None, flags__contains=[Flag.CALLBACK]).first():
            return now
        locked.take(by=by)
        return Contact.dial(
            by=by, customer=asked.customer, case=asked.case, queue=asked.queue, client=asked.client, parent=asked,
            topic=asked.topic, key=key, at=at,
        )  # fmt: skip


def withdraw(one: Callback, *, by: User, end: str) -> bool:
    """It will not be done: the customer no longer wants it, or nobody answers there."""
    with transaction.atomic():
        if not one.close(end=end, by=by):
            return False
        one.contact.announce()
    return True


@receiver(happened, dispatch_uid="tickets.callbacks")
def keep_up(contact: Contact | None = None, **_said: object) -> None:
    """Whoever asks in a call is put on the list; whoever is reached, or calls first, comes off it."""
    if contact is None or contact.channel != Channel.PHONE:
        return
    if contact.outcome in ASKS and contact.parent_id is None:
        _put_on_the_list(contact)
    elif contact.outcome == Outcome.ANSWERED and contact.parent_id and Flag.CALLBACK in contact.flags:
        for one in Callback.objects.open().filter(contact=contact.parent_id):
            one.close(end=Callback.End.REACHED, by=contact.owner_id and contact.owner, at=contact.answered_at)
    elif contact.outcome == Outcome.ANSWERED:
        _came_first(contact)


def _put_on_the_list(contact: Contact) -> None:
    asked_at = contact.ended_at or contact.started_at
    if asked_at < timezone.now() - FRESH or contact.source.name == DESK:
        return
    with transaction.atomic():
        one, made = Callback.objects.get_or_create(
            contact=contact,
            defaults={"number": number_of(contact)[:120], "from_at": asked_at, "until_at": asked_at + WITHIN},
        )
        if made and contact.outcome == Outcome.VOICEMAIL and contact.case_id is None:
            _open_case(contact, one)


def _open_case(contact: Contact, one: Callback) -> None:
    """A voice message is a letter of a kind: somebody must hear it, so it is a case."""
    case = Case.open_new(
        by=None, client=contact.client, channel=Channel.PHONE, at=contact.started_at, customer=contact.customer,
        queue=contact.queue, topic=contact.topic, subject=_("Voice message from %(who)s") % {"who": contact.customer or one.number or "–"},
    )  # fmt: skip
    ChecklistItem.objects.create(case=case, text=_("Listen and call back"))
    Contact.objects.filter(pk=contact.pk).update(case=case, logged_case=case)


def _came_first(contact: Contact) -> None:
    own = Callback.objects.open().filter(contact=contact.pk)
    own.update(end=Callback.End.MISTAKEN, closed_at=timezone.now())
    if contact.customer_id is None or contact.direction != Direction.INBOUND or contact.answered_at is None:
        return
    earlier = Callback.objects.open().filter(
        contact__customer=contact.customer_id, contact__started_at__lt=contact.answered_at
    )
    earlier.update(end=Callback.End.CAME_FIRST, closed_at=contact.answered_at)


def customer_with(number: str, client_region: str) -> Customer | None:
    from tickets.intake import read_address

    address = read_address(number, client_region) if number else None
    if address is None or address.kind != Identity.Kind.PHONE:
        return None
    found = list(Customer.objects.filter(identities__kind=address.kind, identities__value=address.value).distinct()[:2])
    return found[0] if len(found) == 1 else None
