"""Queries that are put together once a process, and from then on only asked.

For a page of ten queries Django spends more time on turning querysets into SQL than PostgreSQL does on answering them, and
PostgreSQL ten times more on planning a query over nine tables than on running it. So each is a prepared statement of the
connection: its constants are in its text, where partial indexes are found by them, and only what changes is a parameter. A
`Prepared` query is written as a queryset like any other, with the same rules of who may see what; it is turned into SQL the
first time, with stand-ins for its arguments, and later asked with the real ones. Where an argument changes the SQL itself,
as a user who sees everything does, it is turned into another.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from copy import copy
from datetime import UTC, datetime, timedelta
from typing import Any

from django.core.exceptions import EmptyResultSet
from django.db import connection
from django.db.backends.postgresql.base import ServerBindingCursor
from django.db.backends.postgresql.psycopg_any import mogrify
from django.db.backends.utils import CursorWrapper
from django.db.models import BooleanField, Model, QuerySet
from django.db.models.expressions import RawSQL
from django.db.models.query import ModelIterable
from psycopg.types.numeric import Int8

from tickets.models import User

# Numbers and moments that nothing else in a query is equal to.
_NUMBER = 7_000_000_000_000_000_000
_MOMENT = datetime(1901, 1, 1, 0, 0, 0, 111, tzinfo=UTC)


class Prepared[Row: Model]:
    """A query of fixed shape. Call it with what its queryset is built from: users, numbers, lists of them, moments, None."""

    def __init__(self, build: Callable[..., QuerySet[Row]]) -> None:
        self.build = build
        self.known: dict[Hashable, _Statement[Row]] = {}

    def __call__(self, *arguments: Any) -> list[Row]:
        shape = tuple(_shape(one) for one in arguments)
        statement = self.known.get(shape)
        if statement is None:
            statement = self.known[shape] = _Statement(self.build, arguments)
        return statement.ask(arguments)

    def first(self, *arguments: Any) -> Row | None:
        found = self(*arguments)
        return found[0] if found else None


def _shape(argument: Any) -> Any:
    """What of an argument decides the SQL, apart from the values in it."""
    if argument is None:
        return None
    if isinstance(argument, User):
        return (
            argument.role,
            argument.is_superuser,
            argument.is_active,
            argument.team_id is None,
            argument.client_id is None,
        )
    if isinstance(argument, list):
        return list
    if isinstance(argument, int | datetime) and not isinstance(argument, bool):
        return type(argument)
    raise TypeError(f"not an argument of a prepared query: {argument!r}")


def _values(argument: Any) -> list[Any]:
    """The values that an argument brings into a query."""
    if isinstance(argument, User):
        return [argument.pk, argument.team_id, argument.client_id]
    return [argument]


def _stand_in(argument: Any, place: int) -> Any:
    """An argument of the same shape whose values are found again in the query's parameters."""
    if isinstance(argument, User):
        user = copy(argument)
        user.pk = _NUMBER + 10 * place
        user.team_id = argument.team_id and _NUMBER + 10 * place + 1
        user.client_id = argument.client_id and _NUMBER + 10 * place + 2
        return user
    if isinstance(argument, datetime):
        return _MOMENT + timedelta(days=place)
    if isinstance(argument, list):
        return [_NUMBER + 10 * place]
    return argument if argument is None else _NUMBER + 10 * place


def among(model: type[Model], field: str, numbers: list[int]) -> RawSQL:
    """A condition: the field is one of a list of any length. As an array, by which PostgreSQL goes through an index."""
    column = f'"{model._meta.db_table}"."{model._meta.get_field(field).column}"'  # type: ignore[union-attr] # noqa: SLF001
    return RawSQL(f"{column} = ANY(%s::bigint[])", [numbers], output_field=BooleanField())  # noqa: S611 - our own names


class _Statement[Row: Model]:
    """The SQL of one shape, and how its rows become models."""

    def __init__(self, build: Callable[..., QuerySet[Row]], arguments: Sequence[Any]) -> None:
        stand_ins = [_stand_in(one, place) for place, one in enumerate(arguments)]
        queryset = build(*stand_ins)
        if queryset._prefetch_related_lookups:  # type: ignore[attr-defined] # noqa: SLF001 - would be passed over in silence
            raise TypeError("a prepared query asks once: what it prefetches is another one")
        self.source = _Source(queryset)
        places = {_key(value): place for place, value in enumerate(_flat(stand_ins)) if value is not None}
        try:
            self.sql, parameters = self.source.compiler.as_sql()
        except EmptyResultSet:
            self.sql, parameters = "", ()
        found = [places.get(_key(one)) for one in parameters]
        self.sql = self.sql % tuple(
            _literal(one) if place is None else "%s" for place, one in zip(found, parameters, strict=True)
        )
        self.places = [place for place in found if place is not None]

    def ask(self, arguments: Sequence[Any]) -> list[Row]:
        if not self.sql:
            return []
        values = [_wide(one) for one in _flat(arguments)]
        with _cursor() as cursor:
            cursor.execute(self.sql, [values[place] for place in self.places])
            rows = cursor.fetchall()
        return list(ModelIterable(self.source.with_rows(rows)))


def _cursor() -> CursorWrapper:
    """A cursor whose parameters go beside the SQL, which is what lets PostgreSQL keep the plan."""
    connection.close_if_health_check_failed()
    connection.ensure_connection()
    with connection.wrap_database_errors:
        return connection._prepare_cursor(ServerBindingCursor(connection.connection))  # type: ignore[attr-defined,call-arg,no-any-return] # noqa: SLF001 - Django has one kind of cursor a connection


def _literal(constant: Any) -> str:
    return mogrify("%s", [constant], connection).replace("%", "%%")


def _wide(value: Any) -> Any:
    """A number as a bigint, however small: a statement is kept for each combination of types."""
    if isinstance(value, list):
        return [Int8(one) for one in value]
    return Int8(value) if isinstance(value, int) else value


def _key(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value if isinstance(value, int | datetime) else None


def _flat(arguments: Sequence[Any]) -> list[Any]:
    return [value for argument in arguments for value in _values(argument)]


class _Source:
    """What Django's own ModelIterable asks of a queryset and its compiler, with rows that are there already."""

    def __init__(self, queryset: QuerySet[Any]) -> None:
        self.model = queryset.model
        self.db = queryset.db
        self._fetch_mode = queryset._fetch_mode  # type: ignore[attr-defined] # noqa: SLF001
        self._known_related_objects: dict[Any, Any] = {}
        self.compiler: Any = queryset.query.get_compiler(using=self.db)
        self.query = self
        self.rows: Sequence[Any] = ()

    def with_rows(self, rows: Sequence[Any]) -> Any:
        # Another thread may be reading other rows of the same query.
        source = copy(self)
        source.query = source
        source.rows = rows
        return source

    def get_compiler(self, **_: Any) -> _Source:
        return self

    def execute_sql(self, **_: Any) -> Sequence[Any]:
        return [self.rows]

    @property
    def select(self) -> Any:
        return self.compiler.select

    @property
    def klass_info(self) -> Any:
        return self.compiler.klass_info

    @property
    def annotation_col_map(self) -> Any:
        return self.compiler.annotation_col_map

    def results_iter(self, results: Any) -> Any:
        return self.compiler.results_iter(results=results)
