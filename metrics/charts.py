"""The dashboard's chart and its table by queue: values of the engine over time and side by side."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from metrics import door, formats
from metrics.board import CARDS, COLUMNS, DEFAULT_CHART, VOLUME, Board, starts
from metrics.boards.targets import Targets
from metrics.cards import changes_for, marks_on, parts, provisional_words
from metrics.catalog import KPIS
from metrics.compute import Value
from metrics.definition import Kpi, Unit
from metrics.purse import CARD_SECONDS, Purse, answers
from metrics.variation import RULES, Point, Variation, in_full, point, variation


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
    # The number behind a figure that is no KPI's value, and how it looks.
    plain: float | None = None
    look: str = ""


def figure_cell(board: Board, kpi: Kpi, value: Value | None, changes: dict[str, list[str]] | None) -> Cell:
    """One figure with the link to its rows, which are narrowed by `changes`; None for them: it has no link."""
    if value is None:
        value = Value(value=0 if kpi.unit is Unit.COUNT else None)
    return Cell(
        figure=formats.figure(kpi, value),
        parts=parts(kpi, value) if value.value is not None else "",
        interval=formats.interval(kpi, value),
        url=board.rows_link(kpi, **changes) if changes is not None and value.value is not None else "",
        raw=value,
        key=kpi.key,
        notes=(provisional_words(value),) if value.provisional else (),
    )


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


def make_chart(board: Board, purse: Purse | None = None, kpis: Sequence[Kpi] | None = None) -> Chart:
    """The chart over time of the board's choice, or of these KPIs, and the same figures as a table."""
    kpis = list(kpis) if kpis is not None else chart_kpis(board)
    rows, late = answers(kpis, board.by_time, purse or Purse(CARD_SECONDS))
    if late:
        return Chart(board.chart, kpis, [], is_late=True)
    edges = starts(board.period, board.query.as_of)
    found = {row.group[board.split]: row.values for row in rows}
    zone = board.period.zone
    labels = [formats.bucket(edge, board.split, zone) for edge in edges]
    ends = [*edges[1:], board.period.end]
    series = {kpi.key: [point(kpi, found.get(edge, {}).get(kpi.key)) for edge in edges] for kpi in kpis}
    marked = marks_on(board)
    tested = {kpi.key: variation(kpi, board.split, series[kpi.key], changes_for(kpi, marked)) for kpi in kpis}
    lines = []
    for at, (label, start, end) in enumerate(zip(labels, edges, ends, strict=True)):
        piece = {"start": [start.astimezone(zone).isoformat()], "end": [end.astimezone(zone).isoformat()]}
        cells = []
        for kpi in kpis:
            cell = figure_cell(board, kpi, found.get(start, {}).get(kpi.key), piece)
            broken = [str(RULES[rule]) for rule in tested[kpi.key].signals.get(at, [])]
            cells.append(replace(cell, notes=(*cell.notes, *broken)))
        lines.append(Line(label, cells, tuple(mark.words for mark in marked if mark.at == at)))
    data = _data(kpis, labels, [found.get(edge, {}) for edge in edges], series)
    targets = Targets(board)
    for kpi, one in zip(kpis, data["series"], strict=True):
        one.update(tested[kpi.key].plain(), target=targets.along(kpi, edges))
    data["marks"] = [{"at": mark.at, "label": mark.words} for mark in marked]
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
    more += [provisional_words(value)] if value.provisional else []
    return f"{figure} ({', '.join(more)})" if more else figure


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
    query = replace(board.query, by=("queue",), at=None)
    found, late = answers(kpis, query, purse or Purse(CARD_SECONDS))
    if late:
        return QueueTable(kpis, [], is_late=True)
    known = door.queues(board.user)
    queues = {pk: (code, name) for pk, code, name in known.values_list("pk", "code", "name")}
    rows = []
    for row in found:
        code, name = queues.get(row.group["queue"], ("", _("Without a queue")))
        link = {"queue": [code]} if code else None
        cells = [figure_cell(board, kpi, row.values.get(kpi.key), link) for kpi in kpis]
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


def chart_is_touched(board: Board, keys: Sequence[str]) -> bool:
    facts = {CARDS[key].fact.record.code for key in keys}
    return any(kpi.fact.record.code in facts for kpi in chart_kpis(board))
