"""What stands on the dashboard's cards, its chart and its table: values of the engine, put into words.

A page has a purse of time. What cannot be counted within it is left to the card's own request, so that one slow figure
does not hold the others.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from time import monotonic
from typing import Any

from django.db import OperationalError, transaction
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from psycopg.errors import QueryCanceled

from metrics import compute, formats, mixes, trend
from metrics.agreements import changed_terms, marks
from metrics.board import CARDS, COLUMNS, DEFAULT_CHART, SECTIONS, VOLUME, Board, starts
from metrics.catalog import KPIS
from metrics.change import ALIKE, Change, Circumstances, Verdict, Why, compare
from metrics.compute import Query, Row, Value
from metrics.definition import Kpi, Unit
from metrics.fairness import around
from metrics.mix import Decomposition
from metrics.mixes import Mixed
from metrics.reader import reader
from metrics.variation import RULES, UNTESTED, Point, Variation, in_full, point, variation
from tickets.models import Agreement, Channel, Queue, ServiceLevel, ServiceLevelVariant

PAGE_SECONDS, CARD_SECONDS, LEAST_SECONDS = 2.5, 14.0, 0.1
FAMILY_SHARE = 0.3

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
    Why.MIX: gettext_lazy("not compared: the mix of channels shifted"),
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
    "agent_month": gettext_lazy("No whole month"),
    "cost": gettext_lazy("No whole month"),
    "pulse": gettext_lazy("No answers"),
    "headcount": gettext_lazy("No answers"),
    "interview": gettext_lazy("No interviews"),
    "coverage": gettext_lazy("No agents"),
}
# Divided by hours or goals.
DIVIDED_BY_NO_ROWS = {"agent_month", "coverage", "headcount"}


class Purse:
    """So much time for one page, of which no family of figures may take more than its share."""

    def __init__(self, seconds: float, share: float = 1) -> None:
        self.until = monotonic() + seconds
        self.most = seconds * share

    def left(self) -> float:
        return min(self.until - monotonic(), self.most)


def answers(kpis: Iterable[Kpi], query: Query, purse: Purse) -> tuple[list[Row], set[str]]:
    """Ask the engine for as much as the purse allows.

    Returns:
        One row a group with the values that were counted in time, and the keys of the KPIs that were not.
    """
    families: dict[Any, list[Kpi]] = defaultdict(list)
    # Percentiles last: only the rows themselves can answer them.
    for kpi in sorted(kpis, key=lambda kpi: kpi.percentile is not None):
        families[kpi.fact.code, kpi.percentile is not None].append(kpi)
    merged: dict[tuple[Any, ...], Row] = {}
    late: set[str] = set()
    for family in families.values():
        rows = _within(family, query, purse.left())
        if rows is None:
            late |= {kpi.key for kpi in family}
            continue
        for row in rows:
            mine = merged.setdefault(tuple(row.group.values()), Row(row.group, {}))
            mine.values.update(row.values)
    return list(merged.values()), late


def _within(kpis: Sequence[Kpi], query: Query, seconds: float) -> list[Row] | None:
    return in_time(lambda: compute.values(kpis, query), seconds)


def in_time[T](work: Callable[[], T], seconds: float) -> T | None:
    """What the database answers to `work` within so many seconds, of one instant; None where it takes longer."""
    if seconds < LEAST_SECONDS:
        return None
    connection = reader()
    nested = connection.in_atomic_block
    try:
        with transaction.atomic(using=connection.alias), connection.cursor() as cursor:
            if not nested:
                # As the engine does it by itself: marks and cells as of one instant.
                cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
            cursor.execute("SELECT set_config('statement_timeout', %s, true)", [f"{int(seconds * 1000)}ms"])
            found = work()
            if nested:
                cursor.execute("SET LOCAL statement_timeout TO DEFAULT")
            return found
    except OperationalError as error:
        if isinstance(error.__cause__, QueryCanceled):
            return None
        raise


def _single(kpis: Iterable[Kpi], query: Query, purse: Purse) -> tuple[dict[str, Value], set[str]]:
    rows, late = answers(kpis, query, purse)
    return (rows[0].values if rows else {}), late


# --- cards


def touched(kinds: Sequence[str]) -> list[str]:
    """The cards whose figures come from such rows; all of them where a kind is not known."""
    known = {kpi.fact.record.code for kpi in KPIS.values()}
    if not kinds or not set(kinds) <= known:
        return list(CARDS)
    return [key for key, kpi in CARDS.items() if kpi.fact.record.code in kinds]


def chart_is_touched(board: Board, keys: Sequence[str]) -> bool:
    facts = {CARDS[key].fact.record.code for key in keys}
    return any(kpi.fact.record.code in facts for kpi in chart_kpis(board))


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

    @property
    def id(self) -> str:
        return "tile-" + self.kpi.key.replace(":", "-")

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
    kpis = [CARDS[key] for key in keys]
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
        changes=_changes(kpis, board),
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
    changes: list[int]
    around: Circumstances


def _mixed(kpis: Sequence[Kpi], query: Query, purse: Purse) -> Mixed:
    """Values; of shares by channel too, from the same question, so that the channels add up to the total."""
    shares = [kpi for kpi in kpis if mixes.is_mixed(kpi)]
    others, _late = _single([kpi for kpi in kpis if kpi not in shares], query, purse)
    rows, late = answers(shares, mixes.by_channel(query), purse)
    found = mixes.summed([kpi for kpi in shares if kpi.key not in late], rows)
    return Mixed({**others, **found.values}, found.parts)


def _changed_terms(kpis: Sequence[Kpi], board: Board) -> set[str]:
    if board.before is None or not any(kpi.terms for kpi in kpis):
        return set()
    return changed_terms(board.clients, board.before.period.start, board.period.end)


def _changes(kpis: Sequence[Kpi], board: Board) -> list[int]:
    """The first pieces of the series after a new agreement, where figures that hang on it are shown."""
    return sorted({at for at, _words in _marks(board)}) if any(kpi.terms for kpi in kpis) else []


def _marks(board: Board) -> list[tuple[int, str]]:
    """By index of the series' piece, what the chart marks there."""
    edges = starts(board.period, board.query.as_of)
    found = marks(board.clients, board.period.start, board.period.end)
    return [(bisect_right(edges, at) - 1, words) for at, words in found if at >= edges[0]]


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


