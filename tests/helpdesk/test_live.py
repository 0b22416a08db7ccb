"""The live stream: who may listen, what is told, and when it ends."""

from __future__ import annotations

import asyncio
import json
import threading
import time
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import psycopg
import pytest
from django.conf import settings
from django.contrib.auth import logout
from django.contrib.sessions.backends.cached_db import SessionStore
from django.db import connections
from django.http import HttpRequest
from django.test import Client

from helpdesk import live
from tests.factories import make_user
from tickets.live import CHANNEL, announce
from tickets.models import User

# A wait ends as soon as what is waited for is there: this is for a machine that has much else to do.
PATIENCE = 60
# The stream reads through connections of its own, which see only what is committed.
pytestmark = pytest.mark.django_db(transaction=True)


class Stream:
    """One open page, without a server in between."""

    def __init__(self, cookie: str = "", **headers: str) -> None:
        self.sent: list[dict[str, Any]] = []
        self.leave = asyncio.Event()
        names = {"host": "localhost:8000", "cookie": cookie, **headers}
        self.scope = {
            "type": "http",
            "method": "GET",
            "path": "/live/",
            "query_string": b"",
            "headers": [(name.encode(), value.encode()) for name, value in names.items() if value],
        }
        self.task = asyncio.create_task(live.stream(self.scope, self.receive, self.send))

    async def receive(self) -> dict[str, Any]:
        await self.leave.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: Any) -> None:
        self.sent.append(message)

    @property
    def status(self) -> int:
        return int(self.sent[0]["status"])

    def header(self, name: str) -> str | None:
        return dict(self.sent[0]["headers"]).get(name.encode(), b"").decode() or None

    @property
    def text(self) -> str:
        return b"".join(message.get("body", b"") for message in self.sent[1:]).decode()

    def kinds(self) -> list[str]:
        told = [line[6:] for line in self.text.splitlines() if line.startswith("data: ")]
        return [kind for data in told for kind in json.loads(data).get("kinds", [])]

    async def until(self, found: Callable[[], Any]) -> None:
        async with asyncio.timeout(PATIENCE):
            while not found():  # noqa: ASYNC110 - what is waited for is what the stream has sent
                await asyncio.sleep(0.01)


async def all_are_listening(streams: list[Stream]) -> None:
    """Whoever comes when the connection is already there missed nothing, and is not told so: one of them is enough."""
    async with asyncio.timeout(PATIENCE):
        while len(live.hub.readers) < len(streams) or not any("everything" in stream.kinds() for stream in streams):  # noqa: ASYNC110 - as above
            await asyncio.sleep(0.01)


def run(story: Callable[[], Awaitable[None]]) -> None:
    live.hub = live.Hub()

    def tell() -> None:
        try:
            asyncio.run(story())
        finally:
            connections.close_all()

    # In a thread of its own: where a browser is open, this one already runs the browser's loop.
    with ThreadPoolExecutor(1) as thread:
        thread.submit(tell).result()


@pytest.fixture
def cookie(client: Client) -> str:
    client.force_login(make_user("boss", role="manager"))
    return f"{settings.SESSION_COOKIE_NAME}={client.cookies[settings.SESSION_COOKIE_NAME].value}"


def tell_from_outside(kind: str) -> None:
    parameters = live.connection_parameters()
    with psycopg.connect(**parameters, autocommit=True) as connection:
        connection.execute("SELECT pg_notify(%s, %s)", [CHANNEL, kind])


def test_a_stranger_hears_nothing() -> None:
    async def story() -> None:
        for cookie in ("", f"{settings.SESSION_COOKIE_NAME}=made-up"):
            stream = Stream(cookie)
            await stream.task
            assert (stream.status, stream.text) == (401, "")

    run(story)


def test_a_page_hears_which_kinds_changed_and_nothing_else(cookie: str) -> None:
    async def story() -> None:
        stream = Stream(cookie)
        await stream.until(lambda: "everything" in stream.kinds())
        assert stream.status == 200
        assert stream.header("content-type") == "text/event-stream; charset=utf-8"
        assert stream.header("cache-control") == "no-store"
        assert "retry: " in stream.text
        await asyncio.to_thread(tell_from_outside, "survey")
        await stream.until(lambda: "survey" in stream.kinds())
        assert set(stream.kinds()) == {"everything", "survey"}
        stream.leave.set()
        await asyncio.wait_for(stream.task, PATIENCE)
        assert live.hub.readers == set()
        assert live.hub.task is None

    run(story)


