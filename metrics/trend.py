"""The small line on a card: a path over a grid, with gaps where there is no value. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

WIDTH, HEIGHT, MARGIN = 120, 28, 2


@dataclass(frozen=True)
class Trend:
    """An SVG path. A value with a gap on both sides is a dot: a line of no length with a round end."""

    line: str


def trend(values: Sequence[float | None]) -> Trend | None:
    """Draw the values from left to right. None where fewer than two are known."""
    known = [value for value in values if value is not None]
    if len(known) < 2:
        return None
    low, high = min(known), max(known)
    step = WIDTH / (len(values) - 1)

    def point(index: int, value: float) -> tuple[float, float]:
        # A line that never moves lies in the middle, not on the floor.
        level = (value - low) / (high - low) if high > low else 0.5
        return round(index * step, 1), round(HEIGHT - MARGIN - level * (HEIGHT - 2 * MARGIN), 1)

    runs: list[list[tuple[float, float]]] = [[]]
    for index, value in enumerate(values):
        if value is None:
            runs.append([])
        else:
            runs[-1].append(point(index, value))
    return Trend(" ".join(_path(run) for run in runs if run))


def _path(run: Sequence[tuple[float, float]]) -> str:
    path = "M" + " L".join(f"{x:g} {y:g}" for x, y in run)
    return f"{path} h0.01" if len(run) == 1 else path
