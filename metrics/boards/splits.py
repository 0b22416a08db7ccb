"""Figures side by side: by queue, channel, client, team, topic or agent."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from metrics import door, formats
from metrics.board import Board
from metrics.boards.content import LATE, Bar, Content, Row, columns_for
from metrics.boards.names import Name, name_of, names
from metrics.boards.targets import Scope, Targets, target_text
from metrics.boards.widgets import SPLIT_LABELS, Widget
from metrics.charts import Cell, figure_cell
from metrics.compute import Value
from metrics.definition import Direction, Kpi, Unit
from metrics.purse import Purse, answers

SHOWN = 25


def make(board: Board, widget: Widget, purse: Purse) -> Content:
    """One figure as bars, or several as a table. What rests on few rows stands below and is not ranked.

    Groups come worst first where there is a worse, else the largest first; people by name, for figures of people are
    not ranked.
    """
    by, kpis = widget.by, widget.declared
    if by not in door.splits(board.user, tuple(SPLIT_LABELS)):
        return Content(head=str(SPLIT_LABELS[by]))
    found, late = answers(kpis, replace(board.query, by=(by,), at=None), purse)
    if late:
        return LATE
    known = names(by, [row.group[by] for row in found], board.user)
    targets = Targets(board)
    made = [_row(board, by, kpis, name_of(by, row.group[by], known), row.values, targets) for row in found]
    rows = _ordered(made, kpis[0], by)
    if widget.kind == "split":
        rows = _with_bars(rows, kpis[0])
    return Content(
        head=str(SPLIT_LABELS[by]),
        columns=columns_for(board, kpis),
        rows=rows[:SHOWN],
        more=rows[SHOWN:],
        statements=tuple(_statements(rows, by)),
    )


def _row(board: Board, by: str, kpis: Sequence[Kpi], name: Name, values: dict[str, Value], targets: Targets) -> Row:
    link = {by: [name.code]} if name.code else None
    cells = [
        _with_target(board, kpi, figure_cell(board, kpi, values.get(kpi.key), link), by, name, targets) for kpi in kpis
    ]
    url = board.link(**{by: name.code}) if name.code else ""
    return Row(name.label, cells, url, name.code, is_ranked=_is_ranked(cells[0]))


def _scopes(by: str, name: Name) -> list[Scope] | None:
    """Whose target a row has: a queue's and a client's row their own, another what the whole page has."""
    if by == "queue" and name.pk:
        return Targets.of_queue(name.pk, name.client)
    return Targets.of_client(name.client) if by == "client" and name.client else None


def _with_target(board: Board, kpi: Kpi, cell: Cell, by: str, name: Name, targets: Targets) -> Cell:
    if not any(key == kpi.key for key, _scope in targets.known) or cell.raw is None:
        return cell
    aim = targets.at(kpi, min(board.period.end, board.query.as_of), _scopes(by, name))
    if aim is None:
        return cell
    return replace(cell, notes=(*cell.notes, target_text(kpi, cell.raw, aim)), plain=aim)


def _is_ranked(cell: Cell) -> bool:
    if cell.raw is None or cell.raw.value is None:
        return False
    n = formats.counted(cell.raw)
    return n is None or n >= formats.RANKED


def _ordered(rows: list[Row], kpi: Kpi, by: str) -> list[Row]:
    rows = sorted(rows, key=lambda row: row.label.casefold())
    if by == "agent":
        return [replace(row, is_ranked=True) for row in rows]

    def figure(row: Row) -> float:
        value = row.cells[0].raw.value if row.cells[0].raw else None
        return value or 0

    rows = sorted(rows, key=figure, reverse=kpi.direction is not Direction.HIGHER_IS_BETTER or kpi.unit is Unit.COUNT)
    return sorted(rows, key=lambda row: not row.is_ranked)


def _with_bars(rows: list[Row], kpi: Kpi) -> list[Row]:
    def ends(row: Row) -> list[float]:
        cell = row.cells[0]
        if cell.raw is None or cell.raw.value is None:
            return [0]
        return [cell.raw.value, cell.plain or 0, 0 if formats.is_few(cell.raw) else cell.raw.high or 0]

    most = max((end for row in rows for end in ends(row)), default=0)
    if most <= 0 or kpi.unit is Unit.POINTS:
        return rows
    return [replace(row, bar=_bar(row.cells[0], most)) for row in rows]


def _bar(cell: Cell, most: float) -> Bar | None:
    value = cell.raw
    if value is None or value.value is None:
        return None

    def per_cent(end: float | None) -> float | None:
        return None if end is None else round(100 * max(0.0, end) / most, 2)

    few = formats.is_few(value)
    return Bar(
        per_cent(value.value) or 0,
        None if few else per_cent(value.low),
        None if few else per_cent(value.high),
        per_cent(cell.plain),
        is_hollow=few or value.provisional > (formats.counted(value) or 0),
    )


def _statements(rows: Sequence[Row], by: str) -> list[str]:
    found = []
    if by == "agent":
        found.append(_("In order of name: figures of people are for talking about, not for ranking."))
    if len(rows) > SHOWN:
        words = ngettext("%s more stands in the file.", "%s more stand in the file.", len(rows) - SHOWN)
        found.append(words % formats.number(len(rows) - SHOWN))
    if any(row.bar and row.bar.is_hollow for row in rows):
        found.append(_("Hollow: mostly provisional, or fewer than 10."))
    return found
