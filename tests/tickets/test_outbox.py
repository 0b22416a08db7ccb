"""What leaves the house leaves it once, or is seen not to."""

from __future__ import annotations

import smtplib
import threading
import time
from datetime import timedelta
from email import message_from_bytes
from email.policy import default as policy
from functools import partial

import pytest
from aiosmtpd.controller import Controller
from celery import current_app
from django.core.mail.backends.base import BaseEmailBackend
from django.db import connection, connections, transaction
from django.utils import timezone

from tests.factories import make_case, make_user
from tests.running import free_port, mailer_at
from tickets import outbox
from tickets.models import OutgoingMail
from tickets.models.outbox import LEASE, MAX_ATTEMPTS, pause_after
from tickets.tasks import send_outbox

pytestmark = pytest.mark.django_db


def put(number: int = 1, **fields) -> OutgoingMail:
    fields = {"to": f"maja{number}@example.org", "subject": f"Mail {number}", "text": "Hello", **fields}
    return OutgoingMail.objects.put(key=f"test:{number}", **fields)[0]


class Post(BaseEmailBackend):
    """A post office that fails as it is told to, and remembers what it took."""

    taken: list[str] = []
    faults: list[Exception] = []
    lock = threading.Lock()

    def send_messages(self, email_messages):
        for message in email_messages:
            with Post.lock:
                fault = Post.faults.pop(0) if Post.faults else None
                if fault is not None:
                    raise fault
                Post.taken.append(message.message()["Message-ID"])
        return len(email_messages)


@pytest.fixture
def post(settings):
    settings.MAILERS = {"default": {"BACKEND": f"{__name__}.Post"}}
    Post.taken, Post.faults = [], []
    return Post


@pytest.fixture
def smtp(settings):
    """A real SMTP server in a thread, and the mailer that talks to it. `refusals` maps a step to its reply."""

    class Sink:
        def __init__(self):
            self.letters, self.refusals = [], {}

        async def handle_RCPT(self, server, session, envelope, address, options):  # noqa: N802 - aiosmtpd's name
            if "RCPT" in self.refusals:
                return self.refusals["RCPT"]
            envelope.rcpt_tos.append(address)
            return "250 OK"

        async def handle_DATA(self, server, session, envelope):  # noqa: N802 - aiosmtpd's name
            if "DATA" in self.refusals:
                return self.refusals["DATA"]
            self.letters.append(
                (envelope.mail_from, envelope.rcpt_tos, message_from_bytes(envelope.content, policy=policy))
            )
            return "250 OK"

    sink, port = Sink(), free_port()
    settings.MAILERS = mailer_at(port)
    controller = Controller(sink, hostname="127.0.0.1", port=port)
    controller.start()
    yield sink
    controller.stop()


def reload(mail: OutgoingMail) -> OutgoingMail:
    return OutgoingMail.objects.get(pk=mail.pk)


def later(mail: OutgoingMail) -> None:
    """Let the pause, or the lease, be over."""
    OutgoingMail.objects.filter(pk=mail.pk).update(send_at=timezone.now())


def test_a_mail_is_sent_once(post):
    mail = put()
    assert outbox.send_due() == 1
    assert outbox.send_due() == 0
    assert post.taken == [mail.message_id]
    assert (reload(mail).status, reload(mail).attempts) == ("sent", 1)
    assert reload(mail).sent_at is not None


def test_the_same_cause_is_one_mail():
    first, made = OutgoingMail.objects.put(key="cause", to="a@example.org", subject="A", text="A")
    second, made_again = OutgoingMail.objects.put(key="cause", to="b@example.org", subject="B", text="B")
    assert (made, made_again) == (True, False)
    assert first == second


def test_a_mail_for_later_waits(post):
    put(send_at=timezone.now() + timedelta(minutes=1))
    assert outbox.send_due() == 0


def test_a_rolled_back_cause_sends_nothing(post):
    with transaction.atomic():
        put()
        transaction.set_rollback(True)
    assert outbox.send_due() == 0


