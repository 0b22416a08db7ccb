"""Settle contacts: write the sums over a contact's legs onto the contact, set by set, in one statement.

Everything that writes contacts or legs (verbs, the import, the API) calls `settle` in the same transaction.
What it writes can be computed again from the legs at any time; `differences` does so and changes nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import timedelta
from typing import Any

from django.db import connection, transaction

# Contacts whose sums may change when the given ones did: a callback's request, and chats that an agent had open
# side by side, since each second of hers is split equally among them.
_WIDEN = """
WITH given AS (SELECT unnest(%(ids)s::bigint[]) AS id),
spans AS (
    SELECT s.agent_id, s.started_at AS a, s.ended_at + s.acw_us * interval '1 microsecond' AS b
    FROM given
    JOIN tickets_contact c ON c.id = given.id AND c.channel = 'chat'
    JOIN tickets_segment s ON s.contact_id = c.id AND s.ended_at IS NOT NULL
)
SELECT id FROM given
UNION
SELECT c.parent_id FROM given JOIN tickets_contact c ON c.id = given.id WHERE c.parent_id IS NOT NULL
UNION
SELECT s.contact_id
FROM spans
JOIN tickets_segment s ON s.agent_id = spans.agent_id AND s.started_at < spans.b
    AND s.started_at >= spans.a - %(longest)s::interval AND s.ended_at + s.acw_us * interval '1 microsecond' > spans.a
