"""The pages with figures. For those who may not see figures they do not exist."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, cast

from django.contrib.auth.decorators import login_required
from django.core.exceptions import BadRequest
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.utils.cache import patch_cache_control
from django.views.decorators.http import require_safe

from metrics import audit, charts, drill, exports
from metrics import cards as board_cards
from metrics.board import CARDS, Board, read_board
from metrics.boards import page
from metrics.definition import Kpi
from metrics.purse import CARD_SECONDS, FAMILY_SHARE, PAGE_SECONDS, Purse
from metrics.question import QuestionError
from metrics.rows import CursorError
from tickets import workbook
from tickets.client_door import open_to_clients
from tickets.models import User

View = Callable[..., HttpResponseBase]


def for_readers_of_numbers(view: View) -> View:
    """Log in first; 404 for who has no figures to see; 400, in words, for an address that cannot be read."""

    @login_required
    @require_safe
    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if not reader_of(request).reads_figures:
            raise Http404
        try:
            response = view(request, *args, **kwargs)
        except QuestionError as error:
            response = render(request, "metrics/bad_question.html", {"error": error}, status=400)
        except CursorError as error:
            raise BadRequest(str(error)) from error
        # Figures are of one reader and one moment: "back" asks again.
        patch_cache_control(response, private=True, no_cache=True)
        return response

    return cast("View", guarded)


def reader_of(request: HttpRequest) -> User:
    """Who asks, once she is logged in."""
    return cast("User", request.user)


def _board(request: HttpRequest, kpi: Kpi | None = None) -> Board:
    return read_board(request.GET, reader_of(request), kpi)


@open_to_clients
@for_readers_of_numbers
def dashboard(request: HttpRequest) -> HttpResponse:
    board = _board(request)
    purse = Purse(PAGE_SECONDS, FAMILY_SHARE)
    sections = board_cards.sections(board, purse)
    context = {
        "board": board,
        "form": drill.filter_form(board, reader_of(request)),
        "sections": sections,
        "is_empty": board_cards.is_empty(sections),
        "chart": charts.make_chart(board, purse),
        "queues": charts.make_queues(board, purse),
        "drift": audit.drift() if reader_of(request).is_in_charge else None,
        "tabs": page.tabs(reader_of(request), "", request.GET),
    }
    return render(request, "metrics/dashboard.html", context)


@open_to_clients
@for_readers_of_numbers
def card(request: HttpRequest, name: str) -> HttpResponse:
    """One card, the chart or the table, for a page that did not wait for it."""
    board = _board(request)
    if name == "chart":
        context: dict[str, Any] = {"chart": charts.make_chart(board)}
    elif name == "queues":
        context = {"queues": charts.make_queues(board)}
    elif name in CARDS:
        (tile,) = board_cards.make_tiles(board, [name], Purse(CARD_SECONDS))
        context, name = {"tile": tile}, "tile"
    else:
        raise Http404
    return render(request, f"metrics/dashboard.html#{name}", {"board": board, "asked": True, **context})


@open_to_clients
@for_readers_of_numbers
def cards(request: HttpRequest) -> HttpResponse:
    """Everything whose figures changed, each to be put where it stands: what an open dashboard asks for."""
    board = _board(request)
    keys = board_cards.touched(request.GET.getlist("kind"))
    purse = Purse(CARD_SECONDS)
    context = {"board": board, "tiles": board_cards.make_tiles(board, keys, purse), "oob": True, "asked": True}
    if charts.chart_is_touched(board, keys):
        context["chart"] = charts.make_chart(board, purse)
    context["queues"] = charts.make_queues(board, purse)
    return render(request, "metrics/dashboard.html#changed", context)


@open_to_clients
@for_readers_of_numbers
def export(request: HttpRequest, name: str, kind: str) -> HttpResponseBase:
    """The cards, the chart or the table as CSV or workbook: exactly what the page shows."""
    maker = exports.TABLES.get(name)
    if maker is None:
        raise Http404
    board = _board(request)
    if kind == "xlsx":
        return workbook.answer(name, [workbook.Sheet(name, maker(board), board.period.zone)])
    return exports.download(name, maker(board))


@open_to_clients
@for_readers_of_numbers
def kpi_rows(request: HttpRequest, slug: str) -> HttpResponse:
    """The very contacts, cases or invitations behind a value."""
    kpi = drill.kpi_called(slug, reader_of(request))
    board = _board(request, kpi)
    found = drill.read_rows(request.GET, board, kpi)
    return render(
        request,
        "metrics/rows.html",
        {"board": board, "found": found, "kpi": found.kpi, "kpi_url": board.kpi_link(found.kpi)},
    )


@open_to_clients
@for_readers_of_numbers
def kpi_rows_export(request: HttpRequest, slug: str, kind: str) -> HttpResponseBase:
    """Every row of the set, however many, in the columns of the page."""
    found = drill.kpi_called(slug, reader_of(request))
    board = _board(request, found)
    which, reason = drill.read_set(request.GET, found)
    name = f"{found.key.replace(':', '-')}-{which}"
    lines = exports.row_lines(found, board.query, which, reason)
    if kind == "xlsx":
        answer = workbook.answer(name, [workbook.Sheet(str(found.name), lines, board.period.zone)])
        answer["Link"] = f'<{exports.described_at(found)}>; rel="describedby"'
        return answer
    return exports.stream(name, lines, found)
