"""The agent's pages with 20 agents at work at once, on a small and a large desk, beside a page of one query.

Each agent asks without a pause, so a time is what passes while 20 are served. Nothing is compared between two runs: the
bare page is asked in the same minute, on the same desk. `python -m bench.workplace --cases 1000000`.
"""

from __future__ import annotations

import argparse
import http.client
import json
import os
import random
import re
import selectors
import socket
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from urllib.parse import urlencode

from bench import desk
from bench.common import start
from bench.pages import served

AGENTS = 20
SECONDS = 8.0
STREAMS = 200
SMALL = 10_000
WORDS = ("paket", "faktura", "lasku", "invoice", "leverans", "toimitus")


class Agent:
    """One logged-in agent with a connection of her own."""

    def __init__(self, port: int, cookie: str, token: str, numbers: list[int]) -> None:
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        self.headers = {"Cookie": cookie, "Accept-Encoding": "identity", "X-CSRFToken": token}
        self.numbers = numbers
        self.at = random.randrange(len(numbers))

    def ask(self, path: str, form: dict[str, str] | None = None, *, htmx: bool = False) -> str:
        headers = dict(self.headers)
        if htmx:
            headers["HX-Request"] = "true"
        if form is not None:
            headers |= {"Content-Type": "application/x-www-form-urlencoded", "Referer": "http://127.0.0.1/"}
        body = urlencode(form) if form is not None else None
        self.connection.request("POST" if form is not None else "GET", path, body=body, headers=headers)
        answer = self.connection.getresponse()
        text = answer.read().decode()
        if answer.status != 200:
            raise RuntimeError(f"{path} answers {answer.status}")
        return text

    def number(self) -> int:
        return self.numbers[self.at]

    # ---- What she does
    def bare(self) -> None:
        self.ask(f"/bare/?most={max(self.numbers)}")

    def bare_logged_in(self) -> None:
        self.ask(f"/bare/logged-in/?most={max(self.numbers)}")

    def list(self) -> None:
        self.ask("/cases/")

    def open(self) -> None:
        self.at = random.randrange(len(self.numbers))
        self.ask(f"/cases/{self.number()}/")

    def next(self) -> None:
        self.at = (self.at + 1) % len(self.numbers)
        self.ask(f"/cases/{self.number()}/")

    def search(self) -> None:
        self.ask(f"/search/?{urlencode({'q': random.choice(WORDS)})}", htmx=True)

    def reply(self) -> None:
        """Open the composer, save the draft once, and send: three requests, as a short reply takes."""
        self.at = random.randrange(len(self.numbers))
        case = f"/cases/{self.number()}/"
        page = self.ask(f"{case}composer/?kind=reply", htmx=True)
        version = re.search(r'name="version" value="(\d+)"', page)
        form = {"kind": "reply", "version": version[1] if version else "0", "html": "<div>It is on its way.</div>"}
        form |= {"to": "person@example.com", "cc": "", "worked": "30", "seen": str(2**40)}
        saved = json.loads(self.ask(f"{case}draft/", form))
        self.ask(f"{case}sending/", form | {"version": str(saved["version"]), "then": "waiting_customer"}, htmx=True)


def times(agents: list[Agent], what: str) -> list[float]:
    """What each request of every agent took, while all of them ask."""
    taken: list[float] = []
    failed: list[BaseException] = []
    stop_at = time.perf_counter() + SECONDS

    def work(agent: Agent) -> None:
        do: Callable[[], None] = getattr(agent, what)
        try:
            while time.perf_counter() < stop_at:
                began = time.perf_counter()
                do()
                taken.append(time.perf_counter() - began)
        except BaseException as error:  # noqa: BLE001 - told below
            failed.append(error)

    workers = [threading.Thread(target=work, args=[agent]) for agent in agents]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    if failed:
        raise failed[0]
    return taken


def summary(taken: list[float]) -> dict[str, float]:
    cut = statistics.quantiles(taken, n=20)
    return {"p50": statistics.median(taken), "p95": cut[-1], "count": len(taken)}


def open_stream(cookie: str, port: int, topics: str) -> http.client.HTTPConnection:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    connection.request("GET", f"/live/?topics={topics}", headers={"Cookie": cookie})
    answer = connection.getresponse()
    if answer.status != 200:
        raise RuntimeError(f"the stream answers {answer.status}")
    return connection


def read_all(connections: list[http.client.HTTPConnection], over: threading.Event) -> None:
    with selectors.DefaultSelector() as selector:
        for connection in connections:
            connection.sock.setblocking(False)
            selector.register(connection.sock, selectors.EVENT_READ)
        while not over.is_set():
            for key, _events in selector.select(timeout=0.2):
                key.fileobj.recv(65536)


