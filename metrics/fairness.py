"""Whether two periods can be compared fairly: what differs between them besides the value."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import date, timedelta

from django.db.models import F, Q, Window
from django.db.models.functions import Lead

from metrics import mix
from metrics.change import Circumstances
from metrics.compute import Query
from metrics.period import Period
from tickets.models import Agreement

# A clock change, and whole hours where a period that still runs is compared up to now.
ABOUT_THE_SAME = timedelta(hours=2)


def around(now: Query, before: Query) -> Circumstances:
    """What differs between two questions, whichever KPI is asked: their days, and the opening hours in force on them."""
    running = _so_far(now)
    lengths = [period.end - period.start for period in (running, before.period)]
    return Circumstances(
        weekday_shift=mix.mix_shift(_weekdays(before.period), _weekdays(running)),
        same_length=abs(lengths[0] - lengths[1]) <= ABOUT_THE_SAME,
        same_hours=_calendars(now) == _calendars(before),
    )


def _so_far(query: Query) -> Period:
    """What of the period is over: one that still runs is compared up to the same time of day."""
    period = query.period
    return replace(period, end=query.as_of) if period.start < query.as_of < period.end else period


def _weekdays(period: Period) -> Counter[int]:
    """How many of each weekday the period touches."""
    day: date = period.start.astimezone(period.zone).date()
    last = (period.end - timedelta(microseconds=1)).astimezone(period.zone).date()
    return Counter((day + timedelta(days=n)).weekday() for n in range((last - day).days + 1))


def _calendars(query: Query) -> set[tuple[int, int]]:
    """The opening hours in force, by client. A client's first agreement also holds for the time before it."""
    agreements = Agreement.objects.annotate(
        until=Window(Lead("valid_from"), partition_by=F("client_id"), order_by=F("valid_from").asc()),
        earlier=Window(Lead("valid_from"), partition_by=F("client_id"), order_by=F("valid_from").desc()),
    )
    if clients := query.filters.get("client"):
        agreements = agreements.filter(client__in=clients)
    in_force = agreements.filter(
        Q(earlier__isnull=True) | Q(valid_from__lt=query.period.end),
        Q(until__isnull=True) | Q(until__gt=query.period.start),
    )
    return set(in_force.values_list("client_id", "calendar_id"))
