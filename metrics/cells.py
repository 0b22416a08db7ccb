"""Stored cells: additive parts per hour or day and group, from which any period's KPI is a sum.

Cells are a copy that can always be computed again. Their tables are made from the catalogue when migrations have run;
a table whose definition changed is made anew and filled by the refresh. A reader never depends on how fresh cells are:
what is marked dirty is taken from the log (`metrics.compute`).

`refresh` claims marks with SKIP LOCKED and recomputes whole local days, under one lock a day: safe to run twice and
side by side, and a worker that dies leaves its marks unclaimed.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import connection, transaction

from metrics.catalog import KPIS, measures_of
from metrics.definition import Fact, Maturity, Measure
from metrics.facts import FACTS
from metrics.live import announce
from metrics.period import HOUR, midnight
from metrics.sql import COLUMNS, Params, Ranges, fact_rows, merge_ranges, within

BASE_DIMENSIONS = ("client", "queue", "channel", "team")
CLAIM = 20_000
# One transaction recomputes at most so many local days, so that its locks and its memory stay small.
DAYS_AT_ONCE = 40


@dataclass(frozen=True)
class Grain:
    """How finely cells are cut: by hour or local day, and by which dimensions."""

    code: str
    split: str
    dimensions: tuple[str, ...]


# Coarsest first: a question takes the first that can answer it.
GRAINS = (
    Grain("day", "day", BASE_DIMENSIONS),
    Grain("hour", "hour", BASE_DIMENSIONS),
    Grain("day_agent", "day", (*BASE_DIMENSIONS, "agent")),
    Grain("day_topic", "day", (*BASE_DIMENSIONS, "topic")),
)


def zone() -> ZoneInfo:
    """The installation's zone: its days are the days of the daily cells."""
    return ZoneInfo(settings.TIME_ZONE)


def hour_origin() -> datetime:
    """An instant at which a local hour begins; hours are counted from it, so half-hour zones have theirs."""
    return midnight(date(2000, 1, 3), zone())


def table(fact: Fact, grain: Grain) -> str:
    return f"metrics_cell_{fact.code}_{grain.code}"


def maturities_of(fact: Fact) -> dict[str, Maturity]:
    return {k.maturity.code: k.maturity for k in KPIS.values() if k.fact is fact and k.maturity is not None}


def _settled(fact: Fact) -> dict[str, str]:
    """Column to aggregate: until when the cell holds rows that are provisional, by maturity."""
    settled: dict[str, str] = {}
    for kpi in KPIS.values():
        if kpi.fact is fact and kpi.maturity is not None and kpi.denominator is not None:
            # The widest cohort of the maturity decides: variants count subsets of it.
            settled.setdefault(
                f"settled_{kpi.maturity.code}", f"max({kpi.maturity.at}) FILTER (WHERE {kpi.denominator.where})"
            )
    return settled


def _bucket(split: str) -> str:
    if split == "hour":
        return "date_bin('1 hour', f.at, %(origin)s)"
    return "date_trunc('day', f.at, %(zone)s)"


def _sum_again(measure: Measure) -> str:
    return f"{'max' if measure.aggregate == 'max' else 'sum'}({measure.code})::{measure.column_type}"


def _base(fact: Fact, ranges: Ranges, params: Params) -> str:
    """One pass over the log: the parts by hour, day and every dimension, to be summed into each grain."""
    params |= {"origin": hour_origin(), "zone": settings.TIME_ZONE}
    keys = [f"{_bucket('hour')} AS hour", f"{_bucket('day')} AS day", *COLUMNS.values()]
    parts = [f"{measure.sql} AS {measure.code}" for measure in measures_of(fact).values()]
    parts += [f"{sql} AS {column}" for column, sql in _settled(fact).items()]
    groups = ", ".join(str(n + 1) for n in range(len(keys)))
    return f"SELECT {', '.join(keys + parts)} FROM {fact_rows(fact, ranges, {}, params)} GROUP BY {groups}"


def _columns(fact: Fact, grain: Grain) -> list[str]:
    return [
        "bucket",
        *(COLUMNS[name] for name in grain.dimensions),
        *measures_of(fact),
        *_settled(fact),
    ]


def _from_base(fact: Fact, grain: Grain) -> str:
    dims = [COLUMNS[name] for name in grain.dimensions]
    parts = [f"{_sum_again(measure)} AS {measure.code}" for measure in measures_of(fact).values()]
    parts += [f"max({column}) AS {column}" for column in _settled(fact)]
    groups = ", ".join(str(n + 1) for n in range(len(dims) + 1))
    return f"SELECT {grain.split} AS bucket, {', '.join(dims + parts)} FROM base GROUP BY {groups}"


# --- schema


def sync_tables() -> list[str]:
    """Make the cell tables as the catalogue wants them. Return the codes of the facts that must be filled anew."""
    renewed: set[str] = set()
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended('metrics:tables', 0))")
        for fact in FACTS.values():
            for grain in GRAINS:
                cursor.execute("SELECT obj_description(to_regclass(%s)::oid, 'pg_class')", [table(fact, grain)])
                row = cursor.fetchone()
                if row is None or row[0] != _fingerprint(fact, grain):
                    _make_table(cursor, fact, grain)
                    renewed.add(fact.code)
        for kind in {FACTS[code].dirty_kind for code in renewed}:
            _mark_everything(cursor, kind)
    return sorted(renewed)