@pytest.mark.parametrize(
    "fault",
    [
        ConnectionRefusedError("nobody there"),
        TimeoutError("slow"),
        smtplib.SMTPServerDisconnected("gone"),
        smtplib.SMTPDataError(451, b"try again later"),
        smtplib.SMTPRecipientsRefused({"a": (450, b"greylisted")}),
        smtplib.SMTPSenderRefused(550, b"who are you", "helpdesk@example.org"),
        smtplib.SMTPAuthenticationError(535, b"wrong password"),
    ],
    ids=lambda fault: type(fault).__name__,
)
def test_what_may_pass_is_tried_again_after_a_pause(post, fault):
    mail = put()
    post.faults = [fault]
    assert outbox.send_due() == 0
    waiting = reload(mail)
    assert (waiting.status, waiting.attempts) == ("waiting", 1)
    assert type(fault).__name__ in waiting.last_error
    assert timedelta(seconds=20) < waiting.send_at - timezone.now() < timedelta(seconds=40)
    assert outbox.send_due() == 0, "not before its pause is over"
    later(mail)
    assert outbox.send_due() == 1
    assert post.taken == [mail.message_id]
    assert reload(mail).last_error == ""


@pytest.mark.parametrize(
    "fault",
    [
        smtplib.SMTPRecipientsRefused({"a": (550, b"no such mailbox")}),
        smtplib.SMTPDataError(554, b"looks like spam"),
        ValueError("header"),
    ],
    ids=lambda fault: type(fault).__name__,
)
def test_what_cannot_pass_is_given_up_at_once_and_the_others_are_sent(post, fault):
    mail, other = put(1), put(2)
    post.faults = [fault]
    assert outbox.send_due() == 1
    assert (reload(mail).status, reload(other).status) == ("dead", "sent")
    assert type(fault).__name__ in reload(mail).last_error


def test_after_the_last_attempt_a_mail_is_given_up_and_can_be_sent_again(post):
    mail = put()
    post.faults = [TimeoutError("slow")] * MAX_ATTEMPTS
    for _ in range(MAX_ATTEMPTS):
        assert reload(mail).status == "waiting"
        later(mail)
        outbox.send_due()
    assert reload(mail).status == "dead"
    later(mail)
    assert outbox.send_due() == 0

    assert reload(mail).resend() is True
    assert reload(mail).resend() is False
    assert outbox.send_due() == 1
    assert post.taken == [mail.message_id]


def test_pauses_grow_spread_and_end_at_six_hours():
    middles = [30, 120, 480, 1920, 7680, 21600, 21600, 21600, 21600]
    for attempts, middle in enumerate(middles, start=1):
        pauses = [pause_after(attempts).total_seconds() for _ in range(50)]
        assert middle * 0.8 <= min(pauses) < max(pauses) <= middle * 1.2
    assert pause_after(32_000) <= timedelta(hours=7.2)


def test_a_crash_between_sending_and_writing_it_down_sends_the_same_mail_again(post, monkeypatch):
    mail = put()
    with monkeypatch.context() as crash:
        crash.setattr(OutgoingMail, "mark_sent", lambda self: (_ for _ in ()).throw(SystemExit))
        with pytest.raises(SystemExit):
            outbox.send_due()
    assert outbox.send_due() == 0, "the lease holds"
    assert reload(mail).send_at <= timezone.now() + LEASE
    later(mail)
    assert outbox.send_due() == 1
    assert post.taken == [mail.message_id, mail.message_id]


def test_a_mail_that_kills_its_workers_is_given_up(post):
    mail = put()
    for _ in range(MAX_ATTEMPTS):
        assert len(outbox.claim()) == 1  # and the worker dies
        later(mail)
    assert outbox.send_due() == 0
    assert reload(mail).status == "dead"
    assert post.taken == []


