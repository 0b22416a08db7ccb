"""The `queue_log` of Asterisk. PURE: a line in, events of its call out.

Fields: seconds since 1970 | id of the caller's channel | queue | member | event | parameters of the event.
A line has no number. Its whole text names it, so a line that is read twice counts once.

Source:
    https://docs.asterisk.org/Operation/Logging/Queue-Logs/
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from tickets.channels.phone.told import Rules, Told, UnreadableError, digest

MOST = 4000
# What is no event of a call: who is logged in or pauses, and what the server does to itself. RINGNOANSWER and
# RINGCANCELED tell afterwards that a phone has rung: the customer's wait goes on. DID and INFO only describe.
_OTHERS = frozenset(
    [
        "ADDMEMBER",
        "AGENTCALLBACKLOGIN",
        "AGENTCALLBACKLOGOFF",
        "AGENTLOGIN",
        "AGENTLOGOFF",
        "CONFIGRELOAD",
        "DID",
        "INFO",
        "MEMBERRINGINUSE",
        "PAUSE",
        "PAUSEALL",
        "PAUSEREASON",
        "PENALTY",
        "QUEUESTART",
        "REMOVEMEMBER",
        "RINGCANCELED",
        "RINGNOANSWER",
        "SYSCOMPAT",
        "UNPAUSE",
        "UNPAUSEALL",
    ]
)
_EXITS = {"EXITWITHTIMEOUT": "on_timeout", "EXITWITHKEY": "on_key", "EXITEMPTY": "on_empty"}
_HANDED_ON = frozenset({"BLINDTRANSFER", "ATTENDEDTRANSFER", "TRANSFER"})
_OVER = frozenset({"COMPLETEAGENT", "COMPLETECALLER", "ABANDON", "AGENTDUMP", "JOINEMPTY", "FULL"})
_NOBODY = frozenset({"", "NONE"})


@dataclass(frozen=True, slots=True)
class Line:
    text: str
    at: datetime
    call_id: str
    queue: str
    member: str
    event: str
    parameters: tuple[str, ...]

    def parameter(self, place: int) -> str:
        """The parameter at this place, counted from 1; empty where the line is shorter."""
        return self.parameters[place - 1] if place <= len(self.parameters) else ""


def read(text: str) -> Line | None:
    """Take a line apart. None for an empty one.

    Raises:
        UnreadableError: It is no line of a queue log.
    """
    text = text.strip("\r\n\0 ")
    if not text:
        return None
    fields = text.split("|")
    if len(fields) < 5 or len(text) > MOST:
        raise UnreadableError("five fields with | between them")
    at, call_id, queue, member, event, *parameters = fields
    if not re.fullmatch(r"\d{9,11}(\.\d{1,6})?", at):
        raise UnreadableError("seconds since 1970 at its beginning")
    seconds, _dot, fraction = at.partition(".")
    moment = datetime.fromtimestamp(int(seconds), UTC) + timedelta(microseconds=int((fraction or "0").ljust(6, "0")))
    if not re.fullmatch(r"[A-Z]+", event):
        raise UnreadableError("the name of an event in its fifth field")
    return Line(text, moment, call_id.replace("#", "_")[:400], queue[:200], member[:150], event, tuple(parameters))


def translate(line: Line, rules: Rules) -> list[Told]:
    """What the line says about its call; nothing for what is no event of a call.

    Raises:
        UnreadableError: No version of Asterisk that is documented writes such an event.
    """
    if line.event in _OTHERS or line.call_id in _NOBODY | {"REALTIME"}:
        return []
    if line.event == "ENTERQUEUE":
        return [_told(line, "queued", queue=line.queue, caller=_number(line.parameter(2)))]
    if line.event == "CONNECT":
        return _connected(line)
    if line.event in _EXITS:
        return [_told(line, "overflowed", queue=line.queue, target=getattr(rules, _EXITS[line.event]))]
    if line.event in _HANDED_ON:
        to = line.parameter(1) if line.event != "ATTENDEDTRANSFER" else line.parameter(2)
        return [_told(line, "transferred", agent=line.member, target=to[:200]), *_end(line, rules)]
    if line.event in _OVER:
        return _end(line, rules)
    raise UnreadableError("an event that Asterisk documents in its fifth field")


def _connected(line: Line) -> list[Told]:
    if line.member in _NOBODY:
        raise UnreadableError("the member who answered in its fourth field")
    answered = _told(line, "answered", agent=line.member, queue=line.queue)
    waited, rang = (int(said) if said.isdecimal() else 0 for said in (line.parameter(1), line.parameter(3)))
    # How long her phone rang, in seconds. The ring is part of the customer's wait: what is said to be longer is no ring.
    if not 0 < rang <= min(waited, 3600):
        return [answered]
    ringing = _told(line, "ringing", agent=line.member, queue=line.queue, at=line.at - timedelta(seconds=rang))
    return [ringing, answered]


def _end(line: Line, rules: Rules) -> list[Told]:
    """A call that was handed on may go on elsewhere; the log is silent about that unless it comes into a queue again."""
    ended = _told(line, "ended", queue=line.queue if line.event in {"JOINEMPTY", "FULL"} else "")
    if rules.wraps_up_on_desk or line.member in _NOBODY:
        return [ended]
    return [ended, _told(line, "after_call_ended", agent=line.member)]


def _told(
    line: Line,
    kind: str,
    *,
    agent: str = "",
    queue: str = "",
    target: str = "",
    caller: str = "",
    at: datetime | None = None,
) -> Told:
    return Told(
        f"ql:{digest(line.text)}:{kind}", line.call_id, kind, at or line.at, agent=agent,
        queue="" if queue in _NOBODY else queue, target=target, caller=caller,
    )  # fmt: skip


def _number(text: str) -> str:
    return "" if text.lower() in {"", "anonymous", "unknown", "restricted", "unavailable"} else text[:120]
