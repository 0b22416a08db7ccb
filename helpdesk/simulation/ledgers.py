"""What other systems would have told of the simulated months: agents' paid time and what the operation cost."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from decimal import Decimal

from django.db.models import DateField, F, Sum
from django.db.models.functions import TruncMonth

from tickets.models import AgentTime, Cost, Segment

# An agent's hour with everything that comes with it, and a month's licences and rooms.
HOUR, MONTH = Decimal(41), Decimal(900)


def book(since: datetime, until: datetime, *, seed: int) -> None:
    """Write both ledgers of the months that lie wholly between the two moments, from the work that was done in them."""
    drawn = random.Random(seed)
    paid: dict[tuple[int, date], int] = {}
    times = []
    for agent, client, month, handling in _work(since, until):
        available, aux = int(handling * drawn.uniform(0.3, 0.5)), int(handling * drawn.uniform(0.12, 0.2))
        total = int((handling + available + aux) * drawn.uniform(1.08, 1.15))
        told = {"handling_us": handling, "available_us": available, "aux_us": aux, "paid_us": total}
        times.append(AgentTime(agent_id=agent, client_id=client, month_on=month, **told))
        paid[client, month] = paid.get((client, month), 0) + total
    AgentTime.objects.bulk_create(times)
    Cost.objects.bulk_create(
        Cost(client_id=client, month_on=month, amount=(HOUR * us / 3_600_000_000 + MONTH).quantize(Decimal("0.01")))
        for (client, month), us in paid.items()
    )


def _work(since: datetime, until: datetime) -> Iterator[tuple[int, int, date, int]]:
    """Agent, client, first of the month and microseconds of work, for each whole month."""
    first = (since.date() + timedelta(days=31)).replace(day=1)
    legs = Segment.objects.annotate(month=TruncMonth("started_at", output_field=DateField()))
    legs = legs.filter(month__gte=first, month__lt=until.date().replace(day=1))
    sums = legs.values_list("agent", "contact__client", "month").annotate(
        us=Sum(F("talk_us") + F("hold_us") + F("acw_us"))
    )
    yield from sums.filter(us__gt=0).order_by("month", "agent", "contact__client")