def test_a_worker_that_lost_its_claim_writes_nothing(post):
    mail = put()
    (mine,) = outbox.claim()
    later(mail)
    (theirs,) = outbox.claim()
    assert mine.mark_failed("slow", for_good=True) is False
    assert reload(mail).status == "waiting"
    assert theirs.mark_sent() is True


def test_what_a_run_has_no_time_for_is_given_back_untried(post):
    mail = put()
    assert outbox.deliver(outbox.claim(), stop_at=time.monotonic()) == 0
    assert reload(mail).attempts == 0
    assert outbox.send_due() == 1


@pytest.mark.django_db(transaction=True)
def test_workers_side_by_side_send_every_mail_once(post):
    mails = [put(number) for number in range(120)]
    ready = threading.Barrier(4)
    sent, failures = [], []

    def work():
        try:
            ready.wait(10)
            sent.append(outbox.send_due())
        except Exception as error:  # noqa: BLE001 - told below, in the test's own thread
            failures.append(error)
        finally:
            connections.close_all()

    workers = [threading.Thread(target=work) for _ in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(30)
    assert not failures
    assert sum(sent) == 120
    assert sorted(post.taken) == sorted(mail.message_id for mail in mails)


@pytest.mark.django_db(transaction=True)
def test_a_mail_that_another_worker_holds_is_passed_over(post):
    held, free = put(1), put(2)
    with transaction.atomic():
        OutgoingMail.objects.select_for_update().get(pk=held.pk)
        taken: list[OutgoingMail] = []

        def work():
            taken.extend(outbox.claim())
            connection.close()

        worker = threading.Thread(target=work)
        worker.start()
        worker.join(10)
    assert taken == [free]


def test_a_mail_reaches_a_real_server_with_its_headers(smtp):
    mail = put(
        sender_name="Åsa & Söner, kundtjänst",
        subject="Hur gjorde vi? Ärende 7",
        text="Hej Åsa",
        html="<p>Hej Åsa</p>",
        headers={"Auto-Submitted": "auto-generated"},
    )
    assert outbox.send_due() == 1
    ((mail_from, recipients, letter),) = smtp.letters
    assert (mail_from, recipients) == ("helpdesk@example.org", ["maja1@example.org"])
    assert letter["Message-ID"] == mail.message_id
    assert letter["Subject"] == "Hur gjorde vi? Ärende 7"
    assert letter["From"].addresses[0].display_name == "Åsa & Söner, kundtjänst"
    assert letter["From"].addresses[0].addr_spec == "helpdesk@example.org"
    assert letter["Auto-Submitted"] == "auto-generated"
    assert letter.get_body(("plain",)).get_content().strip() == "Hej Åsa"
    assert letter.get_body(("html",)).get_content().strip() == "<p>Hej Åsa</p>"


@pytest.mark.parametrize(
    ("step", "reply", "status"),
    [
        ("RCPT", "550 5.1.1 no such mailbox", "dead"),
        ("RCPT", "450 4.2.0 greylisted", "waiting"),
        ("DATA", "554 5.7.1 refused", "dead"),
        ("DATA", "451 4.3.0 later", "waiting"),
    ],
)
def test_a_real_refusal_is_judged_by_its_code(smtp, step, reply, status):
    mail = put()
    smtp.refusals = {step: reply}
    assert outbox.send_due() == 0
    assert reload(mail).status == status
    assert reply[:3] in reload(mail).last_error


@pytest.mark.parametrize("field", ["subject", "to"])
def test_a_line_break_in_a_header_is_not_sent_and_is_seen(smtp, field):
    mail = put(**{field: "a@example.org\r\nBcc: everybody@example.org"})
    assert outbox.send_due() == 0
    assert smtp.letters == []
    assert reload(mail).status == "dead"


@pytest.mark.parametrize(
    "name", ["A\r\nBcc: b@example.org", 'A" <b@example.org>, "', "<b@example.org>", "x" * 200, "\x01\x1f"]
)
def test_no_sender_name_adds_an_address_or_a_header(smtp, name):
    put(sender_name=name)
    assert outbox.send_due() == 1
    ((_mail_from, recipients, letter),) = smtp.letters
    assert recipients == ["maja1@example.org"]
    assert [address.addr_spec for address in letter["From"].addresses] == ["helpdesk@example.org"]
    assert letter["Bcc"] is None


@pytest.mark.django_db(transaction=True)
def test_the_doorbell_rings_when_the_cause_is_committed_and_not_before(monkeypatch):
    rung: list[str] = []
    monkeypatch.setattr(current_app, "send_task", lambda name, **_: rung.append(name))
    with transaction.atomic():
        outbox.ring()
        assert rung == []
    assert rung == [send_outbox.name]


@pytest.mark.django_db(transaction=True)
def test_nobody_waits_or_fails_while_redis_is_down(monkeypatch):
    put()
    nowhere = current_app.connection_for_write("redis://127.0.0.1:1/0")
    ring = partial(current_app.send_task, connection=nowhere)
    failures: list[str] = []
    monkeypatch.setattr(outbox.log, "warning", lambda text, *_: failures.append(text))
    monkeypatch.setattr(current_app, "send_task", ring)
    began = time.monotonic()
    with transaction.atomic():
        outbox.ring()
    assert time.monotonic() - began < 1
    assert len(failures) == 1
    nowhere.release()


def test_the_scheduler_comes_round_within_seconds():
    from helpdesk.celery import app

    entry = app.conf.beat_schedule["send-outbox"]
    assert entry["task"] == send_outbox.name
    assert entry["schedule"] <= 10


def test_the_default_mailer_writes_files_that_can_be_read(settings, tmp_path):
    backend = "django.core.mail.backends.filebased.EmailBackend"
    settings.MAILERS = {"default": {"BACKEND": backend, "OPTIONS": {"file_path": str(tmp_path)}}}
    put(subject="To be read")
    assert outbox.send_due() == 1
    (file,) = tmp_path.iterdir()
    assert "Subject: To be read" in file.read_text()


# ---- The page --------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("role", "status"), [("manager", 200), ("admin", 200), ("agent", 404), ("lead", 404), ("integration", 404)]
)
def test_the_outbox_is_for_those_in_charge(client, role, status):
    mail = put()
    OutgoingMail.objects.update(status="dead")
    client.force_login(make_user(role=role))
    assert client.get("/outbox/").status_code == status
    assert client.post(f"/outbox/{mail.pk}/delivery/").status_code == (302 if status == 200 else 404)
    assert reload(mail).status == ("waiting" if status == 200 else "dead")


