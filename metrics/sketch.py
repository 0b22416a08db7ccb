"""Percentiles that can be added up: a DDSketch with a relative accuracy. Pure; integers only, so it merges exactly.

Source: Masson, Rim and Lee 2019, DDSketch.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from math import ceil, floor, log


class Sketch:
    """Counts by logarithmic bucket. Any percentile of it is within `accuracy` of a value that is there."""

    def __init__(self, values: Iterable[float] = (), *, accuracy: float = 0.01) -> None:
        self.accuracy = accuracy
        self.gamma = (1 + accuracy) / (1 - accuracy)
        self.buckets: Counter[int] = Counter()
        self.zeros = 0
        for value in values:
            self.add(value)

    @property
    def n(self) -> int:
        return self.zeros + self.buckets.total()

    def add(self, value: float, times: int = 1) -> None:
        """Count a value of 0 or more.

        Raises:
            ValueError: it is negative.
        """
        if value < 0:
            raise ValueError(f"expected 0 or more, got {value}")
        if value == 0:
            self.zeros += times
        else:
            self.buckets[ceil(log(value) / log(self.gamma))] += times

    def merge(self, other: Sketch) -> Sketch:
        """The sketch of the values of both.

        Raises:
            ValueError: they have different accuracies.
        """
        if other.accuracy != self.accuracy:
            raise ValueError("sketches of different accuracy cannot be merged")
        both = Sketch(accuracy=self.accuracy)
        both.zeros, both.buckets = self.zeros + other.zeros, self.buckets + other.buckets
        return both

    def percentile(self, share: float) -> float | None:
        """The value that `share` of the values do not exceed, the lower one between two. None of nothing."""
        rank = floor(share * (self.n - 1))
        if self.n == 0:
            return None
        seen = self.zeros
        if rank < seen:
            return 0.0
        for bucket in sorted(self.buckets):
            seen += self.buckets[bucket]
            if rank < seen:
                break
        return float(2 * self.gamma**bucket / (self.gamma + 1))
