"""The proof: work everything out again and compare with what is stored. Changes nothing."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.db import connection, transaction

from metrics.catalog import kept_of
from metrics.definition import Fact, Record
from metrics.grains import GRAINS, Grain
from metrics.sql import computed, record_table
from metrics.store import ROWS, STORED, cell_table, cells_of, facts_of, key_columns, params

CHUNK = 200_000


@dataclass(frozen=True)
class Difference:
    """A stored row that the log does not agree with, or a row that one of both does not have."""

    table: str
    side: str
    row: dict[str, Any]


def check(limit: int = 200) -> tuple[list[Difference], int]:
    """Compute every record and every cell again and compare.

    Returns:
        The differences, at most `limit`, and the number of objects that are marked and wait for their refresh: they are
        left out, since every reader takes them from the log.
    """
    found: list[Difference] = []
    is_outermost = not connection.in_atomic_block
    with transaction.atomic(), connection.cursor() as cursor:
        if is_outermost:
            # Log, marks, records and cells as of one instant, however long it takes.
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
        for difference in _differences(cursor):
            found.append(difference)
            if len(found) >= limit:
                break
        cursor.execute("SELECT count(*) FROM (SELECT DISTINCT record, row_id FROM metrics_mark) m")
        return found, cursor.fetchone()[0]


def _differences(cursor: Any) -> Iterator[Difference]:
    for record in STORED.values():
        yield from _record_differences(cursor, record)
        for fact in facts_of(record):
            for grain in GRAINS:
                yield from _cell_differences(cursor, fact, grain)


def _record_differences(cursor: Any, record: Record) -> Iterator[Difference]:
    """Row by row, in pieces, so that a large log is never held as a whole."""
    table, key = record_table(record), record.key.partition(".")[2]
    cursor.execute(
        f"SELECT least((SELECT min(id) FROM {table}), (SELECT min({key}) FROM {record.table})), "
        f"greatest((SELECT max(id) FROM {table}), (SELECT max({key}) FROM {record.table}))"
    )
    first, last = cursor.fetchone()
    if first is None:
        return
    columns = ", ".join(record.columns)
    casts = ", ".join(f"{name}::{kind}" for name, kind in record.columns.items())
    log = f"SELECT {casts} FROM {computed(record, f'{record.key} BETWEEN %(a)s AND %(b)s')} n"
    stored = f"SELECT {columns} FROM {table} WHERE id BETWEEN %(a)s AND %(b)s"
    pending = f"SELECT row_id FROM metrics_mark WHERE record = '{record.code}'"
    for start in range(first, last + 1, CHUNK):
        yield from _compare(cursor, table, log, stored, f"id NOT IN ({pending})", {"a": start, "b": start + CHUNK - 1})


def _cell_differences(cursor: Any, fact: Fact, grain: Grain) -> Iterator[Difference]:
    """Cells are moved together with the stored records, so they agree with them at any moment."""
    table, fresh = cell_table(fact, grain), cells_of(fact, grain, record_table(fact.record))
    stored = f"SELECT {', '.join([*key_columns(grain), ROWS, *kept_of(fact.code)])} FROM {table}"
    cursor.execute("SET LOCAL enable_hashagg = off")  # many sums over small groups: sorted, they take little memory
    yield from _compare(cursor, table, fresh, stored, "true", params())


def _compare(
    cursor: Any, table: str, fresh: str, stored: str, where: str, values: dict[str, Any]
) -> Iterator[Difference]:
    cursor.execute(
        f"WITH fresh AS MATERIALIZED ({fresh}), stored AS MATERIALIZED ({stored}) SELECT side, to_jsonb(d) - 'side' FROM ("
        f"SELECT 'log' AS side, * FROM (SELECT * FROM fresh EXCEPT ALL SELECT * FROM stored) a UNION ALL "
        f"SELECT 'stored', * FROM (SELECT * FROM stored EXCEPT ALL SELECT * FROM fresh) b) d WHERE {where} LIMIT 200",
        values,
    )
    for side, row in cursor.fetchall():
        yield Difference(table, side, row)
