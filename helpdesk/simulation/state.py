"""Somebody who makes contact, and what the simulation remembers of a case."""

from __future__ import annotations

from dataclasses import dataclass

from helpdesk.simulation.catalogue import TopicSpec
from helpdesk.simulation.people import Person


@dataclass
class CaseState:
    """What the simulation needs to know of a case."""

    key: str
    topic: TopicSpec
    person: Person
    channel: str
    queue: str
    opened: int
    owner: str = ""
    status: str = "open"
    contacts: int = 0
    worst_wait: float = 0
    is_promise_broken: bool = False
    is_escalated: bool = False
    asked_until: int = 0
    rounds: int = 0
    # What is promised and not kept yet.
    promise: str = ""

    @property
    def is_open(self) -> bool:
        return self.status != "resolved"

    def comes_back(self, at: int, mark: str, channel: str, why: str) -> Arrival:
        """The customer makes contact again about this case."""
        return Arrival(at, f"{self.key}-{mark}", channel, self.topic, self.person, why, self)


@dataclass(frozen=True)
class Arrival:
    """Somebody makes contact. `why` is new, retry, status, repeat, answer, thanks, duplicate, spam or test."""

    at: int
    key: str
    channel: str
    topic: TopicSpec
    person: Person | None
    why: str = "new"
    case: CaseState | None = None
    # The contact that it repeats, in the case of a duplicate.
    original: str = ""

    @property
    def is_live(self) -> bool:
        return self.channel in {"phone", "chat"}

    @property
    def team(self) -> str:
        return "technical" if self.topic.is_technical else "frontline"

    @property
    def queue(self) -> str:
        if not self.is_live:
            return f"{self.topic.client}-mail"
        if self.topic.client == "lumikko":
            return "lumikko-service"
        return "tallvik-support" if self.topic.is_technical else "tallvik-service"
