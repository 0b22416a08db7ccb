"""Half-open periods in a time zone, and their hours, days, weeks and months. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import Self

TIME_SPLITS = ("hour", "day", "week", "month")
MAX_BUCKETS = 20_000
HOUR = timedelta(hours=1)
QUARTER = timedelta(minutes=15)
HALF_HOUR = timedelta(minutes=30)
HALVES = 48


class PeriodError(ValueError):
    """The period cannot be used; `parameter` names which part and the message says what was expected."""

    def __init__(self, parameter: str, message: str) -> None:
        super().__init__(message)
        self.parameter = parameter


def midnight(day: date, zone: tzinfo) -> datetime:
    """The instant, in UTC, at which `day` begins in `zone`; where the clock skips midnight, the first instant after."""
    return datetime.combine(day, time(), zone).astimezone(UTC)


def parse_moment(text: str, zone: tzinfo, parameter: str) -> datetime:
    """Read a local date (its midnight in `zone`) or an ISO 8601 instant with offset.

    Raises:
        PeriodError: it is neither, or an instant without offset.
    """
    try:
        if len(text) == 10:
            return midnight(date.fromisoformat(text), zone)
        moment = datetime.fromisoformat(text)
    except (ValueError, OverflowError) as error:
        raise PeriodError(parameter, f"expected a date (2025-10-31) or an instant with offset, got {text!r}") from error
    if moment.tzinfo is None:
        raise PeriodError(parameter, f"an instant needs its offset (2025-10-31T08:00:00+01:00), got {text!r}")
    return moment.astimezone(UTC)


@dataclass(frozen=True)
class Slot:
    """A half-hour of the week: ISO weekday 1 to 7, and which half-hour of the wall clock's day, 0 to 47."""

    weekday: int
    half: int

    @classmethod
    def read(cls, text: str) -> Self:
        """Read "1-10:30": Mondays from 10:30 to 11.

        Raises:
            PeriodError: it is not one.
        """
        weekday, _dash, clock = text.partition("-")
        try:
            at = time.fromisoformat(clock)
            if weekday in set("1234567") and len(clock) == 5 and at.minute % 30 == 0:
                return cls(int(weekday), at.hour * 2 + at.minute // 30)
        except ValueError:
            pass
        raise PeriodError(
            "slot", f"expected a weekday and a half-hour such as 1-10:30 (Mondays from 10:30), got {text!r}"
        )

    def __str__(self) -> str:
        return f"{self.weekday}-{self.clock}"

    @property
    def clock(self) -> str:
        return f"{self.half // 2:02}:{self.half % 2 * 30:02}"


@dataclass(frozen=True)
class Period:
    """From `start` to before `end`, as seen in `zone`."""

    start: datetime
    end: datetime
    zone: tzinfo

    def __post_init__(self) -> None:
        if self.start.tzinfo is None or self.end.tzinfo is None:
            raise PeriodError("start", "start and end must be aware instants")
        if self.end <= self.start:
            raise PeriodError("end", "expected an end after the start")

    def edges(self, split: str) -> list[datetime]:
        """The instants, in UTC, that cut the period into local hours, days, weeks or months; both ends included.

        The first and last piece may be cut short by the period's own ends.
        """
        edges = [self.start]
        for edge in self._starts(split):
            if edge >= self.end:
                break
            if edge > edges[-1]:
                edges.append(edge)
            if len(edges) > MAX_BUCKETS:
                raise PeriodError("by", f"more than {MAX_BUCKETS} rows by {split}: choose a shorter period")
        return [*edges, self.end]

    def label(self, moment: datetime, split: str) -> str:
        """The name of the local hour, day, week or month that `moment` lies in."""
        local = moment.astimezone(self.zone)
        if split == "hour":
            return self._hour_start(moment).astimezone(self.zone).isoformat()
        if split == "week":
            return (local.date() - timedelta(days=local.weekday())).isoformat()
        return local.strftime("%Y-%m") if split == "month" else local.date().isoformat()

    def before(self) -> Period:
        """The period of the same number of local days right before this one."""
        first = self.start.astimezone(self.zone).date()
        last = self.end.astimezone(self.zone).date()
        if midnight(first, self.zone) == self.start and midnight(last, self.zone) == self.end:
            days = last - first
            return Period(midnight(first - days, self.zone), self.start, self.zone)
        return Period(self.start - (self.end - self.start), self.start, self.zone)

    def slots(self, slot: Slot) -> list[tuple[datetime, datetime]]:
        """Where in the period the wall clock shows this half-hour of this weekday, as half-open ranges in UTC.

        A half-hour that the clock skips is not there; one that it shows twice is there twice.
        """
        found = []
        day = self.start.astimezone(self.zone).date()
        day += timedelta(days=(slot.weekday - day.isoweekday()) % 7)
        at = time(slot.half // 2, slot.half % 2 * 30)
        while midnight(day, self.zone) < self.end:
            for fold in (0, 1):
                local = datetime.combine(day, at, self.zone).replace(fold=fold)
                start = local.astimezone(UTC)
                is_shown = start.astimezone(self.zone).replace(tzinfo=None) == local.replace(tzinfo=None)
                first, end = max(start, self.start), min(start + HALF_HOUR, self.end)
                if is_shown and first < end and (first, end) not in found:
                    found.append((first, end))
            day += timedelta(days=7)
        return found

    def _hour_start(self, moment: datetime) -> datetime:
        """The first instant, in UTC, of the local hour; an hour cut by a clock change begins at the change."""
        at = moment.astimezone(UTC)
        at -= timedelta(minutes=at.minute % 15, seconds=at.second, microseconds=at.microsecond)
        while self._hour_of(at - QUARTER) == self._hour_of(at):
            at -= QUARTER
        return at

    def _hour_of(self, moment: datetime) -> tuple[int, timedelta | None]:
        local = moment.astimezone(self.zone)
        return local.hour, local.utcoffset()

    def _starts(self, split: str) -> Iterator[datetime]:
        if split == "hour":
            moment = self._hour_start(self.start)
            while True:
                yield moment
                # By quarters: zones are off by quarters of an hour, and one moves its clock by half an hour.
                hour = self._hour_of(moment)
                while self._hour_of(moment) == hour:
                    moment += QUARTER
        day = self.start.astimezone(self.zone).date()
        while True:
            yield midnight(day, self.zone)
            if split == "day":
                day += timedelta(days=1)
            elif split == "week":
                day += timedelta(days=7 - day.weekday())
            else:
                day = (day.replace(day=1) + timedelta(days=32)).replace(day=1)
