"""Dashboards with 20 managers at once, and a wallboard with 100 screens, beside a bare Django page of one query.

Each manager asks without a pause, so a time is what passes while 20 are served. The bare page is asked in the same minute,
on the same desk. Queries of the wallboard are counted by PostgreSQL itself. `python -m bench.boards --contacts 1000000`.
"""

from __future__ import annotations

import http.client
import os
import statistics
import threading
import time
from collections.abc import Callable
from typing import Any

from bench import generate
from bench.common import options, start
from bench.pages import served

MANAGERS, SCREENS = 20, 100
SECONDS = 10.0


def asked(port: int, paths: list[str], cookie: str) -> list[float]:
    """How long each answer took, of all that 20 readers got while they asked without a pause."""
    taken: list[float] = []
    stop_at = time.perf_counter() + SECONDS

    def read(offset: int) -> None:
        connection, count = http.client.HTTPConnection("127.0.0.1", port, timeout=120), offset
        while time.perf_counter() < stop_at:
            began = time.perf_counter()
            path = paths[count % len(paths)]
            connection.request("GET", path, headers={"Cookie": cookie, "Accept-Encoding": "identity"})
            response = connection.getresponse()
            response.read()
            if response.status != 200:
                raise RuntimeError(f"{path} answers {response.status}")
            taken.append(time.perf_counter() - began)
            count += 1

    _together(read, MANAGERS)
    return sorted(taken)


def _together(work: Callable[[int], None], count: int) -> None:
    threads = [threading.Thread(target=work, args=(n,)) for n in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def p95(taken: list[float]) -> float:
    return taken[min(len(taken) - 1, int(len(taken) * 0.95))]


def statements() -> int:
    """How many transactions the database has ended. Outside of a transaction of its own every statement is one.

    The empty statement by which the pool looks whether a connection still lives is one as well: half of all are such.
    """
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_stat_clear_snapshot()")
        cursor.execute("SELECT xact_commit + xact_rollback FROM pg_stat_database WHERE datname = current_database()")
        return int(cursor.fetchone()[0])


def screens(port: int, path: str) -> tuple[float, list[float]]:
    """A hundred screens that ask every 0.9 s: what they cost the database a second, and how long an answer took.

    Counted after the first seconds, in which the servers' threads connect and look up whose figures these are.
    """
    taken: list[float] = []
    stop_at = time.perf_counter() + 30

    def screen(n: int) -> None:
        time.sleep(0.9 * n / SCREENS)
        connection, mark = http.client.HTTPConnection("127.0.0.1", port, timeout=60), ""
        while time.perf_counter() < stop_at:
            began = time.perf_counter()
            connection.request("GET", path, headers={"If-None-Match": mark} if mark else {})
            response = connection.getresponse()
            response.read()
            mark = response.headers.get("ETag", mark)
            taken.append(time.perf_counter() - began)
            time.sleep(0.9)

    threads = [threading.Thread(target=screen, args=(n,)) for n in range(SCREENS)]
    for thread in threads:
        thread.start()
    time.sleep(7)
    before, began = statements(), time.perf_counter()
    time.sleep(20)
    # Our own two questions are not the screens'.
    asked_for, lasted = statements() - before - 2, time.perf_counter() - began
    for thread in threads:
        thread.join()
    return asked_for / lasted, sorted(taken)


def main() -> None:
    chosen = options(__doc__)
    start("log")
    generate.ensure(chosen.contacts)
    os.environ["DJANGO_SETTINGS_MODULE"] = "bench.served"
    from django.conf import settings
    from django.test import Client

    from metrics.boards.standard import STANDARD
    from metrics.wallboard.models import Wallboard
    from tickets.models import Case, User

    manager = User.objects.get(username="manager")
    client: Any = Client(SERVER_NAME="localhost")
    client.force_login(manager)
    cookie = f"{settings.SESSION_COOKIE_NAME}={client.cookies[settings.SESSION_COOKIE_NAME].value}"
    most = Case.objects.order_by("-pk").values_list("pk", flat=True)[0]
    wall, _made = Wallboard.objects.get_or_create(name="Bench", defaults={"owner": manager})
    with served() as port:
        bare = asked(port, [f"/bare/logged-in/?most={most}"], cookie)
        print(
            f"\nDashboards to {MANAGERS} managers at once, {chosen.contacts:,} contacts; a bare page p95 {p95(bare) * 1000:,.0f} ms"
        )
        for slug, one in STANDARD.items():
            page = asked(port, [f"/boards/{slug}/"], cookie)
            print(f"{slug:<16} page p95 {p95(page) * 1000:>7,.0f} ms  {p95(page) / p95(bare):>6.1f} x bare", flush=True)
            cards = {widget.id: asked(port, [f"/boards/{slug}/widgets/{widget.id}/"], cookie) for widget in one.widgets}
            ratios = {name: p95(taken) / p95(bare) for name, taken in cards.items()}
            kinds = {widget.id: f"{widget.kind} {','.join(widget.kpis) or widget.by}" for widget in one.widgets}
            for name, ratio in sorted(ratios.items(), key=lambda item: -item[1]):
                print(f"    {kinds[name]:<60}{ratio:>6.1f} x bare", flush=True)
        rate, taken = screens(port, f"{wall.get_absolute_url()}now/")
        print(
            f"\nA wallboard on {SCREENS} screens: {rate:.2f} transactions a second, the pool's own empty ones among them; answers p50"
            f" {statistics.median(taken) * 1000:,.1f} ms, p95 {p95(taken) * 1000:,.1f} ms of {len(taken):,}"
        )


if __name__ == "__main__":
    main()
