"""The live stream: server-sent events that say what changed, by kind or id, and nothing else.

A page names its topics: `figures` for the kinds of rows that have new ones (without topics it is told of these alone),
`case:12`, `presence:12`, `me`, or a whole family of them, `cases` and `presence`. What it is told is only ever an id:
it then asks for the rest with the rights of its own visitor.

Handled before Django's own request machinery, which would keep a thread for each open page: here a page costs one
coroutine. One connection to PostgreSQL listens for all of them. Where it is lost, every stream ends, so that browsers ask by
themselves until it is back.
"""

from __future__ import annotations

import asyncio
import io
import json
import random
from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from concurrent.futures import ThreadPoolExecutor
from importlib import import_module
from typing import Any

import psycopg
from django.conf import settings
from django.contrib import auth
from django.core.exceptions import DisallowedHost
from django.core.handlers.asgi import ASGIRequest
from django.db import connection
from django.http import HttpResponse

from helpdesk.live_door import LIVE_PATH, LiveOriginMiddleware
from tickets.live import CHANNEL

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

# A proxy that ends idle connections waits longer than this; so long may a stream outlive its session.
HEARTBEAT_SECONDS = 15.0
EVERYTHING = "everything"
# Between two words to the same page, so that a busy minute costs each page a few requests and not hundreds.
PAUSE_SECONDS = 0.25
MOST_TOPICS = 20
FIGURES = "figures"
FAMILIES = {"cases": "case:", "presence": "presence:"}
# Few: a look at a session takes a millisecond, and there is one for each page and heartbeat.
_threads = ThreadPoolExecutor(max_workers=4, thread_name_prefix="session")


class Reader:
    """One open page: what changed since it was last told."""

    def __init__(self, user: int = 0, topics: Iterable[str] = ()) -> None:
        self.own = f"user:{user}"
        self.topics = {self.own if topic == "me" else topic for topic in topics if not topic.startswith("user:")}
        self.families = tuple(FAMILIES[topic] for topic in self.topics if topic in FAMILIES)
        self.kinds: set[str] = set()
        self.woken = asyncio.Event()
        self.is_over = False

    def wants(self, kind: str) -> bool:
        if kind == EVERYTHING:
            return True
        if ":" not in kind:
            return not self.topics or FIGURES in self.topics
        return kind in self.topics or kind.startswith(self.families)

    def tell(self, kind: str) -> None:
        if self.wants(kind):
            self.kinds.add("me" if kind == self.own else kind)
            self.woken.set()

    def hang_up(self) -> None:
        self.is_over = True
        self.woken.set()

    def take(self) -> list[str]:
        kinds, self.kinds = sorted(self.kinds), set()
        self.woken.clear()
        return kinds


class Hub:
    """The one listening connection, there while a page is open."""

    def __init__(self) -> None:
        self.readers: set[Reader] = set()
        self.task: asyncio.Task[None] | None = None

    def join(self, reader: Reader) -> Reader:
        self.readers.add(reader)
        if self.task is None or self.task.done():
            self.task = asyncio.create_task(self.listen())
        return reader

    def leave(self, reader: Reader) -> None:
        self.readers.discard(reader)
        if not self.readers and self.task is not None:
            self.task.cancel()
            self.task = None

    async def listen(self) -> None:
        try:
            async with await psycopg.AsyncConnection.connect(**connection_parameters(), autocommit=True) as listener:
                await listener.execute(f"LISTEN {CHANNEL}")
                # Those who came before the connection was there may have missed something.
                self.tell(EVERYTHING)
                async for note in listener.notifies():
                    self.tell(note.payload)
        except psycopg.OperationalError:
            for reader in self.readers:
                reader.hang_up()

    def tell(self, kind: str) -> None:
        for reader in self.readers:
            reader.tell(kind)


hub = Hub()


def connection_parameters() -> dict[str, Any]:
    """Django's own, without what only its connections understand."""
    parameters = connection.get_connection_params()
    for name in ("cursor_factory", "context"):
        parameters.pop(name, None)
    # Notices that the server's machine is gone, although nothing is ever sent to it.
    return {**parameters, "keepalives_idle": 20, "keepalives_interval": 5, "keepalives_count": 3}


def listener(user: Any) -> int | None:
    """The id of a user who may listen. What happens at other companies, and when, is not for a client's manager."""
    return None if getattr(user, "is_client", False) else user.pk


def visitor(request: ASGIRequest) -> int | None:
    """Look anew who the visitor is: the id of an active user whose session still is one, or None."""
    store = import_module(settings.SESSION_ENGINE).SessionStore
    request.session = store(request.COOKIES.get(settings.SESSION_COOKIE_NAME))
    try:
        return listener(auth.get_user(request))
    finally:
        connection.close()


def with_live_stream(application: App) -> App:
    """The same application, with the stream in front of it."""

    async def route(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["path"] == LIVE_PATH:
            await stream(scope, receive, send)
        else:
            await application(scope, receive, send)

    return route


async def stream(scope: Scope, receive: Receive, send: Send) -> None:
    """Answer one page until it leaves or its session ends."""
    request = ASGIRequest(dict(scope), io.BytesIO())
    status, user = await _admit(request)
    await send({"type": "http.response.start", "status": status, "headers": _headers(request, status)})
    if status != 200:
        await send({"type": "http.response.body", "body": b""})
        return
    topics = request.GET.get("topics", "").split(",")[:MOST_TOPICS]
    reader = hub.join(Reader(user or 0, filter(None, topics)))
    leaving = asyncio.create_task(_watch(receive, reader))
    try:
        # A spread, so that a thousand pages do not all come back in the same second after a restart.
        await _say(send, f"retry: {random.randint(2000, 6000)}\n\n")  # noqa: S311 - no secret
        await _tell(request, reader, send)
    finally:
        leaving.cancel()
        hub.leave(reader)
    await send({"type": "http.response.body", "body": b""})


async def _admit(request: ASGIRequest) -> tuple[int, int | None]:
    if request.method != "GET":
        return 405, None
    try:
        request.get_host()
    except DisallowedHost:
        return 400, None
    user = await _visitor(request)
    return (200 if user else 401), user


async def _visitor(request: ASGIRequest) -> int | None:
    return await asyncio.get_running_loop().run_in_executor(_threads, visitor, request)


def _headers(request: ASGIRequest, status: int) -> list[tuple[bytes, bytes]]:
    response = HttpResponse(status=status, content_type="text/event-stream; charset=utf-8")
    response["Cache-Control"] = "no-store"
    response["X-Accel-Buffering"] = "no"
    if status != 400:
        LiveOriginMiddleware(lambda _request: response)(request)
    return [(name.lower().encode(), value.encode()) for name, value in response.items()]


async def _watch(receive: Receive, reader: Reader) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
    reader.hang_up()


async def _tell(request: ASGIRequest, reader: Reader, send: Send) -> None:
    loop = asyncio.get_running_loop()
    check_at = loop.time() + HEARTBEAT_SECONDS
    while not reader.is_over:
        try:
            async with asyncio.timeout_at(check_at):
                await reader.woken.wait()
        except TimeoutError:
            check_at = loop.time() + HEARTBEAT_SECONDS
            if not await _visitor(request):
                await _say(send, "event: over\ndata: {}\n\n")
                return
            await _say(send, ": still here\n\n")
            continue
        if kinds := reader.take():
            await _say(send, f"event: changed\ndata: {json.dumps({'kinds': kinds})}\n\n")
            await asyncio.sleep(PAUSE_SECONDS)


async def _say(send: Send, text: str) -> None:
    await send({"type": "http.response.body", "body": text.encode(), "more_body": True})
