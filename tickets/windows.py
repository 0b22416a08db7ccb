"""Keeps the open windows of every client as `tickets.clock` defines them, for the years that the log has and some ahead.

Triggers mark a client's windows as stale when her agreements or their calendars change, whoever changes them. Only what
differs is written: whoever watches the table sees the stretches whose hours changed and no others.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any

from django.db import connection, transaction
from django.utils import timezone

from tickets.clock import Hours, Interval
from tickets.models.client import Agreement
from tickets.models.hours import WindowRange

# Due times and resolutions lie ahead of what was opened last.
YEARS_AHEAD = 2
# Nothing that a helpdesk logs is older; a wrong year must not cost a thousand years of windows.
OLDEST = datetime(1990, 1, 1, tzinfo=UTC)

_DUE = """
SELECT c.id FROM tickets_client c LEFT JOIN tickets_windowrange r ON r.client_id = c.id
WHERE r.client_id IS NULL OR r.is_stale OR r.first_at > %s OR r.last_at < %s ORDER BY c.id
"""
_REMOVE = "DELETE FROM tickets_openwindow WHERE client_id = %s AND opens_at NOT IN (SELECT unnest(%s::timestamptz[]))"
_WRITE = """
INSERT INTO tickets_openwindow AS w (client_id, opens_at, closes_at, before_us)
SELECT %s, n.opens_at, n.closes_at, n.before_us
FROM unnest(%s::timestamptz[], %s::timestamptz[], %s::bigint[]) n(opens_at, closes_at, before_us)
ON CONFLICT (client_id, opens_at) DO UPDATE SET closes_at = excluded.closes_at, before_us = excluded.before_us
WHERE (w.closes_at, w.before_us) IS DISTINCT FROM (excluded.closes_at, excluded.before_us)
"""


def bring_up_to_date(since: datetime | None = None) -> int:
    """Work out the windows of the clients whose hours changed or whose windows do not reach far enough.

    Args:
        since: A moment that is about to come into the log.

    Returns:
        How many clients got theirs anew.
    """
    with connection.cursor() as cursor:
        first, last = _span(cursor, since)
        cursor.execute(_DUE, [first, last])
        due = [row[0] for row in cursor.fetchall()]
    return _work_out(due, first, last) if due else 0


def work_out_all() -> int:
    """Work out every client's windows again: a public holiday may have been decreed since."""
    with connection.cursor() as cursor:
        first, last = _span(cursor, None)
        cursor.execute("SELECT id FROM tickets_client ORDER BY id")
        return _work_out([row[0] for row in cursor.fetchall()], first, last)


def _span(cursor: Any, since: datetime | None) -> tuple[datetime, datetime]:
    """Whole years, so that the span grows seldom."""
    cursor.execute("SELECT min(created_at), max(created_at) FROM tickets_case")
    moments = [moment for moment in (*cursor.fetchone(), since, timezone.now()) if moment]
    first, last = min(moments).astimezone(UTC), max(moments).astimezone(UTC)
    return max(OLDEST, datetime(first.year - 1, 1, 1, tzinfo=UTC)), datetime(
        last.year + 1 + YEARS_AHEAD, 1, 1, tzinfo=UTC
    )


def _work_out(clients: Iterable[int], first: datetime, last: datetime) -> int:
    hours: dict[int, Hours] = {}
    done = 0
    for client in clients:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended('tickets:windows', %s))", [client])
            # A range only grows: a shorter one of a worker that was overtaken would take windows away.
            known = WindowRange.objects.filter(client_id=client).first()
            start, end = (min(first, known.first_at), max(last, known.last_at)) if known else (first, last)
            told, windows = _windows(client, start, end, hours)
            _write(cursor, client, windows)
            WindowRange.objects.update_or_create(
                client_id=client,
                defaults={"first_at": start, "last_at": end, "has_hours": told, "is_stale": False},
            )
        done += 1
    return done


def _windows(client: int, start: datetime, end: datetime, hours: dict[int, Hours]) -> tuple[bool, list[Interval]]:
    """Whether anything is agreed, and the open stretches, each by the version in force then."""
    versions = list(Agreement.objects.filter(client_id=client).select_related("calendar").order_by("valid_from"))
    return bool(versions), of_versions(versions, start, end, hours)


def of_versions(
    versions: Sequence[Agreement], start: datetime, end: datetime, hours: dict[int, Hours] | None = None
) -> list[Interval]:
    """The open stretches by these versions of an agreement, in order of time.

    The first version also holds for what came before it.
    """
    hours = {} if hours is None else hours
    found: list[Interval] = []
    for n, version in enumerate(versions):
        begins = start if n == 0 else max(start, version.valid_from)
        ends = min(end, versions[n + 1].valid_from) if n + 1 < len(versions) else end
        if version.calendar_id not in hours:
            hours[version.calendar_id] = version.calendar.hours()
        found += hours[version.calendar_id].windows(begins, ends)
    return found


def _write(cursor: Any, client: int, windows: list[Interval]) -> None:
    opens, closes, before = as_columns(windows)
    cursor.execute(_REMOVE, [client, opens])
    cursor.execute(_WRITE, [client, opens, closes, before])


def as_columns(windows: Sequence[Interval]) -> tuple[list[datetime], list[datetime], list[int]]:
    """When each opens and closes, and the open microseconds before it."""
    opens, closes, before, so_far = [], [], [], 0
    for opens_at, closes_at in windows:
        opens.append(opens_at)
        closes.append(closes_at)
        before.append(so_far)
        length = closes_at - opens_at
        so_far += (length.days * 86_400 + length.seconds) * 1_000_000 + length.microseconds
    return opens, closes, before
