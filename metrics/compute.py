"""The engine: KPIs + period + scope -> values. The same numbers on every page, export and API come from here.

Two ways give the same values: `facts` counts the rows of the log; `auto` sums stored cells where they can answer and
takes from the log what they cannot: hours that are marked dirty, buckets with provisional rows, and questions that no
grain of cells fits.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any

from django.db import connection, transaction
from django.utils import timezone

from metrics import cells, stats
from metrics.cells import GRAINS, Grain
from metrics.definition import Fact, Kpi, Maturity, Measure, Unit
from metrics.period import HOUR, TIME_SPLITS, Period, midnight
from metrics.sql import COLUMNS, Params, Ranges, clip_ranges, fact_rows, merge_ranges, narrowed, rest_of, within

# More pieces than this are not worth a mixed answer: the log answers alone.
MAX_PIECES = 60
PROVISIONAL = "provisional"
Key = tuple[Any, ...]
Totals = dict[Key, dict[str, Any]]


@dataclass(frozen=True)
class Query:
    """A question. `filters` holds ids by dimension (channels by code); an empty list matches nothing."""

    period: Period
    by: tuple[str, ...] = ()
    filters: Mapping[str, Sequence[Any]] = field(default_factory=dict)
    as_of: datetime = field(default_factory=timezone.now)
    engine: str = "auto"

    @property
    def time_split(self) -> str | None:
        return next((split for split in self.by if split in TIME_SPLITS), None)

    @property
    def dimensions(self) -> tuple[str, ...]:
        return tuple(split for split in self.by if split not in TIME_SPLITS)


@dataclass(frozen=True)
class Value:
    """One KPI's value. Durations in seconds, shares 0 to 1. `value` is None where there is nothing to divide by."""

    value: float | None
    numerator: float | None = None
    denominator: float | None = None
    n: int | None = None
    low: float | None = None
    high: float | None = None
    squares: float | None = None
    provisional: int = 0
    definition: int = 1


@dataclass(frozen=True)
class Row:
    """One group's values. `group` has the start of the time bucket (aware) and ids of the dimensions, by split."""

    group: dict[str, Any]
    values: dict[str, Value]


def values(kpis: Iterable[Kpi], query: Query) -> list[Row]:
    """Compute the KPIs, one row a group. Without `by` there is always exactly one row."""
    kpis = list(kpis)
    collected: dict[Key, dict[str, Value]] = defaultdict(dict)
    if connection.in_atomic_block:
        _collect(kpis, query, collected)
    else:
        with transaction.atomic(), connection.cursor() as cursor:
            # Marks and cells must be seen as of one instant: a refresh between two reads would count an hour twice.
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
            _collect(kpis, query, collected)
    if not query.by:
        collected.setdefault((), {})
    edges = _edges(query)
    rows = []
    for key in sorted(collected, key=_sortable):
        found = {kpi.key: collected[key].get(kpi.key) or _value(kpi, {}) for kpi in kpis}
        if not query.by or any(_has_rows(value) for value in found.values()):
            rows.append(Row(_group(query, key, edges), found))
    return rows


def _has_rows(value: Value) -> bool:
    return bool(value.value or value.denominator or value.n or value.provisional)


def _sortable(key: Key) -> tuple[tuple[bool, Any], ...]:
    return tuple((part is None, part if part is not None else 0) for part in key)


def _group(query: Query, key: Key, edges: Sequence[datetime]) -> dict[str, Any]:
    group: dict[str, Any] = {}
    parts = list(key)
    if query.time_split:
        group[query.time_split] = edges[parts.pop(0)]
    group |= dict(zip(query.dimensions, parts, strict=True))
    return {split: group[split] for split in query.by}


def _edges(query: Query) -> list[datetime]:
    return query.period.edges(query.time_split) if query.time_split else [query.period.start, query.period.end]


def _collect(kpis: Sequence[Kpi], query: Query, collected: dict[Key, dict[str, Value]]) -> None:
    families: dict[tuple[str, str], list[Kpi]] = defaultdict(list)
    for kpi in kpis:
        families[kpi.fact.code, kpi.maturity.code if kpi.maturity else ""].append(kpi)
    for family in families.values():
        additive = [kpi for kpi in family if kpi.percentile is None]
        if additive:
            for key, totals in _additive(additive, query).items():
                for kpi in additive:
                    collected[key][kpi.key] = _value(kpi, totals)
        percentiles = [kpi for kpi in family if kpi.percentile is not None]
        if percentiles:
            for key, found in _percentiles(percentiles, query).items():
                collected[key].update(found)


# --- additive parts


