"""What a wallboard shows at this moment: asked of the database with one statement, at most once a second for all screens.

Whoever asks first after a second works it out and puts it into the cache; all others read what lies there. So a hundred
screens cost what one does.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.core.cache import cache
from django.db.models import Q
from django.utils import timezone

from metrics.catalog import KPIS
from metrics.period import midnight
from metrics.reader import reader
from metrics.sources import joined_rows
from metrics.sql import Params, Ranges
from metrics.wallboard.models import Wallboard
from tickets.models import Agreement, Queue, User

KPI = KPIS["service-level"]
# How long an answer is good for, a little over a second, and how long it lies there for the time after.
FRESH, KEPT = timedelta(milliseconds=1050), 60
# What changes seldom: whose queues and agents, what was agreed, what usually comes later in the day.
SEEMS_THE_SAME = 600
SOON = timedelta(hours=2)
WEEKS = 4
LEAST = 10


@dataclass(frozen=True)
class Scope:
    """What changes seldom about a board: ids of its queues with their names, its agents, its target, what usually comes.

    `usual`: by half-hour of the day, how many contacts came on this weekday of the last weeks, on average.
    """

    queues: dict[int, str]
    agents: list[int]
    client: int | None
    target: float | None
    usual: dict[int, float]
    day: str

    def plain(self) -> dict[str, Any]:
        return {**self.__dict__}


def snapshot(board: Wallboard, now: datetime | None = None) -> dict[str, Any]:
    """What the screens of this board show now, shared by all of them.

    The database is asked by one of those who ask at once, and never twice within a second.
    """
    key = f"wallboard:{board.pk}:{board.link_number}"
    found: dict[str, Any] | None = cache.get(key)
    at = now or timezone.now()
    if found is not None and at < datetime.fromisoformat(found["at"]) + FRESH:
        return found
    # Whoever is second shows what was true a moment ago.
    if not cache.add(f"{key}:asking", 1, 5) and found is not None:
        return found
    try:
        made = ask(board, at)
        cache.set(key, made, KEPT)
    finally:
        cache.delete(f"{key}:asking")
    return made


def ask(board: Wallboard, now: datetime) -> dict[str, Any]:
    """Ask the database: one statement, and seldom a few more for what seems the same all day."""
    scope = scope_of(board, now)
    values = _values(board, scope, now)
    today = values.pop("today")
    shown = {
        "at": now.isoformat(),
        "queues": _by_queue(scope, values),
        "agents": values["agents"],
        "names": _names(values["names"]) if board.shows_names else [],
        "incidents": values["incidents"],
        "level": {
            "in_time": today["in_time"],
            "of": today["of"],
            "target": scope.target,
            "expected": expected(scope, today, now),
        },
    }
    # Of the same figures the same mark, so that a screen that has them is told so and nothing more.
    digest = hashlib.sha256(json.dumps({**shown, "at": ""}, sort_keys=True).encode()).hexdigest()[:24]
    return {**shown, "mark": digest}


def _by_queue(scope: Scope, values: dict[str, Any]) -> list[dict[str, Any]]:
    waiting = {row["queue"]: row for row in values["waiting"]}
    return [
        {
            "name": name,
            "phone": waiting.get(pk, {}).get("phone", 0),
            "chat": waiting.get(pk, {}).get("chat", 0),
            "since": waiting.get(pk, {}).get("since"),
        }
        for pk, name in sorted(scope.queues.items(), key=lambda item: item[1].casefold())
    ]


def _names(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    people = {one.pk: str(one) for one in User.objects.filter(pk__in=[row["agent"] for row in rows])}
    found = [{"name": people[row["agent"]], "state": row["state"]} for row in rows if row["agent"] in people]
    return sorted(found, key=lambda one: one["name"].casefold())


# --- the one statement

_SQL = """SELECT json_build_object(
    'waiting', (SELECT coalesce(json_agg(w), '[]') FROM (
        SELECT queue_id AS queue, count(*) FILTER (WHERE channel = 'phone') AS phone,
            count(*) FILTER (WHERE channel = 'chat') AS chat, min(since) AS since
        FROM (
            SELECT c.queue_id, 'phone' AS channel, c.queued_at AS since, c.client_id FROM tickets_contact c
            WHERE c.ended_at IS NULL AND c.answered_at IS NULL AND c.queued_at IS NOT NULL AND c.channel = 'phone'
                AND c.direction = 'inbound' AND NOT c.is_void AND c.queue_id = ANY(%(queues)s)
                AND c.started_at > %(recently)s
            UNION ALL
            SELECT h.queue_id, 'chat', h.waits_since, k.client_id FROM tickets_chat h
            JOIN tickets_contact k ON k.id = h.contact_id
            WHERE h.waits_since IS NOT NULL AND h.queue_id = ANY(%(queues)s)
        ) x WHERE %(client)s::int IS NULL OR client_id = %(client)s GROUP BY 1
    ) w),
    'agents', (SELECT coalesce(json_object_agg(state, n), '{{}}') FROM (
        SELECT state, count(*) AS n FROM tickets_agentstate
        WHERE ended_at IS NULL AND agent_id = ANY(%(agents)s) GROUP BY 1) s),
    'names', (SELECT coalesce(json_agg(json_build_object('agent', agent_id, 'state', state)), '[]')
        FROM tickets_agentstate WHERE %(names)s AND ended_at IS NULL AND agent_id = ANY(%(agents)s)),
    'incidents', (SELECT coalesce(json_agg(json_build_object('title', title, 'since', began_at) ORDER BY began_at), '[]')
        FROM tickets_incident WHERE ended_at IS NULL
            AND (client_id IS NULL OR %(client)s::int IS NULL OR client_id = %(client)s)),
    'today', (SELECT json_build_object(
        'in_time', count(*) FILTER (WHERE {top}), 'of', count(*) FILTER (WHERE {base}),
        'soon_in_time', count(*) FILTER (WHERE {top} AND f.at >= %(soon)s),
        'soon', count(*) FILTER (WHERE {base} AND f.at >= %(soon)s)) FROM {rows})
)"""


def _values(board: Wallboard, scope: Scope, now: datetime) -> dict[str, Any]:
    params: Params = {}
    rows = joined_rows(KPI.fact, _today(now), _filters(board, scope), params)
    params |= {
        "queues": list(scope.queues),
        "agents": scope.agents,
        "client": scope.client,
        "names": board.shows_names,
        "soon": now - SOON,
        # A call that nobody ever ended does not wait for days.
        "recently": now - timedelta(days=1),
    }
    assert KPI.denominator is not None
    sql = _SQL.format(top=f"({KPI.numerator.where})", base=f"({KPI.denominator.where})", rows=rows)
    with reader().cursor() as cursor:
        cursor.execute(sql, params)
        found: dict[str, Any] = cursor.fetchone()[0]
    return found


def _filters(board: Wallboard, scope: Scope) -> dict[str, list[Any]]:
    found: dict[str, list[Any]] = {"queue": list(scope.queues)}
    return {**found, "client": [scope.client]} if scope.client else found


def _today(now: datetime) -> Ranges:
    zone = ZoneInfo(settings.TIME_ZONE)
    return [(midnight(now.astimezone(zone).date(), zone), now)]


# --- what seems the same


def scope_of(board: Wallboard, now: datetime) -> Scope:
    """Whose figures it shows. Kept for some minutes, and looked up anew on another day."""
    key = f"wallboard:{board.pk}:{board.link_number}:scope"
    day = now.astimezone(ZoneInfo(settings.TIME_ZONE)).date().isoformat()
    found = cache.get(key)
    if found is not None and found["day"] == day:
        return Scope(**found)
    queues = Queue.objects.visible_to(board.owner)
    if chosen := list(board.queues.values_list("pk", flat=True)):
        queues = queues.filter(pk__in=chosen)
    if board.client_id:
        queues = queues.filter(Q(client=board.client_id) | Q(client=None))
    names = dict(queues.distinct().values_list("pk", "name"))
    people = User.objects.filter(is_active=True, team__queues__in=list(names)).exclude(role__in=User.NO_COLLEAGUES)
    scope = Scope(
        names, sorted(set(people.values_list("pk", flat=True))), board.client_id, _target(board, names), {}, day
    )
    scope = Scope(**{**scope.plain(), "usual": _usual(board, scope, now)})
    cache.set(key, scope.plain(), SEEMS_THE_SAME)
    return scope


def forget(board: Wallboard) -> None:
    """Look everything up anew: the board was changed."""
    key = f"wallboard:{board.pk}:{board.link_number}"
    cache.delete_many([key, f"{key}:scope"])


def _target(board: Wallboard, queues: dict[int, str]) -> float | None:
    """The share that was agreed, where it is the same for all whose contacts are shown."""
    latest = Agreement.objects.filter(valid_from__lte=timezone.now())
    if board.client_id:
        latest = latest.filter(client=board.client_id)
    else:
        latest = latest.filter(client__queues__in=list(queues))
    agreed = {
        level.target_share
        for one in latest.order_by("client_id", "-valid_from").distinct("client_id").prefetch_related("service_levels")
        for level in one.service_levels.all()
        if not level.position
    }
    return float(agreed.pop()) if len(agreed) == 1 else None


def _usual(board: Wallboard, scope: Scope, now: datetime) -> dict[int, float]:
    """How many came by half-hour on the same weekday of the last weeks, on average."""
    zone = ZoneInfo(settings.TIME_ZONE)
    today = now.astimezone(zone).date()
    days = [today - timedelta(weeks=n) for n in range(1, WEEKS + 1)]
    ranges = [(midnight(day, zone), midnight(day + timedelta(days=1), zone)) for day in days]
    params: Params = {"zone": settings.TIME_ZONE}
    rows = joined_rows(KPI.fact, ranges, _filters(board, scope), params)
    assert KPI.denominator is not None
    local = "(f.at AT TIME ZONE %(zone)s)"
    half = f"(extract(hour FROM {local}) * 2 + floor(extract(minute FROM {local}) / 30))::int"
    with reader().cursor() as cursor:
        cursor.execute(
            f"SELECT {half}, count(*), (SELECT count(DISTINCT ({local})::date) FROM {rows}) FROM {rows}"
            f" WHERE {KPI.denominator.where} GROUP BY 1",
            params,
        )
        return {half: count / max(1, days) for half, count, days in cursor.fetchall()}


def expected(scope: Scope, today: dict[str, int], now: datetime) -> float | None:
    """What the day's service level is likely to be at its end.

    What was answered in time so far, and of what usually still comes as large a part as in the last two hours, or as
    today where those were few. None while fewer than ten say anything.
    """
    if today["of"] < LEAST or not scope.usual:
        return None
    local = now.astimezone(ZoneInfo(settings.TIME_ZONE))
    half, within = local.hour * 2 + local.minute // 30, (local.minute % 30) / 30
    rest = sum(count for at, count in scope.usual.items() if at > half) + scope.usual.get(half, 0) * (1 - within)
    top, base = ("soon_in_time", "soon") if today["soon"] >= LEAST else ("in_time", "of")
    return (today["in_time"] + rest * today[top] / today[base]) / (today["of"] + rest)
