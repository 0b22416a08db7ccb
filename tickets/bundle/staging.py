"""Where checked rows wait: one temporary table a file, filled by COPY. Here what needs all rows at once is found out:
identifiers used twice, references to nothing or to a quarantined row, and rules between files.

Rows that fail leave the table for `stage_problems`; what is left is right and is taken in by the steps.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import chain
from typing import Any

from django.db import connection, transaction

from tickets.bundle.columns import Reason
from tickets.bundle.rows import CheckedRow, Problem
from tickets.bundle.spec import FileSpec, Reference, all_specs
from tickets.models.client import Client
from tickets.models.source import Source

# So many lines are taken in by one statement: what a trigger or a sort needs stays small however long the file is.
CHUNK = 50_000
_BUFFER = 1 << 16


class Stage:
    """The staged rows of one import into one source.

    Attributes:
        client: Whom rows belong to that name no client.
        present: The columns that each file has. A column that is absent leaves what is stored as it is.
        notes: Sentences for the person who imports, about what was left out without being a mistake.
    """

    def __init__(self, source: Source, client: Client) -> None:
        self.source = source
        self.client = client
        self.present: dict[str, set[str]] = {}
        self.notes: list[str] = []

    # --- filling

    def open(self) -> None:
        """Make the tables, or empty those that this session has made before."""
        with transaction.atomic(), connection.cursor() as cursor:
            for spec in all_specs():
                cursor.execute(_create(spec))
            for statement in _HELPERS:
                cursor.execute(statement)
        self.clear()

    def clear(self) -> None:
        with connection.cursor() as cursor:
            for table in [*(spec.stage for spec in all_specs()), *_HELPER_TABLES]:
                # Emptying an empty table by TRUNCATE costs a new file; most are empty most of the time.
                cursor.execute(f"SELECT EXISTS (SELECT 1 FROM {table})")
                if cursor.fetchone()[0]:
                    cursor.execute(f"TRUNCATE {table}")

    def fill(self, spec: FileSpec, rows: Iterable[tuple[int, str, list[str]] | Problem], columns: set[str]) -> int:
        """Stage rows given as (line, row id, staged fields), and problems. Return how many there were."""
        self.present[spec.name] = self.present.get(spec.name, set()) | columns
        names = ["line", *([] if spec.table else ["row_id"]), *(column.name for column in spec.columns)]
        names += ["prefixed"] if spec.prefixes else []
        copy_sql = f"COPY {spec.stage} ({', '.join(names)}) FROM STDIN WITH (FORMAT text, NULL '')"
        problems: list[Problem] = []
        read = 0
        rows = iter(rows)
        ended = False
        while not ended:
            with connection.cursor() as cursor, cursor.copy(copy_sql) as copy:
                buffer: list[str] = []
                length = 0
                for row in rows:
                    read += 1
                    if isinstance(row, Problem):
                        problems.append(row)
                        if len(problems) >= 1000:
                            break
                        continue
                    text = _copy_line(spec, row)
                    buffer.append(text)
                    length += len(text)
                    if length > _BUFFER:
                        copy.write("".join(buffer))
                        buffer.clear()
                        length = 0
                else:
                    ended = True
                copy.write("".join(buffer))
            self.keep_problems(problems)
            problems.clear()
        return read

    def fill_checked(self, rows: Iterable[CheckedRow]) -> None:
        """Stage rows that came one by one: their lines are their places."""
        by_spec: dict[str, list[CheckedRow]] = {}
        for row in rows:
            by_spec.setdefault(row.spec.name, []).append(row)
        for group in by_spec.values():
            columns = set(chain.from_iterable(row.raw for row in group))
            self.fill(group[0].spec, ((row.line, row.row_id, row.staged) for row in group), columns)

    def keep_problems(self, problems: Iterable[Problem]) -> None:
        with (
            connection.cursor() as cursor,
            cursor.copy(
                "COPY stage_problems (file, line, reason, column_name, message, row_id, raw) FROM STDIN"
            ) as copy,
        ):
            for p in problems:
                raw = json.dumps(_storable(p.raw), ensure_ascii=False)
                copy.write_row(
                    (p.spec.file, p.line, p.reason.value, p.column, _plain(p.message), _plain(p.row_id), raw)
                )

    # --- what needs all rows at once

    def sift(self) -> None:
        """Move the rows that cannot be right beside the others to the problems."""
        specs = all_specs()
        self._index(specs)
        for spec in specs:
            self._find_duplicates(spec)
        for spec in specs:
            for rule in spec.checks:
                self._reject(spec, Reason(rule.reason), rule.column, rule.query)
        # A row that refers to a quarantined row is quarantined too, and so on through chains and across files.
        while sum(self._find_dangling(spec, reference) for spec in specs for reference in spec.references):
            pass

    def _index(self, specs: list[FileSpec]) -> None:
        with connection.cursor() as cursor:
            for spec in specs:
                for name, columns in (("line", "line"), ("key", spec.key[0])):
                    cursor.execute(f"CREATE INDEX IF NOT EXISTS {spec.stage}_{name} ON {spec.stage} ({columns})")
                cursor.execute(f"ANALYZE {spec.stage}")

    def _find_duplicates(self, spec: FileSpec) -> None:
        if spec.may_repeat:
            return
        keys = ", ".join(spec.key)
        self._reject(
            spec,
            Reason.DUPLICATE,
            spec.key[0],
            f"SELECT line, 'is used on line ' || first AS message FROM ("
            f" SELECT line, min(line) OVER (PARTITION BY {keys}) AS first FROM {spec.stage}) t WHERE line > first",
        )

    def _find_dangling(self, spec: FileSpec, reference: Reference) -> int:
        if not self.has(spec.name):
            return 0
        target = f"stage_{reference.file}"
        key = _key_of(reference.file)
        return self._reject(
            spec,
            Reason.REFERENCE,
            reference.column,
            f"""
            SELECT s.line,
                CASE WHEN EXISTS (SELECT 1 FROM stage_problems p
                                  WHERE p.file = '{reference.file}.csv' AND p.row_id = s.{reference.column})
                     THEN s.{reference.column} || ' in {reference.file}.csv is quarantined'
                     ELSE 'there is no ' || s.{reference.column} || ' in {reference.file}.csv' END AS message
            FROM {spec.stage} s
            LEFT JOIN {target} t ON t.{key} = s.{reference.column}
            LEFT JOIN {reference.table} d ON d.source_id = %(source)s AND d.external_id = s.{reference.column}
            WHERE s.{reference.column} IS NOT NULL AND t.{key} IS NULL AND d.source_id IS NULL
            """,
        )

    def _reject(self, spec: FileSpec, reason: Reason, column: str, query: str) -> int:
        """Move the staged rows that `query` names to the problems. Their text is added by who has it: see `complete`."""
        with connection.cursor() as cursor:
            cursor.execute(
                f"""
                WITH wrong AS MATERIALIZED ({query}),
                gone AS (DELETE FROM {spec.stage} s USING wrong WHERE s.line = wrong.line
                         RETURNING s.line, {spec_row_id(spec)} AS row_id, wrong.message)
                INSERT INTO stage_problems (file, line, reason, column_name, message, row_id)
                SELECT %(file)s, line, %(reason)s, %(column)s, message, coalesce(row_id, '') FROM gone
                """,
                {"source": self.source.pk, "file": spec.file, "reason": reason.value, "column": column},
            )
            return int(cursor.rowcount)

    def complete(self, spec: FileSpec, raw_rows: Callable[[], Iterator[tuple[int, dict[str, str]]]]) -> None:
        """Add the text of the rows that `sift` rejected, by reading the file again, for some of them at a time."""
        while True:
            with connection.cursor() as cursor:
                cursor.execute(
                    "SELECT line FROM stage_problems WHERE file = %s AND raw IS NULL ORDER BY line LIMIT 20000",
                    [spec.file],
                )
                wanted = {row[0] for row in cursor.fetchall()}
            if not wanted:
                return
            found = self._raw_of(wanted, raw_rows())
            with connection.cursor() as cursor:
                cursor.execute(
                    """
                    UPDATE stage_problems p SET raw = n.raw
                    FROM (SELECT (value->>0)::bigint AS line, value->1 AS raw FROM jsonb_array_elements(%s::jsonb)) n
                    WHERE p.file = %s AND p.line = n.line AND p.raw IS NULL
                    """,
                    [json.dumps(found), spec.file],
                )

    @staticmethod
    def _raw_of(wanted: set[int], rows: Iterator[tuple[int, dict[str, str]]]) -> list[tuple[int, dict[str, str]]]:
        found: list[tuple[int, dict[str, str]]] = []
        for line, raw in rows:
            if line in wanted:
                found.append((line, _storable(raw)))
                if len(found) == len(wanted):
                    return found
        # A row that came without a file has no second reading.
        missing = wanted - {line for line, _raw in found}
        return [*found, *((line, {}) for line in missing)]

    # --- taking in

    def has(self, name: str) -> bool:
        return name in self.present

    def run(self, sql: str, **values: Any) -> int:
        """Run one statement on the staged rows; %(source)s and %(client)s are known to it. Return the row count."""
        with connection.cursor() as cursor:
            cursor.execute(sql, {"source": self.source.pk, "client": self.client.pk, **values})
            return int(cursor.rowcount)

    def refresh_statistics(self, *tables: str) -> None:
        """Let the planner know of many new rows: it would take the tables for empty until their next vacuum."""
        if self.values("SELECT count(*) > 5000 FROM stage_done")[0]:
            for table in tables:
                self.run(f"ANALYZE {table}")

    def chunks(self, name: str) -> Iterator[tuple[int, int]]:
        """Yield half-open ranges of lines that cover the file's staged rows."""
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT min(line), max(line) FROM stage_{name}")
            low, high = cursor.fetchone()
        if low is not None:
            for start in range(low, high + 1, CHUNK):
                yield start, min(start + CHUNK, high + 1)

    def values(self, sql: str, parameters: Sequence[Any] = ()) -> list[Any]:
        """Return the first column of a query's rows."""
        with connection.cursor() as cursor:
            cursor.execute(sql, parameters)
            return [row[0] for row in cursor.fetchall()]

    def problems(self) -> Iterator[Problem]:
        """Yield the problems, file by file, in the order of their lines."""
        order = {spec.file: place for place, spec in enumerate(all_specs())}
        specs = {spec.file: spec for spec in all_specs()}
        for file in sorted(order, key=order.__getitem__):
            yield from self._problems_of(specs[file])

    def _problems_of(self, spec: FileSpec) -> Iterator[Problem]:
        after = (-1, -1)
        while True:
            with connection.cursor() as cursor:
                cursor.execute(
                    "SELECT place, line, reason, column_name, message, row_id, raw FROM stage_problems"
                    " WHERE file = %s AND (line, place) > (%s, %s) ORDER BY line, place LIMIT 1000",
                    [spec.file, *after],
                )
                rows = cursor.fetchall()
            if not rows:
                return
            for _place, line, reason, column, message, row_id, raw in rows:
                fields = json.loads(raw) if isinstance(raw, str) else raw
                yield Problem(spec, Reason(reason), column, message, row_id, fields or {}, line)
            after = (rows[-1][1], rows[-1][0])


