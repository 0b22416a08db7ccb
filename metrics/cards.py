"""What stands on the dashboard's cards: values of the engine, put into words."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from metrics import formats, mixes, trend
from metrics.agreements import changed_terms, marks
from metrics.board import CARDS, SECTIONS, Board, starts
from metrics.boards.models import notes_between
from metrics.boards.targets import Targets, target_text
from metrics.catalog import KPIS
from metrics.change import ALIKE, Change, Circumstances, Verdict, Why, compare
from metrics.compute import Query, Value
from metrics.definition import Kpi, Unit
from metrics.fairness import around
from metrics.mix import Decomposition
from metrics.mixes import Mixed
from metrics.purse import Purse, answers, single
from metrics.variation import UNTESTED, Point, Variation, point, variation
from tickets.models import Agreement, Channel, ServiceLevel, ServiceLevelVariant

WHY = {
    Why.NOTHING_BEFORE: gettext_lazy("nothing to compare with"),
    Why.FEW_NOW: gettext_lazy("too few to compare"),
    Why.FEW_BEFORE: gettext_lazy("too few before to compare"),
    Why.PROVISIONAL: gettext_lazy("not compared: provisional"),
    Why.DEFINITION: gettext_lazy("not compared: defined anew"),
    Why.RESPONSE: gettext_lazy("not compared: response rate shifted"),
    Why.AGREEMENT: gettext_lazy("not compared: agreed anew"),
    Why.LENGTH: gettext_lazy("not compared: periods of different length"),
    Why.WEEKDAYS: gettext_lazy("not compared: other weekdays"),
    Why.HOURS: gettext_lazy("not compared: opening hours changed"),
}
VERDICTS = {
    Verdict.BETTER: gettext_lazy("better"),
    Verdict.WORSE: gettext_lazy("worse"),
    Verdict.DIFFERENT: gettext_lazy("changed"),
    Verdict.SAME: gettext_lazy("no real change"),
}
EMPTY = {
    "contact": gettext_lazy("No contacts"),
    "first_contact": gettext_lazy("No cases"),
    "resolved_case": gettext_lazy("No cases"),
    "created_case": gettext_lazy("No cases"),
    "first_resolved": gettext_lazy("No cases"),
    "response_due": gettext_lazy("Nothing was due"),
    "resolution_due": gettext_lazy("Nothing was due"),
    "customer_message": gettext_lazy("No messages"),
    "invitation": gettext_lazy("No answers"),
    "promise": gettext_lazy("No promises"),
    "agent_month": gettext_lazy("No paid time was entered for a whole month"),
    "cost": gettext_lazy("No costs were entered for a whole month"),
    "pulse": gettext_lazy("No answers"),
    "headcount": gettext_lazy("No answers"),
    "interview": gettext_lazy("No interviews"),
    "coverage": gettext_lazy("No agents"),
}
# Divided by hours or goals.
DIVIDED_BY_NO_ROWS = {"agent_month", "coverage", "headcount"}


def touched(kinds: Sequence[str]) -> list[str]:
    """The cards whose figures come from such rows; all of them where a kind is not known."""
    known = {kpi.fact.record.code for kpi in KPIS.values()}
    if not kinds or not set(kinds) <= known:
        return list(CARDS)
    return [key for key, kpi in CARDS.items() if kpi.fact.record.code in kinds]


@dataclass(frozen=True)
class ChangeText:
    """A change in words. `look` is one of better, worse, tested, untested; only the first two have a colour."""

    look: str
    arrow: str
    text: str
    title: str
    earlier: str
    # What of it changed within the channels, and what by another mix of them, where that is another story.
    split: str = ""


@dataclass(frozen=True)
class Tile:
    """One card."""

    kpi: Kpi
    value: Value | None
    rows_url: str
    kpi_url: str
    card_url: str
    figure: str = ""
    parts: str = ""
    interval: str = ""
    notes: tuple[str, ...] = ()
    change: ChangeText | None = None
    trend: trend.Trend | None = None
    trend_title: str = ""
    variation: Variation = UNTESTED
    # What its name on the page begins with: the same figure may stand on it twice.
    place: str = "tile"

    @property
    def id(self) -> str:
        return f"{self.place}-{self.kpi.key.replace(':', '-')}"

    @property
    def is_late(self) -> bool:
        return self.value is None


@dataclass(frozen=True)
class Section:
    code: str
    title: str
    tiles: list[Tile]


def sections(board: Board, purse: Purse) -> list[Section]:
    """All cards."""
    tiles = {tile.kpi.key: tile for tile in make_tiles(board, list(CARDS), purse)}
    return [Section(code, str(title), [tiles[key] for key in keys]) for code, title, keys in SECTIONS]


def is_empty(found: Iterable[Section]) -> bool:
    """Whether there is nothing at all in the period: then the page says what to do."""
    return not any(tile.is_late or (tile.value and tile.value.value) for section in found for tile in section.tiles)


def make_tiles(board: Board, keys: Sequence[str], purse: Purse) -> list[Tile]:
    """The cards called so: their values first, then what they are compared with, then their trends."""
    kpis = [KPIS[key] for key in keys]
    asked = list(kpis)
    if any(kpi.fact.code == "invitation" for kpi in kpis) and KPIS["response-rate"] not in kpis:
        asked.append(KPIS["response-rate"])  # whether answers may be compared at all
    now = _mixed(asked, board.query, purse)
    # What was late once would be late again.
    asked = [kpi for kpi in asked if kpi.key in now.values]
    earlier = _mixed(asked, board.before, purse) if board.before else Mixed({}, {})
    series = _series([kpi for kpi in kpis if kpi.key in now.values], board, purse)
    about = About(
        shift=response_shift(now.values, earlier.values),
        promised=promise(board) if "service-level" in keys else "",
        changed_terms=_changed_terms(kpis, board) if earlier.values else set(),
        marks=marks_on(board, agreed=any(kpi.terms for kpi in kpis)),
        targets=Targets(board),
        around=around(board.query, board.before) if board.before else ALIKE,
    )
    tiles = []
    for kpi in kpis:
        value = now.values.get(kpi.key)
        line = series.get(kpi.key, []) if value is not None and not formats.is_few(value) else []
        tile = _tile(board, kpi, value, earlier.values.get(kpi.key), line, about)
        moved = mixes.split(earlier.parts.get(kpi.key), now.parts.get(kpi.key))
        tiles.append(_with_split(tile, moved) if moved is not None else tile)
    return tiles


@dataclass(frozen=True)
class About:
    """What the cards of one board have in common."""

    shift: float
    promised: str
    changed_terms: set[str]
    marks: list[Mark]
    targets: Targets
    around: Circumstances


def _mixed(kpis: Sequence[Kpi], query: Query, purse: Purse) -> Mixed:
    """Values; of shares by channel too, from the same question, so that the channels add up to the total."""
    shares = [kpi for kpi in kpis if mixes.is_mixed(kpi)]
    others, _late = single([kpi for kpi in kpis if kpi not in shares], query, purse)
    rows, late = answers(shares, mixes.by_channel(query), purse)
    found = mixes.summed([kpi for kpi in shares if kpi.key not in late], rows)
    return Mixed({**others, **found.values}, found.parts)


def _changed_terms(kpis: Sequence[Kpi], board: Board) -> set[str]:
    if board.before is None or not any(kpi.terms for kpi in kpis):
        return set()
    return changed_terms(board.clients, board.before.period.start, board.period.end)


@dataclass(frozen=True)
class Mark:
    """What is marked on the axis of time, by index of the series' piece. `is_noted`: somebody wrote that it happened."""

    at: int
    words: str
    is_noted: bool = False


