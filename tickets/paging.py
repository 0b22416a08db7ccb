"""A page of a list of cases by its key: what comes after the last one shown, found by an index however long the list is.

A list is never counted and never skipped through. Somebody who works in many queues gets from each its first rows, merged:
a condition "in one of these queues" alone would make PostgreSQL choose between sorting all of them and reading everybody's.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar, NamedTuple

from django.db import connection
from django.db.models import BooleanField, DateTimeField, Expression, F, Func, IntegerField, Q, Value
from django.db.models.expressions import RawSQL
from django.utils.dateparse import parse_datetime
from django.utils.functional import Promise as LazyText
from django.utils.translation import gettext_lazy as _

from tickets.models import Consultation, User
from tickets.models.case import RANK, CaseQuerySet

PAGE = 50
# Beyond that a number helps nobody; counting to it costs the same in every list.
CAP = 1000


class Beyond(Func):
    """Whether the key of a row comes after (or before) another key: one comparison of pairs, as the index keeps them."""

    output_field: ClassVar[BooleanField[Any, Any]] = BooleanField()
    conditional = True

    def as_sql(self, compiler: Any, connection: Any, **_extra: Any) -> tuple[str, tuple[Any, ...]]:  # type: ignore[override]
        parts = [compiler.compile(expression) for expression in self.get_source_expressions()]
        key, number, at, last = (sql for sql, _params in parts)
        params = tuple(value for _sql, values in parts for value in values)
        return f"({key}, {number}) {self.extra['sign']} ({at}, {last})", params


@dataclass(frozen=True, slots=True)
class Order:
    """What a list is ordered by. Rows without a value come last in both directions."""

    label: LazyText | str
    key: F | Expression
    read: Callable[[str], Any]
    is_nullable: bool = False
    # Few have a value: those without are read by their numbers alone.
    is_rare: bool = False
    is_newest_first: bool = False

    @property
    def field(self) -> Any:
        return DateTimeField() if self.read is read_moment else IntegerField()


def read_moment(text: str) -> datetime | None:
    return parse_datetime(text)


def read_number(text: str) -> int | None:
    return int(text) if text.isdecimal() and len(text) < 19 else None


ORDERS = {
    "updated": Order(_("Latest change"), F("updated_at"), read_moment, is_newest_first=True),
    "created": Order(_("Opened"), F("created_at"), read_moment, is_newest_first=True),
    "promise": Order(_("Next promise"), F("next_promise_at"), read_moment, is_nullable=True, is_rare=True),
    "due": Order(_("Solution due"), F("resolution_due_at"), read_moment, is_nullable=True),
    "priority": Order(_("Priority"), RANK, read_number),
    "number": Order(_("Number"), F("number"), read_number, is_newest_first=True),
}


class Place(NamedTuple):
    """A row's place in an order."""

    key: Any
    number: int

    def __str__(self) -> str:
        key = self.key.isoformat() if isinstance(self.key, datetime) else "" if self.key is None else self.key
        return f"{key}~{self.number}"


def read_place(text: str, order: Order) -> Place | None:
    """Read a place from an address; None where it is none."""
    key, tilde, number = text.rpartition("~")
    if not tilde or read_number(number) is None:
        return None
    try:
        value = order.read(key) if key else None
    except ValueError:
        return None
    if (value is None) != (key == "") or (value is None and not order.is_nullable):
        return None
    if isinstance(value, datetime) and value.tzinfo is None:
        return None
    return Place(value, int(number))


@dataclass(frozen=True, slots=True)
class Page:
    """The numbers of one page, in order, and the places to go on from."""

    numbers: list[int]
    previous: Place | None
    next: Place | None


