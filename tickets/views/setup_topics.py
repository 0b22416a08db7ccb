"""The tree of topics: shown whole, added to, and taken out of use."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render

from tickets import setup as rules
from tickets.models import Topic
from tickets.setup_forms import TopicForm
from tickets.views import AgentRequest
from tickets.views.setup import answer, asked, reading, writing


@reading("setup_topics")
def topics(request: AgentRequest) -> HttpResponse:
    q = asked(request)
    part = "#list" if request.htmx and not request.htmx.boosted else ""
    return render(request, f"tickets/setup_topics.html{part}", {"lines": rules.topic_lines(q), "q": q})


@writing("setup_topics")
def topic_new(request: AgentRequest) -> HttpResponse:
    below = request.GET.get("below", "")
    parent = get_object_or_404(Topic, pk=below) if below.isdecimal() else None
    form = TopicForm(request.POST or None, parent=parent, by=request.user)
    return answer(request, form, "tickets/setup_topic.html", "setup_topics", parent=parent)


@writing("setup_topics")
def topic(request: AgentRequest, pk: int) -> HttpResponse:
    one = get_object_or_404(Topic, pk=pk)
    form = TopicForm(request.POST or None, instance=one, by=request.user)
    return answer(request, form, "tickets/setup_topic.html", "setup_topics", topic=one)
