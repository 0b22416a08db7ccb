"""The forms of opening hours and closed days."""

from __future__ import annotations

import re
from datetime import date, time
from itertools import pairwise
from typing import Any
from zoneinfo import available_timezones

from django import forms
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from tickets.clock import public_holidays
from tickets.forms import Choice, Input
from tickets.models import Calendar, ClosedDay, OpeningHours
from tickets.setup_forms import SetupForm
from tickets.setup_hours import WEEKDAYS

# The end of a window that reaches midnight.
ALL_DAY = time(0, 0)


class CalendarForm(SetupForm):
    """A week in words: each day's hours in one line. Hours that have been in force keep all but their name."""

    class Meta:
        model = Calendar
        fields = ["name", "timezone", "country"]
        labels = {"name": _("Name"), "timezone": _("Time zone"), "country": _("Country")}
        help_texts = {
            "country": _("Whose public holidays are closed: for example SE or FI. Left empty, holidays are open.")
        }
        error_messages = {"name": {"unique": _("Other hours have this name: choose another.")}}

    def __init__(self, *args: Any, is_history: bool = False, like: Calendar | None = None, **kwargs: Any) -> None:
        self.is_history = is_history
        if like is not None:
            kwargs["initial"] = {"timezone": like.timezone, "country": like.country}
        super().__init__(*args, **kwargs)
        zones = sorted(zone for zone in available_timezones() if zone.startswith("Europe/") or zone == "UTC")
        now = self.initial.get("timezone") or "Europe/Stockholm"
        offered = [(zone, zone) for zone in zones if zone != now]
        self.fields["timezone"] = forms.ChoiceField(
            label=_("Time zone"), choices=[(now, now), *offered], widget=Choice(), disabled=is_history
        )
        self.fields["country"].disabled = is_history
        source = like or (None if self.is_new else self.instance)
        windows = list(source.opening_hours.all()) if source else []
        for number, name in enumerate(WEEKDAYS):
            said = ", ".join(_window(one.opens_at, one.closes_at) for one in windows if one.weekday == number)
            self.fields[f"day{number}"] = forms.CharField(
                label=name,
                required=False,
                initial=said,
                disabled=is_history,
                widget=Input(placeholder=_("Closed"), autocomplete="off"),
            )

    @property
    def days(self) -> list[Any]:
        return [self[f"day{number}"] for number in range(7)]

    @property
    def others(self) -> list[Any]:
        return [self[name] for name in ("name", "timezone", "country")]

    def clean_country(self) -> str:
        country: str = self.cleaned_data["country"].strip().upper()
        try:
            if country:
                public_holidays(country, timezone.localdate().year)
        except NotImplementedError as error:
            said = gettext("No public holidays are known for “%(country)s”. Write a code such as SE, FI or GB-SCT.")
            raise forms.ValidationError(said % {"country": country}) from error
        return country

    def clean(self) -> dict[str, Any]:
        values = super().clean() or {}
        for number, name in enumerate(WEEKDAYS):
            try:
                values[f"day{number}"] = read_windows(values.get(f"day{number}", ""))
            except ValueError as error:
                self.add_error(f"day{number}", f"{name}: {error}")
        return values

    def save(self, commit: bool = True) -> Calendar:  # noqa: FBT001, FBT002 - Django's
        calendar: Calendar = super().save(commit)
        if (not self.is_history and any(name.startswith("day") for name in self.changed_data)) or self.is_new:
            calendar.opening_hours.all().delete()
            calendar.opening_hours.bulk_create(
                OpeningHours(calendar=calendar, weekday=number, opens_at=opens, closes_at=closes)
                for number in range(7)
                for opens, closes in self.cleaned_data[f"day{number}"]
            )
        return calendar


_WINDOW = re.compile(r"(\d{1,2})(?:[:.](\d{2}))?\s*[-–—]\s*(\d{1,2})(?:[:.](\d{2}))?")


def read_windows(text: str) -> list[tuple[time, time]]:
    """Read "8-12, 13:00–17:00". Midnight at the end is 24 or 0.

    Raises:
        ValueError: It cannot be read, or two of them overlap; says so in words for whoever typed it.
    """
    found = [_read_window(part.strip()) for part in re.split(r"[,;]", text) if part.strip()]
    found.sort()
    for (opens, closes), (opens_next, _closes_next) in pairwise(found):
        if closes > opens_next or closes <= opens:
            raise ValueError(gettext("these hours overlap."))
    return found


def _read_window(part: str) -> tuple[time, time]:
    match = _WINDOW.fullmatch(part)
    begin, begin_minute, end, end_minute = (int(figure or 0) for figure in match.groups()) if match else (99, 0, 0, 0)
    try:
        return time(begin, begin_minute), ALL_DAY if (end, end_minute) == (24, 0) else time(end, end_minute)
    except ValueError as error:
        said = gettext("write “%(part)s” as 8:00–17:00; several with a comma between them.")
        raise ValueError(said % {"part": part}) from error


def _window(opens: time, closes: time) -> str:
    return f"{opens:%H:%M}–{'24:00' if closes == ALL_DAY else f'{closes:%H:%M}'}"


class ClosedDayForm(SetupForm):
    class Meta:
        model = ClosedDay
        fields = ["closed_on", "name"]
        widgets = {"closed_on": forms.DateInput({"type": "date", "class": "form-control"}, format="%Y-%m-%d")}
        labels = {"closed_on": _("Date"), "name": _("What for")}

    def __init__(self, *args: Any, calendar: Calendar, is_history: bool, **kwargs: Any) -> None:
        self.is_history = is_history
        kwargs["instance"] = ClosedDay(calendar=calendar)
        super().__init__(*args, **kwargs)

    def clean_closed_on(self) -> date:
        day: date = self.cleaned_data["closed_on"]
        if day < timezone.localdate() and self.is_history:
            raise forms.ValidationError(_("These hours have been in force: only days to come can be closed."))
        if self.instance.calendar.closed_days.filter(closed_on=day).exists():
            raise forms.ValidationError(_("This day is closed already."))
        return day
