"""Reading a mail: what cannot be read, or is made to cost much, harms nobody and is not lost."""

import contextlib
import os
import resource
import signal
import threading
import time
from pathlib import Path

import pytest

from tests.factories import make_mailbox
from tests.tickets.email.mails import arrive, mail
from tickets.channels.email import backlog, envelope
from tickets.channels.email.reader import Reader, UnreadableError
from tickets.channels.email.receive import receive
from tickets.models import Case, IncomingMail, OutgoingMail


def letter(raw: bytes):
    with Reader() as reader:
        return reader.read(raw).said


def bomb(body: str, **headers: str) -> bytes:
    lines = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in {"From": "a@b.se", **headers}.items())
    return f"{lines}\r\n{body}".encode()


BOMBS = {
    "nested elements": bomb("<div>" * 40_000, Content_Type="text/html"),
    "half a tag": bomb("<a " * 300_000, Content_Type="text/html"),
    "attributes": bomb("<p " + " ".join(f"a{n}=1" for n in range(50_000)) + ">x", Content_Type="text/html"),
    "parts": bomb("--x\r\n\r\na\r\n" * 100_000, Content_Type="multipart/mixed; boundary=x"),
    "parts with a hidden mark": bomb(
        "--xy\r\n\r\na\r\n" * 50_000, Content_Type="multipart/mixed; boundary*0=x; boundary*1=y"
    ),
    "nested parts": bomb(
        "".join(f"--b{n}\r\nContent-Type: multipart/mixed; boundary=b{n + 1}\r\n\r\n" for n in range(3_000)),
        Content_Type="multipart/mixed; boundary=b0",
    ),
    "mails within mails": bomb("Content-Type: message/rfc822\r\n\r\n" * 5_000, Content_Type="message/rfc822"),
    "encoded words": bomb("x", Subject="=?utf-8?q?a?= " * 20_000),
    "comments": bomb("x", To="(" * 20_000),
    "empty lines": bomb("\n" * 100_000),
    "introductions": bomb("On x x x 1 " * 10_000),
    "many introductions": bomb("On 1 Jan 2026 at 10:10\n" * 1_400),
    "headers": bomb("x", **{f"X-{n}": "1" for n in range(300)}),
}


@pytest.mark.parametrize("name", BOMBS)
def test_a_bomb_is_read_or_refused_within_its_ten_seconds(name):
    began = time.process_time()
    with Reader() as reader:
        with contextlib.suppress(UnreadableError):
            reader.read(BOMBS[name])
        # And the next mail is read as ever.
        assert reader.read(mail("Hello")).said["text"] == "Hello"
    # Nothing of it was done in our own process.
    assert time.process_time() - began < 1


def test_a_child_that_needs_too_much_memory_dies_alone_and_the_next_mail_is_read():
    with Reader() as reader:
        reader.read(mail())
        # It dies while the mail is with it, which it cannot answer before.
        os.kill(reader.child.pid, signal.SIGSTOP)
        threading.Timer(0.2, os.kill, (reader.child.pid, signal.SIGKILL)).start()
        with pytest.raises(UnreadableError):
            reader.read(mail())
        assert reader.read(mail("Hello")).said["text"] == "Hello"


def test_the_child_has_ten_seconds_and_half_a_gigabyte_and_can_write_no_file():
    with Reader() as reader:
        reader.read(mail())
        pid = reader.child.pid
        assert resource.prlimit(pid, resource.RLIMIT_AS) == (512 << 20, 512 << 20)
        assert resource.prlimit(pid, resource.RLIMIT_CPU)[0] <= 11
        assert resource.prlimit(pid, resource.RLIMIT_FSIZE) == (0, 0)


@pytest.mark.parametrize(
    ("raw", "subject"),
    [
        (b"From: a@b.se\nSubject: =?utf-8?q?H=C3=A4r?= =?utf-8?q?_nu?=\n\nx", "Här nu"),
        (b"From: a@b.se\nSubject: =?iso-8859-1?Q?F=E5r?=\n\nx", "Får"),
        (b"From: a@b.se\nSubject: F\xc3\xb6rst\n\nx", "Först"),
        (b"From: a@b.se\nSubject: F\xf6rst\n\nx", "Först"),
        (b"From: a@b.se\nSubject: =?x-unknown?b?!!!?=\n\nx", None),
        (b"From: a@b.se\nSubject: one\n two\x00\n\nx", "one two"),
    ],
)
def test_a_subject_is_read_as_it_was_meant_whatever_it_was_written_in(raw, subject):
    read = letter(raw)["subject"]
    assert subject is None or read == subject


@pytest.mark.parametrize("charset", ["x-unknown", "none", "zip", "idna", "utf-8", "us-ascii", ""])
def test_a_text_in_no_known_charset_is_read_all_the_same(charset):
    raw = f"From: a@b.se\nContent-Type: text/plain; charset={charset}\n\n".encode() + "Hej på er".encode("latin-1")
    assert letter(raw)["text"] == "Hej på er"


