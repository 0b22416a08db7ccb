"""The one door to figures: what of them a person may ask for, and what her answers leave unsaid.

Every question comes through `metrics.question`, and every question through here: pages, exports, charts and the API.
A team lead is narrowed to the queues of her team. A client's manager is narrowed to her company: its contacts and cases,
its queues, and no figure about those who serve or what they cost; nothing that she names tells whether others have it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Q, QuerySet

from metrics.definition import Kpi, Unit
from tickets.models import Case, Client, Contact, Queue, User

# Ledgers and answers of our own people: what they cost, how they spend their hours, and how they are.
OWN_AFFAIRS = {"agent_month", "cost", "pulse", "headcount", "coverage", "interview"}


@dataclass(frozen=True)
class Sight:
    """What rows may say to the reader of an answer.

    Attributes:
        client: The one company whose queues are named, beside those of no company; None: all are.
        agents: Whether it is said who served.
    """

    client: int | None = None
    agents: bool = True


EVERYTHING = Sight()


def sight_of(user: User) -> Sight:
    if not user.is_client:
        return EVERYTHING
    assert user.client is not None  # a constraint sees to it
    return Sight(user.client_id, user.client.shows_agents)


def shows(user: User, kpi: Kpi) -> bool:
    """Whether the KPI exists for this person."""
    if not user.is_client:
        return True
    facts = {part.fact.code for part in kpi.parts} | {kpi.fact.code}
    return kpi.unit is not Unit.MONEY and not facts & OWN_AFFAIRS


def splits(user: User, names: Sequence[str]) -> tuple[str, ...]:
    """The dimensions by which this person may split and filter."""
    return tuple(name for name in names if name != "agent" or sight_of(user).agents)


def scoped(filters: dict[str, list[Any]], user: User) -> dict[str, list[Any]]:
    """Narrow to what the user may see."""
    if user.sees_everything:
        return filters
    if user.is_client:
        return _narrowed(filters, "client", {user.client_id})
    return _narrowed(filters, "queue", set(Queue.objects.visible_to(user).values_list("pk", flat=True)))


def _narrowed(filters: dict[str, list[Any]], dimension: str, own: set[Any]) -> dict[str, list[Any]]:
    wanted = filters.get(dimension)
    return {**filters, dimension: sorted(own & set(wanted) if wanted is not None else own)}


def named(dimension: str, rows: QuerySet[Any], user: User) -> QuerySet[Any]:
    """What of a dimension this person may name. For a client's manager others' queues and people do not exist."""
    if not user.is_client:
        return rows
    contacts, cases = Contact.objects.visible_to(user), Case.objects.visible_to(user)
    hers = {
        "client": Q(managers=user),
        "queue": Q(client=user.client_id) | Q(client=None, pk__in=contacts.values("queue")),
        "team": Q(queues__client=user.client_id),
        "topic": Q(pk__in=contacts.values("topic")) | Q(pk__in=cases.values("topic")),
        "agent": Q(pk__in=contacts.values("owner")) | Q(pk__in=cases.values("owner")),
    }
    return rows.filter(hers[dimension]).distinct()


def clients(user: User) -> QuerySet[Client]:
    """The companies that this person may read reports and agreements of."""
    if user.sees_everything:
        return Client.objects.all()
    if user.is_client:
        return Client.objects.filter(managers=user)
    return Client.objects.filter(queues__in=Queue.objects.visible_to(user)).distinct()


def queues(user: User) -> QuerySet[Queue]:
    """The queues that this person may choose among."""
    if user.is_client:
        return named("queue", Queue.objects.all(), user)
    return Queue.objects.visible_to(user)
