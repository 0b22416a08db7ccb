"""From a real IMAP server: what is there is stored once, whatever is killed and however often it is read."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path
from urllib.parse import quote

import pytest
from django.db import connection, connections

from tests.factories import make_mailbox
from tests.tickets.email import dovecot
from tests.tickets.email.mails import mail
from tickets.channels.email import backlog, imap
from tickets.models import Case, IncomingMail, Mailbox, Message

PROJECT = Path(__file__).resolve().parents[3]
pytestmark = [pytest.mark.heavy, pytest.mark.django_db(transaction=True)]

# Fetches and works off, and stops itself with the hardest signal at the step that is named.
DIE = """
import os, signal, sys
import django
django.setup()
from django.db import connection
from imapclient import IMAPClient
from tickets.channels.email import backlog, imap

word, number = sys.argv[1], int(sys.argv[2])
seen = 0

def count(name):
    global seen
    if word in name:
        seen += 1
        if seen == number:
            os.kill(os.getpid(), signal.SIGKILL)

def watch(execute, sql, params, many, context):
    answer = execute(sql, params, many, context)
    count(" ".join(str(sql).split()))
    return answer

add_flags = IMAPClient.add_flags
def flag(self, *words, **more):
    count("before flag")
    add_flags(self, *words, **more)
    count("after flag")
IMAPClient.add_flags = flag

with connection.execute_wrapper(watch):
    imap.fetch_once()
    backlog.work_off()
print("not killed")
"""


@pytest.fixture(scope="module")
def server():
    with dovecot.running() as running:
        yield running


@pytest.fixture
def mailbox(server, monkeypatch, settings):
    """A mailbox on the server; its folder is empty."""
    settings.INTERNAL_HOSTS = ["127.0.0.1"]
    client = server.client()
    client.select("INBOX")
    client.uid("store", "1:*", "+FLAGS", r"(\Deleted)")
    client.expunge()
    client.logout()
    monkeypatch.setenv("MAILBOX_PASSWORD_SUPPORT", dovecot.PASSWORD)
    return make_mailbox(host="127.0.0.1", port=server.port, security="none", user="support")


def letters(count: int, first: int = 0) -> list[bytes]:
    return [mail(f"Mail number {n}.", From=f"p{n}@example.com") for n in range(first, first + count)]


def bodies() -> list[str]:
    return sorted(Message.objects.filter(kind="incoming").values_list("body", flat=True))


def test_what_is_there_is_stored_once_and_then_flagged(server, mailbox):
    server.put(*letters(3))
    assert imap.fetch_once() == 3
    assert imap.fetch_once() == 0
    assert server.numbers("UNSEEN") == []
    server.put(*letters(2, first=3))
    assert imap.fetch_once() == 2
    backlog.work_off()
    assert bodies() == [f"Mail number {n}." for n in range(5)]
    mailbox.refresh_from_db()
    assert (mailbox.last_error, mailbox.failing_since) == ("", None)


def test_a_mail_that_somebody_has_read_by_another_program_is_taken_all_the_same(server, mailbox):
    imap.fetch_once()
    server.put(*letters(1))
    client = server.client()
    client.select("INBOX")
    client.uid("store", "1:*", "+FLAGS", r"(\Seen)")
    client.logout()
    assert imap.fetch_once() == 1


def test_in_a_folder_with_new_numbers_nothing_is_taken_twice(server, mailbox):
    server.put(*letters(3))
    imap.fetch_once()
    Mailbox.objects.update(uid_validity=1)
    client = server.client()
    client.select("INBOX")
    client.uid("store", "1:*", "-FLAGS", r"(\Seen)")
    client.logout()
    assert imap.fetch_once() == 0
    assert IncomingMail.objects.count() == 3


def test_killed_at_any_step_nothing_is_lost_and_nothing_doubled(server, mailbox):
    imap.fetch_once()
    server.put(*letters(20))
    steps = [
        ('INSERT INTO "tickets_incomingmail"', 3),  # written, not committed
        ("before flag", 3),  # committed, the server does not know
        ('UPDATE "tickets_mailbox"', 4),
        ('UPDATE "tickets_incomingmail" SET "attempts"', 3),  # begun
        ('UPDATE "tickets_incomingmail" SET "state"', 5),  # read, not committed
        ('UPDATE "tickets_incomingmail" SET "state"', 4),  # the case is written, not committed
        ('INSERT INTO "tickets_message"', 3),
    ]
    for word, number in steps:
        die(word, number)
    imap.fetch_once()
    backlog.work_off()
    assert IncomingMail.objects.count() == 20
    assert bodies() == sorted(f"Mail number {n}." for n in range(20))
    assert Case.objects.count() == 20
    assert not IncomingMail.objects.exclude(state="applied").exists()
    assert server.numbers("UNSEEN") == []


def die(word: str, number: int) -> None:
    settings = connection.settings_dict
    user, host = settings["USER"], quote(settings["HOST"], safe="")
    database = f"postgresql://{user}@{host}/{settings['NAME']}"
    environment = {**os.environ, "DATABASE_URL": database, "INTERNAL_HOSTS": "127.0.0.1"}
    died = subprocess.run(
        [sys.executable, "-c", DIE, word, str(number)],
        cwd=PROJECT, env=environment, capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip
    assert died.returncode == -signal.SIGKILL, died.stdout + died.stderr


def test_four_who_fetch_and_work_at_once_make_one_case_of_each_mail(server, mailbox):
    server.put(*letters(10))

    def work() -> None:
        imap.fetch_once()
        backlog.work_off()
        connections.close_all()

    threads = [threading.Thread(target=work) for _number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    backlog.work_off()
    assert (IncomingMail.objects.count(), Case.objects.count(), len(bodies())) == (10, 10, 10)


def test_a_new_mail_is_taken_as_soon_as_the_server_says_so(server, mailbox):
    watch = imap.Watch(mailbox)

    def look_after() -> None:
        try:
            watch.run()
        finally:
            connections.close_all()

    thread = threading.Thread(target=look_after, daemon=True)
    thread.start()
    for first in (0, 1):
        server.put(*letters(1, first=first))
        for _try in range(200):
            if IncomingMail.objects.count() == first + 1:
                break
            watch.is_over.wait(0.05)
        # Polling would have taken half a minute.
        assert IncomingMail.objects.count() == first + 1
    watch.is_over.set()
    server.put(*letters(1, first=2))
    thread.join(20)
    assert not thread.is_alive()


@pytest.mark.parametrize(
    ("fields", "error"),
    [
        ({"user": "", "security": "tls"}, "SSLCertVerificationError"),
        ({"security": "starttls"}, "SSLCertVerificationError"),
        ({"host": "192.0.2.1"}, "UnsafeError"),
        ({"code": "nobody"}, "LoginError"),
    ],
)
def test_what_goes_wrong_is_written_on_the_mailbox_without_a_word_of_the_server(server, mailbox, fields, error):
    if fields.get("security") == "tls":
        fields = fields | {"port": server.tls_port}
    Mailbox.objects.update(**fields)
    assert imap.fetch_once() == 0
    mailbox.refresh_from_db()
    assert mailbox.last_error == error
    assert mailbox.failing_since is not None