@pytest.mark.parametrize(
    ("sender", "address"),
    [
        ("Maja <Maja@Example.com>", "maja@example.com"),
        ('"boss@desk.example" <evil@example.com>', "evil@example.com"),
        ("maja@example.com (Maja)", "maja@example.com"),
        ("=?utf-8?q?boss=40desk=2Eexample?= <evil@example.com>", "evil@example.com"),
        ("nobody", ""),
    ],
)
def test_the_sender_is_the_address_and_not_the_name(sender, address):
    assert letter(f"From: {sender}\n\nx".encode())["sender"] == address


@pytest.mark.django_db
@pytest.mark.parametrize("name", ["From", "To", "Subject", "In-Reply-To", "Content-ID", "Message-ID"])
def test_bytes_that_are_no_letters_are_nowhere_in_the_way(name):
    raw = b"X-First: 1\n" + name.encode() + b": <j\xc3\xff\0@example.com>\n"
    got = arrive(raw + b'Content-Type: application/x; name="\xc3\0.txt"\n\nwords\0\xc3', make_mailbox())
    assert (got.state, got.error) == ("applied", "")


@pytest.mark.django_db
def test_what_cannot_be_read_is_a_case_with_the_raw_mail_as_its_file():
    mailbox = make_mailbox()
    got = arrive(BOMBS["parts"], mailbox)
    assert got.state == "stub"
    assert "more than 100 parts" in got.error
    file = got.message.attachments.get()
    with file.file.open() as content:
        assert (file.name, content.read()) == ("message.eml", BOMBS["parts"])
    assert got.case.customer.identities.get().value == "a@b.se"
    # Nobody is answered whose mail was not read.
    assert not OutgoingMail.objects.exists()


@pytest.mark.django_db
def test_of_a_mail_that_is_too_large_there_is_a_case_too():
    raw = mail() + b"x" * envelope.LARGEST
    assert arrive(raw, make_mailbox()).state == "stub"


@pytest.mark.django_db
def test_a_mail_that_takes_its_worker_with_it_becomes_a_stub_and_then_is_set_aside(monkeypatch):
    got, _new = receive(mail(), mailbox=make_mailbox())
    # Three workers have begun with it and did not come back.
    IncomingMail.objects.update(attempts=3)
    backlog.work_off()
    got.refresh_from_db()
    assert (got.state, Case.objects.count()) == ("stub", 1)


@pytest.mark.django_db
def test_a_mail_whose_file_is_gone_is_set_aside_and_keeps_no_other_from_its_case():
    mailbox = make_mailbox()
    gone, _new = receive(mail(), mailbox=mailbox)
    gone.file.storage.delete(gone.file.name)
    receive(mail("Another"), mailbox=mailbox)
    for _round in range(6):
        backlog.work_off()
    gone.refresh_from_db()
    assert (gone.state, Case.objects.count()) == ("quarantined", 1)


@pytest.mark.django_db
def test_a_full_disk_is_no_mails_fault():
    got, _new = receive(mail(files={"a.txt": b"x"}), mailbox=make_mailbox())
    folder = Path(got.file.path).parent
    # Where the file's name should be there is a folder that cannot be removed.
    blocker = folder / f"{got.pk.hex}.0" / "x"
    blocker.mkdir(parents=True)
    for _round in range(4):
        with pytest.raises(OSError, match="not empty"):
            backlog.work_off()
    got.refresh_from_db()
    assert (got.state, got.attempts) == ("received", 0)
    blocker.rmdir()
    blocker.parent.rmdir()
    assert backlog.work_off() == 1


@pytest.mark.django_db
def test_what_was_set_aside_can_be_tried_again():
    got, _new = receive(mail(), mailbox=make_mailbox())
    IncomingMail.objects.update(state="quarantined", attempts=6, error="x")
    assert backlog.work_off() == 0
    got.refresh_from_db()
    assert got.try_again()
    assert backlog.work_off() == 1


def test_a_child_that_died_while_it_waited_is_no_fault_of_the_next_mail():
    with Reader() as reader:
        reader.read(mail())
        reader.child.kill()
        reader.child.wait()
        assert reader.read(mail("Hello")).said["text"] == "Hello"


def test_after_many_mails_a_new_child_reads_on(monkeypatch):
    monkeypatch.setattr("tickets.channels.email.reader.MAILS_A_CHILD", 2)
    with Reader() as reader:
        children = []
        for _mail in range(5):
            assert reader.read(mail("Hello")).said["text"] == "Hello"
            children.append(reader.child.pid)
    assert [children.index(pid) for pid in children] == [0, 0, 2, 2, 4]
