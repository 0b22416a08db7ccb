"""Where the numbers keep what they work out: tables of records and of cells, made from the catalogue.

Both are copies of the log that can always be computed again. They are not models: their columns follow the catalogue.
`sync_tables` runs after every migration; a table whose definition changed is made anew and filled by the refresh.

This is the one place that decides where they lie. Every cell and every record carries its client, and no statement of
`metrics.refresh` or `metrics.compute` joins rows of two clients: distributing these tables by `client_id` (Citus:
`create_distributed_table`, behind `make_table`) shards them, and a schema per client would work alike.
"""

from __future__ import annotations

import hashlib
import secrets
from typing import Any

from django.conf import settings
from django.db import connection, transaction

from metrics.catalog import kept_of, maturities_of, measures_of
from metrics.definition import Fact, Measure, Record
from metrics.facts import FACTS, RECORDS
from metrics.grains import GRAINS, Grain, hour_origin
from metrics.sql import COLUMNS, record_table

STORED = {code: record for code, record in RECORDS.items() if record.stored}
# What a cell has in place of NULL, so that its key is a plain unique one: type, and the SQL of nothing.
_KEY_TYPES = {"channel": ("text", "''")}
ROWS = "row_count"


def facts_of(record: Record) -> list[Fact]:
    """The facts whose rows these are, if anything is counted over them."""
    return [fact for fact in FACTS.values() if fact.record is record and measures_of(fact.code)]


def cell_table(fact: Fact, grain: Grain) -> str:
    return f"metrics_cell_{fact.code}_{grain.code}"


def key_columns(grain: Grain) -> list[str]:
    return ["bucket", *(COLUMNS[name] for name in grain.dimensions)]


def key_values(fact: Fact, grain: Grain, row: str = "f") -> list[str]:
    """The SQL of a cell's key, from a record's row."""
    keys = [grain.bucket.format(at=f"{row}.{fact.at}")]
    for name in grain.dimensions:
        column = f"{row}.{fact.dimensions[name]}" if name in fact.dimensions else "NULL"
        kind, nothing = _KEY_TYPES.get(name, ("int", "0"))
        keys.append(f"coalesce({column}, {nothing})::{kind}")
    return keys


def cells_of(fact: Fact, grain: Grain, rows: str, *, sign: str = "") -> str:
    """SELECT of the grain's cells over these rows of the record. A sum of nothing is NULL, which takes no room.

    With `sign`, a column of the rows, they come in and go out.
    """
    columns = [f"{sql} AS {name}" for name, sql in zip(key_columns(grain), key_values(fact, grain), strict=True)]
    columns.append(f"coalesce(sum({sign}), 0)::int AS {ROWS}" if sign else f"count(*)::int AS {ROWS}")
    for code, measure in kept_of(fact.code).items():
        also = f"{sign} > 0" if sign and is_max(measure) else ""
        columns.append(f"nullif({measure.sql(sign=sign, also=also)}, 0)::{measure.column_type} AS {code}")
    order = ", ".join(str(n + 1) for n in range(len(key_columns(grain))))
    return f"SELECT {', '.join(columns)} FROM {rows} f WHERE f.{fact.at} IS NOT NULL GROUP BY {order} ORDER BY {order}"


def summed(fact: Fact, grain: Grain, finer: str) -> str:
    """SELECT of the grain's cells as sums of finer ones."""
    bucket = grain.bucket.format(at="bucket")
    keys = [f"{bucket} AS bucket", *key_columns(grain)[1:]]
    sums = [f"sum({ROWS})::int AS {ROWS}"]
    for code, measure in kept_of(fact.code).items():
        sums.append(f"nullif({'max' if is_max(measure) else 'sum'}({code}), 0)::{measure.column_type} AS {code}")
    order = ", ".join(str(n + 1) for n in range(len(keys)))
    return f"SELECT {', '.join(keys + sums)} FROM {finer} GROUP BY {order} ORDER BY {order}"


def is_max(measure: Measure) -> bool:
    return measure.aggregate == "max"


def params() -> dict[str, Any]:
    """What the SQL of the buckets refers to."""
    return {"origin": hour_origin(), "zone": settings.TIME_ZONE}


# --- schema


