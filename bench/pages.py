"""Pages as granian serves them to eight readers at once, beside the same view called in this process without a server."""

from __future__ import annotations

import http.client
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from bench import generate
from bench.common import Table, median, options, start

READERS = 8
SECONDS = 6.0


@contextmanager
def served() -> Iterator[int]:
    """Serve this installation's pages as `make run` does. Yields the port."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port = listener.getsockname()[1]
    command = [
        sys.executable,
        "-m",
        "granian",
        "--host",
        "127.0.0.1",
        "--port",
        str(port),
        "--interface",
        "wsgi",
        "--no-ws",
    ]
    command += ["--workers", "2", "--blocking-threads", "4", "--log-level", "warning", "helpdesk.wsgi:application"]
    environment = {**os.environ, "HELPDESK_PROCESS": "web"}
    process = subprocess.Popen(command, env=environment)
    try:
        wait_for(port)
        yield port
    finally:
        process.terminate()
        process.wait(20)


def wait_for(port: int) -> None:
    for _ in range(300):
        try:
            if get(http.client.HTTPConnection("127.0.0.1", port, timeout=5), "/livez/", "") == 200:
                return
        except OSError:
            time.sleep(0.1)
    raise TimeoutError("the pages are not served")


def get(connection: http.client.HTTPConnection, path: str, cookie: str) -> int:
    connection.request("GET", path, headers={"Cookie": cookie, "Accept-Encoding": "identity"})
    response = connection.getresponse()
    response.read()
    return response.status


def seconds_a_page(port: int, path: str, cookie: str) -> float:
    """The time a page takes when eight readers ask without a pause: what passed, by pages served."""
    done: list[int] = []
    stop_at = time.perf_counter() + SECONDS

    def read() -> None:
        connection, count = http.client.HTTPConnection("127.0.0.1", port, timeout=30), 0
        while time.perf_counter() < stop_at:
            status = get(connection, path, cookie)
            if status != 200:
                raise RuntimeError(f"{path} answers {status}")
            count += 1
        done.append(count)

    readers = [threading.Thread(target=read) for _ in range(READERS)]
    began = time.perf_counter()
    for reader in readers:
        reader.start()
    for reader in readers:
        reader.join()
    if len(done) < READERS:
        raise RuntimeError(f"{path} could not be read")
    return (time.perf_counter() - began) / sum(done)


def paths() -> dict[str, str]:
    from django.urls import reverse
    from django.utils import timezone

    from tickets.models import Case

    end = timezone.localdate()
    month = f"start={end.replace(day=1)}&end={end}&kpi=asa&kpi=service-level&kpi=offered"
    return {
        "list of open cases": reverse("cases"),
        "a case": Case.objects.open().latest("number").get_absolute_url(),
        "dashboard": reverse("dashboard"),
        "values by REST, three KPIs": f"/api/v1/kpis/values/?{month}",
    }


def main() -> None:
    chosen = options(__doc__)
    start("log")
    generate.ensure(chosen.contacts)
    from django.conf import settings
    from django.test import Client

    from tickets.models import User

    client = Client(SERVER_NAME="localhost")
    client.force_login(User.objects.get(username="manager"))
    cookie = f"{settings.SESSION_COOKIE_NAME}={client.cookies[settings.SESSION_COOKIE_NAME].value}"

    def view(path: str) -> Any:
        response = client.get(path)
        assert response.status_code == 200, (path, response.status_code)
        return response.content

    with served() as port:
        empty = seconds_a_page(port, "/livez/", "")
        table = Table(f"Pages to {READERS} readers at once, {chosen.contacts:,} contacts", "bare view", "empty page")
        for name, path in paths().items():
            ours = seconds_a_page(port, path, cookie)
            table.line(f"{name} ({1 / ours:,.0f}/s)", ours, median(lambda path=path: view(path), runs=15), empty)


if __name__ == "__main__":
    main()
