"""Everything killed outright, in the middle of an import and of refreshing: after the restart the figures agree with the log."""

from __future__ import annotations

import contextlib
import csv
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.running import PROJECT, RunningHelpdesk

CONTACTS = 12_000
PATIENCE = 120


def write_bundle(folder: Path) -> None:
    """A fortnight of calls, some of which come back on the same topic."""
    seeded = random.Random(4)
    folder.mkdir()
    first = datetime(2025, 9, 1, 6, tzinfo=UTC)
    contacts = "contact_id channel direction customer_id case_id topic demand cause queue started_at queued_at answered_at ended_at outcome parent_id duplicate_of flags"
    segments = "segment_id contact_id agent_id role started_at ended_at talk_s hold_s acw_s"
    with (folder / "contacts.csv").open("w", newline="") as one, (folder / "segments.csv").open("w", newline="") as two:
        calls, legs = csv.writer(one), csv.writer(two)
        calls.writerow(contacts.split())
        legs.writerow(segments.split())
        for number in range(CONTACTS):
            at = first + timedelta(seconds=seeded.randrange(14 * 86400))
            answered = at + timedelta(seconds=seeded.randrange(60))
            ended = answered + timedelta(seconds=seeded.randrange(1, 900))
            outcome = seeded.choice(["answered"] * 9 + ["abandoned"])
            name, topic, queue = f"C{number}", f"t{seeded.randrange(9)}", f"q{seeded.randrange(3)}"
            calls.writerow(
                [name, "phone", "inbound", f"K{seeded.randrange(2000)}", "", topic, "", "", queue, at.isoformat(),
                 at.isoformat(), answered.isoformat() if outcome == "answered" else "", ended.isoformat(), outcome, "", "", ""]
            )  # fmt: skip
            if outcome == "answered":
                talk = int((ended - answered).total_seconds())
                legs.writerow(
                    [
                        f"G{number}",
                        name,
                        f"A{number % 7}",
                        "primary",
                        answered.isoformat(),
                        ended.isoformat(),
                        talk,
                        0,
                        20,
                    ]
                )


class Installation(RunningHelpdesk):
    """A running product whose processes can be found and killed."""

    def command(self, *words: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "manage.py", *words],
            cwd=PROJECT, env=self.environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        )  # fmt: skip

    def wait_until_ready(self) -> None:
        until(lambda: self.answers("/readyz/"), f"ready again; {self.log.read_text()[-2000:]}")

    def processes(self, word: str) -> list[int]:
        """Processes of this home whose command line has the word: those that name the home, and our descendants."""
        lines, parents = {}, {}
        for entry in Path("/proc").glob("[0-9]*"):
            with contextlib.suppress(OSError):
                lines[int(entry.name)] = (entry / "cmdline").read_text().replace("\0", " ")
                parents[int(entry.name)] = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
        found = []
        for pid, line in lines.items():
            ancestors, parent = set(), parents.get(pid, 0)
            while parent:
                ancestors.add(parent)
                parent = parents.get(parent, 0)
            if word in line and (str(self.home) in line or self.process.pid in ancestors):
                found.append(pid)
        return found

    def kill(self, word: str) -> None:
        victims = self.processes(word)
        assert victims, f"nothing runs that is called {word}"
        for victim in victims:
            with contextlib.suppress(ProcessLookupError):
                os.kill(victim, signal.SIGKILL)


def until(condition, what: str) -> None:
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline, f"waited {PATIENCE} s for: {what}"
        time.sleep(0.3)


@pytest.fixture
def installation(home: Path) -> Iterator[Installation]:
    made = Installation(home, DEMO="0")
    made.start()
    yield made
    made.stop_at_once()


@pytest.mark.heavy
@pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="finds the processes to kill in /proc")
def test_what_is_killed_in_the_middle_loses_nothing(installation: Installation, tmp_path: Path) -> None:
    bundle = tmp_path / "calls"
    write_bundle(bundle)

    # The import itself, after it has begun to write.
    importing = installation.command("import_bundle", str(bundle))
    time.sleep(2.5)
    importing.kill()
    importing.communicate()

    # Then, while it runs again to the end: the worker, Redis and the pages, one after the other.
    importing = installation.command("import_bundle", str(bundle))
    for word in ("--quiet worker", "redis-server", "granian"):
        time.sleep(1)
        installation.kill(word)
    output, _ = importing.communicate()
    assert importing.returncode == 0, output
    # And the worker once more, which by now is busy with the figures.
    until(lambda: installation.processes("--quiet worker"), "a new worker")
    installation.kill("--quiet worker")
    installation.wait_until_ready()

    counting = installation.command(
        "shell",
        "-v0",
        "-c",
        "from tickets.models import Contact, Segment; print(Contact.objects.count(), Segment.objects.count())",
    )
    contacts, segments = counting.communicate()[0].split()[-2:]
    assert int(contacts) == CONTACTS
    assert int(segments) == (bundle / "segments.csv").read_text().count("\n") - 1

    def worked_off() -> bool:
        checking = installation.command("refresh_metrics", "--check")
        said, _ = checking.communicate()
        assert checking.returncode == 0, said
        return "wait for their refresh" not in said

    until(worked_off, "the worker to refresh what was marked")
