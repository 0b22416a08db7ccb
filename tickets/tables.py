"""Tables for spreadsheets: text that would run as a formula is marked, numbers stay numbers, and long ones stream."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.http import StreamingHttpResponse

Line = Sequence[Any]
# What a spreadsheet would take for a formula: such a sign first, in its wide form too, even behind spaces, quotes or separators.
_FORMULA = re.compile(r"""[\s"',;]*[=+\-@|%＝＋－＠]|[\t\r\n]""")
# Without it spreadsheets guess the encoding, and get å wrong.
_MARK = "\N{ZERO WIDTH NO-BREAK SPACE}"


def safe(cell: Any) -> Any:
    """The cell as data: text that would be run as a formula gets an apostrophe before it, numbers stay numbers."""
    if cell is None:
        return ""
    if isinstance(cell, datetime):
        return cell.isoformat()
    if isinstance(cell, Decimal):
        return float(cell)
    if isinstance(cell, str) and _FORMULA.match(cell):
        return f"'{cell}"
    if isinstance(cell, (list, tuple)):
        return safe("|".join(str(part) for part in cell))
    return cell


def written(lines: Iterable[Line]) -> Iterator[str]:
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer)
    buffer.write(_MARK)
    for line in lines:
        writer.writerow([safe(cell) for cell in line])
        if buffer.tell() > 16_384:
            yield buffer.getvalue()
            buffer.seek(0)
            buffer.truncate()
    yield buffer.getvalue()


def streamed(name: str, lines: Iterable[Line]) -> StreamingHttpResponse:
    """A table as a download, written while it is read."""
    response = StreamingHttpResponse(written(lines), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{name}.csv"'
    return response
