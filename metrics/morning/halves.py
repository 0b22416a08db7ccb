"""In which half-hours since yesterday morning a queue answered fewer in time than was agreed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from fractions import Fraction

from django.utils.translation import gettext as _

from metrics import door, formats
from metrics.board import Board
from metrics.catalog import KPIS
from metrics.purse import CARD_SECONDS, in_time
from metrics.reader import reader
from metrics.sources import current_rows
from metrics.sql import Params
from tickets.models import Agreement, Channel

HALF_HOUR = timedelta(minutes=30)
# Fewer say nothing about a half-hour.
LEAST = 10
KPI = KPIS["service-level"]


@dataclass(frozen=True)
class Missed:
    text: str
    url: str
    figure: str
    more: str
    is_today: bool


@dataclass(frozen=True)
class Half:
    """One half-hour of one queue and channel: how many were answered in time, of how many, and of whose customers."""

    start: datetime
    queue: int
    channel: str
    client: int
    in_time: int
    of: int


def halves(board: Board) -> list[Half]:
    """The half-hours of the period in which enough came, from the very rows that the KPI counts."""
    params: Params = dict(board.query.params)
    rows = current_rows(KPI.fact, board.query.whole, board.query.filters, params, engine=board.query.engine)
    assert KPI.denominator is not None
    sql = (
        "SELECT date_bin('30 minutes', f.at, '2000-01-01 00:00+00') AS start, f.queue_id, f.channel, f.client_id,"
        f" count(*) FILTER (WHERE {KPI.numerator.where}), count(*) FILTER (WHERE {KPI.denominator.where})"
        f" FROM {rows} GROUP BY 1, 2, 3, 4 HAVING count(*) FILTER (WHERE {KPI.denominator.where}) >= {LEAST} ORDER BY 1"
    )
    with reader().cursor() as cursor:
        cursor.execute(sql, params)
        return [Half(*row) for row in cursor.fetchall()]


def missed(board: Board) -> Iterator[Missed]:
    """Those below what was agreed, newest first. A contract's number is accounting: below is below."""
    found = in_time(lambda: halves(board), CARD_SECONDS) or []
    aims = _aims({one.client for one in found})
    queues = {pk: (code, name) for pk, code, name in door.queues(board.user).values_list("pk", "code", "name")}
    zone = board.period.zone
    for one in sorted(found, key=lambda one: one.start, reverse=True):
        aim = aims.get((one.client, one.channel))
        if aim is None or Fraction(one.in_time, one.of) >= aim or one.queue not in queues:
            continue
        code, name = queues[one.queue]
        start = one.start.astimezone(zone)
        link = {
            "start": [start.isoformat()],
            "end": [(one.start + HALF_HOUR).astimezone(zone).isoformat()],
            "queue": [code],
            "channel": [one.channel],
        }
        yield Missed(
            f"{name}, {Channel(one.channel).label}: {formats.moment(one.start, zone)}",
            f"{board.rows_link(KPI, **link)}&set=rest",
            formats.share(one.in_time / one.of),
            _("%(part)s of %(all)s in time; agreed %(aim)s")
            % {"part": one.in_time, "all": one.of, "aim": formats.share(float(aim))},
            is_today=start.date() == board.query.as_of.astimezone(zone).date(),
        )


def _aims(clients: set[int]) -> dict[tuple[int, str], Fraction]:
    """The share that each client was promised in each live channel."""
    latest = Agreement.objects.filter(client__in=clients).order_by("client_id", "-valid_from").distinct("client_id")
    found: dict[tuple[int, str], Fraction] = {}
    for agreement in latest.prefetch_related("service_levels"):
        for level in sorted(agreement.service_levels.all(), key=lambda level: -level.position):
            found[agreement.client_id, level.channel] = Fraction(level.target_share)
    return found