def _make_table(cursor: Any, fact: Fact, grain: Grain) -> None:
    name = table(fact, grain)
    kinds = {"channel": "text"}
    dims = [f"{COLUMNS[d]} {kinds.get(d, 'bigint')}" for d in grain.dimensions]
    parts = [f"{m.code} {m.column_type}" for m in measures_of(fact).values()]
    settled = [f"{column} timestamptz" for column in _settled(fact)]
    cursor.execute(f"DROP TABLE IF EXISTS {name}")
    cursor.execute(f"CREATE TABLE {name} (bucket timestamptz NOT NULL, {', '.join(dims + parts + settled)})")
    cursor.execute(f"CREATE INDEX {name}_bucket ON {name} (bucket)")
    for extra in grain.dimensions[len(BASE_DIMENSIONS) :]:
        # One agent's or one topic's slice of a long period.
        cursor.execute(f"CREATE INDEX {name}_{extra} ON {name} ({COLUMNS[extra]}, bucket)")
    cursor.execute(f"COMMENT ON TABLE {name} IS '{_fingerprint(fact, grain)}'")


def _fingerprint(fact: Fact, grain: Grain) -> str:
    text = repr((fact.sql, measures_of(fact), _settled(fact), grain, settings.TIME_ZONE))
    return hashlib.sha256(text.encode()).hexdigest()[:32]


_LOGS = {
    "contact": "SELECT started_at AS at FROM tickets_contact",
    "case": "SELECT at FROM tickets_caseevent WHERE kind = 'resolved'",
    "survey": "SELECT sent_at AS at FROM surveys_invitation",
}


def _mark_everything(cursor: Any, kind: str) -> None:
    cursor.execute(
        f"INSERT INTO metrics_dirtyhour (kind, hour) SELECT DISTINCT %s, date_trunc('hour', at, 'UTC') FROM ({_LOGS[kind]}) l",
        [kind],
    )


# --- refresh


def refresh() -> int:
    """Bring the cells up to date with the log. Return how many hours were redone."""
    total = 0
    while claimed := _refresh_some():
        total += claimed
    return total


def _refresh_some() -> int:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT kind FROM metrics_dirtyhour ORDER BY id LIMIT 1 FOR UPDATE SKIP LOCKED")
        row = cursor.fetchone()
        if row is None:
            return 0
        kind = row[0]
        # The days of the first marks in time order: a long import is worked off day by day.
        cursor.execute(
            "SELECT id, hour FROM metrics_dirtyhour WHERE kind = %s ORDER BY hour LIMIT %s FOR UPDATE SKIP LOCKED",
            [kind, CLAIM],
        )
        marks = cursor.fetchall()
        days = sorted({day for _id, hour in marks for day in _days_of(hour)})[:DAYS_AT_ONCE]
        ranges = _day_ranges(days)
        done = [mark for mark, hour in marks if set(_days_of(hour)) <= set(days)]
        if not done:  # One hour over two days, of which the second did not fit.
            done = [marks[0][0]]
        cursor.execute("DELETE FROM metrics_dirtyhour WHERE id = ANY(%s)", [done])
        for fact in FACTS.values():
            if fact.dirty_kind == kind:
                _lock_days(cursor, fact, days)
                _redo(cursor, fact, ranges)
        announce(kind)
        return len(done)


def _days_of(hour: datetime) -> list[date]:
    """The local days that an hour in UTC touches: two where the zone is off by less than an hour."""
    first = hour.astimezone(zone()).date()
    last = (hour + HOUR - timedelta(microseconds=1)).astimezone(zone()).date()
    return [first] if first == last else [first, last]


def _day_ranges(days: Sequence[date]) -> list[tuple[datetime, datetime]]:
    local = zone()
    return merge_ranges([(midnight(day, local), midnight(day + timedelta(days=1), local)) for day in days])


def _lock_days(cursor: Any, fact: Fact, days: Sequence[date]) -> None:
    """Let one worker at a time redo a day. The next statement reads what was committed before the lock was had."""
    for day in days:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"metrics:{fact.code}:{day}"])


def _redo(cursor: Any, fact: Fact, ranges: Ranges) -> None:
    """Replace the cells of these whole days by what the log says now."""
    for grain in GRAINS:
        params: Params = {}
        cursor.execute(f"DELETE FROM {table(fact, grain)} WHERE {within('bucket', ranges, params)}", params)
    # Many sums over many small groups: hashing them takes more memory than sorting the rows first.
    cursor.execute("SET LOCAL enable_hashagg = off")
    params = {}
    inserts = [
        f"{grain.code}_in AS (INSERT INTO {table(fact, grain)} ({', '.join(_columns(fact, grain))}) "
        f"{_from_base(fact, grain)})"
        for grain in GRAINS
    ]
    cursor.execute(f"WITH base AS MATERIALIZED ({_base(fact, ranges, params)}), {', '.join(inserts)} SELECT 1", params)


