"""From a figure down: the filters above it, and the rows behind it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo
from typing import Any
from urllib.parse import urlencode

from django.db.models import QuerySet
from django.http import Http404, QueryDict
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from metrics import compute, door, formats, rows
from metrics.board import FILTERS, Board
from metrics.cards import parts
from metrics.catalog import find
from metrics.compute import Value
from metrics.definition import Kpi, Unit
from metrics.door import Sight
from metrics.purse import in_time
from metrics.question import QuestionError
from surveys.models import Interview, Response
from tickets.models import Channel, Outcome, Promise, Queue, Team, User

PAGE = 50
EXCLUDED_SECONDS = 3.0


# --- filters


@dataclass(frozen=True)
class Option:
    code: str
    name: str
    is_chosen: bool


@dataclass(frozen=True)
class Filter:
    """One box of choices. Nothing chosen means everything."""

    name: str
    label: str
    options: list[Option]

    @property
    def summary(self) -> str:
        chosen = [option.name for option in self.options if option.is_chosen]
        if len(chosen) > 2:
            return ngettext("%d chosen", "%d chosen", len(chosen)) % len(chosen)
        return ", ".join(chosen) or _("All")


FILTER_LABELS = {
    "queue": gettext_lazy("Queue"),
    "channel": gettext_lazy("Channel"),
    "client": gettext_lazy("Client"),
    "team": gettext_lazy("Team"),
}


def filter_form(board: Board, user: User) -> list[Filter]:
    """The boxes that this user has something to choose in."""
    queues: QuerySet[Queue] = door.queues(user).order_by("name")
    clients, teams = door.clients(user).order_by("name"), door.named("team", Team.objects.order_by("name"), user)
    if not user.sees_everything and not user.is_client:
        teams = teams.filter(queues__in=queues).distinct()
    choices: dict[str, list[tuple[str, str]]] = {
        "queue": list(queues.values_list("code", "name")),
        "channel": [(code, str(label)) for code, label in Channel.choices],
        "client": list(clients.values_list("code", "name")),
        "team": list(teams.values_list("code", "name")),
    }
    chosen = board.question.codes
    return [
        Filter(name, str(FILTER_LABELS[name]), [Option(c, n, c in chosen.get(name, [])) for c, n in choices[name]])
        for name in FILTERS
        if len(choices[name]) > 1 or chosen.get(name)
    ]


def kpi_called(slug: str, user: User) -> Kpi:
    found = find(slug)
    if found is None or not door.shows(user, found):
        raise Http404
    return found


# --- rows


@dataclass(frozen=True)
class Tab:
    code: str
    label: str
    count: str
    url: str
    is_open: bool


@dataclass(frozen=True)
class Field:
    """One cell of the list."""

    text: str
    url: str = ""
    look: str = ""


@dataclass(frozen=True)
class Column:
    """One column of the list: its name, its words for the page and its plain value for the CSV."""

    name: str
    label: Any
    shown: Callable[[Mapping[str, Any], tzinfo], Field]
    look: str = ""


@dataclass(frozen=True)
class Rows:
    """One page of the rows behind a value."""

    kpi: Kpi
    value: Value
    figure: str
    parts: str
    interval: str
    tabs: list[Tab]
    reasons: list[Tab]
    columns: list[Column]
    lines: list[list[Field]]
    next_url: str
    first_url: str
    export_url: str
    workbook_url: str
    sentence: str
    provisional: str


def one_set(kpi: Kpi) -> bool:
    """Whether every counted row is in the numerator too: a count, a percentile, a sum over its own rows."""
    found = rows.conditions(kpi)
    return found["numerator"] == found["denominator"]


def sets_of(kpi: Kpi) -> dict[str, str]:
    if one_set(kpi):
        return {"numerator": _("Counted"), "excluded": _("Left out")}
    if not has_rest(kpi):
        return {"numerator": _("Numerator"), "denominator": _("Denominator"), "excluded": _("Left out")}
    return {
        "numerator": _("Numerator"),
        "rest": _("The rest"),
        "denominator": _("Denominator"),
        "excluded": _("Left out"),
    }


def has_rest(kpi: Kpi) -> bool:
    """Whether it is a share of rows, so that there are those that do not count for it."""
    return kpi.unit is Unit.SHARE and kpi.denominator_fact is None and not one_set(kpi)


def read_set(params: QueryDict, kpi: Kpi) -> tuple[str, str | None]:
    """Which set is asked for, and which reason for being left out."""
    which = params.get("set") or "numerator"
    if which not in rows.SETS:
        raise QuestionError("set", _("expected one of %(names)s") % {"names": " ".join(rows.SETS)})
    if which == "denominator" and one_set(kpi):
        which = "numerator"
    if which == "rest" and not has_rest(kpi):
        raise QuestionError("set", _("%s is no share: it has no rest") % kpi.key)
    return which, (params.get("reason") or None) if which == "excluded" else None


def read_rows(params: QueryDict, board: Board, kpi: Kpi) -> Rows:
    """The page of rows that the address asks for."""
    which, reason = read_set(params, kpi)
    query = board.query
    (answer,) = compute.values([kpi], query)
    value = answer.values[kpi.key]
    page = rows.page(kpi, query, which, after=params.get("after"), limit=PAGE, reason=reason)
    by_reason = in_time(lambda: rows.excluded_by_reason(kpi, query), EXCLUDED_SECONDS)
    columns = columns_of(kpi, which, query.sight)
    zone = query.period.zone
    about = {"_names": PageNames(page.rows), "_kpi": kpi, "_pages": pages_for(board.user)}
    here = {"set": which, **({"reason": reason} if reason else {})}
    return Rows(
        kpi=kpi,
        value=value,
        figure=formats.figure(kpi, value),
        parts=parts(kpi, value),
        interval=formats.interval(kpi, value),
        tabs=_tabs(board, kpi, value, which, by_reason),
        reasons=_reason_tabs(board, kpi, reason, by_reason) if which == "excluded" else [],
        columns=columns,
        lines=[[column.shown({**row, **about}, zone) for column in columns] for row in page.rows],
        next_url=_url(board, kpi, **here, after=page.after) if page.after else "",
        first_url=_url(board, kpi, **here) if params.get("after") else "",
        export_url=f"{reverse('kpi_rows_export', args=[kpi.key])}?{board.exact()}&{urlencode(here)}",
        workbook_url=f"{reverse('kpi_rows_workbook', args=[kpi.key])}?{board.exact()}&{urlencode(here)}",
        sentence=_sentence(kpi, which),
        provisional=formats.number(value.provisional) if value.provisional else "",
    )


def _url(board: Board, kpi: Kpi, **changes: str) -> str:
    return f"{board.rows_link(kpi)}&{urlencode(changes)}"


def _tabs(board: Board, kpi: Kpi, value: Value, which: str, by_reason: Mapping[str, int] | None) -> list[Tab]:
    tabs = []
    for code, label in sets_of(kpi).items():
        if code == "excluded":
            count = None if by_reason is None else sum(by_reason.values())
        else:
            count = counted(kpi, board, value, code)
        text = formats.number(count) if count is not None else ""
        tabs.append(Tab(code, label, text, _url(board, kpi, set=code), is_open=code == which))
    return tabs


def counted(kpi: Kpi, board: Board, value: Value, which: str) -> int:
    """How many rows a set has: the value's own part where that is a count, else counted."""
    if kpi.average:
        return rows.count(kpi, board.query, which)
    if which == "rest" and not kpi.numerator.value and kpi.denominator and not kpi.denominator.value:
        return int((value.denominator or 0) - (value.numerator or 0))
    if which == "denominator" and kpi.denominator and not kpi.denominator.value:
        return int(value.denominator or 0)
    if which == "numerator" and not kpi.numerator.value:
        return int((value.numerator if kpi.denominator else value.value) or 0)
    if which == "numerator" and kpi.percentile is not None:
        return int(value.n or 0)
    return rows.count(kpi, board.query, which)


