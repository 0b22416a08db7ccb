"""What the files of a bundle are: their columns, their rules, and who takes their rows in.

The desk's own files are declared in `tickets.bundle.files`. An app above the desk declares its files in a module of its
own and registers them when Django starts, so that the import knows them and the desk does not import the app.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

from tickets.bundle.columns import Clean, Column

if TYPE_CHECKING:
    from tickets.bundle.staging import Stage


@dataclass(frozen=True)
class Reference:
    """A column that names a row of another file, or of the same, by its identifier."""

    column: str
    file: str
    table: str
    key: str = "id"


@dataclass(frozen=True)
class Order:
    """A column's instant that must not lie before the last of these that is given."""

    column: str
    after: tuple[str, ...]


@dataclass(frozen=True)
class Check:
    """A rule that needs the database: a query of the staged rows that break it, with its class and words.

    `query` selects `line` and `message` from the staged rows; `%(source)s` is the source's key.
    """

    reason: str
    column: str
    query: str


@dataclass(frozen=True)
class FileSpec:
    """One file of the bundle.

    Attributes:
        name: "contacts" for contacts.csv.
        columns: All that are known, in the order of the contract.
        key: The columns that name a row. What has them twice is quarantined, unless `may_repeat`.
        table: The table that the rows go to, where a row is one row there; it is keyed by (source_id, external_id).
        table_key: The primary key of `table`.
        prefixes: Columns whose names only begin alike ("headcount_team_"), with the check of their fields.
    """

    name: str
    columns: tuple[Column, ...]
    key: tuple[str, ...]
    table: str = ""
    table_key: str = "id"
    orders: tuple[Order, ...] = ()
    references: tuple[Reference, ...] = ()
    checks: tuple[Check, ...] = ()
    prefixes: dict[str, Clean] = field(default_factory=dict)
    may_repeat: bool = False

    @property
    def file(self) -> str:
        return f"{self.name}.csv"

    @property
    def stage(self) -> str:
        """The temporary table that its rows wait in."""
        return f"stage_{self.name}"

    @cached_property
    def by_name(self) -> dict[str, Column]:
        return {column.name: column for column in self.columns}

    def row_id(self, row: dict[str, str]) -> str:
        """What the row calls itself, for people and for finding it again."""
        return " ".join(row.get(name, "") for name in self.key).strip()[:500]


@dataclass(frozen=True)
class Step:
    """One transaction of the import: it takes in the staged rows of these files."""

    files: tuple[str, ...]
    run: Callable[[Stage], None]


_specs: dict[str, FileSpec] = {}
_steps: list[Step] = []


def register(specs: tuple[FileSpec, ...], steps: tuple[Step, ...]) -> None:
    """Make files known. Their steps run after those that are registered already, in this order."""
    for spec in specs:
        _specs[spec.name] = spec
    for step in steps:
        if step not in _steps:
            _steps.append(step)


def add_prefix(name: str, prefix: str, clean: Clean) -> None:
    """Let a file that is registered already have columns whose names begin with `prefix`; a step of yours reads them."""
    _specs[name].prefixes[prefix] = clean


def spec_of(name: str) -> FileSpec:
    return _specs[name]


def all_specs() -> list[FileSpec]:
    return list(_specs.values())


def all_steps() -> list[Step]:
    return list(_steps)