def spec_row_id(spec: FileSpec, alias: str = "s") -> str:
    return f"{alias}.{spec.key[0] if spec.table else 'row_id'}"


def _key_of(name: str) -> str:
    return next(spec.key[0] for spec in all_specs() if spec.name == name)


def _create(spec: FileSpec) -> str:
    lines = ["line bigint NOT NULL"]
    if spec.table:
        # The key of a row that is new is drawn here, so that rows of one file can refer to one another.
        lines.append(f"id bigint NOT NULL DEFAULT nextval(pg_get_serial_sequence('{spec.table}', '{spec.table_key}'))")
        lines.append("is_new boolean NOT NULL DEFAULT true")
    else:
        lines.append("row_id text")
    lines += [f"{column.name} {column.sql}" for column in spec.columns]
    if spec.prefixes:
        lines.append("prefixed jsonb")
    return f"CREATE TEMP TABLE IF NOT EXISTS {spec.stage} ({', '.join(lines)})"


_HELPERS = (
    """
    CREATE TEMP TABLE IF NOT EXISTS stage_problems (
        place bigint GENERATED ALWAYS AS IDENTITY, file text NOT NULL, line bigint NOT NULL, reason text NOT NULL,
        column_name text NOT NULL, message text NOT NULL, row_id text NOT NULL, raw jsonb
    )
    """,
    "CREATE INDEX IF NOT EXISTS stage_problems_line ON stage_problems (file, line)",
    "CREATE INDEX IF NOT EXISTS stage_problems_row_id ON stage_problems (file, row_id)",
    # What was made or changed, by line of the file; what is not here was the same as before.
    "CREATE TEMP TABLE IF NOT EXISTS stage_done (file text, line bigint, id bigint, is_new boolean)",
    # Who a row's customer is: see tickets.bundle.customers.
    "CREATE TEMP TABLE IF NOT EXISTS stage_who (key text PRIMARY KEY, customer_id bigint, client_id bigint)",
    "CREATE TEMP TABLE IF NOT EXISTS stage_new_who (key text PRIMARY KEY, customer_id bigint, client_id bigint)",
    # Where merged cases went; whose sums have to be settled.
    "CREATE TEMP TABLE IF NOT EXISTS stage_roots (case_id bigint PRIMARY KEY, root_id bigint)",
    "CREATE TEMP TABLE IF NOT EXISTS stage_clients (case_id text PRIMARY KEY, client_id bigint)",
    "CREATE TEMP TABLE IF NOT EXISTS stage_old_roots (case_id bigint PRIMARY KEY, root_id bigint)",
    "CREATE TEMP TABLE IF NOT EXISTS stage_touched (id bigint)",
    """
    CREATE TEMP TABLE IF NOT EXISTS stage_events (
        line bigint, case_id bigint, kind text, at timestamptz, occurrence smallint, actor_id bigint, actor_label text,
        is_valid boolean, note text
    )
    """,
    "CREATE INDEX IF NOT EXISTS stage_events_line ON stage_events (line)",
    "CREATE TEMP TABLE IF NOT EXISTS stage_phone (given text PRIMARY KEY, number text)",
)
_HELPER_TABLES = (
    "stage_roots",
    "stage_old_roots",
    "stage_touched",
    "stage_events",
    "stage_clients",
    "stage_problems",
    "stage_done",
    "stage_who",
    "stage_new_who",
    "stage_phone",
)

_ESCAPES = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"})


def _copy_line(spec: FileSpec, row: tuple[int, str, list[str]]) -> str:
    """Write one row in COPY's text format. Nearly no row has a character that must be escaped."""
    line, row_id, staged = row
    start = f"{line}\t" if spec.table else f"{line}\t{row_id.translate(_ESCAPES)}\t"
    text = "\t".join(staged)
    if "\\" in text or "\n" in text or "\r" in text or text.count("\t") != len(staged) - 1:
        text = "\t".join(field.translate(_ESCAPES) for field in staged)
    return f"{start}{text}\n"


def _plain(text: str) -> str:
    """PostgreSQL holds no NUL; shown instead is the sign for an unknown character."""
    return text.replace("\0", "\ufffd")


def _storable(raw: Any) -> dict[str, str]:
    return {_plain(name): _plain(value) for name, value in raw.items()}
