from __future__ import annotations

from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import redirect

from tickets.views import AgentRequest


@login_required
def home(request: AgentRequest) -> HttpResponse:
    """Managers begin with the numbers, everybody else with the cases."""
    return redirect("dashboard" if request.user.sees_everything else "cases")
