"""What happens, step by step, in values without a database. `traffic` makes them, `live` and `bulk` carry them out."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from helpdesk.simulation.people import Person


@dataclass(frozen=True)
class Leg:
    agent: str
    role: str
    started_at: datetime
    ended_at: datetime
    talk_us: int
    hold_us: int = 0
    acw_us: int = 0


@dataclass(frozen=True)
class ContactBegins:
    """A customer arrives, or we call one. What is known only at the end comes with `ContactEnds`."""

    at: datetime
    key: str
    client: str
    channel: str
    queue: str
    direction: str = "inbound"
    outcome: str = ""
    person: Person | None = None
    queued_at: datetime | None = None
    topic: str = ""
    subject: str = ""
    flags: tuple[str, ...] = ()
    parent: str = ""
    duplicate_of: str = ""


@dataclass(frozen=True)
class ContactEnds:
    at: datetime
    key: str
    outcome: str
    answered_at: datetime | None = None
    ended_at: datetime | None = None
    case: str = ""
    topic: str = ""
    demand: str = ""
    cause: str = ""
    solved: bool | None = None
    flags: tuple[str, ...] = ()
    legs: tuple[Leg, ...] = ()


@dataclass(frozen=True)
class CaseOpens:
    at: datetime
    case: str
    client: str
    channel: str
    queue: str
    topic: str
    subject: str
    person: Person | None
    by: str = ""
    priority: str = "normal"
    # What the customer wrote, where it begins with a message.
    text: str = ""
    contact: str = ""


Verb = Literal["assign", "escalate", "hear", "acknowledge", "reply", "note", "resolve", "reopen", "wait"]


@dataclass(frozen=True)
class CaseStep:
    """One verb on a case. `by` is an agent's code; empty: the system, or the customer where she writes."""

    at: datetime
    case: str
    verb: Verb
    by: str = ""
    # The text written, the reason of an escalation, or the status waited in.
    text: str = ""
    to: str = ""
    contact: str = ""


@dataclass(frozen=True)
class PromiseMade:
    at: datetime
    key: str
    case: str
    by: str
    due_at: datetime
    kind: str = "update"


@dataclass(frozen=True)
class PromiseMoved:
    at: datetime
    key: str
    by: str
    due_at: datetime
    moved_by: str


@dataclass(frozen=True)
class PromiseKept:
    at: datetime
    key: str
    by: str


@dataclass(frozen=True)
class Asked:
    """The customer is asked how it went, as the resolution does for real traffic."""

    at: datetime
    key: str
    case: str
    contact: str
    is_delivered: bool = True


@dataclass(frozen=True)
class Answered:
    at: datetime
    key: str
    csat: int | None
    ces: int | None
    nps: int | None
    fcr_resolved: str
    fcr_contacts: int | None
    comment: str = ""


Step = ContactBegins | ContactEnds | CaseOpens | CaseStep | PromiseMade | PromiseMoved | PromiseKept | Asked | Answered


@dataclass
class Plan:
    """Steps in the order in which they happen, and nothing after `until`."""

    until: datetime
    steps: list[Step] = field(default_factory=list)

    def add(self, step: Step) -> bool:
        """Add a step. Return False where it lies in the future and did not happen yet."""
        if step.at > self.until:
            return False
        self.steps.append(step)
        return True

    def in_order(self) -> list[Step]:
        """Sorted by moment; what happens at one moment, in the order in which it was planned."""
        return sorted(self.steps, key=lambda step: step.at)
