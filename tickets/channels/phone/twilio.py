"""Event callbacks of Twilio TaskRouter. PURE: the fields of one callback in, events of its call out.

The task is the call. A warm transfer is a consultation until the one who began it leaves the other with the customer: what
"completed" says of that moment is not documented. To whom a task is handed is told by a SID, which is no name of ours.

Sources:
    https://www.twilio.com/docs/taskrouter/api/event/reference
    https://www.twilio.com/docs/usage/security#validating-requests
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from tickets.channels.phone.told import Rules, Told, UnreadableError, digest

# Channels of tasks that are calls; a workspace from before channels calls all of them "default".
_VOICE = frozenset({"", "voice", "default"})
_KINDS = {
    "task-queue.entered": "queued",
    "reservation.created": "ringing",
    "reservation.accepted": "answered",
    "reservation.wrapup": "ended",
    "reservation.completed": "after_call_ended",
    "task.canceled": "ended",
    "task.wrapup": "ended",
    "task.completed": "ended",
    "task.system-deleted": "ended",
    "task.deleted": "ended",
}


def signature(token: str, url: str, fields: Sequence[tuple[str, str]]) -> str:
    """What X-Twilio-Signature must be: of the address with every field appended, sorted by name."""
    text = url + "".join(name + value for name, value in sorted(set(fields)))
    return base64.b64encode(hmac.new(token.encode(), text.encode(), hashlib.sha1).digest()).decode()


def is_signed(given: str, token: str, url: str, fields: Sequence[tuple[str, str]]) -> bool:
    """Compared in constant time. Without a token nothing is."""
    return bool(token) and hmac.compare_digest(given.encode(), signature(token, url, fields).encode())


def translate(fields: Mapping[str, str], rules: Rules) -> list[Told]:
    """What the callback says about its call; nothing for tasks that are no calls, and for what is no event of a call.

    Raises:
        UnreadableError: A field is not what the reference says.
    """
    event, task = fields.get("EventType", ""), fields.get("TaskSid", "")
    if not event:
        raise UnreadableError("EventType: text")
    if not task or fields.get("TaskChannelUniqueName", "") not in _VOICE:
        return []
    if event == "task.transfer-initiated":
        kind = "consulted" if fields.get("TransferMode", "") == "WARM" else "transferred"
        return [_told(fields, kind, target=fields.get("TransferTo", "")[:200])]
    kind = _KINDS.get(event, "")
    return _event(fields, kind, rules) if kind else []


def _event(fields: Mapping[str, str], kind: str, rules: Rules) -> list[Told]:
    attributes = _attributes(fields)
    agent = fields.get("WorkerName", "")[:150] if kind in {"ringing", "answered", "ended", "after_call_ended"} else ""
    if kind == "answered" and not agent:
        raise UnreadableError("WorkerName: text")
    queue = fields.get("TaskQueueName", "")[:200] if kind in {"queued", "ringing", "answered"} else ""
    told = _told(
        fields, kind, agent=agent, queue=queue, caller=_number(attributes, "from", "caller"),
        callee=_number(attributes, "to", "called"), direction=_direction(attributes),
        recording_url=_recording(attributes),
    )  # fmt: skip
    if kind == "after_call_ended":
        # Without a wrap-up the reservation ends with the call.
        return [_told(fields, "ended", agent=agent), told]
    if kind == "ended" and agent and not rules.wraps_up_on_desk and fields["EventType"] != "reservation.wrapup":
        return [told, _told(fields, "after_call_ended", agent=agent)]
    return [told]


def _told(fields: Mapping[str, str], kind: str, **said: Any) -> Told:
    at = _moment(fields)
    which = fields.get("Sid") or digest(
        fields["EventType"], fields.get("ResourceSid", ""), fields["TaskSid"], at.isoformat()
    )
    return Told(f"tr:{which[:60]}:{kind}", fields["TaskSid"].replace("#", "_")[:400], kind, at, **said)


def _moment(fields: Mapping[str, str]) -> datetime:
    try:
        if milliseconds := fields.get("TimestampMs", ""):
            return datetime.fromtimestamp(int(milliseconds) / 1000, UTC)
        return datetime.fromtimestamp(int(fields["Timestamp"]), UTC)
    except (KeyError, ValueError, OverflowError, OSError) as error:
        raise UnreadableError("Timestamp: seconds since 1970") from error


def _attributes(fields: Mapping[str, str]) -> Mapping[str, Any]:
    try:
        found = json.loads(fields.get("TaskAttributes") or "{}")
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _number(attributes: Mapping[str, Any], *names: str) -> str:
    return next((attributes[name][:120] for name in names if isinstance(attributes.get(name), str)), "")


def _direction(attributes: Mapping[str, Any]) -> str:
    return "outbound" if str(attributes.get("direction", "")).startswith("outbound") else ""


def _recording(attributes: Mapping[str, Any]) -> str:
    parts = attributes.get("conversations")
    link = parts.get("segment_link") if isinstance(parts, dict) else None
    return link if isinstance(link, str) and link.startswith("https://") and len(link) <= 1000 else ""
