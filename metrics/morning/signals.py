"""Which figures left their normal variation since yesterday: signals that were not there a day ago."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from django.utils.translation import gettext as _

from metrics import formats
from metrics.board import CARDS, Board
from metrics.cards import changes_for, marks_on
from metrics.compute import Value
from metrics.definition import Direction, Kpi, Unit
from metrics.period import Period, midnight
from metrics.purse import CARD_SECONDS, Purse, answers
from metrics.variation import RULES, point, variation

# Enough for limits that stand firm, and for a signal to be seen against them.
DAYS, WEEKS = 56, 26


@dataclass(frozen=True)
class Signal:
    text: str
    url: str
    figure: str
    rule: str


def fresh(board: Board) -> Iterator[Signal]:
    """Signals of whole days, and of counts by whole weeks, that are there now and were not a day ago.

    Only a point that was not firm a day ago is news: an old one that signals because its limits moved is none. A figure
    whose rows ripen late signals on the day on which it is firm: first contact resolution a week after.
    """
    now = board.query.as_of
    purse = Purse(CARD_SECONDS)
    daily = [kpi for kpi in CARDS.values() if kpi.unit is not Unit.COUNT and not kpi.stock]
    counts = [kpi for kpi in CARDS.values() if kpi.unit is Unit.COUNT and not kpi.stock]
    for kpis, split, span in ((daily, "day", DAYS), (counts, "week", 7 * WEEKS)):
        today = midnight(now.astimezone(board.period.zone).date(), board.period.zone)
        here = _tested(board, kpis, split, span, today, now, purse)
        there = _tested(board, kpis, split, span, today - timedelta(days=1), now - timedelta(days=1), purse)
        for kpi in kpis:
            known = there.firm.get(kpi.key, set())
            for start, found in here.found.get(kpi.key, {}).items():
                if start not in known:
                    yield _said(board, kpi, split, start, found)


@dataclass(frozen=True)
class Found:
    """One point beyond normal variation: its value, the mean that it left, and the rules that it broke."""

    value: Value
    mean: float
    rules: Sequence[int]


@dataclass(frozen=True)
class Tested:
    """As of a moment, by KPI: the points that signalled, and the pieces of time whose points were firm."""

    found: dict[str, dict[datetime, Found]] = field(default_factory=dict)
    firm: dict[str, set[datetime]] = field(default_factory=dict)


def _tested(
    board: Board, kpis: Sequence[Kpi], split: str, days: int, end: datetime, as_of: datetime, purse: Purse
) -> Tested:
    """Put the series to the test as they were then. Only whole pieces."""
    zone = board.period.zone
    first = end.astimezone(zone).date() - timedelta(days=days)
    if split == "week":
        end = midnight(end.astimezone(zone).date() - timedelta(days=end.astimezone(zone).weekday()), zone)
        first -= timedelta(days=first.weekday())
    period = Period(midnight(first, zone), end, zone)
    query = replace(board.query, period=period, as_of=as_of, by=(split,), at=None)
    rows, _late = answers(kpis, query, purse)
    values = {row.group[split]: row.values for row in rows}
    edges = period.edges(split)[:-1]
    marked = marks_on(replace(board, question=replace(board.question, query=query)), edges=edges)
    told = Tested()
    for kpi in kpis:
        points = [point(kpi, values.get(edge, {}).get(kpi.key)) for edge in edges]
        tested = variation(kpi, split, points, changes_for(kpi, marked))
        for at, rules in tested.signals.items():
            value = values.get(edges[at], {}).get(kpi.key)
            mean = next((one.mean for one in tested.stretches if one.start <= at < one.end), None)
            if value is not None and value.value is not None and mean is not None:
                told.found.setdefault(kpi.key, {})[edges[at]] = Found(value, mean, rules)
        told.firm[kpi.key] = {edge for edge, one in zip(edges, points, strict=True) if one.firm is not None}
    return told


def _said(board: Board, kpi: Kpi, split: str, start: datetime, found: Found) -> Signal:
    zone = board.period.zone
    length = timedelta(days=7 if split == "week" else 1)
    day = start.astimezone(zone).date()
    piece = {"start": [day.isoformat()], "end": [(day + length).isoformat()]}
    above = (found.value.value or 0) > found.mean
    if kpi.direction is Direction.NONE:
        verdict = _("higher than usual") if above else _("lower than usual")
    else:
        verdict = (
            _("better than usual") if above is (kpi.direction is Direction.HIGHER_IS_BETTER) else _("worse than usual")
        )
    text = _("%(name)s, %(when)s: %(verdict)s") % {
        "name": kpi.name,
        "when": formats.bucket(start, split, zone),
        "verdict": verdict,
    }
    rule = "; ".join(str(RULES[rule]) for rule in found.rules)
    mean = _("mean %s") % formats.amount(kpi, found.mean)
    return Signal(text, board.rows_link(kpi, **piece), formats.figure(kpi, found.value), f"{mean}; {rule}")
