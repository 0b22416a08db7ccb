"""The engine: KPIs + period + scope -> values. The same numbers on every page, export and API come from here.

Two ways give the same values: `facts` judges and counts the rows of the log; `auto` sums stored cells where they can
answer, takes from the stored records what no cell fits, takes out what is provisional as of the moment asked for, and
corrects all by what is pending.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cached_property, partial
from typing import Any

from django.db import transaction
from django.utils import timezone

from metrics import gates, ledgers, stats, stocks
from metrics.catalog import columns_of
from metrics.definition import Fact, Kpi, Measure, Part, Unit
from metrics.door import EVERYTHING, Sight
from metrics.grains import plan
from metrics.period import TIME_SPLITS, Period, Slot
from metrics.reader import reader
from metrics.sources import MANY, current_rows, pending_count, pending_rows, stored_rows
from metrics.sql import COLUMNS, Band, Params, Ranges, log_rows, narrowed, parted, within
from metrics.store import cell_table

Key = tuple[Any, ...]
Numbers = dict[str, Any]
Totals = dict[Key, Numbers]


@dataclass(frozen=True)
class Query:
    """A question. `filters` holds ids by dimension (channels by code); an empty list matches nothing.

    `at`: the instant for stocks, where it is not the end of the period. `sight`: what rows may say to who asks.
    `slot`: of the period only one half-hour of the week. `band`: of the rows only those whose measure lies within.
    `cause`: of the contacts only those that were caused so.
    """

    period: Period
    by: tuple[str, ...] = ()
    filters: Mapping[str, Sequence[Any]] = field(default_factory=dict)
    as_of: datetime = field(default_factory=timezone.now)
    engine: str = "auto"
    at: datetime | None = None
    sight: Sight = EVERYTHING
    slot: Slot | None = None
    band: Band | None = None
    cause: str | None = None

    @property
    def moment(self) -> datetime:
        """The instant at which stocks are counted: of a period its end, or now where it is not over."""
        return self.at or min(self.period.end, self.as_of)

    @property
    def time_split(self) -> str | None:
        return next((split for split in self.by if split in TIME_SPLITS), None)

    @property
    def dimensions(self) -> tuple[str, ...]:
        return tuple(split for split in self.by if split not in TIME_SPLITS)

    @cached_property
    def edges(self) -> list[datetime]:
        """The instants that cut the period into its groups, both ends included."""
        return self.period.edges(self.time_split) if self.time_split else [self.period.start, self.period.end]

    @property
    def params(self) -> Params:
        """What the SQL of a record that is not stored may refer to."""
        edges = self.edges
        return {"as_of": self.as_of, "zone": str(self.period.zone), "starts": edges[:-1], "ends": edges[1:]}

    def answers(self, kpi: Kpi) -> bool:
        """Whether all that the KPI divides has the dimensions asked for. Else one side would be of everything."""
        return kpi.denominator_fact is None or all(
            {*self.dimensions, *self.filters} <= set(part.fact.dimensions) for part in kpi.parts
        )

    @property
    def whole(self) -> Ranges:
        if self.slot:
            return self.period.slots(self.slot)
        return [(self.period.start, self.period.end)]


@dataclass(slots=True, unsafe_hash=True)  # made by the thousand: freezing costs most of the making
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
    currency: str = ""
    is_hidden: bool = False  # there is one, but it would tell what few people answered


@dataclass(frozen=True, slots=True)
class Row:
    """One group's values. `group` has the start of the time bucket (aware) and ids of the dimensions, by split."""

    group: dict[str, Any]
    values: dict[str, Value]