def rebuild() -> None:
    """Compute every cell again from the logs, in one transaction; readers see the old ones until then."""
    with transaction.atomic(), connection.cursor() as cursor:
        for fact in FACTS.values():
            cursor.execute("DELETE FROM metrics_dirtyhour WHERE kind = %s", [fact.dirty_kind])
            for grain in GRAINS:
                cursor.execute(f"DELETE FROM {table(fact, grain)}")
        for fact in FACTS.values():
            for start, end in _log_years(cursor, fact):
                _redo(cursor, fact, [(start, end)])


def _log_years(cursor: Any, fact: Fact) -> Iterator[tuple[datetime, datetime]]:
    """The span of the fact's log in pieces of whole local days, so that one pass never holds all of it."""
    cursor.execute(f"SELECT min(at), max(at) FROM ({_LOGS[fact.dirty_kind]}) l")
    first, last = cursor.fetchone()
    if first is None:
        return
    local = zone()
    day, end = first.astimezone(local).date(), last.astimezone(local).date() + timedelta(days=1)
    while day < end:
        until = min(day + timedelta(days=90), end)
        yield midnight(day, local), midnight(until, local)
        day = until


# --- check


@dataclass(frozen=True)
class Difference:
    """A stored cell that the log does not agree with, or a cell that one of both does not have."""

    table: str
    bucket: datetime
    side: str
    cell: dict[str, Any]


def check(limit: int = 200) -> tuple[list[Difference], int]:
    """Compute every cell again and compare. Changes nothing.

    Returns:
        The differences, at most `limit`, and the number of hours that are marked and wait for their refresh: those
        days are left out, since every reader takes them from the log.
    """
    differences: list[Difference] = []
    with connection.cursor() as cursor:
        cursor.execute("SELECT kind, hour FROM metrics_dirtyhour GROUP BY 1, 2")
        marks = cursor.fetchall()
        for fact in FACTS.values():
            days = sorted({d for kind, hour in marks if kind == fact.dirty_kind for d in _days_of(hour)})
            for start, end in _log_years(cursor, fact):
                differences += _compare(cursor, fact, (start, end), _day_ranges(days), limit - len(differences))
            differences += _orphans(cursor, fact, limit - len(differences))
    return differences[:limit], len(marks)


def _compare(cursor: Any, fact: Fact, span: tuple[datetime, datetime], pending: Ranges, limit: int) -> list[Difference]:
    found: list[Difference] = []
    for grain in GRAINS:
        params: Params = {"limit": max(limit, 0)}
        base = _base(fact, [span], params)
        columns = ", ".join(_columns(fact, grain))
        stored = f"SELECT {columns} FROM {table(fact, grain)} WHERE {within('bucket', [span], params, 's')}"
        skip = within("bucket", pending, params, "p")
        cursor.execute(
            f"WITH base AS MATERIALIZED ({base}), fresh AS MATERIALIZED (SELECT {columns} FROM ({_from_base(fact, grain)}) x), "
            f"stored AS MATERIALIZED ({stored}) "
            f"SELECT side, bucket, cell FROM ("
            f"SELECT 'log' AS side, bucket, to_jsonb(d) AS cell FROM (SELECT * FROM fresh EXCEPT ALL SELECT * FROM stored) d "
            f"UNION ALL "
            f"SELECT 'stored', bucket, to_jsonb(d) FROM (SELECT * FROM stored EXCEPT ALL SELECT * FROM fresh) d"
            f") x WHERE NOT {skip} ORDER BY bucket LIMIT %(limit)s",
            params,
        )
        found += [Difference(table(fact, grain), bucket, side, cell) for side, bucket, cell in cursor.fetchall()]
    return found


def _orphans(cursor: Any, fact: Fact, limit: int) -> list[Difference]:
    """Cells of days before the first or after the last row of the log."""
    cursor.execute(f"SELECT min(at), max(at) FROM ({_LOGS[fact.dirty_kind]}) l")
    first, last = cursor.fetchone()
    found: list[Difference] = []
    for grain in GRAINS:
        sql = f"SELECT bucket, to_jsonb(c) FROM {table(fact, grain)} c"
        params: Params = {"limit": max(limit, 0)}
        if first is not None:
            params |= {"first": first - timedelta(hours=26), "last": last}
            sql += " WHERE bucket < %(first)s OR bucket > %(last)s"
        cursor.execute(f"{sql} LIMIT %(limit)s", params)
        found += [Difference(table(fact, grain), bucket, "stored", cell) for bucket, cell in cursor.fetchall()]
    return found


def pending_hours(kind: str, start: datetime, end: datetime) -> list[tuple[datetime, datetime]]:
    """The marked hours of a kind that touch the period, merged."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT DISTINCT hour FROM metrics_dirtyhour WHERE kind = %s AND hour > %s AND hour < %s",
            [kind, start - HOUR, end],
        )
        return merge_ranges([(row[0].astimezone(UTC), row[0].astimezone(UTC) + HOUR) for row in cursor.fetchall()])
