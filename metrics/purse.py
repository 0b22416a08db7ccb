"""How much time the figures of a page may take.

A page has a purse of time. What cannot be counted within it is left to the card's own request, so that one slow figure
does not hold the others.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from time import monotonic
from typing import Any

from django.db import OperationalError, transaction
from psycopg.errors import QueryCanceled

from metrics import compute
from metrics.compute import Query, Row, Value
from metrics.definition import Kpi
from metrics.reader import reader

PAGE_SECONDS, CARD_SECONDS, LEAST_SECONDS = 2.5, 14.0, 0.1
FAMILY_SHARE = 0.3


class Purse:
    """So much time for one page, of which no family of figures may take more than its share."""

    def __init__(self, seconds: float, share: float = 1) -> None:
        self.until = monotonic() + seconds
        self.most = seconds * share

    def left(self) -> float:
        return min(self.until - monotonic(), self.most)


def answers(kpis: Iterable[Kpi], query: Query, purse: Purse) -> tuple[list[Row], set[str]]:
    """Ask the engine for as much as the purse allows.

    Returns:
        One row a group with the values that were counted in time, and the keys of the KPIs that were not.
    """
    families: dict[Any, list[Kpi]] = defaultdict(list)
    # Percentiles last: only the rows themselves can answer them.
    for kpi in sorted(kpis, key=lambda kpi: kpi.percentile is not None):
        families[kpi.fact.code, kpi.percentile is not None].append(kpi)
    merged: dict[tuple[Any, ...], Row] = {}
    late: set[str] = set()
    for family in families.values():
        rows = _within(family, query, purse.left())
        if rows is None:
            late |= {kpi.key for kpi in family}
            continue
        for row in rows:
            mine = merged.setdefault(tuple(row.group.values()), Row(row.group, {}))
            mine.values.update(row.values)
    return list(merged.values()), late


def _within(kpis: Sequence[Kpi], query: Query, seconds: float) -> list[Row] | None:
    return in_time(lambda: compute.values(kpis, query), seconds)


def in_time[T](work: Callable[[], T], seconds: float) -> T | None:
    """What the database answers to `work` within so many seconds, of one instant; None where it takes longer."""
    if seconds < LEAST_SECONDS:
        return None
    connection = reader()
    nested = connection.in_atomic_block
    try:
        with transaction.atomic(using=connection.alias), connection.cursor() as cursor:
            if not nested:
                # As the engine does it by itself: marks and cells as of one instant.
                cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
            cursor.execute("SELECT set_config('statement_timeout', %s, true)", [f"{int(seconds * 1000)}ms"])
            found = work()
            if nested:
                cursor.execute("SET LOCAL statement_timeout TO DEFAULT")
            return found
    except OperationalError as error:
        if isinstance(error.__cause__, QueryCanceled):
            return None
        raise


def single(kpis: Iterable[Kpi], query: Query, purse: Purse) -> tuple[dict[str, Value], set[str]]:
    rows, late = answers(kpis, query, purse)
    return (rows[0].values if rows else {}), late
