"""What a KPI is made of: frozen data. One engine (`metrics.compute`) turns it into a number."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise


class Unit(StrEnum):
    COUNT = "count"
    SECONDS = "seconds"
    SHARE = "share"
    POINTS = "points"
    SCORE = "score"
    RATIO = "ratio"


class Direction(StrEnum):
    HIGHER_IS_BETTER = "higher"
    LOWER_IS_BETTER = "lower"
    NONE = "none"


@dataclass(frozen=True)
class Source:
    """Who defines it so, and where that can be read."""

    name: str
    url: str = ""


@dataclass(frozen=True)
class Measure:
    """One additive part: over which rows of a fact, and what is added up.

    `where` is an SQL condition over the fact's columns and `value` an SQL integer expression over them; without it the
    rows are counted. Durations are added as whole microseconds, so that no order of adding changes a sum.
    `scale` turns the stored integer into the unit that is shown.
    """

    code: str
    where: str
    value: str = ""
    aggregate: str = "sum"
    scale: int = 1
    column_type: str = "bigint"

    @property
    def sql(self) -> str:
        """The aggregate expression over the fact's rows."""
        if not self.value:
            return f"count(*) FILTER (WHERE {self.where})"
        return f"{self.aggregate}({self.value}) FILTER (WHERE {self.where})"


@dataclass(frozen=True)
class Maturity:
    """Until when a row is provisional: it enters numerator and denominator only once `at` has passed."""

    code: str
    at: str
    explanation: _StrPromise


@dataclass(frozen=True)
class Reason:
    """Why a row of the fact is not in a value: the first reason whose condition holds."""

    code: str
    where: str
    label: _StrPromise


@dataclass(frozen=True)
class Fact:
    """Which rows, which moment dates them, which dimensions they have.

    `sql` selects one row a contact, case or invitation, with `{scope}` where the period and the filters go. `at` and
    `dimensions` are SQL expressions inside it. `dirty_kind` names the marks that say that an hour must be redone.
    """

    code: str
    name: _StrPromise
    dated_by: _StrPromise
    sql: str
    at: str
    dimensions: dict[str, str]
    row_columns: tuple[str, ...]
    reasons: tuple[Reason, ...] = ()
    dirty_kind: str = "contact"


@dataclass(frozen=True)
class Kpi:
    """One declared KPI or variant of it. `denominator` None: a plain count, maximum or percentile."""

    slug: str
    name: _StrPromise
    question: _StrPromise
    formula: _StrPromise
    fact: Fact
    numerator: Measure
    unit: Unit
    direction: Direction
    source: Source
    denominator: Measure | None = None
    variant: str = ""
    percentile: float | None = None
    factor: int = 1
    squares: Measure | None = None
    maturity: Maturity | None = None
    reasons: tuple[Reason, ...] = ()
    definition_version: int = 1
    beside: tuple[str, ...] = field(default=())

    @property
    def key(self) -> str:
        return f"{self.slug}:{self.variant}" if self.variant else self.slug

    @property
    def measures(self) -> tuple[Measure, ...]:
        """The parts that are stored for it."""
        parts = (self.numerator, self.denominator, self.squares)
        return tuple(part for part in parts if part is not None)

    def variant_of(self, code: str, **changes: Any) -> Kpi:
        """The same KPI, counted another way."""
        return replace(self, variant=code, **changes)
