"""What a telephone system told of a call, in our form but with its own names. PURE."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime
from typing import Any


class UnreadableError(ValueError):
    """What came is not what its maker documents."""


@dataclass(frozen=True, slots=True)
class Told:
    """One event. Agents and queues are named as the telephone system names them; who that is here is looked up later."""

    event_id: str
    call_id: str
    kind: str
    at: datetime
    agent: str = ""
    queue: str = ""
    target: str = ""
    caller: str = ""
    callee: str = ""
    direction: str = ""
    callback_of: str = ""
    recording_url: str = ""
    # Systems tell of every channel. Such an event counts only where its call is known from others.
    only_of_known: bool = False

    def as_data(self) -> dict[str, Any]:
        """For keeping until somebody says who is meant."""
        names = (
            "call_id",
            "kind",
            "agent",
            "queue",
            "target",
            "caller",
            "callee",
            "direction",
            "callback_of",
            "recording_url",
        )
        return {name: getattr(self, name) for name in names if getattr(self, name)} | {"at": self.at.isoformat()}

    @classmethod
    def from_data(cls, event_id: str, data: dict[str, Any]) -> Told:
        return cls(event_id=event_id, **(data | {"at": datetime.fromisoformat(data["at"])}))


@dataclass(frozen=True, slots=True)
class Rules:
    """What a connector says about calls where its telephone system leaves it open."""

    # What waits for a caller whom the system takes out of the queue: an event's kind, or nothing for the end of the call.
    on_timeout: str = ""
    on_key: str = ""
    on_empty: str = ""
    # Agents say on the desk when they are done; else their work ends with the call.
    wraps_up_on_desk: bool = True


def digest(*parts: str) -> str:
    """The same for the same, so that what is told twice counts once."""
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:40]
