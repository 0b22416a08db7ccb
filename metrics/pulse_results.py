"""The employees' pulse on one time axis with what weighs on people and what customers say: a line a month, a year of them.

The figures are the KPIs themselves, through the one engine and its gates: of few answers nothing is shown, here as anywhere.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, QueryDict
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _

from metrics import exports, formats
from metrics.catalog import KPIS
from metrics.compute import Value, values
from metrics.definition import Kpi
from metrics.question import Question, read
from metrics.views import for_readers_of_numbers, reader_of
from tickets.models import Team, User
from tickets.tables import Line

BESIDE = ("enps", "pulse-response-rate", "occupancy", "backlog", "csat")


def question_of(user: User, params: QueryDict) -> Question:
    """The last twelve months, this one included, by month, of all that `user` sees or of a team.

    Raises:
        QuestionError: for a team that there is not, or that she does not see.
    """
    today = timezone.localdate()
    end = (today.replace(day=1) + timedelta(days=32)).replace(day=1)
    start = end.replace(year=end.year - 1)
    asked = QueryDict(mutable=True)
    asked.update({"start": start.isoformat(), "end": end.isoformat(), "by": "month"})
    if teams := [code for code in params.getlist("team") if code]:
        asked.setlist("team", teams)
    return read(asked, user, kpis=[KPIS[key] for key in BESIDE])


def months(question: Question) -> list[dict[str, Any]]:
    """The newest first; of each month every figure with its interval, in words."""
    query, zone = question.query, question.query.period.zone
    rows = {row.group["month"]: row.values for row in values(question.kpis, query)}
    made = []
    for start in reversed(query.edges[:-1]):
        if start > query.as_of:
            continue
        found = rows.get(start, {})
        said = [found.get(kpi.key) for kpi in question.kpis]
        cells = [_cell(kpi, value) for kpi, value in zip(question.kpis, said, strict=True)]
        made.append({"name": formats.bucket(start, "month", zone), "cells": cells, "values": said})
    return made


def _cell(kpi: Kpi, value: Value | None) -> dict[str, str]:
    if value is None:
        return {"figure": formats.NOTHING, "interval": ""}
    return {"figure": formats.figure(kpi, value), "interval": formats.interval(kpi, value)}


@for_readers_of_numbers
def pulse_results(request: HttpRequest) -> HttpResponseBase:
    user = reader_of(request)
    if user.is_client:
        raise Http404
    question = question_of(user, request.GET)
    found = months(question)
    if request.GET.get("export") == "csv":
        return exports.download("pulse", _lines(question, found))
    teams = Team.objects.filter(is_active=True).order_by("name")
    context = {
        "kpis": question.kpis,
        "months": found,
        "teams": teams if user.sees_everything else teams.filter(members=user),
        "chosen": next(iter(question.codes.get("team", [])), ""),
    }
    response: HttpResponse = render(request, "metrics/pulse_results.html", context)
    return response


def _lines(question: Question, found: list[dict[str, Any]]) -> Iterator[Line]:
    """A line a month and figure, as it is shown and as numbers."""
    yield [_("Month"), _("Figure"), _("Shown"), *exports.value_head()]
    for one in found:
        for kpi, cell, value in zip(question.kpis, one["cells"], one["values"], strict=True):
            yield [one["name"], str(kpi.name), cell["figure"], *exports.value_cells(value)]
