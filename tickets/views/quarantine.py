"""Rows of imported logs that could not be right: to be corrected and taken in, or put aside."""

from __future__ import annotations

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_POST

from tickets.bundle.correction import correct, spec_for, take_in_followers
from tickets.models import QuarantinedRow
from tickets.quarantine_forms import CorrectionForm, QuarantineFilter
from tickets.views import AgentRequest, for_agents

PAGE = 25


@for_agents
@require_GET
def quarantine(request: AgentRequest) -> HttpResponse:
    if not request.user.sees_numbers:
        raise Http404
    form = QuarantineFilter(request.GET, rows=QuarantinedRow.objects.visible_to(request.user))
    page = Paginator(form.narrow(), PAGE).get_page(request.GET.get("page"))
    part = "#list" if request.htmx and not request.htmx.boosted else ""
    return render(request, f"tickets/quarantine_list.html{part}", {"form": form, "page": page})


@for_agents
@require_GET
def quarantined_row(request: AgentRequest, pk: int) -> HttpResponse:
    row = visible_row(request, pk)
    return page_of(request, row, CorrectionForm(row=row))


@for_agents
@require_POST
def correction(request: AgentRequest, pk: int) -> HttpResponse:
    row = visible_row(request, pk)
    form = CorrectionForm(request.POST, row=row)
    if row.settled_at or not spec_for(row):
        return redirect(row)
    problem = correct(row, form.values(), by=request.user)
    if problem is not None:
        form.complain(problem)
        return page_of(request, row, form, status=422)
    count = take_in_followers(row, by=request.user)
    messages.success(request, _("Row taken in. The figures follow within seconds."))
    if count:
        told = ngettext("%d row that waited for it came in too.", "%d rows that waited for it came in too.", count)
        messages.success(request, told % count)
    return redirect("quarantine")


@for_agents
@require_POST
def settlement(request: AgentRequest, pk: int) -> HttpResponse:
    if visible_row(request, pk).put_aside(by=request.user):
        messages.success(request, _("Row put aside. It stays under “Settled”."))
    return redirect("quarantine")


@for_agents
@require_POST
def reopening(request: AgentRequest, pk: int) -> HttpResponse:
    row = visible_row(request, pk)
    row.take_up()
    return redirect(row)


def visible_row(request: AgentRequest, pk: int) -> QuarantinedRow:
    rows = QuarantinedRow.objects.visible_to(request.user).select_related("source", "settled_by")
    return get_object_or_404(rows, pk=pk)


def page_of(request: AgentRequest, row: QuarantinedRow, form: CorrectionForm, status: int = 200) -> HttpResponse:
    context = {"row": row, "form": form, "can_correct": spec_for(row) is not None}
    return render(request, "tickets/quarantine_detail.html", context, status=status)
