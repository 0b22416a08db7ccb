"""Mails that are lost, or sent twice, because something died at the wrong moment.

FreeScout and Zammad both sent from the request or from a queue in Redis: a restart lost what was under way (FreeScout 2838), and
a server that went away after it had taken the letter got it again under another id. Here a row in the database is the queue:
whoever sends is killed again and again, Redis is away, the mail server hangs up after the last line, and every letter arrives,
at most once more for each time that somebody died in between, under the id that it had from the beginning.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from celery import current_app
from django.core.mail.backends.smtp import EmailBackend
from django.utils import timezone

from tests.killing import lives
from tests.running import free_port, mailer_at
from tickets import outbox
from tickets.models import OutgoingMail

MAILS, KILLS = 3_000, 15
# One letter in so many: the server takes it and hangs up before it says so.
HANGS_UP = 400


class Taken:
    """A mail server that remembers the ids of the letters it took."""

    def __init__(self) -> None:
        self.ids: list[str] = []
        self.hung_up = 0

    async def handle_DATA(self, server: Any, _session: Any, envelope: Any) -> str:  # noqa: N802 - aiosmtpd's name
        head = envelope.content.decode("ascii", "replace")
        self.ids.append(next(line[12:].strip() for line in head.splitlines() if line.startswith("Message-ID: ")))
        if len(self.ids) % HANGS_UP == 0:
            self.hung_up += 1
            server.transport.close()
        return "250 OK"


@pytest.fixture
def server(settings) -> Iterator[Taken]:
    taken, port = Taken(), free_port()
    settings.MAILERS = mailer_at(port)
    controller = Controller(taken, hostname="127.0.0.1", port=port)
    controller.start()
    yield taken
    controller.stop()


@pytest.mark.heavy
@pytest.mark.django_db(transaction=True)
def test_every_mail_arrives_whoever_dies_and_none_twice_without_a_death(server: Taken, monkeypatch) -> None:
    # Redis is away the whole time: nobody is called, and the rows wait to be looked for.
    monkeypatch.setattr(current_app, "send_task", _away)
    put = [
        OutgoingMail.objects.put(key=f"kill:{n}", to=f"p{n}@example.org", subject=f"Mail {n}", text="Hello")[0]
        for n in range(MAILS)
    ]
    drawn, killed = random.Random(7), 0
    # A letter is some four steps: what dies has mostly sent part of what it had claimed.
    while not _sends(drawn.randint(1, 6 * MAILS // KILLS) if killed < KILLS else None):
        killed += 1
        _let_leases_end()
    while OutgoingMail.objects.filter(status="waiting").exists():
        _let_leases_end()
        assert _sends(None)
    assert killed == KILLS
    assert OutgoingMail.objects.filter(status="sent").count() == MAILS
    arrived = Counter(server.ids)
    assert set(arrived) == {mail.message_id for mail in put}
    assert arrived.total() - MAILS <= killed + server.hung_up
    assert server.hung_up >= MAILS // HANGS_UP


def _away(*_words: Any, **_more: Any) -> None:
    raise ConnectionRefusedError("nobody is there")


def _let_leases_end() -> None:
    OutgoingMail.objects.filter(status="waiting").update(send_at=timezone.now())


def _sends(last: int | None) -> bool:
    return lives(outbox.send_due, last, steps=((EmailBackend, "send_messages"),))
