"""What differs between two versions of a report, figure by figure, each with why."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from metrics import formats
from metrics.reports.workbook import every

# Of one that was computed twice from the same rows, floating point may differ in the last digit.
CLOSE = 1e-9
COMPARED = ("value", "numerator", "denominator")


def differences(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[dict[str, str]]:
    """Each changed figure: where it stands, what it was and is, and why. In the language that is active."""
    old = {(part, row, key): (name, one) for part, row, key, name, one in every(before)}
    new = {(part, row, key): (name, one) for part, row, key, name, one in every(after)}
    found = []
    for place in dict.fromkeys([*new, *old]):
        was, now = old.get(place), new.get(place)
        if was is not None and now is not None and not _differ(was[1], now[1]):
            continue
        part, row, key = place
        name = (now or was or ("", {}))[0]
        found.append(
            {
                "part": part,
                "row": row,
                "key": key,
                "name": name,
                "before": str(was[1].get("figure", "")) if was else formats.NOTHING,
                "after": str(now[1].get("figure", "")) if now else formats.NOTHING,
                "parts": _parts(was[1] if was else {}, now[1] if now else {}),
                "why": "; ".join(_why(before, after, was[1] if was else {}, now[1] if now else {})),
            }
        )
    return found


def _differ(was: Mapping[str, Any], now: Mapping[str, Any]) -> bool:
    return any(_apart(was.get(name), now.get(name)) for name in COMPARED)


def _apart(a: float | None, b: float | None) -> bool:
    if a is None or b is None:
        return a is not b
    return abs(a - b) > CLOSE * max(1.0, abs(a), abs(b))


def _parts(was: Mapping[str, Any], now: Mapping[str, Any]) -> str:
    """How numerator and denominator moved, where there are such."""
    if was.get("denominator") is None or now.get("denominator") is None:
        return ""
    return "{} / {} → {} / {}".format(
        *(formats.number(one[name] or 0, 1) for one in (was, now) for name in ("numerator", "denominator"))
    )


def _why(
    before: Mapping[str, Any], after: Mapping[str, Any], was: Mapping[str, Any], now: Mapping[str, Any]
) -> Iterator[str]:
    """The reasons that hold: a definition, an agreement, what has matured, and rows that came late or were corrected."""
    if was.get("definition") != now.get("definition") and was and now:
        yield _("its definition has a new version")
    known = {one["at"] for one in before["basis"]["restatements"]}
    for one in after["basis"]["restatements"]:
        if one["at"] not in known:
            yield _("history was restated: %s") % one["reason"]
    matured = (was.get("provisional") or 0) - (now.get("provisional") or 0)
    if matured > 0:
        yield ngettext(
            "%(n)s row was provisional then and has matured",
            "%(n)s rows were provisional then and have matured",
            matured,
        ) % {"n": formats.number(matured)}
    yield from _rows(before["basis"], after["basis"])


def _rows(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[str]:
    late = {name: after[name] - before[name] for name in ("contacts", "cases")}
    for name, n in late.items():
        if n:
            words = {
                "contacts": ngettext("%(n)s contact came late", "%(n)s contacts came late", abs(n)),
                "cases": ngettext("%(n)s case came late", "%(n)s cases came late", abs(n)),
            }
            gone = {
                "contacts": ngettext("%(n)s contact is gone", "%(n)s contacts are gone", abs(n)),
                "cases": ngettext("%(n)s case is gone", "%(n)s cases are gone", abs(n)),
            }
            yield (words if n > 0 else gone)[name] % {"n": formats.number(abs(n))}
    settled = (before["quarantined"] or 0) - (after["quarantined"] or 0)
    if settled > 0:
        yield ngettext(
            "%(n)s quarantined row was corrected or settled",
            "%(n)s quarantined rows were corrected or settled",
            settled,
        ) % {"n": formats.number(settled)}
    if not any(late.values()) and settled <= 0:
        yield _("rows of the month were corrected")