def _additive(kpis: Sequence[Kpi], query: Query) -> Totals:
    fact, maturity = kpis[0].fact, kpis[0].maturity
    measures = {measure.code: measure for kpi in kpis for measure in kpi.measures}
    cohorts = {kpi.key: kpi.denominator for kpi in kpis if maturity and kpi.denominator}
    start, end = query.period.start, query.period.end
    grain = _grain(query) if query.engine == "auto" else None
    if grain is None:
        return _from_facts(fact, measures, maturity, cohorts, query, [(start, end)])
    live = _not_in_cells(fact, grain, maturity, query)
    stored = rest_of(live, start, end)
    if len(live) > MAX_PIECES:
        return _from_facts(fact, measures, maturity, cohorts, query, [(start, end)])
    totals = _from_cells(fact, grain, measures, query, stored) if stored else {}
    if live:
        _add(totals, _from_facts(fact, measures, maturity, cohorts, query, live), measures)
    return totals


def _add(totals: Totals, more: Totals, measures: Mapping[str, Measure]) -> None:
    for key, parts in more.items():
        mine = totals.setdefault(key, {})
        for code, number in parts.items():
            measure = measures.get(code)
            if number is None:
                continue
            if mine.get(code) is None:
                mine[code] = number
            elif measure is not None and measure.aggregate == "max":
                mine[code] = max(mine[code], number)
            else:
                mine[code] += number


def _grain(query: Query) -> Grain | None:
    """The coarsest grain that has the dimensions asked for and whose buckets the period's pieces are made of."""
    wanted = {*query.dimensions, *query.filters}
    edges = _edges(query)
    whole = {"day": _are_days(edges), "hour": _are_hours(edges)}
    for grain in GRAINS:
        if wanted <= set(grain.dimensions) and whole[grain.split]:
            return grain
    return None


def _are_days(edges: Sequence[datetime]) -> bool:
    zone = cells.zone()
    return all(midnight(edge.astimezone(zone).date(), zone) == edge for edge in edges)


def _are_hours(edges: Sequence[datetime]) -> bool:
    origin = cells.hour_origin()
    return all((edge - origin) % HOUR == timedelta() for edge in edges)


def _not_in_cells(fact: Fact, grain: Grain, maturity: Maturity | None, query: Query) -> list[tuple[datetime, datetime]]:
    """Ranges of whole buckets that the log must answer: marked dirty, or holding rows not mature at `as_of`."""
    start, end = query.period.start, query.period.end
    buckets = {
        bucket
        for a, b in cells.pending_hours(fact.dirty_kind, start, end)
        for bucket in _buckets_of(grain, max(a, start), min(b, end))
    }
    if maturity is not None:
        params: Params = {"a": start, "b": end, "as_of": query.as_of}
        sql = (
            f"SELECT DISTINCT bucket FROM {cells.table(fact, grain)} WHERE bucket >= %(a)s AND bucket < %(b)s "
            f"AND settled_{maturity.code} > %(as_of)s{narrowed(COLUMNS, query.filters, params)}"
        )
        with connection.cursor() as cursor:
            cursor.execute(sql, params)
            buckets |= {row[0].astimezone(UTC) for row in cursor.fetchall()}
    return clip_ranges(merge_ranges([(b, _bucket_end(grain, b)) for b in buckets]), start, end)


def _buckets_of(grain: Grain, start: datetime, end: datetime) -> Iterable[datetime]:
    zone, origin = cells.zone(), cells.hour_origin()
    into_hour = (start - origin) % HOUR
    bucket = midnight(start.astimezone(zone).date(), zone) if grain.split == "day" else start - into_hour
    while bucket < end:
        yield bucket
        bucket = _bucket_end(grain, bucket)


def _bucket_end(grain: Grain, bucket: datetime) -> datetime:
    if grain.split == "hour":
        return bucket + HOUR
    zone = cells.zone()
    day: date = bucket.astimezone(zone).date()
    return midnight(day + timedelta(days=1), zone)


def _keys(query: Query, at: str, params: Params) -> list[str]:
    keys = []
    if query.time_split:
        params["edges"] = _edges(query)[1:-1]
        keys.append(f"width_bucket({at}, %(edges)s::timestamptz[])")
    return keys + [COLUMNS[name] for name in query.dimensions]


def _run(keys: Sequence[str], parts: Mapping[str, str], source: str, params: Params) -> Totals:
    grouping = f" GROUP BY {', '.join(str(n + 1) for n in range(len(keys)))}" if keys else ""
    columns = [*keys, *(f"{sql} AS {code}" for code, sql in parts.items())]
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {', '.join(columns)} FROM {source}{grouping}", params)
        return {tuple(row[: len(keys)]): dict(zip(parts, row[len(keys) :], strict=True)) for row in cursor.fetchall()}


