"""Which few topics or causes make up most of it, largest first, each with what it and the larger ones have together."""

from __future__ import annotations

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from metrics import formats, pareto
from metrics.board import Board
from metrics.boards.content import LATE, Bar, Column, Content, Row
from metrics.boards.widgets import ORDERS, Widget
from metrics.catalog import KPIS
from metrics.charts import Cell
from metrics.purse import Purse, in_time

SHOWN = 15


def make(board: Board, widget: Widget, purse: Purse) -> Content:
    found = in_time(lambda: _asked(board, widget.by), purse.left())
    if found is None:
        return LATE
    most = max((bar.amount for bar in found.bars), default=0)
    made = [_row(board, widget.by, bar, most) for bar in found.bars]
    return Content(
        head=_("Cause") if widget.by == "causes" else _("Topic"),
        columns=[
            Column(_("Time") if widget.by == "handle-time" else _("Contacts")),
            Column(_("Share")),
            Column(_("Together")),
        ],
        rows=made[:SHOWN],
        more=made[SHOWN:],
        statements=tuple(_statements(found, len(made))),
    )


def _asked(board: Board, by: str) -> pareto.Pareto:
    if by == "causes":
        return pareto.causes(board.query)
    return pareto.topics(board.query, weight="contacts" if by == "topics" else by)


def _row(board: Board, by: str, bar: pareto.Bar, most: float) -> Row:
    amount = formats.duration(bar.amount) if by == "handle-time" else formats.number(bar.amount)
    interval = ""
    if bar.low is not None and bar.high is not None:
        interval = _("95%% sure: %(low)s to %(high)s") % {
            "low": formats.share(bar.low),
            "high": formats.share(bar.high),
        }
    cells = [
        Cell(amount, url=_rows(board, by, bar), plain=bar.amount),
        Cell(formats.share(bar.share), interval=interval, plain=bar.share),
        Cell(formats.share(bar.cumulative), plain=bar.cumulative),
    ]
    return Row(_name(by, bar), cells, bar=Bar(round(100 * bar.amount / most, 2), is_strong=bar.is_vital))


def _name(by: str, bar: pareto.Bar) -> str:
    return bar.name or (_("No cause named") if by == "causes" else _("Without a topic"))


def _rows(board: Board, by: str, bar: pareto.Bar) -> str:
    """The contacts of the bar."""
    if by == "causes":
        return board.rows_link(KPIS["failure-demand"], cause=[bar.name])
    return board.rows_link(KPIS["handled"], topic=[bar.name]) if bar.name else ""


def _statements(found: pareto.Pareto, count: int) -> list[str]:
    if not count:
        return []
    said = [_("The dark bars together make up four fifths. What has no topic, or “other”, never ranks.")]
    if found.is_taxonomy_weak:
        said.append(
            _("%s lie in “other” or have no class: the classes do not fit what comes in.")
            % formats.share(found.other_share)
        )
    if count > SHOWN:
        words = ngettext("%s more stands in the file.", "%s more stand in the file.", count - SHOWN)
        said.append(words % formats.number(count - SHOWN))
    return said


assert set(ORDERS) == {"topics", "handle-time", "causes"}
