from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import redirect

from tickets.views import AgentRequest, for_agents


@for_agents
def home(request: AgentRequest) -> HttpResponse:
    """Managers begin with the numbers, everybody else with the cases."""
    return redirect("dashboard" if request.user.sees_everything else "cases")