JOIN tickets_contact c ON c.id = s.contact_id AND c.channel = 'chat'
"""

_SETTLED = """
WITH given AS (SELECT unnest(%(ids)s::bigint[]) AS id),
-- Every leg that counts for a contact: its own, and those of the callback that answered its request.
parts AS (
    SELECT c.id AS contact_id, c.id AS own_id FROM given JOIN tickets_contact c ON c.id = given.id
    UNION ALL
    SELECT p.id, k.id
    FROM given
    JOIN tickets_contact p ON p.id = given.id
    JOIN tickets_contact k ON k.parent_id = p.id AND k.direction = 'outbound' AND k.outcome = 'answered'
        AND 'callback' = ANY(k.flags)
),
-- A chatting agent's seconds, split equally among the chats that she has open at that second: `shared` integrates
-- 1 / (open chats) over her time, so a leg's share is the difference between its two ends.
chat_range AS (
    SELECT s.agent_id, min(s.started_at) AS a, max(s.ended_at + s.acw_us * interval '1 microsecond') AS b
    FROM parts
    JOIN tickets_contact c ON c.id = parts.own_id AND c.channel = 'chat'
    JOIN tickets_segment s ON s.contact_id = c.id AND s.ended_at IS NOT NULL
    GROUP BY s.agent_id
),
chat_spans AS (
    SELECT s.id, s.agent_id, s.started_at AS a, s.ended_at + s.acw_us * interval '1 microsecond' AS b
    FROM chat_range r
    JOIN tickets_segment s ON s.agent_id = r.agent_id AND s.started_at <= r.b AND s.started_at >= r.a - %(longest)s::interval
        AND s.ended_at + s.acw_us * interval '1 microsecond' >= r.a
    JOIN tickets_contact c ON c.id = s.contact_id AND c.channel = 'chat'
),
steps AS (
    SELECT agent_id, t, sum(d) AS d
    FROM (SELECT agent_id, a AS t, 1 AS d FROM chat_spans UNION ALL SELECT agent_id, b, -1 FROM chat_spans) points
    GROUP BY agent_id, t
),
running AS (
    SELECT agent_id, t, sum(d) OVER w AS open_chats, lead(t) OVER w AS next_t
    FROM steps WINDOW w AS (PARTITION BY agent_id ORDER BY t)
),
shared AS (
    SELECT agent_id, t, coalesce(sum(
        CASE WHEN open_chats > 0 THEN extract(epoch FROM next_t - t) * 1000000 / open_chats ELSE 0 END
    ) OVER (PARTITION BY agent_id ORDER BY t ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), 0) AS us
    FROM running
),
chat_share AS (
    SELECT cs.id, round(e.us - b.us)::bigint AS us
    FROM chat_spans cs
    JOIN shared b ON b.agent_id = cs.agent_id AND b.t = cs.a
    JOIN shared e ON e.agent_id = cs.agent_id AND e.t = cs.b
),
legs AS (
    SELECT parts.contact_id, parts.contact_id = parts.own_id AS is_own, s.id, s.agent_id, s.team_id, s.role,
        s.started_at, s.talk_us, s.hold_us, s.acw_us,
        coalesce(x.us, s.talk_us + s.hold_us + s.acw_us) AS engaged_us,
        coalesce(s.ended_at, s.started_at + (s.talk_us + s.hold_us) * interval '1 microsecond')
            + s.acw_us * interval '1 microsecond' AS done_at
    FROM parts
    JOIN tickets_segment s ON s.contact_id = parts.own_id
    LEFT JOIN chat_share x ON x.id = s.id
),
sums AS (
    SELECT contact_id, sum(talk_us)::bigint AS talk_us, sum(hold_us)::bigint AS hold_us, sum(acw_us)::bigint AS acw_us,
        sum(engaged_us)::bigint AS engaged_us, count(*)::smallint AS legs,
        (count(*) FILTER (WHERE is_own AND role = 'transfer'))::smallint AS transfers, max(done_at) AS done_at
    FROM legs GROUP BY contact_id
),
owners AS (
    SELECT DISTINCT ON (contact_id) contact_id, agent_id, team_id
    FROM legs WHERE role IN ('primary', 'transfer')
    ORDER BY contact_id, started_at DESC, id DESC
),
answers AS (
    SELECT parts.contact_id,
        bool_or(parts.contact_id <> parts.own_id) AS has_callback,
        sum((extract(epoch FROM c.ended_at - c.answered_at) * 1000000)::bigint)
            FILTER (WHERE c.outcome = 'answered')::bigint AS elapsed_us,
        max(c.ended_at) FILTER (WHERE c.outcome = 'answered') AS ended_at
    FROM parts JOIN tickets_contact c ON c.id = parts.own_id
    GROUP BY parts.contact_id
),
judged AS (
    SELECT c.id, c.channel, c.answered_at, q.team_id AS queue_team_id,
        c.is_valid AND (
            (c.outcome = 'answered' AND (c.channel NOT IN ('phone', 'chat') OR c.ended_at IS NOT NULL))
            OR (c.outcome IN ('callback_requested', 'voicemail') AND answers.has_callback)
        ) AS is_handled
    FROM given
    JOIN tickets_contact c ON c.id = given.id
    LEFT JOIN tickets_queue q ON q.id = c.queue_id
    LEFT JOIN answers ON answers.contact_id = c.id
)
SELECT j.id, j.is_handled,
    CASE WHEN NOT j.is_handled THEN NULL
         WHEN j.channel IN ('phone', 'chat') THEN coalesce(sums.done_at, answers.ended_at)
         ELSE j.answered_at END AS handled_end_at,
    owners.agent_id AS owner_id,
    coalesce(owners.team_id, j.queue_team_id) AS team_id,
    coalesce(sums.talk_us, 0) AS talk_us, coalesce(sums.hold_us, 0) AS hold_us, coalesce(sums.acw_us, 0) AS acw_us,
    coalesce(sums.engaged_us, 0) AS engaged_us, coalesce(answers.elapsed_us, 0) AS elapsed_us,
    coalesce(sums.legs, 0::smallint) AS legs, coalesce(sums.transfers, 0::smallint) AS transfers
