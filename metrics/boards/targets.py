"""What the figures of a page shall reach: the aim of the very queue or client that it shows, as of each moment."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from typing import TYPE_CHECKING

from django.utils.translation import gettext as _

from metrics import formats
from metrics.boards.models import Target
from metrics.compute import Value
from metrics.definition import Direction, Kpi
from tickets.models import Queue

if TYPE_CHECKING:
    from metrics.board import Board

# The shortest time that a moment is told apart by.
INSTANT = timedelta(microseconds=1)
Scope = tuple[int | None, int | None]


@dataclass(frozen=True)
class Aim:
    """What a KPI shall reach from a moment on, until another holds."""

    since: datetime
    value: float


class Targets:
    """All that hold for what a board shows, read with one query when first asked for.

    A page of one queue has that queue's, else its client's, else everybody's; one of a client the client's. Where several
    queues or clients are together, only what holds for everybody: aims of different things have no mean.
    """

    def __init__(self, board: Board) -> None:
        self.board = board

    @cached_property
    def known(self) -> dict[tuple[str, Scope], list[Aim]]:
        found: dict[tuple[str, Scope], list[Aim]] = {}
        for one in Target.objects.visible_to(self.board.user).order_by("valid_from"):
            scope = (one.client_id, one.queue_id)
            found.setdefault((one.kpi, scope), []).append(Aim(one.valid_from, float(one.value)))
        return found

    @cached_property
    def scopes(self) -> list[Scope]:
        """Where to look, the narrowest first."""
        queues, clients = (self.board.query.filters.get(name, []) for name in ("queue", "client"))
        if len(queues) == 1:
            return self.of_queue(queues[0], Queue.objects.values_list("client_id", flat=True).get(pk=queues[0]))
        return self.of_client(clients[0]) if len(clients) == 1 and not queues else [(None, None)]

    @staticmethod
    def of_queue(queue: int, client: int | None) -> list[Scope]:
        return [(None, queue), *Targets.of_client(client)] if client else [(None, queue), (None, None)]

    @staticmethod
    def of_client(client: int) -> list[Scope]:
        return [(client, None), (None, None)]

    def at(self, kpi: Kpi, moment: datetime, scopes: Sequence[Scope] | None = None) -> float | None:
        """What holds just before `moment` ends."""
        if not any(key == kpi.key for key, _scope in self.known):
            return None
        for scope in scopes or self.scopes:
            held = [aim for aim in self.known.get((kpi.key, scope), []) if aim.since < moment]
            if held:
                return held[-1].value
        return None

    def along(self, kpi: Kpi, starts: Sequence[datetime]) -> list[float | None]:
        """What held at the start of each piece of time; an empty list where there never was anything."""
        found = [self.at(kpi, start + INSTANT) for start in starts]
        return found if any(value is not None for value in found) else []


def target_text(kpi: Kpi, value: Value, aim: float) -> str:
    """The aim, and whether it is reached. Where the interval holds the aim, nobody can tell."""
    text = _("Target %s") % formats.amount(kpi, aim)
    if value.value is None or formats.is_few(value) or kpi.direction is Direction.NONE:
        return text
    low, high = (value.value if end is None else end for end in (value.low, value.high))
    if low <= aim <= high and low != high:
        return _("%s: too close to tell") % text
    above = value.value >= aim
    is_reached = above if kpi.direction is Direction.HIGHER_IS_BETTER else value.value <= aim
    return _("%s: reached") % text if is_reached else _("%s: not reached") % text
