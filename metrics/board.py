"""What the dashboard is asked: its address read into a period, a comparison, filters, a chart and an order."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from functools import cached_property
from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.http import QueryDict
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from metrics import door, formats
from metrics.catalog import KPIS, find
from metrics.compute import Query
from metrics.definition import Kpi
from metrics.period import HOUR, Period
from metrics.question import PARTS, Question, QuestionError, read, read_zone
from tickets.models import Queue, User

PERIODS = {
    "today": gettext_lazy("Today"),
    "yesterday": gettext_lazy("Yesterday"),
    "this-week": gettext_lazy("This week"),
    "this-month": gettext_lazy("This month"),
    "last-month": gettext_lazy("Last month"),
    "7d": gettext_lazy("Last 7 days"),
    "28d": gettext_lazy("Last 28 days"),
    "90d": gettext_lazy("Last 90 days"),
    "custom": gettext_lazy("Own dates"),
}
COMPARISONS = {
    "before": gettext_lazy("The period before"),
    "weekdays": gettext_lazy("Same weekdays before"),
    "none": gettext_lazy("Nothing"),
}
DEFAULT_PERIOD, DEFAULT_COMPARISON, DEFAULT_CHART = "28d", "before", "volume"
FILTERS = ("queue", "channel", "client", "team")
# Every dimension may come in by a link, even where the page has no box for it.
DIMENSIONS = (*FILTERS, "agent", "topic")

# The cards, by the question that they answer together.
SECTIONS: tuple[tuple[str, Any, tuple[str, ...]], ...] = (
    (
        "reach",
        gettext_lazy("Can customers reach us?"),
        ("offered", "answered", "service-level", "abandonment", "asa", "wait:p50", "wait:p90", "longest-wait"),
    ),
    ("solve", gettext_lazy("Do we solve it, and what does it take?"), ("handled", "aht", "fcr", "repeat-contacts")),
    (
        "keep",
        gettext_lazy("Do we keep what we promise?"),
        (
            "first-response-time:p50",
            "time-to-resolution:p50",
            "sla",
            "promises-kept",
            "backlog",
            "silence",
            "reopen-rate",
            "escalation-rate",
        ),
    ),
    (
        "why",
        gettext_lazy("Why do customers contact us?"),
        ("failure-demand", "status-enquiries", "contacts-per-case", "transfer-rate"),
    ),
    (
        "say",
        gettext_lazy("What do customers say?"),
        ("csat", "ces", "nps", "fcr-survey", "response-rate"),
    ),
)
CARDS: dict[str, Kpi] = {key: KPIS[key] for _code, _title, keys in SECTIONS for key in keys}
# The default chart, and the columns of the table.
VOLUME = ("offered", "answered", "abandoned", "service-level")
COLUMNS = ("offered", "answered", "abandoned", "service-level", "asa", "abandonment", "aht", "fcr", "csat")
HOURS_UP_TO, DAYS_UP_TO = timedelta(days=2, hours=2), timedelta(days=93)


def days_of(name: str, today: date) -> tuple[date, date]:
    """First day, and the day after the last, of a named period."""
    tomorrow = today + timedelta(days=1)
    month = today.replace(day=1)
    if name.endswith("d"):
        return tomorrow - timedelta(days=int(name[:-1])), tomorrow
    return {
        "today": (today, tomorrow),
        "yesterday": (today - timedelta(days=1), today),
        "this-week": (today - timedelta(days=today.weekday()), tomorrow),
        "this-month": (month, tomorrow),
        "last-month": ((month - timedelta(days=1)).replace(day=1), month),
    }[name]


def split_of(period: Period) -> str:
    """How finely a chart cuts the period."""
    length = period.end - period.start
    return "hour" if length <= HOURS_UP_TO else "day" if length <= DAYS_UP_TO else "week"


def before(period: Period, comparison: str, now: datetime) -> Period | None:
    """The period to compare with. One that is still running is compared up to the same time of day."""
    if comparison == "none":
        return None
    earlier = period.before()
    if comparison == "weekdays":
        days = round((period.end - period.start) / timedelta(days=1))
        back = -7 * max(1, -(-days // 7))
        earlier = Period(_moved(period.start, back, period), _moved(period.end, back, period), period.zone)
    if not period.start < now < period.end:
        return earlier
    # Whole hours in a long period, which stored cells can answer.
    until = now if split_of(period) == "hour" else now - (now - period.start) % HOUR
    back = (earlier.start.astimezone(period.zone).date() - period.start.astimezone(period.zone).date()).days
    end = _moved(until, back, period) if back else earlier.start + (until - period.start)
    return replace(earlier, end=end) if end > earlier.start else None


def _moved(moment: datetime, days: int, period: Period) -> datetime:
    """Count days along the wall clock, so that a clock change in between does not move midnight."""
    return (moment.astimezone(period.zone) + timedelta(days=days)).astimezone(UTC)


@dataclass(frozen=True)
class Board:
    """The dashboard as its address asks for it, for this user."""

    params: QueryDict
    question: Question
    name: str
    comparison: str
    chart: str
    sort: str
    descending: bool
    user: User
    # The page's own address; empty: the overview.
    place: str = ""

    @property
    def address(self) -> str:
        return self.place or reverse("dashboard")

    @property
    def query(self) -> Query:
        return self.question.query

    @property
    def period(self) -> Period:
        return self.question.query.period

    @property
    def is_live(self) -> bool:
        """Whether what happens now belongs to it. A page "as of" a moment stands still."""
        return "as_of" not in self.params and self.period.start <= self.query.as_of < self.period.end

    @cached_property
    def before(self) -> Query | None:
        earlier = before(self.period, self.comparison, self.query.as_of)
        return replace(self.query, period=earlier) if earlier else None

    @cached_property
    def split(self) -> str:
        return split_of(self.period)

    @cached_property
    def clients(self) -> list[int] | None:
        """Whose agreements its figures depend on; None: every client's."""
        filters = self.query.filters
        if "client" in filters:
            return [int(pk) for pk in filters["client"]]
        if "queue" in filters:
            return list(Queue.objects.filter(pk__in=filters["queue"]).values_list("client_id", flat=True).distinct())
        return None

    @property
    def by_time(self) -> Query:
        return replace(self.query, by=(self.split,))

    def dates(self) -> tuple[date, date]:
        """The first and the last day, for the boxes of the form."""
        first, end = (moment.astimezone(self.period.zone) for moment in (self.period.start, self.period.end))
        last = end.date() - timedelta(days=1) if end.date() > first.date() and not end.time().hour else end.date()
        return first.date(), last

    def link(self, **changes: str | None) -> str:
        """The dashboard's address with some things changed; None takes one out."""
        return f"{self.address}?{self.state(**changes)}"

    def state(self, **changes: str | None) -> str:
        params = self.params.copy()
        for name, value in changes.items():
            if value is None:
                params.pop(name, None)
            else:
                params[name] = value
        return params.urlencode()

    # --- in words

    @property
    def period_text(self) -> str:
        named = "" if self.name == "custom" else f"{PERIODS[self.name]}: "
        return named + formats.days(self.period.start, self.period.end, self.period.zone)

    @property
    def before_text(self) -> str:
        earlier = self.before
        return formats.days(earlier.period.start, earlier.period.end, earlier.period.zone) if earlier else ""

    @property
    def as_of_text(self) -> str:
        local = self.query.as_of.astimezone(self.period.zone)
        return f"{formats.day(local.date())} {local:%H:%M:%S}"

    @property
    def chosen_text(self) -> str:
        chosen = [", ".join(values) for values in self.question.codes.values()]
        return "; ".join([*chosen, *self._parts_text])

    @property
    def _parts_text(self) -> list[str]:
        """Which half-hour of the week, and which lengths, where only those are asked for."""
        found = [formats.slot(self.query.slot)] if self.query.slot else []
        if self.query.band:
            (kpi,) = self.question.kpis
            found.append(formats.between(kpi, self.query.band.low, self.query.band.high))
        if self.query.cause is not None:
            found.append(self.query.cause or _("No cause named"))
        return found

    @property
    def chosen_count(self) -> int:
        return sum(len(values) for values in self.question.codes.values())

    @property
    def without_filters(self) -> str:
        return self.link(**dict.fromkeys(DIMENSIONS))

    @property
    def back(self) -> str:
        """The dashboard of the same period and filters; not as of the moment, so that it is alive again."""
        pairs = [
            (k, v) for k, values in self.params.lists() for v in values if k in {*DIMENSIONS, "start", "end", "tz"}
        ]
        return f"{reverse('dashboard')}?{urlencode(pairs)}"

    # --- choices

    @property
    def period_choices(self) -> list[tuple[str, Any]]:
        return list(PERIODS.items())

    @property
    def named_periods(self) -> list[tuple[str, Any]]:
        """Without a form for dates, own dates are offered only where they are what is shown."""
        return [(code, label) for code, label in PERIODS.items() if code != "custom" or self.name == "custom"]

    @property
    def comparison_choices(self) -> list[tuple[str, Any]]:
        return list(COMPARISONS.items())

    @property
    def chart_choices(self) -> list[tuple[str, Any]]:
        more = [self.chart] if self.chart not in CARDS and self.chart != DEFAULT_CHART else []
        return [(DEFAULT_CHART, _("Contacts and service level")), *((key, KPIS[key].name) for key in (*CARDS, *more))]

    @property
    def hidden_for_filters(self) -> list[tuple[str, str]]:
        """What the form of filters must hand on."""
        return self._rest({"chart", "sort", "dir", "tz", "agent", "topic"})

    @property
    def hidden_for_period(self) -> list[tuple[str, str]]:
        """What a choice of another period must hand on."""
        return self._rest({*DIMENSIONS, "tz"})

    @property
    def hidden_for_chart(self) -> list[tuple[str, str]]:
        return self._rest(set(self.params) - {"chart"})

    def _rest(self, names: set[str]) -> list[tuple[str, str]]:
        return [(name, value) for name, values in self.params.lists() if name in names for value in values]

    # --- addresses

    def exact(self, **changes: Sequence[str]) -> str:
        """Name the very period, filters and moment, as the API takes them: an address that always shows the same rows."""
        return exact(self.question, **changes)

    def rows_link(self, kpi: Kpi, **changes: Sequence[str]) -> str:
        return f"{reverse('kpi_rows', args=[kpi.key])}?{self.exact(**changes)}"

    def kpi_link(self, kpi: Kpi) -> str:
        return f"{reverse('kpi', args=[kpi.key])}?{self.exact()}"


