"""The page on which an employee answers, and the plan of when she is asked."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from surveys.desk_forms import dressed
from surveys.forms import ChoiceOfNumber
from surveys.pulse import PulsePlan, PulseRound
from surveys.scales import NPS
from tickets.views import AgentRequest, for_agents


class BallotForm(forms.Form):
    enps = ChoiceOfNumber(
        NPS.scores, {}, label=gettext_lazy("How likely are you to recommend this workplace to a friend?")
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["enps"].required = True
        self.fields["enps"].error_messages["required"] = _("Choose a number from 0 to 10.")


class PlanForm(forms.ModelForm):  # type: ignore[type-arg]  # generic in the stubs only
    class Meta:
        model = PulsePlan
        fields = ["is_on", "day", "days_open"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        dressed(self)


@never_cache
@for_agents
@require_http_methods(["GET", "HEAD", "POST"])
def pulse(request: AgentRequest) -> HttpResponse:
    now = timezone.now()
    mine = PulseRound.open_for(request.user, now)
    asks = mine is not None and not mine.has_answered
    form = BallotForm(request.POST if request.method == "POST" and asks else None)
    if request.method == "POST" and mine is not None and form.is_valid():
        if mine.answer(form.cleaned_data["enps"], now):
            messages.success(request, _("Thank you. Your answer lies among the others."))
        return redirect("pulse")
    context = {"mine": mine, "form": form if asks else None, "in_charge": request.user.is_in_charge}
    return render(request, "surveys/pulse.html", context, status=422 if form.errors else 200)


@for_agents
@require_http_methods(["GET", "HEAD", "POST"])
def plan(request: AgentRequest) -> HttpResponse:
    if not request.user.is_in_charge:
        raise Http404
    form = PlanForm(request.POST or None, instance=PulsePlan.now())
    if request.method == "POST" and form.is_valid():
        form.save()
        messages.success(request, _("Saved."))
        return redirect("pulse_plan")
    rounds = PulseRound.objects.all()[:12]
    status = 422 if form.errors else 200
    return render(request, "surveys/pulse_plan.html", {"form": form, "rounds": rounds}, status=status)
