"""The values endpoint, beside plain SQL on the log, the same SQL in DuckDB, and our own engine without its cells."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from bench import generate
from bench.common import Table, median, options, stage, start

COUNTS = ("offered", "answered", "asa", "service-level", "abandonment", "aht", "transfer-rate", "failure-demand")
PERCENTILES = ("wait:p50", "wait:p80", "wait:p90")

# What these KPIs count, written down as anybody would for this log: every client has the default thresholds.
COUNTS_SQL = """
    count(*) FILTER (WHERE NOT live OR (queued AND outcome <> 'ivr_abandoned')),
    count(*) FILTER (WHERE outcome = 'answered'),
    count(*) FILTER (WHERE live AND outcome = 'answered'), sum(wait) FILTER (WHERE live AND outcome = 'answered'),
    count(*) FILTER (WHERE live AND outcome = 'answered' AND wait <= CASE channel WHEN 'chat' THEN 60 ELSE 20 END),
    count(*) FILTER (WHERE live AND outcome = 'abandoned' AND wait > 5),
    sum(work) FILTER (WHERE handled), count(*) FILTER (WHERE handled), count(*) FILTER (WHERE handled AND transferred),
    count(*) FILTER (WHERE handled AND demand = 'failure'), count(*) FILTER (WHERE handled AND demand <> '')"""
PERCENTILES_SQL = ", ".join(
    f"percentile_cont({share}) WITHIN GROUP (ORDER BY wait) FILTER (WHERE live AND outcome = 'answered')"
    for share in (0.5, 0.8, 0.9)
)
# The log as both databases see it: local time, seconds.
LOG = """
    SELECT started_at AT TIME ZONE 'Europe/Stockholm' AS day_time, channel, channel IN ('phone', 'chat') AS live, outcome, queue_id,
        team_id, owner_id, topic_id, queued_at IS NOT NULL AS queued, is_handled AS handled,
        transfers > 0 AS transferred, demand,
        extract(epoch FROM coalesce(answered_at, ended_at) - queued_at)::float AS wait,
        (talk_us + hold_us + acw_us) / 1000000.0::float AS work
    FROM tickets_contact WHERE is_valid"""


class Question:
    """One question, put to the endpoint and written as SQL."""

    def __init__(
        self, name: str, kpis: tuple[str, ...], first: date, last: date, by: tuple[str, ...] = (), **one: Any
    ) -> None:
        self.name, self.kpis, self.first, self.last, self.by, self.one = name, kpis, first, last, by, one

    def parameters(self, engine: str) -> dict[str, Any]:
        codes = {name: row.code if name == "agent" else row.path for name, row in self.one.items()}
        return {"kpi": self.kpis, "start": self.first, "end": self.last, "by": self.by, "engine": engine, **codes}

    def sql(self, source: str, bounds: str) -> str:
        keys = [
            f"date_trunc('{name}', day_time)" if name in {"day", "week", "month"} else f"{name}_id" for name in self.by
        ]
        column = {"agent": "owner_id", "topic": "topic_id"}
        where = [bounds, *(f"{column[name]} = {row.pk}" for name, row in self.one.items())]
        parts = COUNTS_SQL if self.kpis == COUNTS else PERCENTILES_SQL
        group = f" GROUP BY {', '.join(keys)}" if keys else ""
        return f"SELECT {', '.join([*keys, parts])} FROM ({source}) l WHERE {' AND '.join(where)}{group}"

    def in_postgres(self) -> str:
        # The bounds on the stored column, so that its index serves.
        bounds = (
            f"started_at >= '{self.first}'::timestamp AT TIME ZONE 'Europe/Stockholm'"
            f" AND started_at < '{self.last}'::timestamp AT TIME ZONE 'Europe/Stockholm'"
        )
        return self.sql(f"{LOG} AND {bounds}", "true")

    def in_duckdb(self) -> str:
        return self.sql(
            "SELECT * FROM log", f"day_time >= TIMESTAMP '{self.first}' AND day_time < TIMESTAMP '{self.last}'"
        )


def questions() -> list[Question]:
    from django.utils import timezone

    from tickets.models import Topic, User

    end = timezone.localdate()
    month, year, all_ = end - timedelta(days=30), end - timedelta(days=365), end - timedelta(days=generate.DAYS)
    agent, topic = User.objects.get(code="a7"), Topic.objects.filter(children=None).order_by("pk")[3]
    return [
        Question("a month by day", COUNTS, month, end, ("day",)),
        Question("a month by day and queue", COUNTS, month, end, ("day", "queue")),
        Question("two years by month and queue", COUNTS, all_, end, ("month", "queue")),
        Question("a year of one agent by week", COUNTS, year, end, ("week",), agent=agent),
        Question("a year of one topic by month", COUNTS, year, end, ("month",), topic=topic),
        Question("wait percentiles, a month by day", PERCENTILES, month, end, ("day",)),
        Question("wait percentiles, two years by queue", PERCENTILES, all_, end, ("queue",)),
    ]


def in_duckdb(folder: Path) -> Any:
    """Copy the log into DuckDB: the columns that the questions need."""
    import duckdb
    from django.db import connection

    file = folder / "log.csv"
    with (
        connection.cursor() as cursor,
        file.open("wb") as target,
        cursor.copy(f"COPY ({LOG}) TO STDOUT (FORMAT csv, HEADER)") as rows,
    ):
        for block in rows:
            target.write(block)
    duck = duckdb.connect()
    duck.execute("SET threads TO 2")
    duck.execute(f"CREATE TABLE log AS SELECT * FROM read_csv('{file}')")
    file.unlink()
    return duck


def ask(client: Any, parameters: dict[str, Any]) -> Any:
    """The answer as it leaves. To read it is the asker's work."""
    response = client.get("/api/v1/kpis/values/", parameters)
    assert response.status_code == 200, response.content[:500]
    return response