def values(kpis: Iterable[Kpi], query: Query) -> list[Row]:
    """Compute the KPIs, one row a group. Without `by` there is always exactly one row."""
    kpis = list(kpis)
    connection = reader()
    if connection.in_atomic_block:
        totals, percentiles = _collect(kpis, query)
    else:
        with transaction.atomic(using=connection.alias), connection.cursor() as cursor:
            # Marks, records and cells must be seen as of one instant: a refresh between two reads would count twice.
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
            totals, percentiles = _collect(kpis, query)
    keys = {*totals, *percentiles} or set()
    if not query.by:
        keys.add(())
    edges = query.edges
    rows = []
    for key in sorted(keys, key=_sortable):
        numbers, exact = totals.get(key, {}), percentiles.get(key, {})
        found = {kpi.key: exact.get(kpi.key) or value_of(kpi, numbers) for kpi in kpis}
        if not query.by or any(_has_rows(value) for value in found.values()):
            rows.append(Row(_group(query, key, edges), found))
    return gates.guarded(kpis, query, rows)


def by_slot(kpis: Sequence[Kpi], query: Query) -> dict[Slot, dict[str, Value]]:
    """The KPIs by half-hour of the week on the wall clock, all weeks of the period together. Added up from the rows.

    Only KPIs whose value comes from rows of single moments, see `question.is_added_up`.
    """
    found: dict[Slot, dict[str, Value]] = defaultdict(dict)
    families: dict[str, dict[str, Part]] = defaultdict(dict)
    for part in (part for kpi in kpis for part in kpi.parts):
        families[part.fact.code][part.name] = part
    totals: Totals = defaultdict(dict)
    for parts in families.values():
        asked = list(parts.values())
        local = f"(f.{asked[0].fact.at} AT TIME ZONE %(zone)s)"
        keys = [
            f"extract(isodow FROM {local})::int",
            f"(extract(hour FROM {local}) * 2 + floor(extract(minute FROM {local}) / 30))::int",
        ]
        rows = partial(current_rows, engine=query.engine)
        for key, numbers in _from_rows(asked, query, query.whole, rows, keys=keys).items():
            totals[key].update(numbers)
    for (weekday, half), numbers in totals.items():
        values = {kpi.key: value_of(kpi, numbers) for kpi in kpis}
        if any(_has_rows(value) for value in values.values()):
            found[Slot(weekday, half)] = values
    return dict(found)


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


def _collect(kpis: Sequence[Kpi], query: Query) -> tuple[Totals, dict[Key, dict[str, Value]]]:
    wanted: dict[tuple[str, bool], dict[str, Part]] = defaultdict(dict)
    percentiles: dict[str, list[Kpi]] = defaultdict(list)
    held = [kpi for kpi in kpis if kpi.stock or kpi.average]
    for kpi in (kpi for kpi in kpis if kpi not in held and query.answers(kpi)):
        if kpi.percentile is not None:
            percentiles[kpi.fact.code].append(kpi)
        else:
            for part in kpi.parts:
                wanted[part.fact.code, part.ledger is not None][part.name] = part
    totals: Totals = defaultdict(dict)
    for parts in wanted.values():
        asked = list(parts.values())
        for key, numbers in (_beside_ledger if asked[0].ledger else _parts)(asked, query).items():
            totals[key].update(numbers)
    exact: dict[Key, dict[str, Value]] = defaultdict(dict)
    for family in percentiles.values():
        for key, found in _percentiles(family, query).items():
            exact[key].update(found)
    for kpi, numbers_of in _held(held, query):
        for key, numbers in numbers_of.items():
            exact[key][kpi.key] = value_of(kpi, numbers)
    return totals, exact


def _held(kpis: Sequence[Kpi], query: Query) -> Iterator[tuple[Kpi, Totals]]:
    """What is there, at an instant or on average."""
    yield from stocks.snapshots([kpi for kpi in kpis if kpi.stock], query, _run)
    for kpi in kpis:
        if kpi.average:
            yield kpi, stocks.averaged(kpi, query, _parts, _run)


# --- additive parts


