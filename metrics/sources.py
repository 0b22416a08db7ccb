"""Where rows and parts can be read: the log itself, the stored records, what is pending, and the cells.

`records` are one stored row an object of the log (`metrics.refresh` keeps them). `pending` are the objects that the log
changed since: their stored row goes out with sign -1, their row worked out from the log comes in with +1. So records and
pending rows together say what the log says, at any moment, however far behind the refresh is.
"""

from __future__ import annotations

from metrics.definition import Fact, Record
from metrics.reader import reader
from metrics.sql import Filters, Params, Ranges, chosen, computed, log_rows, record_table

# With more objects to judge than this, judging those of the period alone is quicker.
MANY = 50_000


def pending_count(record: Record) -> int:
    """How many marks wait, counted up to `MANY`."""
    with reader().cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM (SELECT FROM metrics_mark WHERE record = %s LIMIT %s) m", [record.code, MANY + 1]
        )
        return int(cursor.fetchone()[0])


def _marked(record: Record) -> str:
    return f"SELECT row_id FROM metrics_mark WHERE record = '{record.code}'"


def pending_rows(fact: Fact, ranges: Ranges, filters: Filters, params: Params) -> str:
    """Signed rows, as a sub-select `f`: what is to be taken from and added to the stored records."""
    record = fact.record
    columns = ", ".join(record.columns)
    return (
        f"(SELECT * FROM (SELECT -1 AS sign, {columns} FROM {record_table(record)} WHERE id IN ({_marked(record)}) "
        f"UNION ALL SELECT 1, {columns} FROM {computed(record, f'{record.key} IN ({_marked(record)})')} n) f "
        f"WHERE {chosen(fact, ranges, filters, params)}) f"
    )


def stored_rows(fact: Fact, ranges: Ranges, filters: Filters, params: Params) -> str:
    """The stored records in the ranges, as a sub-select `f`, pending or not."""
    return f"(SELECT * FROM {record_table(fact.record)} f WHERE {chosen(fact, ranges, filters, params)}) f"


def current_rows(fact: Fact, ranges: Ranges, filters: Filters, params: Params, *, engine: str = "auto") -> str:
    """The fact's rows as the log has them now, as a sub-select `f`, by the shortest way that `engine` allows."""
    record = fact.record
    if engine == "facts" or not record.stored:
        return log_rows(fact, ranges, filters, params)
    pending = pending_count(record)
    if not pending:
        return stored_rows(fact, ranges, filters, params)
    if pending > MANY:
        return log_rows(fact, ranges, filters, params)
    return joined_rows(fact, ranges, filters, params)


def joined_rows(fact: Fact, ranges: Ranges, filters: Filters, params: Params) -> str:
    """Stored rows with the pending ones worked out anew in their place, as a sub-select `f`, without asking how many."""
    record = fact.record
    columns = ", ".join(record.columns)
    marked = _marked(record)
    return (
        f"(SELECT * FROM (SELECT {columns} FROM {record_table(record)} WHERE id NOT IN ({marked}) "
        f"UNION ALL SELECT {columns} FROM {computed(record, f'{record.key} IN ({marked})')} n) f "
        f"WHERE {chosen(fact, ranges, filters, params)}) f"
    )
