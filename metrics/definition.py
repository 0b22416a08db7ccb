"""What a KPI is made of: frozen data. One engine (`metrics.compute`) turns it into a number."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import date
from enum import StrEnum
from functools import cached_property
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise


class Unit(StrEnum):
    COUNT = "count"
    SECONDS = "seconds"
    SHARE = "share"
    POINTS = "points"
    SCORE = "score"
    RATIO = "ratio"
    MONEY = "money"


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

    `where` is an SQL condition over the record's columns and `value` an SQL integer expression over them; without it the
    rows are counted. Durations are added as whole microseconds, so that no order of adding changes a sum.
    `scale` turns the stored integer into the unit that is shown.
    """

    code: str
    where: str
    value: str = ""
    aggregate: str = "sum"
    scale: int = 1
    column_type: str = "bigint"

    def sql(self, *, sign: str = "", also: str = "") -> str:
        """The aggregate expression over rows.

        Args:
            sign: A column of +1 and -1 by which rows come in and go out, or nothing.
            also: A condition that rows must meet besides.
        """
        where = f"({self.where}) AND {also}" if also else self.where
        if self.aggregate == "max":
            return f"max({self.value}) FILTER (WHERE {where})"
        value = f"({self.value})" if self.value else ""
        added = f"sum({' * '.join(part for part in (sign, value) if part)})" if sign or value else "count(*)"
        return f"{added} FILTER (WHERE {where})"


@dataclass(frozen=True)
class Maturity:
    """Until when a row is provisional: it enters numerator and denominator only once `at` has passed.

    `is_due`: what waits is not provisional, it simply is not due yet.
    """

    code: str
    at: str
    explanation: _StrPromise
    is_due: bool = False


@dataclass(frozen=True)
class Reason:
    """Why a row of the fact is not in a value: the first reason whose condition holds."""

    code: str
    where: str
    label: _StrPromise


@dataclass(frozen=True)
class Record:
    """One row an object of the log, with every verdict that KPIs need. Computed from the log; stored beside it.

    Attributes:
        code: Names its table, `metrics_record_<code>`, and its marks.
        table: The log's table, and `key` its primary key as written in `sql`: "c.id".
        sql: SELECT of one row an object, with `{scope}` where a condition on the object goes. Without the log's help it
            says the same at any time: it knows no clock.
        columns: What is stored, name to PostgreSQL type; `id` first.
        stored: False for small ledgers, which are read from the log each time and have neither marks nor cells.
        objects: Which rows of `table` are objects of this kind, as a condition on its columns.
        indexes: What its stored table is indexed by besides the moments of its facts: "USING gist (...) WHERE ...".
    """

    code: str
    table: str
    key: str
    sql: str
    columns: dict[str, str]
    stored: bool = True
    objects: str = "true"
    indexes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Fact:
    """A way to date the rows of a record: which moment, which dimensions, which rows may be excluded and why.

    Attributes:
        at: The record's column that dates a row. Rows without it are not rows of this fact.
        shows: What one of its rows shows a reader: SQL columns over the record's row `x`, the names of its queue `q`,
            agent `u` and topic `t`, and what `joins` brings.
        until: For ledgers, the column with the end of the span that must lie in the period as a whole.
        anonymous_below: For answers that nobody may trace: nothing is shown of fewer than so many, not even by subtraction.
        dimensions: Dimension to the record's column.
        candidates: A condition on the record's object that all rows in a period meet, and perhaps others, with
            `{within}` where "`candidates_at` lies in the period" goes: how the log is narrowed before it is judged.
    """

    code: str
    name: _StrPromise
    dated_by: _StrPromise
    record: Record
    at: str
    dimensions: dict[str, str]
    candidates: str
    candidates_at: str
    shows: str
    joins: str = ""
    reasons: tuple[Reason, ...] = ()
    until: str = ""
    anonymous_below: int = 0


@dataclass(frozen=True)
class Part:
    """A measure over a fact's rows, only the mature ones where a maturity is given: what totals are kept by.

    `ledger`: only over the months, and of the clients, that this ledger has a row of in the period.
    """

    fact: Fact
    measure: Measure
    maturity: Maturity | None = None
    ledger: Fact | None = None

    @cached_property
    def name(self) -> str:
        name = f"{self.fact.code}.{self.measure.code}.{self.maturity.code if self.maturity else ''}"
        return f"{name}.{self.ledger.code}" if self.ledger else name

    @cached_property
    def provisional_name(self) -> str:
        return f"provisional {self.name}"


