"""Opening hours in words: a week, who keeps time by it, and the days to come."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

from django.db.models import F, OuterRef, Prefetch, Q, Subquery
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from tickets.clock import Hours, public_holidays
from tickets.models import Agreement, Calendar

DAYS_AHEAD = 14
WEEKDAYS = (
    gettext_lazy("Monday"),
    gettext_lazy("Tuesday"),
    gettext_lazy("Wednesday"),
    gettext_lazy("Thursday"),
    gettext_lazy("Friday"),
    gettext_lazy("Saturday"),
    gettext_lazy("Sunday"),
)


@dataclass(frozen=True, slots=True)
class DayAhead:
    day: date
    windows: list[str]
    why_closed: str = ""


@dataclass(frozen=True, slots=True)
class CalendarLine:
    calendar: Calendar
    week: list[tuple[int, str]]
    clients: list[str]


def calendars_for_list() -> list[CalendarLine]:
    """Each with its week in words and the clients whose agreement of now, or of a day to come, names it."""
    now = timezone.now()
    in_force = Agreement.objects.filter(client=OuterRef("client"), valid_from__lte=now).order_by("-valid_from")
    holding = (
        Agreement.objects.annotate(latest=Subquery(in_force.values("pk")[:1]))
        .filter(Q(pk=F("latest")) | Q(valid_from__gt=now))
        .select_related("client")
    )
    found = Calendar.objects.order_by("name").prefetch_related(
        "opening_hours", Prefetch("agreements", queryset=holding, to_attr="holding")
    )
    return [CalendarLine(one, _week(one), sorted({version.client.name for version in one.holding})) for one in found]


def _week(calendar: Calendar) -> list[tuple[int, str]]:
    windows = list(calendar.opening_hours.all())
    return [
        (day, ", ".join(f"{one.opens_at:%H:%M}–{one.closes_at:%H:%M}" for one in windows if one.weekday == day))
        for day in range(7)
    ]


def days_ahead(calendar: Calendar, today: date) -> list[DayAhead]:
    """The next two weeks as they will be: open when, or closed and why."""
    hours = calendar.hours()
    own = dict(calendar.closed_days.values_list("closed_on", "name"))
    return [_day_ahead(today + timedelta(days=n), hours, own) for n in range(DAYS_AHEAD)]


def _day_ahead(day: date, hours: Hours, own: dict[date, str]) -> DayAhead:
    if day in own:
        return DayAhead(day, [], own[day] or _("Closing day"))
    if hours.country and day in public_holidays(hours.country, day.year):
        return DayAhead(day, [], _("Public holiday"))
    local = [(opens.astimezone(hours.zone), closes.astimezone(hours.zone)) for opens, closes in hours.windows_of(day)]
    return DayAhead(day, [f"{opens:%H:%M}–{closes:%H:%M}" for opens, closes in local])
