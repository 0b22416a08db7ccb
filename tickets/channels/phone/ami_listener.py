"""Listening to the manager interface of Asterisk: log in, hear, take in, and begin again when the line breaks."""

from __future__ import annotations

import asyncio
import logging
import ssl
from collections.abc import Callable
from datetime import UTC, datetime

from django.db import connections

from tickets import outward, telephone
from tickets.channels.phone import ami
from tickets.channels.phone.told import Told
from tickets.models import Connector

log = logging.getLogger(__name__)
# A message is some dozen short lines.
LONGEST = 65_536
# Nothing for so long, and a ping is not answered: the line is dead.
SILENCE = 30.0
LOGIN_WAIT = 20.0
FIRST_PAUSE, LONGEST_PAUSE = 1.0, 60.0
END = b"\r\n\r\n"


class RefusedError(Exception):
    """The server let us in no further, and says why."""


class Listener:
    def __init__(self, connector: Connector) -> None:
        self.connector = connector

    async def run(self, *, is_over: Callable[[], bool] = lambda: False) -> None:
        """Listen until it is over; after a break wait a little, and longer each time."""
        pause = FIRST_PAUSE
        while not is_over():
            try:
                await self.listen(is_over=is_over)
                pause = FIRST_PAUSE
            except (
                OSError,
                RefusedError,
                asyncio.IncompleteReadError,
                asyncio.LimitOverrunError,
                TimeoutError,
            ) as error:
                words = str(error) or type(error).__name__
                log.warning("The telephone system %s is not heard: %s", self.connector.code, words)
                await asyncio.to_thread(_in_thread, self.connector.went_wrong, words)
                await asyncio.sleep(pause)
                pause = min(LONGEST_PAUSE, pause * 2)

    async def listen(self, *, is_over: Callable[[], bool] = lambda: False) -> None:
        """One connection, from the log-in to its end.

        Raises:
            OSError, asyncio.IncompleteReadError, TimeoutError: The line broke, or went dead.
            RefusedError: The server does not know us.
        """
        tls = ssl.create_default_context() if self.connector.uses_tls else None
        host, port = self.connector.host, self.connector.port
        connection = await asyncio.to_thread(outward.connect, host, port, LOGIN_WAIT)
        # The certificate is for the name; the connection goes to the address that was judged.
        opened = asyncio.open_connection(sock=connection, ssl=tls, server_hostname=host if tls else None, limit=LONGEST)
        reader, writer = await asyncio.wait_for(opened, LOGIN_WAIT)
        try:
            await asyncio.wait_for(self._log_in(reader, writer), LOGIN_WAIT)
            while not is_over():
                await self._hear(reader, writer)
        finally:
            writer.close()

    async def _log_in(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readline()
        # A line end in the secret would begin a command of its own.
        secret = self.connector.secret.replace("\r", "").replace("\n", "")
        _say(writer, Action="Login", Username=self.connector.user, Secret=secret, Events="call,agent")
        await writer.drain()
        while True:
            answer = ami.read((await reader.readuntil(END)).decode("utf-8", "replace"))
            if answer.get("Response") == "Success":
                return
            if "Response" in answer:
                raise RefusedError(answer.get("Message", "refused")[:200])

    async def _hear(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            block = await asyncio.wait_for(reader.readuntil(END), SILENCE)
        except TimeoutError:
            _say(writer, Action="Ping")
            await writer.drain()
            block = await asyncio.wait_for(reader.readuntil(END), SILENCE)
        fields = ami.read(block.decode("utf-8", "replace").replace("\0", ""))
        told = ami.translate(fields, self.connector.rules, datetime.now(UTC))
        if told:
            await asyncio.to_thread(_in_thread, self._take_in, told)

    def _take_in(self, told: list[Told]) -> None:
        telephone.take_in(self.connector, told)


def _in_thread(work: Callable[..., None], *given: object) -> None:
    """Threads come and go: each gives its connection back, so that none is left open behind one that is gone."""
    try:
        work(*given)
    finally:
        connections.close_all()


def _say(writer: asyncio.StreamWriter, **fields: str) -> None:
    writer.write("".join(f"{name}: {value}\r\n" for name, value in fields.items()).encode() + b"\r\n")
