"""Registers the desk's own files, in the order in which they are taken in: what is referred to comes first."""

from __future__ import annotations

from tickets.bundle import cases, contacts, ledgers
from tickets.bundle.files import DESK_FILES
from tickets.bundle.spec import Step, register

register(
    DESK_FILES,
    (
        Step(("cases", "case_events"), cases.take_in),
        Step(("contacts", "segments"), contacts.take_in),
        Step(("promises",), ledgers.take_in_promises),
        Step(("agent_time",), ledgers.take_in_agent_time),
        Step(("costs",), ledgers.take_in_costs),
    ),
)
