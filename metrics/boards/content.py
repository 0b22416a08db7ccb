"""What a widget shows: a table, whose figures open onto their rows, and where it helps a drawing of the same."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from metrics.board import Board
from metrics.charts import Cell
from metrics.definition import Kpi, Unit
from metrics.exports import value_cells, value_head
from tickets.tables import Line


@dataclass(frozen=True)
class Column:
    """One column. `how` is the address that says how its KPI is computed."""

    label: str
    kpi: Kpi | None = None
    how: str = ""


@dataclass(frozen=True)
class Bar:
    """A bar in per cent of the widest, with the ends of its interval and its target where it has them."""

    width: float
    low: float | None = None
    high: float | None = None
    target: float | None = None
    is_strong: bool = False
    is_hollow: bool = False

    @property
    def reach(self) -> float:
        return (self.high or 0) - (self.low or 0)


@dataclass(frozen=True)
class Row:
    label: str
    cells: list[Cell]
    url: str = ""
    code: str = ""
    is_ranked: bool = True
    marks: tuple[str, ...] = ()
    bar: Bar | None = None


@dataclass(frozen=True)
class Content:
    """Everything of one widget.

    Attributes:
        head: What the first column names.
        data: What the script draws; None where the table is the drawing.
        more: How many rows stand only in the file.
        flat: The file's lines, where they are other than the table's.
    """

    head: str = ""
    columns: list[Column] = field(default_factory=list)
    rows: list[Row] = field(default_factory=list)
    data: dict[str, Any] | None = None
    statements: tuple[str, ...] = ()
    is_late: bool = False
    more: list[Row] = field(default_factory=list)
    flat: list[Line] | None = None

    @property
    def is_empty(self) -> bool:
        return not self.is_late and not self.rows


LATE = Content(is_late=True)


def columns_for(board: Board, kpis: Iterable[Kpi]) -> list[Column]:
    return [Column(str(kpi.name), kpi, board.kpi_link(kpi)) for kpi in kpis]


def lines(found: Content) -> Iterator[Line]:
    """The widget as a file: every row, with all that each figure is made of."""
    if found.flat is not None:
        yield from found.flat
        return
    heads: list[str] = []
    for column in found.columns:
        is_wide = column.kpi is not None and column.kpi.unit is not Unit.COUNT
        heads += [column.label, *(f"{column.label}: {word}" for word in value_head() if is_wide)]
    yield [found.head, *heads]
    for row in [*found.rows, *found.more]:
        yield [
            row.label,
            *(part for column, cell in zip(found.columns, row.cells, strict=True) for part in _cells(column, cell)),
        ]


def _cells(column: Column, cell: Cell) -> list[Any]:
    if column.kpi is None:
        return [cell.plain if cell.plain is not None else cell.figure]
    if column.kpi.unit is Unit.COUNT:
        return [cell.raw.value if cell.raw else None]
    return [cell.figure, *value_cells(cell.raw)]