def marks_on(board: Board, *, agreed: bool = True, edges: Sequence[datetime] | None = None) -> list[Mark]:
    """What a chart of the board's period marks, in order of time. Not `agreed`: only what somebody noted.

    `edges`: where the pieces begin, if not where the board's own chart has them.
    """
    span = board.period.start, board.period.end
    edges = edges or starts(board.period, board.query.as_of)
    found = [(at, words, False) for at, words in (marks(board.clients, *span) if agreed else [])]
    found += [(at, words, True) for at, words in notes_between(board.user, board.query.filters, *span)]
    return [Mark(bisect_right(edges, at) - 1, words, noted) for at, words, noted in sorted(found) if at >= edges[0]]


def changes_for(kpi: Kpi, found: Sequence[Mark]) -> list[int]:
    """The first pieces of a series after which its limits may begin anew: what was noted, and new terms it hangs on."""
    return sorted({one.at for one in found if one.is_noted or kpi.terms})


def _with_split(tile: Tile, moved: Decomposition) -> Tile:
    if tile.change is None or tile.change.look == "untested":
        return tile
    words = _("within channels %(rate)s, by their mix %(mix)s") % {
        "rate": formats.difference(tile.kpi, moved.rate_effect),
        "mix": formats.difference(tile.kpi, moved.mix_effect),
    }
    return replace(tile, change=replace(tile.change, split=words))


