"""The page of the self-audit. For those in charge."""

from __future__ import annotations

from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from metrics import audit_page
from tickets.views import AgentRequest, for_agents


@for_agents
@require_safe
def audit(request: AgentRequest) -> HttpResponse:
    """The last runs; of one of them, what was compared and what did not fit."""
    if not request.user.is_in_charge:
        raise Http404
    pk = request.GET.get("run", "")
    shown = audit_page.shown(int(pk) if pk.isdecimal() and len(pk) < 19 else None)
    if pk and shown is None:
        raise Http404
    return render(request, "metrics/audit.html", {"shown": shown, "runs": audit_page.runs()})
