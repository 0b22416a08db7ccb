"""What a monthly report says, as plain data in one language: every number with its words, so that nothing is computed later.

The numbers come from the engine by the same question as the screen's; the words from the same formats.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.utils import translation
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from metrics import compute, formats, pareto
from metrics.agreements import changed_terms
from metrics.board import SECTIONS
from metrics.cards import WHY, change_text, parts, response_shift
from metrics.catalog import KPIS
from metrics.change import Change, compare
from metrics.compute import Query, Value
from metrics.definition import Direction, Kpi, Unit
from metrics.door import Sight
from metrics.exports import described_at
from metrics.fairness import around
from metrics.period import Period, midnight
from metrics.reports import basis, findings, series, targets
from tickets.models import Agreement, Channel, Client, Queue

Note = Callable[[int, str], None]
# Beside what the cards show: what a contract asks for.
MORE = {"reach": ("wait:p80", "flow-out-rate"), "keep": ("sla:first-response", "sla:resolution", "resolved", "created")}
DAILY = ("offered", "answered", "abandoned", "service-level", "abandonment", "asa", "longest-wait", "aht")
SPLIT = ("offered", "answered", "abandoned", "service-level", "abandonment", "asa", "aht", "csat")
HEADLINES = ("offered", "service-level", "abandonment", "asa", "fcr", "csat", "sla", "promises-kept")
PARETO_ROWS = 12


@dataclass(frozen=True)
class Scope:
    """Whose report, of which month, as of when; the questions that follow from it."""

    client: Client
    month: date
    zone: ZoneInfo
    now: Query
    before: Query

    @property
    def period(self) -> Period:
        return self.now.period


def next_month(month: date) -> date:
    return date(month.year + month.month // 12, month.month % 12 + 1, 1)


def month_before(month: date) -> date:
    return date(month.year - (month.month == 1), (month.month - 2) % 12 + 1, 1)


def scope_of(client: Client, month: date, as_of: datetime) -> Scope:
    """The month in the time zone of the agreement that was in force, narrowed to this client."""
    agreement = Agreement.objects.in_force(client, midnight(next_month(month), ZoneInfo(settings.TIME_ZONE)))
    zone = ZoneInfo(agreement.calendar.timezone if agreement else settings.TIME_ZONE)
    filters, sight = {"client": [client.pk]}, Sight(client.pk, client.shows_agents)

    def query(first: date) -> Query:
        period = Period(midnight(first, zone), midnight(next_month(first), zone), zone)
        return Query(period, filters=filters, as_of=as_of, sight=sight)

    return Scope(client, month, zone, query(month), query(month_before(month)))


def kpis_by_section() -> list[tuple[str, Any, list[Kpi]]]:
    return [(code, title, [KPIS[key] for key in (*keys, *MORE.get(code, ()))]) for code, title, keys in SECTIONS]


def nothing(_percent: int, _step: str) -> None:
    """Tell nobody how far it has come."""


def report_figures(client: Client, month: date, language: str, as_of: datetime, note: Note = nothing) -> dict[str, Any]:
    """Everything that the report says. `note` is told how far it has come, in per cent.

    Returns:
        Plain data for JSON: numbers beside their words in `language`. Durations in seconds, shares 0 to 1.
    """
    with translation.override(language):
        return _figures(scope_of(client, month, as_of), language, note)


def _figures(scope: Scope, language: str, note: Note) -> dict[str, Any]:
    note(5, _("Asking for the month's figures"))
    wanted = [kpi for _code, _title, kpis in kpis_by_section() for kpi in kpis]
    now = compute.values(wanted, scope.now)[0].values
    note(25, _("Asking for the month before"))
    before = compute.values(wanted, scope.before)[0].values
    changes = _changes(scope, wanted, now, before)
    note(40, _("Counting by day and hour"))
    days, hours = series.by_day(scope, DAILY), series.by_hour(scope)
    note(60, _("Counting by channel, queue and topic"))
    groups = {split: _split(scope, split) for split in ("channel", "queue")}
    why = _why(scope)
    note(80, _("Writing what stands out"))
    aims = targets.targets(scope, now)
    lines = {key: _line(KPIS[key], now[key], before.get(key), changes[key], aims) for key in now}
    content = {
        "language": language,
        "client": {"code": scope.client.code, "name": scope.client.name},
        "month": scope.month.isoformat()[:7],
        "month_text": date_format(scope.month, "YEAR_MONTH_FORMAT"),
        "period": {
            "start": scope.period.start.astimezone(scope.zone).isoformat(),
            "end": scope.period.end.astimezone(scope.zone).isoformat(),
            "tz": str(scope.zone),
            "text": formats.days(scope.period.start, scope.period.end, scope.zone),
        },
        "before_text": date_format(month_before(scope.month), "YEAR_MONTH_FORMAT"),
        "as_of": scope.now.as_of.isoformat(),
        "as_of_text": _moment(scope.now.as_of, scope.zone),
        "sections": _sections(lines),
        "empty": [lines[key]["name"] for key in lines if not has_data(lines[key])],
        "headlines": [lines[key] for key in HEADLINES if lines[key]["value"] is not None][:6],
        "targets": aims,
        "days": days,
        "hours": hours,
        "groups": groups,
        "why": why,
        "left_out": basis.left_out(scope, now),
        "basis": basis.basis(scope, now),
        "definitions": [_definition(KPIS[key]) for key in lines if has_data(lines[key])],
    }
    content["findings"] = findings.findings(scope, content, now, before, changes)
    return content


def _moment(at: datetime, zone: ZoneInfo) -> str:
    local = at.astimezone(zone)
    return f"{formats.day(local.date())} {local:%H:%M}"


def _changes(
    scope: Scope, kpis: Sequence[Kpi], now: Mapping[str, Value], before: Mapping[str, Value]
) -> dict[str, Change]:
    circumstances = around(scope.now, scope.before)
    terms = changed_terms([scope.client.pk], scope.before.period.start, scope.period.end)
    shift = response_shift(dict(now), dict(before))
    return {
        kpi.key: compare(
            kpi,
            now[kpi.key],
            before.get(kpi.key),
            response_shift=shift if kpi.fact.code == "invitation" else 0,
            changed_terms=terms,
            circumstances=circumstances,
        )
        for kpi in kpis
    }


def plain(value: Value) -> dict[str, Any]:
    """A value's numbers, as they are frozen and compared."""
    return {
        "value": value.value,
        "numerator": value.numerator,
        "denominator": value.denominator,
        "n": value.n,
        "low": value.low,
        "high": value.high,
        "provisional": value.provisional,
        "definition": value.definition,
    }


