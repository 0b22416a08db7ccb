"""What the page of a KPI says: its declaration, what it leaves out, and its variants on the reader's own data."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from django.http import Http404
from django.utils.translation import gettext_lazy

from metrics import door, formats, nothing, rows
from metrics.agreements_page import term_name
from metrics.board import Board
from metrics.cards import parts
from metrics.catalog import GROUPS, KPIS, find
from metrics.compute import Value
from metrics.definition import Direction, Kpi, Unit
from metrics.drill import one_set, reason_labels
from metrics.purse import CARD_SECONDS, Purse, answers, in_time
from metrics.symbols import LETTERS, letters
from tickets.models import User

EXCLUDED_SECONDS = 3.0
_OUTCOMES = {
    "is_answered": {"answered"},
    "is_abandoned": {"abandoned"},
    "is_flow_out": {"callback_requested", "voicemail"},
    "is_handled": {"answered"},
}
_LITERAL = re.compile(r"'(\w+)'")
UNITS = {
    Unit.COUNT: gettext_lazy("A count"),
    Unit.SECONDS: gettext_lazy("Time"),
    Unit.SHARE: gettext_lazy("A share, in per cent"),
    Unit.POINTS: gettext_lazy("Points from −100 to +100"),
    Unit.SCORE: gettext_lazy("A score"),
    Unit.RATIO: gettext_lazy("A ratio"),
    Unit.MONEY: gettext_lazy("Money"),
}
DIRECTIONS = {
    Direction.HIGHER_IS_BETTER: gettext_lazy("Higher is better"),
    Direction.LOWER_IS_BETTER: gettext_lazy("Lower is better"),
    Direction.NONE: gettext_lazy("Neither high nor low is good in itself"),
}
GROUP_NAMES = {
    "accessibility": gettext_lazy("Can customers reach us?"),
    "efficiency": gettext_lazy("What does serving take?"),
    "resolution": gettext_lazy("Do we solve it?"),
    "experience": gettext_lazy("What do customers say?"),
    "demand": gettext_lazy("Why do they contact us?"),
    "people": gettext_lazy("How are those who serve?"),
}


def definition(slug: str, user: User) -> Kpi:
    """The KPI called so; of one that has only variants, the first.

    Raises:
        Http404: there is none.
    """
    found = find(slug) or next((kpi for kpi in KPIS.values() if kpi.slug == slug), None)
    if found is None or not door.shows(user, found):
        raise Http404
    return found


# --- the index


@dataclass(frozen=True)
class Group:
    title: Any
    kpis: list[Kpi]


def index(words: str, user: User) -> list[Group]:
    """The KPIs by group, narrowed to those in whose texts every word occurs; a variant is found under its KPI."""
    wanted = words.casefold().split()
    groups = []
    for code, kpis in GROUPS.items():
        heads: dict[str, Kpi] = {}
        for kpi in kpis:
            if door.shows(user, kpi) and all(word in _searched(kpi) for word in wanted):
                heads.setdefault(kpi.slug, find(kpi.slug) or kpi)
        if heads:
            groups.append(Group(GROUP_NAMES.get(code, code), list(heads.values())))
    return groups


def _searched(kpi: Kpi) -> str:
    return " ".join(str(text) for text in (kpi.key, kpi.name, kpi.question, kpi.formula, kpi.source.name)).casefold()


# --- one KPI


@dataclass(frozen=True)
class Part:
    """The numerator or denominator of a value, with the link to its rows."""

    text: str
    url: str


@dataclass(frozen=True)
class Variant:
    """A KPI beside others, on the reader's own data."""

    kpi: Kpi
    figure: str
    parts: str
    interval: str
    rows_url: str
    kpi_url: str
    numerator: Part | None = None
    denominator: Part | None = None
    is_asked: bool = False


@dataclass(frozen=True)
class LeftOut:
    """A reason for which rows of the period are not in the value; `count` is None where counting took too long."""

    label: Any
    count: str
    url: str