def response_shift(now: dict[str, Value], earlier: dict[str, Value]) -> float:
    here, there = now.get("response-rate"), earlier.get("response-rate")
    if here is None or there is None or here.value is None or there.value is None:
        return 0
    return here.value - there.value


def _series(kpis: Sequence[Kpi], board: Board, purse: Purse) -> dict[str, list[Point]]:
    rows, late = answers(kpis, board.by_time, purse)
    found = {row.group[board.split]: row.values for row in rows}
    edges = starts(board.period, board.query.as_of)
    return {
        kpi.key: [point(kpi, found.get(edge, {}).get(kpi.key)) for edge in edges] for kpi in kpis if kpi.key not in late
    }


def late_tile(board: Board, kpi: Kpi) -> Tile:
    """The card without a value, which asks for itself."""
    return Tile(
        kpi,
        None,
        rows_url=board.rows_link(kpi),
        kpi_url=board.kpi_link(kpi),
        card_url=f"{reverse('dashboard_card', args=[kpi.key])}?{board.state()}",
    )


def _tile(
    board: Board, kpi: Kpi, value: Value | None, earlier: Value | None, line: Sequence[Point], about: About
) -> Tile:
    empty = replace(late_tile(board, kpi), value=value)
    if value is None:
        return empty
    tested = variation(kpi, board.split, line, changes_for(kpi, about.marks)) if line else UNTESTED
    drawn = _drawn(line, tested)
    shift = about.shift if kpi.fact.code == "invitation" else 0
    moved = compare(
        kpi, value, earlier, response_shift=shift, changed_terms=about.changed_terms, circumstances=about.around
    )
    return replace(
        empty,
        figure=formats.figure(kpi, value),
        parts=parts(kpi, value),
        interval=formats.interval(kpi, value),
        notes=(*_notes(kpi, value, about.promised), *_aims(board, kpi, value, about.targets)),
        change=change_text(kpi, moved, earlier),
        trend=drawn,
        trend_title=_trend_title(board, tested) if drawn else "",
        variation=tested if drawn else UNTESTED,
    )


def _drawn(line: Sequence[Point], tested: Variation) -> trend.Trend | None:
    last = tested.stretches[-1] if tested.stretches else None
    return trend.trend(
        [one.value for one in line],
        hollow=[at for at, one in enumerate(line) if one.is_provisional],
        signals=list(tested.signals),
        limits=(last.low, last.high) if last else None,
    )


def _trend_title(board: Board, tested: Variation) -> str:
    title = _("Trend by %s") % SPLIT_NAMES[board.split]
    return f"{title}: {tested.text}" if tested.text else title


SPLIT_NAMES = {"hour": gettext_lazy("hour"), "day": gettext_lazy("day"), "week": gettext_lazy("week")}


def parts(kpi: Kpi, value: Value) -> str:
    """What the value rests on: "7 of 13", "of 240 contacts"; empty where the figure itself says it."""
    if kpi.average:
        return ""
    n = formats.counted(value)
    if n == 0 or (n is None and value.value is None):
        return str(EMPTY[kpi.fact.code])
    if fraction := formats.fraction(kpi, value):
        return fraction if fraction != formats.figure(kpi, value) else ""
    return rows_word(kpi, n) if n is not None and kpi.fact.code not in DIVIDED_BY_NO_ROWS else ""


