"""How finely cells are cut, and which cells a question is answered from. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from django.conf import settings

from metrics.period import HOUR, midnight
from metrics.sql import Ranges

BASE_DIMENSIONS = ("client", "queue", "channel", "team")


@dataclass(frozen=True)
class Grain:
    """Cells by local hour, day or month of the installation, and by which dimensions."""

    code: str
    split: str
    dimensions: tuple[str, ...]

    @property
    def bucket(self) -> str:
        """SQL: the bucket of a row's moment `{at}`."""
        if self.split == "hour":
            return "date_bin('1 hour', {at}, %(origin)s)"
        return f"date_trunc('{self.split}', {{at}}, %(zone)s)"


BY_AGENT = (*BASE_DIMENSIONS, "agent")
BY_TOPIC = (*BASE_DIMENSIONS, "topic")

# Of the same dimensions the coarsest first: a question takes as much as it can from each in turn.
GRAINS = (
    Grain("month", "month", BASE_DIMENSIONS),
    Grain("day", "day", BASE_DIMENSIONS),
    Grain("hour", "hour", BASE_DIMENSIONS),
    Grain("month_agent", "month", BY_AGENT),
    Grain("day_agent", "day", BY_AGENT),
    Grain("month_topic", "month", BY_TOPIC),
    Grain("day_topic", "day", BY_TOPIC),
)


def zone() -> ZoneInfo:
    """The installation's zone: its days are the days of the daily cells."""
    return ZoneInfo(settings.TIME_ZONE)


def hour_origin() -> datetime:
    """An instant at which a local hour begins; hours are counted from it, so half-hour zones have theirs."""
    return midnight(date(2000, 1, 3), zone())


def plan(edges: Sequence[datetime], dimensions: Iterable[str]) -> list[tuple[Grain | None, Ranges]]:
    """Cut a period into ranges of whole buckets, the coarsest that fit; None: what no cell fits.

    Args:
        edges: The instants that cut the period into the groups of the answer, both ends included.
        dimensions: Those that the question groups or filters by.
    """
    wanted = set(dimensions)
    left: list[tuple[datetime, datetime]] = [(edges[0], edges[-1])]
    pieces: list[tuple[Grain | None, Ranges]] = []
    for grain in GRAINS:
        floor = _FLOORS[grain.split]
        if not wanted <= set(grain.dimensions) or any(floor(edge) != edge for edge in edges[1:-1]):
            continue
        taken, rest = [], []
        for start, end in left:
            first, last = _ceil(grain.split, start), floor(end)
            if first < last:
                taken.append((first, last))
                rest += [(a, b) for a, b in ((start, first), (last, end)) if a < b]
            else:
                rest.append((start, end))
        left = rest
        if taken:
            pieces.append((grain, taken))
    return [*pieces, (None, left)] if left else pieces


def _hour(at: datetime) -> datetime:
    return at - (at - hour_origin()) % HOUR


def _day(at: datetime) -> datetime:
    local = zone()
    return midnight(at.astimezone(local).date(), local)


def _month(at: datetime) -> datetime:
    local = zone()
    return midnight(at.astimezone(local).date().replace(day=1), local)


_FLOORS: dict[str, Callable[[datetime], datetime]] = {"hour": _hour, "day": _day, "month": _month}


def _ceil(split: str, at: datetime) -> datetime:
    start = _FLOORS[split](at)
    if start == at:
        return at
    if split == "hour":
        return start + HOUR
    day = start.astimezone(zone()).date()
    next_day = (day.replace(day=1) + timedelta(days=32)).replace(day=1) if split == "month" else day + timedelta(days=1)
    return midnight(next_day, zone()).astimezone(UTC)
