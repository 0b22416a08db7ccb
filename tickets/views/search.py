"""Search, the palette's answers from the server, and the page of one article."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from tickets.models import SavedView
from tickets.search import CASES, MANY_CASES
from tickets.search import search as find
from tickets.views import AgentRequest, for_agents

# What fits into the palette without hiding the rest.
IN_PALETTE = 5


@for_agents
@require_GET
def search(request: AgentRequest) -> HttpResponse:
    most = MANY_CASES if "more" in request.GET else CASES
    context = {"found": find(request.GET.get("q", ""), user=request.user, cases=most), "most": most}
    only_results = request.htmx and not request.htmx.boosted
    return render(request, "tickets/search.html#found" if only_results else "tickets/search.html", context)


@for_agents
@require_GET
def palette(request: AgentRequest) -> HttpResponse:
    """What the palette offers from the server: saved views, and what a search finds."""
    found = find(request.GET.get("q", ""), user=request.user, cases=IN_PALETTE)
    views = SavedView.objects.visible_to(request.user)
    context = {"found": found, "views": views.filter(name__icontains=found.text.strip())[:IN_PALETTE]}
    return render(request, "tickets/palette.html", context)