@dataclass(frozen=True)
class Flow:
    """How much time rows spend in a stock: of those that came in and of those that left, how many and when.

    Attributes:
        came, came_at, left, left_at: Number and sum of moments (microseconds since 1970) of the rows that came and left.
        again: The record's column with the stretches in which few rows are there a second time, a multirange.
        present: The condition, with `%(start)s` and `%(end)s`, of the rows that were there for some of a period.
    """

    came: Part
    came_at: Part
    left: Part
    left_at: Part
    again: str
    present: str

    @property
    def parts(self) -> tuple[Part, ...]:
        return (self.came, self.came_at, self.left, self.left_at)


@dataclass(frozen=True)
class Version:
    """One version of a definition: what changed with it, and from when it holds."""

    number: int
    since: date
    change: _StrPromise


FIRST_VERSION = (Version(1, date(2026, 11, 24), _("First definition")),)


@dataclass(frozen=True)
class Kpi:
    """One declared KPI or variant of it. `denominator` None: a plain count, maximum or percentile.

    `denominator_fact` is named where the denominator counts other rows than the numerator: a ratio, never a share.

    Attributes:
        together: The KPIs whose rows this one counts together; its own measures are then theirs.
        stock: For what is there at an instant: the condition, with the column `instant`, of the rows that are there. The
            KPI's measures know the instant too, so no cell holds them: they are worked out from these rows.
        average: For what is there on average over a period: how it flows in and out.
        shows: What its rows show, in place of what its fact's rows show.
        symbols: The formula in the letters of `metrics.symbols`.
        gamed: How it can be made to look good without being good, and what to watch beside it.
        decision: What we chose where authorities disagree, and why. The long form is metrics/DECISIONS.md.
        terms: The fields of an agreement that its value depends on; a new version of one makes periods incomparable.
    """

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
    denominator_fact: Fact | None = None
    variant: str = ""
    percentile: float | None = None
    factor: int = 1
    squares: Measure | None = None
    maturity: Maturity | None = None
    reasons: tuple[Reason, ...] = ()
    definition_version: int = 1
    beside: tuple[str, ...] = field(default=())
    together: tuple[Kpi, ...] = ()
    stock: str = ""
    average: Flow | None = None
    shows: str = ""
    symbols: str = ""
    gamed: _StrPromise | str = ""
    decision: _StrPromise | str = ""
    history: tuple[Version, ...] = FIRST_VERSION
    terms: tuple[str, ...] = ()

    @cached_property
    def key(self) -> str:
        return f"{self.slug}:{self.variant}" if self.variant else self.slug

    @cached_property
    def top(self) -> Part:
        return Part(self.fact, self.numerator, self.maturity)

    @cached_property
    def base(self) -> Part | None:
        if self.denominator is None:
            return None
        if self.denominator_fact is None:
            return Part(self.fact, self.denominator, self.maturity)
        # What costs nothing in the books must not make what does look cheap.
        return Part(self.denominator_fact, self.denominator, self.maturity, self.fact if self.fact.until else None)

    @cached_property
    def tops(self) -> tuple[Part, ...]:
        """What is added up to the numerator. A KPI of several has the first one's measures as its own."""
        return (self.top, *(kpi.top for kpi in self.together[1:]))

    @cached_property
    def bases(self) -> tuple[Part, ...]:
        """What is added up to the denominator; nothing where there is none."""
        return tuple(base for base in (self.base, *(kpi.base for kpi in self.together[1:])) if base is not None)

    @cached_property
    def spread(self) -> Part | None:
        return Part(self.fact, self.squares, self.maturity) if self.squares else None

    @cached_property
    def parts(self) -> tuple[Part, ...]:
        """The parts that its value is made of, and that cells keep."""
        if self.stock:
            return ()
        if self.average:
            return self.average.parts
        if self.together:
            return tuple(part for kpi in self.together for part in kpi.parts)
        return tuple(part for part in (self.top, self.base, self.spread) if part is not None)

    def variant_of(self, code: str, **changes: Any) -> Kpi:
        """The same KPI, counted another way. What is watched beside it stays, without itself."""
        variant = replace(self, variant=code, **changes)
        return replace(variant, beside=tuple(key for key in variant.beside if key != variant.key))
