"""Mail by a provider's webhook: kept once, whoever repeats it; refused from whoever cannot prove that he is the provider."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time

import pytest

from tests.factories import make_mailbox
from tests.tickets.email.mails import mail
from tickets.channels.email import backlog
from tickets.models import Case, IncomingMail

pytestmark = pytest.mark.django_db
KEY = "key-3ax6xnjp29jd6fds4gc373sgvjxteol0"


@pytest.fixture(autouse=True)
def mailbox(monkeypatch, settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path
    monkeypatch.setenv("MAILBOX_HOOK_SUPPORT", KEY)
    return make_mailbox()


def mailgun(client, raw=None, *, key=KEY, **fields):
    """As Mailgun's route `forward()` posts it, with the whole mail in `body-mime`."""
    at, token = str(int(time.time())), "b3d0f1"
    said = hmac.new(key.encode(), f"{at}{token}".encode(), hashlib.sha256).hexdigest()
    data = {
        "timestamp": at, "token": token, "signature": said, "recipient": "support@desk.example", "sender": "maja@example.com",
        "body-mime": (raw or mail()).decode(), **fields,
    }  # fmt: skip
    return client.post("/mail/hooks/support/mailgun/", data)


def postmark(client, payload, user="postmark:secret"):
    headers = {"Authorization": "Basic " + base64.b64encode(user.encode()).decode()}
    return client.post(
        "/mail/hooks/support/postmark/", json.dumps(payload), content_type="application/json", headers=headers
    )


def test_a_mail_is_kept_and_becomes_a_case_and_again_it_is_the_same(client):
    raw = mail("Where is it?", Subject="By Mailgun")
    for _ in range(3):
        assert mailgun(client, raw).status_code == 200
    backlog.work_off()
    assert IncomingMail.objects.count() == 1
    assert Case.objects.get().subject == "By Mailgun"


@pytest.mark.parametrize(
    "fields", [{"key": "another"}, {"signature": "0" * 64}, {"token": "changed"}, {"timestamp": "1"}]
)
def test_what_is_not_signed_by_the_provider_is_refused(client, fields):
    key = fields.pop("key", KEY)
    assert mailgun(client, key=key, **fields).status_code == 401
    assert not IncomingMail.objects.exists()


PARSED = {
    "FromFull": {"Email": "maja@example.com", "Name": "Maja Lind", "MailboxHash": ""},
    "ToFull": [{"Email": "support@desk.example", "Name": "", "MailboxHash": ""}],
    "Subject": "By Postmark",
    "MessageID": "22c74902-a0c1-4511-804f-341342852c90",
    "Date": "Thu, 5 Apr 2026 16:59:01 +0200",
    "TextBody": "It does not work.",
    "HtmlBody": "<p>It does not work.</p>",
    "Headers": [{"Name": "Message-ID", "Value": "<from-postmark@example.com>"}, {"Name": "MIME-Version", "Value": "1.0"}],
    "Attachments": [{"Name": "meter.txt", "Content": base64.b64encode(b"12345").decode(), "ContentType": "text/plain", "ContentLength": 5}],
}  # fmt: skip


def test_a_mail_that_comes_in_parts_is_put_together(client, monkeypatch):
    monkeypatch.setenv("MAILBOX_HOOK_SUPPORT", "postmark:secret")
    assert postmark(client, PARSED).status_code == 200
    backlog.work_off()
    case = Case.objects.get()
    message = case.messages.get(kind="incoming")
    assert (case.subject, message.body.strip(), message.sender) == (
        "By Postmark",
        "It does not work.",
        "maja@example.com",
    )
    assert [one.name for one in message.attachments.all()] == ["meter.txt"]


def test_the_whole_mail_is_taken_as_it_came_where_it_is_sent(client, monkeypatch):
    monkeypatch.setenv("MAILBOX_HOOK_SUPPORT", "postmark:secret")
    raw = mail("As it came.", Subject="Raw")
    assert postmark(client, {**PARSED, "RawEmail": raw.decode()}).status_code == 200
    with IncomingMail.objects.get().file.open() as file:
        assert file.read() == raw


@pytest.mark.parametrize("user", ["postmark:wrong", "someone:secret", ":"])
def test_a_wrong_password_is_refused(client, monkeypatch, user):
    monkeypatch.setenv("MAILBOX_HOOK_SUPPORT", "postmark:secret")
    assert postmark(client, PARSED, user).status_code == 401


def test_without_a_secret_of_its_own_a_mailbox_has_no_hook(client, monkeypatch):
    monkeypatch.setenv("MAILBOX_HOOK_SUPPORT", "")
    assert mailgun(client).status_code == 404
    assert client.post("/mail/hooks/support/unknown/").status_code == 404
    assert client.get("/mail/hooks/support/mailgun/").status_code == 405