def test_our_own_pages_may_read_it_from_another_port_and_other_sites_may_not(cookie: str, settings: Any) -> None:
    settings.PROCESS = "live"

    async def story() -> None:
        for origin, allowed in (("http://localhost:9999", "http://localhost:9999"), ("https://evil.example", None)):
            stream = Stream(cookie, origin=origin)
            await stream.until(lambda stream=stream: stream.sent)
            assert stream.header("access-control-allow-origin") == allowed
            stream.leave.set()
            await stream.task

    run(story)


def test_it_ends_when_the_session_ends(cookie: str, client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live, "HEARTBEAT_SECONDS", 0.2)

    def leave() -> None:
        request = HttpRequest()
        request.session = SessionStore(client.cookies[settings.SESSION_COOKIE_NAME].value)
        logout(request)
        live.connection.close()

    async def story() -> None:
        stream = Stream(cookie)
        await stream.until(lambda: ": still here" in stream.text)
        await asyncio.to_thread(leave)
        await asyncio.wait_for(stream.task, PATIENCE)
        assert "event: over" in stream.text

    run(story)


def test_it_ends_when_the_account_is_closed(cookie: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live, "HEARTBEAT_SECONDS", 0.2)

    def close() -> None:
        User.objects.filter(username="boss").update(is_active=False)
        live.connection.close()

    async def story() -> None:
        stream = Stream(cookie)
        await stream.until(lambda: ": still here" in stream.text)
        await asyncio.to_thread(close)
        await asyncio.wait_for(stream.task, PATIENCE)
        assert "event: over" in stream.text

    run(story)


def test_when_the_listening_connection_dies_every_page_is_let_go(cookie: str) -> None:
    def kill() -> None:
        with psycopg.connect(**live.connection_parameters(), autocommit=True) as connection:
            connection.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE query LIKE 'LISTEN%' AND datname = current_database()"
            )

    async def story() -> None:
        streams = [Stream(cookie), Stream(cookie)]
        await all_are_listening(streams)
        await asyncio.to_thread(kill)
        await asyncio.wait_for(asyncio.gather(*(stream.task for stream in streams)), PATIENCE)
        # Whoever comes back finds a new one.
        again = Stream(cookie)
        await again.until(lambda: "everything" in again.kinds())
        again.leave.set()
        await again.task

    run(story)


def listeners() -> int:
    with psycopg.connect(**live.connection_parameters(), autocommit=True) as connection:
        row = connection.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE query LIKE 'LISTEN%' AND datname = current_database()"
        ).fetchone()
        assert row
        return int(row[0])


def wait_for_listeners(number: int) -> None:
    """A connection that was closed is counted until the server has noticed, one of the test before included."""
    deadline = time.monotonic() + PATIENCE
    while listeners() != number:
        assert time.monotonic() < deadline, f"{listeners()} listen, not {number}"
        time.sleep(0.02)


def test_a_thousand_pages_take_one_listening_connection_and_no_thread_each(cookie: str) -> None:
    threads = threading.active_count()

    async def story() -> None:
        streams = [Stream(cookie) for _ in range(1000)]
        await all_are_listening(streams)
        await asyncio.to_thread(wait_for_listeners, 1)
        # The few that look at sessions and the one that asked just now, whatever ran in this process before.
        assert threading.active_count() - threads < 20
        await asyncio.to_thread(tell_from_outside, "contact")
        for stream in streams:
            await stream.until(lambda stream=stream: "contact" in stream.kinds())
        for stream in streams:
            stream.leave.set()
        await asyncio.gather(*(stream.task for stream in streams))

    run(story)
    wait_for_listeners(0)


def test_what_is_rolled_back_is_never_told(cookie: str) -> None:
    from django.db import transaction

    def change() -> None:
        with transaction.atomic():
            announce("case")
            transaction.set_rollback(True)
        announce("survey")
        live.connection.close()

    async def story() -> None:
        stream = Stream(cookie)
        await stream.until(lambda: "everything" in stream.kinds())
        await asyncio.to_thread(change)
        await stream.until(lambda: "survey" in stream.kinds())
        assert "case" not in stream.kinds()
        stream.leave.set()
        await stream.task

    run(story)