def _parts(parts: Sequence[Part], query: Query) -> Totals:
    """The totals of one fact's parts, by group."""
    fact = parts[0].fact
    if any(name not in fact.dimensions for name in query.dimensions):
        return {}
    if query.slot or query.band or query.cause is not None:
        return _from_rows(parts, query, query.whole, partial(current_rows, engine=query.engine))
    pending = pending_count(fact.record) if query.engine == "auto" and fact.record.stored else MANY + 1
    if pending > MANY:
        return _from_rows(parts, query, query.whole, log_rows)
    pieces = plan(query.edges, {*query.dimensions, *query.filters})
    cells = [(cell_table(fact, grain), ranges) for grain, ranges in pieces if grain is not None]
    totals = _from_cells(cells, parts, query) if cells else {}
    for ranges in (ranges for grain, ranges in pieces if grain is None):
        _add(totals, _from_rows(parts, query, ranges, stored_rows, judged=False), parts)
    if any(part.maturity for part in parts):
        _add(totals, _unripe(parts, query), parts)
    if pending:
        _correct(totals, parts, query)
    return totals


def _beside_ledger(parts: Sequence[Part], query: Query) -> Totals:
    """The totals over the months alone that the ledger covers, each of the clients that it has a row of."""
    assert parts[0].ledger is not None
    totals: Totals = {}
    for span in ledgers.spans(parts[0].ledger, query):
        narrow = replace(
            query,
            period=Period(span.start, span.end, query.period.zone),
            by=query.dimensions,
            filters={**query.filters, "client": span.clients},
        )
        bucket = (span.bucket,) if query.time_split else ()
        found = {(*bucket, *key): numbers for key, numbers in _parts(parts, narrow).items()}
        _add(totals, found, parts)
    return totals


def _add(totals: Totals, more: Totals, parts: Sequence[Part]) -> None:
    largest = {part.name for part in parts if part.measure.aggregate == "max"}
    for key, numbers in more.items():
        mine = totals.setdefault(key, {})
        for name, number in numbers.items():
            if number is None:
                continue
            if mine.get(name) is None:
                mine[name] = number
            elif name in largest:
                mine[name] = max(mine[name], number)
            else:
                mine[name] += number


def _from_cells(pieces: Sequence[tuple[str, Ranges]], parts: Sequence[Part], query: Query) -> Totals:
    """Sum cells of one or more grains: months, and the days and hours at both ends."""
    params: Params = {}
    keys = _time_key(query, "bucket", params) + [
        f"nullif({COLUMNS[name]}, {_NOTHING.get(name, '0')})" for name in query.dimensions
    ]
    names = columns_of(parts[0].fact.code)
    sums = {
        part.name: f"{'max' if part.measure.aggregate == 'max' else 'sum'}({names[part.measure.code]})"
        f"::{part.measure.column_type}"
        for part in parts
    }
    only = narrowed(COLUMNS, query.filters, params)
    columns = [
        "bucket",
        *(COLUMNS[name] for name in query.dimensions),
        *dict.fromkeys(names[p.measure.code] for p in parts),
    ]
    cells = [
        f"SELECT {', '.join(columns)} FROM {table} WHERE {within('bucket', ranges, params, f'r{n}_')}{only}"
        for n, (table, ranges) in enumerate(pieces)
    ]
    return _run(keys, sums, f"({' UNION ALL '.join(cells)}) c", params)


_NOTHING = {"channel": "''"}


def _from_rows(
    parts: Sequence[Part],
    query: Query,
    ranges: Ranges,
    source: Callable[..., str],
    *,
    judged: bool = True,
    keys: Sequence[str] | None = None,
) -> Totals:
    """Sum over rows. Not `judged`: as cells have them, as if all were mature; what is not is taken out afterwards."""
    params: Params = query.params
    fact = parts[0].fact
    keys = keys if keys is not None else _row_keys(fact, query, params)
    sums = {part.name: part.measure.sql(also=_mature(part) if judged else "") for part in parts}
    if judged:
        sums |= {name: f"count(*) FILTER (WHERE {where})" for name, where in _provisional(parts).items()}
    rows = parted(source(fact, ranges, query.filters, params), query.band, query.cause, params)
    if fact.until and query.time_split:
        # A month belongs to a group only where it lies in it as a whole.
        last = f"width_bucket(f.{fact.until} - interval '1 microsecond', %(edges)s::timestamptz[])"
        rows += f" WHERE {keys[0]} = {last}"
    return _run(keys, sums, rows, params)


