"""Pages of the desk. A view reads the request, calls one verb, and shows the result."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.views.decorators.cache import never_cache
from django_htmx.middleware import HtmxDetails

from tickets.models import Notice
from tickets.prepared import Prepared

if TYPE_CHECKING:
    from tickets.models import User


class AgentRequest(HttpRequest):
    """A request of somebody who is logged in."""

    # login_required has seen to it.
    user: User
    htmx: HtmxDetails
    # The cases of her unread notices, once asked for.
    unread: list[int]


def for_agents[View: Callable[..., HttpResponseBase]](view: View) -> View:
    """A page of the desk: behind the login, and never shown from a browser's memory.

    Going back must not show a call as it was before, and nobody reads customers' data after somebody else has logged out.
    """
    guarded: Any = never_cache(login_required(view))
    return guarded  # type: ignore[no-any-return]  # both decorators give back what they were given


UNREAD = Prepared(lambda user: Notice.objects.visible_to(user).unread().only("case")[:100])


def unread_of(request: HttpRequest) -> list[int]:
    """The cases of the visitor's unread notices, one for each, asked for once a request."""
    asked: Any = request
    if not hasattr(asked, "unread"):
        asked.unread = [one.case_id for one in UNREAD(asked.user)]
    return asked.unread  # type: ignore[no-any-return]