def reason_labels(kpi: Kpi) -> dict[str, Any]:
    labels: dict[str, Any] = {reason.code: reason.label for reason in rows.reasons(kpi)}
    return {
        **labels,
        rows.NOT_MATURE: _("Provisional: the window has not passed"),
        rows.NOT_DUE: _("Not due yet"),
        rows.OTHER: _("Another reason"),
    }


def _reason_tabs(board: Board, kpi: Kpi, chosen: str | None, by_reason: Mapping[str, int] | None) -> list[Tab]:
    labels = reason_labels(kpi)
    found = [
        Tab(
            code,
            str(labels.get(code, code)),
            formats.number(n),
            _url(board, kpi, set="excluded", reason=code),
            code == chosen,
        )
        for code, n in (by_reason or {}).items()
    ]
    if not found:
        return []
    every = Tab("", _("All"), "", _url(board, kpi, set="excluded"), is_open=chosen is None)
    return [every, *found]


def _sentence(kpi: Kpi, which: str) -> str:
    if which == "excluded":
        return _("In the period and the filters, but not in the value. Each says why.")
    if which == "denominator":
        return _("All that the value is a share of.")
    if which == "rest":
        return _("Those that are in the denominator and do not count for the value.")
    if kpi.unit is Unit.POINTS:
        return _("Promoters and detractors; the passives stand only in the denominator.")
    if kpi.unit is Unit.SHARE:
        return _("Those that count for the value; all of them are in the denominator too.")
    return _("All that the value is made of.")


