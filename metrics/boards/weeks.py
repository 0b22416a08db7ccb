"""One figure by weekday and half-hour: when it is busy, and when it is slow."""

from __future__ import annotations

from collections.abc import Sequence

from django.utils.dates import WEEKDAYS
from django.utils.dates import WEEKDAYS_ABBR as SHORT
from django.utils.translation import gettext as _

from metrics import compute, formats
from metrics.board import Board
from metrics.boards.content import LATE, Column, Content, Row
from metrics.boards.widgets import Widget
from metrics.charts import Cell
from metrics.compute import Value
from metrics.definition import Kpi, Unit
from metrics.exports import value_cells, value_head
from metrics.period import HALVES, Slot
from metrics.purse import Purse, in_time
from tickets.tables import Line

# How many shades a figure may have.
SHADES = 5
DAYS = range(1, 8)


def make(board: Board, widget: Widget, purse: Purse) -> Content:
    """A row for each half-hour of the day in which something was, a column for each weekday.

    The table is the drawing: each cell has its figure in it, a shade beside, and opens onto its rows.
    """
    (kpi,) = widget.declared
    found = in_time(lambda: compute.by_slot([kpi], board.query), purse.left())
    if found is None:
        return LATE
    values = {slot: one[kpi.key] for slot, one in found.items()}
    if not values:
        return Content(head=_("Half-hour"))
    halves = [slot.half for slot in values]
    shades = _shades([value for value in values.values() if not formats.is_few(value)])
    rows = [
        Row(
            Slot(1, half).clock,
            [_cell(board, kpi, Slot(day, half), values.get(Slot(day, half)), shades) for day in DAYS],
        )
        for half in range(min(halves), max(halves) + 1)
    ]
    return Content(
        head=_("Half-hour"),
        columns=[Column(str(SHORT[day - 1])) for day in DAYS],
        rows=rows,
        statements=tuple(_statements(kpi, values)),
        flat=_flat(kpi, values),
    )


def _shades(values: Sequence[Value]) -> tuple[float, float] | None:
    """The lowest and the highest of the values that are no accident."""
    known = [value.value for value in values if value.value is not None]
    return (min(known), max(known)) if known else None


def _cell(board: Board, kpi: Kpi, slot: Slot, value: Value | None, shades: tuple[float, float] | None) -> Cell:
    if value is None or value.value is None:
        return Cell("", look="heat-none")
    words = formats.figure(kpi, value)
    more = formats.fraction(kpi, value)
    return Cell(
        figure=_short(kpi, value),
        parts=f"{formats.slot(slot)}: {words}" + (f" ({more})" if more and more != words else ""),
        url=board.rows_link(kpi, slot=[str(slot)]),
        raw=value,
        look=_look(value, shades),
    )


def _look(value: Value, shades: tuple[float, float] | None) -> str:
    if formats.is_few(value) or shades is None or value.value is None:
        return "heat-few"
    low, high = shades
    step = SHADES - 1 if high == low else min(SHADES - 1, int((value.value - low) / (high - low) * SHADES))
    return f"heat-{step}" + (" heat-hollow" if value.provisional else "")


def _short(kpi: Kpi, value: Value) -> str:
    """The figure in the little room of a cell; its words stand in the cell's name."""
    if value.value is None:
        return ""
    if formats.is_few(value) and kpi.unit is Unit.SHARE:
        return f"{int(value.numerator or 0)}/{int(value.denominator or 0)}"
    if kpi.unit is Unit.SHARE:
        return formats.number(100 * value.value)
    if kpi.unit is Unit.SECONDS:
        whole = round(value.value)
        return str(whole) if whole < formats.MINUTE else f"{whole // 60}:{whole % 60:02}"
    return formats.number(value.value, 0 if kpi.unit is Unit.COUNT else 1)


def _statements(kpi: Kpi, values: dict[Slot, Value]) -> list[str]:
    found = [_("All weeks of the period together, on the wall clock.")]
    if kpi.unit is Unit.SHARE:
        found.append(_("In per cent."))
    if kpi.unit is Unit.SECONDS:
        found.append(_("In seconds, or minutes and seconds."))
    if any(formats.is_few(value) for value in values.values()):
        found.append(_("Without a shade: fewer than 10."))
    return found


def _flat(kpi: Kpi, values: dict[Slot, Value]) -> list[Line]:
    lines: list[Line] = [[_("Weekday"), _("Half-hour"), str(kpi.name), *value_head()]]
    for slot in sorted(values, key=lambda slot: slot.weekday * HALVES + slot.half):
        value = values[slot]
        lines.append([str(WEEKDAYS[slot.weekday - 1]), slot.clock, formats.figure(kpi, value), *value_cells(value)])
    return lines
