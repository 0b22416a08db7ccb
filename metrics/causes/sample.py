"""A random sample of the contacts behind a bar: drawn by a number that is shown, so that anybody draws the same one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from metrics.catalog import KPIS
from metrics.compute import Query
from metrics.reader import reader
from metrics.sources import current_rows

SIZE = 10


def drawn(query: Query, topics: Sequence[int], seed: int, *, failures: bool = True, size: int = SIZE) -> list[int]:
    """Keys of contacts in the order in which they were drawn.

    Args:
        failures: Only those that are failure demand.
    """
    kpi = KPIS["failure-demand"]
    narrow = replace(query, by=(), filters={**query.filters, "topic": list(topics)})
    params = {**narrow.params, "seed": str(seed), "size": size}
    rows = current_rows(kpi.fact, narrow.whole, narrow.filters, params, engine=narrow.engine)
    where = kpi.numerator.where if failures else KPIS["handled"].numerator.where
    with reader().cursor() as cursor:
        # A digest of number and key: every contact is as likely as any other, and the order depends on nothing else.
        cursor.execute(
            f"SELECT f.id FROM {rows} WHERE {where} ORDER BY md5(%(seed)s || ':' || f.id::text), f.id LIMIT %(size)s",
            params,
        )
        return [row[0] for row in cursor.fetchall()]


def contacts(keys: Sequence[int]) -> list[Any]:
    """The contacts themselves, in the order in which they were drawn."""
    from tickets.models import Contact

    found = Contact.objects.select_related("topic", "queue", "case").in_bulk(keys)
    return [found[key] for key in keys if key in found]
