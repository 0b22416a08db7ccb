"""Figures as a person reads them: "19,4 s", "8:38 min", "53,8 %", "7 of 13". Pure but for the reader's language."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, tzinfo

from django.utils.dates import WEEKDAYS
from django.utils.formats import date_format, number_format
from django.utils.translation import gettext as _

from metrics.compute import Value
from metrics.definition import Kpi, Unit
from metrics.period import HALVES, Slot

# What stands where there is nothing to divide by. A dash, never a zero: nobody called is not "answered at once".
NOTHING = "–"
SPACE = "\N{NO-BREAK SPACE}"
MINUS = "\N{MINUS SIGN}"
# Below this a percentage would pretend to know more than it does.
FEW = 10
# Below this a rate is shown, but nothing is ranked by it.
RANKED = 30
MINUTE, HOUR, DAY = 60, 3600, 86_400


def number(value: float, decimals: int = 0) -> str:
    """A number in the reader's language, with thousands kept together."""
    # Rounded first, so that what is shown as 0 has no minus before it.
    rounded = round(value, decimals) or 0
    if not rounded or value == round(value):
        decimals = 0
    text = number_format(abs(rounded), decimals, use_l10n=True, force_grouping=True).replace(" ", SPACE)
    return f"{MINUS}{text}" if rounded < 0 else text


def duration(seconds: float) -> str:
    """A length in the unit that it is felt in."""
    if seconds < 0:
        return f"{MINUS}{duration(-seconds)}"
    if round(seconds, 1) < MINUTE:
        return _("%s s") % number(seconds, 1)
    whole = round(seconds)
    if whole < HOUR:
        return _("%s min") % f"{whole // MINUTE}:{whole % MINUTE:02}"
    if whole < 2 * DAY:
        return _("%s h") % f"{whole // HOUR}:{whole % HOUR // MINUTE:02}:{whole % MINUTE:02}"
    return _("%s d") % number(seconds / DAY, 1)


def share(value: float) -> str:
    return _("%s %%") % number(100 * value, 1)


def signed(text: str, value: float) -> str:
    return f"+{text}" if value > 0 else text


def amount(kpi: Kpi, value: float, currency: str = "") -> str:
    """A figure in the KPI's unit."""
    if kpi.unit is Unit.SHARE:
        return share(value)
    if kpi.unit is Unit.SECONDS:
        return duration(value)
    if kpi.unit is Unit.POINTS:
        return signed(number(value, 0), round(value))
    if kpi.unit is Unit.MONEY:
        return f"{number(value, 2)}{SPACE}{currency}" if currency else number(value, 2)
    return number(value, 0 if kpi.unit is Unit.COUNT else 2)


def counted(value: Value) -> float | None:
    """How many rows the value rests on; None for a plain count, which rests on itself."""
    return value.denominator if value.denominator is not None else value.n


def is_few(value: Value) -> bool:
    n = counted(value)
    return n is not None and n < FEW


def fraction(kpi: Kpi, value: Value) -> str:
    """The parts of a share: "7 of 13". Empty for what has no parts that can be counted."""
    if not value.denominator or kpi.unit not in {Unit.SHARE, Unit.POINTS} or (kpi.base and kpi.base.measure.scale != 1):
        return ""
    top = number(value.numerator or 0)
    if kpi.unit is Unit.POINTS:
        top = signed(top, value.numerator or 0)
    return _("%(part)s of %(all)s") % {"part": top, "all": number(value.denominator)}


def figure(kpi: Kpi, value: Value) -> str:
    """What stands large on a card: the value, its fraction where the rows are few, a dash where there are none."""
    if value.value is None:
        return _("Not shown: too few answers") if value.is_hidden else NOTHING
    if is_few(value):
        return fraction(kpi, value) or amount(kpi, value.value)
    return amount(kpi, value.value, value.currency)


def interval(kpi: Kpi, value: Value) -> str:
    """The 95 % interval in words; empty where none is defined or the rows are too few for a rate."""
    if value.low is None or value.high is None or is_few(value):
        return ""
    return sure(amount(kpi, value.low), amount(kpi, value.high))


def sure(low: str, high: str) -> str:
    return _("95%% sure: %(low)s to %(high)s") % {"low": low, "high": high}


def slot(one: Slot) -> str:
    """A half-hour of the week: "Monday 10:30–11:00"."""
    after = Slot(one.weekday, (one.half + 1) % HALVES)
    return f"{WEEKDAYS[one.weekday - 1]} {one.clock}–{after.clock if after.half else '24:00'}"


def between(kpi: Kpi, low: float | None, high: float | None) -> str:
    """A band of lengths or scores: at least the lower end, and below the upper."""
    if low is None and high is not None:
        return _("below %s") % amount(kpi, high)
    if high is None and low is not None:
        return _("%s or more") % amount(kpi, low)
    return _("%(low)s to below %(high)s") % {"low": amount(kpi, low or 0), "high": amount(kpi, high or 0)}


def difference(kpi: Kpi, value: float) -> str:
    """A change in the KPI's unit, with its sign; shares change by percentage points."""
    if kpi.unit is Unit.SHARE:
        text = _("%s pp") % number(100 * value, 1)
        return signed(text, round(100 * value, 1))
    if kpi.unit is Unit.POINTS:
        return signed(number(value), round(value))
    return signed(amount(kpi, value), value)


def day(moment: date) -> str:
    return date_format(moment, "DATE_FORMAT")


def moment(at: datetime, zone: tzinfo) -> str:
    """A moment as people say it: weekday, day and clock."""
    local = at.astimezone(zone)
    return f"{date_format(local, 'D')} {date_format(local, 'j.n.')} {local:%H:%M}"


def days(start: datetime, end: datetime, zone: tzinfo) -> str:
    """A half-open period as people say it: its first and last day, or its moments where it does not end at midnight."""
    first, last = start.astimezone(zone), end.astimezone(zone)
    if first.time() == last.time() == datetime.min.time():
        last_day = last.date() - timedelta(days=1)
        return day(first.date()) if last_day == first.date() else f"{day(first.date())} – {day(last_day)}"
    if first.date() == last.date():
        return f"{day(first.date())} {first:%H:%M}–{last:%H:%M}"
    return f"{day(first.date())} {first:%H:%M} – {day(last.date())} {last:%H:%M}"


def bucket(moment: datetime, split: str, zone: tzinfo) -> str:
    """The name of a piece of a chart."""
    local = moment.astimezone(UTC).astimezone(zone)
    if split == "hour":
        return f"{date_format(local, 'j.n.')} {local:%H:%M}"
    if split == "week":
        return _("Week %(week)s, from %(day)s") % {"week": local.isocalendar().week, "day": date_format(local, "j.n.")}
    if split == "month":
        return date_format(local, "YEAR_MONTH_FORMAT")
    return f"{date_format(local, 'D')} {date_format(local, 'j.n.')}"