def exact(question: Question, **changes: Sequence[str]) -> str:
    query = question.query
    zone = query.period.zone
    ends = {"start": query.period.start, "end": query.period.end}
    pairs = [(name, _instant(at.astimezone(zone))) for name, at in ends.items() if name not in changes]
    if question.zone_name != settings.TIME_ZONE:
        pairs.append(("tz", question.zone_name))
    chosen: Mapping[str, Sequence[str]] = {**question.codes, **question.parts, **changes}
    pairs += [(name, value) for name, values in chosen.items() for value in values]
    pairs.append(("as_of", query.as_of.astimezone(zone).isoformat(timespec="seconds")))
    return urlencode(pairs)


def _instant(local: datetime) -> str:
    return local.date().isoformat() if local.time() == datetime.min.time() else local.isoformat()


def read_board(params: QueryDict, user: User, kpi: Kpi | None = None, place: str = "") -> Board:
    """Read the dashboard's address; of one KPI, also which half-hour of the week or which lengths it asks for.

    Raises:
        QuestionError: naming the parameter and what was expected.
    """
    name, start, end = _read_period(params)
    asked = QueryDict(mutable=True)
    for dimension in (*DIMENSIONS, "tz", "as_of", "engine", *(PARTS if kpi else ())):
        values = [value for value in params.getlist(dimension) if value or dimension == "cause"]
        if params.getlist(dimension):
            asked.setlist(dimension, values)
    asked["start"], asked["end"] = start, end
    sort = params.get("sort") or "offered"
    return Board(
        params=params,
        question=read(asked, user, kpis=[kpi] if kpi else list(CARDS.values())),
        name=name,
        comparison=_one_of(params, "compare", COMPARISONS, DEFAULT_COMPARISON),
        chart=_read_chart(params, user),
        sort=sort if sort in COLUMNS else "queue",
        descending=params.get("dir", "desc") != "asc",
        user=user,
        place=place,
    )


