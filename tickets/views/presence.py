"""Who is at a case. A page says so every few seconds; nothing of it is in the log."""

from __future__ import annotations

from django.db import connection
from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_http_methods

from tickets.live import announce
from tickets.models import Presence
from tickets.views import AgentRequest, for_agents
from tickets.views.cases import visible_case

_SAY = """
INSERT INTO tickets_presence (case_id, user_id, state, seen_at) VALUES (%s, %s, %s, now())
ON CONFLICT (case_id, user_id) DO UPDATE SET state = excluded.state, seen_at = now()
RETURNING (xmax = 0 OR old.state IS DISTINCT FROM new.state OR old.seen_at < now() - interval '40 seconds')
"""


@for_agents
@require_http_methods(["GET", "POST"])
def presence(request: AgentRequest, number: int) -> HttpResponse:
    """Say "I look at it" or "I am writing", or that one leaves; answer with who else is here."""
    case = visible_case(request, number)
    state = request.POST.get("state", "")
    if state in Presence.State.values:
        with connection.cursor() as cursor:
            cursor.execute(_SAY, [case.pk, request.user.pk, state])
            if cursor.fetchone()[0]:
                announce(f"presence:{case.pk}")
    elif state == "gone" and case.presences.filter(user=request.user).delete()[0]:
        announce(f"presence:{case.pk}")
    here = case.presences.now().exclude(user=request.user).select_related("user")
    return render(request, "tickets/case_presence.html", {"case": case, "here": here})
