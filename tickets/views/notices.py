"""What one should know: mentions, questions, answers, cases that came back."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_GET, require_POST

from tickets.live import announce
from tickets.models import Case, Notice
from tickets.views import AgentRequest, for_agents

LATEST = 50


@for_agents
@require_GET
def notices(request: AgentRequest) -> HttpResponse:
    mine = Notice.objects.visible_to(request.user)
    if request.htmx:
        return render(request, "tickets/notices.html#bell", {"unread": mine.unread().count()})
    seen = Case.objects.visible_to(request.user)
    rows = mine.filter(case__in=seen.values("pk")).select_related("case", "actor")[:LATEST]
    return render(request, "tickets/notices.html", {"notices": rows, "unread": mine.unread().count()})


@for_agents
@require_POST
def notices_reading(request: AgentRequest) -> HttpResponse:
    """Everything has been read."""
    if Notice.objects.visible_to(request.user).unread().update(read_at=timezone.now()):
        announce(f"user:{request.user.pk}")
    return redirect("notices")
