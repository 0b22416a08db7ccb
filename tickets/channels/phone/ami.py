"""Events of the Asterisk Manager Interface. PURE: the fields of a message in, events of its call out.

A message has no number. Event, channel, member and its moment name it; the moment is the server's own where manager.conf
says `timestampevents = yes`, and else the one at which it was heard.

Source:
    https://docs.asterisk.org/Asterisk_22_Documentation/API_Documentation/AMI_Events/
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

from tickets.channels.phone.told import Rules, Told, digest

Fields = Mapping[str, str]
# Of these the ones about calls that never were in a queue are not ours.
_FOLLOW = {"Hold": "held", "Unhold": "resumed", "Hangup": "ended"}
_IN_QUEUE = {
    "QueueCallerJoin": "queued",
    "AgentCalled": "ringing",
    "AgentConnect": "answered",
    "QueueCallerAbandon": "ended",
    "AgentComplete": "ended",
}


def read(block: str) -> dict[str, str]:
    """The fields of one message, which is lines of `Name: value` up to an empty one."""
    found: dict[str, str] = {}
    for line in block.splitlines():
        name, colon, value = line.partition(":")
        if colon and name not in found:
            found[name.strip()] = value.strip()
    return found


def translate(fields: Fields, rules: Rules, heard_at: datetime) -> list[Told]:
    """What the message says about its call; nothing for what is no event of a call."""
    event = fields.get("Event", "")
    at = _moment(fields, heard_at)
    if event in _IN_QUEUE:
        return _in_queue(event, fields, rules, at)
    if event in _FOLLOW:
        return _follow(event, fields, at)
    if event == "BlindTransfer":
        return _transfer(fields, at, fields.get("TransfereeLinkedid", ""), fields.get("Extension", ""))
    if event == "AttendedTransfer":
        call = fields.get("TransfereeLinkedid") or fields.get("OrigTransfererLinkedid", "")
        return _transfer(fields, at, call, fields.get("TransferTargetCallerIDNum", ""))
    return []


def _in_queue(event: str, fields: Fields, rules: Rules, at: datetime) -> list[Told]:
    # After a transfer the call goes on: its end is the caller's hang-up.
    if event == "AgentComplete" and fields.get("Reason") == "transfer":
        return []
    kind = _IN_QUEUE[event]
    call, agent, queue = _call(fields), _member(fields), fields.get("Queue", "")
    if not call or (event == "AgentConnect" and not agent):
        return []
    caller = _number(fields.get("CallerIDNum", "")) if event == "QueueCallerJoin" else ""
    named = agent if kind in {"ringing", "answered"} else ""
    told = [
        Told(_id(fields, at, kind), call, kind, at, agent=named, queue=queue if kind != "ended" else "", caller=caller)
    ]
    if event == "AgentComplete" and agent and not rules.wraps_up_on_desk:
        told.append(Told(_id(fields, at, "after_call_ended"), call, "after_call_ended", at, agent=agent))
    return told


def _follow(event: str, fields: Fields, at: datetime) -> list[Told]:
    call = fields.get("Linkedid", "")
    # Each participant's channel hangs up; the call is over when the caller's does.
    if not call or (event == "Hangup" and fields.get("Uniqueid") != call):
        return []
    kind = _FOLLOW[event]
    return [Told(_id(fields, at, kind), call.replace("#", "_"), kind, at, only_of_known=True)]


def _transfer(fields: Fields, at: datetime, call: str, target: str) -> list[Told]:
    if not call or fields.get("Result", "Success") != "Success":
        return []
    event_id = _id(fields, at, f"transferred:{call}")
    return [Told(event_id, call.replace("#", "_"), "transferred", at, target=target[:200], only_of_known=True)]


def _call(fields: Fields) -> str:
    return (fields.get("Linkedid") or fields.get("Uniqueid", "")).replace("#", "_")[:400]


def _member(fields: Fields) -> str:
    return (fields.get("MemberName") or fields.get("Interface", ""))[:150]


def _number(text: str) -> str:
    return "" if text in {"", "<unknown>", "anonymous"} else text[:120]


def _id(fields: Fields, at: datetime, kind: str) -> str:
    which = (fields.get("Event", ""), fields.get("Uniqueid", ""), fields.get("Interface", ""), at.isoformat(), kind)
    return f"ami:{digest(*which)}"


def _moment(fields: Fields, heard_at: datetime) -> datetime:
    try:
        return datetime.fromtimestamp(float(fields["Timestamp"]), UTC)
    except (KeyError, ValueError, OverflowError):
        return heard_at