def _tile(
    board: Board, kpi: Kpi, value: Value | None, earlier: Value | None, line: Sequence[Point], about: About
) -> Tile:
    empty = Tile(
        kpi,
        value,
        rows_url=board.rows_link(kpi),
        kpi_url=board.kpi_link(kpi),
        card_url=f"{reverse('dashboard_card', args=[kpi.key])}?{board.state()}",
    )
    if value is None:
        return empty
    tested = variation(kpi, board.split, line, about.changes if kpi.terms else []) if line else UNTESTED
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
        notes=tuple(_notes(kpi, value, about.promised)),
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


def _notes(kpi: Kpi, value: Value, promised: str) -> Iterable[str]:
    if kpi.key == "service-level" and promised:
        yield promised
    if value.provisional:
        yield _provisional(value)
    if value.value is not None and formats.is_few(value):
        yield _("Too few for a rate or a trend") if kpi.unit is Unit.SHARE else _("Too few for a trend")


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


# --- chart


@dataclass(frozen=True)
class Line:
    """One row of the chart's table: a piece of time, and the cells of the KPIs."""

    label: str
    cells: list[Cell]
    marks: tuple[str, ...] = ()


@dataclass(frozen=True)
class Cell:
    """One figure of a table, with the link to its rows."""

    figure: str
    parts: str = ""
    interval: str = ""
    url: str = ""
    raw: Value | None = None
    key: str = ""
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Chart:
    name: str
    kpis: list[Kpi]
    lines: list[Line]
    data: dict[str, Any] = field(default_factory=dict)
    is_late: bool = False
    # What the series say, beside what is drawn.
    statements: tuple[str, ...] = ()

    @property
    def is_empty(self) -> bool:
        return not any(
            cell.raw and (cell.raw.value or cell.raw.provisional) for line in self.lines for cell in line.cells
        )