def _mature(part: Part) -> str:
    return f"f.{part.maturity.at} <= %(as_of)s" if part.maturity else ""


def _provisional(parts: Sequence[Part]) -> dict[str, str]:
    """By name, the condition of the rows that each part leaves out because they are not mature yet."""
    return {
        part.provisional_name: f"({part.measure.where}) AND f.{part.maturity.at} > %(as_of)s"
        for part in parts
        if part.maturity and not part.maturity.is_due
    }


def _unripe(parts: Sequence[Part], query: Query) -> Totals:
    """What the stored records hold that is not mature as of the moment asked for: to be taken out of the cells' sums."""
    params: Params = {"as_of": query.as_of}
    fact = parts[0].fact
    keys = _row_keys(fact, query, params)
    sums: dict[str, str] = {}
    moments = set()
    for part in parts:
        if part.maturity:
            moments.add(part.maturity.at)
            sums[part.name] = part.measure.sql(sign="-1", also=f"f.{part.maturity.at} > %(as_of)s")
    sums |= {name: f"count(*) FILTER (WHERE {where})" for name, where in _provisional(parts).items()}
    late = " OR ".join(f"f.{at} > %(as_of)s" for at in sorted(moments))
    rows = stored_rows(fact, query.whole, query.filters, params)
    return _run(keys, sums, f"{rows} WHERE {late}", params)


def _correct(totals: Totals, parts: Sequence[Part], query: Query) -> None:
    """Take out the stored rows of what is pending, and put in what the log says of it."""
    params: Params = {"as_of": query.as_of}
    fact = parts[0].fact
    keys = _row_keys(fact, query, params)
    sums = {part.name: part.measure.sql(sign="f.sign", also=_mature(part)) for part in parts}
    sums |= {name: f"sum(f.sign) FILTER (WHERE {where})" for name, where in _provisional(parts).items()}
    largest = [part for part in parts if part.measure.aggregate == "max"]
    for part in largest:
        sums[part.name] = part.measure.sql(also="f.sign > 0")
        sums[f"gone {part.name}"] = part.measure.sql(also="f.sign < 0")
    rows = pending_rows(fact, query.whole, query.filters, params)
    found = _run(keys, sums, rows, params)
    gone = any(numbers.pop(f"gone {part.name}") is not None for numbers in found.values() for part in largest)
    _add(totals, found, parts)
    if gone:
        # A row that may have been the largest has changed: only the rows themselves know the largest of the others.
        found = _from_rows(largest, query, query.whole, current_rows)
        for key in {*totals, *found}:
            totals.setdefault(key, {}).update(found.get(key) or dict.fromkeys(part.name for part in largest))


def _time_key(query: Query, at: str, params: Params) -> list[str]:
    if not query.time_split:
        return []
    params["edges"] = query.edges[1:-1]
    return [f"width_bucket({at}, %(edges)s::timestamptz[])"]


def _row_keys(fact: Fact, query: Query, params: Params) -> list[str]:
    return _time_key(query, f"f.{fact.at}", params) + [f"f.{fact.dimensions[name]}" for name in query.dimensions]


def _run(keys: Sequence[str], sums: Mapping[str, str], source: str, params: Params) -> Totals:
    grouping = f" GROUP BY {', '.join(str(n + 1) for n in range(len(keys)))}" if keys else ""
    with reader().cursor() as cursor:
        cursor.execute(f"SELECT {', '.join([*keys, *sums.values()])} FROM {source}{grouping}", params)
        at = len(keys)
        return {tuple(row[:at]): dict(zip(sums, row[at:], strict=True)) for row in cursor.fetchall()}


# --- percentiles


