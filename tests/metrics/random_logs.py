"""Small random logs as bundles, written around the nights on which clocks change."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import accumulate
from typing import Any

from hypothesis import strategies as st

from surveys.bundle import SURVEYS
from tests.tickets.bundle.logs import Desk
from tickets.bundle.files import CASE_EVENTS, CASES, CONTACTS, PROMISES, SEGMENTS

Rows = dict[str, list[dict[str, str]]]

SPECS = (CASES, CASE_EVENTS, CONTACTS, SEGMENTS, PROMISES, SURVEYS)
# The clocks of Stockholm change on the nights to 26 October and 29 March, those of Lord Howe (by half an hour) on those
# to 5 October and 5 April; the end of October is the end of a month in every zone.
NIGHTS = [
    datetime(2025, 10, day, 20, tzinfo=UTC) for day in (4, 20, 24, 25, 25, 25, 31)
] + [datetime(2026, 3, 28, 20, tzinfo=UTC), datetime(2026, 4, 4, 12, tzinfo=UTC)]  # fmt: skip
AGREEMENT: dict[str, Any] = {
    "timezone": "Europe/Stockholm",
    "business_hours": {"mon-fri": ["08:00", "16:00"], "closed_dates": ["2025-10-24"]},
    "sla": {"first_response_business_s": 14400, "first_response_channels": ["email"], "resolution_business_s": 57600},
}
CUSTOMERS = ["K1", "K1", "K2", "K3", ""]
TOPICS = ["a", "a", "a/b", "c", ""]
QUEUES = ["billing", "support", ""]
CHANNELS = ["phone", "phone", "chat", "email", "web"]
AGENTS = ["A1", "A2", "A3"]
OUTCOMES = ["answered"] * 5 + ["abandoned", "ivr_abandoned", "callback_requested", "voicemail", "received", ""]
FLAGS = ["", "", "", "", "test", "spam", "thanks", "status_enquiry"]
# What happens to a case after it was opened; a resolution and its return oftenest.
KINDS = [
    *("resolved", "resolved", "reopened", "escalated", "agent_reply", "customer_message", "auto_ack"),
    *("waiting_customer", "waiting_third_party", "assigned", "note"),
]
# Around the thresholds of 5, 20 and 60 seconds, which are compared exactly.
WAITS = [0.0, 4.9, 5.0, 5.1, 12.0, 20.0, 20.4, 60.0, 300.0]

pick = st.sampled_from
moments = st.builds(lambda night, seconds: night + timedelta(seconds=seconds), pick(NIGHTS), st.integers(0, 12 * 3600))


def text(at: datetime | None) -> str:
    return at.isoformat().replace("+00:00", "Z") if at else ""


@st.composite
def logs(draw: st.DrawFn) -> Rows:
    """Cases with their events and promises, contacts with their legs, and surveys; every row can be taken in."""
    rows: Rows = {spec.name: [] for spec in SPECS}
    for number in range(draw(st.integers(1, 4))):
        _case(draw, rows, f"S{number}")
    for number in range(draw(st.integers(2, 8))):
        _contact(draw, rows, f"C{number}")
    for number in range(draw(st.integers(0, 4))):
        _survey(draw, rows, f"V{number}")
    return rows


def _case(draw: st.DrawFn, rows: Rows, name: str) -> None:
    created = draw(moments)
    earlier = [row["case_id"] for row in rows["cases"]]
    into = draw(pick(["", "", "", *earlier]))
    rows["cases"].append(
        {
            "case_id": name,
            "customer_id": draw(pick(CUSTOMERS)),
            "topic": draw(pick(TOPICS)),
            "channel": draw(pick(CHANNELS)),
            "queue": draw(pick(QUEUES)),
            "first_contact_id": "",
            "created_at": text(created),
            "fcr_eligible": draw(pick(["1", "1", "1", "0"])),
            "merged_into": into,
            "flags": draw(pick(FLAGS[:6])),
        }
    )
    # One thing at a time: of two at one instant the order of the rows would decide, and rightly so.
    minutes = list(accumulate(draw(st.lists(st.integers(1, 3000), max_size=5))))
    kinds = ["created", *(draw(pick(KINDS)) for _ in minutes)]
    for kind, passed in zip(kinds, [0, *minutes], strict=True):
        rows["case_events"].append(
            {
                "case_id": name,
                "at": text(created + timedelta(minutes=passed)),
                "type": kind,
                "actor": draw(pick(AGENTS)),
                "valid": draw(pick(["1", "1", "1", "0"])) if kind in ("reopened", "resolved") else "1",
            }
        )
    for number in range(draw(st.integers(0, 1))):
        _promise(draw, rows, f"{name}-P{number}", name, created)


def _promise(draw: st.DrawFn, rows: Rows, name: str, case: str, at: datetime) -> None:
    hours = st.integers(1, 60).map(lambda number: timedelta(hours=number))
    due = at + draw(hours)
    by = draw(pick(["", "", "us", "customer"]))
    rows["promises"].append(
        {
            "promise_id": name,
            "case_id": case,
            "kind": "update",
            "made_at": text(at),
            "original_due_at": text(due),
            "due_at": text(due + draw(hours) if by else due),
            "fulfilled_at": text(at + draw(hours) if draw(st.booleans()) else None),
            "rescheduled_by": by,
            "cancelled_by": draw(pick(["", "", "", "customer"])),
        }
    )


def _contact(draw: st.DrawFn, rows: Rows, name: str) -> None:
    started, outcome = draw(moments), draw(pick(OUTCOMES))
    queued = started + timedelta(seconds=draw(pick([0, 8])))
    waited = queued + timedelta(seconds=draw(pick(WAITS)))
    is_served = outcome in ("answered", "received")
    ended = waited + timedelta(seconds=draw(st.integers(1, 900))) if is_served else waited
    case = draw(pick([None, *rows["cases"]]))
    direction = draw(pick(["inbound"] * 6 + ["outbound", "internal"]))
    if case and direction == "inbound" and not case["first_contact_id"] and draw(st.booleans()):
        case["first_contact_id"] = name
    rows["contacts"].append(
        {
            "contact_id": name,
            "channel": draw(pick(CHANNELS)),
            "direction": direction,
            # Mostly the case's customer and topic; a log need not be so tidy.
            "customer_id": case["customer_id"] if case and draw(st.booleans()) else draw(pick(CUSTOMERS)),
            "case_id": case["case_id"] if case else "",
            "topic": case["topic"] if case and draw(st.booleans()) else draw(pick(TOPICS)),
            "demand": draw(pick(["", "value", "failure", "unclear"])),
            "queue": draw(pick(QUEUES)),
            "started_at": text(started),
            "queued_at": text(None if outcome in ("ivr_abandoned", "") else queued),
            "answered_at": text(waited if is_served else None),
            "ended_at": text(ended if outcome else None),
            "outcome": outcome,
            "duplicate_of": draw(pick(["", "", "", "", *(row["contact_id"] for row in rows["contacts"])])),
            "flags": draw(pick(FLAGS)),
        }
    )
    for number in range(draw(st.integers(1, 2)) if is_served else 0):
        rows["segments"].append(
            {
                "segment_id": f"{name}-G{number}",
                "contact_id": name,
                "agent_id": draw(pick(AGENTS)),
                "role": draw(pick(["transfer", "consult"])) if number else "primary",
                "started_at": text(waited),
                "ended_at": text(ended),
                "talk_s": str((ended - waited).total_seconds()),
                "hold_s": "0",
                "acw_s": str(draw(st.integers(0, 120))),
            }
        )


def _survey(draw: st.DrawFn, rows: Rows, name: str) -> None:
    about = draw(pick([*rows["contacts"], *rows["cases"]]))
    sent = draw(moments)
    row = {
        "survey_id": name,
        "contact_id": about.get("contact_id", ""),
        "case_id": about["case_id"],
        "customer_id": about["customer_id"],
        "sent_at": text(sent),
        "delivered": draw(pick(["1", "1", "1", "0"])),
    }
    # Not at all, once, or twice; some after the window of 14 days.
    days = draw(st.lists(st.integers(0, 20), max_size=2, unique=True))
    for passed in days:
        answer = {
            "responded_at": text(sent + timedelta(days=passed, hours=1)),
            "csat": draw(pick(["", "1", "3", "4", "5"])),
            "ces": draw(pick(["", "1", "5", "7"])),
            "nps": draw(pick(["", "0", "8", "10"])),
            "fcr_resolved": draw(pick(["", "yes", "no", "unsure"])),
            "comment": draw(pick(["", "-", "Bra"])),
        }
        rows["surveys"].append(row | answer)
    if not days:
        rows["surveys"].append(row)


def take_in(desk: Desk, rows: Rows) -> None:
    """Write the rows and import them; all of them come in."""
    for spec in SPECS:
        desk.write(spec.name, *rows[spec.name])
    desk.config(**AGREEMENT)
    desk.load()
    assert desk.told == []


def in_two(rows: Rows, late: set[str]) -> tuple[Rows, Rows]:
    """The rows that do not, and those that do, belong to the cases and contacts named or refer to such a row."""
    late = set(late)
    while True:
        parts: tuple[Rows, Rows] = ({}, {})
        for spec in SPECS:
            names = [reference.column for reference in spec.references]
            own = spec.key[0]
            for part in parts:
                part[spec.name] = []
            for row in rows[spec.name]:
                is_late = row[own] in late or any(row.get(name) in late for name in names)
                parts[is_late][spec.name].append(row)
        found = late | {row[spec.key[0]] for spec in SPECS for row in parts[1][spec.name]}
        if found == late:
            return parts
        late = found
