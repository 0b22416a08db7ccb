"""Building the SQL of the engine: scopes, group keys and dimensions. Only names from the catalogue become SQL text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from metrics.definition import Fact, Measure, Record
from metrics.facts.agreements import AGREEMENTS

Ranges = Sequence[tuple[datetime, datetime]]
Params = dict[str, Any]
Filters = Mapping[str, Sequence[object]]

# Dimension to the column by which cells are grouped, and its type there.
COLUMNS = {
    "client": "client_id",
    "queue": "queue_id",
    "channel": "channel",
    "team": "team_id",
    "agent": "agent_id",
    "topic": "topic_id",
}


def within(column: str, ranges: Ranges, params: Params, prefix: str = "r") -> str:
    """A condition that `column` lies in one of the half-open ranges; their ends become parameters."""
    parts = []
    for index, (start, end) in enumerate(ranges):
        params[f"{prefix}{index}a"], params[f"{prefix}{index}b"] = start, end
        parts.append(f"({column} >= %({prefix}{index}a)s AND {column} < %({prefix}{index}b)s)")
    return f"({' OR '.join(parts)})" if parts else "false"


def narrowed(columns: Mapping[str, str], filters: Filters, params: Params) -> str:
    """Conditions for the filters, " AND …" or nothing. Values are ids, or codes of channels.

    A row of a fact that lacks a dimension that is asked for belongs to none of its values.
    """
    text = ""
    for dimension, values in filters.items():
        if dimension not in columns:
            return " AND false"
        params[f"f_{dimension}"] = list(values)
        text += f" AND {columns[dimension]} = ANY(%(f_{dimension})s)"
    return text


@dataclass(frozen=True)
class Band:
    """Rows whose `measure` is at least `low` and below `high`, in the unit that is shown; None: no end."""

    measure: Measure
    low: float | None
    high: float | None


def parted(rows: str, band: Band | None, cause: str | None, params: Params) -> str:
    """The sub-select `f` of contacts or else, narrowed to a band and to one cause of failure demand."""
    where = []
    if band is not None:
        where.append(f"({band.measure.where})")
        for name, sign, end in (("band_low", ">=", band.low), ("band_high", "<", band.high)):
            if end is not None:
                params[name] = end * band.measure.scale
                where.append(f"({band.measure.value}) {sign} %({name})s")
    if cause is not None:
        params["cause"] = cause
        where.append("EXISTS (SELECT FROM tickets_contact k WHERE k.id = f.id AND k.cause = %(cause)s)")
    return f"(SELECT * FROM {rows} WHERE {' AND '.join(where)}) f" if where else rows


def record_table(record: Record) -> str:
    return f"metrics_record_{record.code}"


def computed(record: Record, scope: str) -> str:
    """A sub-select of the record's rows, worked out from the log, for the objects that meet `scope`.

    OFFSET is a fence: what is worked out is worked out once, however often it is used.
    """
    return f"(WITH {AGREEMENTS} SELECT {', '.join(record.columns)} FROM ({record.sql.format(scope=scope)} OFFSET 0) r)"


def log_rows(fact: Fact, ranges: Ranges, filters: Filters, params: Params) -> str:
    """The fact's rows in the ranges, straight from the log, as a sub-select `f`."""
    candidates = fact.candidates.format(within=within(fact.candidates_at, ranges, params))
    return f"(SELECT * FROM {computed(fact.record, candidates)} f WHERE {chosen(fact, ranges, filters, params)}) f"


def chosen(fact: Fact, ranges: Ranges, filters: Filters, params: Params) -> str:
    """The condition on a record's rows that they lie in the ranges, as a whole, and meet the filters."""
    text = within(f"f.{fact.at}", ranges, params)
    if fact.until:
        text += f" AND {within_whole(fact, ranges, params)}"
    return text + narrowed({name: f"f.{column}" for name, column in fact.dimensions.items()}, filters, params)


def within_whole(fact: Fact, ranges: Ranges, params: Params) -> str:
    """For ledgers: the whole span lies in one of the ranges. Call after `within`, whose parameters it shares."""
    parts = [f"(f.{fact.at} >= %(r{n}a)s AND f.{fact.until} <= %(r{n}b)s)" for n in range(len(ranges))]
    return f"({' OR '.join(parts)})" if parts else "false"


def merge_ranges(ranges: Ranges) -> list[tuple[datetime, datetime]]:
    """The same instants in as few ranges as possible."""
    merged: list[tuple[datetime, datetime]] = []
    for start, end in sorted(ranges):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return merged


def rest_of(ranges: Ranges, start: datetime, end: datetime) -> list[tuple[datetime, datetime]]:
    """What of `start` to `end` the merged ranges do not cover."""
    rest: list[tuple[datetime, datetime]] = []
    at = start
    for a, b in ranges:
        if a > at:
            rest.append((at, a))
        at = max(at, b)
    if at < end:
        rest.append((at, end))
    return rest