FROM judged j
LEFT JOIN sums ON sums.contact_id = j.id
LEFT JOIN owners ON owners.contact_id = j.id
LEFT JOIN answers ON answers.contact_id = j.id
"""

_COLUMNS = (
    "is_handled",
    "handled_end_at",
    "owner_id",
    "team_id",
    "talk_us",
    "hold_us",
    "acw_us",
    "engaged_us",
    "elapsed_us",
    "legs",
    "transfers",
)
_DIFFERS = (
    f"({', '.join('c.' + name for name in _COLUMNS)}) IS DISTINCT FROM ({', '.join('n.' + name for name in _COLUMNS)})"
)

CHUNK = 20_000

# Statistics that were taken while the first rows were not committed yet say that the table is empty, and believing them
# the planner nests loops over thousands of rows: minutes instead of milliseconds. A table that small is read in no time.
_BELIEVED_EMPTY = """
SELECT 1 FROM pg_class
WHERE oid IN ('tickets_contact'::regclass, 'tickets_segment'::regclass) AND reltuples >= 0 AND reltuples < %s
"""
_FEW = 100


# No chat is longer than this: how far back to look for one that reaches into a span, when nobody measured it.
_EVER = timedelta(days=36_500)


def settle(ids: Iterable[int], longest: timedelta = _EVER) -> int:
    """Settle these contacts and those whose sums they change. Return how many rows changed.

    Safe to run twice and side by side: the contacts are locked, in order, before their legs are read. Who settles very
    many at once measures the `longest` chat first, so that an agent's whole past is not read for each of them.
    """
    changed = 0
    for chunk in _chunks(ids):
        with transaction.atomic(savepoint=False), connection.cursor() as cursor:
            cursor.execute(_WIDEN, {"ids": chunk, "longest": str(longest.total_seconds())})
            wide = sorted(row[0] for row in cursor.fetchall())
            if len(wide) > _FEW:
                cursor.execute(_BELIEVED_EMPTY, [len(wide)])
                if cursor.fetchone():
                    cursor.execute("ANALYZE (SKIP_LOCKED) tickets_contact, tickets_segment")
            cursor.execute(
                "SELECT id FROM tickets_contact WHERE id = ANY(%(ids)s) ORDER BY id FOR NO KEY UPDATE", {"ids": wide}
            )
            cursor.execute(
                f"UPDATE tickets_contact c SET {', '.join(f'{name} = n.{name}' for name in _COLUMNS)}"  # noqa: S608 - constants of this module
                f" FROM ({_SETTLED}) n WHERE n.id = c.id AND {_DIFFERS}",
                {"ids": wide, "longest": str(longest.total_seconds())},
            )
            changed += cursor.rowcount
    return changed


def settle_all() -> int:
    """Settle every contact from its legs. Return how many rows changed."""
    longest = _longest_chat()
    return sum(settle(chunk, longest) for chunk in _all_ids())


def differences(limit: int = 100) -> list[dict[str, Any]]:
    """Compute every contact's sums again and return those that differ from the stored ones. Changes nothing."""
    found: list[dict[str, Any]] = []
    longest = _longest_chat()
    for chunk in _all_ids():
        with connection.cursor() as cursor:
            cursor.execute(
                f"SELECT c.external_id, c.started_at FROM tickets_contact c JOIN ({_SETTLED}) n ON n.id = c.id WHERE {_DIFFERS}",  # noqa: S608 - constants of this module
                {"ids": chunk, "longest": str(longest.total_seconds())},
            )
            found += [{"contact_id": row[0], "started_at": row[1]} for row in cursor.fetchall()]
        if len(found) >= limit:
            break
    return found[:limit]


def _longest_chat() -> timedelta:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT max(s.ended_at - s.started_at + s.acw_us * interval '1 microsecond') FROM tickets_segment s "
            "JOIN tickets_contact c ON c.id = s.contact_id WHERE c.channel = 'chat'"
        )
        return cursor.fetchone()[0] or timedelta()


def _chunks(ids: Iterable[int]) -> Iterator[list[int]]:
    ordered = sorted(set(ids))
    for start in range(0, len(ordered), CHUNK):
        yield ordered[start : start + CHUNK]


def _all_ids() -> Iterator[list[int]]:
    last = 0
    while True:
        with connection.cursor() as cursor:
            cursor.execute("SELECT id FROM tickets_contact WHERE id > %s ORDER BY id LIMIT %s", [last, CHUNK])
            chunk = [row[0] for row in cursor.fetchall()]
        if not chunk:
            return
        yield chunk
        last = chunk[-1]
