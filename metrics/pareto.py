"""Which few topics or causes make up most of it, and between what bounds the unclassified leave the share of failures."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from metrics import compute
from metrics.catalog.accessibility import HANDLED
from metrics.catalog.demand import FAILURE_DEMAND, UNCLASSIFIED
from metrics.catalog.efficiency import AHT
from metrics.compute import Query
from metrics.question import Labels
from metrics.reader import reader
from metrics.sampling import worst_case
from metrics.sources import current_rows
from metrics.stats import wilson

VITAL = 0.8
# Above this the classes do not fit what comes in.
MUCH_OTHER = 0.15
# Above this a share says more about the classifying than about the demand.
MUCH_UNCLASSIFIED = 0.10
OTHER = {"", "other", "övrigt", "muu", "muut"}
WEIGHTS = {"contacts": HANDLED, "handle-time": AHT}


@dataclass(frozen=True)
class Bar:
    """One class: how much, what share, what share it and the larger ones have together; `low` and `high` of counts."""

    name: str
    amount: float
    share: float
    cumulative: float
    is_vital: bool
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True)
class Pareto:
    bars: list[Bar]
    total: float
    other_share: float

    @property
    def vital_few(self) -> list[str]:
        return [bar.name for bar in self.bars if bar.is_vital]

    @property
    def is_taxonomy_weak(self) -> bool:
        return self.other_share > MUCH_OTHER


def pareto(amounts: Mapping[str, float], *, counts: bool = True) -> Pareto:
    """Order classes by size, ties by name. What has no class, or "other", never ranks and stands last.

    The vital few are the shortest head that makes up 80 % or more.
    """
    total = sum(amounts.values())
    named = sorted((name for name in amounts if not _is_other(name)), key=lambda name: (-amounts[name], name))
    others = sorted(name for name in amounts if _is_other(name))
    bars, reached = [], 0.0
    for name in [*named, *others]:
        amount = amounts[name]
        # What is reached before it decides: the one that passes the line is the last of the few.
        is_vital = name in named and reached < VITAL * total - 1e-9 * total
        reached += amount
        low, high = (wilson(amount, total) or (None, None)) if counts else (None, None)
        bars.append(Bar(name, amount, amount / total, reached / total, is_vital, low, high))
    return Pareto(bars, total, sum(amounts[name] for name in others) / total if total else 0.0)


def _is_other(name: str) -> bool:
    return name.rpartition("/")[2].strip().lower() in OTHER


def topics(query: Query, *, weight: str = "contacts", depth: int | None = None) -> Pareto:
    """Handled contacts by topic.

    Args:
        weight: "contacts", or "handle-time" for the agents' seconds that they took.
        depth: How many levels of the topic's path to tell apart; all of them unless given.
    """
    kpi = WEIGHTS[weight]
    rows = compute.values([kpi], replace(query, by=("topic",)))
    labels = Labels(rows, query)
    amounts: dict[str, float] = {}
    for row in rows:
        value = row.values[kpi.key]
        amount = value.value if kpi.denominator is None else value.numerator
        path = labels.of(row)["topic"] or ""
        name = "/".join(path.split("/")[:depth])
        amounts[name] = amounts.get(name, 0) + (amount or 0)
    return pareto({name: amount for name, amount in amounts.items() if amount}, counts=kpi is HANDLED)


def causes(query: Query) -> Pareto:
    """Handled contacts that are failure demand, by what caused them."""
    kpi = FAILURE_DEMAND
    params = replace(query, by=()).params
    rows = current_rows(kpi.fact, query.whole, query.filters, params, engine=query.engine)
    with reader().cursor() as cursor:
        cursor.execute(
            f"SELECT c.cause, count(*) FROM (SELECT f.id FROM {rows} WHERE {kpi.numerator.where}) x "
            "JOIN tickets_contact c ON c.id = x.id GROUP BY 1",
            params,
        )
        return pareto(dict(cursor.fetchall()))


@dataclass(frozen=True)
class Bounds:
    """The share of failure demand, and what it would be were all unclassified contacts of value, or all failures."""

    value: float | None
    low: float | None
    high: float | None
    unclassified: float | None

    @property
    def is_grey(self) -> bool:
        return (self.unclassified or 0) > MUCH_UNCLASSIFIED


def failure_bounds(query: Query) -> Bounds:
    (row,) = compute.values([FAILURE_DEMAND, UNCLASSIFIED], replace(query, by=()))
    failure, unclassified = row.values[FAILURE_DEMAND.key], row.values[UNCLASSIFIED.key]
    found = worst_case(failure.numerator or 0, failure.denominator or 0, unclassified.denominator or 0)
    low, high = found or (None, None)
    return Bounds(failure.value, low, high, unclassified.value)
