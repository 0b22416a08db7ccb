"""What holds for every log: of random small ones, whatever is asked, in whatever order their rows came in."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.db import transaction
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from metrics import compute
from metrics.catalog import KPIS
from metrics.check import check
from metrics.compute import Query, Value
from metrics.definition import Kpi, Unit
from metrics.period import TIME_SPLITS, Period, midnight
from metrics.refresh import refresh
from tests.metrics.random_logs import AGENTS, CHANNELS, QUEUES, TOPICS, Rows, in_two, logs, take_in
from tests.tickets.bundle.conftest import desk as empty_desk
from tests.tickets.bundle.logs import Desk
from tickets.models import Client, Queue, Team, Topic, User

desk = empty_desk

# Always the same examples, so that the suite says the same every time; each in a savepoint of one transaction. They are
# small enough to be read as they are: making a failing one smaller still takes minutes.
few = settings(
    max_examples=10,
    phases=[Phase.explicit, Phase.generate],
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
ZONES = [ZoneInfo(name) for name in ("Europe/Stockholm", "Asia/Kolkata", "Australia/Lord_Howe", "UTC")]
# The first local day and how many: nights of a clock change alone, whole months, and pieces of them.
SPANS = [(date(2025, 10, 24), 5), (date(2025, 9, 29), 38), (date(2025, 10, 1), 31), (date(2026, 3, 27), 11)]
MODELS = {"queue": Queue, "topic": Topic, "agent": User, "client": Client, "team": Team}
NAMES = {"queue": "code", "topic": "path", "agent": "code", "client": "code", "team": "code"}


@dataclass(frozen=True)
class Asked:
    """A question without ids, which every import makes anew."""

    period: Period
    by: tuple[str, ...]
    filters: dict[str, str]
    as_of: datetime

    def query(self, engine: str = "auto") -> Query:
        filters = {
            name: [wanted]
            if name == "channel"
            else list(MODELS[name].objects.filter(**{NAMES[name]: wanted}).values_list("pk", flat=True))
            for name, wanted in self.filters.items()
        }
        return Query(self.period, self.by, filters, self.as_of, engine)


@st.composite
def questions(draw: st.DrawFn, splits: tuple[str, ...] = (*TIME_SPLITS, *MODELS, "channel")) -> Asked:
    zone = draw(st.sampled_from(ZONES))
    first, days = draw(st.sampled_from(SPANS))
    period = Period(midnight(first, zone), midnight(first + timedelta(days=days), zone), zone)
    by = draw(st.lists(st.sampled_from(splits), max_size=2, unique=True)) if splits else []
    times = [split for split in by if split in TIME_SPLITS]
    choices = {"channel": CHANNELS[1:], "queue": QUEUES[:2], "topic": TOPICS[1:4], "agent": AGENTS}
    filters = {name: draw(st.sampled_from(choices[name])) for name in draw(st.sampled_from([(), (), *zip(choices)]))}
    # In the middle of the log, soon after it, and when all is mature.
    as_of = draw(st.sampled_from([datetime(2025, 10, 28, tzinfo=UTC), period.end, datetime(2026, 6, 1, tzinfo=UTC)]))
    return Asked(period, tuple(split for split in by if split not in times[1:]), filters, as_of)


@contextmanager
def given_up() -> Iterator[None]:
    """Nothing of it stays."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


def answers(asked: Asked, engine: str = "auto") -> dict[tuple[Any, ...], dict[str, Value]]:
    """The values of all KPIs by group, with names in place of ids."""
    names: dict[str, dict[Any, str]] = {
        name: dict(model.objects.values_list("pk", NAMES[name])) for name, model in MODELS.items() if name in asked.by
    }
    rows = compute.values(KPIS.values(), asked.query(engine))
    found = {
        tuple(names[split].get(value) if split in names else value for split, value in row.group.items()): row.values
        for row in rows
    }
    assert len(found) == len(rows)
    return found


