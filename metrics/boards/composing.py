"""What happens to a dashboard while it is put together, and what its maker is told."""

from __future__ import annotations

import json
from collections.abc import Iterator

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _

from metrics.board import Board
from metrics.boards import content, page
from metrics.boards.forms import WidgetForm
from metrics.boards.models import Dashboard
from metrics.boards.widgets import KINDS, Widget, index, moved, resized, stepped
from metrics.cards import make_tiles
from metrics.exports import tile_lines
from metrics.purse import CARD_SECONDS, Purse
from tickets.models import User
from tickets.tables import Line
from tickets.views import AgentRequest


def shared_with(one: Dashboard) -> str:
    labels = dict(User.Role.choices)
    return ", ".join(str(labels[role]) for role in one.roles if role in labels)


def do(own: Dashboard, name: str, verb: str, to: str) -> str | None:
    """Do it, and say what was done. None for what there is not."""
    if index(own.shown(), name) is None:
        return None
    if verb == "removal":
        own.remove(name)
        return _("Taken out. It can be put back.")
    steps = {"earlier": (stepped, -1), "later": (stepped, 1), "narrower": (resized, -1), "wider": (resized, 1)}
    if verb in steps:
        change, step = steps[verb]
        own.change(lambda found: change(found, name, step))
    elif verb == "place" and to.isdecimal():
        own.change(lambda found: moved(found, name, int(to)))
    else:
        return None
    return _where(own.shown(), name)


def _where(found: list[Widget], name: str) -> str:
    at = index(found, name) or 0
    return _("%(name)s: place %(place)s of %(all)s, %(width)s quarters wide") % {
        "name": found[at].name,
        "place": at + 1,
        "all": len(found),
        "width": found[at].width,
    }


def answer(
    request: AgentRequest, own: Dashboard, *, form: WidgetForm | None = None, said: str = "", status: int = 200
) -> HttpResponse:
    """The page, or for htmx the part of it that changed, with words that are read out."""
    is_part = bool(request.headers.get("HX-Request"))
    if said and not is_part:
        return redirect("board_compose", own.pk)
    context = {
        "own": own,
        "widgets": own.shown(),
        "form": form or WidgetForm(None, user=request.user),
        "kinds": list(KINDS.items()),
        "shared_with": shared_with(own),
        "url": reverse("board", args=[own.pk]),
    }
    template = "metrics/boards/compose.html" + ("#composer" if is_part else "")
    found = render(request, template, context, status=200 if is_part else status)
    if said and is_part:
        found["HX-Trigger"] = json.dumps({"desk:say": said})
    return found


def lines(board: Board, one: Widget) -> Iterator[Line]:
    """A widget as a file."""
    purse = Purse(CARD_SECONDS)
    if one.kind == "tile":
        return tile_lines(one.name, make_tiles(board, list(one.kpis), purse))
    return content.lines(page.content(board, one, purse))