def change_cases(over: threading.Event) -> None:
    """Say four times a second that a case has changed."""
    from tickets.live import announce

    number = 0
    while not over.wait(0.25):
        number += 1
        announce(f"case:{number}")


@contextmanager
def streams(cookies: list[str], port: int) -> Iterator[None]:
    """Hold so many open pages of the live stream, while cases change."""
    topics = [f"me,case:{place + 1},cases,presence" for place in range(STREAMS)]
    held = [open_stream(cookies[place % len(cookies)], port, topic) for place, topic in enumerate(topics)]
    over = threading.Event()
    helpers = [threading.Thread(target=read_all, args=[held, over]), threading.Thread(target=change_cases, args=[over])]
    for helper in helpers:
        helper.start()
    try:
        yield
    finally:
        over.set()
        for helper in helpers:
            helper.join()
        for connection in held:
            connection.close()


@contextmanager
def live_process() -> Iterator[int]:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port = listener.getsockname()[1]
    command = [sys.executable, "-m", "granian", "--host", "127.0.0.1", "--port", str(port), "--interface", "asginl"]
    command += ["--no-ws", "--workers", "1", "--log-level", "warning", "helpdesk.asgi:application"]
    process = subprocess.Popen(command, env={**os.environ, "HELPDESK_PROCESS": "live"})
    try:
        for _ in range(200):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.1)
        yield port
    finally:
        process.terminate()
        process.wait(20)


def measure(cases: int) -> dict[str, dict[str, float]]:
    """Everything on one desk. Runs in a process of its own."""
    start(desk.home_of(cases))
    desk.ensure(cases)
    from django.conf import settings
    from django.test import Client

    from tickets.models import Case, Draft, User

    os.environ["DJANGO_SETTINGS_MODULE"] = "bench.served"
    found: dict[str, dict[str, float]] = {}
    with ExitStack() as stack:
        port = stack.enter_context(served())
        agents, cookies = [], []
        for user in User.objects.filter(role="agent", is_active=True).order_by("?")[:AGENTS]:
            client = Client(SERVER_NAME="localhost")
            client.force_login(user)
            token = "a" * 32
            cookie = f"{settings.SESSION_COOKIE_NAME}={client.cookies[settings.SESSION_COOKIE_NAME].value}"
            numbers = list(
                Case.objects.open().visible_to(user).order_by("-updated_at").values_list("pk", flat=True)[:400]
            )
            agents.append(Agent(port, f"{cookie}; csrftoken={token}", token, numbers))
            cookies.append(cookie)
        for what in ("bare", "bare_logged_in", "list", "open", "next", "search", "reply"):
            times(agents, what)  # warms the caches
            found[what] = summary(times(agents, what))
            print(f"  {cases:,}: {what} {found[what]}", file=sys.stderr, flush=True)
        Draft.objects.all().delete()
        live = stack.enter_context(live_process())
        with streams(cookies, live):
            found["open, 200 streams"] = summary(times(agents, "open"))
        found["open, no streams"] = summary(times(agents, "open"))
    return found


def show(small: dict[str, dict[str, float]], large: dict[str, dict[str, float]], cases: int) -> None:
    print(f"\n{AGENTS} agents at once: p50 / p95 in ms; ratios of p50 / p95")
    print(
        f"{'':<20}{f'{SMALL:,} cases':>18}{f'{cases:,} cases':>18}{'to the small':>16}{'to a bare page':>16}{'logged in':>14}"
    )
    for what, big in large.items():
        little = small[what]

        def ratio(one: dict[str, float], other: dict[str, float]) -> str:
            return f"{one['p50'] / other['p50']:.2f} / {one['p95'] / other['p95']:.2f}"

        print(
            f"{what:<20}{_ms(little):>18}{_ms(big):>18}{ratio(big, little):>16}{ratio(big, large['bare']):>16}"
            f"{ratio(big, large['bare_logged_in']):>14}"
        )
    with_streams, without = large["open, 200 streams"], large["open, no streams"]
    print(f"p95 of opening a case with 200 open streams: {with_streams['p95'] / without['p95']:.2f} x without")


def _ms(one: dict[str, float]) -> str:
    return f"{one['p50'] * 1000:,.1f} / {one['p95'] * 1000:,.1f}"


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.workplace", description=__doc__)
    parser.add_argument("--cases", type=int, default=1_000_000, help="size of the large desk (default 1,000,000)")
    parser.add_argument("--only", type=int, help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.only:
        print(json.dumps(measure(chosen.only)))
        return
    found = []
    for cases in (SMALL, chosen.cases):
        command = [sys.executable, "-m", "bench.workplace", "--only", str(cases)]
        ran = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
        found.append(json.loads(ran.stdout.strip().splitlines()[-1]))
    show(found[0], found[1], chosen.cases)


if __name__ == "__main__":
    main()
