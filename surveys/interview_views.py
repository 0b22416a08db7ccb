"""The work list of call-back interviews."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import Count, Max
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_safe

from surveys.desk_forms import dressed
from surveys.interviewing import MOST_ATTEMPTS, CallBack
from surveys.models import Interview
from tickets.views import AgentRequest, for_agents

PAGE = 50
RATINGS = [
    (1, gettext_lazy("1 – very bad")),
    (2, gettext_lazy("2 – bad")),
    (3, gettext_lazy("3 – neither good nor bad")),
    (4, gettext_lazy("4 – good")),
    (5, gettext_lazy("5 – very good")),
]


class AttemptForm(forms.Form):
    outcome = forms.ChoiceField(label=gettext_lazy("What came of it"), choices=Interview.Outcome.choices)
    rating = forms.TypedChoiceField(
        label=gettext_lazy("How she rates the whole experience"),
        choices=[("", "–"), *RATINGS],
        coerce=int,
        empty_value=None,
        required=False,
    )
    note = forms.CharField(
        label=gettext_lazy("What the customer told"),
        max_length=4000,
        required=False,
        widget=forms.Textarea({"rows": 4}),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        dressed(self)

    def clean(self) -> dict[str, object]:
        found: dict[str, object] = super().clean() or {}
        if found.get("outcome") == Interview.Outcome.COMPLETED and not found.get("rating"):
            self.add_error("rating", _("Of a completed interview a rating from 1 to 5 is expected."))
        return found


@for_agents
@require_safe
def interviews(request: AgentRequest) -> HttpResponse:
    """Whom to call, the longest drawn first."""
    if not request.user.sees_numbers:
        raise Http404
    found = CallBack.objects.to_call(request.user).annotate(tried=Count("attempts"), last=Max("attempts__attempted_at"))
    found = found.select_related("customer", "contact__topic", "draw").order_by("tried", "draw__at", "pk")
    page = Paginator(found, PAGE).get_page(request.GET.get("page"))
    return render(request, "surveys/interviews.html", {"page": page, "most": MOST_ATTEMPTS})


@for_agents
@require_http_methods(["GET", "HEAD", "POST"])
def interview(request: AgentRequest, pk: int) -> HttpResponse:
    """The script, and what came of the call."""
    waiting = CallBack.objects.to_call(request.user).select_related("customer", "contact__topic")
    one = get_object_or_404(waiting, pk=pk)
    form = AttemptForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        said = form.cleaned_data
        if one.write(said["outcome"], by=request.user, rating=said["rating"], note=said["note"]):
            messages.success(request, _("Written down."))
        return redirect("interviews")
    attempts = one.attempts.order_by("attempted_at")
    context = {"one": one, "form": form, "attempts": attempts, "most": MOST_ATTEMPTS}
    return render(request, "surveys/interview.html", context, status=422 if request.method == "POST" else 200)
