"""`make run` as a process: it comes up, brings back what dies, leaves nothing behind."""

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request

import psutil
import pytest

from helpdesk import embedded
from helpdesk.supervisor import Child
from tests.running import PROJECT, RunningHelpdesk


def wait_until(condition, seconds: float = 40) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.1)


def children(helpdesk: RunningHelpdesk) -> list[psutil.Process]:
    return psutil.Process(helpdesk.process.pid).children(recursive=True)


def main_process(helpdesk: RunningHelpdesk, word: str) -> psutil.Process | None:
    direct = psutil.Process(helpdesk.process.pid).children()
    return next((child for child in direct if word in " ".join(child.cmdline())), None)


@pytest.fixture
def helpdesk(tmp_path):
    helpdesk = RunningHelpdesk(tmp_path / "home", DEMO="0")
    helpdesk.start()
    yield helpdesk
    helpdesk.stop()


@pytest.mark.heavy
def test_it_runs_brings_back_what_is_killed_and_stops_within_seconds(helpdesk):
    # Every process is there, and the live stream is found from the address of the pages.
    assert helpdesk.answers("/livez/")
    wait_until(lambda: all(main_process(helpdesk, word) for word in ("wsgi", "asginl", "worker", "beat")))
    opener = urllib.request.build_opener(NoRedirect)
    with pytest.raises(urllib.error.HTTPError) as redirect:
        opener.open(f"{helpdesk.url}/live/", timeout=5)
    assert redirect.value.code == 307
    assert redirect.value.headers["Location"].startswith("http://localhost:")
    redirect.value.close()

    # A second one on the same home declines, and says so.
    second = subprocess.run(
        [sys.executable, "-m", "helpdesk.supervisor"],
        cwd=PROJECT, env=helpdesk.environment, capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    assert second.returncode == 1
    assert "already running" in second.stdout

    # The pages' processes are killed, all of them, and so is Redis.
    pages = main_process(helpdesk, "wsgi")
    for process in [*pages.children(recursive=True), pages]:
        process.kill()
    os.kill(embedded.Redis(helpdesk.home).running_pid(), signal.SIGKILL)
    wait_until(lambda: not helpdesk.answers("/livez/"), 5)
    wait_until(lambda: helpdesk.answers("/readyz/"))

    # A command beside it uses the same servers, and they outlive it.
    assert "1" in helpdesk.manage("shell", "--no-imports", "-c", "print(1)")
    everything = children(helpdesk)
    assert helpdesk.stop() < 15
    assert not [process for process in everything if process.is_running() and process.status() != psutil.STATUS_ZOMBIE]
    assert embedded.Postgres(helpdesk.home).running_pid() is None
    assert embedded.Redis(helpdesk.home).running_pid() is None


def test_a_taken_port_is_named(tmp_path):
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        port = str(listener.getsockname()[1])
        result = subprocess.run(
            [sys.executable, "-m", "helpdesk.supervisor"],
            cwd=PROJECT, env={**os.environ, "PORT": port, "DEMO": "0"}, capture_output=True, text=True, check=False,
        )  # fmt: skip
    assert result.returncode == 1
    assert f"port {port} is taken" in result.stdout


def test_a_process_that_keeps_ending_is_started_ever_later(capsys):
    child = Child("broken", [sys.executable, "-c", "raise SystemExit(3)"])
    waits = []
    for _ in range(4):
        # The wait is over: it looks again, and starts the process.
        child.start_at = 0
        child.look_after()
        child.process.wait()
        began = time.monotonic()
        child.start_at = began
        child.look_after()
        waits.append(round(child.start_at - began))
    if child.process:
        child.process.wait()
    assert waits == [0, 1, 3, 7]
    assert "ended with status 3" in capsys.readouterr().out


class NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_):
        return None
