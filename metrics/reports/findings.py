"""What stands out, in sentences. Only signals: what is within chance is said once, for all of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from metrics import formats, stats
from metrics.catalog import KPIS
from metrics.change import Change, Verdict
from metrics.compute import Value

if TYPE_CHECKING:
    from metrics.reports.figures import Scope

MOST = 9
# Below the others by less than so much is nothing that anybody would act on.
WORTH_SAYING = 0.05


def findings(
    scope: Scope,
    content: Mapping[str, Any],
    now: Mapping[str, Value],
    before: Mapping[str, Value],
    changes: Mapping[str, Change],
) -> list[dict[str, str]]:
    """Sentences with how each looks: "bad", "good" or "note"; the promise first, then changes, days, groups and topics."""
    found = [
        *_promises(content),
        *_changed(now, before, changes),
        *_days(content),
        *_groups(content),
        *_topics(content),
        *_failure(content),
    ][:MOST]
    if not any(change.verdict in {Verdict.BETTER, Verdict.WORSE, Verdict.DIFFERENT} for change in changes.values()):
        tested = [change for change in changes.values() if change.verdict is Verdict.SAME]
        if tested:
            words = ngettext(
                "%(n)s figure could be compared with the month before: it changed no more than chance explains.",
                "%(n)s figures could be compared with the month before: none changed more than chance explains.",
                len(tested),
            )
            found.append(_said("note", words % {"n": formats.number(len(tested))}))
    return found


def _said(look: str, text: str) -> dict[str, str]:
    return {"look": look, "text": text}


def _promises(content: Mapping[str, Any]) -> Iterator[dict[str, str]]:
    for aim in content["targets"]:
        words = (
            _("Service level (%(channel)s): %(figure)s, %(parts)s. Agreed: %(aim)s. The promise was kept.")
            if aim["met"]
            else _("Service level (%(channel)s): %(figure)s, %(parts)s. Agreed: %(aim)s. The promise was not kept.")
        )
        yield _said("good" if aim["met"] else "bad", words % {**aim, "channel": aim["channel_text"]})


def _changed(
    now: Mapping[str, Value], before: Mapping[str, Value], changes: Mapping[str, Change]
) -> Iterator[dict[str, str]]:
    for key, change in changes.items():
        if change.verdict not in {Verdict.BETTER, Verdict.WORSE} or change.low is None or change.high is None:
            continue
        kpi = KPIS[key]
        words = (
            _(
                "%(name)s is better than the month before: %(now)s after %(before)s. The difference is %(low)s to %(high)s."
            )
            if change.verdict is Verdict.BETTER
            else _(
                "%(name)s is worse than the month before: %(now)s after %(before)s. The difference is %(low)s to %(high)s."
            )
        )
        yield _said(
            "good" if change.verdict is Verdict.BETTER else "bad",
            words
            % {
                "name": kpi.name,
                "now": formats.figure(kpi, now[key]),
                "before": formats.figure(kpi, before[key]),
                "low": formats.difference(kpi, change.low),
                "high": formats.difference(kpi, change.high),
            },
        )


def _days(content: Mapping[str, Any]) -> Iterator[dict[str, str]]:
    """Days that the month's own variation does not explain."""
    days = content["days"]["rows"]
    for key, test in content["days"]["tests"].items():
        kpi = KPIS[key]
        outside = [
            (at, value)
            for at in test["signals"]
            if (value := test["points"][at]) is not None and not test["low"] <= value <= test["high"]
        ]
        if not outside:
            continue
        at, value = max(outside, key=lambda pair: abs(pair[1] - test["mean"]))
        words = ngettext(
            "%(name)s left its usual variation (%(low)s to %(high)s) on %(n)s day: %(day)s, %(figure)s.",
            "%(name)s left its usual variation (%(low)s to %(high)s) on %(n)s days, farthest on %(day)s: %(figure)s.",
            len(outside),
        )
        yield _said(
            "note",
            words
            % {
                "name": kpi.name,
                "low": test["low_text"],
                "high": test["high_text"],
                "n": formats.number(len(outside)),
                "day": days[at]["name"],
                "figure": formats.amount(kpi, value),
            },
        )


def _groups(content: Mapping[str, Any]) -> Iterator[dict[str, str]]:
    """The queue whose service level lies below the others', beyond chance and by enough to matter."""
    table = content["groups"]["queue"]
    at = next((n for n, column in enumerate(table["columns"]) if column["key"] == "service-level"), None)
    rows = (
        [] if at is None else [row for row in table["rows"] if (row["cells"][at]["denominator"] or 0) >= formats.RANKED]
    )
    if at is None or len(rows) < 2:
        return
    k = sum(row["cells"][at]["numerator"] for row in rows)
    n = sum(row["cells"][at]["denominator"] for row in rows)
    lower = []
    for row in rows:
        one = row["cells"][at]
        rest = stats.newcombe(one["numerator"], one["denominator"], k - one["numerator"], n - one["denominator"])
        if rest is not None and rest[1][1] < 0 and rest[0] <= -WORTH_SAYING:
            lower.append((rest[0], row, (k - one["numerator"]) / (n - one["denominator"])))
    if lower:
        _difference, row, others = min(lower, key=lambda one: one[0])
        words = _(
            "Customers wait longest in the queue %(queue)s: service level %(figure)s, in the other queues %(others)s."
        )
        figures = {"queue": row["name"], "figure": row["cells"][at]["figure"], "others": formats.share(others)}
        yield _said("note", words % figures)


def _topics(content: Mapping[str, Any]) -> Iterator[dict[str, str]]:
    why = content["why"]
    if len(why["vital"]) and len(why["topics"]) > len(why["vital"]) > 1:
        words = ngettext(
            "%(n)s topic makes up four fifths of the contacts: %(names)s.",
            "%(n)s topics make up four fifths of the contacts: %(names)s.",
            len(why["vital"]),
        )
        names = ", ".join(why["vital"][:5])
        if more := len(why["vital"]) - 5:
            rest = ngettext("and %(n)s more", "and %(n)s more", max(more, 1)) % {"n": formats.number(more)}
            names += f" {rest}" if more > 0 else ""
        yield _said("note", words % {"n": formats.number(len(why["vital"])), "names": names})


def _failure(content: Mapping[str, Any]) -> Iterator[dict[str, str]]:
    failure = content["why"]["failure"]
    if failure["value"] is None:
        return
    if failure["is_grey"]:
        words = _("%(share)s of the contacts are not classified: failure demand lies between %(low)s and %(high)s.")
        figures = {
            "share": formats.share(failure["unclassified"] or 0),
            "low": formats.share(failure["low"] or 0),
            "high": formats.share(failure["high"] or 0),
        }
        yield _said("note", words % figures)
    else:
        words = _("%(share)s of the contacts came because something had not been done, or not done right.")
        yield _said("note", words % {"share": formats.share(failure["value"])})
