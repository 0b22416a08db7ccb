"""What the composer offers: saved texts as somebody types, and macros with what they would do."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_http_methods

from tickets import canned
from tickets.models import Macro
from tickets.views import AgentRequest, for_agents
from tickets.views.cases import changed, visible_case


@for_agents
@require_GET
def suggestions(request: AgentRequest, number: int) -> HttpResponse:
    case = visible_case(request, number)
    mark, text = request.GET.get("mark", ""), request.GET.get("q", "")[:60]
    found = canned.suggest(mark, text, case=case, user=request.user)
    return render(request, "tickets/compose_suggestions.html", {"suggestions": found})


@for_agents
@require_GET
def macros(request: AgentRequest, number: int) -> HttpResponse:
    """Every macro with its text and what it would change here."""
    case = visible_case(request, number)
    q = request.GET.get("q", "").strip()[:60]
    found = Macro.objects.usable_by(request.user).filter(name__icontains=q)[:30]
    lines = [
        {
            "macro": one,
            "html": canned.filled(one.html, case, request.user),
            "effects": canned.effects(one, case, request.user),
        }
        for one in found
    ]
    return render(request, "tickets/case_macros.html", {"case": case, "lines": lines, "q": q})


@for_agents
@require_http_methods(["POST"])
def macro(request: AgentRequest, number: int, pk: int) -> HttpResponse:
    """Make a macro's changes. Its text is put into the draft by the page, and leaves only when somebody sends it."""
    case = visible_case(request, number)
    one = get_object_or_404(Macro.objects.usable_by(request.user), pk=pk)
    count = canned.apply(one, case, by=request.user)
    words = (
        ngettext("%(name)s: one change.", "%(name)s: %(count)d changes.", count)
        if count
        else _("%(name)s: nothing to change.")
    )
    messages.success(request, words % {"name": one.name, "count": count})
    return changed(request, number)
