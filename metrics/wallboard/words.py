"""What a screen shows, in the words of its language."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _

from metrics import formats
from tickets.models import AgentState

STATES = AgentState.State.choices


def said(found: dict[str, Any]) -> dict[str, Any]:
    """The snapshot with its figures as they are read; moments stay moments, for the screen to count from."""
    level = found["level"]
    waits = [row["since"] for row in found["queues"] if row["since"]]
    return {
        "at": found["at"],
        "waiting": formats.number(sum(row["phone"] + row["chat"] for row in found["queues"])),
        "phone": formats.number(sum(row["phone"] for row in found["queues"])),
        "chat": formats.number(sum(row["chat"] for row in found["queues"])),
        "since": min(waits) if waits else None,
        "queues": [{**row, "waiting": formats.number(row["phone"] + row["chat"])} for row in found["queues"]],
        "agents": {code: formats.number(found["agents"].get(code, 0)) for code, _label in STATES},
        "names": [{**one, "state": str(dict(STATES).get(one["state"], one["state"]))} for one in found["names"]],
        "incidents": found["incidents"],
        "level": _level(level),
    }


def _level(level: dict[str, Any]) -> dict[str, Any]:
    """Of fewer than ten the fraction, no percentage, and no judgement."""
    in_time, of, target, expected = level["in_time"], level["of"], level["target"], level["expected"]
    fraction = _("%(part)s of %(all)s") % {"part": formats.number(in_time), "all": formats.number(of)}
    is_few = of < formats.FEW
    look = ""
    if target is not None and not is_few:
        look = "good" if in_time / of >= target else "bad"
    return {
        "figure": formats.NOTHING if not of else fraction if is_few else formats.share(in_time / of),
        "parts": "" if is_few else fraction,
        "target": _("Target %s") % formats.share(target) if target is not None else "",
        "look": look,
        "expected": formats.share(expected) if expected is not None else formats.NOTHING,
        "expected_look": ("good" if round(expected, 6) >= target else "bad")
        if expected is not None and target is not None
        else "",
    }