some = st.sets(st.sampled_from([*(f"S{n}" for n in range(4)), *(f"C{n}" for n in range(8))]), max_size=3)


@few
@given(rows=logs(), late=some, asked=questions())
def test_cells_give_what_the_log_gives(desk: Desk, rows: Rows, late: set[str], asked: Asked) -> None:
    with given_up():
        first, rest = in_two(rows, late)
        take_in(desk, first)
        refresh()
        take_in(desk, rest)
        from_log = answers(asked, "facts")
        for state in ("part stored, part marked", "all stored"):
            assert answers(asked) == from_log, state
            refresh()


@few
@given(rows=logs(), asked=questions(splits=()), split=st.sampled_from([*TIME_SPLITS, *MODELS, "channel"]))
def test_the_parts_add_up_to_the_whole(desk: Desk, rows: Rows, asked: Asked, split: str) -> None:
    with given_up():
        take_in(desk, rows)
        refresh()
        (whole,) = answers(asked).values()
        parts = answers(replace(asked, by=(split,))).values()
        for key, value in whole.items():
            if adds_up(KPIS[key], split) and not value.is_hidden:
                # What an average is divided by is time, whatever its parts.
                count = 1 if KPIS[key].average else 2
                assert added(parts, key)[:count] == pytest.approx(sides(value)[:count], abs=1e-6), key


def adds_up(kpi: Kpi, split: str) -> bool:
    """Middles and maxima do not; a stock does not over time, nor does how far interviews have come."""
    if kpi.percentile is not None or kpi.numerator.aggregate == "max" or kpi.key == "call-back-coverage":
        return False
    if split in TIME_SPLITS:
        return not kpi.stock
    return all(split in part.fact.dimensions for part in kpi.parts) and split in kpi.fact.dimensions


def sides(value: Value) -> tuple[float, float]:
    """Numerator and denominator; a plain count has its value."""
    is_count = value.denominator is None
    return ((value.value if is_count else value.numerator) or 0, value.denominator or 0)


def added(parts: Any, key: str) -> tuple[float, float]:
    both = [sides(part[key]) for part in parts]
    return sum(a for a, _ in both), sum(b for _, b in both)


@few
@given(rows=logs(), asked=questions(), late=some, chance=st.integers(0, 10**6))
def test_however_the_rows_come_in(desk: Desk, rows: Rows, asked: Asked, late: set[str], chance: int) -> None:
    random = Random(chance)
    with given_up():
        take_in(desk, rows)
        refresh()
        once = answers(asked)
    with given_up():
        mixed = {name: random.sample(lines, len(lines)) for name, lines in rows.items()}
        # The log in any order: twice, or in two parts.
        imports = random.choice([[mixed, mixed], in_two(mixed, late), in_two(mixed, late), [mixed, rows]])
        for part in imports:
            take_in(desk, part)
            if random.random() < 0.5:
                refresh()
        assert answers(asked) == once
        refresh()
        assert answers(asked) == once
        assert check() == ([], 0)


@few
@given(rows=logs(), asked=questions(), is_refreshed=st.booleans())
def test_no_value_leaves_its_bounds(desk: Desk, rows: Rows, asked: Asked, *, is_refreshed: bool) -> None:
    with given_up():
        take_in(desk, rows)
        if is_refreshed:
            refresh()
        for group, values in answers(asked).items():
            for key, value in values.items():
                assert is_within_bounds(KPIS[key], value), (group, key, value)


def is_within_bounds(kpi: Kpi, value: Value) -> bool:
    if value.value is None:
        return True
    if kpi.unit is Unit.SHARE and not (0 <= value.value <= 1 and (value.numerator or 0) <= (value.denominator or 0)):
        return False
    low = value.value if value.low is None else value.low
    high = value.value if value.high is None else value.high
    return low <= value.value + 1e-12 and value.value <= high + 1e-12
