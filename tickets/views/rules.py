"""Rules of intake: the list, one rule, and which of the latest cases it would have been about."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from tickets.intake_forms import RuleForm
from tickets.models import IntakeRule
from tickets.rules import would_match
from tickets.views import AgentRequest, for_agents
from tickets.views.web_forms import only_leads


@for_agents
@require_safe
def rules(request: AgentRequest) -> HttpResponse:
    only_leads(request)
    rows = IntakeRule.objects.visible_to(request.user).select_related("form", "chosen", "topic", "queue")
    return render(request, "tickets/rule_list.html", {"rows": rows})


@for_agents
@require_http_methods(["GET", "HEAD", "POST"])
def rule(request: AgentRequest, pk: int | None = None) -> HttpResponse:
    """One rule, or a new one. With `look` nothing is saved: it shows what the rule would have been about."""
    only_leads(request)
    one = get_object_or_404(IntakeRule.objects.visible_to(request.user), pk=pk) if pk else None
    data = request.POST if request.method == "POST" else None
    form = RuleForm(data, instance=one)
    context: dict[str, Any] = {"form": form, "rule": one}
    if data is not None and form.is_valid():
        if "look" not in data:
            form.save()
            messages.success(request, _("The rule is saved."))
            return redirect("rules")
        matched, of = would_match(form.instance, user=request.user)
        context |= {"matched": matched, "of": of, "looked": True}
    return render(request, "tickets/rule_detail.html", context, status=422 if form.errors else 200)


@for_agents
@require_POST
def rule_removal(request: AgentRequest, pk: int) -> HttpResponse:
    only_leads(request)
    get_object_or_404(IntakeRule.objects.visible_to(request.user), pk=pk).delete()
    messages.success(request, _("The rule is gone. What it decided stays."))
    return redirect("rules")
