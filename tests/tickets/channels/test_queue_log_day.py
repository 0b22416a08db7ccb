"""A whole day of one queue_log, read by the command in pieces, again, shuffled and over a rotation: the figures are those
that the lines give when they are counted by themselves."""

from __future__ import annotations

import json
import os
import shutil
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.core.management import call_command

from tests.factories import make_queue, make_source, make_team, make_user
from tests.tickets.channels.queue_log_day import AGENTS, QUEUES, Day, figures
from tickets.channels.phone import log_file
from tickets.models import Connector, Contact, PhoneName
from tickets.settle import differences
from tickets.telephone import settle_waiting

pytestmark = pytest.mark.django_db
STOCKHOLM = ZoneInfo("Europe/Stockholm")


@pytest.fixture
def connector():
    team = make_team()
    one = Connector.objects.create(
        kind="asterisk", code="pbx", name="Exchange", source=make_source("pbx"), wraps_up_on_desk=False,
        on_timeout="voicemail", on_key="callback_requested",
    )  # fmt: skip
    for name in QUEUES:
        queue = make_queue(f"q-{name}", teams=[team])
        PhoneName.objects.create(connector=one, what="queue", name=name, queue=queue)
    for number, name in enumerate(AGENTS):
        PhoneName.objects.create(connector=one, what="agent", name=name, agent=make_user(f"agent{number}", team=team))
    return one


def replay(path, lines, **options):
    path.write_text("".join(f"{line}\n" for line in lines))
    call_command("read_queue_log", str(path), **({"connector": "pbx"} | options))


def told(api, kpi):
    address = f"/api/v1/kpis/values/?kpi={kpi}&start=2025-10-01&end=2025-11-01"
    answer = api.get(address)
    assert answer.status_code == 200, answer.content
    (row,) = answer.json()["rows"]
    return row["kpis"][kpi]["value"]


def check(client, lines):
    expected = figures(lines)
    client.force_login(make_user("boss", role="manager"))
    call_command("refresh_metrics")
    assert len(expected.waits) > 100
    assert expected.flow_outs > 10
    assert expected.short > 3
    assert told(client, "asa") == pytest.approx(expected.asa, rel=1e-9)
    assert told(client, "service-level") == pytest.approx(expected.service_level, rel=1e-9)
    assert told(client, "abandonment") == pytest.approx(expected.abandonment, rel=1e-9)
    assert told(client, "aht") == pytest.approx(expected.aht, rel=1e-9)
    assert differences() == []


DAYS = {
    "a day until after midnight": (1, datetime(2025, 10, 7, 6, tzinfo=STOCKHOLM), 18.5),
    "the night in which an hour comes twice": (2, datetime(2025, 10, 25, 18, tzinfo=STOCKHOLM), 14),
}


