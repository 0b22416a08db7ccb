"""The list of cases, and the page of one."""

from __future__ import annotations

from typing import Any

from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_GET

from tickets import timeline
from tickets.filters import CaseFilter
from tickets.forms import EscalationForm, NoteForm, PromiseForm
from tickets.models import Case
from tickets.views import AgentRequest, for_agents
from tickets.views.contacts import next_update

PAGE = 25


@for_agents
@require_GET
def cases(request: AgentRequest) -> HttpResponse:
    visible = Case.objects.visible_to(request.user)
    form = CaseFilter(request.GET, user=request.user)
    found = form.narrow(visible.for_list())
    # Whoever has no cases of her own, as a manager, begins with everybody's.
    whose = request.GET.get("whose", "all" if request.user.sees_everything else "mine")
    counts = form.narrow(visible.for_list()).counts_for(request.user)
    if whose == "mine":
        found = found.filter(owner=request.user)
    elif whose == "team":
        found = found.filter(team=request.user.team_id)
    paginator = Paginator(found, PAGE)
    # Counted above already, with the others.
    paginator.count = counts[whose if whose in counts else "all"]
    context = {"form": form, "whose": whose, "counts": counts, "page": paginator.get_page(request.GET.get("page"))}
    template = "tickets/case_list.html#list" if request.htmx and not request.htmx.boosted else "tickets/case_list.html"
    return render(request, template, context | {"now": timezone.now()})


@for_agents
@require_GET
def case(request: AgentRequest, number: int) -> HttpResponse:
    one = visible_case(request, number)
    others = Case.objects.visible_to(request.user).filter(customer=one.customer_id).exclude(pk=one.pk)
    context = page_of(one) | {
        "others": others.order_by("-created_at")[:8] if one.customer_id else [],
        "note_form": NoteForm(),
    }
    return render(request, "tickets/case_detail.html", context)


def visible_case(request: AgentRequest, number: int) -> Case:
    return get_object_or_404(Case.objects.visible_to(request.user).for_page(), number=number)


def page_of(one: Case) -> dict[str, Any]:
    """What changes when something happens to the case."""
    return {
        "case": one,
        "now": timezone.now(),
        "entries": timeline.of(one),
        "pending": one.promises.pending(),
        "escalation_form": EscalationForm(auto_id="escalation_%s"),
        "promise_form": PromiseForm(auto_id="promise_%s", initial={"due_at": next_update()}),
    }


def changed(request: AgentRequest, number: int) -> HttpResponse:
    """Answer a button of the case's page: its changed parts, or the page anew."""
    if not request.htmx:
        return redirect("case", number)
    return render(request, "tickets/case_detail.html#changed", page_of(visible_case(request, number)))
