"""Business time: pure arithmetic on opening hours. Knows no database; `Calendar.hours()` makes the value it works on."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

import holidays

Window = tuple[time, time]
Interval = tuple[datetime, datetime]

_DAY = timedelta(days=1)
# Hours that are closed for so many days on end never open again.
_GIVE_UP_AFTER_DAYS = 400


@dataclass(frozen=True, slots=True)
class Hours:
    """When we are open, in one zone's wall-clock time.

    Attributes:
        zone: The zone in which the clock on the wall is read.
        week: Seven tuples of windows, Monday first. A window that ends at or before its beginning runs into the
            next day and belongs to the day on which it begins.
        closed: Dates without any window that begins on them.
        country: Country or country-subdivision code ("SE", "GB-SCT") whose public holidays are closed too.
    """

    zone: ZoneInfo
    week: tuple[tuple[Window, ...], ...]
    closed: frozenset[date] = frozenset()
    country: str = ""
    # What was worked out for a date, so that a long report does it once.
    _known: dict[date, tuple[Interval, ...]] = field(default_factory=dict, repr=False, compare=False)

    def __post_init__(self) -> None:
        if len(self.week) != 7:
            raise ValueError(f"a week has seven days, not {len(self.week)}")

    def is_closed(self, day: date) -> bool:
        return day in self.closed or (bool(self.country) and day in public_holidays(self.country, day.year))

    def windows_of(self, day: date) -> tuple[Interval, ...]:
        """Return the windows that begin on `day`, in UTC, in order and not overlapping one another."""
        known = self._known.get(day)
        if known is None:
            known = self._known[day] = tuple(_merged(self._intervals(day)))
        return known

    def windows(self, start: datetime, end: datetime) -> Iterator[Interval]:
        """Yield the open intervals between two moments, in UTC, in order and not overlapping one another."""
        # A window that began on an earlier day may still be open, and the next day's may begin within it.
        reached = start.astimezone(UTC)
        end = end.astimezone(UTC)
        day = start.astimezone(self.zone).date() - _DAY
        last = end.astimezone(self.zone).date()
        while day <= last:
            for opens, closes in self.windows_of(day):
                begin, finish = max(opens, reached), min(closes, end)
                if begin < finish:
                    yield begin, finish
                    reached = finish
            day += _DAY

    def _intervals(self, day: date) -> Iterator[Interval]:
        if self.is_closed(day):
            return
        for opens, closes in self.week[day.weekday()]:
            last = day if closes > opens else day + _DAY
            yield _instant(day, opens, self.zone), _instant(last, closes, self.zone)


def business_seconds(start: datetime, end: datetime, hours: Hours) -> float:
    """Count the open seconds between two moments.

    Args:
        start: Timezone-aware. Outside opening hours it counts from the next opening.
        end: Timezone-aware.
        hours: Opening hours in local time; windows may cross midnight; closed dates have none.

    Returns:
        Seconds, 0 or more; exact to the microsecond. A day with a clock change counts the time that really passed.
        0 where `end` is not after `start`.

    Raises:
        ValueError: `start` or `end` is naive.
    """
    _must_be_aware(start, end)
    return sum((closes - opens for opens, closes in hours.windows(start, end)), timedelta()).total_seconds()


def add_business_seconds(start: datetime, seconds: float, hours: Hours) -> datetime:
    """Return the first instant at which so many open seconds have passed since `start`, in UTC.

    At closing time where it fits exactly; at `start` itself for 0 seconds.

    Raises:
        ValueError: `start` is naive, `seconds` is negative, or the hours never open again.
    """
    _must_be_aware(start)
    left = timedelta(seconds=seconds)
    if left < timedelta():
        raise ValueError(f"a deadline lies ahead: {seconds} seconds")
    moment = start.astimezone(UTC)
    if not left:
        return moment
    idle_until = moment + timedelta(days=_GIVE_UP_AFTER_DAYS)
    while moment < idle_until:
        # In steps, so that a deadline of an hour does not look at the whole year.
        step = moment + timedelta(days=8)
        for opens, closes in hours.windows(moment, step):
            if closes - opens >= left:
                return opens + left
            left -= closes - opens
            idle_until = closes + timedelta(days=_GIVE_UP_AFTER_DAYS)
        moment = step
    raise ValueError("these hours never open")


@lru_cache(maxsize=512)
def public_holidays(country: str, year: int) -> frozenset[date]:
    """Return a country's public holidays of one year. `country` may name a subdivision: "GB-SCT".

    Raises:
        NotImplementedError: the country or subdivision is not known.
    """
    name, _dash, subdivision = country.partition("-")
    return frozenset(holidays.country_holidays(name, subdiv=subdivision or None, years=year))


def _instant(day: date, at: time, zone: ZoneInfo) -> datetime:
    """Return the first instant at which the clock on the wall shows this time, or has jumped past it, in UTC."""
    local = datetime.combine(day, at, tzinfo=zone)
    instant = local.astimezone(UTC)
    if instant.astimezone(zone).replace(tzinfo=None) == local.replace(tzinfo=None):
        return instant
    # The clock is put forward over this time: the moment of the jump lies between the two readings of it.
    before, after = local.replace(fold=1).astimezone(UTC), instant
    offset = before.astimezone(zone).utcoffset()
    while after - before > timedelta(seconds=1):
        middle = before + (after - before) // 2
        if middle.astimezone(zone).utcoffset() == offset:
            before = middle
        else:
            after = middle
    return after.replace(microsecond=0)


def _merged(intervals: Iterator[Interval]) -> Iterator[Interval]:
    reached = datetime.min.replace(tzinfo=UTC)
    for opens, closes in sorted(intervals):
        begin = max(opens, reached)
        if begin < closes:
            yield begin, closes
            reached = closes


def _must_be_aware(*moments: datetime) -> None:
    for moment in moments:
        if moment.utcoffset() is None:
            raise ValueError(f"{moment} has no time zone")
