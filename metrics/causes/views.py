"""The pages of root causes. For those who see numbers; actions are written by those who set up."""

from __future__ import annotations

import secrets

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from metrics import door, exports
from metrics.board import read_board
from metrics.boards import page as boards
from metrics.catalog import KPIS
from metrics.causes import board as bars
from metrics.causes import page, sample
from metrics.causes.forms import ActionForm
from metrics.causes.models import CauseAction
from metrics.question import QuestionError
from metrics.views import for_readers_of_numbers, reader_of
from tickets import workbook
from tickets.models import Topic
from tickets.views import AgentRequest, for_agents


@for_readers_of_numbers
def causes(request: HttpRequest) -> HttpResponse:
    """Whose shortcomings land here: business areas, and the topics within one."""
    board, state = read_board(request.GET, reader_of(request)), page.read_state(request.GET)
    found = bars.causes(board.query, weight=state.weight, area=state.area, depth=state.depth)
    actions = list(CauseAction.objects.visible_to(reader_of(request)).select_related("topic", "owner"))
    context = {
        "board": board,
        "state": state,
        "found": found,
        "rows": page.rows(board, state, found, actions),
        "weights": [(code, label, page.link(board, state, weight=code)) for code, label in bars.WEIGHTS.items()],
        "areas_url": page.link(board, state, area=None),
        "depths": [(n, page.link(board, state, depth=n)) for n in page.DEPTHS],
        "actions": actions,
        "may_write": reader_of(request).sets_up,
        "query": page.link(board, state).partition("?")[2],
        "tabs": boards.tabs(reader_of(request), "causes", QueryDict(board.state(weight=None, area=None, depth=None))),
    }
    return render(request, "metrics/causes.html", context)


@for_readers_of_numbers
def causes_export(request: HttpRequest, kind: str) -> HttpResponseBase:
    board, state = read_board(request.GET, reader_of(request)), page.read_state(request.GET)
    lines = page.lines(bars.causes(board.query, weight=state.weight, area=state.area, depth=state.depth))
    if kind == "xlsx":
        return workbook.answer("causes", [workbook.Sheet(_("Root causes"), lines)])
    return exports.download("causes", lines)


@for_readers_of_numbers
def cause_sample(request: HttpRequest) -> HttpResponse:
    """Ten contacts behind a bar, drawn by the number in the address."""
    board = read_board(request.GET, reader_of(request))
    topics = board.query.filters.get("topic")
    seed = request.GET.get("seed", "")
    if not topics:
        raise QuestionError("topic", _("expected a topic's path"))
    if not seed.isdecimal() or len(seed) > 9:
        raise QuestionError("seed", _("expected a number"))
    keys = sample.drawn(board.query, topics, int(seed))
    context = {
        "board": board,
        "seed": seed,
        "path": request.GET.get("topic", ""),
        "contacts": sample.contacts(keys),
        "rows_url": board.rows_link(KPIS["failure-demand"]),
        "again": f"?{board.exact()}&seed={secrets.randbelow(1_000_000)}",
    }
    return render(request, "metrics/cause_sample.html", context)


def _writer(request: AgentRequest) -> None:
    if not (request.user.sees_numbers and request.user.sets_up):
        raise Http404


@for_agents
@require_http_methods(["GET", "HEAD", "POST"])
def cause_action_new(request: AgentRequest) -> HttpResponse:
    _writer(request)
    topic = Topic.objects.filter(path=request.GET.get("topic", "")).first()
    form = ActionForm(
        request.POST or None,
        instance=CauseAction(made_by=request.user),
        initial={"topic": topic, "owner": request.user},
    )
    if request.method == "POST" and form.is_valid():
        return redirect(form.save())
    return render(
        request, "metrics/cause_action_edit.html", {"form": form}, status=422 if request.method == "POST" else 200
    )


@for_readers_of_numbers
def cause_action(request: HttpRequest, pk: int) -> HttpResponse:
    """What is done, by whom, and whether it helped."""
    user = reader_of(request)
    one = get_object_or_404(CauseAction.objects.visible_to(user).select_related("topic", "owner", "client"), pk=pk)
    board = read_board(request.GET, user)
    if one.client_id and not door.clients(user).filter(pk=one.client_id).exists():
        raise Http404
    context = {"action": one, "verdict": page.verdict(one, board), "may_write": user.sets_up}
    return render(request, "metrics/cause_action.html", context)


@for_agents
@require_http_methods(["GET", "HEAD", "POST"])
def cause_action_edit(request: AgentRequest, pk: int) -> HttpResponse:
    _writer(request)
    one = get_object_or_404(CauseAction.objects.visible_to(request.user), pk=pk)
    form = ActionForm(request.POST or None, instance=one)
    if request.method == "POST" and form.is_valid():
        return redirect(form.save())
    return render(
        request, "metrics/cause_action_edit.html", {"form": form}, status=422 if request.method == "POST" else 200
    )


@for_agents
@require_POST
def cause_action_state(request: AgentRequest, pk: int) -> HttpResponse:
    _writer(request)
    one = get_object_or_404(CauseAction.objects.visible_to(request.user), pk=pk)
    if request.POST.get("state") == "open":
        one.reopen()
    elif one.finish():
        messages.success(request, _("Done. The test goes on until its weeks are over."))
    return redirect(one)
