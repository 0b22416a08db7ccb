"""The proof: work everything out again and compare with what is stored. Changes nothing."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection, transaction

from metrics.catalog import kept_of
from metrics.definition import Fact, Record
from metrics.grains import GRAINS, Grain, zone
from metrics.period import midnight
from metrics.sql import computed, record_table
from metrics.store import ROWS, STORED, cell_table, cells_of, facts_of, key_columns, params

CHUNK = 200_000


@dataclass(frozen=True)
class Difference:
    """A stored row that the log does not agree with, or a row that one of both does not have."""

    table: str
    side: str
    row: dict[str, Any]


def check(
    limit: int = 200, *, since: datetime | None = None, counts: dict[str, int] | None = None
) -> tuple[list[Difference], int]:
    """Compute records and cells again and compare: all of them, or those since the beginning of the month of `since`.

    Args:
        limit: After so many differences it stops.
        since: A moment; whole months are compared, because there are cells of months.
        counts: Filled with how many rows of each table were compared.

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
        for difference in _differences(cursor, month_of(since) if since else None, {} if counts is None else counts):
            found.append(difference)
            if len(found) >= limit:
                break
        cursor.execute("SELECT count(*) FROM (SELECT DISTINCT record, row_id FROM metrics_mark) m")
        return found, cursor.fetchone()[0]


def month_of(moment: datetime) -> datetime:
    """The first instant of the local month: there every kind of cell begins."""
    return midnight(moment.astimezone(zone()).date().replace(day=1), zone())


def _differences(cursor: Any, since: datetime | None, counts: dict[str, int]) -> Iterator[Difference]:
    for record in STORED.values():
        yield from _record_differences(cursor, record, since, counts)
        for fact in facts_of(record):
            for grain in GRAINS:
                yield from _cell_differences(cursor, fact, grain, since, counts)


def _recent(record: Record) -> str:
    """The ids of the objects that log or records date since %(since)s."""
    facts = facts_of(record)
    log = " OR ".join(f"({f.candidates.format(within=f'{f.candidates_at} >= %(since)s')})" for f in facts)
    stored = " OR ".join(f"{at} >= %(since)s" for at in dict.fromkeys(f.at for f in facts))
    alias = record.key.partition(".")[0]
    return (
        f"SELECT {record.key} FROM {record.table} {alias} WHERE {log} "
        f"UNION SELECT id FROM {record_table(record)} WHERE {stored}"
    )


def _record_differences(
    cursor: Any, record: Record, since: datetime | None, counts: dict[str, int]
) -> Iterator[Difference]:
    """Row by row, in pieces, so that a large log is never held as a whole."""
    table, key = record_table(record), record.key.partition(".")[2]
    recent, values = (f" AND {{key}} IN ({_recent(record)})", {"since": since}) if since else ("", {})
    cursor.execute(f"SELECT count(*) FROM {table} WHERE true{recent.format(key='id')}", values)
    counts[table] = cursor.fetchone()[0]
    cursor.execute(
        f"SELECT least((SELECT min(id) FROM {table}), (SELECT min({key}) FROM {record.table})), "
        f"greatest((SELECT max(id) FROM {table}), (SELECT max({key}) FROM {record.table}))"
    )
    first, last = cursor.fetchone()
    if first is None:
        return
    columns = ", ".join(record.columns)
    casts = ", ".join(f"{name}::{kind}" for name, kind in record.columns.items())
    log = f"SELECT {casts} FROM {computed(record, f'{record.key} BETWEEN %(a)s AND %(b)s{recent.format(key=record.key)}')} n"
    stored = f"SELECT {columns} FROM {table} WHERE id BETWEEN %(a)s AND %(b)s{recent.format(key='id')}"
    pending = f"SELECT row_id FROM metrics_mark WHERE record = '{record.code}'"
    for start in range(first, last + 1, CHUNK):
        piece = {"a": start, "b": start + CHUNK - 1, **values}
        yield from _compare(cursor, table, log, stored, f"id NOT IN ({pending})", piece)


def _cell_differences(
    cursor: Any, fact: Fact, grain: Grain, since: datetime | None, counts: dict[str, int]
) -> Iterator[Difference]:
    """Cells are moved together with the stored records, so they agree with them at any moment."""
    rows, begins, table = record_table(fact.record), "", cell_table(fact, grain)
    if since:
        rows, begins = f"(SELECT * FROM {rows} WHERE {fact.at} >= %(since)s)", " WHERE bucket >= %(since)s"
    stored = f"SELECT {', '.join([*key_columns(grain), ROWS, *kept_of(fact.code)])} FROM {table}{begins}"
    values = {**params(), "since": since}
    cursor.execute(f"SELECT count(*) FROM {table}{begins}", values)
    counts[table] = cursor.fetchone()[0]
    cursor.execute("SET LOCAL enable_hashagg = off")  # many sums over small groups: sorted, they take little memory
    yield from _compare(cursor, table, cells_of(fact, grain, rows), stored, "true", values)


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
