"""Mailboxes are set up, tried and looked into on our own pages, by those in charge."""

import pytest

from tests.factories import make_mailbox, make_queue, make_user
from tests.tickets.email.mails import arrive, mail, reply_from
from tickets import outbox
from tickets.models import Case, IncomingMail, Mailbox, OutgoingMail

pytestmark = pytest.mark.django_db


@pytest.fixture
def boss(client, settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path
    client.force_login(make_user("boss", role="manager"))
    return client


def test_one_is_added_and_changed(boss):
    queue = make_queue()
    assert "No mailbox yet" in boss.get("/settings/mailboxes/").content.decode()
    fields = {
        "name": "Support", "code": "support", "address": "support@desk.example", "client": queue.client_id, "queue": queue.pk,
        "port": 993, "security": "tls", "folder": "INBOX", "is_active": "on", "acknowledges": "on",
    }  # fmt: skip
    answer = boss.post("/settings/mailboxes/new/", fields)
    assert answer.status_code == 302, answer.context["form"].errors
    one = Mailbox.objects.get()
    page = boss.get(f"/settings/mailboxes/{one.pk}/").content.decode()
    assert "MAILBOX_HOOK_SUPPORT" in page
    assert "/mail/hooks/support/mailgun/" in page
    wrong = boss.post("/settings/mailboxes/new/", fields | {"code": "No good", "address": "no address"})
    assert wrong.status_code == 422
    assert set(wrong.context["form"].errors) == {"code", "address"}


def test_every_field_looks_like_the_others(boss):
    form = boss.get("/settings/mailboxes/new/").context["form"]
    shown = [form[name] for name in form.fields if name != "was"]
    assert all("form-" in one.as_widget() for one in shown), [
        one.name for one in shown if "form-" not in one.as_widget()
    ]


def test_trying_the_connection_says_what_is_wrong_and_keeps_it(boss, settings):
    settings.INTERNAL_HOSTS = ["127.0.0.1"]
    one = make_mailbox(host="127.0.0.1", port=9, security="none")
    page = boss.post(f"/settings/mailboxes/{one.pk}/trial/", follow=True).content.decode()
    assert "That did not work: ConnectionRefusedError" in page
    one.refresh_from_db()
    assert one.failing_since is not None


def test_every_mail_is_listed_with_what_became_of_it_and_can_be_saved_as_it_came(boss):
    raw = mail()
    got = arrive(raw, make_mailbox())
    page = boss.get("/settings/mailboxes/mails/").content.decode()
    assert f"#{got.case_id}" in page
    answer = boss.get(f"/settings/mailboxes/mails/{got.pk}/")
    assert b"".join(answer.streaming_content) == raw
    assert answer["Content-Disposition"].startswith("attachment")
    for close in answer._resource_closers:
        close()
    IncomingMail.objects.update(state="quarantined", error="It broke")
    assert "It broke" in boss.get("/settings/mailboxes/mails/?state=quarantined").content.decode()
    boss.post(f"/settings/mailboxes/mails/{got.pk}/retrial/")
    assert IncomingMail.objects.get().state == "received"


def test_an_agent_and_a_lead_see_none_of_it(client):
    one = make_mailbox()
    for role in ("agent", "lead"):
        client.force_login(make_user(role=role))
        for path in ("", "new/", f"{one.pk}/", "mails/"):
            assert client.get(f"/settings/mailboxes/{path}").status_code == 404
        assert client.post(f"/settings/mailboxes/{one.pk}/trial/").status_code == 404


@pytest.mark.parametrize(("writes_from", "address"), [(True, "support@desk.example"), (False, "helpdesk@example.org")])
def test_a_reply_is_written_from_the_mailbox_that_the_customer_wrote_to(boss, writes_from, address):
    arrive(mail(), make_mailbox(writes_from=writes_from))
    reply_from(Case.objects.get(), make_user("anna"))
    sent = outbox.message_of(OutgoingMail.objects.get(carries__isnull=False))
    assert sent.from_email == f"Own <{address}>"
