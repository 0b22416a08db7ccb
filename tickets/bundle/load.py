"""The import of a bundle: everything is read and checked first, so that a file that cannot be read changes nothing."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial

from django.db import connection, transaction

from tickets.bundle import config, intake, quarantine
from tickets.bundle.columns import Reason, Wrong
from tickets.bundle.readers import Bundle, BundleError, Line, Member, Table
from tickets.bundle.rows import Problem, checker, has_prefix
from tickets.bundle.spec import FileSpec, all_specs
from tickets.bundle.staging import Stage
from tickets.models.client import Client


@dataclass
class FileReport:
    """What became of one file's rows."""

    file: str
    read: int = 0
    created: int = 0
    updated: int = 0
    unchanged: int = 0
    quarantined: int = 0


@dataclass
class Report:
    """What an import did. Quarantined rows are read from the stage, since there may be a million."""

    files: list[FileReport] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)

    @property
    def quarantined(self) -> int:
        return sum(file.quarantined for file in self.files)


class Progress:
    """Hears how far the import is. This one does not listen."""

    def reading(self, file: str, done: int, total: int) -> None:
        pass

    def working(self, what: str) -> None:
        pass


class Load:
    """One import of one bundle into one source."""

    def __init__(self, bundle: Bundle, source: str, progress: Progress | None = None) -> None:
        self.bundle = bundle
        self.source = source
        self.progress = progress or Progress()
        self.report = Report()
        self.members: dict[str, Member] = {}

    def run(self) -> Stage:
        """Import. Return the stage, with the problems in it; close it when they are told.

        Raises:
            BundleError: something cannot be read, or a file that must be there is not. Nothing was changed.
        """
        self._find_files()
        terms = self._read_config()
        with transaction.atomic():
            # Read in a transaction that is given up: a source must not come to be by a file that cannot be read.
            stage = intake.stage_for(self.source)
            stage.open()
            for name in self.members:
                self._read(stage, name)
            self.progress.working("checking")
            stage.sift()
            for spec in all_specs():
                if spec.name in self.members:
                    stage.complete(spec, partial(self._raw_rows, spec))
        self._take_in(stage, terms)
        return stage

    def _find_files(self) -> None:
        specs = all_specs()
        for spec in specs:
            member = self.bundle.member(spec.file)
            if member:
                self.members[spec.name] = member
        if not {"contacts", "cases"} & set(self.members):
            raise BundleError(f"{self.bundle.path}: neither contacts.csv nor cases.csv is there.")
        others = self.bundle.others([spec.file for spec in specs])
        if others:
            self.report.warnings.append(f"Not part of a bundle, left alone: {', '.join(others)}")

    def _read_config(self) -> config.Terms | None:
        member = self.bundle.member("config.json")
        if member is None:
            return None
        terms, unknown = config.read(member.bytes(), member.path)
        self.report.warnings += [f"{member.path}: {key} is not known and was ignored" for key in unknown]
        return terms

    def _read(self, stage: Stage, name: str) -> None:
        spec = next(spec for spec in all_specs() if spec.name == name)
        member = self.members[name]
        with member.opened() as table:
            known = _known_columns(spec, table)
            for column in table.header:
                if column not in known:
                    self.report.warnings.append(f"{member.path}: column {column or '(without a name)'} was ignored")
            read = stage.fill(spec, self._checked(spec, member, table), known)
        self.report.files.append(FileReport(spec.file, read=read))

    def _checked(self, spec: FileSpec, member: Member, table: Table) -> Iterator[tuple[int, str, list[str]] | Problem]:
        check = checker(spec, table.header)
        keys = [] if spec.table else [table.header.index(name) for name in spec.key]
        for count, line in enumerate(table.lines()):
            if count % 5000 == 0:
                self.progress.reading(spec.file, table.position, member.size)
            if line.error:
                yield _problem(spec, table, line, Wrong(Reason.FIELDS, f"is not CSV: {line.error}"))
                continue
            try:
                staged = check(line.values)
            except Wrong as wrong:
                yield _problem(spec, table, line, wrong)
                continue
            yield line.number, " ".join(line.values[key] for key in keys)[:500].strip(), staged

    def _raw_rows(self, spec: FileSpec) -> Iterator[tuple[int, dict[str, str]]]:
        with self.members[spec.name].opened() as table:
            for line in table.lines():
                yield line.number, _raw(table, line)

    def _take_in(self, stage: Stage, terms: config.Terms | None) -> None:
        self._agree(stage, terms)
        intake.run_steps(stage, lambda step: self.progress.working(", ".join(step.files)))
        self.progress.working("quarantine")
        with transaction.atomic():
            quarantine.keep_staged(stage)
        self._count(stage)
        self.report.warnings += stage.notes

    def _agree(self, stage: Stage, terms: config.Terms | None) -> None:
        """The config is the agreement of the bundle's own client and of every client that it names."""
        codes = set(stage.values("SELECT DISTINCT client FROM stage_contacts WHERE client IS NOT NULL"))
        for code in sorted(codes - {stage.client.code}):
            client, _made = Client.objects.get_or_create(code=code, defaults={"name": code})
            config.agree(client, terms)
        status = config.agree(stage.client, terms)
        if terms is not None:
            counts = {name: int(name == status) for name in ("created", "updated", "unchanged")}
            self.report.files.insert(0, FileReport("config.json", read=1, **counts))

    def _count(self, stage: Stage) -> None:
        for report in self.report.files:
            name = report.file.removesuffix(".csv")
            if name not in self.members:
                continue
            with connection.cursor() as cursor:
                cursor.execute(
                    "SELECT count(*) FILTER (WHERE is_new), count(*) FILTER (WHERE NOT is_new)"
                    " FROM (SELECT line, bool_or(is_new) AS is_new FROM stage_done WHERE file = %s GROUP BY line) n",
                    [name],
                )
                report.created, report.updated = cursor.fetchone()
                cursor.execute("SELECT count(*) FROM stage_problems WHERE file = %s", [report.file])
                report.quarantined = cursor.fetchone()[0]
            report.unchanged = report.read - report.created - report.updated - report.quarantined


def _known_columns(spec: FileSpec, table: Table) -> set[str]:
    missing = [column.name for column in spec.columns if not column.optional and column.name not in table.header]
    if missing:
        raise BundleError(f"{table.path}: has no column {', '.join(missing)}.")
    return {name for name in table.header if name in spec.by_name or has_prefix(spec, name)}


def _problem(spec: FileSpec, table: Table, line: Line, wrong: Wrong) -> Problem:
    raw = _raw(table, line)
    return Problem(spec, wrong.reason, wrong.column, wrong.message, spec.row_id(raw), raw, line.number)


def _raw(table: Table, line: Line) -> dict[str, str]:
    raw = dict(zip(table.header, line.values, strict=False))
    if len(line.values) > len(table.header):
        # Kept for whoever corrects the row; no column can have this name.
        raw["(more)"] = " | ".join(line.values[len(table.header) :])
    return raw
