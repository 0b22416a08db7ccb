"""Building the SQL of the engine: scopes, group keys and dimensions. Only names from the catalogue become SQL text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from metrics.definition import Fact

Ranges = Sequence[tuple[datetime, datetime]]
Params = dict[str, Any]

# Dimension to the column by which facts and cells are grouped.
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


def narrowed(columns: Mapping[str, str], filters: Mapping[str, Sequence[object]], params: Params) -> str:
    """Conditions for the filters, " AND …" or nothing. Values are ids, or codes of channels."""
    text = ""
    for dimension, values in filters.items():
        params[f"f_{dimension}"] = list(values)
        text += f" AND {columns[dimension]} = ANY(%(f_{dimension})s)"
    return text


def fact_rows(fact: Fact, ranges: Ranges, filters: Mapping[str, Sequence[object]], params: Params) -> str:
    """The fact's rows in the ranges, as a sub-select whose columns are computed once and only if used."""
    scope = within(fact.at, ranges, params) + narrowed(fact.dimensions, filters, params)
    return f"({fact.sql.format(scope=scope)} OFFSET 0) f"


def merge_ranges(ranges: Ranges) -> list[tuple[datetime, datetime]]:
    """The same instants in as few ranges as possible."""
    merged: list[tuple[datetime, datetime]] = []
    for start, end in sorted(ranges):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return merged


def clip_ranges(ranges: Ranges, start: datetime, end: datetime) -> list[tuple[datetime, datetime]]:
    """The parts of the ranges between `start` and `end`."""
    return [(max(a, start), min(b, end)) for a, b in ranges if a < end and b > start]


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
