"""Saved replies, macros and articles. Agents read the first two here, and write none."""

from __future__ import annotations

from django.db.models import Q
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_POST

from tickets import setup as rules
from tickets import setup_text_forms as forms
from tickets.models import Article, Macro, SavedReply
from tickets.views import AgentRequest, for_agents
from tickets.views.setup import answer, asked, listed, reading, writing


def _only_writers(request: AgentRequest) -> None:
    if not (request.user.is_in_charge or request.user.leads):
        raise Http404


@reading("setup_replies")
def replies(request: AgentRequest) -> HttpResponse:
    q = asked(request)
    found = SavedReply.objects.visible_to(request.user).filter(Q(name__icontains=q) | Q(shortcut__icontains=q))
    editable = set(SavedReply.objects.editable_by(request.user).values_list("pk", flat=True))
    rows = found.select_related("team").order_by("-is_active", "shortcut", "language")
    return listed(request, "tickets/setup_replies.html", rows, editable=editable)


@writing("setup_replies")
def reply_new(request: AgentRequest) -> HttpResponse:
    _only_writers(request)
    form = forms.SavedReplyForm(request.POST or None, by=request.user)
    return answer(request, form, "tickets/setup_reply.html", "setup_replies", places=rules.places())


@writing("setup_replies")
def reply(request: AgentRequest, pk: int) -> HttpResponse:
    one = get_object_or_404(SavedReply.objects.editable_by(request.user), pk=pk)
    form = forms.SavedReplyForm(request.POST or None, instance=one, by=request.user)
    return answer(request, form, "tickets/setup_reply.html", "setup_replies", places=rules.places())


@for_agents
@require_POST
def preview(request: AgentRequest) -> HttpResponse:
    """A text as a customer would read it, while it is being written; with a macro's changes in words."""
    _only_writers(request)
    form = forms.MacroForm(request.POST, by=request.user)
    form.is_valid()
    macro = Macro(changes=form.changes())
    lines = rules.changes_in_words(macro.changes, *rules.names_in([macro]))
    context = {"html": rules.example(request.POST.get("html", "")), "changes": lines}
    return render(request, "tickets/setup_preview.html#preview", context)


@reading("setup_macros")
def macros(request: AgentRequest) -> HttpResponse:
    found = Macro.objects.visible_to(request.user).filter(name__icontains=asked(request)).select_related("team")
    editable = set(Macro.objects.editable_by(request.user).values_list("pk", flat=True))
    rows = found.order_by("-is_active", "name")
    return listed(request, "tickets/setup_macros.html", rows, prepare=rules.say_what_macros_do, editable=editable)


@writing("setup_macros")
def macro_new(request: AgentRequest) -> HttpResponse:
    _only_writers(request)
    form = forms.MacroForm(request.POST or None, by=request.user)
    return answer(request, form, "tickets/setup_macro.html", "setup_macros", places=rules.places())


@writing("setup_macros")
def macro(request: AgentRequest, pk: int) -> HttpResponse:
    one = get_object_or_404(Macro.objects.editable_by(request.user), pk=pk)
    form = forms.MacroForm(request.POST or None, instance=one, by=request.user)
    return answer(request, form, "tickets/setup_macro.html", "setup_macros", places=rules.places())


@reading("setup_articles")
def articles(request: AgentRequest) -> HttpResponse:
    rows = Article.objects.filter(title__icontains=asked(request)).defer("html").order_by("-is_active", "title")
    return listed(request, "tickets/setup_articles.html", rows)


@writing("setup_articles")
def article_new(request: AgentRequest) -> HttpResponse:
    form = forms.ArticleForm(request.POST or None, by=request.user)
    return answer(request, form, "tickets/setup_article.html", "setup_articles")


@writing("setup_articles")
def article(request: AgentRequest, pk: int) -> HttpResponse:
    one = get_object_or_404(Article, pk=pk)
    form = forms.ArticleForm(request.POST or None, instance=one, by=request.user)
    return answer(request, form, "tickets/setup_article.html", "setup_articles", article=one)