def test_a_stranger_is_sent_to_the_login(client):
    assert client.get("/outbox/")["Location"].startswith("/login/")


def test_the_outbox_shows_what_was_given_up_first_and_why_but_no_text(client):
    put(1, text="https://desk.example.org/s/secret", case=make_case())
    put(2, subject="<script>alert(1)</script>", text="https://desk.example.org/s/secret")
    OutgoingMail.objects.filter(key="test:2").update(status="dead", last_error="550 <b>unknown</b>")
    client.force_login(make_user(role="manager"))
    page = client.get("/outbox/").text
    assert "maja2@example.org" in page
    assert "550 &lt;b&gt;unknown&lt;/b&gt;" in page
    assert "<script>alert" not in page
    assert "secret" not in page + client.get("/outbox/?status=waiting").text
    assert "maja1@example.org" not in page


def test_looking_sends_nothing_again(client):
    mail = put()
    OutgoingMail.objects.update(status="dead")
    client.force_login(make_user(role="manager"))
    assert client.get(f"/outbox/{mail.pk}/delivery/").status_code == 405
    client.get("/outbox/")
    assert reload(mail).status == "dead"


def test_the_outbox_page_costs_the_same_for_many_mails(client, django_assert_max_num_queries):
    case = make_case()
    for number in range(60):
        put(number, case=case)
    client.force_login(make_user(role="manager"))
    with django_assert_max_num_queries(6):
        client.get("/outbox/")