def _from_cells(fact: Fact, grain: Grain, measures: Mapping[str, Measure], query: Query, ranges: Ranges) -> Totals:
    params: Params = {}
    keys = _keys(query, "bucket", params)
    parts = {code: f"{'max' if m.aggregate == 'max' else 'sum'}({code})" for code, m in measures.items()}
    where = within("bucket", ranges, params) + narrowed(COLUMNS, query.filters, params)
    return _run(keys, parts, f"{cells.table(fact, grain)} WHERE {where}", params)


def _from_facts(
    fact: Fact,
    measures: Mapping[str, Measure],
    maturity: Maturity | None,
    cohorts: Mapping[str, Measure],
    query: Query,
    ranges: Ranges,
) -> Totals:
    params: Params = {"as_of": query.as_of}
    keys = _keys(query, "f.at", params)
    if maturity is None:
        parts = {code: measure.sql for code, measure in measures.items()}
    else:
        parts = {code: mature(measure, maturity).sql for code, measure in measures.items()}
        for name, cohort in cohorts.items():
            parts[f'"{PROVISIONAL} {name}"'] = f"count(*) FILTER (WHERE ({cohort.where}) AND {maturity.at} > %(as_of)s)"
    totals = _run(keys, parts, fact_rows(fact, ranges, query.filters, params), params)
    return {key: {code.strip('"'): number for code, number in found.items()} for key, found in totals.items()}


def mature(measure: Measure, maturity: Maturity) -> Measure:
    """The same part over the rows that are no longer provisional at `as_of`."""
    return Measure(
        measure.code,
        f"({measure.where}) AND {maturity.at} <= %(as_of)s",
        measure.value,
        measure.aggregate,
        measure.scale,
    )


# --- percentiles


def _percentiles(kpis: Sequence[Kpi], query: Query) -> dict[Key, dict[str, Value]]:
    fact = kpis[0].fact
    params: Params = {"as_of": query.as_of}
    keys = _keys(query, "f.at", params)
    parts: dict[str, str] = {}
    for index, kpi in enumerate(kpis):
        value, where = kpi.numerator.value, kpi.numerator.where
        parts[f"p{index}"] = f"percentile_cont({kpi.percentile}) WITHIN GROUP (ORDER BY {value}) FILTER (WHERE {where})"
        parts[f"n{index}"] = f"count({value}) FILTER (WHERE {where})"
    rows = fact_rows(fact, [(query.period.start, query.period.end)], query.filters, params)
    found: dict[Key, dict[str, Value]] = {}
    for key, numbers in _run(keys, parts, rows, params).items():
        found[key] = {
            kpi.key: Value(
                value=_scaled(numbers[f"p{index}"], kpi.numerator.scale),
                n=numbers[f"n{index}"],
                definition=kpi.definition_version,
            )
            for index, kpi in enumerate(kpis)
        }
    return found


# --- from parts to a value


def _scaled(number: Any, scale: int) -> float | None:
    if number is None:
        return None
    return float(number) / scale if scale != 1 else _plain(number)


def _plain(number: Any) -> float | int:
    whole = int(number)
    return whole if whole == number else float(number)


def _value(kpi: Kpi, totals: Mapping[str, Any]) -> Value:
    if kpi.percentile is not None:
        return Value(value=None, n=0, definition=kpi.definition_version)
    number = totals.get(kpi.numerator.code)
    if kpi.denominator is None:
        plain = _scaled(number, kpi.numerator.scale)
        if kpi.unit is Unit.COUNT:
            plain = plain or 0
        return Value(value=plain, definition=kpi.definition_version)
    numerator = _scaled(number or 0, kpi.numerator.scale) or 0
    denominator = _scaled(totals.get(kpi.denominator.code) or 0, kpi.denominator.scale) or 0
    squares = _scaled(totals.get(kpi.squares.code) or 0, kpi.squares.scale) if kpi.squares else None
    low, high = interval(kpi, numerator, denominator, squares)
    return Value(
        value=kpi.factor * numerator / denominator if denominator else None,
        numerator=numerator,
        denominator=denominator,
        low=low,
        high=high,
        squares=squares,
        provisional=int(totals.get(f"{PROVISIONAL} {kpi.key}") or 0),
        definition=kpi.definition_version,
    )


def interval(
    kpi: Kpi, numerator: float, denominator: float, squares: float | None
) -> tuple[float | None, float | None]:
    """The 95 % interval of a value, or (None, None) where none is defined."""
    found: stats.Interval | None = None
    if denominator and kpi.unit is Unit.SHARE:
        found = stats.wilson(numerator, denominator)
    elif denominator and kpi.unit is Unit.POINTS and squares is not None:
        found = stats.net_score_interval(numerator, squares, int(denominator))
    elif denominator and squares is not None:
        found = stats.mean_interval(numerator, squares, int(denominator))
    return found or (None, None)
