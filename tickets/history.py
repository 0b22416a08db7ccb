"""What an agent should know of a customer before she answers: how often lately, about what, and what we promised."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from django.utils import timezone

from tickets.models import Case, Contact, Customer, Promise, Topic, User
from tickets.prepared import Prepared

LATELY = timedelta(days=10)
JUST_NOW = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class History:
    """How many contacts the customer has had in ten days, on this topic too; the last other one; what is promised."""

    contacts: int = 0
    on_topic: int = 0
    topic: Topic | None = None
    latest: Contact | None = None
    promised: Promise | None = None

    @property
    def is_repeat(self) -> bool:
        return self.contacts > 1


CONTACTS = Prepared(
    lambda user, customer, after: (
        Contact.objects.visible_to(user)
        .filter(customer=customer, started_at__gt=after, is_valid=True)
        .select_related("topic")
        .order_by("-started_at")[:50]
    )
)
PROMISED = Prepared(
    lambda user, customer: (
        Promise.objects.pending()
        .filter(case__in=Case.objects.visible_to(user).filter(customer=customer).values("pk"))
        .select_related("case")
        .order_by("due_at")[:1]
    )
)


def contacts_lately(customer: Customer, user: User) -> list[Contact]:
    """Her valid contacts of the last ten days, newest first: what every page means by "lately"."""
    return CONTACTS(user, customer.pk, timezone.now() - LATELY)


def history_of(
    customer: Customer | None, user: User, *, topic: Topic | None = None, but: Contact | None = None
) -> History | None:
    """Read a customer's last ten days, as far as `user` may. `but` is the contact in hand: it is counted, not shown."""
    if customer is None:
        return None
    now = timezone.now()
    rows = contacts_lately(customer, user)
    others = [row for row in rows if (but is None or row.pk != but.pk) and row.started_at > now - JUST_NOW]
    return History(
        contacts=len(rows),
        on_topic=sum(_is_on(row.topic, topic) for row in rows),
        topic=topic,
        latest=others[0] if others else None,
        promised=PROMISED.first(user, customer.pk),
    )


def _is_on(topic: Topic | None, wanted: Topic | None) -> bool:
    return topic is not None and wanted is not None and topic.pk == wanted.pk