def _percentiles(kpis: Sequence[Kpi], query: Query) -> dict[Key, dict[str, Value]]:
    fact = kpis[0].fact
    if any(name not in fact.dimensions for name in query.dimensions):
        return {}
    params: Params = query.params
    keys = _row_keys(fact, query, params)
    sums: dict[str, str] = {}
    for kpi in kpis:
        measure = kpi.numerator
        inner = f"WITHIN GROUP (ORDER BY {measure.value}) FILTER (WHERE {measure.where})"
        sums[f"p {kpi.key}"] = f"percentile_cont({kpi.percentile}) {inner}"
        sums[f"n {kpi.key}"] = f"count({measure.value}) FILTER (WHERE {measure.where})"
    found = current_rows(fact, query.whole, query.filters, params, engine=query.engine)
    rows = parted(found, query.band, query.cause, params)
    # What no percentile is of need not be sorted: often it is most of the rows.
    any_of = " OR ".join(f"({where})" for where in dict.fromkeys(kpi.numerator.where for kpi in kpis))
    rows += f" WHERE {any_of}"
    return {
        key: {kpi.key: value_of(kpi, numbers) for kpi in kpis}
        for key, numbers in _run(keys, sums, rows, params).items()
    }


# --- from parts to a value


def _scaled(number: Any, measure: Measure) -> float | None:
    if number is None:
        return None
    if type(number) is int:
        return number / measure.scale if measure.scale != 1 else number
    if measure.scale != 1:
        return float(number) / measure.scale
    whole = int(number)
    return whole if whole == number else float(number)


def value_of(kpi: Kpi, numbers: Numbers) -> Value:
    """The KPI's value from the totals of its parts."""
    if kpi.percentile is not None:
        number, n = numbers.get(f"p {kpi.key}"), numbers.get(f"n {kpi.key}", 0)
        return Value(value=_scaled(number, kpi.numerator), n=n, definition=kpi.definition_version)
    if kpi.average is not None:
        seconds, length = (numbers.get(name, 0) / 1_000_000 for name in (stocks.OPEN_US, stocks.PERIOD_US))
        return Value(seconds / length if length else None, seconds, length, definition=kpi.definition_version)
    plain = _scaled(numbers.get(kpi.top.name), kpi.numerator)
    if not kpi.bases:
        return Value(value=(plain or 0) if kpi.unit is Unit.COUNT else plain, definition=kpi.definition_version)
    numerator, denominator = _total(kpi.tops, numbers), _total(kpi.bases, numbers)
    squares = _scaled(numbers.get(kpi.spread.name) or 0, kpi.spread.measure) if kpi.spread else None
    low, high = interval(kpi, numerator, denominator, squares)
    return Value(
        value=kpi.factor * numerator / denominator if denominator else None,
        numerator=numerator,
        denominator=denominator,
        low=low,
        high=high,
        squares=squares,
        provisional=sum(int(numbers.get(base.provisional_name) or 0) for base in kpi.bases),
        definition=kpi.definition_version,
    )


def _total(parts: Sequence[Part], numbers: Numbers) -> float:
    if len(parts) == 1:
        return _scaled(numbers.get(parts[0].name), parts[0].measure) or 0
    return sum(_scaled(numbers.get(part.name), part.measure) or 0 for part in parts)


def interval(
    kpi: Kpi, numerator: float, denominator: float, squares: float | None
) -> tuple[float | None, float | None]:
    """The 95 % interval of a value, or (None, None) where none is defined."""
    found: stats.Interval | None = None
    if denominator and kpi.unit is Unit.SHARE and kpi.denominator and not kpi.denominator.value:
        found = stats.wilson(numerator, denominator)
    elif denominator and kpi.unit is Unit.POINTS and squares is not None:
        found = stats.net_score_interval(numerator, squares, int(denominator))
    elif denominator and squares is not None:
        found = stats.mean_interval(numerator, squares, int(denominator))
    return found or (None, None)
