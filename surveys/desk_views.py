"""Surveys as the desk sees them: rules, what was decided, follow-ups, comments and what is shown to the team."""

from __future__ import annotations

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from surveys import comments, decisions
from surveys.asking import SurveyRequest, SurveyRule
from surveys.comment_list import CommentFilter
from surveys.comments import CommentTheme, Praise, Theme
from surveys.desk_forms import PraiseForm, ResultForm, RuleForm, ThemeForm, owners
from surveys.follow_ups import REASONS, FollowUp
from surveys.models import Response
from tickets.models import Case
from tickets.views import AgentRequest, for_agents

PAGE = 50


def in_charge(request: AgentRequest) -> None:
    if not request.user.is_in_charge:
        raise Http404


def _reader(request: AgentRequest) -> None:
    if not request.user.sees_numbers:
        raise Http404


def status_of(request: AgentRequest) -> int:
    return 422 if request.method == "POST" else 200


# --- rules, and what was decided by them


@for_agents
@require_safe
def rules(request: AgentRequest) -> HttpResponse:
    in_charge(request)
    context = {
        "rules": SurveyRule.objects.select_related("client").order_by("client__name"),
        "reasons": decisions.reasons(request.user),
        "queues": decisions.rates(request.user, "queue"),
        "agents": decisions.rates(request.user, "agent"),
        "days": decisions.DAYS,
    }
    return render(request, "surveys/rules.html", context)


@for_agents
@require_http_methods(["GET", "HEAD", "POST"])
def rule(request: AgentRequest, pk: int | None = None) -> HttpResponse:
    in_charge(request)
    one = get_object_or_404(SurveyRule, pk=pk) if pk else SurveyRule()
    form = RuleForm(request.POST or None, instance=one)
    if request.method == "POST" and form.is_valid():
        form.save()
        messages.success(request, _("Saved."))
        return redirect("survey_rules")
    return render(request, "surveys/rule.html", {"form": form, "rule": one}, status=status_of(request))


@for_agents
@require_POST
def rule_deletion(request: AgentRequest, pk: int) -> HttpResponse:
    in_charge(request)
    get_object_or_404(SurveyRule, pk=pk).delete()
    messages.info(request, _("Deleted."))
    return redirect("survey_rules")


@for_agents
@require_safe
def decision_list(request: AgentRequest) -> HttpResponse:
    """The cases behind a count of decisions."""
    _reader(request)
    code = request.GET.get("decision", "")
    if code not in SurveyRequest.Decision.values:
        raise Http404
    found = decisions.asked_for(request.user).filter(decision=code).select_related("case__customer", "agent")
    page = Paginator(found.order_by("-at", "-pk"), PAGE).get_page(request.GET.get("page"))
    context = {"page": page, "label": SurveyRequest.Decision(code).label, "days": decisions.DAYS}
    return render(request, "surveys/decisions.html", context)


# --- follow-ups


@for_agents
@require_safe
def follow_ups(request: AgentRequest) -> HttpResponse:
    """Who answered that she was let down, and what is done about it."""
    visible = FollowUp.objects.visible_to(request.user)
    if not request.user.sees_numbers and not visible.exists():
        raise Http404
    tab = request.GET.get("tab", "open")
    tabs = {
        "open": visible.open(),
        "late": visible.open().filter(due_at__lt=timezone.now()),
        "mine": visible.open().filter(owner=request.user),
        "done": visible.exclude(done_at=None).order_by("-done_at"),
    }
    if tab not in tabs:
        raise Http404
    found = tabs[tab].select_related("invitation__case__customer", "owner", "done_by")
    page = Paginator(found.prefetch_related("invitation__responses"), PAGE).get_page(request.GET.get("page"))
    labels = {"open": _("Open"), "late": _("Too late"), "mine": _("Mine"), "done": _("Done")}
    context = {
        "page": page,
        "tabs": [(code, labels[code], rows.count(), code == tab) for code, rows in tabs.items()],
        "tab": tab,
        "reasons": REASONS,
        "owners": owners(),
    }
    return render(request, "surveys/follow_ups.html", context)


@for_agents
@require_safe
def of_case(request: AgentRequest, number: int) -> HttpResponse:
    """What the customer answered about a case and what is done about it, for the case's page; 204 where there is nothing."""
    case = get_object_or_404(Case.objects.visible_to(request.user), pk=number)
    answer = Response.objects.visible_to(request.user).filter(invitation__case=case).order_by("responded_at").last()
    visible = FollowUp.objects.visible_to(request.user).filter(invitation__case=case)
    follow_up = visible.select_related("owner", "done_by").order_by("pk").last()
    # Whoever sees to it has to know what was said.
    if answer is None and follow_up is not None:
        answer = follow_up.invitation.responses.last()
    if answer is None:
        return HttpResponse(status=204)
    return render(request, "surveys/of_case.html", {"answer": answer, "follow_up": follow_up, "reasons": REASONS})


