"""Topics by business area: how many contacts, how many of them failures, what they take and cost, and how they end."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from django.utils.translation import gettext_lazy as _

from metrics import compute, pareto, stats
from metrics.catalog import KPIS
from metrics.compute import Query, Value
from tickets.models import Topic

RATES = ("failure-demand", "fcr", "csat")
KEYS = ("handled", *RATES, "aht")
WEIGHTS = {
    "failures": _("Failure demand"),
    "contacts": _("Contacts"),
    "time": _("Handling time"),
    "cost": _("Handling cost"),
}
NO_AREA = ""


@dataclass
class Sums:
    """What topics take together: numerators and denominators, so that rates are never averaged."""

    contacts: float = 0
    seconds: float = 0
    tops: dict[str, float] = field(default_factory=lambda: defaultdict(float))
    bases: dict[str, float] = field(default_factory=lambda: defaultdict(float))

    def add(self, other: Sums) -> None:
        self.contacts += other.contacts
        self.seconds += other.seconds
        for key in RATES:
            self.tops[key] += other.tops[key]
            self.bases[key] += other.bases[key]

    def rate(self, key: str) -> Value:
        top, base = self.tops[key], self.bases[key]
        low, high = stats.wilson(top, base) or (None, None)
        return Value(top / base if base else None, top, base, low=low, high=high)


@dataclass(frozen=True)
class Bar:
    """One bar: a business area, or a topic with all below it."""

    name: str
    area: str
    path: str
    sums: Sums
    cost: float | None
    share: float
    cumulative: float
    is_vital: bool


@dataclass(frozen=True)
class Causes:
    bars: list[Bar]
    total: Sums
    cost: float | None
    currency: str
    weight: str


def causes(query: Query, *, weight: str = "failures", area: str | None = None, depth: int = 1) -> Causes:
    """Bars in order of their weight, the vital few first.

    Args:
        area: The topics of one business area ("" for those without); None for the areas themselves.
        depth: How many levels of the topic's path to tell apart, within an area.
    """
    paths, areas = _topics()
    by_topic = _by_topic(query, paths)
    total = _total(by_topic.values())
    cost, currency = _cost(query)
    groups: dict[str, Sums] = defaultdict(Sums)
    for path, sums in by_topic.items():
        own = areas.get(path, NO_AREA)
        if area is None:
            groups[own].add(sums)
        elif own == area:
            groups["/".join(path.split("/")[:depth])].add(sums)
    if weight == "cost" and cost is None:
        weight = "time"
    found = pareto.pareto({name: _weight(sums, weight) for name, sums in groups.items() if _weight(sums, weight)})
    return Causes(
        [
            Bar(
                bar.name,
                bar.name if area is None else area,
                "" if area is None else bar.name,
                groups[bar.name],
                _part(cost, groups[bar.name], total),
                bar.share,
                bar.cumulative,
                bar.is_vital,
            )
            for bar in found.bars
        ],
        total,
        cost,
        currency,
        weight,
    )


def _weight(sums: Sums, weight: str) -> float:
    if weight == "failures":
        return sums.tops["failure-demand"]
    return sums.contacts if weight == "contacts" else sums.seconds


def _part(cost: float | None, sums: Sums, total: Sums) -> float | None:
    """Its part of what handling cost, by the time that it took."""
    return cost * sums.seconds / total.seconds if cost is not None and total.seconds else None


def _topics() -> tuple[dict[int, str], dict[str, str]]:
    """Paths by key; and business areas by path, a topic without one having that of the nearest above it."""
    rows = list(Topic.objects.order_by("path").values_list("pk", "path", "business_area"))
    areas: dict[str, str] = {}
    for _pk, path, area in rows:
        areas[path] = area or areas.get(path.rpartition("/")[0], NO_AREA)
    return {pk: path for pk, path, _area in rows}, areas


def _by_topic(query: Query, paths: Mapping[int, str]) -> dict[str, Sums]:
    kpis = [KPIS[key] for key in KEYS]
    found: dict[str, Sums] = defaultdict(Sums)
    for row in compute.values(kpis, replace(query, by=("topic",))):
        sums = found[paths.get(row.group["topic"], "")]
        sums.contacts += row.values["handled"].value or 0
        sums.seconds += row.values["aht"].numerator or 0
        for key in RATES:
            sums.tops[key] += row.values[key].numerator or 0
            sums.bases[key] += row.values[key].denominator or 0
    return found


def _total(parts: Iterable[Sums]) -> Sums:
    total = Sums()
    for one in parts:
        total.add(one)
    return total


def _cost(query: Query) -> tuple[float | None, str]:
    """What the whole months of the period cost; None where the ledger has none of them, or the filters leave clients."""
    if set(query.filters) - {"client"}:
        return None, ""
    (row,) = compute.values([KPIS["cost-per-contact"]], replace(query, by=()))
    value = row.values["cost-per-contact"]
    return value.numerator or None, value.currency


def topic_ids(path: str) -> list[Any]:
    """The topic and all below it."""
    from django.db.models import Q

    return list(Topic.objects.filter(Q(path=path) | Q(path__startswith=f"{path}/")).values_list("pk", flat=True))


def areas_of(paths: Iterable[str]) -> dict[str, str]:
    """The business areas of these topics."""
    _paths, areas = _topics()
    return {path: areas.get(path, NO_AREA) for path in paths}