@dataclass(frozen=True, slots=True)
class CaseList:
    """Cases that somebody may see, narrowed. `queues` are those to read one by one, None where an index serves as it is."""

    cases: CaseQuerySet
    user: User
    queues: list[int] | None

    def page(self, order: Order, *, is_reversed: bool, after: Place | None, before: Place | None) -> Page:
        """Return the rows after a place, or those before one, or the first ones."""
        # Downwards the next row has the smaller key.
        onwards, back = ("<", ">") if order.is_newest_first != is_reversed else (">", "<")
        if before is None:
            rows = self._rows(order, onwards, after, parts=[False, True])
            return _page(rows[:PAGE], previous=after is not None, following=len(rows) > PAGE)
        rows = self._rows(order, back, before, parts=[True, False])
        return _page(rows[:PAGE][::-1], previous=len(rows) > PAGE, following=True)

    def _rows(self, order: Order, sign: str, place: Place | None, *, parts: list[bool]) -> list[Place]:
        """Walk from a place through the rows with a value and then those without; backwards the other way round."""
        if not order.is_nullable:
            parts = [False]
        elif place is not None:
            # The part that lies behind the place has been walked through.
            parts = parts[parts.index(place.key is None) :]
        rows: list[Place] = []
        for number, without in enumerate(parts):
            left = PAGE + 1 - len(rows)
            if left:
                rows += self._part(order, sign, place if number == 0 else None, left, without=without)
        return rows

    def _part(self, order: Order, sign: str, place: Place | None, size: int, *, without: bool) -> list[Place]:
        cases = self.cases.annotate(key=order.key)
        if order.is_nullable:
            cases = cases.filter(key__isnull=without)
        if place is not None and without:
            cases = cases.filter(**{"number__lt" if sign == "<" else "number__gt": place.number})
        elif place is not None:
            at = Value(place.key, output_field=order.field)
            cases = cases.filter(Beyond(order.key, F("number"), at, Value(place.number), sign=sign))
        return self._merged(cases, sign, size, names=("number",) if without and order.is_rare else ("key", "number"))

    def _merged(self, cases: CaseQuerySet, sign: str, size: int, *, names: tuple[str, ...]) -> list[Place]:
        """The first rows of all the arms together."""
        way, minus = ("DESC", "-") if sign == "<" else ("ASC", "")
        arms, params = self._arms(cases.order_by(*(f"{minus}{name}" for name in names)), size)
        sql = f"SELECT number, key FROM ({arms}) AS found ORDER BY key {way}, number {way} LIMIT {size:d}"  # noqa: S608 - of our own SQL
        with connection.cursor() as cursor:
            cursor.execute(sql, params)
            return [Place(key, number) for number, key in cursor.fetchall()]

    def _arms(self, cases: CaseQuerySet, size: int) -> tuple[str, list[Any]]:
        """The first rows of each queue, and of what the user sees besides. No case is in two of them."""
        if self.queues is None:
            return _select(cases, size)
        inner, params = _select(cases.filter(queue=RawSQL("mine.pk", [])), size)
        of_queues = (
            "SELECT each.number, each.key FROM unnest(%s::bigint[]) AS mine(pk) CROSS JOIN LATERAL "  # noqa: S608 - likewise
            f"({inner}) AS each (number, key)"
        )
        arms = [of_queues]
        params = [self.queues, *params]
        for others in self._besides(cases):
            sql, more = _select(others, size)
            arms.append(f"SELECT number, key FROM ({sql}) AS besides (number, key)")  # noqa: S608
            params += more
        return " UNION ALL ".join(arms), params

    def _besides(self, cases: CaseQuerySet) -> list[CaseQuerySet]:
        """For a manager those without a queue; for an agent those elsewhere that are hers or that she is asked about."""
        if self.user.sees_everything:
            return [cases.filter(queue=None)]
        elsewhere = cases.filter(Q(queue=None) | ~Q(queue__in=self.queues or []))
        asked = Consultation.objects.filter(asked=self.user, answered_at=None)
        # An owner that is not known is not she either.
        not_hers = Q(owner=None) | ~Q(owner=self.user)
        return [elsewhere.filter(owner=self.user), elsewhere.filter(not_hers, pk__in=asked.values("case"))]

    def counting(self) -> tuple[str, list[Any]]:
        """SQL that counts to just above CAP."""
        arms, params = self._arms(self.cases.annotate(key=Value(0)).order_by(), CAP + 1)
        return f"SELECT count(*) FROM (SELECT 1 FROM ({arms}) AS found LIMIT {CAP + 1}) AS counted", params  # noqa: S608


def count(lists: Iterable[CaseList]) -> list[int]:
    """Count several lists in one question to the database. More than CAP means: many."""
    parts = [one.counting() for one in lists]
    if not parts:
        return []
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT " + ", ".join(f"({sql})" for sql, _params in parts),
            [value for _sql, params in parts for value in params],
        )
        return list(cursor.fetchone() or [])


def _select(cases: Any, size: int) -> tuple[str, list[Any]]:
    sql, params = cases.values_list("number", "key")[:size].query.sql_with_params()
    return sql, list(params)


def _page(rows: list[Place], *, previous: bool, following: bool) -> Page:
    return Page(
        numbers=[row.number for row in rows],
        previous=rows[0] if rows and previous else None,
        next=rows[-1] if rows and following else None,
    )
