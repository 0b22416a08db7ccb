"""Lengths of time in SQL: calendar time, and business time by the client's windows (`tickets.windows`).

A client's business clock runs while her desk is open and stands still otherwise. Business time between two moments is
the difference of its readings. Where nobody has told us hours it runs always, so business time is calendar time.
"""

from __future__ import annotations

import re

# Where `reading` looks up the window that opened last, and the same among windows that are not stored: `windows` has one
# row, with the arrays of what they are.
_WINDOW_INSTEAD = """FROM (
    SELECT i.opens[b.n] AS opens_at, i.closes[b.n] AS closes_at, i.before[b.n] AS before_us
    FROM windows i CROSS JOIN LATERAL (SELECT width_bucket({at}, i.opens) AS n) b
) w WHERE w.opens_at IS NOT NULL"""
_READS = re.compile(
    r"FROM tickets_openwindow w WHERE w\.client_id = \S+ AND w\.opens_at <= (?P<at>.+?)(?: AND w\.opens_at > .+?)? "
    r"ORDER BY w\.opens_at DESC LIMIT 1"
)


def microseconds(length: str) -> str:
    """An interval as whole microseconds."""
    return f"(extract(epoch FROM {length}) * 1000000)::bigint"


def reading(client: str, at: str, has_hours: str = "") -> str:
    """What a client's business clock reads at a moment, in microseconds: one look-up in an index.

    Args:
        has_hours: SQL that says whether the client has told us hours, where the caller has joined it; else looked up.
    """
    told = has_hours or (f"EXISTS (SELECT FROM tickets_windowrange hr WHERE hr.client_id = {client} AND hr.has_hours)")
    run = f"w.before_us + {microseconds(f'least({at}, w.closes_at) - w.opens_at')}"
    latest = f"SELECT {run} FROM tickets_openwindow w WHERE w.client_id = {client} AND w.opens_at <= {at}"
    order = "ORDER BY w.opens_at DESC LIMIT 1"
    # A look that goes back without end reads a whole page of the index: nearly always a few days are enough.
    near = f"{latest} AND w.opens_at > {at} - interval '4 days' {order}"
    return f"CASE WHEN {told} THEN coalesce(({near}), ({latest} {order}), 0) ELSE {microseconds(at)} END"


def business_us(client: str, start: str, end: str, has_hours: str = "") -> str:
    """The open microseconds between two moments; 0 where the end is not after the start, NULL where one is NULL."""
    return (
        f"CASE WHEN {start} IS NOT NULL AND {end} IS NOT NULL THEN greatest(0, "
        f"({reading(client, end, has_hours)}) - ({reading(client, start, has_hours)})) END"
    )


def reads_hours(sql: str) -> bool:
    """Whether something in this SQL depends on opening hours."""
    return _READS.search(sql) is not None


def by_other_hours(sql: str) -> str:
    """The same SQL by other windows than the stored ones: those of a row `windows(opens, closes, before)`."""
    return _READS.sub(lambda found: _WINDOW_INSTEAD.format(at=found["at"]), sql)
