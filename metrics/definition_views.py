"""The pages that say how figures are computed."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import BadRequest
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse

from metrics import definitions, threeways_page
from metrics.board import read_board
from metrics.views import for_readers_of_numbers, reader_of
from tickets.client_door import open_to_clients


@open_to_clients
@for_readers_of_numbers
def index(request: HttpRequest) -> HttpResponse:
    """Every KPI by group, and those that the words of a search are in."""
    words = request.GET.get("q", "").strip()
    state = request.GET.copy()
    state.pop("q", None)
    context = {"groups": definitions.index(words, reader_of(request)), "words": words, "state": state.urlencode()}
    part = "#found" if getattr(request, "htmx", False) else ""
    return render(request, f"metrics/definitions.html{part}", context)


@open_to_clients
@for_readers_of_numbers
def kpi(request: HttpRequest, slug: str) -> HttpResponse:
    """What a KPI asks, how it is computed, and how its variants come out on the user's own data."""
    found = definitions.definition(slug, reader_of(request))
    board = read_board(request.GET, reader_of(request))
    context: dict[str, Any] = {"board": board, "kpi": found, **definitions.page(board, found)}
    if found.slug in {"fcr", "fcr-survey"}:
        context["three"] = threeways_page.section(board)
    return render(request, "metrics/kpi.html", context)


@open_to_clients
@for_readers_of_numbers
def short(request: HttpRequest, slug: str) -> HttpResponse:
    """The address before definitions had a place of their own."""
    definitions.definition(slug, reader_of(request))
    query = request.META.get("QUERY_STRING", "")
    return redirect(reverse("kpi", args=[slug]) + (f"?{query}" if query else ""), permanent=True)


@open_to_clients
@for_readers_of_numbers
def three_ways(request: HttpRequest, way: str, log: str, other: str) -> HttpResponse:
    """The cases on which the log and another way agree or disagree."""
    board = read_board(request.GET, reader_of(request))
    page = request.GET.get("page") or "1"
    if not page.isdecimal() or not 1 <= int(page) <= threeways_page.MOST_PAGES:
        raise BadRequest("page")
    found = threeways_page.cell(board, way, log, other, int(page))
    if found is None:
        raise Http404
    return render(request, "metrics/three_ways.html", {"board": board, "found": found})