def _follow_up(request: AgentRequest, pk: int) -> FollowUp:
    return get_object_or_404(FollowUp.objects.visible_to(request.user), pk=pk)


@for_agents
@require_POST
def follow_up_owner(request: AgentRequest, pk: int) -> HttpResponse:
    one = _follow_up(request, pk)
    to = owners().filter(pk=request.POST.get("owner") or 0).first()
    if to is None:
        messages.error(request, _("Choose who sees to it."))
    elif one.give(to):
        messages.success(request, _("%s sees to it.") % to)
    return redirect("follow_ups")


@for_agents
@require_POST
def follow_up_result(request: AgentRequest, pk: int) -> HttpResponse:
    """Done, and what was done; or, without a word, not done after all."""
    one = _follow_up(request, pk)
    if request.POST.get("again"):
        one.reopen()
        return redirect("follow_ups")
    form = ResultForm(request.POST)
    if not form.is_valid():
        messages.error(request, _("Write what was done."))
    elif one.finish(by=request.user, result=form.cleaned_data["result"]):
        messages.success(request, _("Done."))
    return redirect("follow_ups")


# --- comments


@for_agents
@require_safe
def comment_list(request: AgentRequest) -> HttpResponse:
    """What customers wrote, with themes and with what is shown to the team."""
    _reader(request)
    themes = list(Theme.objects.all())
    form = CommentFilter(request.GET, user=request.user, themes=themes)
    found = form.found()
    page = Paginator(found, PAGE).get_page(request.GET.get("page"))
    context = {
        "form": form,
        "page": page,
        "lines": [(one, comments.themes_of(one, themes), comments.masked(one.comment)) for one in page],
        "themes": themes,
        "counts": form.counts(),
    }
    return render(request, "surveys/comments.html", context)


def _response(request: AgentRequest, pk: int) -> Response:
    _reader(request)
    return get_object_or_404(Response.objects.visible_to(request.user).exclude(comment=""), pk=pk)


@for_agents
@require_POST
def comment_theme(request: AgentRequest, pk: int) -> HttpResponse:
    """It is about this theme, or it is not though its words say so."""
    one = _response(request, pk)
    theme = get_object_or_404(Theme, pk=request.POST.get("theme") or 0)
    holds = request.POST.get("holds") == "1"
    CommentTheme.objects.update_or_create(response=one, theme=theme, defaults={"holds": holds, "by": request.user})
    return redirect(f"{reverse('comments')}#r{one.pk}")


@for_agents
@require_POST
def comment_praise(request: AgentRequest, pk: int) -> HttpResponse:
    """Show it to the team, in the words that were looked through; or, with none, not any more."""
    one = _response(request, pk)
    if request.POST.get("hide"):
        Praise.objects.filter(response=one).delete()
        return redirect("comments")
    form = PraiseForm(request.POST)
    if form.is_valid():
        Praise.objects.update_or_create(
            response=one, defaults={"text": form.cleaned_data["text"], "by": request.user, "at": timezone.now()}
        )
        messages.success(request, _("The team can read it."))
    else:
        messages.error(request, _("Write the words that the team shall read."))
    return redirect("comments")


@for_agents
@require_safe
def praise(request: AgentRequest) -> HttpResponse:
    """What customers said, for the team."""
    found = Praise.objects.visible_to(request.user).select_related("response__invitation__case__queue")
    return render(request, "surveys/praise.html", {"page": Paginator(found, PAGE).get_page(request.GET.get("page"))})


@for_agents
@require_http_methods(["GET", "HEAD", "POST"])
def themes(request: AgentRequest, pk: int | None = None) -> HttpResponse:
    """The themes, and a form for one."""
    in_charge(request)
    one = get_object_or_404(Theme, pk=pk) if pk else None
    form = ThemeForm(request.POST or None, instance=one)
    if request.method == "POST" and form.is_valid():
        form.save()
        messages.success(request, _("Saved."))
        return redirect("themes")
    context = {"form": form, "themes": Theme.objects.all(), "one": one}
    return render(request, "surveys/themes.html", context, status=status_of(request))


@for_agents
@require_POST
def theme_deletion(request: AgentRequest, pk: int) -> HttpResponse:
    in_charge(request)
    get_object_or_404(Theme, pk=pk).delete()
    messages.info(request, _("Deleted."))
    return redirect("themes")
