"""Scales of survey answers and what a score on them means. Pure.

Every scale names its own limits. "Satisfied" is never derived from a normalised score: 4 of 5 is 75, 6 of 7 is 83.
Source: metrics/DECISIONS.md, "CSAT".
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Scale:
    """A scale from `low` to `high`; `good_from` and above is satisfied or easy, `bad_to` and below is not."""

    code: str
    low: int
    high: int
    good_from: int
    bad_to: int

    def holds(self, score: int) -> bool:
        return self.low <= score <= self.high

    @property
    def scores(self) -> range:
        return range(self.low, self.high + 1)


CSAT_1_5 = Scale("1-5", 1, 5, 4, 2)
CSAT_1_7 = Scale("1-7", 1, 7, 6, 2)
CSAT_SCALES = {scale.code: scale for scale in (CSAT_1_5, CSAT_1_7)}
CES = Scale("1-7", 1, 7, 5, 3)
# Promoters are 9 and 10, detractors 0 to 6. A scale of 1 to 10 exists and is not NPS.
NPS = Scale("0-10", 0, 10, 9, 6)
