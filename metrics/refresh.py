"""Keeping records and cells up to date with the log.

Triggers in the database mark the objects that a change touches, in the transaction of the change. `refresh` claims
marks, works out what the log now says of these objects, and moves the difference to their stored rows into the cells:
it costs what changed, not what there is. One worker at a time does so for a kind of record; what it does in one
transaction is done or not done, so a worker that dies leaves its marks unclaimed.
"""

from __future__ import annotations

from typing import Any

from django.db import connection, transaction

from metrics.catalog import kept_of
from metrics.definition import Fact, Record
from metrics.grains import GRAINS, Grain
from metrics.rebuild import lock, rebuild_record
from metrics.sql import computed, record_table
from metrics.store import (
    ROWS,
    STORED,
    cell_table,
    cells_of,
    facts_of,
    is_max,
    key_columns,
    key_values,
    params,
)
from tickets import windows
from tickets.live import announce

CLAIM = 20_000
# From so many marks on, and where they are most of what there is, working everything out at once is quicker.
REBUILD_FROM = 200_000


def refresh() -> int:
    """Bring records and cells up to date with the log. Return how many marks were worked off."""
    total = 0
    windows.bring_up_to_date()
    for record in STORED.values():
        if _is_mostly_marked(record):
            rebuild_record(record)
        while claimed := _refresh_some(record):
            total += claimed
    return total


def _is_mostly_marked(record: Record) -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM metrics_mark WHERE record = %s", [record.code])
        marks = cursor.fetchone()[0]
        if marks < REBUILD_FROM:
            return False
        cursor.execute(f"SELECT count(*) FROM {record_table(record)}")
        return bool(marks > cursor.fetchone()[0] / 2)


def _refresh_some(record: Record) -> int:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT FROM metrics_mark WHERE record = %s LIMIT 1", [record.code])
        if cursor.fetchone() is None:
            return 0
        lock(cursor, record)
        cursor.execute(
            "DELETE FROM metrics_mark WHERE id IN (SELECT id FROM metrics_mark WHERE record = %s ORDER BY id LIMIT %s "
            "FOR UPDATE SKIP LOCKED) RETURNING row_id",
            [record.code, CLAIM],
        )
        ids = [row[0] for row in cursor.fetchall()]
        if ids and _apply(cursor, record, sorted(set(ids))):
            announce(record.code)
        return len(ids)


def _apply(cursor: Any, record: Record, ids: list[int]) -> bool:
    """Replace the stored rows of these objects by what the log says now. Return whether anything changed."""
    columns = ", ".join(record.columns)
    stored = record_table(record)
    fresh = computed(record, f"{record.key} = ANY(%(ids)s)")
    cursor.execute("DROP TABLE IF EXISTS pg_temp.metrics_delta")
    cursor.execute(
        f"CREATE TEMP TABLE metrics_delta ON COMMIT DROP AS SELECT sum(sign)::smallint AS sign, {columns} FROM ("
        f"SELECT -1 AS sign, {columns} FROM {stored} WHERE id = ANY(%(ids)s) "
        f"UNION ALL SELECT 1, {columns} FROM {fresh} n) d GROUP BY {columns} HAVING sum(sign) <> 0",
        {"ids": ids},
    )
    if not cursor.rowcount:
        return False
    cursor.execute(f"DELETE FROM {stored} WHERE id IN (SELECT id FROM metrics_delta WHERE sign < 0)")
    cursor.execute(f"INSERT INTO {stored} ({columns}) SELECT {columns} FROM metrics_delta WHERE sign > 0 ORDER BY id")
    facts = facts_of(record)
    # Most refreshes bring a few new rows, to which some facts do not date any: then nothing is asked about those.
    cursor.execute(
        f"SELECT count(*) FILTER (WHERE sign < 0), {', '.join(f'count({fact.at})' for fact in facts)} FROM metrics_delta"
    )
    gone, *counts = cursor.fetchone()
    for fact in (fact for fact, count in zip(facts, counts, strict=True) if count):
        for grain in GRAINS:
            _move(cursor, fact, grain)
            if gone:
                _clear(cursor, fact, grain)
    return True


def _move(cursor: Any, fact: Fact, grain: Grain) -> None:
    """Add the signed rows to the cells."""
    table, keys, kept = cell_table(fact, grain), key_columns(grain), kept_of(fact.code)
    sets = [f"{ROWS} = c.{ROWS} + excluded.{ROWS}"]
    for code, measure in kept.items():
        if is_max(measure):
            sets.append(f"{code} = greatest(c.{code}, excluded.{code})")
        else:
            sets.append(f"{code} = nullif(coalesce(c.{code}, 0) + coalesce(excluded.{code}, 0), 0)")
    cursor.execute(
        f"INSERT INTO {table} AS c ({', '.join([*keys, ROWS, *kept])}) "
        f"{cells_of(fact, grain, 'metrics_delta', sign='sign')} ON CONFLICT ({', '.join(keys)}) DO UPDATE SET {', '.join(sets)}",
        params(),
    )


def _clear(cursor: Any, fact: Fact, grain: Grain) -> None:
    """Remove the cells that are left without rows, and look anew for the largest where it may have gone."""
    table = cell_table(fact, grain)
    buckets = f"SELECT DISTINCT {grain.bucket.format(at=f'f.{fact.at}')} FROM metrics_delta f WHERE f.sign < 0"
    cursor.execute(f"DELETE FROM {table} WHERE {ROWS} = 0 AND bucket IN ({buckets})", params())
    for measure in kept_of(fact.code).values():
        if is_max(measure):
            _find_largest(cursor, fact, grain, measure.code)


def _find_largest(cursor: Any, fact: Fact, grain: Grain, code: str) -> None:
    """Where a row that was the largest of its cell has gone or changed, look for the largest of the others."""
    measure = kept_of(fact.code)[code]
    table, keys = cell_table(fact, grain), key_columns(grain)
    gone = (
        f"SELECT {', '.join(f'{sql} AS {name}' for name, sql in zip(keys, key_values(fact, grain), strict=True))}, "
        f"{measure.sql(also='f.sign < 0')} AS largest FROM metrics_delta f WHERE f.{fact.at} IS NOT NULL "
        f"GROUP BY {', '.join(str(n + 1) for n in range(len(keys)))}"
    )
    same = " AND ".join(f"c.{name} = g.{name}" for name in keys)
    cursor.execute(
        f"SELECT {', '.join(f'c.{name}' for name in keys)} FROM {table} c JOIN ({gone}) g ON {same} "
        f"WHERE g.largest >= c.{code}",
        params(),
    )
    for cell in cursor.fetchall():
        values = {f"k{n}": value for n, value in enumerate(cell)}
        match = " AND ".join(f"{sql} = %(k{n})s" for n, sql in enumerate(key_values(fact, grain)))
        span = f"f.{fact.at} >= %(k0)s AND f.{fact.at} < %(k0)s::timestamptz + interval '32 days'"
        cursor.execute(
            f"UPDATE {table} SET {code} = (SELECT {measure.sql()} FROM {record_table(fact.record)} f "
            f"WHERE {span} AND {match}) WHERE {' AND '.join(f'{name} = %(k{n})s' for n, name in enumerate(keys))}",
            values | params(),
        )
