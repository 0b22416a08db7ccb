"""The desk's own files of the bundle: contacts, segments, cases, their events, promises and the monthly ledgers."""

from __future__ import annotations

from tickets.bundle.columns import (
    Column,
    Makes,
    Reason,
    choice,
    flags,
    identifier,
    instant,
    money,
    month,
    seconds,
    text,
    topic_path,
    yes_no,
)
from tickets.bundle.spec import Check, FileSpec, Order, Reference
from tickets.models.codes import Channel, Demand, Direction, Flag, Outcome, Priority, Role
from tickets.models.event import CaseEvent
from tickets.models.promise import Promise

_id = identifier()
_code = text(120)
# What a log can say about a case; the others are written by the desk alone.
EVENT_KINDS = [
    CaseEvent.Kind.CREATED,
    CaseEvent.Kind.RESOLVED,
    CaseEvent.Kind.REOPENED,
    CaseEvent.Kind.ESCALATED,
    CaseEvent.Kind.MERGED,
    CaseEvent.Kind.AGENT_REPLY,
    CaseEvent.Kind.CUSTOMER_MESSAGE,
    CaseEvent.Kind.AUTO_ACK,
    CaseEvent.Kind.WAITING_CUSTOMER,
    CaseEvent.Kind.WAITING_THIRD_PARTY,
    CaseEvent.Kind.ASSIGNED,
    CaseEvent.Kind.NOTE,
]

CONTACTS = FileSpec(
    name="contacts",
    table="tickets_contact",
    key=("contact_id",),
    columns=(
        Column("contact_id", _id, filled=True),
        Column("channel", choice(Channel.values), filled=True),
        Column("direction", choice(Direction.values), filled=True),
        Column("customer_id", text(320), makes=Makes.CUSTOMER),
        Column("case_id", _id),
        Column("topic", topic_path, makes=Makes.TOPIC),
        Column("demand", choice(Demand.values)),
        Column("cause", _code),
        Column("queue", text(200), makes=Makes.QUEUE),
        Column("started_at", instant, "timestamptz", filled=True),
        Column("queued_at", instant, "timestamptz"),
        Column("answered_at", instant, "timestamptz"),
        Column("ended_at", instant, "timestamptz"),
        Column("outcome", choice(Outcome.values)),
        Column("parent_id", _id),
        Column("duplicate_of", _id),
        Column("flags", flags(Flag.values), "text[]"),
        Column("client", _code, optional=True, makes=Makes.CLIENT),
        Column("customer_name", text(200), optional=True),
        Column("customer_email", text(320), optional=True),
        Column("customer_phone", text(60), optional=True),
        Column("language", text(8), optional=True),
        Column("subject", text(500), optional=True),
        Column("body", text(10_000_000), optional=True),
    ),
    orders=(
        Order("queued_at", ("started_at",)),
        Order("answered_at", ("queued_at", "started_at")),
        Order("ended_at", ("answered_at", "queued_at", "started_at")),
    ),
    references=(
        Reference("case_id", "cases", "tickets_case"),
        Reference("parent_id", "contacts", "tickets_contact"),
        Reference("duplicate_of", "contacts", "tickets_contact"),
    ),
    checks=(
        Check(
            Reason.REFERENCE,
            "parent_id",
            "SELECT line, 'is the contact itself' AS message FROM stage_contacts WHERE parent_id = contact_id",
        ),
        Check(
            Reason.REFERENCE,
            "duplicate_of",
            "SELECT line, 'is the contact itself' AS message FROM stage_contacts WHERE duplicate_of = contact_id",
        ),
    ),
)

SEGMENTS = FileSpec(
    name="segments",
    table="tickets_segment",
    key=("segment_id",),
    columns=(
        Column("segment_id", _id, filled=True),
        Column("contact_id", _id, filled=True),
        Column("agent_id", _code, filled=True, makes=Makes.AGENT),
        Column("role", choice(Role.values), filled=True),
        Column("started_at", instant, "timestamptz", filled=True),
        Column("ended_at", instant, "timestamptz"),
        Column("talk_s", seconds, "bigint"),
        Column("hold_s", seconds, "bigint"),
        Column("acw_s", seconds, "bigint"),
    ),
    orders=(Order("ended_at", ("started_at",)),),
    references=(Reference("contact_id", "contacts", "tickets_contact"),),
)

# A merge that leads back to where it began leaves no case to count for. Cases that lead into such a circle refer to
# quarantined rows and follow them.
_MERGED_IN_A_CIRCLE = """
WITH RECURSIVE step(line, start, at, passed) AS (
    SELECT line, case_id, merged_into, 1 FROM stage_cases WHERE merged_into IS NOT NULL
    UNION ALL
    SELECT step.line, step.start, next.merged_into, step.passed + 1
    FROM step
    JOIN (
        SELECT case_id, merged_into FROM stage_cases
        UNION ALL
        SELECT c.external_id, m.external_id
        FROM tickets_case c JOIN tickets_case m ON m.number = c.merged_into_id
        WHERE c.source_id = %(source)s AND NOT EXISTS (SELECT 1 FROM stage_cases s WHERE s.case_id = c.external_id)
    ) next ON next.case_id = step.at
    WHERE step.at <> step.start AND next.merged_into IS NOT NULL AND step.passed < 1000
)
SELECT DISTINCT line, 'merged in a circle' AS message FROM step WHERE at = start OR passed = 1000
"""

