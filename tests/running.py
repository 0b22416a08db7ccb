"""The whole product as a process, for tests and pictures that want nothing replaced."""

import os
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

from helpdesk import embedded

PROJECT = Path(__file__).resolve().parent.parent
# What the tests set for themselves must not reach a product that is to run as it comes.
CHOSEN_HERE = {"HELPDESK_DURABLE", "DJANGO_ALLOW_ASYNC_UNSAFE", "DATABASE_URL", "REDIS_URL", "LIVE_PORT", "HOST"}


class RunningHelpdesk:
    """A `make run` of its own: web, live stream, worker and scheduler, on servers of its own."""

    def __init__(self, home: Path, **environment: str) -> None:
        self.home = home
        self.port = free_port()
        self.url = f"http://localhost:{self.port}"
        kept = {name: value for name, value in os.environ.items() if name not in CHOSEN_HERE}
        self.environment = {
            **kept,
            "HELPDESK_HOME": str(home),
            "PORT": str(self.port),
            "PYTHONUNBUFFERED": "1",
            **environment,
        }
        self.process: subprocess.Popen[bytes] | None = None
        self.log = home / "run.log"

    def start(self, seconds: float = 90) -> None:
        self.home.mkdir(parents=True, exist_ok=True)
        # The pages are served from the collected static files: with `make`'s own step, which knows when they are stale.
        subprocess.run([PROJECT / "requirements" / "install.sh"], check=True)
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "helpdesk.supervisor"], cwd=PROJECT, env=self.environment, stdout=log, stderr=log
            )
        deadline = time.monotonic() + seconds
        while not self.answers("/readyz/"):
            if self.process.poll() is not None or time.monotonic() > deadline:
                self.stop()
                raise AssertionError(f"the helpdesk did not start:\n{self.log.read_text(errors='replace')[-4000:]}")
            time.sleep(0.1)

    def answers(self, path: str) -> bool:
        try:
            with urllib.request.urlopen(self.url + path, timeout=5) as answer:  # noqa: S310 - our own address
                return answer.status == 200
        except OSError:
            return False

    def manage(self, *arguments: str) -> str:
        """Run a `manage.py` command on the same services and return what it printed."""
        return subprocess.run(
            [sys.executable, "manage.py", *arguments],
            cwd=PROJECT, env=self.environment, capture_output=True, text=True, check=True, timeout=300,
        ).stdout  # fmt: skip

    def stop(self) -> float:
        """Stop it as Ctrl-C does; return how many seconds that took."""
        began = time.monotonic()
        if self.process is not None and self.process.poll() is None:
            self.process.terminate()
            self.process.wait(60)
        return time.monotonic() - began

    def stop_at_once(self) -> None:
        """Stop it as Ctrl-C pressed twice does, without waiting for the work at hand. For data that nobody will look at."""
        if self.process is not None and self.process.poll() is None:
            self.process.terminate()
            time.sleep(0.3)
            self.process.terminate()
            self.process.wait(60)


def make_home(home: Path) -> None:
    """Make a home with a migrated database and nothing running, to be copied: making one takes much longer."""
    RunningHelpdesk(home).manage("migrate", "--verbosity", "0")
    release(home)


def release(home: Path) -> None:
    """Have the servers of a home stopped that nobody needs any more."""
    for server in (embedded.Postgres(home), embedded.Redis(home)):
        embedded.release(server)
        assert server.running_pid() is None


def mailer_at(port: int) -> dict[str, dict[str, object]]:
    """The setting by which mail goes to a server of the test's own."""
    options = {"host": "127.0.0.1", "port": port, "timeout": 10}
    return {"default": {"BACKEND": "django.core.mail.backends.smtp.EmailBackend", "OPTIONS": options}}


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])