def chart_kpis(board: Board) -> list[Kpi]:
    return [KPIS[key] for key in (VOLUME if board.chart == DEFAULT_CHART else (board.chart,))]


def make_chart(board: Board, purse: Purse | None = None) -> Chart:
    """The chart over time, and the same figures as a table."""
    kpis = chart_kpis(board)
    rows, late = answers(kpis, board.by_time, purse or Purse(CARD_SECONDS))
    if late:
        return Chart(board.chart, kpis, [], is_late=True)
    edges = starts(board.period, board.query.as_of)
    found = {row.group[board.split]: row.values for row in rows}
    zone = board.period.zone
    labels = [formats.bucket(edge, board.split, zone) for edge in edges]
    ends = [*edges[1:], board.period.end]
    series = {kpi.key: [point(kpi, found.get(edge, {}).get(kpi.key)) for edge in edges] for kpi in kpis}
    marked = _marks(board)
    tested = {
        kpi.key: variation(kpi, board.split, series[kpi.key], [at for at, _words in marked] if kpi.terms else [])
        for kpi in kpis
    }
    lines = []
    for at, (label, start, end) in enumerate(zip(labels, edges, ends, strict=True)):
        piece = {"start": [start.astimezone(zone).isoformat()], "end": [end.astimezone(zone).isoformat()]}
        cells = []
        for kpi in kpis:
            cell = _cell(board, kpi, found.get(start, {}).get(kpi.key), piece)
            broken = [str(RULES[rule]) for rule in tested[kpi.key].signals.get(at, [])]
            cells.append(replace(cell, notes=(*cell.notes, *broken)))
        lines.append(Line(label, cells, tuple(words for index, words in marked if index == at)))
    data = _data(kpis, labels, [found.get(edge, {}) for edge in edges], series)
    for one in data["series"]:
        one.update(tested[one["key"]].plain())
    data["marks"] = [{"at": at, "label": words} for at, words in marked]
    return Chart(board.chart, kpis, lines, data, statements=tuple(_statements(kpis, series, tested)))


def _statements(kpis: Sequence[Kpi], series: dict[str, list[Point]], tested: dict[str, Variation]) -> Iterable[str]:
    for kpi in kpis:
        if text := in_full(kpi, tested[kpi.key]):
            yield text
        if few := sum(one.is_few for one in series[kpi.key]):
            words = ngettext(
                "%(name)s: %(count)s point rests on fewer than 10 and is not drawn",
                "%(name)s: %(count)s points rest on fewer than 10 and are not drawn",
                few,
            )
            yield words % {"name": kpi.name, "count": formats.number(few)}
    if any(one.is_provisional and one.value is not None for points in series.values() for one in points):
        yield _("Hollow: provisional, the window has not passed")


def _data(
    kpis: Sequence[Kpi], labels: list[str], values: Sequence[dict[str, Value]], points: dict[str, list[Point]]
) -> dict[str, Any]:
    """What the script draws. Figures come with their words, so that it needs no arithmetic and no language."""
    series = []
    for kpi in kpis:
        row = [found.get(kpi.key) for found in values]
        series.append(
            {
                "key": kpi.key,
                "name": str(kpi.name),
                "unit": kpi.unit.value,
                "points": [one.value for one in points[kpi.key]],
                "hollow": [at for at, one in enumerate(points[kpi.key]) if one.is_provisional],
                "words": [_words(kpi, value) for value in row],
            }
        )
    return {"labels": labels, "series": series}


def _words(kpi: Kpi, value: Value | None) -> str:
    if value is None:
        return "0" if kpi.unit is Unit.COUNT else formats.NOTHING
    figure, rest = formats.figure(kpi, value), parts(kpi, value)
    more = [rest] if rest and value.value is not None else []
    more += [_provisional(value)] if value.provisional else []
    return f"{figure} ({', '.join(more)})" if more else figure


