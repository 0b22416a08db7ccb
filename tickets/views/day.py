"""The agent's own day."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from tickets.day import day_of
from tickets.models import Channel
from tickets.views import AgentRequest, for_agents


@for_agents
@require_GET
def day(request: AgentRequest) -> HttpResponse:
    asked = request.GET.get("channel", "")
    channel = asked if asked in Channel else ""
    return render(request, "tickets/day.html", {"day": day_of(request.user, channel=channel), "channel": channel})