CASES = FileSpec(
    name="cases",
    table="tickets_case",
    table_key="number",
    key=("case_id",),
    columns=(
        Column("case_id", _id, filled=True),
        Column("customer_id", text(320), makes=Makes.CUSTOMER),
        Column("topic", topic_path, makes=Makes.TOPIC),
        Column("channel", choice(Channel.values), filled=True),
        Column("first_contact_id", _id),
        Column("created_at", instant, "timestamptz", filled=True),
        Column("first_resolved_at", instant, "timestamptz", optional=True),
        Column("last_resolved_at", instant, "timestamptz", optional=True),
        Column("escalated_at", instant, "timestamptz", optional=True),
        Column("fcr_eligible", yes_no, "boolean"),
        Column("merged_into", _id),
        Column("flags", flags(Flag.values), "text[]"),
        Column("queue", text(200), optional=True, makes=Makes.QUEUE),
        Column("priority", choice(Priority.values), optional=True),
        Column("subject", text(500), optional=True),
        Column("first_response_due_at", instant, "timestamptz", optional=True),
        Column("resolution_due_at", instant, "timestamptz", optional=True),
    ),
    orders=(
        Order("first_resolved_at", ("created_at",)),
        Order("last_resolved_at", ("first_resolved_at", "created_at")),
        Order("escalated_at", ("created_at",)),
    ),
    references=(
        Reference("first_contact_id", "contacts", "tickets_contact"),
        Reference("merged_into", "cases", "tickets_case", "number"),
    ),
    checks=(Check(Reason.REFERENCE, "merged_into", _MERGED_IN_A_CIRCLE),),
)

CASE_EVENTS = FileSpec(
    name="case_events",
    key=("case_id", "at", "type"),
    may_repeat=True,
    columns=(
        Column("case_id", _id, filled=True),
        Column("at", instant, "timestamptz", filled=True),
        Column("type", choice(EVENT_KINDS), filled=True),
        Column("actor", _code, makes=Makes.ACTOR),
        Column("valid", yes_no, "boolean"),
        Column("note", text(1_000_000)),
    ),
    references=(Reference("case_id", "cases", "tickets_case", "number"),),
    checks=(
        Check(
            Reason.ORDER,
            "at",
            """
            SELECT e.line, 'resolved before the case was created' AS message
            FROM stage_case_events e
            LEFT JOIN stage_cases s ON s.case_id = e.case_id
            LEFT JOIN tickets_case c ON c.source_id = %(source)s AND c.external_id = e.case_id
            WHERE e.type = 'resolved' AND e.at < coalesce(s.created_at, c.created_at)
            """,
        ),
    ),
)

PROMISES = FileSpec(
    name="promises",
    table="tickets_promise",
    key=("promise_id",),
    columns=(
        Column("promise_id", _id, filled=True),
        Column("case_id", _id, filled=True),
        Column("kind", text(60)),
        Column("made_at", instant, "timestamptz", filled=True),
        Column("original_due_at", instant, "timestamptz", filled=True),
        Column("due_at", instant, "timestamptz", filled=True),
        Column("fulfilled_at", instant, "timestamptz"),
        Column("rescheduled_by", choice(Promise.By.values)),
        Column("cancelled_by", choice(Promise.By.values)),
    ),
    orders=(Order("fulfilled_at", ("made_at",)),),
    references=(Reference("case_id", "cases", "tickets_case", "number"),),
)

AGENT_TIME = FileSpec(
    name="agent_time",
    key=("agent_id", "period"),
    columns=(
        Column("agent_id", _code, filled=True, makes=Makes.AGENT),
        Column("period", month, "date", filled=True),
        Column("paid_s", seconds, "bigint", filled=True),
        Column("handling_s", seconds, "bigint", filled=True),
        Column("available_s", seconds, "bigint", filled=True),
        Column("aux_s", seconds, "bigint"),
    ),
)

COST_PREFIX = "total_operating_cost_"
COSTS = FileSpec(
    name="costs",
    key=("period",),
    columns=(Column("period", month, "date", filled=True),),
    prefixes={COST_PREFIX: money},
    checks=(
        Check(
            Reason.DUPLICATE,
            COST_PREFIX,
            f"SELECT line, 'has more than one amount' AS message FROM stage_costs WHERE (SELECT count(*)"
            f" FROM jsonb_object_keys(prefixed) k WHERE starts_with(k, '{COST_PREFIX}')) > 1",
        ),
    ),
)

DESK_FILES = (CASES, CASE_EVENTS, CONTACTS, SEGMENTS, PROMISES, AGENT_TIME, COSTS)
__all__ = ["AGENT_TIME", "CASES", "CASE_EVENTS", "CONTACTS", "COSTS", "DESK_FILES", "PROMISES", "SEGMENTS"]
