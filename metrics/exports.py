"""CSV of exactly what a page shows, safe to open in a spreadsheet."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from django.conf import settings
from django.http import HttpResponse, StreamingHttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _

from metrics import cards, charts, formats, rows
from metrics.board import Board
from metrics.compute import Query, Value
from metrics.definition import Kpi, Unit
from metrics.drill import columns_of
from metrics.purse import CARD_SECONDS, Purse
from tickets.tables import Line, written

CHUNK = 1000


def described_at(kpi: Kpi | None = None) -> str:
    """The address that says how the figure, or all of them, is computed."""
    return settings.PUBLIC_URL.rstrip("/") + (reverse("kpi", args=[kpi.key]) if kpi else reverse("definitions"))


def _headed[R: HttpResponse | StreamingHttpResponse](response: R, name: str, kpi: Kpi | None = None) -> R:
    response["Content-Disposition"] = f'attachment; filename="{name}.csv"'
    response["Link"] = f'<{described_at(kpi)}>; rel="describedby"'
    return response


def download(name: str, lines: Iterable[Line]) -> HttpResponse:
    return _headed(HttpResponse("".join(written(lines)), content_type="text/csv; charset=utf-8"), name)


def stream(name: str, lines: Iterable[Line], kpi: Kpi) -> StreamingHttpResponse:
    return _headed(StreamingHttpResponse(written(lines), content_type="text/csv; charset=utf-8"), name, kpi)


def value_head() -> list[str]:
    """The columns that say what a figure is made of."""
    return [_("Value"), _("Numerator"), _("Denominator"), _("95% low"), _("95% high"), _("Provisional")]


def value_cells(value: Value | None) -> list[Any]:
    """What a figure is made of, as numbers; no interval where the rows are too few for one."""
    if value is None:
        return [None] * 6
    few = formats.is_few(value)
    rest = value.denominator if value.denominator is not None else value.n
    low, high = (None, None) if few else (value.low, value.high)
    return [value.value, value.numerator, rest, low, high, value.provisional]


def _tile_head() -> Line:
    return [_("Group"), _("Figure"), _("Shown"), *value_head(), _("Change"), _("Before"), _("How is this computed?")]


def _tile_line(group: str, tile: cards.Tile) -> Line:
    words = [tile.change.text, tile.change.earlier] if tile.change else ["", ""]
    return [group, str(tile.kpi.name), tile.figure, *value_cells(tile.value), *words, described_at(tile.kpi)]


def tile_lines(group: str, found: Iterable[cards.Tile]) -> Iterator[Line]:
    yield _tile_head()
    for tile in found:
        yield _tile_line(group, tile)


def tiles(board: Board) -> Iterator[Line]:
    yield _tile_head()
    for section in cards.sections(board, Purse(CARD_SECONDS)):
        for tile in section.tiles:
            yield _tile_line(section.title, tile)


def _wide(kpis: Sequence[Kpi]) -> list[str]:
    """The columns of each KPI; a count is one."""
    names: list[str] = []
    for kpi in kpis:
        more = [] if kpi.unit is Unit.COUNT else [f"{kpi.name}: {word}" for word in value_head()]
        names += [str(kpi.name), *more]
    return names


def _wide_cells(kpis: Sequence[Kpi], cells: Sequence[charts.Cell]) -> list[Any]:
    found: list[Any] = []
    for kpi, cell in zip(kpis, cells, strict=True):
        if kpi.unit is Unit.COUNT:
            found.append(cell.raw.value if cell.raw else None)
        else:
            found += [cell.figure, *value_cells(cell.raw)]
    return found


def chart(board: Board) -> Iterator[Line]:
    found = charts.make_chart(board)
    yield [str(cards.SPLIT_NAMES[board.split]), *_wide(found.kpis)]
    for line in found.lines:
        yield [line.label, *_wide_cells(found.kpis, line.cells)]


def queues(board: Board) -> Iterator[Line]:
    found = charts.make_queues(board)
    yield [_("Queue"), _("Code"), *_wide(found.kpis)]
    for row in found.rows:
        yield [row.name, row.code, *_wide_cells(found.kpis, row.cells)]


TABLES: dict[str, Callable[[Board], Iterator[Line]]] = {"figures": tiles, "chart": chart, "queues": queues}


def row_lines(kpi: Kpi, query: Query, which: str, reason: str | None) -> Iterator[Line]:
    """Every row of the set, page by page, in the columns of the page."""
    names = [column.name for column in columns_of(kpi, which, query.sight)]
    yield [str(column.label) for column in columns_of(kpi, which, query.sight)]
    after: str | None = None
    while True:
        page = rows.page(kpi, query, which, after=after, limit=CHUNK, reason=reason)
        for row in page.rows:
            yield [row[name] for name in names]
        after = page.after
        if after is None:
            return
