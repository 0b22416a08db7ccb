"""The three ways of first contact resolution as a page shows them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from metrics import formats, threeways
from metrics.board import Board
from metrics.catalog.resolution import FCR
from metrics.compute import Value
from metrics.purse import in_time

PAGE, MOST_PAGES, SECONDS = 50, 2000, 6.0
NAMES = {
    "log": _("By the log"),
    "agent": _("By the agent at wrap-up"),
    "survey": _("By the customer's answer"),
}
HOW = {
    "log": _("No other contact, reply, escalation or reopening within the window."),
    "agent": _("“Solved”, said at the wrap-up of the first contact."),
    "survey": _("“Solved” and “one contact”, in the last answer to a survey about the case."),
}
# Log's verdict, the other's: what such cases are.
MEANINGS = {
    ("survey", True, False): _("Silent failures: the customer gave up, or went elsewhere."),
    ("survey", False, True): _("Content although it took more than one contact."),
    ("agent", True, False): _("The agent was more careful than what followed."),
    ("agent", False, True): _("Called solved, but it was not over."),
}


@dataclass(frozen=True)
class Line:
    """One way: its figure on the cases that it knows about."""

    name: Any
    how: Any
    figure: str
    parts: str
    interval: str


@dataclass(frozen=True)
class Cell:
    count: str
    url: str
    meaning: Any
    agrees: bool


@dataclass(frozen=True)
class Square:
    """Two by two: what the log says, and what another way says."""

    name: Any
    rows: list[tuple[Any, list[Cell]]]
    total: str
    agreement: str


def _line(way: threeways.Way) -> Line:
    low, high = way.interval or (None, None)
    value = Value(way.solved / way.known if way.known else None, way.solved, way.known, low=low, high=high)
    figure, parts = formats.figure(FCR, value), formats.fraction(FCR, value)
    return Line(NAMES[way.code], HOW[way.code], figure, "" if parts == figure else parts, formats.interval(FCR, value))


def link(board: Board, way: str, *, log: bool, other: bool) -> str:
    words = ["yes" if verdict else "no" for verdict in (log, other)]
    return f"{reverse('three_ways', args=[way, *words])}?{board.exact()}"


def _square(board: Board, way: str, counts: dict[tuple[str, bool, bool], int]) -> Square:
    def cell(log: bool, other: bool) -> Cell:  # noqa: FBT001 - two verdicts
        n = counts[way, log, other]
        url = link(board, way, log=log, other=other) if n else ""
        return Cell(formats.number(n), url, MEANINGS.get((way, log, other), ""), log == other)

    rows = [
        (label, [cell(log, True), cell(log, False)]) for label, log in ((_("Log: yes"), True), (_("Log: no"), False))
    ]
    total = sum(n for (code, _log, _other), n in counts.items() if code == way)
    same = counts[way, True, True] + counts[way, False, False]
    value = Value(same / total if total else None, same, total)
    return Square(NAMES[way], rows, formats.number(total), formats.figure(FCR, value))


def section(board: Board) -> dict[str, Any]:
    """The three figures and the two squares; `is_late` where counting took too long."""
    found = in_time(lambda: threeways.ways(board.query), SECONDS)
    if found is None:
        return {"is_late": True}
    singles, counts = found
    return {
        "lines": [_line(way) for way in singles],
        "squares": [_square(board, way, counts) for way in ("survey", "agent")],
    }


@dataclass(frozen=True)
class Found:
    """The cases of one cell."""

    title: Any
    meaning: Any
    log: bool
    other: bool
    cases: list[threeways.Case]
    next_url: str
    first_url: str


def cell(board: Board, way: str, log: str, other: str, page: int) -> Found | None:
    """One page of the cases of one cell; None where there is no such cell."""
    verdicts = threeways.ANSWERS.get(log), threeways.ANSWERS.get(other)
    if way not in threeways.WAYS[1:] or None in verdicts:
        return None
    ours, theirs = bool(verdicts[0]), bool(verdicts[1])
    cases = threeways.cases(board.query, way, log=ours, other=theirs, limit=PAGE + 1, offset=(page - 1) * PAGE)
    url = link(board, way, log=ours, other=theirs)
    return Found(
        NAMES[way],
        MEANINGS.get((way, ours, theirs), ""),
        ours,
        theirs,
        cases[:PAGE],
        next_url=f"{url}&page={page + 1}" if len(cases) > PAGE else "",
        first_url=url if page > 1 else "",
    )
