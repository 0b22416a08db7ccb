"""The page of one case."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_GET

from tickets import timeline
from tickets.forms import EscalationForm, NoteForm, PromiseForm
from tickets.models import Case
from tickets.views import AgentRequest, for_agents
from tickets.views.contacts import next_update


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
