"""Pages of the desk. A view reads the request, calls one verb, and shows the result."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.http import HttpRequest
from django_htmx.middleware import HtmxDetails

if TYPE_CHECKING:
    from tickets.models import User


class AgentRequest(HttpRequest):
    """A request of somebody who is logged in."""

    user: User  # type: ignore[assignment]  # login_required has seen to it
    htmx: HtmxDetails
