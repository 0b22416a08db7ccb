"""Messages of customers that waited for a reply, dated by their arrival."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from metrics.definition import Fact, Reason, Record
from metrics.facts.business import business_us, microseconds
from metrics.facts.case_record import LEFT_OUT
from metrics.facts.cases import CASE_DIMENSIONS, CASE_LEFT_OUT

# What came before a message on its case, and what came after it: of events at one instant the opening is the first,
# the others happened in the order in which they were written.
_PLACE = "(o.at, o.kind <> 'created', o.id)"
_MINE = "(e.at, true, e.id)"
_BACK = "ORDER BY o.at DESC, o.kind <> 'created' DESC, o.id DESC"

# A message opens a wait unless something that the customer wrote before is still unanswered: an earlier message, or the
# mail or form that opened the case, whose wait is the first response. A resolution ends the wait without a reply.
_SQL = f"""
SELECT e.id, e.at, k.client_id, k.queue_id, k.channel, k.team_id, k.owner_id AS agent_id, k.topic_id,
    {LEFT_OUT} AS left_out, e.is_valid,
    before.kind IS NULL OR before.kind IN ('agent_reply', 'resolved')
        OR (before.kind = 'created' AND k.channel IN ('phone', 'chat')) AS is_new,
    after.kind AS ended_by, answered.at AS answered_at, {microseconds("answered.at - e.at")} AS reply_us,
    {business_us("k.client_id", "e.at", "answered.at", "h.has_hours")} AS reply_business_us
FROM tickets_caseevent e
JOIN tickets_case k ON k.number = e.case_id
LEFT JOIN tickets_windowrange h ON h.client_id = k.client_id
LEFT JOIN LATERAL (
    SELECT o.kind FROM tickets_caseevent o
    WHERE o.case_id = e.case_id AND o.at <= e.at AND {_PLACE} < {_MINE} AND o.is_valid
        AND o.kind IN ('created', 'customer_message', 'agent_reply', 'resolved') {_BACK} LIMIT 1
) before ON true
LEFT JOIN LATERAL (
    SELECT o.kind, o.at FROM tickets_caseevent o
    WHERE o.case_id = e.case_id AND o.at >= e.at AND {_PLACE} > {_MINE} AND o.is_valid
        AND o.kind IN ('agent_reply', 'resolved') {_BACK.replace(" DESC", "")} LIMIT 1
) after ON true
CROSS JOIN LATERAL (SELECT CASE WHEN after.kind = 'agent_reply' THEN after.at END AS at) answered
WHERE e.kind = 'customer_message' AND {{scope}}
"""

REPLY = Record(
    code="reply",
    table="tickets_caseevent",
    key="e.id",
    objects="kind = 'customer_message'",
    sql=_SQL,
    columns={
        "id": "bigint",
        "at": "timestamptz",
        "client_id": "int",
        "queue_id": "int",
        "channel": "text",
        "team_id": "int",
        "agent_id": "int",
        "topic_id": "int",
        "left_out": "text",
        "is_valid": "boolean",
        "is_new": "boolean",
        "ended_by": "text",
        "answered_at": "timestamptz",
        "reply_us": "bigint",
        "reply_business_us": "bigint",
    },
)

CUSTOMER_MESSAGES = Fact(
    code="customer_message",
    name=_("Messages of customers on their cases"),
    dated_by=_("Arrival of the message"),
    record=REPLY,
    at="at",
    dimensions=CASE_DIMENSIONS,
    candidates="{within}",
    candidates_at="e.at",
    shows="""k.external_id AS case_id, k.number AS case_number, x.channel, x.at AS asked_at, x.answered_at,
        x.reply_us / 1e6 AS reply_seconds, x.reply_business_us / 1e6 AS reply_business_seconds,
        q.code AS queue, coalesce(u.code, u.username) AS agent, t.path AS topic""",
    joins="JOIN tickets_caseevent e ON e.id = x.id JOIN tickets_case k ON k.number = e.case_id",
    reasons=(
        *CASE_LEFT_OUT,
        Reason("thanks", "NOT is_valid", _("Only thanks")),
        Reason("not_new", "NOT is_new", _("Something written before it is still unanswered")),
        Reason("resolved", "ended_by = 'resolved'", _("Resolved without a reply")),
        Reason("unanswered", "answered_at IS NULL", _("Not answered yet")),
    ),
)