@pytest.mark.parametrize(("seed", "begin", "hours"), DAYS.values(), ids=DAYS)
def test_a_day_read_half_twice_gives_the_figures_of_its_lines(client, connector, tmp_path, seed, begin, hours):
    lines = Day(seed, begin, hours, 220).text()
    log = tmp_path / "queue_log"
    replay(log, lines[: len(lines) // 2])
    replay(log, lines[: len(lines) // 2], again=True)
    replay(log, lines, again=True)
    check(client, lines)


def test_blocks_in_no_order_give_the_same_contacts(connector, tmp_path):
    day = Day(3, datetime(2025, 10, 7, 6, tzinfo=STOCKHOLM), 18, 90)
    replay(tmp_path / "queue_log", day.shuffled())
    other = Connector.objects.get(pk=connector.pk)
    other.pk, other.code, other.source = None, "other", make_source("other")
    other.save()
    for name in connector.names.all():
        PhoneName.objects.create(connector=other, what=name.what, name=name.name, agent=name.agent, queue=name.queue)
    replay(tmp_path / "in_order", day.text(), connector="other")
    assert contacts(other) == contacts(connector)
    assert len(contacts(other)) == 90


def contacts(connector):
    columns = ("external_id", "outcome", "queue__code", "queued_at", "answered_at", "talk_us", "acw_us", "legs")
    return list(Contact.objects.filter(source=connector.source).order_by("external_id").values_list(*columns))


def test_a_log_that_is_rotated_and_begun_again_loses_no_line(client, connector, tmp_path):
    lines = Day(4, datetime(2025, 10, 7, 6, tzinfo=STOCKHOLM), 18, 190).text()
    log, third = tmp_path / "queue_log", len(lines) // 3
    replay(log, lines[:third])
    with log.open("a") as more:
        more.write("".join(f"{line}\n" for line in lines[third : 2 * third]))
    log.rename(tmp_path / "queue_log.1")
    replay(log, lines[2 * third :])
    check(client, lines)


def test_a_log_that_is_followed_is_read_as_it_grows_over_rotations_of_both_kinds(
    client, connector, tmp_path, monkeypatch
):
    """Each step is what Asterisk, or whoever rotates its log, does between two looks of the reader."""
    monkeypatch.setattr(log_file, "PAUSE", 0)
    lines = [f"{line}\n" for line in Day(6, datetime(2025, 10, 7, 6, tzinfo=STOCKHOLM), 18, 220).text()]
    log, part = tmp_path / "queue_log", len(lines) // 6

    def write(text):
        with log.open("a") as more:
            more.write(text)

    pieces = ["".join(lines[n * part : (n + 1) * part if n < 5 else None]) for n in range(6)]
    steps = iter([
        lambda: write(pieces[1][:-40]),  # the last line is half written
        lambda: None,
        lambda: write(pieces[1][-40:]),
        lambda: (write(pieces[2]), log.rename(tmp_path / "queue_log.1")),  # moved away before it was read
        lambda: None,  # and nothing new there yet
        lambda: write(pieces[3]),
        lambda: write(pieces[4]),
        lambda: (shutil.copy(log, tmp_path / "queue_log.2"), os.truncate(log, 0)),  # copied and emptied
        lambda: None,
        lambda: write(pieces[5]),
    ])  # fmt: skip

    def is_over():
        step = next(steps, None)
        if step:
            step()
        return step is None

    write(pieces[0])
    reader = log_file.LogReader(connector, log)
    reader.follow(is_over=is_over)
    assert reader.read.lines == len(lines)
    check(client, [line.rstrip("\n") for line in lines])
    # Who comes after it finds nothing that is new.
    assert log_file.LogReader(connector, log).catch_up().stored == 0


def test_a_line_that_is_still_being_written_is_read_when_it_is_whole(connector, tmp_path):
    log = tmp_path / "queue_log"
    log.write_text("1759824000|1759824000.1|support|NONE|ENTERQUEUE||+46701234567|1\n1759824009|1759824000.1|supp")
    call_command("read_queue_log", str(log))
    assert Contact.objects.get().outcome == ""
    with log.open("a") as more:
        more.write("ort|NONE|ABANDON|1|1|9\n")
    call_command("read_queue_log", str(log))
    assert Contact.objects.get().outcome == "abandoned"


def test_calls_that_name_somebody_unknown_wait_and_count_once_they_are_known(client, connector, tmp_path):
    day = Day(5, datetime(2025, 10, 7, 6, tzinfo=STOCKHOLM), 18, 190)
    lines = day.text()
    names = connector.names.filter(name__in=[AGENTS[0], QUEUES[1]])
    meant = {name.name: (name.agent_id, name.queue_id) for name in names}
    names.delete()
    replay(tmp_path / "queue_log", lines)
    assert connector.waiting.calls() > 60
    assert sorted(connector.names.unknown().values_list("name", flat=True)) == sorted(meant)
    for name, (agent, queue) in meant.items():
        connector.names.filter(name=name).update(agent=agent, queue=queue)
    assert settle_waiting(connector).waiting == 0
    assert not connector.waiting.exists()
    check(client, lines)


def test_what_is_no_line_waits_in_the_quarantine_and_stops_nothing(connector, tmp_path):
    from tickets.models import QuarantinedRow

    good = "1759824000|1759824000.1|support|NONE|ENTERQUEUE||+46701234567|1"
    replay(tmp_path / "queue_log", ["rubbish", "1759824000|x|support|NONE|NOSUCHEVENT", good, "\x00" * 3, "x|" * 9000])
    assert Contact.objects.count() == 1
    assert QuarantinedRow.objects.filter(file="queue_log").count() == 3
    replay(tmp_path / "queue_log", ["rubbish", good], again=True)
    assert QuarantinedRow.objects.filter(file="queue_log").count() == 3
    assert json.dumps(QuarantinedRow.objects.first().raw)


def test_an_old_log_asks_nobody_to_call_back(connector, tmp_path):
    from tickets.models import Callback

    replay(tmp_path / "queue_log", Day(6, datetime(2025, 10, 7, tzinfo=STOCKHOLM) - timedelta(days=9), 9, 80).text())
    assert Contact.objects.filter(outcome="callback_requested").exists()
    assert not Callback.objects.exists()
