"""Pages of the desk. A view reads the request, calls one verb, and shows the result."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.views.decorators.cache import never_cache
from django_htmx.middleware import HtmxDetails

if TYPE_CHECKING:
    from tickets.models import User


class AgentRequest(HttpRequest):
    """A request of somebody who is logged in."""

    # login_required has seen to it.
    user: User
    htmx: HtmxDetails


def for_agents[View: Callable[..., HttpResponseBase]](view: View) -> View:
    """A page of the desk: behind the login, and never shown from a browser's memory.

    Going back must not show a call as it was before, and nobody reads customers' data after somebody else has logged out.
    """
    guarded: Any = never_cache(login_required(view))
    return guarded  # type: ignore[no-any-return]  # both decorators give back what they were given
