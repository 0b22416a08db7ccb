"""One row: is it right? The same answer for a line of a file, a field in a form and an object that came by the API.

    checked = rows.check(spec_of("contacts"), {"contact_id": "C1", "channel": "phone", ...})
    if isinstance(checked, Problem): ...        # .reason .column .message; keep it with quarantine.keep(source, [problem])
    results = intake.take_in(source, [checked, ...])      # tickets.bundle.intake: one Result a row, in order

`check` takes texts, numbers, booleans, None and lists (flags) and knows nothing of the database. Whether what a row
refers to exists is found out by `take_in`, for all rows at once.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any

from tickets.bundle.columns import Clean, Reason, Wrong, instant, moment_of
from tickets.bundle.spec import FileSpec


@dataclass(frozen=True)
class CheckedRow:
    """A row that is right in itself. `staged` is what COPY gets, in the order of the spec's columns."""

    spec: FileSpec
    row_id: str
    staged: list[str]
    raw: Mapping[str, str]
    line: int = 0


@dataclass(frozen=True)
class Problem:
    """Why a row cannot be right."""

    spec: FileSpec
    reason: Reason
    column: str
    message: str
    row_id: str = ""
    raw: Mapping[str, str] = field(default_factory=dict)
    line: int = 0

    def __str__(self) -> str:
        return f"{self.spec.file}:{self.line}: {self.reason.value}: {self.column}: {self.message}"


def check(spec: FileSpec, row: Mapping[str, Any], *, line: int = 0) -> CheckedRow | Problem:
    """Check one row given by column name. A column that is absent is empty."""
    names = [column.name for column in spec.columns] + [name for name in row if has_prefix(spec, name)]
    raw = {name: _as_text(row[name]) for name in names if name in row}
    values = [raw.get(name, "") for name in names]
    try:
        staged = checker(spec, names)(values)
    except Wrong as wrong:
        return Problem(spec, wrong.reason, wrong.column, wrong.message, spec.row_id(raw), raw, line)
    return CheckedRow(spec, spec.row_id(raw), staged, raw, line)


def has_prefix(spec: FileSpec, name: str) -> bool:
    return any(name.startswith(prefix) and len(name) > len(prefix) for prefix in spec.prefixes)


def checker(spec: FileSpec, header: Sequence[str]) -> Callable[[list[str]], list[str]]:
    """Make the function that checks the rows of a file with this header. Raises `Wrong`; made for a million rows.

    The first mistake in the order of the contract's columns is the one that is told.
    """
    place = {name: index for index, name in enumerate(header)}
    plan = [
        (place.get(column.name, -1), column.clean, column.filled, column.clean is instant, column.name)
        for column in spec.columns
    ]
    width = len(header)
    order = _order_check(spec)
    prefixed = _prefixed(spec, header)

    def check_values(values: list[str]) -> list[str]:
        if len(values) != width:
            raise Wrong(Reason.FIELDS, f"{len(values)} fields, the header has {width}")
        staged: list[str] = []
        moments: dict[str, datetime] = {}
        name = ""
        try:
            for index, clean, filled, is_instant, name in plan:
                value = values[index] if index >= 0 else ""
                if not value:
                    staged.append(_missing() if filled else "")
                elif is_instant:
                    moments[name] = moment = moment_of(value)
                    staged.append(moment.isoformat())
                else:
                    staged.append(clean(value))
        except Wrong as wrong:
            raise Wrong(wrong.reason, wrong.message, name) from None
        if len(moments) > 1:
            order(moments)
        if prefixed is not None:
            staged.append(prefixed(values))
        return staged

    return check_values


def _missing() -> str:
    raise Wrong(Reason.MISSING, "is empty")


def _order_check(spec: FileSpec) -> Callable[[dict[str, datetime]], None]:
    orders = [(order.column, order.after) for order in spec.orders]

    def check_order(moments: dict[str, datetime]) -> None:
        for column, after in orders:
            moment = moments.get(column)
            if moment is None:
                continue
            for earlier in after:
                before = moments.get(earlier)
                if before is not None and moment < before:
                    raise Wrong(Reason.ORDER, f"lies before {earlier}", column)

    return check_order


def _prefixed(spec: FileSpec, header: Sequence[str]) -> Callable[[list[str]], str] | None:
    """Stage the columns that share a beginning as one object: column name to checked value."""
    if not spec.prefixes:
        return None
    cleans: list[tuple[int, str, Clean]] = [
        (index, name, clean)
        for index, name in enumerate(header)
        for prefix, clean in spec.prefixes.items()
        if name.startswith(prefix) and len(name) > len(prefix)
    ]

    def check_prefixed(values: list[str]) -> str:
        found = {}
        for index, name, clean in cleans:
            if values[index]:
                try:
                    found[name] = clean(values[index])
                except Wrong as wrong:
                    raise Wrong(wrong.reason, wrong.message, name) from None
        return json.dumps(found)

    return check_prefixed


def _as_text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "1" if value else "0"
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, list | tuple):
        return "|".join(map(str, value))
    if isinstance(value, float):
        # Never 1e-05: the shortest decimal that is this number.
        return format(Decimal(repr(value)), "f")
    return str(value)
