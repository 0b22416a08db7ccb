"""`make run`: everything on this machine, in one terminal, until Ctrl-C.

Starts the servers, migrates, loads the demo data into an empty database, and then looks after four processes: the pages, the
live stream, the worker and the scheduler. One that ends is started again, later each time that it ends soon. What they print
is shown line by line with the name of the process in front.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "helpdesk.settings")

# One worker of the page server for each core; each has threads for when a request waits for the database.
CORES = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 2
# A process that has run this long has recovered: its next end counts as the first.
HEALTHY_SECONDS = 60
LONGEST_WAIT = 30
SECONDS_TO_STOP = 8
MANAGE = str(Path(__file__).resolve().parent.parent / "manage.py")
COLOURS = {"web": 36, "live": 35, "worker": 33, "beat": 34, "mail": 31, "helpdesk": 32}

_printing = threading.Lock()


def say(name: str, line: str) -> None:
    label = f"{name:<8}"
    if sys.stdout.isatty():
        label = f"\033[{COLOURS.get(name, 37)}m{label}\033[0m"
    with _printing:
        print(f"{label} | {line}", flush=True)


@dataclass
class Child:
    """One process that we look after."""

    name: str
    command: list[str]
    environment: dict[str, str] = field(default_factory=dict)
    process: subprocess.Popen[str] | None = None
    ends: int = 0
    started_at: float = 0
    start_at: float = 0

    def start(self) -> None:
        self.started_at = time.monotonic()
        self.process = subprocess.Popen(
            [*dies_with_us(), *self.command],
            env={**os.environ, **self.environment, "HELPDESK_PROCESS": self.name, "PYTHONUNBUFFERED": "1"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            # Ctrl-C goes to us alone; we pass it on in our own order.
            start_new_session=True,
        )
        threading.Thread(target=self.relay, args=[self.process], daemon=True).start()

    def relay(self, process: subprocess.Popen[str]) -> None:
        if process.stdout is None:
            return
        with process.stdout as lines:
            for line in lines:
                say(self.name, line.rstrip("\n"))

    def look_after(self) -> None:
        """Start the process again when it has ended, after a wait that doubles with each end that comes soon."""
        now = time.monotonic()
        if self.process is not None and self.process.poll() is not None:
            self.ends = 1 if now - self.started_at > HEALTHY_SECONDS else self.ends + 1
            wait = min(2 ** (self.ends - 1) - 1, LONGEST_WAIT)
            say(self.name, f"ended with status {self.process.returncode}; starting it again in {wait} s")
            self.process, self.start_at = None, now + wait
        if self.process is None and now >= self.start_at:
            self.start()

    def is_running(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def send(self, number: int) -> None:
        """Signal the process and, at the end, what it started."""
        if self.process is not None and self.process.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                (os.killpg if number == signal.SIGKILL else os.kill)(self.process.pid, number)


def dies_with_us() -> list[str]:
    """The words before a command that end it when we are killed outright, so that nothing is left holding our ports."""
    setpriv = shutil.which("setpriv")
    return [setpriv, "--pdeathsig", "TERM"] if setpriv else []


def children(host: str, port: int, live_port: int) -> list[Child]:
    python = [sys.executable, "-m"]
    serve = [*python, "granian", "--host", host, "--no-ws", "--log-level", "warning", "--respawn-failed-workers"]
    celery = [*python, "celery", "--app", "helpdesk", "--quiet"]
    ports = {"LIVE_PORT": str(live_port)}
    pages = ["--interface", "wsgi", "--port", str(port), "--workers", str(min(CORES, 8)), "--blocking-threads", "4"]
    stream = ["--interface", "asginl", "--port", str(live_port), "--workers", "1", "--workers-kill-timeout", "2"]
    work = [
        "worker",
        "--concurrency",
        str(max(2, CORES)),
        "--without-gossip",
        "--without-mingle",
        "--loglevel",
        "WARNING",
    ]
    # The schedule's file is only a note of what ran when; beside the sockets it goes when they go.
    schedule = os.path.join(run_folder(), "beat")  # noqa: PTH118 - celery wants a string
    return [
        Child("web", [*serve, *pages, "helpdesk.wsgi:application"], ports),
        Child("live", [*serve, *stream, "helpdesk.asgi:application"], ports),
        # Celery warns at length about root, whose machine this then is; `make run` is for trying it out.
        Child("worker", [*celery, *work], {"PYTHONWARNINGS": "ignore:You're running the worker with superuser"}),
        Child("mail", [sys.executable, MANAGE, "fetch_mail"]),
        Child("beat", [*celery, "beat", "--schedule", schedule, "--pidfile", "", "--loglevel", "WARNING"]),
    ]


def run_folder() -> str:
    from django.conf import settings

    folder = settings.HELPDESK_HOME / "run"
    folder.mkdir(parents=True, exist_ok=True)
    return str(folder)


def free_port(host: str) -> int:
    with socket.socket() as listener:
        listener.bind((host, 0))
        return int(listener.getsockname()[1])


def is_taken(host: str, port: int) -> bool:
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((host, port))
        except OSError:
            return True
    return False


def answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=2) as answer:  # noqa: S310 - our own address
            return bool(answer.status == 200)
    except OSError:
        return False


def prepare() -> None:
    """Bring the database up to date and, where it is empty and a demo is wanted, fill it."""
    import django

    say("helpdesk", "starting PostgreSQL and Redis")
    django.setup()
    from django.conf import settings
    from django.contrib.auth import get_user_model
    from django.core.management import call_command, get_commands
    from django.db import connections

    call_command("migrate", interactive=False, verbosity=0)
    is_empty = not get_user_model().objects.exists()
    if settings.DEMO and is_empty and "load_demo" in get_commands():
        say("helpdesk", "the database is empty: loading demo data")
        began = time.monotonic()
        call_command("load_demo")
        say("helpdesk", f"demo data loaded in {time.monotonic() - began:.1f} s")
    connections.close_all()


class Supervisor:
    def __init__(self) -> None:
        self.stopping = False
        self.children: list[Child] = []

    def stop_soon(self, number: int, frame: FrameType | None) -> None:
        if not self.stopping:
            self.stopping = True
            return
        # Asked twice: at once. Nothing is lost, it only takes longer to start.
        for child in self.children:
            child.send(signal.SIGKILL)

    def main(self) -> int:
        from django.conf import settings

        host, port = os.environ.get("HOST") or "127.0.0.1", settings.PORT
        lock = os.open(os.path.join(run_folder(), "supervisor.lock"), os.O_RDWR | os.O_CREAT, 0o600)  # noqa: PTH118
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("helpdesk", f"already running on {settings.HELPDESK_HOME}; another one needs another HELPDESK_HOME")
            return 1
        if is_taken(host, port):
            say("helpdesk", f"port {port} is taken; choose another one, for example: make run PORT={port + 1}")
            return 1
        prepare()
        signal.signal(signal.SIGINT, self.stop_soon)
        signal.signal(signal.SIGTERM, self.stop_soon)
        self.children = children(host, port, settings.LIVE_PORT or free_port(host))
        self.watch(f"http://{'localhost' if host in {'127.0.0.1', '0.0.0.0'} else host}:{port}")  # noqa: S104
        self.stop()
        return 0

    def watch(self, url: str) -> None:
        announced = False
        while not self.stopping:
            for child in self.children:
                child.look_after()
            if not announced and answers(f"{url}/readyz/"):
                announced = True
                announce(url)
            time.sleep(0.1)

    def stop(self) -> None:
        say("helpdesk", "stopping")
        for child in self.children:
            child.send(signal.SIGTERM)
        deadline = time.monotonic() + SECONDS_TO_STOP
        while any(child.is_running() for child in self.children) and time.monotonic() < deadline:
            time.sleep(0.05)
        for child in self.children:
            if child.is_running():
                # What it was doing is not acknowledged, so it is done again after the next start.
                say(child.name, "did not stop in time: killed")
                child.send(signal.SIGKILL)
        release_servers()
        say("helpdesk", "stopped")


def release_servers() -> None:
    from django.conf import settings

    from helpdesk import embedded

    for server in (embedded.Redis(settings.HELPDESK_HOME), embedded.Postgres(settings.HELPDESK_HOME)):
        embedded.release(server)


def announce(url: str) -> None:
    from django.conf import settings

    say("helpdesk", "")
    say("helpdesk", f"Ready: {url}/")
    if settings.DEMO:
        say("helpdesk", "Demo accounts (user name and password): agent / agent, manager / manager, admin / admin")
    else:
        say("helpdesk", "Make the first account with: .venv/bin/python manage.py createsuperuser")
    say("helpdesk", "Ctrl-C stops everything.")
    say("helpdesk", "")


def main() -> int:
    supervisor = Supervisor()
    # Until everything runs, Ctrl-C is an ordinary interrupt; a polite stop from outside is treated the same.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        return supervisor.main()
    except KeyboardInterrupt:
        supervisor.stop()
        return 130


if __name__ == "__main__":
    sys.exit(main())
