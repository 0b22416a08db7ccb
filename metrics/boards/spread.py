"""How lengths or scores lie: a histogram of the very rows, with median, 90th percentile and mean."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from django.utils.translation import gettext as _

from metrics import formats, rows
from metrics.board import Board
from metrics.boards.content import LATE, Column, Content, Row
from metrics.boards.widgets import Widget
from metrics.charts import Cell
from metrics.compute import Query
from metrics.definition import Kpi, Unit
from metrics.purse import Purse, in_time
from metrics.reader import reader
from metrics.sql import Params

# Steps that people count in, for lengths: seconds, minutes, hours, days.
STEPS = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14_400, 28_800, 86_400, 172_800, 604_800)
MOST_BINS = 20


@dataclass(frozen=True)
class Summary:
    """Of the rows' own figures, in the unit that is shown: how many, and where they lie."""

    n: int
    mean: float
    median: float
    p90: float
    p98: float
    low: float
    high: float


def summary(kpi: Kpi, query: Query) -> Summary | None:
    """Where the figures of the counted rows lie; None where there are none."""
    value, source, params = _asked(kpi, query)
    sql = (
        "SELECT count(*), avg(v), percentile_cont(ARRAY[0.5, 0.9, 0.98]) WITHIN GROUP (ORDER BY v), min(v), max(v)"
        f" FROM (SELECT {value} AS v FROM {source} x) y"
    )
    with reader().cursor() as cursor:
        cursor.execute(sql, params)
        n, mean, shares, low, high = cursor.fetchone()
    if not n:
        return None
    median, p90, p98 = (float(one) for one in shares)
    return Summary(n, float(mean), median, p90, p98, float(low), float(high))


def counts(kpi: Kpi, query: Query, edges: Sequence[float]) -> list[int]:
    """How many rows lie below the first edge, from each to the next, and from the last on."""
    value, source, params = _asked(kpi, query)
    params["edges_of_bins"] = list(edges)
    sql = (
        f"SELECT width_bucket(v, %(edges_of_bins)s::float8[]), count(*) FROM (SELECT {value} AS v FROM {source} x) y"
        " GROUP BY 1"
    )
    with reader().cursor() as cursor:
        cursor.execute(sql, params)
        found = dict(cursor.fetchall())
    return [found.get(n, 0) for n in range(len(edges) + 1)]


def _asked(kpi: Kpi, query: Query) -> tuple[str, str, Params]:
    """The rows that the KPI's own list shows, so that the bars count the very same."""
    params: Params = {}
    source = rows.source(kpi, query, "numerator", params)
    return f"({kpi.numerator.value})::float8 / {kpi.numerator.scale}", source, params


def edges_for(kpi: Kpi, found: Summary) -> list[float]:
    """Where the bars part: whole scores, or steps that people count in, up to where nearly all lie."""
    if kpi.unit is not Unit.SECONDS:
        step = max(1, -(-int(found.high - found.low) // MOST_BINS))
        return [float(n) for n in range(int(found.low // 1), int(found.high // 1) + 2, step)]
    # A long tail is one bar at the end: the body is what is looked at.
    reach = max(min(found.p98, 4 * found.p90), 1)
    step = next((step for step in STEPS if reach / step <= MOST_BINS), 0) or -(-int(reach) // MOST_BINS)
    return [float(step * n) for n in range(int(reach // step) + 2)]


def make(board: Board, widget: Widget, purse: Purse) -> Content:
    (kpi,) = widget.declared
    found = in_time(lambda: _counted(kpi, board.query), purse.left())
    if found is None:
        return LATE
    whole, edges, numbers = found
    if whole is None:
        return Content(head=str(kpi.name))
    bands = [(None, edges[0]), *pairwise(edges), (edges[-1], None)]
    shown = [(band, n) for at, (band, n) in enumerate(zip(bands, numbers, strict=True)) if n or 0 < at < len(edges)]
    made = [_row(board, kpi, low, high, n, whole.n) for (low, high), n in shown]
    return Content(
        head=str(kpi.name),
        columns=[Column(_("Number")), Column(_("Share"))],
        rows=made,
        data=_data(kpi, whole, [band for band, _n in shown], made),
        statements=tuple(_statements(kpi, whole)),
    )


def _counted(kpi: Kpi, query: Query) -> tuple[Summary | None, list[float], list[int]]:
    whole = summary(kpi, query)
    edges = edges_for(kpi, whole) if whole else []
    return whole, edges, counts(kpi, query, edges) if whole else []


def _row(board: Board, kpi: Kpi, low: float | None, high: float | None, n: int, of: int) -> Row:
    between = ",".join("" if end is None else f"{end:g}" for end in (low, high))
    url = board.rows_link(kpi, between=[between]) if n else ""
    cells = [
        Cell(formats.number(n), url=url, plain=n),
        Cell(formats.share(n / of) if of >= formats.FEW else formats.NOTHING, plain=n / of),
    ]
    label = formats.amount(kpi, low) if kpi.unit is Unit.SCORE and low is not None else formats.between(kpi, low, high)
    return Row(label, cells)


def _data(
    kpi: Kpi, whole: Summary, bands: Sequence[tuple[float | None, float | None]], made: Sequence[Row]
) -> dict[str, Any]:
    marks = [
        {"at": _place(value, bands), "label": f"{name} {formats.amount(kpi, value)}", "is_firm": is_firm}
        for name, value, is_firm in (
            (_("Median"), whole.median, True),
            (_("P90"), whole.p90, True),
            (_("Mean"), whole.mean, False),
        )
    ]
    return {
        "kind": "spread",
        "labels": [row.label for row in made],
        "ticks": [_tick(kpi, low, high) for low, high in bands],
        "name": _("Number"),
        "points": [row.cells[0].plain for row in made],
        "words": [f"{row.cells[0].figure} ({row.cells[1].figure})" for row in made],
        "marks": marks if whole.n >= formats.FEW else [],
    }


def _tick(kpi: Kpi, low: float | None, high: float | None) -> str:
    if low is None:
        return f"< {formats.amount(kpi, high or 0)}"
    return formats.amount(kpi, low) if high is not None else f"≥ {formats.amount(kpi, low)}"


def _place(value: float, bands: Sequence[tuple[float | None, float | None]]) -> float:
    """Where a value lies along the bars, counted in bars from the middle of the first."""
    for at, (low, high) in enumerate(bands):
        if high is None or value < high:
            within = (value - low) / (high - low) if low is not None and high is not None else 0.5
            return round(at - 0.5 + within, 3)
    return float(len(bands))


def _statements(kpi: Kpi, whole: Summary) -> list[str]:
    text = _("Median %(median)s, 90th percentile %(p90)s; mean %(mean)s, of %(n)s.") % {
        "median": formats.amount(kpi, whole.median),
        "p90": formats.amount(kpi, whole.p90),
        "mean": formats.amount(kpi, whole.mean),
        "n": formats.number(whole.n),
    }
    return [text if whole.n >= formats.FEW else _("Fewer than 10: each is counted, and no percentile is drawn.")]