def _provisional(value: Value) -> str:
    return ngettext("+ %s provisional", "+ %s provisional", value.provisional) % formats.number(value.provisional)


def _cell(board: Board, kpi: Kpi, value: Value | None, changes: dict[str, list[str]] | None) -> Cell:
    if value is None:
        value = Value(value=0 if kpi.unit is Unit.COUNT else None)
    return Cell(
        figure=formats.figure(kpi, value),
        parts=parts(kpi, value) if value.value is not None else "",
        interval=formats.interval(kpi, value),
        url=board.rows_link(kpi, **changes) if changes is not None and value.value is not None else "",
        raw=value,
        key=kpi.key,
        notes=(_provisional(value),) if value.provisional else (),
    )


# --- table by queue


@dataclass(frozen=True)
class QueueRow:
    name: str
    code: str
    cells: list[Cell]
    url: str = ""
    is_ranked: bool = True


@dataclass(frozen=True)
class Head:
    """The head of a column, by which the server sorts."""

    id: str
    label: str
    url: str
    order: str
    how: str = ""


@dataclass(frozen=True)
class QueueTable:
    kpis: list[Kpi]
    rows: list[QueueRow]
    heads: list[Head] = field(default_factory=list)
    is_late: bool = False


def _heads(board: Board, kpis: Sequence[Kpi]) -> list[Head]:
    columns = [("queue", _("Queue")), *((kpi.key, str(kpi.name)) for kpi in kpis)]
    return [_head(board, key, label) for key, label in columns]


def _head(board: Board, key: str, label: str) -> Head:
    is_sorted = board.sort == key
    # A second press turns the order round; the first shows the most, of names the first.
    descending = not board.descending if is_sorted else key != "queue"
    url = board.link(sort=key, dir="desc" if descending else "asc")
    order = ("descending" if board.descending else "ascending") if is_sorted else ""
    how = board.kpi_link(KPIS[key]) if key in KPIS else ""
    return Head(key.replace(":", "-"), label, url, order, how)


def make_queues(board: Board, purse: Purse | None = None) -> QueueTable:
    """The figures by queue, in the order asked for. What rests on few rows stands below, and is not ranked."""
    kpis = [KPIS[key] for key in COLUMNS]
    query = compute.Query(board.period, ("queue",), board.query.filters, board.query.as_of, board.query.engine)
    found, late = answers(kpis, query, purse or Purse(CARD_SECONDS))
    if late:
        return QueueTable(kpis, [], is_late=True)
    queues = {pk: (code, name) for pk, code, name in Queue.objects.values_list("pk", "code", "name")}
    rows = []
    for row in found:
        code, name = queues.get(row.group["queue"], ("", _("Without a queue")))
        link = {"queue": [code]} if code else None
        cells = [_cell(board, kpi, row.values.get(kpi.key), link) for kpi in kpis]
        url = board.link(queue=code) if code else ""
        rows.append(QueueRow(name, code, cells, url, is_ranked=_is_ranked(board, cells)))
    return QueueTable(kpis, _sorted(board, rows), _heads(board, kpis))


def _sorting_cell(board: Board, cells: Sequence[Cell]) -> Cell | None:
    return next((cell for cell in cells if cell.key == board.sort), None)


def _is_ranked(board: Board, cells: Sequence[Cell]) -> bool:
    cell = _sorting_cell(board, cells)
    if cell is None or cell.raw is None:
        return True
    n = formats.counted(cell.raw)
    return n is None or n >= formats.RANKED


def _sorted(board: Board, rows: list[QueueRow]) -> list[QueueRow]:
    def figure(row: QueueRow) -> float:
        cell = _sorting_cell(board, row.cells)
        return cell.raw.value or 0 if cell is not None and cell.raw is not None else 0

    rows = sorted(rows, key=lambda row: row.name.casefold(), reverse=board.sort == "queue" and board.descending)
    if board.sort != "queue":
        rows = sorted(rows, key=figure, reverse=board.descending)
    # A stable sort: the unranked keep their order among themselves.
    return sorted(rows, key=lambda row: not row.is_ranked)
