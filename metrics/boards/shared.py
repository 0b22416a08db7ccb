"""What is dear to count is counted once for all who look at the same: a slow widget lies ready for a few seconds.

Kept is the widget as it was drawn, or the body of a whole page, with the moment of its figures in it, for readers who see the
same figures in the same language. What is quick is never kept, but for a page that has no figures yet; what an open page asks
for because something happened is always counted anew.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable, Sequence
from typing import Any, cast

from django.core.cache import cache
from django.utils import translation

from metrics.board import Board
from metrics.boards.widgets import Widget

# Quicker than this is not worth keeping; ten times as long as it took, and no shorter or longer than this, is it kept.
DEAR_SECONDS, KEPT_TIMES, LEAST_SECONDS, MOST_SECONDS = 0.025, 10, 2, 20
# How long another may take who counts the same, and how often one looks whether she is ready.
PATIENCE_SECONDS, LOOK_SECONDS = 15.0, 0.05
SLOW_SECONDS = 600
# A page without figures can only be behind with the names in its filters.
FRAME_SECONDS = 20


def key_of(board: Board, widgets: Sequence[Widget], *more: str) -> str:
    """The same for two readers only where every figure, name and link is."""
    query, user = board.query, board.user
    said: list[Any] = [
        [widget.plain() for widget in widgets],
        board.address,
        board.comparison,
        board.state(),
        [query.period.start, query.period.end, str(query.period.zone)],
        {name: sorted(map(str, values)) for name, values in query.filters.items()},
        [query.sight.client, query.sight.agents],
        # Targets, notes and names follow what she sees: the whole desk is one reader, everybody else is herself.
        "all" if user.sees_everything else user.pk,
        translation.get_language(),
        *more,
    ]
    return f"board:{hashlib.sha256(json.dumps(said, default=str).encode()).hexdigest()}"


def shared[T](key: str, make: Callable[[], T], lasting: Callable[[T], bool] | None = None) -> T:
    """What `make` makes, or what was made a moment ago. Of several who ask at once one counts and the others wait.

    lasting: tells of what was made that it may be kept however quick it was, since there is no figure in it.
    """
    if (found := cache.get(key)) is not None:
        return cast("T", found)
    if not cache.add(f"{key}:asking", 1, PATIENCE_SECONDS) and (found := _waited_for(key)) is not None:
        return cast("T", found)
    began = time.monotonic()
    try:
        made = make()
        took = time.monotonic() - began
        if lasting and lasting(made):
            cache.set(key, made, FRAME_SECONDS)
        elif took > DEAR_SECONDS:
            cache.set(key, made, max(LEAST_SECONDS, min(MOST_SECONDS, round(KEPT_TIMES * took))))
    finally:
        cache.delete(f"{key}:asking")
    return made


def _waited_for(key: str) -> Any:
    """What the other made; None where it was too quick to keep, or where she takes too long."""
    until = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < until:
        time.sleep(LOOK_SECONDS)
        found = cache.get(key)
        if found is not None or cache.get(f"{key}:asking") is None:
            return found
    return None


def is_slow(name: str) -> bool:
    """Whether the dashboard took longer than its page waits, not long ago: then the page does not try."""
    return cache.get(f"board:slow:{name}") is not None


def note_slow(name: str) -> None:
    cache.set(f"board:slow:{name}", 1, SLOW_SECONDS)