def pages_for(user: User) -> dict[str, str]:
    """The names of the addresses where this person reads one case or contact."""
    return {kind: f"company_{kind}" if user.is_client else kind for kind in ("case", "contact")}


class PageNames:
    """Names of the queues and agents on a page: one query each, made when first asked for."""

    def __init__(self, page: Sequence[Mapping[str, Any]]) -> None:
        self.queues = _by_code(Queue.objects.filter(code__in={row["queue"] for row in page if row.get("queue")}))
        agents = {row["agent"] for row in page if row.get("agent")}
        self.agents = {
            code: str(user)
            for user in User.objects.filter(code__in=agents) | User.objects.filter(username__in=agents)
            for code in (user.code, user.username)
            if code
        }


def _by_code(queues: QuerySet[Queue]) -> dict[str, str]:
    return dict(queues.values_list("code", "name"))


def _moment(name: str) -> Callable[[Mapping[str, Any], tzinfo], Field]:
    def shown(row: Mapping[str, Any], zone: tzinfo) -> Field:
        at: datetime | None = row[name]
        return Field(at.astimezone(zone).strftime("%Y-%m-%d %H:%M") if at else formats.NOTHING, look="nowrap number")

    return shown


def _length(name: str) -> Callable[[Mapping[str, Any], tzinfo], Field]:
    def shown(row: Mapping[str, Any], _zone: tzinfo) -> Field:
        seconds = row[name]
        text = formats.duration(float(seconds)) if seconds is not None else formats.NOTHING
        return Field(text, look="number text-end nowrap")

    return shown


def _text(name: str, words: Mapping[Any, Any] | None = None) -> Callable[[Mapping[str, Any], tzinfo], Field]:
    def shown(row: Mapping[str, Any], _zone: tzinfo) -> Field:
        value = row[name]
        if value in {None, ""}:
            return Field(formats.NOTHING)
        return Field(str(words.get(value, value)) if words else str(value))

    return shown


def _comment(row: Mapping[str, Any], _zone: tzinfo) -> Field:
    return Field(row["comment"] or formats.NOTHING, look="wide" if row["comment"] else "")


def _handle_time(row: Mapping[str, Any], zone: tzinfo) -> Field:
    """A dash where no agent was in it: not the same as an agent who took no time."""
    return _length("handle_seconds")(row if row["agent"] else {"handle_seconds": None}, zone)


def _queue(row: Mapping[str, Any], _zone: tzinfo) -> Field:
    return Field(row["_names"].queues.get(row["queue"], row["queue"]) or formats.NOTHING)


def _agent(row: Mapping[str, Any], _zone: tzinfo) -> Field:
    return Field(row["_names"].agents.get(row["agent"], row["agent"]) or formats.NOTHING)


def _contact(row: Mapping[str, Any], _zone: tzinfo) -> Field:
    pk = row.get("contact_pk") or row.get("pk")
    if not row["contact_id"]:
        return Field(formats.NOTHING)
    return Field(row["contact_id"], reverse(row["_pages"]["contact"], args=[pk]) if pk else "", "id")


def _case(row: Mapping[str, Any], _zone: tzinfo) -> Field:
    if not row["case_id"]:
        return Field(formats.NOTHING)
    return Field(
        row["case_id"],
        reverse(row["_pages"]["case"], args=[row["case_number"]]) if row.get("case_number") else "",
        "id",
    )


def _reason(row: Mapping[str, Any], _zone: tzinfo) -> Field:
    return Field(str(reason_labels(row["_kpi"]).get(row["reason"], row["reason"])), look="reason")


