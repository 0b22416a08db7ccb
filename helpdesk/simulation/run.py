"""Simulate some days at the desk and write them to the log."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from helpdesk.simulation import world
from helpdesk.simulation.bulk import Bulk
from helpdesk.simulation.live import Live
from helpdesk.simulation.traffic import Traffic
from tickets.models import Contact, Identity


class AlreadyThere(Exception):  # noqa: N818 - it says what is the case
    """Traffic of this seed is in the log."""


def simulate(
    *,
    seed: int,
    days: int,
    contacts_per_day: float,
    until: datetime,
    in_bulk: bool,
    progress: Callable[[datetime], None] = lambda _at: None,
) -> int:
    """Write `days` days of traffic that end at `until`. Return the number of contacts.

    Raises:
        AlreadyThere: a contact of this seed is in the log; the same customers cannot arrive twice.
    """
    desk = world.build()
    if Contact.objects.filter(source=desk.source, external_id__startswith=f"{seed}-").exists():
        raise AlreadyThere
    traffic = Traffic(
        seed=seed,
        days=days,
        contacts_per_day=contacts_per_day,
        until=until,
        hours=desk.hours(),
        taken_numbers=set(Identity.objects.filter(kind=Identity.Kind.PHONE).values_list("value", flat=True)),
    )
    steps = traffic.run().in_order()
    agents = world.agents(desk, traffic.desk.agents.values())
    writer = Bulk(desk, agents) if in_bulk else Live(desk, agents)
    writer.run(steps, progress)
    return len(writer.contacts)
