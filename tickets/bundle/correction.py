"""A quarantined row, corrected by hand, goes through the same checks as a line of a file and is taken in with its own."""

from __future__ import annotations

from collections.abc import Mapping

from tickets.bundle import intake
from tickets.bundle.columns import Reason
from tickets.bundle.rows import CheckedRow, Problem, check, has_prefix
from tickets.bundle.spec import FileSpec, all_specs
from tickets.models.people import User
from tickets.models.quarantine import QuarantinedRow

# So many rows that waited for others are looked at in one go; what is left is taken in with the next one.
_AT_ONCE = 1000


def spec_for(row: QuarantinedRow) -> FileSpec | None:
    """The file's declaration, or None where the file is none that can be taken in any more."""
    return next((spec for spec in all_specs() if spec.file == row.file), None)


def correct(row: QuarantinedRow, values: Mapping[str, str], *, by: User) -> Problem | None:
    """Take the row in with these values and settle it. Return the problem where it still cannot be right.

    The row is kept as it came: it says what the other system wrote.
    """
    spec = spec_for(row)
    assert spec is not None
    checked = check(spec, values)
    if isinstance(checked, Problem):
        return checked
    if row.reason == Reason.DUPLICATE and checked.row_id == row.row_id:
        # Taken in like this it would overwrite the row that was there first.
        return Problem(spec, Reason.DUPLICATE, spec.key[0], "is used by another row")
    (result,) = intake.take_in(row.source.name, [checked], keep_rejected=False)
    if result.problem is None:
        row.put_aside(by=by)
    return result.problem


def take_in_followers(row: QuarantinedRow, *, by: User) -> int:
    """Take in the rows of this source that waited only for rows that are there now. Return how many."""
    taken = 0
    while found := _take_in_waiting(row, by):
        taken += found
    return taken


def _take_in_waiting(row: QuarantinedRow, by: User) -> int:
    waiting = row.source.quarantined.open().filter(reason=QuarantinedRow.Reason.REFERENCE).order_by("pk")[:_AT_ONCE]
    checked: list[tuple[QuarantinedRow, CheckedRow]] = []
    for other in waiting:
        spec = spec_for(other)
        # A line with more fields than columns is nothing to guess about.
        known = spec and all(name in spec.by_name or has_prefix(spec, name) for name in other.raw)
        result = check(spec, other.raw) if spec and known else None
        if isinstance(result, CheckedRow):
            checked.append((other, result))
    if not checked:
        return 0
    results = intake.take_in(row.source.name, [found for _other, found in checked], keep_rejected=False)
    accepted = [other for (other, _found), result in zip(checked, results, strict=True) if result.problem is None]
    for other in accepted:
        other.put_aside(by=by)
    return len(accepted)
