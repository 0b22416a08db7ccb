"""Do those who answer resemble those who were served? Raw satisfaction, and as it would be if they did.

Of all cases resolved in a period: how many were asked, how many answered, and how each group differs in what the log knows of
everybody: solved at the first contact or not, the channel, the wait. Weighting puts each group of channel and verdict back to
its share of all cases (post-stratification, Holt & Smith 1979); it corrects what the log can see and nothing else.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from math import sqrt

from metrics.catalog import KPIS
from metrics.compute import Query
from metrics.facts.cases import RESOLVED_CASES
from metrics.facts.surveys import INVITATIONS
from metrics.reader import reader
from metrics.sources import joined_rows
from metrics.sql import Params
from metrics.stats import wilson

# Fewer answers say nothing about their group: such groups are put together.
LEAST = 5
# Links take answers for some weeks: what was asked about a case of the period is looked for so long after it.
LATER = timedelta(days=75)
SURE = 1.96
FCR = KPIS["fcr"]


@dataclass(frozen=True)
class Cell:
    """Cases of one channel and verdict: all, those asked, those who answered, and of these the satisfied."""

    channel: str
    verdict: str
    cases: int
    asked: int
    answered: int
    satisfied: int


@dataclass(frozen=True)
class Group:
    """All cases, those asked about, or those answered: what the log knows of them. `wait` is the median, in seconds."""

    name: str
    count: int
    solved: int
    judged: int
    channels: dict[str, int]
    wait: float | None


@dataclass(frozen=True)
class Estimate:
    """A share of satisfied customers with its 95 % interval, and the number of answers it rests on."""

    value: float
    low: float
    high: float
    n: int


@dataclass(frozen=True)
class Bias:
    groups: list[Group]
    raw: Estimate | None
    weighted: Estimate | None
    # How many groups of channel and verdict were told apart for the weights.
    strata: int


def bias(query: Query) -> Bias:
    """What the period's answers say, beside all of its cases."""
    cells = _cells(query)
    raw, weighted, strata = estimates(cells)
    return Bias(_groups(cells, _waits(query)), raw, weighted, strata)


def estimates(cells: Sequence[Cell]) -> tuple[Estimate | None, Estimate | None, int]:
    """Raw and weighted satisfaction, and into how many strata the weights part the cases."""
    answered, satisfied = sum(one.answered for one in cells), sum(one.satisfied for one in cells)
    bounds = wilson(satisfied, answered)
    if not answered or bounds is None:
        return None, None, 0
    raw = Estimate(satisfied / answered, *bounds, answered)
    found = strata(cells)
    total = sum(one.cases for one in found)
    if not found or any(one.answered < LEAST for one in found) or not total:
        return raw, None, len(found)
    value, variance = 0.0, 0.0
    for one in found:
        weight, share = one.cases / total, one.satisfied / one.answered
        value += weight * share
        # Of few answers that all agree the variance would be none: two more, one of each, as Agresti and Coull have it.
        careful = (one.satisfied + 1) / (one.answered + 2)
        variance += weight**2 * careful * (1 - careful) / (one.answered + 2)
    half = SURE * sqrt(variance)
    return raw, Estimate(value, max(0.0, value - half), min(1.0, value + half), answered), len(found)


def strata(cells: Sequence[Cell]) -> list[Cell]:
    """Groups with enough answers each: the small ones are put together, and what is still small into the smallest other."""
    large = [one for one in cells if one.answered >= LEAST]
    small = [one for one in cells if one.answered < LEAST]
    if not small:
        return large
    rest = _together(small)
    if rest.answered < LEAST and large:
        smallest = min(large, key=lambda one: one.answered)
        return [*(one for one in large if one is not smallest), _together([rest, smallest])]
    return [*large, rest]


def _together(cells: Sequence[Cell]) -> Cell:
    return Cell(
        "",
        "",
        sum(one.cases for one in cells),
        sum(one.asked for one in cells),
        sum(one.answered for one in cells),
        sum(one.satisfied for one in cells),
    )


# --- from the log


def _source(query: Query, params: Params) -> str:
    """One row a case that was resolved in the period: channel, verdict, whether asked, answered and satisfied, the wait."""
    period = query.period
    params |= replace(query, by=()).params
    params |= {"resolved_before": period.end, "as_of": query.as_of}
    ranges = [(period.start, period.end + LATER)]
    cases = joined_rows(RESOLVED_CASES, ranges, query.filters, params)
    # Whatever the filters say of the case, what was asked about it belongs to it.
    asked = joined_rows(INVITATIONS, ranges, {}, params)
    assert FCR.denominator is not None
    return f"""(SELECT f.channel, CASE WHEN f.mature_at > %(as_of)s OR NOT coalesce({FCR.denominator.where}, false) THEN ''
            WHEN {FCR.numerator.where} THEN 'yes' ELSE 'no' END AS verdict,
        i.case_id IS NOT NULL AS asked, coalesce(i.has_csat, false) AS answered,
        coalesce(i.has_csat AND i.is_satisfied, false) AS satisfied,
        extract(epoch FROM c.answered_at - c.queued_at) AS wait
    FROM {cases}
    LEFT JOIN (SELECT DISTINCT ON (case_id) case_id, has_csat, is_satisfied FROM {asked}
        WHERE is_delivered AND NOT is_void ORDER BY case_id, at DESC) i ON i.case_id = f.id
    LEFT JOIN tickets_contact c ON c.id = f.first_contact_id AND c.channel IN ('phone', 'chat')
    WHERE f.last_resolved_at < %(resolved_before)s AND f.left_out = '') x"""


def _cells(query: Query) -> list[Cell]:
    params: Params = {}
    source = _source(query, params)
    with reader().cursor() as cursor:
        cursor.execute(
            "SELECT channel, verdict, count(*), count(*) FILTER (WHERE asked), count(*) FILTER (WHERE answered),"
            f" count(*) FILTER (WHERE satisfied) FROM {source} GROUP BY 1, 2 ORDER BY 1, 2",
            params,
        )
        return [Cell(*row) for row in cursor.fetchall()]


def _waits(query: Query) -> tuple[float | None, float | None, float | None]:
    """The median wait of all, of those asked and of those who answered."""
    params: Params = {}
    source = _source(query, params)
    median = "percentile_cont(0.5) WITHIN GROUP (ORDER BY wait) FILTER (WHERE {})"
    with reader().cursor() as cursor:
        cursor.execute(
            f"SELECT {median.format('true')}, {median.format('asked')}, {median.format('answered')} FROM {source}",
            params,
        )
        every, asked, answered = cursor.fetchone()
    return every, asked, answered


def _groups(cells: Sequence[Cell], waits: tuple[float | None, float | None, float | None]) -> list[Group]:
    found = []
    for name, wait in zip(("cases", "asked", "answered"), waits, strict=True):
        counts = [(one, getattr(one, name)) for one in cells]
        channels: dict[str, int] = {}
        for one, n in counts:
            channels[one.channel] = channels.get(one.channel, 0) + n
        solved = sum(n for one, n in counts if one.verdict == "yes")
        judged = sum(n for one, n in counts if one.verdict)
        found.append(Group(name, sum(n for _one, n in counts), solved, judged, channels, wait))
    return found
