"""The door before every address: what a client company's own manager may open at all.

Closed unless a view says otherwise, so that a page nobody thought of is not there for her. What is open narrows itself to
her company by `visible_to` and by `metrics.door`: this is the first of two locks, not the only one.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.http import Http404, HttpRequest
from django.http.response import HttpResponseBase

_MARK = "is_open_to_clients"


def open_to_clients[View: Callable[..., Any]](view: View) -> View:
    """Let clients' managers open this view, or class of the API. It must narrow what it shows to their company."""
    setattr(view, _MARK, True)
    return view


def is_open(view: Any) -> bool:
    made_from = getattr(view, "cls", None) or getattr(view, "view_class", None)
    return bool(getattr(view, _MARK, False) or getattr(made_from, _MARK, False))


class ClientDoorMiddleware:
    """Answer a client's manager 404 where a view is not marked as open to her."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        return self.get_response(request)

    def process_view(self, request: HttpRequest, view: Any, _args: Any, _kwargs: Any) -> None:
        if is_open(view):
            return
        user = request.user
        if user.is_authenticated and user.is_client:
            raise Http404
