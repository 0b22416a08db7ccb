"""Computing every record and every cell again from the logs, on all cores, while readers still see the old ones.

New tables are made beside the old ones and take their place in one transaction. That transaction is open from the
beginning and has taken the marks out: a rebuild that is killed leaves them, and the old tables, as they were.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Self

from django.db import connection, transaction

from metrics.definition import Fact, Record
from metrics.grains import GRAINS, Grain
from metrics.sql import computed, record_table
from metrics.store import (
    STORED,
    cell_table,
    cells_of,
    facts_of,
    finish_cells,
    finish_record,
    make_table,
    params,
    record_columns,
    summed,
)
from tickets import windows
from tickets.live import announce

# So many objects are judged by one statement.
CHUNK = 250_000
Job = Callable[[Any], None]
_BY_CODE = {grain.code: grain for grain in GRAINS}
_CHAINS = (("hour", "day", "month"), ("day_agent", "month_agent"), ("day_topic", "month_topic"))


def rebuild() -> None:
    """Compute every record and every cell again from the logs."""
    windows.bring_up_to_date()
    for record in STORED.values():
        rebuild_record(record)
        announce(record.code)


def lock(cursor: Any, record: Record) -> None:
    """One worker a kind of record. The next statement reads what was committed before the lock was had."""
    cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"metrics:{record.code}"])


def rebuild_record(record: Record) -> None:
    """Compute one kind of record and its cells again."""
    # Inside a transaction of the caller's nobody else can see its rows, so nobody else can help.
    workers = 1 if connection.in_atomic_block else os.cpu_count() or 1
    new = _new(record_table(record))
    with transaction.atomic(), connection.cursor() as cursor:
        lock(cursor, record)
        cursor.execute("DELETE FROM metrics_mark WHERE record = %s", [record.code])
        with Crew(workers, cursor) as crew:
            crew.do([lambda c: make_table(c, new, f"({record_columns(record)})")])
            crew.do([_judging(record, new, first) for first in _firsts(cursor, record)])
            crew.do([lambda c: _finish(c, record, new)])
            crew.do([_adding(record, fact, chain) for chain in _CHAINS for fact in facts_of(record)])
        cells = [cell_table(fact, grain) for fact in facts_of(record) for grain in GRAINS]
        for name in [record_table(record), *cells]:
            cursor.execute(f"DROP TABLE {name}")
            cursor.execute(f"ALTER TABLE {_new(name)} RENAME TO {name}")


class Crew:
    """Connections that work side by side: each job is a function of a cursor. With one worker, the caller's own."""

    def __init__(self, workers: int, cursor: Any) -> None:
        self.cursor = cursor
        self.pool = ThreadPoolExecutor(workers) if workers > 1 else None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        if self.pool:
            self.pool.shutdown(cancel_futures=True)

    def do(self, jobs: Sequence[Job]) -> None:
        """Do these jobs in any order, and be done with all of them."""
        if self.pool is None:
            for job in jobs:
                job(self.cursor)
            return
        for future in [self.pool.submit(_alone, job) for job in jobs]:
            future.result()


def _alone(job: Job) -> None:
    """Do a job on a connection of this thread's own, with the memory that making an index may have."""
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT set_config('work_mem', current_setting('maintenance_work_mem'), false)")
            # Many sums over many small groups: hashed, they take all memory there is; sorted, hardly any. The workers
            # are as many as the cores.
            cursor.execute("SET enable_hashagg = off; SET max_parallel_workers_per_gather = 0")
            job(cursor)
    finally:
        connection.close()


def _firsts(cursor: Any, record: Record) -> range:
    key = record.key.partition(".")[2]
    cursor.execute(f"SELECT coalesce(min({key}), 0), coalesce(max({key}), -1) FROM {record.table}")
    first, last = cursor.fetchone()
    return range(first, last + 1, CHUNK)


def _judging(record: Record, new: str, first: int) -> Job:
    columns = ", ".join(record.columns)
    rows = computed(record, f"{record.key} BETWEEN {first} AND {first + CHUNK - 1}")
    return lambda cursor: cursor.execute(f"INSERT INTO {new} ({columns}) SELECT {columns} FROM {rows} r")


def _finish(cursor: Any, record: Record, new: str) -> None:
    finish_record(cursor, record, new)
    cursor.execute(f"ANALYZE {new}")


def _adding(record: Record, fact: Fact, codes: Sequence[str]) -> Job:
    """Days are sums of hours, and months of days: the log's rows are added up as rarely as possible."""

    def add(cursor: Any) -> None:
        finer: Grain | None = None
        for grain in (_BY_CODE[code] for code in codes):
            rows = cells_of(fact, grain, _new(record_table(record)))
            query = summed(fact, grain, _new(cell_table(fact, finer))) if finer else rows
            make_table(cursor, _new(cell_table(fact, grain)), f"AS {query}", params())
            finish_cells(cursor, record, grain, _new(cell_table(fact, grain)))
            finer = grain

    return add


def _new(name: str) -> str:
    return f"{name}__new"
