"""Opening hours and closed days. What has been in force is shown and not edited: other hours are new ones."""

from __future__ import annotations

from django.contrib import messages
from django.db.models import ProtectedError
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from tickets import setup_hours as rules
from tickets import setup_hours_forms as forms
from tickets.models import Calendar
from tickets.setup_forms import save
from tickets.views import AgentRequest, for_agents
from tickets.views.setup import answer, only_in_charge, reading, writing


@reading("setup_hours")
def calendars(request: AgentRequest) -> HttpResponse:
    return render(request, "tickets/setup_calendars.html", {"calendars": rules.calendars_for_list()})


@writing("setup_hours")
def calendar_new(request: AgentRequest) -> HttpResponse:
    like = request.GET.get("like", "")
    source = get_object_or_404(Calendar, pk=like) if like.isdecimal() else None
    form = forms.CalendarForm(request.POST or None, like=source, by=request.user)
    return answer(request, form, "tickets/setup_calendar.html", "setup_hours")


@writing("setup_hours")
def calendar(request: AgentRequest, pk: int) -> HttpResponse:
    one = get_object_or_404(Calendar, pk=pk)
    form = forms.CalendarForm(request.POST or None, instance=one, is_history=one.is_history, by=request.user)
    context = _about(request, one, form.is_history)
    return answer(request, form, "tickets/setup_calendar.html", "setup_hours", **context)


def _about(request: AgentRequest, one: Calendar, is_history: bool) -> dict[str, object]:  # noqa: FBT001 - of the row
    return {
        "calendar": one,
        "closed": one.closed_days.order_by("-closed_on")[:100],
        "days": rules.days_ahead(one, timezone.localdate()),
        "users": one.agreements.select_related("client").order_by("-valid_from")[:20],
        "day_form": forms.ClosedDayForm(calendar=one, is_history=is_history, by=request.user, prefix="closing"),
    }


@for_agents
@require_POST
def closed_days(request: AgentRequest, pk: int) -> HttpResponse:
    """Close a day."""
    only_in_charge(request)
    one = get_object_or_404(Calendar, pk=pk)
    day = forms.ClosedDayForm(request.POST, calendar=one, is_history=one.is_history, by=request.user, prefix="closing")
    if day.is_valid() and save(day, by=request.user):
        messages.success(request, _("“%(name)s” is saved.") % {"name": day.instance})
        return redirect("setup_calendar", pk)
    form = forms.CalendarForm(instance=one, is_history=one.is_history, by=request.user)
    context = {**_about(request, one, one.is_history), "day_form": day, "form": form, "back": "setup_hours"}
    return render(request, "tickets/setup_calendar.html", context, status=422)


@for_agents
@require_POST
def closed_day_removal(request: AgentRequest, pk: int, day: int) -> HttpResponse:
    only_in_charge(request)
    one = get_object_or_404(Calendar, pk=pk)
    if one.is_history:
        raise Http404
    get_object_or_404(one.closed_days, pk=day).delete()
    return redirect("setup_calendar", pk)


@for_agents
@require_POST
def calendar_removal(request: AgentRequest, pk: int) -> HttpResponse:
    """Take away hours that no agreement has ever named."""
    only_in_charge(request)
    one = get_object_or_404(Calendar, pk=pk)
    try:
        one.delete()
        messages.success(request, _("“%(name)s” is gone.") % {"name": one.name})
    except ProtectedError:
        messages.error(request, _("An agreement names these hours, so they stay."))
    return redirect("setup_hours")
