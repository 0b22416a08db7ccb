"""Killed again and again while it brings the figures up to date with a log that is corrected meanwhile: nothing is off."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from urllib.parse import quote

import pytest
from django.db import connection

from helpdesk.simulation.run import simulate
from metrics.models import Mark
from tests.tickets.bundle.conftest import desk as empty_desk
from tests.tickets.bundle.logs import CASE, CONTACT, EVENT, SEGMENT, Desk
from tickets.models import Case, Contact, Topic, User

PROJECT = Path(__file__).resolve().parents[2]
ROUNDS = 10
CONTACTS_PER_DAY = 15
# Fewer statements than any of these refreshes takes, so that each is killed before it is done.
LEAST_STATEMENTS = 120
UNTIL = datetime(2025, 10, 20, 15, tzinfo=UTC)

desk = empty_desk

# For each number that it is told, `manage.py refresh_metrics` in a process of its own, forked because Django takes long to
# start: it says its id when the database is about to be given its statement of that number, and does not go on after it.
# What became of it is said by the process that waits for it.
REFRESHES = """
import os, sys, time
import django
django.setup()
from django.core.management import call_command
from django.db import connection
from metrics import refresh

def run(last):
    seen = 0

    def watch(execute, sql, params, many, context):
        nonlocal seen
        seen += 1
        if seen == last:
            print(os.getpid(), flush=True)
            execute(sql, params, many, context)
            time.sleep(600)
        return execute(sql, params, many, context)

    with connection.execute_wrapper(watch):
        call_command("refresh_metrics")

for line in sys.stdin:
    child = os.fork()
    if not child:
        run(int(line))
        print("done too early", flush=True)
        os._exit(1)
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
"""


def started(*words: str) -> subprocess.Popen[str]:
    settings = connection.settings_dict
    environment = {
        **os.environ,
        "DATABASE_URL": f"postgresql://{settings['USER']}@{quote(settings['HOST'], safe='')}/{settings['NAME']}",
    }
    return subprocess.Popen(
        [sys.executable, *words], cwd=PROJECT, env=environment,
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip


def kill_in_the_middle(refreshes: subprocess.Popen[str], random: Random) -> None:
    """Some statement of the refresh is at work, or has just been, when its process is gone."""
    assert refreshes.stdin is not None
    assert refreshes.stdout is not None
    print(random.randrange(2, LEAST_STATEMENTS), file=refreshes.stdin, flush=True)
    said = refreshes.stdout.readline()
    if not said.strip().isdecimal():
        refreshes.stdin.close()
        raise AssertionError(said + refreshes.stdout.read())
    time.sleep(random.choice([0, 0.002, 0.02]))
    os.kill(int(said), signal.SIGKILL)
    assert refreshes.stdout.readline() == f"{-signal.SIGKILL}\n"


def correct(random: Random) -> None:
    """People find that what they wrote was wrong: topics, flags, and cases that were not solved after all."""
    agent = User.objects.filter(role="agent").order_by("pk").first()
    topics = list(Topic.objects.order_by("pk"))
    contacts = list(Contact.objects.order_by("pk"))
    for contact in random.sample(contacts, 3):
        contact.describe(by=agent, topic=random.choice(topics))
    for contact in random.sample(contacts, 2):
        contact.describe(by=agent, flags=random.choice([[], ["spam"], ["status_enquiry"]]))
    cases = list(Case.objects.order_by("pk"))
    for case in random.sample(cases, 2):
        case.change(by=agent, topic=random.choice(topics))
        case.change(by=agent, flags=random.choice([[], ["test"]]))
    resolved = [case for case in cases if case.status == "resolved"]
    for case in random.sample(resolved, 2):
        assert case.reopen(by=agent, at=case.updated_at + timedelta(minutes=random.randrange(1, 5000)))


def merge(desk: Desk, number: int) -> None:
    """A new pair of cases on one problem, each with its call; that of the round before turns out to be one case."""
    rows: dict[str, list[dict[str, str]]] = {"cases": [], "case_events": [], "contacts": [], "segments": []}
    for pair in range(max(0, number - 1), number + 1):
        for one, is_merged in (("a", False), ("b", pair < number)):
            name, case, into = f"{pair}{one}", f"S{pair}{one}", f"S{pair}a" if is_merged else ""
            rows["cases"].append(CASE | {"case_id": case, "customer_id": f"K{pair}", "merged_into": into})
            rows["case_events"].append(EVENT | {"case_id": case})
            if is_merged:
                merged = {"case_id": case, "at": "2025-10-07T07:00:00Z", "type": "merged"}
                rows["case_events"].append(EVENT | merged)
            contact = {"contact_id": f"C{name}", "case_id": case, "customer_id": f"K{pair}"}
            rows["contacts"].append(CONTACT | contact)
            rows["segments"].append(SEGMENT | {"segment_id": f"G{name}", "contact_id": f"C{name}"})
    for file, lines in rows.items():
        desk.write(file, *lines)
    desk.load()
    assert desk.told == []


@pytest.mark.heavy
@pytest.mark.django_db(transaction=True)
def test_a_refresh_killed_ten_times_ends_with_the_figures_of_the_log(desk: Desk) -> None:
    random = Random(7)
    refreshes = started("-c", REFRESHES)
    for number in range(ROUNDS):
        simulate(
            seed=number,
            days=1,
            contacts_per_day=CONTACTS_PER_DAY,
            until=UNTIL + timedelta(days=number % 7),
            in_bulk=True,
        )
        correct(random)
        merge(desk, number)
        kill_in_the_middle(refreshes, random)
        assert Mark.objects.exists()
    refreshes.communicate()
    assert Case.objects.filter(status="merged").count() == ROUNDS - 1
    for words in ([], ["--check"]):
        running = started("manage.py", "refresh_metrics", *words)
        said = running.communicate()[0]
        assert running.returncode == 0, said
    assert "wait for their refresh" not in said
    assert not Mark.objects.exists()
