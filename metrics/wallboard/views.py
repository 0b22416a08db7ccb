"""The screen, which needs only its link, and the pages where screens are set up."""

from __future__ import annotations

from django.contrib import messages
from django.core.cache import cache
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import translation
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from metrics.wallboard import now, words
from metrics.wallboard.forms import WallboardForm
from metrics.wallboard.models import Wallboard
from tickets import limits
from tickets.client_door import open_to_clients
from tickets.views import AgentRequest, for_agents

# How long a link that was good is taken for good; so long a screen stays after its link was taken back.
LINK_SECONDS = 60
KEPT = ("id", "name", "owner_id", "client_id", "shows_names", "theme", "language", "is_open", "link_number")
# Links that are looked up for one network: screens once a minute each, and guesses.
LOOKS_AN_HOUR = 6_000


def _board(request: HttpRequest, token: str) -> Wallboard:
    """The board of a link, looked up once a minute for all its screens.

    Raises:
        Http404: no such link, or too many were tried.
    """
    key = f"wallboard:link:{token}"
    known = cache.get(key)
    if known is not None:
        return Wallboard(**known)
    who = limits.network_of(request)
    found = None if limits.is_over("wallboard-look", who, most=LOOKS_AN_HOUR) else Wallboard.objects.named_by(token)
    if found is None:
        raise Http404
    # Its own fields and nothing of its owner.
    cache.set(key, {name: getattr(found, name) for name in KEPT}, LINK_SECONDS)
    return found


def _unseen(response: HttpResponseBase) -> HttpResponseBase:
    """Neither found by search engines nor told to other sites: the address is the key."""
    response["Referrer-Policy"] = "no-referrer"
    response["X-Robots-Tag"] = "noindex, nofollow"
    return response


@open_to_clients
@never_cache
@require_safe
def wallboard(request: HttpRequest, token: str) -> HttpResponseBase:
    board = _board(request, token)
    with translation.override(board.language):
        context = {"board": board, "states": words.STATES, "token": token}
        return _unseen(render(request, "metrics/wallboard/screen.html", context))


@open_to_clients
@require_safe
def wallboard_now(request: HttpRequest, token: str) -> HttpResponseBase:
    """What the screen shows now; 304 where it shows that already. Asks the database at most once a second for all."""
    board = _board(request, token)
    found = now.snapshot(board)
    mark = f'"{found["mark"]}"'
    if request.headers.get("If-None-Match") == mark:
        return _unseen(HttpResponse(status=304, headers={"ETag": mark}))
    with translation.override(board.language):
        response = JsonResponse(words.said(found), headers={"ETag": mark, "Cache-Control": "no-store"})
    return _unseen(response)


# --- setting up


def _own(request: AgentRequest, pk: int) -> Wallboard:
    return get_object_or_404(Wallboard.objects.visible_to(request.user), pk=pk)


def _writer(request: AgentRequest) -> None:
    if not (request.user.sets_up and request.user.sees_numbers):
        raise Http404


@for_agents
@require_safe
def wallboards(request: AgentRequest) -> HttpResponse:
    _writer(request)
    found = Wallboard.objects.visible_to(request.user).select_related("client", "owner").prefetch_related("queues")
    return render(request, "metrics/wallboard/list.html", {"boards": found})


@for_agents
@require_http_methods(["GET", "HEAD", "POST"])
def wallboard_edit(request: AgentRequest, pk: int | None = None) -> HttpResponse:
    _writer(request)
    board = _own(request, pk) if pk else Wallboard(owner=request.user, language=request.LANGUAGE_CODE)
    form = WallboardForm(request.POST or None, instance=board, user=request.user)
    if request.method == "POST" and form.is_valid():
        form.save()
        _forget(board)
        messages.success(request, _("Saved."))
        return redirect("wallboards")
    status = 422 if request.method == "POST" else 200
    return render(request, "metrics/wallboard/edit.html", {"form": form, "board": board}, status=status)


@for_agents
@require_POST
def wallboard_link(request: AgentRequest, pk: int) -> HttpResponse:
    """Another link; the one before opens nothing any more."""
    board = _own(request, pk)
    _forget(board)
    board.renew()
    messages.success(request, _("The wallboard has a new link."))
    return redirect("wallboard_edit", board.pk)


@for_agents
@require_POST
def wallboard_deletion(request: AgentRequest, pk: int) -> HttpResponse:
    board = _own(request, pk)
    _forget(board)
    board.delete()
    messages.info(request, _("Deleted."))
    return redirect("wallboards")


def _forget(board: Wallboard) -> None:
    now.forget(board)
    cache.delete(f"wallboard:link:{board.token}")
