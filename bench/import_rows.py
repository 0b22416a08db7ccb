"""Importing a bundle, beside a bare COPY of the same files into text columns and DuckDB reading them."""

from __future__ import annotations

import csv
import random
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from bench.common import Table, options, seconds, start

FILES = {
    "contacts.csv": "contact_id,channel,direction,customer_id,case_id,topic,demand,cause,queue,started_at,queued_at,answered_at,"
    "ended_at,outcome,parent_id,duplicate_of,flags",
    "segments.csv": "segment_id,contact_id,agent_id,role,started_at,ended_at,talk_s,hold_s,acw_s",
    "cases.csv": "case_id,customer_id,topic,channel,first_contact_id,created_at,fcr_eligible,merged_into,flags",
    "case_events.csv": "case_id,at,type,actor,valid,note",
}
# An import of a tenth of the log's size says as much as one of all of it.
SHARE = 10


def write_bundle(folder: Path, contacts: int) -> int:
    """Write the files. Return the number of rows."""
    draw = random.Random(7)
    open_files = {name: (folder / name).open("w", newline="") for name in FILES}
    rows = {name: csv.writer(file) for name, file in open_files.items()}
    for name, header in FILES.items():
        rows[name].writerow(header.split(","))
    begin, count = datetime(2024, 1, 1, tzinfo=UTC), 0
    for n in range(contacts):
        at = begin + timedelta(seconds=n * 31_000_000 / contacts)
        wait, talk, acw = draw.randint(1, 90), draw.randint(60, 600), draw.randint(5, 60)
        answered, ended = at + timedelta(seconds=wait), at + timedelta(seconds=wait + talk)
        who, case, agent = f"K{n % (contacts // 4 + 1)}", f"S{n - n % 5 // 4}", f"A{draw.randint(1, 60)}"
        topic, queue = f"area{n % 5}/topic{n % 40}", f"queue{n % 12}"
        rows["contacts.csv"].writerow(
            [f"C{n}", "phone", "inbound", who, case, topic, "value", "", queue, stamp(at), stamp(at), stamp(answered), stamp(ended),
             "answered", "", "", ""]
        )  # fmt: skip
        rows["segments.csv"].writerow([f"G{n}", f"C{n}", agent, "primary", stamp(answered), stamp(ended), talk, 0, acw])
        count += 2
        if n % 5 < 4:
            rows["cases.csv"].writerow([case, who, topic, "phone", f"C{n}", stamp(answered), 1, "", ""])
            rows["case_events.csv"].writerow([case, stamp(answered), "created", agent, 1, ""])
            rows["case_events.csv"].writerow([case, stamp(ended), "resolved", agent, 1, ""])
            count += 3
    for file in open_files.values():
        file.close()
    return count


def stamp(at: datetime) -> str:
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def bare_copy(folder: Path) -> None:
    from django.db import connection

    with connection.cursor() as cursor:
        for name, header in FILES.items():
            columns = ", ".join(f"{column} text" for column in header.split(","))
            cursor.execute(f"DROP TABLE IF EXISTS bench_copy; CREATE TABLE bench_copy ({columns})")
            with (
                (folder / name).open("rb") as file,
                cursor.copy("COPY bench_copy FROM STDIN (FORMAT csv, HEADER)") as target,
            ):
                while block := file.read(1 << 20):
                    target.write(block)
        cursor.execute("DROP TABLE bench_copy")


def read_in_duckdb(folder: Path) -> None:
    import duckdb

    duck = duckdb.connect()
    duck.execute("SET threads TO 2")
    for name in FILES:
        duck.execute(f"CREATE TABLE {Path(name).stem} AS SELECT * FROM read_csv('{folder / name}')")


def take_in(folder: Path, source: str) -> None:
    from django.core.management import call_command

    call_command("import_bundle", str(folder), source=source, verbosity=0)


def empty() -> None:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("TRUNCATE tickets_client, tickets_queue, tickets_topic, tickets_customer, tickets_user CASCADE")


def main() -> None:
    chosen = options(__doc__)
    start("import")
    empty()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        rows = write_bundle(folder, max(1_000, chosen.contacts // SHARE))
        source = f"bench {time.time():.0f}"
        table = Table(f"Import of {rows:,} rows", "bare COPY", "DuckDB")
        baselines: list[Any] = [seconds(lambda: bare_copy(folder)), seconds(lambda: read_in_duckdb(folder))]
        first = seconds(lambda: take_in(folder, source))
        table.line(f"first time ({rows / first:,.0f} rows/s)", first, *baselines)
        again = seconds(lambda: take_in(folder, source))
        table.line(f"again, nothing new ({rows / again:,.0f} rows/s)", again, *baselines)
    empty()


if __name__ == "__main__":
    main()
