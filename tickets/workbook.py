"""Workbooks for spreadsheets: numbers as numbers, text as text and never as a formula, in constant memory.

Rows are written to a file on disk as they come, so that a million of them need no more memory than a hundred.
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, tzinfo
from decimal import Decimal
from typing import IO, Any

import xlsxwriter
from django.http import FileResponse

from tickets.tables import Line

CONTENT_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
# What the format holds; the rest of a longer list goes on in another sheet.
MOST_ROWS = 1_048_576
LONGEST_TEXT = 32_767
# Never guess from a text what it may be.
_AS_WRITTEN = {
    "constant_memory": True,
    "strings_to_formulas": False,
    "strings_to_urls": False,
    "strings_to_numbers": False,
}
_FORBIDDEN_IN_NAME = re.compile(r"[\[\]:*?/\\]")
# Control characters that XML does not know.
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f]")


@dataclass(frozen=True)
class Sheet:
    """One sheet: its name, and its lines, the heads first. Moments are shown in `zone`, as the sheet knows none."""

    name: str
    lines: Iterable[Line]
    zone: tzinfo | None = None
    widths: Sequence[int] = ()


def write(target: Any, sheets: Iterable[Sheet], *, title: str = "") -> None:
    """Write the sheets into a path or an open binary file."""
    book = xlsxwriter.Workbook(target, {**_AS_WRITTEN, "default_date_format": "yyyy-mm-dd hh:mm:ss"})
    book.set_properties({"title": title, "comments": "", "author": "Helpdesk"})
    head = book.add_format({"bold": True, "bottom": 1, "text_wrap": True, "valign": "top"})
    names: set[str] = set()
    for sheet in sheets:
        _write_sheet(book, sheet, head, names)
    book.close()


def _write_sheet(book: Any, sheet: Sheet, head: Any, names: set[str]) -> None:
    page, row, first = None, 0, None
    for line in sheet.lines:
        if first is None:
            first = line
        if page is None or row >= MOST_ROWS:
            page, row = book.add_worksheet(_name(sheet.name, names)), 0
            page.freeze_panes(1, 0)
            for at, _text in enumerate(first):
                page.set_column(at, at, sheet.widths[at] if at < len(sheet.widths) else 18)
            if line is not first:
                _write_row(page, 0, first, sheet.zone, head)
                row = 1
        _write_row(page, row, line, sheet.zone, head if row == 0 else None)
        row += 1
    if page is None:
        book.add_worksheet(_name(sheet.name, names))


def _name(wanted: str, names: set[str]) -> str:
    """A name that the format takes: 31 letters, none of its own signs, and given once."""
    plain = _FORBIDDEN_IN_NAME.sub(" ", wanted).strip("' ")[:31] or "1"
    name, n = plain, 1
    while name.casefold() in names:
        n += 1
        name = f"{plain[: 30 - len(str(n))]} {n}"
    names.add(name.casefold())
    return name


def _write_row(page: Any, row: int, line: Line, zone: tzinfo | None, look: Any) -> None:
    for at, cell in enumerate(line):
        _write_cell(page, row, at, cell, zone, look)


def _write_cell(page: Any, row: int, at: int, cell: Any, zone: tzinfo | None, look: Any) -> None:
    if cell is None or cell == "":
        return
    if isinstance(cell, bool):
        page.write_boolean(row, at, cell, look)
    elif isinstance(cell, int | float | Decimal):
        page.write_number(row, at, cell, look)
    elif isinstance(cell, datetime):
        page.write_datetime(row, at, cell.astimezone(zone).replace(tzinfo=None))
    elif isinstance(cell, date):
        page.write_datetime(row, at, cell)
    else:
        text = "|".join(str(part) for part in cell) if isinstance(cell, list | tuple) else str(cell)
        page.write_string(row, at, _CONTROL.sub("", text)[:LONGEST_TEXT], look)


def answer(name: str, sheets: Iterable[Sheet]) -> FileResponse:
    """The workbook as a download. The file is gone as soon as it has been sent."""
    file: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 - the answer closes it
    write(file, sheets, title=name)
    file.seek(0)
    return FileResponse(file, as_attachment=True, filename=f"{name}.xlsx", content_type=CONTENT_TYPE)