def _line(
    kpi: Kpi, value: Value, before: Value | None, change: Change, aims: Sequence[dict[str, Any]]
) -> dict[str, Any]:
    """One figure as a row of the report."""
    words = change_text(kpi, change, before)
    own = [aim for aim in aims if aim["kpi"] == kpi.key]
    return {
        "key": kpi.key,
        "name": str(kpi.name),
        "unit": kpi.unit.value,
        **plain(value),
        "figure": formats.figure(kpi, value),
        "parts": parts(kpi, value),
        "interval": formats.interval(kpi, value),
        "interval_low": formats.amount(kpi, value.low)
        if formats.interval(kpi, value) and value.low is not None
        else "",
        "interval_high": formats.amount(kpi, value.high)
        if formats.interval(kpi, value) and value.high is not None
        else "",
        "provisional_text": formats.number(value.provisional) if value.provisional else "",
        "target": "; ".join(aim["aim"] if len(own) == 1 else f"{aim['channel_text']}: {aim['aim']}" for aim in own),
        "met": own[0]["met"] if len(own) == 1 else None,
        "before": before.value if before else None,
        "before_figure": formats.figure(kpi, before) if before else "",
        "change": words.text if words else "",
        "look": words.look if words else "untested",
        "why_not": str(WHY.get(change.why, "")) if change.why else "",
        "arrow": words.arrow if words else "",
        "direction": {Direction.HIGHER_IS_BETTER: "higher", Direction.LOWER_IS_BETTER: "lower"}.get(kpi.direction, ""),
    }


