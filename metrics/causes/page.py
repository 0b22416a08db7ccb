"""The board of root causes in words, and its state in the address."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.http import QueryDict
from django.urls import reverse
from django.utils.translation import gettext as _

from metrics import formats
from metrics.board import Board
from metrics.cards import change_text
from metrics.catalog import KPIS
from metrics.causes import board as causes
from metrics.causes.effect import Test, tested
from metrics.causes.models import CauseAction
from metrics.period import Period
from metrics.question import QuestionError
from tickets.tables import Line

DEPTHS = range(1, 7)
RATE_NAMES = causes.RATES


@dataclass(frozen=True)
class State:
    """What the address asks for beside period and filters."""

    weight: str
    area: str | None
    depth: int


def read_state(params: QueryDict) -> State:
    weight = params.get("weight") or "failures"
    if weight not in causes.WEIGHTS:
        raise QuestionError("weight", _("expected one of %(names)s") % {"names": " ".join(causes.WEIGHTS)})
    depth = params.get("depth") or "2"
    if not depth.isdecimal() or int(depth) not in DEPTHS:
        raise QuestionError("depth", _("expected a number from 1 to 6"))
    return State(weight, params.get("area"), int(depth))


@dataclass(frozen=True)
class Rate:
    """A share with what it rests on, and how wide its interval is."""

    figure: str
    parts: str
    interval: str


@dataclass(frozen=True)
class Row:
    """One bar in words. `width` of its bar, in per cent of the widest."""

    name: str
    share: str
    cumulative: str
    width: str
    is_vital: bool
    contacts: str
    failure: Rate
    time: str
    cost: str
    fcr: Rate
    csat: Rate
    url: str
    sample_url: str
    rows_url: str
    failure_url: str
    action_url: str
    actions: list[CauseAction]


def rate(sums: causes.Sums, key: str) -> Rate:
    kpi, value = KPIS[key], sums.rate(key)
    figure, parts = formats.figure(kpi, value), formats.fraction(kpi, value)
    return Rate(figure, "" if parts == figure else parts, formats.interval(kpi, value))


def rows(board: Board, state: State, found: causes.Causes, actions: Sequence[CauseAction]) -> list[Row]:
    widest = max((bar.share for bar in found.bars), default=1) or 1
    areas = causes.areas_of([one.topic.path for one in actions])
    return [_row(board, state, found, bar, widest, actions, areas) for bar in found.bars]


def _row(
    board: Board,
    state: State,
    found: causes.Causes,
    bar: causes.Bar,
    widest: float,
    actions: Sequence[CauseAction],
    areas: dict[str, str],
) -> Row:
    path = bar.path
    within = [
        one
        for one in actions
        if (path and (one.topic.path == path or one.topic.path.startswith(f"{path}/")))
        or (state.area is None and areas.get(one.topic.path, "") == bar.area)
    ]
    about = {"topic": [path]} if path else {}
    return Row(
        name=bar.name or (_("No business area named") if state.area is None else _("Without a topic")),
        share=formats.share(bar.share),
        cumulative=formats.share(bar.cumulative),
        width=f"{100 * bar.share / widest:.1f}",
        is_vital=bar.is_vital,
        contacts=formats.number(bar.sums.contacts),
        failure=rate(bar.sums, "failure-demand"),
        time=formats.duration(bar.sums.seconds),
        cost=formats.amount(KPIS["cost-per-contact"], bar.cost, found.currency) if bar.cost is not None else "",
        fcr=rate(bar.sums, "fcr"),
        csat=rate(bar.sums, "csat"),
        url=link(board, state, area=bar.area, depth=state.depth) if state.area is None else _deeper(board, state, bar),
        sample_url=_sample(board, bar) if path else "",
        rows_url=board.rows_link(KPIS["handled"], **about) if path else "",
        failure_url=board.rows_link(KPIS["failure-demand"], **about) if path else "",
        action_url=f"{reverse('cause_action_new')}?{urlencode({'topic': path})}" if path else "",
        actions=within,
    )


def link(board: Board, state: State, **changes: Any) -> str:
    wanted = {"weight": state.weight, "area": state.area, "depth": state.depth, **changes}
    return f"{reverse('causes')}?{board.exact()}&{urlencode({k: v for k, v in wanted.items() if v is not None})}"


def _deeper(board: Board, state: State, bar: causes.Bar) -> str:
    deep = bar.path.count("/") + 1
    return link(board, state, depth=deep + 1) if deep == state.depth and state.depth < max(DEPTHS) else ""


def _sample(board: Board, bar: causes.Bar) -> str:
    more = {"topic": bar.path, "seed": secrets.randbelow(1_000_000)}
    kept = board.exact(topic=[bar.path])
    return f"{reverse('cause_sample')}?{kept}&{urlencode({'seed': more['seed']})}"


def lines(found: causes.Causes) -> list[Line]:
    """The bars as a table of plain numbers."""
    head = [_("Name"), _("Contacts"), _("Share"), _("Together"), _("Handling time, seconds"), _("Handling cost")]
    for key in RATE_NAMES:
        head += [str(KPIS[key].name), _("Numerator"), _("Denominator")]
    table: list[Line] = [head]
    for bar in found.bars:
        line: list[Any] = [bar.name, bar.sums.contacts, bar.share, bar.cumulative, bar.sums.seconds, bar.cost]
        for key in RATE_NAMES:
            value = bar.sums.rate(key)
            line += [value.value, value.numerator, value.denominator]
        table.append(line)
    return table


# --- an action


@dataclass(frozen=True)
class Side:
    text: str
    figure: str
    parts: str
    interval: str


@dataclass(frozen=True)
class Verdict:
    """The test of an action in words."""

    before: Side
    after: Side | None
    text: str
    title: str
    look: str
    ends: str
    is_over: bool


def verdict(action: CauseAction, board: Board) -> Verdict:
    found = tested(action, board.query)
    change = change_text(found.kpi, found.change, found.before) if found.change else None
    was, since = found.periods
    return Verdict(
        before=_side(found, was, found.before),
        after=_side(found, since, found.after) if since is not None and found.after is not None else None,
        text=change.text if change else _("It is too early: no whole week has passed yet."),
        title=change.title if change else "",
        look=change.look if change else "untested",
        ends=formats.day(found.ends_at.astimezone(was.zone).date()),
        is_over=found.is_over,
    )


def _side(found: Test, period: Period, value: Any) -> Side:
    return Side(
        formats.days(period.start, period.end, period.zone),
        formats.figure(found.kpi, value),
        formats.fraction(found.kpi, value),
        formats.interval(found.kpi, value),
    )
