"""The small line on a card: a path over a grid, with gaps where there is no value. Pure."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

WIDTH, HEIGHT, MARGIN = 120, 28, 2


@dataclass(frozen=True)
class Trend:
    """SVG paths. A value with a gap on both sides is a dot: a line of no length with a round end.

    `hollow` are the dots of provisional values, `signals` those of values that break a rule, `band` the natural limits
    as the upper edge and height of a box, within the drawing.
    """

    line: str
    hollow: str = ""
    signals: str = ""
    band: tuple[float, float] | None = None


def trend(
    values: Sequence[float | None],
    *,
    hollow: Collection[int] = (),
    signals: Collection[int] = (),
    limits: tuple[float, float] | None = None,
) -> Trend | None:
    """Draw the values from left to right. None where fewer than two are known."""
    known = [value for value in values if value is not None]
    if len(known) < 2:
        return None
    low, high = min(known), max(known)
    step = WIDTH / (len(values) - 1)

    def height(value: float) -> float:
        # A line that never moves lies in the middle, not on the floor.
        level = (value - low) / (high - low) if high > low else 0.5
        return round(HEIGHT - MARGIN - min(1.0, max(0.0, level)) * (HEIGHT - 2 * MARGIN), 1)

    runs: list[list[tuple[float, float]]] = [[]]
    for index, value in enumerate(values):
        if value is None:
            runs.append([])
        else:
            runs[-1].append((round(index * step, 1), height(value)))

    def dots(chosen: Collection[int]) -> str:
        found = [(round(at * step, 1), value) for at, value in enumerate(values) if at in chosen]
        return " ".join(_path([(x, height(value))]) for x, value in found if value is not None)

    band = (height(limits[1]), round(height(limits[0]) - height(limits[1]), 1)) if limits else None
    return Trend(" ".join(_path(run) for run in runs if run), dots(hollow), dots(signals), band)


def _path(run: Sequence[tuple[float, float]]) -> str:
    path = "M" + " L".join(f"{x:g} {y:g}" for x, y in run)
    return f"{path} h0.01" if len(run) == 1 else path