def rows_word(kpi: Kpi, n: float) -> str:
    many, shown = int(n), {"count": formats.number(n)}
    code = (kpi.denominator_fact or kpi.fact).code
    if code in {"agent_month", "coverage", "headcount"}:
        return ""  # divided by hours or goals, not by rows
    words = {
        "interview": lambda: ngettext("%(count)s interview", "%(count)s interviews", many),
        "contact": lambda: ngettext("%(count)s contact", "%(count)s contacts", many),
        "customer_message": lambda: ngettext("%(count)s reply", "%(count)s replies", many),
        "invitation": lambda: ngettext("%(count)s answer", "%(count)s answers", many),
        "pulse": lambda: ngettext("%(count)s answer", "%(count)s answers", many),
        "response-rate": lambda: ngettext("%(count)s invitation", "%(count)s invitations", many),
    }
    found = words.get(kpi.slug) or words.get(code)
    return (found() if found else ngettext("%(count)s case", "%(count)s cases", many)) % shown


def provisional_words(value: Value) -> str:
    return ngettext("+ %s provisional", "+ %s provisional", value.provisional) % formats.number(value.provisional)


def _notes(kpi: Kpi, value: Value, promised: str) -> Iterable[str]:
    if kpi.key == "service-level" and promised:
        yield promised
    if value.provisional:
        yield provisional_words(value)
    if value.value is not None and formats.is_few(value):
        yield _("Too few for a rate or a trend") if kpi.unit is Unit.SHARE else _("Too few for a trend")


def _aims(board: Board, kpi: Kpi, value: Value, targets: Targets) -> Iterable[str]:
    """What it shall reach at the end of the period, and whether it does."""
    aim = targets.at(kpi, min(board.period.end, board.query.as_of))
    if aim is not None:
        yield target_text(kpi, value, aim)


def change_text(kpi: Kpi, change: Change, earlier: Value | None) -> ChangeText | None:
    """The change in words; None where nothing was to be compared."""
    if change.verdict is Verdict.NONE:
        words = WHY.get(change.why) if change.why else None
        return ChangeText("untested", "", str(words), "", "") if words else None
    was = _("before: %s") % formats.figure(kpi, earlier) if earlier else ""
    if change.verdict is Verdict.UNTESTED or change.difference is None:
        return ChangeText("untested", "", was, "", "")
    moved = formats.difference(kpi, change.difference)
    title = ""
    if change.low is not None and change.high is not None:
        title = _("Difference %(difference)s, 95%% sure: %(low)s to %(high)s") % {
            "difference": moved,
            "low": formats.difference(kpi, change.low),
            "high": formats.difference(kpi, change.high),
        }
    if change.verdict is Verdict.SAME:
        return ChangeText("tested", "", str(VERDICTS[change.verdict]), title, was)
    look = change.verdict.value if change.verdict is not Verdict.DIFFERENT else "tested"
    arrow = "up" if change.difference > 0 else "down"
    return ChangeText(look, arrow, f"{moved} {VERDICTS[change.verdict]}", title, was)


def promise(board: Board) -> str:
    """What the service level is measured against: "80 % in 20 s by phone, 80 % in 60 s in chat"."""
    agreements = Agreement.objects.filter(valid_from__lt=board.period.end).order_by("client_id", "-valid_from")
    if clients := board.query.filters.get("client"):
        agreements = agreements.filter(client__in=clients)
    latest = dict(agreements.distinct("client_id").values_list("pk", "service_level_variant"))
    levels = ServiceLevel.objects.filter(agreement__in=latest).order_by("agreement_id", "channel", "position")
    promises = {
        (level.channel, level.target_share, level.threshold_seconds)
        for level in levels.distinct("agreement_id", "channel")
        if level.channel in board.query.filters.get("channel", Channel.values)
    }
    if len({channel for channel, _share, _seconds in promises}) < len(promises):
        return _("by each client's agreement")
    words = [
        _("%(share)s in %(seconds)s s (%(channel)s)")
        % {
            "share": formats.share(float(target)),
            "seconds": formats.number(float(seconds), 1),
            "channel": Channel(channel).label,
        }
        for channel, target, seconds in sorted(promises, reverse=True)
    ]
    variants = set(latest.values())
    words += [str(ServiceLevelVariant(variants.pop()).label)] if len(variants) == 1 else []
    return "; ".join(words)
