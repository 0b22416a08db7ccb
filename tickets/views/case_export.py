"""The list of cases as a table or a workbook: all rows of the list on the screen, in the same order and columns as are known of each."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.db.models import F
from django.db.models.expressions import OrderBy
from django.http.response import HttpResponseBase
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from tickets import tables, workbook
from tickets.client_door import open_to_clients
from tickets.models import Case
from tickets.tables import Line
from tickets.views import AgentRequest, for_agents
from tickets.views.case_lists import read
from tickets.views.company import asked_cases

CHUNK = 2000
NAME = "cases"


def head() -> Line:
    return [
        _("Case"),
        _("Case id"),
        _("Subject"),
        _("Status"),
        _("Priority"),
        _("Channel"),
        _("Topic"),
        _("Queue"),
        _("Client"),
        _("Customer"),
        _("Owner"),
        _("Opened"),
        _("Resolved"),
        _("First response due"),
        _("Resolution due"),
        _("Next promise"),
        _("Latest change"),
    ]


def line(case: Case, *, tells_owner: bool = True) -> Line:
    return [
        case.number,
        case.external_id,
        case.subject,
        case.get_status_display(),
        case.get_priority_display(),
        case.get_channel_display(),
        case.topic.path if case.topic else "",
        case.queue.name if case.queue else "",
        case.client.name,
        str(case.customer) if case.customer else "",
        str(case.owner) if case.owner and tells_owner else "",
        case.created_at,
        case.resolved_at,
        case.first_response_due_at,
        case.resolution_due_at,
        case.next_promise_at,
        case.updated_at,
    ]


def _lines(cases: Any, *, tells_owner: bool = True, tells_queue: bool = True) -> Iterator[Line]:
    """Read by a cursor of the database's own, some thousands at a time."""
    yield head()
    for case in cases.for_list().iterator(chunk_size=CHUNK):
        row = list(line(case, tells_owner=tells_owner))
        if not tells_queue:
            row[7] = ""
        yield row


def _answer(kind: str, lines: Iterator[Line]) -> HttpResponseBase:
    if kind == "xlsx":
        return workbook.answer(NAME, [workbook.Sheet(str(_("Cases")), lines, timezone.get_current_timezone())])
    return tables.streamed(NAME, lines)


@for_agents
@require_safe
def cases_export(request: AgentRequest, kind: str) -> HttpResponseBase:
    """The list that the address asks for, in its order."""
    form = read(request).form
    order, is_reversed = form.order
    key, number = OrderBy(order.key, nulls_last=True), OrderBy(F("number"))
    if order.is_newest_first != is_reversed:
        key, number = OrderBy(order.key, descending=True, nulls_last=True), OrderBy(F("number"), descending=True)
    return _answer(kind, _lines(form.found().cases.order_by(key, number)))


@open_to_clients
@for_agents
@require_safe
def company_cases_export(request: AgentRequest, kind: str) -> HttpResponseBase:
    """A client's manager takes her company's cases with her; who served only where that is agreed."""
    cases, _words, _state = asked_cases(request)
    assert request.user.client is not None
    return _answer(kind, _lines(cases, tells_owner=request.user.client.shows_agents, tells_queue=False))