def _one_of(params: QueryDict, name: str, choices: Mapping[str, Any], default: str) -> str:
    value = params.get(name) or default
    if value not in choices:
        expected = _("expected one of %(names)s, got %(name)r")
        raise QuestionError(name, expected % {"names": " ".join(choices), "name": value})
    return value


def _read_chart(params: QueryDict, user: User) -> str:
    name = params.get("chart") or DEFAULT_CHART
    if name == DEFAULT_CHART:
        return name
    kpi = find(name)
    if kpi is None or not door.shows(user, kpi):
        raise QuestionError("chart", _("no KPI is called %r; the catalogue is at /api/v1/kpis/") % name)
    return kpi.key


def _read_period(params: QueryDict) -> tuple[str, str, str]:
    """The name of the period, its start and its end as `question.read` takes them."""
    if params.get("start") or params.get("end"):
        return "custom", params.get("start", ""), params.get("end", "")
    name = _one_of(params, "period", PERIODS, "custom" if params.get("from") else DEFAULT_PERIOD)
    if name != "custom":
        zone = read_zone(params.get("tz") or settings.TIME_ZONE)
        first, after = days_of(name, timezone.now().astimezone(zone).date())
        return name, first.isoformat(), after.isoformat()
    try:
        first = date.fromisoformat(params.get("from", ""))
        last = date.fromisoformat(params.get("to") or first.isoformat())
        after = last + timedelta(days=1)
    except (ValueError, OverflowError) as error:
        raise QuestionError("from", _("expected a first and a last day, such as 2025-10-31")) from error
    if last < first:
        raise QuestionError("to", _("expected a last day that is not before the first"))
    return name, first.isoformat(), after.isoformat()


def starts(period: Period, as_of: datetime) -> list[datetime]:
    """Where the pieces of the chart begin; those of the future are left out."""
    edges = period.edges(split_of(period))[:-1]
    return [edge for edge in edges if edge <= as_of] or edges[:1]
