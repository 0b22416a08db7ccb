"""What we know, to be read by everybody who serves."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_safe

from tickets import richtext
from tickets.models import Article
from tickets.views import AgentRequest, for_agents
from tickets.views.setup import asked, listed


@for_agents
@require_safe
def articles(request: AgentRequest) -> HttpResponse:
    rows = Article.objects.visible_to(request.user).having(asked(request).split())
    return listed(request, "tickets/article_list.html", rows)


@for_agents
@require_safe
def article(request: AgentRequest, pk: int) -> HttpResponse:
    one = get_object_or_404(Article.objects.visible_to(request.user), pk=pk)
    return render(request, "tickets/article_detail.html", {"article": one, "html": richtext.clean(one.html)})
