"""Figures that must fit each other, whichever way they are counted. Each has two sides, counted apart."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection, transaction

from metrics import compute
from metrics.catalog import KPIS
from metrics.compute import Query
from metrics.grains import zone
from metrics.period import Period

# Where the two sides of Little's law are further apart, the stock is growing or the log has errors.
LITTLE = 0.10


@dataclass(frozen=True)
class Invariant:
    """Both sides, and the numbers that they are made of.

    `must`: it holds exactly or something is wrong. Else it is a sign to look at.
    """

    code: str
    left: float
    right: float
    holds: bool
    must: bool
    terms: dict[str, float]

    def plain(self) -> dict[str, Any]:
        return {
            "code": self.code,
            "left": self.left,
            "right": self.right,
            "holds": self.holds,
            "must": self.must,
            "terms": self.terms,
        }


def invariants(start: datetime, end: datetime) -> list[Invariant]:
    """All of them, over one period, as of one instant."""
    is_outermost = not connection.in_atomic_block
    with transaction.atomic():
        if is_outermost:
            with connection.cursor() as cursor:
                cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
        return [stock_and_flow(start, end), open_now(end), offered(start, end), little(start, end)]


def _row(sql: str, params: dict[str, Any]) -> list[Any]:
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
        return list(cursor.fetchone())


# Merged cases live on in another; tests and spam are no work.
_REAL = "k.merged_into_id IS NULL AND NOT k.flags && ARRAY['test', 'spam']::varchar[]"


def _open_at(moment: str) -> str:
    """SQL: how many cases were open at a moment, by the last thing that closed or opened each before it."""
    return f"""(SELECT count(*) FROM tickets_case k WHERE {_REAL} AND k.created_at < {moment} AND coalesce((
        SELECT e.kind FROM tickets_caseevent e
        WHERE e.case_id = k.number AND e.is_valid AND e.kind IN ('resolved', 'reopened') AND e.at < {moment}
        ORDER BY e.at DESC, e.id DESC LIMIT 1), 'reopened') = 'reopened')"""


def stock_and_flow(start: datetime, end: datetime) -> Invariant:
    """Open at the start + created - resolved + reopened = open at the end."""
    begin, created, resolved, reopened, stock = _row(
        f"""SELECT {_open_at("%(start)s")},
            (SELECT count(*) FROM tickets_case k WHERE {_REAL} AND k.created_at >= %(start)s AND k.created_at < %(end)s),
            {_events("resolved")}, {_events("reopened")}, {_open_at("%(end)s")}""",
        {"start": start, "end": end},
    )
    left = begin + created - resolved + reopened
    terms = {"start": begin, "created": created, "resolved": resolved, "reopened": reopened}
    return Invariant("stock_and_flow", left, stock, left == stock, must=True, terms=terms)


def _events(kind: str) -> str:
    return f"""(SELECT count(*) FROM tickets_caseevent e JOIN tickets_case k ON k.number = e.case_id
        WHERE {_REAL} AND e.is_valid AND e.kind = '{kind}' AND e.at >= %(start)s AND e.at < %(end)s)"""


def open_now(end: datetime) -> Invariant:
    """Open by the state that the cases have = open by the log of what happened to them."""
    by_state, by_log = _row(
        f"""SELECT (SELECT count(*) FROM tickets_case k WHERE {_REAL} AND k.created_at < %(end)s
            AND k.status NOT IN ('resolved', 'merged')), {_open_at("%(end)s")}""",
        {"end": end},
    )
    return Invariant("open_now", by_state, by_log, by_state == by_log, must=True, terms={})


def offered(start: datetime, end: datetime) -> Invariant:
    """Offered, by the engine = answered + abandoned + flow-outs + still waiting, by the log."""
    query = Query(Period(start, end, zone()), filters={"channel": ["phone", "chat"]}, as_of=end)
    ours = compute.values([KPIS["offered"]], query)[0].values["offered"].value or 0
    answered, abandoned, flow_outs, waiting = _row(
        """SELECT count(*) FILTER (WHERE outcome = 'answered'), count(*) FILTER (WHERE outcome = 'abandoned'),
            count(*) FILTER (WHERE outcome IN ('callback_requested', 'voicemail')), count(*) FILTER (WHERE outcome = '')
        FROM tickets_contact WHERE is_valid AND channel IN ('phone', 'chat') AND queued_at IS NOT NULL
            AND started_at >= %(start)s AND started_at < %(end)s""",
        {"start": start, "end": end},
    )
    right = answered + abandoned + flow_outs + waiting
    terms = {"answered": answered, "abandoned": abandoned, "flow_outs": flow_outs, "waiting": waiting}
    return Invariant("offered", ours, right, ours == right, must=True, terms=terms)


def little(start: datetime, end: datetime) -> Invariant:
    """Little's law: cases open on average = cases opened a second x seconds that they stay open (within a tenth).

    A reopened case is another stay. Without stays that ended there is nothing to compare, and it holds.
    """
    seconds_open, opened, stayed = _row(
        f"""WITH turns AS (
            SELECT k.number, k.created_at AS at, 'reopened' AS kind, 0 AS id FROM tickets_case k WHERE {_REAL}
            UNION ALL SELECT e.case_id, e.at, e.kind, e.id FROM tickets_caseevent e JOIN tickets_case k ON k.number = e.case_id
            WHERE {_REAL} AND e.is_valid AND e.kind IN ('resolved', 'reopened')
        ), stays AS (
            SELECT at AS opened_at, lead(at, 1, 'infinity') OVER w AS closed_at, kind FROM turns
            WINDOW w AS (PARTITION BY number ORDER BY at, id)
        )
        SELECT coalesce(sum(extract(epoch FROM least(closed_at, %(end)s) - greatest(opened_at, %(start)s)))
                FILTER (WHERE opened_at < %(end)s AND closed_at > %(start)s), 0)::float,
            count(*) FILTER (WHERE opened_at >= %(start)s AND opened_at < %(end)s),
            avg(extract(epoch FROM closed_at - opened_at))
                FILTER (WHERE closed_at >= %(start)s AND closed_at < %(end)s)::float
        FROM stays WHERE kind = 'reopened'""",
        {"start": start, "end": end},
    )
    length = (end - start).total_seconds()
    left, right = seconds_open / length, (opened / length) * (stayed or 0)
    holds = stayed is None or abs(left - right) <= LITTLE * max(left, right)
    terms = {"opened_per_day": opened / length * 86_400, "hours_open": (stayed or 0) / 3600}
    return Invariant("little", left, right, holds, must=False, terms=terms)
