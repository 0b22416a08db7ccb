"""Changing many cases at once: a look at what will happen, doing it, how far it is, and taking it back."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.db.models import Count
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from tickets import bulk
from tickets.bulk_forms import BulkForm
from tickets.incidents import begin as begin_incident
from tickets.models import BulkChange, BulkStep
from tickets.models.draft import UNDO
from tickets.views import AgentRequest, for_agents

OUTCOMES = dict(BulkStep.Outcome.choices)
MOST_NAMED = 8


@for_agents
@require_POST
def preview(request: AgentRequest) -> HttpResponse:
    """What would happen to which cases. Nothing does."""
    form = BulkForm(request.POST, user=request.user)
    is_valid = form.is_valid()
    numbers = form.numbers()
    context: dict[str, Any] = {"form": form, "numbers": ",".join(map(str, numbers)), "count": len(numbers)}
    if (is_valid or form.does == "reply") and numbers:
        planned = bulk.plan(numbers, form.does, form.value() if is_valid else "", by=request.user)
        context |= {"plan": planned, "named": planned.staying[:MOST_NAMED], "most": MOST_NAMED}
    part = "#dialog" if request.htmx else ""
    return render(request, f"tickets/bulk_preview.html{part}", context)


@for_agents
@require_POST
def changes(request: AgentRequest) -> HttpResponse:
    """Do it."""
    form = BulkForm(request.POST, user=request.user)
    if not form.is_valid():
        return preview(request)
    value = form.value()
    if form.does == BulkChange.Verb.INCIDENT and not value:
        value = str(begin_incident(form.cleaned_data["title"], by=request.user).pk)
    change = bulk.start(form.numbers(), form.does, value, by=request.user)
    if change is None:
        messages.warning(request, _("These cases are not there any more."))
        return redirect("cases")
    bulk.begin(change)
    return shown(request, change)


@for_agents
@require_GET
def change(request: AgentRequest, pk: int) -> HttpResponse:
    return shown(request, visible_change(request, pk))


@for_agents
@require_POST
def undo(request: AgentRequest, pk: int) -> HttpResponse:
    one = visible_change(request, pk)
    if bulk.ask_to_undo(one):
        one.refresh_from_db()
        bulk.begin(one)
    return shown(request, one)


def visible_change(request: AgentRequest, pk: int) -> BulkChange:
    return get_object_or_404(BulkChange.objects.visible_to(request.user), pk=pk)


def shown(request: AgentRequest, one: BulkChange) -> HttpResponse:
    """How far it is and what became of the cases; its page where there are no scripts."""
    if request.method == "POST" and not request.htmx:
        return redirect(one)
    counts = dict(one.steps.order_by().values_list("outcome").annotate(Count("pk")))
    left = counts.get("changed" if one.undo_asked_at else "waiting", 0)
    context = {
        "change": one,
        "what": bulk.value_words(one.verb, one.value) if one.verb not in {"reply", "follow", "snooze"} else "",
        "outcomes": [(code, OUTCOMES[code], number) for code, number in sorted(counts.items())],
        "done": one.total - left,
        "is_running": one.done_at is None or (one.undo_asked_at is not None and one.undone_at is None),
        "undo_seconds": UNDO.seconds,
    }
    return render(request, f"tickets/bulk_change.html{'#result' if request.htmx else ''}", context)