def has_data(line: Mapping[str, Any]) -> bool:
    """Whether there is something to say: a count of nothing, now and before, says that the log knows no such thing."""
    return line["value"] is not None and bool(line["value"] or line["before"] or line["unit"] != Unit.COUNT)


def _sections(lines: Mapping[str, dict[str, Any]]) -> list[dict[str, Any]]:
    found = []
    for code, title, kpis in kpis_by_section():
        rows = [lines[kpi.key] for kpi in kpis if has_data(lines[kpi.key])]
        found.append({"code": code, "title": str(title), "lines": rows})
    return [section for section in found if section["lines"]]


def cell(kpi: Kpi, value: Value | None) -> dict[str, Any]:
    """One figure of a table."""
    if value is None:
        value = Value(value=0 if kpi.denominator is None and kpi.percentile is None and kpi.unit == "count" else None)
    return {**plain(value), "figure": formats.figure(kpi, value), "is_few": formats.is_few(value)}


def _split(scope: Scope, split: str) -> dict[str, Any]:
    """The figures by channel or queue, most contacts first; a column without any value is left out."""
    kpis = [KPIS[key] for key in SPLIT]
    rows = compute.values(kpis, replace(scope.now, by=(split,)))
    names = _names(scope, split)
    found: list[dict[str, Any]] = [
        {
            "key": str(row.group[split] or ""),
            "name": names.get(row.group[split]) or _("Without a queue"),
            "cells": [cell(kpi, row.values.get(kpi.key)) for kpi in kpis],
        }
        for row in rows
    ]
    found = [row for row in found if row["cells"][0]["value"]]
    kept = [at for at in range(len(kpis)) if any(row["cells"][at]["value"] is not None for row in found)]
    for row in found:
        row["cells"] = [row["cells"][at] for at in kept]
    found.sort(key=lambda row: -row["cells"][0]["value"])
    return {"columns": [{"key": kpis[at].key, "name": str(kpis[at].name)} for at in kept], "rows": found}


def _names(scope: Scope, split: str) -> dict[Any, str]:
    if split == "channel":
        return {code: str(label) for code, label in Channel.choices}
    known = Queue.objects.filter(client=scope.client) | Queue.objects.filter(client=None)
    return dict(known.values_list("pk", "name"))


def _why(scope: Scope) -> dict[str, Any]:
    """What customers came about: topics, causes of failure demand, and how sure the classifying is."""
    topics, causes = pareto.topics(scope.now), pareto.causes(scope.now)
    bounds = pareto.failure_bounds(scope.now)
    return {
        "topics": _bars(topics, _("Without a topic")),
        "causes": _bars(causes, _("Without a cause")),
        "vital": topics.vital_few,
        "weak": topics.is_taxonomy_weak,
        "failure": {
            "value": bounds.value,
            "low": bounds.low,
            "high": bounds.high,
            "unclassified": bounds.unclassified,
            "is_grey": bounds.is_grey,
        },
    }


def _bars(found: pareto.Pareto, unnamed: str) -> list[dict[str, Any]]:
    return [
        {
            "name": bar.name or unnamed,
            "amount": bar.amount,
            "amount_text": formats.number(bar.amount),
            "share": bar.share,
            "share_text": formats.share(bar.share),
            "cumulative": bar.cumulative,
            "cumulative_text": formats.share(bar.cumulative),
            "vital": bar.is_vital,
        }
        for bar in found.bars[:PARETO_ROWS]
    ]


def _definition(kpi: Kpi) -> dict[str, Any]:
    return {
        "key": kpi.key,
        "name": str(kpi.name),
        "formula": str(kpi.formula),
        "version": kpi.definition_version,
        "url": described_at(kpi),
        "source": kpi.source.name if kpi.source.url else "",
    }