def in_postgres(sql: str) -> list[Any]:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(sql)
        return cursor.fetchall()


def check(question: Question, client: Any) -> None:
    """A fast answer must first be the right one."""
    answer = ask(client, question.parameters("auto")).json()
    ours = [tuple(row["kpis"][slug]["value"] for slug in ("offered", "answered")) for row in answer["rows"]]
    at = len(question.by)
    theirs = [tuple(row[at : at + 2]) for row in in_postgres(question.in_postgres())]
    # A group of which nothing counts (all hung up in the voice menu) is a row here and none there.
    assert sorted(filter(any, ours)) == sorted(filter(any, theirs)), question.name


def main() -> None:
    chosen = options(__doc__)
    start("log")
    generate.ensure(chosen.contacts)
    from django.test import Client

    from helpdesk import garbage
    from tickets.models import User

    client = Client(SERVER_NAME="localhost")
    client.force_login(User.objects.get(username="manager"))
    # As helpdesk.wsgi does.
    garbage.settle()
    with tempfile.TemporaryDirectory() as folder:
        with stage("the log into DuckDB"):
            duck = in_duckdb(Path(folder))
        table = Table(f"Values endpoint, {chosen.contacts:,} contacts", "plain SQL", "DuckDB", "engine=facts")
        for question in questions():
            if question.kpis == COUNTS:
                check(question, client)
            runs: list[Callable[[], Any]] = [
                lambda q=question: ask(client, q.parameters("auto")),
                lambda q=question: in_postgres(q.in_postgres()),
                lambda q=question: duck.execute(q.in_duckdb()).fetchall(),
                lambda q=question: ask(client, q.parameters("facts")),
            ]
            table.line(question.name, *(median(run) for run in runs))
    flat_memory(client)


def flat_memory(client: Any) -> None:
    """Ask the widest question over and over: the process must not grow by it."""
    import psutil

    widest = next(question for question in questions() if question.by == ("month", "queue"))
    sizes = []
    for turn in range(301):
        ask(client, widest.parameters("auto"))
        if turn % 100 == 0:
            sizes.append(psutil.Process().memory_info().rss / 2**20)
    print("\nMemory of the process after 1, 101, 201 and 301 answers: " + ", ".join(f"{size:.0f} MB" for size in sizes))


if __name__ == "__main__":
    main()
