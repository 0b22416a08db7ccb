"""Runs of the self-audit in words."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext_lazy as _

from metrics import formats
from metrics.grains import zone
from metrics.models import Audit

RUNS = 30
NAMES = {
    "stock_and_flow": _("Cases open at the start + created − resolved + reopened = open at the end"),
    "open_now": _("Cases open by their state = open by their log"),
    "offered": _("Offered = answered + abandoned + flow-outs + still waiting"),
    "little": _("Little's law: cases open on average = opened per day × days that they stay open, within a tenth"),
}
FAILS = {
    "stock_and_flow": _("A case was resolved twice, or reopened while it was open."),
    "open_now": _("A case was changed without its log."),
    "offered": _("A contact has an outcome that no figure counts."),
    "little": _("The stock of open cases is growing or shrinking, or moments in the log are wrong."),
}
TERMS = {
    "start": _("open at the start"),
    "created": _("created"),
    "resolved": _("resolved"),
    "reopened": _("reopened"),
    "answered": _("answered"),
    "abandoned": _("abandoned"),
    "flow_outs": _("flow-outs"),
    "waiting": _("still waiting"),
    "opened_per_day": _("opened per day"),
    "hours_open": _("hours open"),
}


@dataclass(frozen=True)
class Line:
    """One invariant with both sides."""

    name: Any
    left: str
    right: str
    terms: str
    state: str
    explanation: Any


@dataclass(frozen=True)
class Shown:
    """One run in full."""

    audit: Audit
    since: str
    seconds: str
    rows: str
    tables: list[tuple[str, str, str]]
    invariants: list[Line]
    differences: list[dict[str, Any]]
    is_cut: bool


def runs() -> list[Audit]:
    return list(Audit.objects.defer("differences", "invariants", "checked")[:RUNS])


def shown(pk: int | None) -> Shown | None:
    """The run asked for, or the last; None where there is none."""
    audit = Audit.objects.filter(**({"pk": pk} if pk is not None else {})).first()
    if audit is None:
        return None
    by_table = Counter(one["table"] for one in audit.differences)
    return Shown(
        audit,
        formats.day(audit.since.astimezone(zone()).date()),
        formats.duration(audit.seconds),
        formats.number(sum(audit.checked.values())),
        [(table, formats.number(n), formats.number(by_table[table])) for table, n in audit.checked.items()],
        [_line(one) for one in audit.invariants],
        audit.differences[:50],
        is_cut=len(audit.differences) > 50,
    )


def _line(one: dict[str, Any]) -> Line:
    code = one["code"]
    decimals = 1 if code == "little" else 0
    terms = " · ".join(
        f"{word} {formats.number(one['terms'][name], 1)}" for name, word in TERMS.items() if name in one["terms"]
    )
    state = "good" if one["holds"] else "bad" if one["must"] else "warn"
    return Line(
        NAMES.get(code, code),
        formats.number(one["left"], decimals),
        formats.number(one["right"], decimals),
        terms,
        state,
        "" if one["holds"] else FAILS.get(code, ""),
    )