_CHANNELS, _OUTCOMES = dict(Channel.choices), dict(Outcome.choices)
_YES_NO: dict[Any, Any] = {True: gettext_lazy("Yes"), False: gettext_lazy("No"), **dict(Response.Resolved.choices)}
CHANNEL = Column("channel", gettext_lazy("Channel"), _text("channel", _CHANNELS))
QUEUE = Column("queue", gettext_lazy("Queue"), _queue)
_TARGETS = {"first_response": gettext_lazy("First response"), "resolution": gettext_lazy("Resolution")}
AGENT = Column("agent", gettext_lazy("Agent"), _agent)
TOPIC = Column("topic", gettext_lazy("Topic"), _text("topic"))
CONTACT = Column("contact_id", gettext_lazy("Contact"), _contact)
CASE = Column("case_id", gettext_lazy("Case"), _case)
ABOUT_CASE = (CASE, CHANNEL, QUEUE, AGENT, TOPIC)
OPENED = Column("created_at", gettext_lazy("Opened"), _moment("created_at"))
DUE = Column("due_at", gettext_lazy("Due"), _moment("due_at"))
DONE = Column("done_at", gettext_lazy("Done"), _moment("done_at"))
REASON = Column("reason", gettext_lazy("Why left out"), _reason)
COLUMNS: dict[str, tuple[Column, ...]] = {
    "contact": (
        Column("started_at", gettext_lazy("Arrived"), _moment("started_at")),
        CONTACT,
        CHANNEL,
        QUEUE,
        AGENT,
        TOPIC,
        Column("wait_seconds", gettext_lazy("Wait"), _length("wait_seconds"), "text-end"),
        Column("handle_seconds", gettext_lazy("Handle time"), _handle_time, "text-end"),
        Column("outcome", gettext_lazy("Outcome"), _text("outcome", _OUTCOMES)),
        CASE,
    ),
    "first_contact": (
        Column("started_at", gettext_lazy("First contact"), _moment("started_at")),
        CASE,
        CONTACT,
        CHANNEL,
        QUEUE,
        AGENT,
        TOPIC,
        Column("first_resolved_at", gettext_lazy("Resolved"), _moment("first_resolved_at")),
        Column("again_at", gettext_lazy("Came back"), _moment("again_at")),
        Column("is_escalated", gettext_lazy("Escalated"), _text("is_escalated", _YES_NO)),
    ),
    "resolved_case": (
        Column("resolved_at", gettext_lazy("Resolved"), _moment("resolved_at")),
        CASE,
        CHANNEL,
        QUEUE,
        AGENT,
        TOPIC,
        Column("open_seconds", gettext_lazy("Calendar time"), _length("open_seconds"), "text-end"),
        Column("business_seconds", gettext_lazy("Business time"), _length("business_seconds"), "text-end"),
        Column("waited_seconds", gettext_lazy("Waited for the customer"), _length("waited_seconds"), "text-end"),
        Column("silence_seconds", gettext_lazy("Longest silence"), _length("silence_seconds"), "text-end"),
        Column("contacts", gettext_lazy("Contacts"), _text("contacts"), "text-end"),
    ),
    "created_case": (
        OPENED,
        *ABOUT_CASE,
        Column("first_reply_at", gettext_lazy("First reply"), _moment("first_reply_at")),
        Column("reply_seconds", gettext_lazy("Calendar time"), _length("reply_seconds"), "text-end"),
        Column("reply_business_seconds", gettext_lazy("Business time"), _length("reply_business_seconds"), "text-end"),
        Column("contacts", gettext_lazy("Contacts"), _text("contacts"), "text-end"),
        Column("escalated_at", gettext_lazy("Escalated"), _moment("escalated_at")),
    ),
    "first_resolved": (
        Column("first_resolved_at", gettext_lazy("First resolved"), _moment("first_resolved_at")),
        *ABOUT_CASE,
        OPENED,
        Column("reopened_at", gettext_lazy("Reopened"), _moment("reopened_at")),
    ),
    "response_due": (DUE, *ABOUT_CASE, OPENED, DONE),
    "resolution_due": (DUE, *ABOUT_CASE, OPENED, DONE),
    "targets": (DUE, Column("target", gettext_lazy("Target"), _text("target", _TARGETS)), *ABOUT_CASE, OPENED, DONE),
    "open_cases": (
        OPENED,
        *ABOUT_CASE,
        Column("age_seconds", gettext_lazy("Age"), _length("age_seconds"), "text-end"),
        Column("business_age_seconds", gettext_lazy("Business age"), _length("business_age_seconds"), "text-end"),
        Column("waits_for_customer", gettext_lazy("Waits for the customer"), _text("waits_for_customer", _YES_NO)),
    ),
    "present_cases": (
        OPENED,
        *ABOUT_CASE,
        Column("first_resolved_at", gettext_lazy("First resolved"), _moment("first_resolved_at")),
    ),
    "customer_message": (
        Column("asked_at", gettext_lazy("Wrote"), _moment("asked_at")),
        *ABOUT_CASE,
        Column("answered_at", gettext_lazy("Answered"), _moment("answered_at")),
        Column("reply_seconds", gettext_lazy("Calendar time"), _length("reply_seconds"), "text-end"),
        Column("reply_business_seconds", gettext_lazy("Business time"), _length("reply_business_seconds"), "text-end"),
    ),
    "invitation": (
        Column("sent_at", gettext_lazy("Sent"), _moment("sent_at")),
        CASE,
        Column("responded_at", gettext_lazy("Answered"), _moment("responded_at")),
        Column("csat", gettext_lazy("Satisfaction"), _text("csat"), "text-end"),
        Column("ces", gettext_lazy("Effort"), _text("ces"), "text-end"),
        Column("nps", gettext_lazy("Recommends"), _text("nps"), "text-end"),
        Column("fcr_resolved", gettext_lazy("Solved"), _text("fcr_resolved", _YES_NO)),
        Column("fcr_contacts", gettext_lazy("Times in contact"), _text("fcr_contacts"), "text-end"),
        Column("comment", gettext_lazy("Comment"), _comment),
        CHANNEL,
        QUEUE,
        AGENT,
        CONTACT,
    ),
    "promise": (
        Column("due_at", gettext_lazy("Due"), _moment("due_at")),
        Column("original_due_at", gettext_lazy("First due"), _moment("original_due_at")),
        Column("fulfilled_at", gettext_lazy("Fulfilled"), _moment("fulfilled_at")),
        Column("kind", gettext_lazy("Promise"), _text("kind")),
        Column("rescheduled_by", gettext_lazy("Moved by"), _text("rescheduled_by", dict(Promise.By.choices))),
        CASE,
        QUEUE,
        AGENT,
        TOPIC,
    ),
    "interview": (
        Column("attempted_at", gettext_lazy("Called"), _moment("attempted_at")),
        AGENT,
        CONTACT,
        Column("outcome", gettext_lazy("Outcome"), _text("outcome", dict(Interview.Outcome.choices))),
        Column("rating", gettext_lazy("Rating"), _text("rating"), "text-end"),
    ),
    "coverage": (
        AGENT,
        Column("interviews", gettext_lazy("Interviews"), _text("interviews"), "text-end"),
        Column("goal", gettext_lazy("Goal"), _text("goal"), "text-end"),
    ),
    "agent_month": (
        Column("month", gettext_lazy("Month"), _text("month")),
        AGENT,
        Column("client", gettext_lazy("Client"), _text("client")),
        Column("paid_seconds", gettext_lazy("Paid"), _length("paid_seconds"), "text-end"),
        Column("handling_seconds", gettext_lazy("Busy"), _length("handling_seconds"), "text-end"),
        Column("available_seconds", gettext_lazy("Free"), _length("available_seconds"), "text-end"),
        Column("other_seconds", gettext_lazy("Other work"), _length("other_seconds"), "text-end"),
    ),
    "cost": (
        Column("month", gettext_lazy("Month"), _text("month")),
        Column("client", gettext_lazy("Client"), _text("client")),
        Column("amount", gettext_lazy("Cost"), _text("amount"), "text-end"),
        Column("currency", gettext_lazy("Currency"), _text("currency")),
    ),
    "pulse": (Column("month", gettext_lazy("Month"), _text("month")),),
    "headcount": (Column("month", gettext_lazy("Month"), _text("month")),),
}


def _kind(kpi: Kpi, which: str) -> str:
    """Which columns its rows have: those of its fact, unless it looks at them another way."""
    if kpi.together:
        return "targets"
    if kpi.average:
        return "present_cases"
    return "open_cases" if kpi.stock else rows.fact_of(kpi, which).code


def columns_of(kpi: Kpi, which: str, sight: Sight) -> list[Column]:
    kind = rows.fact_of(kpi, which).code if kpi.denominator_fact else _kind(kpi, which)
    columns = [column for column in COLUMNS[kind] if sight.agents or column is not AGENT]
    return [REASON, *columns] if which == "excluded" else columns
