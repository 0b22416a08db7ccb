"""Changing a case in place: what can be chosen, and the choice. One verb and one event for each."""

from __future__ import annotations

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from tickets import choices
from tickets.forms import SnoozeForm
from tickets.views import AgentRequest, for_agents
from tickets.views.cases import changed, visible_case


@for_agents
@require_GET
def options(request: AgentRequest, number: int, field: str) -> HttpResponse:
    """What a field of the case may become, narrowed by what is typed; as a dialog, or as a page of its own."""
    case = visible_case(request, number)
    text = request.GET.get("q", "")[:100]
    try:
        found = choices.options(case, field, text, user=request.user)
    except KeyError:
        raise Http404 from None
    context = {"case": case, "field": field, "q": text, "options": found, "title": choices.TITLES[field]}
    if not request.htmx:
        return render(request, "tickets/case_options.html", context)
    part = "list" if request.htmx.target == "picker-list" else "picker"
    return render(request, f"tickets/case_options.html#{part}", context)


@for_agents
@require_POST
def details(request: AgentRequest, number: int, field: str) -> HttpResponse:
    """Set one field. Where somebody has changed it since it was shown, her change stands, and is said."""
    case = visible_case(request, number)
    try:
        choices.choose(case, field, request.POST.get("value", ""), was=request.POST.get("was"), by=request.user)
    except KeyError:
        raise Http404 from None
    except choices.ChangedMeanwhileError as error:
        messages.warning(request, str(error))
    return changed(request, number)


@for_agents
@require_POST
def snooze(request: AgentRequest, number: int) -> HttpResponse:
    case, form = visible_case(request, number), SnoozeForm(request.POST)
    if not form.is_valid() or not case.snooze(until=form.cleaned_data["until"], by=request.user):
        messages.error(request, _("Say until when: a moment to come, for a case that is open."))
    return changed(request, number)


@for_agents
@require_POST
def waking(request: AgentRequest, number: int) -> HttpResponse:
    visible_case(request, number).wake(by=request.user)
    return changed(request, number)
