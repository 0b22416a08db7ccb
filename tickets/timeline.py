"""Everything that happened to a case, in one order: contacts, messages, notes, promises and changes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from tickets.models import Case, CaseEvent, User

# Told by the message or promise itself, which says more.
TOLD_OTHERWISE = {CaseEvent.Kind.NOTE, CaseEvent.Kind.PROMISED, CaseEvent.Kind.PROMISE_CHANGED}
SYMBOLS = {
    "created": "plus",
    "resolved": "check",
    "reopened": "undo",
    "escalated": "up",
    "assigned": "user",
    "waiting_customer": "hourglass",
    "waiting_third_party": "hourglass",
    "merged": "link",
    "unmerged": "link",
    "agent_reply": "email",
    "customer_message": "email",
    "auto_ack": "email",
}


@dataclass(frozen=True, slots=True)
class Entry:
    """One line. `what` says which kind of thing `thing` is: event, message, contact or promise."""

    at: datetime
    what: str
    symbol: str
    thing: Any
    to: User | None = None


def of(case: Case) -> list[Entry]:
    """The entries of a case, newest first."""
    events = [event for event in case.events.select_related("actor") if event.kind not in TOLD_OTHERWISE]
    people = _owners(events)
    entries = [
        Entry(event.at, "event", SYMBOLS.get(event.kind, "settings"), event, people.get(_owner_of(event)))
        for event in events
    ]
    entries += [Entry(one.at, "message", "note", one) for one in case.messages.select_related("author", "contact")]
    entries += [
        Entry(one.started_at, "contact", one.channel, one) for one in case.contacts.select_related("owner", "topic")
    ]
    entries += [Entry(one.made_at, "promise", "calendar", one) for one in case.promises.select_related("made_by")]
    return sorted(entries, key=lambda entry: entry.at, reverse=True)


def _owner_of(event: CaseEvent) -> int:
    """The id of the agent that the case was given to, 0 where it was none."""
    return (event.data.get("owner") or [None, 0])[1] or 0 if event.kind == CaseEvent.Kind.ASSIGNED else 0


def _owners(events: list[CaseEvent]) -> dict[int, User]:
    ids = {_owner_of(event) for event in events} - {0}
    return User.objects.in_bulk(ids) if ids else {}
