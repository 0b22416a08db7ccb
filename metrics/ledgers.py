"""Which months of a period a ledger covers. A month counts where it lies in the period, and in its group, as a whole."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from metrics.definition import Fact
from metrics.reader import reader
from metrics.sql import Params, log_rows

if TYPE_CHECKING:
    from metrics.compute import Query


@dataclass(frozen=True)
class Span:
    """Months one after another that the ledger has of the same clients. `bucket` numbers the group of the answer."""

    start: datetime
    end: datetime
    clients: tuple[int, ...]
    bucket: int


def spans(ledger: Fact, query: Query) -> list[Span]:
    """What a ledger by client covers of the question's period, in order of time."""
    params = query.params
    rows = log_rows(ledger, query.whole, query.filters, params)
    at, until = f"f.{ledger.at}", f"f.{ledger.until}"
    with reader().cursor() as cursor:
        cursor.execute(
            f"SELECT {at}, {until}, array_agg(DISTINCT f.client_id ORDER BY f.client_id) FROM {rows} "
            "GROUP BY 1, 2 ORDER BY 1",
            params,
        )
        months = cursor.fetchall()
    inner = query.edges[1:-1]
    found: list[Span] = []
    for start, end, clients in months:
        bucket = bisect_right(inner, start)
        if bucket != bisect_right(inner, end - timedelta(microseconds=1)):
            continue
        month = Span(start, end, tuple(clients), bucket)
        last = found[-1] if found else None
        if last and (last.end, last.clients, last.bucket) == (start, month.clients, bucket):
            found[-1] = replace(last, end=end)
        else:
            found.append(month)
    return found


def covered(ledger: Fact, fact: Fact, query: Query, params: Params) -> str:
    """A condition on the fact's rows that the ledger covers their month and client."""
    parts = []
    for n, span in enumerate(spans(ledger, query)):
        params |= {f"s{n}a": span.start, f"s{n}b": span.end, f"s{n}c": list(span.clients)}
        parts.append(f"(f.{fact.at} >= %(s{n}a)s AND f.{fact.at} < %(s{n}b)s AND f.client_id = ANY(%(s{n}c)s))")
    return f"({' OR '.join(parts)})" if parts else "false"
