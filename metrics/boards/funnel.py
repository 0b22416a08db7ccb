"""First contact resolution as a way down: all cases, what is left out and why, those judged, those solved."""

from __future__ import annotations

from collections.abc import Mapping

from django.utils.translation import gettext as _

from metrics import compute, formats, rows
from metrics.board import Board
from metrics.boards.content import LATE, Bar, Column, Content, Row
from metrics.catalog import KPIS
from metrics.charts import Cell
from metrics.compute import Value
from metrics.drill import reason_labels
from metrics.purse import Purse, in_time

FCR = KPIS["fcr"]


def make(board: Board, purse: Purse) -> Content:
    found = in_time(lambda: _asked(board), purse.left())
    if found is None:
        return LATE
    value, left_out = found
    judged, solved = int(value.denominator or 0), int(value.numerator or 0)
    total = judged + sum(left_out.values())
    if not total:
        return Content(head=_("Step"))
    labels = reason_labels(FCR)
    made = [_row(board, _("All cases by their first contact"), total, total, "")]
    made += [
        _row(
            board, f"{formats.MINUS} {labels.get(code, code)}", n, total, f"set=excluded&reason={code}", is_strong=False
        )
        for code, n in left_out.items()
    ]
    made += [
        _row(board, _("Judged"), judged, total, "set=denominator"),
        _row(
            board,
            f"{formats.MINUS} {_('Not solved at the first contact')}",
            judged - solved,
            total,
            "set=rest",
            is_strong=False,
        ),
        _row(board, _("Solved at the first contact"), solved, total, "set=numerator"),
    ]
    said = [f"{FCR.name}: {formats.figure(FCR, value)}"]
    if interval := formats.interval(FCR, value):
        said.append(interval)
    return Content(
        head=_("Step"), columns=[Column(_("Cases")), Column(_("Of all"))], rows=made, statements=(". ".join(said),)
    )


def _asked(board: Board) -> tuple[Value, Mapping[str, int]]:
    (answer,) = compute.values([FCR], board.query)
    return answer.values[FCR.key], rows.excluded_by_reason(FCR, board.query)


def _row(board: Board, label: str, n: int, total: int, which: str, *, is_strong: bool = True) -> Row:
    url = f"{board.rows_link(FCR)}&{which}" if which and n else ""
    cells = [Cell(formats.number(n), url=url, plain=n), Cell(formats.share(n / total), plain=n / total)]
    return Row(label, cells, bar=Bar(round(100 * n / total, 2), is_strong=is_strong, is_hollow=not is_strong))