def sync_tables() -> list[str]:
    """Make the tables as the catalogue wants them. Return the codes of the records that must be filled anew."""
    renewed = []
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended('metrics:tables', 0))")
        for record in STORED.values():
            if _is_as_wanted(cursor, record):
                continue
            make_tables(cursor, record)
            cursor.execute("DELETE FROM metrics_mark WHERE record = %s", [record.code])
            mark_everything(cursor, record)
            renewed.append(record.code)
    return sorted(renewed)


def mark_everything(cursor: Any, record: Record) -> None:
    key = record.key.partition(".")[2]
    cursor.execute(
        f"INSERT INTO metrics_mark (record, row_id) SELECT %s, {key} FROM {record.table} WHERE {record.objects} "
        f"ORDER BY {key}",
        [record.code],
    )


def _is_as_wanted(cursor: Any, record: Record) -> bool:
    names = [record_table(record), *(cell_table(f, grain) for f in facts_of(record) for grain in GRAINS)]
    cursor.execute("SELECT obj_description(to_regclass(n)::oid, 'pg_class') FROM unnest(%s::text[]) n", [names])
    return all(row[0] == fingerprint(record) for row in cursor.fetchall())


def fingerprint(record: Record) -> str:
    parts = [(f.at, f.dimensions, measures_of(f.code), sorted(maturities_of(f.code))) for f in facts_of(record)]
    text = repr((record.sql, record.columns, record.indexes, parts, GRAINS, settings.TIME_ZONE))
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def make_tables(cursor: Any, record: Record) -> None:
    """Make the record's table and its facts' cells, empty, in place of what is there."""
    make_table(cursor, record_table(record), f"({record_columns(record)})")
    finish_record(cursor, record, record_table(record))
    for fact in facts_of(record):
        for grain in GRAINS:
            keys = ["bucket timestamptz NOT NULL", *(f"{COLUMNS[d]} {_key_type(d)} NOT NULL" for d in grain.dimensions)]
            sums = [f"{ROWS} int NOT NULL", *(f"{m.code} {m.column_type}" for m in kept_of(fact.code).values())]
            make_table(cursor, cell_table(fact, grain), f"({', '.join(keys + sums)})")
            finish_cells(cursor, record, grain, cell_table(fact, grain))


def record_columns(record: Record) -> str:
    return ", ".join(f"{name} {kind}" for name, kind in record.columns.items())


def _key_type(dimension: str) -> str:
    return _KEY_TYPES.get(dimension, ("int", "0"))[0]


def make_table(cursor: Any, name: str, contents: str, values: dict[str, Any] | None = None) -> None:
    """Make one table of ours anew; `contents` are its columns, or AS and a query with its parameters."""
    cursor.execute(f"DROP TABLE IF EXISTS {name}")
    cursor.execute(f"CREATE TABLE {name} {contents}", values)


def _index_name() -> str:
    """A name of its own. PostgreSQL makes them up of the first letters of the table's, and two processes that make tables
    with long names side by side come upon the same one.
    """
    return f"metrics_index_{secrets.token_hex(8)}"


def finish_record(cursor: Any, record: Record, name: str) -> None:
    """Index a table of records: one object by its id, a period by the moments that date its rows or make them mature."""
    cursor.execute(f"CREATE UNIQUE INDEX {_index_name()} ON {name} (id)")
    for index in record.indexes:
        cursor.execute(f"CREATE INDEX {_index_name()} ON {name} {index}")
    moments = {f.at for f in facts_of(record)} | {
        m.at for f in facts_of(record) for m in maturities_of(f.code).values()
    }
    for moment in sorted(moments):
        # Rows lie in about the order of time: a few bytes a page of rows are enough, and keep updates in place.
        cursor.execute(
            f"CREATE INDEX {_index_name()} ON {name} USING brin ({moment}) WITH (pages_per_range = 16, autosummarize = on)"
        )
    cursor.execute(f"COMMENT ON TABLE {name} IS '{fingerprint(record)}'")


def finish_cells(cursor: Any, record: Record, grain: Grain, name: str) -> None:
    """Index a table of cells: a period, and one agent's or one topic's slice of a long one."""
    extra = [COLUMNS[d] for d in grain.dimensions if d in {"agent", "topic"}]
    keys = key_columns(grain)
    cursor.execute(f"CREATE UNIQUE INDEX {_index_name()} ON {name} ({', '.join(keys)})")
    for column in extra:
        cursor.execute(f"CREATE INDEX {_index_name()} ON {name} ({column}, bucket)")
    cursor.execute(f"COMMENT ON TABLE {name} IS '{fingerprint(record)}'")
