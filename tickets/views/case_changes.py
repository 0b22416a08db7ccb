"""The buttons of a case's page. Each is one verb; pressed twice it does nothing the second time."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from tickets.forms import EscalationForm, PromiseForm
from tickets.models import Status
from tickets.views import AgentRequest, for_agents
from tickets.views.cases import changed, visible_case

WAITS = {"customer": Status.WAITING_CUSTOMER, "third_party": Status.WAITING_THIRD_PARTY}


@for_agents
@require_POST
def resolution(request: AgentRequest, number: int) -> HttpResponse:
    visible_case(request, number).resolve(by=request.user)
    return changed(request, number)


@for_agents
@require_POST
def reopening(request: AgentRequest, number: int) -> HttpResponse:
    visible_case(request, number).reopen(by=request.user)
    return changed(request, number)


@for_agents
@require_POST
def assignment(request: AgentRequest, number: int) -> HttpResponse:
    """Take the case, or, with `to=nobody`, put it back."""
    to = None if request.POST.get("to") == "nobody" else request.user
    visible_case(request, number).assign(to=to, by=request.user)
    return changed(request, number)


@for_agents
@require_POST
def escalation(request: AgentRequest, number: int) -> HttpResponse:
    case, form = visible_case(request, number), EscalationForm(request.POST)
    if form.is_valid():
        case.escalate(by=request.user, reason=form.cleaned_data["reason"])
    else:
        messages.error(request, _("An escalation needs a reason."))
    return changed(request, number)


@for_agents
@require_POST
def waiting(request: AgentRequest, number: int) -> HttpResponse:
    """Wait for somebody; with any other word, wait no longer."""
    case, on = visible_case(request, number), WAITS.get(request.POST.get("on", ""))
    if on:
        case.wait(on=on, by=request.user)
    else:
        case.carry_on(by=request.user)
    return changed(request, number)


@for_agents
@require_POST
def promises(request: AgentRequest, number: int) -> HttpResponse:
    case, form = visible_case(request, number), PromiseForm(request.POST)
    if form.is_valid():
        case.promise(due_at=form.cleaned_data["due_at"], by=request.user)
    else:
        messages.error(request, _("A promise needs a date and a time."))
    return changed(request, number)


@for_agents
@require_POST
def fulfilment(request: AgentRequest, number: int, pk: int) -> HttpResponse:
    """The customer has got what was promised."""
    case = visible_case(request, number)
    case.keep(get_object_or_404(case.promises, pk=pk), by=request.user)
    return changed(request, number)
