"""Calls that ring: the pop on every page, and who has the number that is typed in."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from tickets.intake import DEFAULT_REGION
from tickets.models import Chat
from tickets.pop import caller_with, pops_for
from tickets.views import AgentRequest, for_agents


@for_agents
@require_GET
def ringing(request: AgentRequest) -> HttpResponse:
    waiting = Chat.objects.waiting_for(request.user).count() if request.user.takes_calls else 0
    return render(request, "tickets/call_pop.html", {"pops": pops_for(request.user), "waiting_chats": waiting})


@for_agents
@require_GET
def caller(request: AgentRequest) -> HttpResponse:
    """Who has this number, before the call is taken."""
    number = request.GET.get("number", "")[:60]
    context = {"caller": caller_with(number, user=request.user, region=DEFAULT_REGION)}
    return render(request, "tickets/contact_new.html#caller", context)
