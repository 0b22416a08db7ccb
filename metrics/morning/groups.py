"""What a manager is told in the morning: a few lines, each of which opens the very rows or cases. Only what needs somebody."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING

from django.db.models import Min
from django.http import QueryDict
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from metrics import formats
from metrics.board import Board, read_board
from metrics.morning import halves, scores, signals
from tickets.filters import AGE_LABELS, AGES, CaseFilter
from tickets.models import Queue, User

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise

# Of a long list the first ones; the rest stands behind the link.
SHOWN = 8


@dataclass(frozen=True)
class Line:
    """One thing to know: what, how much, and where it opens. `is_urgent`: it is too late already."""

    text: str
    url: str
    figure: str = ""
    more: str = ""
    is_urgent: bool = False


@dataclass(frozen=True)
class Group:
    """What belongs together. Without lines `quiet` says that all is well."""

    code: str
    title: str
    quiet: str
    lines: list[Line] = field(default_factory=list)
    is_late: bool = False

    @property
    def shown(self) -> list[Line]:
        return self.lines[:SHOWN]

    @property
    def more(self) -> list[Line]:
        return self.lines[SHOWN:]


@dataclass(frozen=True)
class Kind:
    """How a group is made. `is_slow`: the page does not wait for it."""

    title: _StrPromise
    quiet: _StrPromise
    lines: Callable[[Board], Iterator[Line]]
    is_slow: bool = False


def _cases(user: User, **asked: str) -> tuple[CaseFilter, str]:
    """A list of cases with these filters, and its address: what is counted is what the address shows."""
    data = {"whose": "all", **asked}
    params = QueryDict(mutable=True)
    params.update(data)
    return CaseFilter(
        data, user=user, queues=list(Queue.objects.visible_to(user))
    ), f"{reverse('cases')}?{params.urlencode()}"


def _cases_line(user: User, text: str, first: str = "", *, urgent: bool = False, **asked: str) -> Iterator[Line]:
    found, url = _cases(user, **asked)
    cases = found.found().cases.order_by()
    count = cases.count()
    if not count:
        return
    more = ""
    if first and (at := cases.aggregate(at=Min(first))["at"]):
        more = _("the first at %s") % formats.moment(at, timezone.get_current_timezone())
    yield Line(text, url, formats.number(count), more, urgent)


def promised(board: Board) -> Iterator[Line]:
    """What was promised or agreed for today, and what is overdue."""
    user = board.user
    yield from _cases_line(
        user, _("Promises to customers that are overdue"), "next_promise_at", urgent=True, promise="overdue"
    )
    yield from _cases_line(user, _("Agreed times that have passed"), "resolution_due_at", urgent=True, due="overdue")
    yield from _cases_line(user, _("Promises for today"), "next_promise_at", promise="today")
    yield from _cases_line(user, _("Agreed times that end today"), "resolution_due_at", due="today")


def silent(board: Board) -> Iterator[Line]:
    yield from _cases_line(
        board.user, _("Open cases that have been silent too long"), "created_at", urgent=True, silent="on"
    )


def ages(board: Board) -> Iterator[Line]:
    """Open cases by how long they have been open. Young ones are the day's work and no news."""
    labels = dict(AGE_LABELS)
    for band in AGES:
        if AGES[band][0] >= 1:
            yield from _cases_line(board.user, str(labels[band]), age=band)


def low(board: Board) -> Iterator[Line]:
    """Low scores of the last days after which nobody has been in touch."""
    for one in scores.low_scores(board):
        yield Line(one.text, one.url, "", f"{one.score} · {one.when}", is_urgent=True)


def changed(board: Board) -> Iterator[Line]:
    for one in signals.fresh(board):
        yield Line(one.text, one.url, one.figure, one.rule)


def slow(board: Board) -> Iterator[Line]:
    for one in halves.missed(board):
        yield Line(one.text, one.url, one.figure, one.more, is_urgent=one.is_today)


KINDS: dict[str, Kind] = {
    "promised": Kind(
        gettext_lazy("Promised and agreed"), gettext_lazy("Nothing is overdue, and nothing ends today."), promised
    ),
    "low": Kind(
        gettext_lazy("Low scores without a follow-up"), gettext_lazy("Every low score has been followed up."), low
    ),
    "silent": Kind(gettext_lazy("Silent cases"), gettext_lazy("No customer waits without a word."), silent),
    "changed": Kind(
        gettext_lazy("What changed since yesterday"),
        gettext_lazy("Nothing beyond normal variation."),
        changed,
        is_slow=True,
    ),
    "slow": Kind(
        gettext_lazy("Half-hours below the service level"),
        gettext_lazy("Every half-hour since yesterday morning kept the service level."),
        slow,
        is_slow=True,
    ),
    "ages": Kind(gettext_lazy("Backlog by age"), gettext_lazy("Nothing has been open for more than a day."), ages),
}


def make(board: Board, code: str) -> Group:
    """One group with its lines."""
    kind = KINDS[code]
    return Group(code, str(kind.title), str(kind.quiet), list(kind.lines(board)))


def groups(board: Board) -> list[Group]:
    """All of them; slow ones come by themselves."""
    return [
        Group(code, str(kind.title), str(kind.quiet), is_late=True) if kind.is_slow else make(board, code)
        for code, kind in KINDS.items()
    ]


def summary(found: list[Group]) -> str:
    """The page in a sentence."""
    urgent = sum(line.is_urgent for group in found for line in group.lines)
    if not urgent:
        return _("Nothing is too late.")
    words = ngettext("%s thing needs somebody now.", "%s things need somebody now.", urgent)
    return words % formats.number(urgent)


def read(params: QueryDict, user: User) -> Board:
    """Yesterday and today, for what the reader may see, with the filters of the address."""
    asked = params.copy()
    for name in ("period", "from", "to", "start", "end", "as_of"):
        asked.pop(name, None)
    today = timezone.localdate()
    asked["from"], asked["to"] = (today - timedelta(days=1)).isoformat(), today.isoformat()
    return read_board(asked, user, place=reverse("morning"))
