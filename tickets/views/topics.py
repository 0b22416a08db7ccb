from __future__ import annotations

from django.db.models import Q
from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from tickets.models import Topic
from tickets.views import AgentRequest, for_agents
from tickets.views.contacts import latest_work, topics_for, visible_contact

MOST = 12


@for_agents
@require_GET
def topic_suggestions(request: AgentRequest, pk: int) -> HttpResponse:
    """The topics whose path has every typed word; before anything is typed, the recently used."""
    one = visible_contact(request, pk)
    words = request.GET.get("topic_q", "").split()
    topics = topics_for(one, latest_work(request.user))
    if words:
        matching = Q()
        for word in words:
            matching &= Q(path__icontains=word)
        topics = list(Topic.objects.filter(matching, is_active=True)[:MOST])
    return render(request, "tickets/contact_detail.html#topics", {"contact": one, "topics": topics})
