"""Which case a mail lands on: the ticket trick (2017), the spoofed requester (Zendesk, 2024), FreeScout CVE-2026-47123 (ids without
a code), GHSA-83xx-8c27-gq78 (who took part once) and GHSA-j49f-9g94-3wh4 (strangers with the right id), Zammad's and libredesk's
numbers in subjects, RT CVE-2023-41259 (our own headers from outside).
"""

import secrets

import pytest

from tests.factories import make_case, make_customer, make_mailbox, make_user
from tests.tickets.email.mails import arrive, mail, reply_from
from tickets import mail_ids, sending
from tickets.models import Case, Draft, Message

pytestmark = pytest.mark.django_db


@pytest.fixture
def mailbox():
    return make_mailbox(uses_plus=True, acknowledges=False)


@pytest.fixture
def anna():
    return make_user("anna", email="anna@desk.example")


@pytest.fixture
def case(mailbox):
    return arrive(mail(), mailbox).case


def test_ten_thousand_guesses_name_no_case():
    real = mail_ids.new_message_id(12, "desk.example")
    assert mail_ids.case_of_id(real) == 12
    number, nonce, code = real.strip("<>").split("@")[0].split(".")
    guesses = [f"<{number}.{nonce}.{secrets.token_hex(16)}@desk.example>" for _n in range(5_000)]
    guesses += [f"<{n}.{nonce}.{code}@desk.example>" for n in range(13, 2_513)]
    guesses += [f"<{number}.{secrets.token_hex(8)}.{code}@desk.example>" for _n in range(2_500)]
    assert {mail_ids.case_of_id(guess) for guess in guesses} == {None}
    address = mail_ids.reply_address("support@desk.example", 12)
    assert mail_ids.case_of_address(address) == 12
    assert mail_ids.case_of_address(address.replace("+12.", "+13.")) is None
    # A code for an address is none for an id, and what is cut short or old in form is nothing.
    for other in (
        "<12@desk.example>",
        f"<{number}.{nonce}@desk.example>",
        f"<{number}.{nonce}.{code[:-1]}@desk.example>",
        "",
    ):
        assert mail_ids.case_of_id(other) is None


def test_a_key_that_was_changed_lets_answers_to_older_mails_in(settings):
    old = mail_ids.new_message_id(12, "desk.example")
    settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY]
    settings.SECRET_KEY = "x" * 50
    assert mail_ids.case_of_id(old) == 12
    settings.SECRET_KEY_FALLBACKS = []
    assert mail_ids.case_of_id(old) is None


@pytest.mark.parametrize("way", ["In_Reply_To", "References", "To"])
def test_a_stranger_with_the_right_code_gets_a_case_of_his_own(mailbox, anna, case, way):
    sent = reply_from(case, anna)
    before = case.messages.count()
    value = sent.headers["Reply-To"] if way == "To" else sent.message_id
    got = arrive(mail("Your code is 123", From="no-reply@shop.example", **{way: value}), mailbox)
    assert got.case != case
    assert case.messages.count() == before
    # Whoever works on it is told, and only she.
    assert f"#{case.number}" in got.case.messages.get(kind="note").body


def test_a_code_of_one_case_opens_no_other(mailbox, anna, case):
    other = make_case(customer=make_customer("Nils", email="nils@example.com"))
    sent = reply_from(other, anna)
    got = arrive(mail("Hello", In_Reply_To=sent.message_id), mailbox)
    assert got.case not in (case, other)


@pytest.mark.parametrize("subject", ["Re: Parcel [#{0}]", "[#{0}]", "#{0}", "Re: Re: [#{0}] Parcel", "Case {0}"])
def test_a_number_in_a_subject_grants_nothing_not_even_to_the_customer(mailbox, case, subject):
    for sender in ("maja@example.com", "evil@example.com"):
        got = arrive(mail(f"Hi from {sender}", From=sender, Subject=subject.format(case.number)), mailbox)
        assert got.case != case
    assert case.messages.filter(kind="incoming").count() == 1


def test_whoever_the_customer_copies_in_takes_no_part_and_gets_nothing(mailbox, anna, case):
    sent = reply_from(case, anna)
    arrive(mail("Please copy him", Cc="evil@example.com", In_Reply_To=sent.message_id), mailbox)
    assert sending.cc_of(case) == []
    assert reply_from(case, anna).cc == []
    got = arrive(mail("Show me all", From="evil@example.com", In_Reply_To=sent.message_id), mailbox)
    assert got.case != case


def test_whoever_an_agent_wrote_to_takes_part_until_she_writes_without_him(mailbox, anna, case):
    draft = sending.draft_of(case, "reply", by=anna)
    draft.write(version=draft.version, html="<div>Hi both</div>", cc=["nils@example.com"])
    sending.send(draft, despite_news=True)
    Draft.objects.update(send_at=case.created_at)
    sending.send_due()
    sent = case.outgoing_mails.get()
    assert arrive(mail("Me too", From="nils@example.com", In_Reply_To=sent.message_id), mailbox).case == case
    draft = sending.draft_of(case, "reply", by=anna)
    draft.write(version=draft.version, html="<div>Only you</div>", cc=[])
    sending.send(draft, despite_news=True)
    Draft.objects.update(send_at=case.created_at)
    sending.send_due()
    assert arrive(mail("Still me", From="nils@example.com", In_Reply_To=sent.message_id), mailbox).case != case


def test_an_agents_address_gives_an_agents_rights_to_nobody(mailbox, anna, case):
    sent = reply_from(case, anna)
    status = case.status
    got = arrive(mail("Resolve it", From="anna@desk.example", In_Reply_To=sent.message_id), mailbox)
    assert got.case != case
    assert got.message.kind == Message.Kind.INCOMING
    assert got.message.author is None
    case.refresh_from_db()
    assert case.status == status


def test_headers_that_sound_like_ours_mean_nothing(mailbox, case):
    names = [
        "Ticket",
        "Case",
        "Owner",
        "Status",
        "Priority",
        "Queue",
        "Command",
        "Loop",
        "Internal",
        "Agent",
        "Note",
        "Merge",
        "Id",
    ]
    headers = {f"X_Helpdesk_{name}": str(case.number) for name in names} | {f"X_RT_{name}": "1" for name in names}
    got = arrive(mail("Hello", From="evil@example.com", **headers), mailbox)
    assert got.case != case
    assert (got.case.priority, got.case.owner, got.case.status) == ("normal", None, "open")
    assert not any("X-" in str(value) for value in got.letter.values())


def test_an_id_of_somebody_else_cannot_keep_a_mail_out(mailbox):
    """An attacker sends first what the customer will send, under her mail's id."""
    arrive(mail("squat", From="evil@example.com", Message_ID="<soon@example.com>"), mailbox)
    arrive(mail("the real one", Message_ID="<soon@example.com>"), mailbox)
    assert Case.objects.count() == 2
