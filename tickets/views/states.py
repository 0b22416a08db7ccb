"""What an agent is doing: seen and changed beside her name on every page."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST

from tickets.models import AgentState, User
from tickets.models.presence import CHOICES
from tickets.views import AgentRequest, for_agents


@for_agents
@require_http_methods(["GET", "POST"])
def state(request: AgentRequest) -> HttpResponse:
    chosen = request.POST.get("state", "")
    if request.method == "POST" and chosen in CHOICES:
        AgentState.choose(request.user, chosen)
    return answer(request)


@for_agents
@require_POST
def starting_state(request: AgentRequest) -> HttpResponse:
    """Whether she is available as soon as she logs in, or says so herself."""
    User.objects.filter(pk=request.user.pk).update(starts_available=request.POST.get("available") == "yes")
    request.user.refresh_from_db(fields=["starts_available"])
    return answer(request)


def answer(request: AgentRequest) -> HttpResponse:
    if not request.htmx:
        return redirect("day" if request.method == "POST" else "home")
    return render(request, "components/agent_state_now.html")
