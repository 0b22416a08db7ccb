from __future__ import annotations

from django.http import HttpResponse, QueryDict
from django.shortcuts import redirect
from django.urls import reverse

from tickets.client_door import open_to_clients
from tickets.views import AgentRequest, for_agents
from tickets.views.case_lists import LAST


@open_to_clients
@for_agents
def home(request: AgentRequest) -> HttpResponse:
    """Managers begin with what needs them, a client company with its numbers, everybody else with the list used last."""
    if request.user.is_client:
        return redirect("dashboard")
    if request.user.sees_everything:
        return redirect("morning")
    last = QueryDict(request.COOKIES.get(LAST, "")).urlencode()
    return redirect(f"{reverse('cases')}?{last}" if last else "cases")