def page(board: Board, kpi: Kpi) -> dict[str, Any]:
    """What the page of a KPI shows besides its declaration."""
    family = [other for other in KPIS.values() if other.slug == kpi.slug]
    beside = [KPIS[key] for key in kpi.beside if key in KPIS and door.shows(board.user, KPIS[key])]
    found, _late = answers([*family, *beside], board.query, Purse(CARD_SECONDS))
    values = found[0].values if found else {}
    counts = in_time(lambda: rows.excluded_by_reason(kpi, board.query), EXCLUDED_SECONDS)
    return {
        "variants": [_variant(board, other, values.get(other.key), kpi) for other in family],
        "beside": [_variant(board, other, values.get(other.key), kpi) for other in beside],
        "unit": UNITS[kpi.unit],
        "direction": DIRECTIONS[kpi.direction],
        "letters": _letters(family),
        "left_out": left_out(board, kpi, counts),
        "nothing": nothing.why(kpi, values.get(kpi.key), board.query, counts, reason_labels(kpi)),
        "terms": [term_name(code) for code in kpi.terms],
    }


def _letters(family: Sequence[Kpi]) -> list[tuple[str, Any]]:
    """The letters of all formulas side by side, each once: the whole before "of these"."""
    found = dict(pair for kpi in family for pair in letters(kpi.slug, kpi.symbols))
    order = list(LETTERS)
    return sorted(found.items(), key=lambda pair: (pair[0].partition("_")[0], order.index(pair[0])))


def _variant(board: Board, kpi: Kpi, value: Value | None, asked: Kpi) -> Variant:
    if value is None:
        late = gettext_lazy("This takes too long: choose a shorter period")
        shown = Variant(kpi, "…", str(late), "", board.rows_link(kpi), board.kpi_link(kpi))
    else:
        shown = Variant(
            kpi,
            formats.figure(kpi, value),
            parts(kpi, value),
            formats.interval(kpi, value),
            board.rows_link(kpi),
            board.kpi_link(kpi),
            _numerator(board, kpi, value),
            _denominator(board, kpi, value),
        )
    return replace(shown, is_asked=kpi.key == asked.key)


def _numerator(board: Board, kpi: Kpi, value: Value) -> Part | None:
    """The upper part in its own unit: a number of rows, or the seconds that were added up."""
    if kpi.denominator is None:
        number = value.n if kpi.percentile is not None else value.value if kpi.unit is Unit.COUNT else None
        return Part(formats.number(number), board.rows_link(kpi)) if number is not None else None
    number = value.numerator or 0
    is_time = kpi.numerator.scale > 1 and kpi.unit in {Unit.SECONDS, Unit.RATIO}
    return Part(formats.duration(number) if is_time else formats.number(number, 1), board.rows_link(kpi))


def _denominator(board: Board, kpi: Kpi, value: Value) -> Part | None:
    if kpi.denominator is None:
        return None
    number = value.denominator or 0
    which = "numerator" if one_set(kpi) else "denominator"
    text = formats.duration(number) if kpi.denominator.scale > 1 else formats.number(number)
    return Part(text, f"{board.rows_link(kpi)}&set={which}")


def left_out(board: Board, kpi: Kpi, counts: Mapping[str, int] | None) -> list[LeftOut]:
    """Every reason for leaving a row out, those that occur in the period first, with their rows."""
    declared = [reason.code for reason in rows.reasons(kpi) if _can_hold(kpi, reason.where)]
    labels = reason_labels(kpi)
    if counts is None:
        return [LeftOut(labels[code], formats.NOTHING, "") for code in declared]
    codes = dict.fromkeys([*counts, *declared])
    return [
        LeftOut(
            labels.get(code, code),
            formats.number(counts.get(code, 0)),
            f"{board.rows_link(kpi)}&set=excluded&reason={code}" if counts.get(code) else "",
        )
        for code in codes
    ]


def _can_hold(kpi: Kpi, where: str) -> bool:
    """Whether a reason may leave a row of this KPI out: outcomes that it counts are no reason, though its family's are."""
    inside = (kpi.denominator or kpi.numerator).where
    counted = set(_LITERAL.findall(inside))
    for column, outcomes in _OUTCOMES.items():
        if column in inside:
            counted |= outcomes
    return not set(_LITERAL.findall(where)) & counted
