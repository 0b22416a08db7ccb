"""A day of a bank's calls, written as a queue_log of Asterisk and read by the command: the figures that were computed from
the bank's own log by other means."""

from __future__ import annotations

import csv
import gzip
from datetime import datetime
from pathlib import Path

import pytest
from django.core.management import call_command

from tests.factories import make_queue, make_source, make_user
from tests.realdata.shared import shared
from tickets.models import Connector, Contact, PhoneName

pytestmark = [pytest.mark.django_db, pytest.mark.heavy]
DAY = "1999-01-01"


def rows(folder: Path, name: str) -> list[dict[str, str]]:
    with gzip.open(folder / name, "rt", encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))


def seconds(text: str) -> int:
    return int(datetime.fromisoformat(text).timestamp())


def lines_of(calls: list[dict[str, str]], agents: dict[str, str]) -> list[str]:
    written: list[tuple[int, int, str]] = []
    for call in calls:
        came, over = seconds(call["queued_at"]), seconds(call["ended_at"])
        name, queue = call["contact_id"], call["queue"]
        written.append((came, 0, f"{came}|{name}|{queue}|NONE|ENTERQUEUE||{call['customer_id']}|1"))
        if call["outcome"] == "answered":
            answered, agent = seconds(call["answered_at"]), f"SIP/{agents.get(name, 'NO_SERVER')}"
            written.append((answered, 1, f"{answered}|{name}|{queue}|{agent}|CONNECT|{answered - came}|{name}.1|1"))
            written.append(
                (over, 2, f"{over}|{name}|{queue}|{agent}|COMPLETECALLER|{answered - came}|{over - answered}|1")
            )
        else:
            written.append((over, 3, f"{over}|{name}|{queue}|NONE|ABANDON|1|1|{over - came}"))
    return [text for _at, _place, text in sorted(written)]


def test_a_banks_day_as_a_queue_log_gives_the_figures_of_the_bank(client, tmp_path):
    folder = shared("data/bank-1999-01")
    if folder is None:
        pytest.skip("data/bank-1999-01 is not beside the checkout")
    calls = [
        call
        for call in rows(folder, "contacts.csv.gz")
        if call["started_at"].startswith(DAY) and call["queued_at"] and "test" not in call["flags"]
    ]
    agents = {leg["contact_id"]: leg["agent_id"] for leg in rows(folder, "segments.csv.gz")}
    connector = Connector.objects.create(
        kind="asterisk", code="pbx", name="Bank", source=make_source("pbx"), wraps_up_on_desk=False
    )
    for name in {call["queue"] for call in calls}:
        PhoneName.objects.create(connector=connector, what="queue", name=name, queue=make_queue(f"q-{name}".lower()))
    for number, name in enumerate(sorted({*agents.values(), "NO_SERVER"})):
        agent = make_user(f"agent{number}")
        PhoneName.objects.create(connector=connector, what="agent", name=f"SIP/{name}", agent=agent)
    written = lines_of(calls, agents)
    log = tmp_path / "queue_log"
    log.write_text("".join(f"{line}\n" for line in written[: len(written) // 2]))
    call_command("read_queue_log", str(log))
    log.write_text("".join(f"{line}\n" for line in written))
    call_command("read_queue_log", str(log), again=True)
    assert Contact.objects.count() == len(calls)
    call_command("refresh_metrics")
    client.force_login(make_user("boss", role="manager"))
    with (folder / "expected.csv").open() as lines:
        expected = [row for row in csv.DictReader(lines) if row["group"] == f"day={DAY}"]
    compared = 0
    for row in expected:
        if row["kpi"] in {"offered", "answered", "abandoned", "asa", "service-level", "abandonment", "aht"}:
            address = f"/api/v1/kpis/values/?kpi={row['kpi']}&start=1998-12-31&end=1999-01-03&tz=Asia/Jerusalem"
            (given,) = client.get(address).json()["rows"]
            assert given["kpis"][row["kpi"]]["value"] == pytest.approx(float(row["value"]), rel=1e-6), row["kpi"]
            compared += 1
    assert compared == 7
