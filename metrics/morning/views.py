"""The page that a manager begins the day with."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render

from metrics import drill
from metrics.boards import page
from metrics.morning import groups
from metrics.views import for_readers_of_numbers, reader_of


@for_readers_of_numbers
def morning(request: HttpRequest) -> HttpResponse:
    """What changed and what needs somebody."""
    user = reader_of(request)
    board = groups.read(request.GET, user)
    found = groups.groups(board)
    context = {
        "board": board,
        "groups": found,
        "summary": groups.summary(found),
        "form": drill.filter_form(board, user),
        "tabs": page.tabs(user, "morning", request.GET),
    }
    return render(request, "metrics/morning/morning.html", context)


@for_readers_of_numbers
def morning_group(request: HttpRequest, code: str) -> HttpResponse:
    """One group, for a page that did not wait for it."""
    if code not in groups.KINDS:
        raise Http404
    board = groups.read(request.GET, reader_of(request))
    return render(request, "metrics/morning/group.html", {"group": groups.make(board, code), "board": board})
