"""Links without a login that could be guessed, were eternal, or were good for something else.

osTicket's quick access was one reusable link for ever; FreeScout took a blank for a token (CVE-2026-53595) and let tokens live
on (CVE-2026-41902); OTRS compared with wildcards (CVE-2020-1772). Here a link is signed, for one customer and case, ends, can
be taken away, and whatever is wrong with one, the answer is the same page.
"""

import logging
from datetime import timedelta

import pytest
from django.core import signing
from django.urls import reverse
from django.utils import timezone

from surveys import links as survey_links
from surveys.models import Invitation
from tests.factories import make_case, make_customer
from tickets import stamps, status_links
from tickets.models import Case, Message, StatusLink

pytestmark = pytest.mark.django_db


@pytest.fixture
def case():
    return make_case(customer=make_customer(email="maja@example.com", language="en"), subject="Canary")


@pytest.fixture
def link(case):
    return status_links.give(case, is_proven=True)


def page_of(client, token):
    return client.get(f"/c/{token}")


def test_a_link_has_more_than_128_bits_that_nobody_can_guess(link):
    number, _dot, signature = status_links.token_for(link).partition(".")
    assert number == str(link.pk)
    assert len(signature) * 6 >= 128


def test_every_wrong_link_gets_one_and_the_same_page(client, case, link):
    good = status_links.token_for(link)
    assert page_of(client, good).status_code == 200
    ended = status_links.give(make_case(), is_proven=True)
    StatusLink.objects.filter(pk=ended.pk).update(expires_at=timezone.now())
    case.resolve(by=None)
    survey = survey_links.token_for(Invitation.objects.get())
    wrong = [
        "x", "%20", "%25", "*", "_", "0", str(link.pk), f"{link.pk}.", f"{link.pk + 1}.{good.partition('.')[2]}",
        good[:-1], good + "A", good.upper(), survey, "x" * 10_000, status_links.token_for(ended), "%00", "../login",
        signing.Signer(salt="else", sep=".").sign(str(link.pk)), stamps.make(f"status:{link.pk}"), f"{case.pk}", "a/b/c",
        f"{good}/files/00000000-0000-0000-0000-000000000000",
    ]  # fmt: skip
    pages = [page_of(client, token) for token in wrong]
    assert {(answer.status_code, answer.content) for answer in pages} == {(404, pages[0].content)}
    assert b"Canary" not in pages[0].content


def test_a_link_works_until_its_last_second_and_not_beyond(client, link, monkeypatch):
    token, now = status_links.token_for(link), timezone.now()
    StatusLink.objects.update(expires_at=now + timedelta(hours=1))
    monkeypatch.setattr(timezone, "now", lambda: now + timedelta(seconds=3599))
    assert page_of(client, token).status_code == 200
    monkeypatch.setattr(timezone, "now", lambda: now + timedelta(seconds=3601))
    assert page_of(client, token).status_code == 404


def test_a_link_that_was_taken_away_opens_nothing_and_a_new_one_does(client, case, link):
    token = status_links.token_for(link)
    assert status_links.revoke(case) == 1
    assert page_of(client, token).status_code == 404
    assert client.post(f"/c/{token}", {"text": "x", "stamp": stamps.make(f"status:{link.pk}")}).status_code == 404
    new = status_links.token_for(status_links.give(case, is_proven=True))
    assert new != token
    assert page_of(client, new).status_code == 200


def test_a_case_that_turns_out_to_be_somebody_elses_is_shown_to_the_first_no_more(client, case, link):
    Case.objects.update(customer=make_customer("Somebody else"))
    assert page_of(client, status_links.token_for(link)).status_code == 404


def test_the_stamp_of_one_case_writes_on_no_other(client, link):
    other = status_links.give(make_case(customer=make_customer(email="b@example.com")), is_proven=True)
    address = reverse("case_status", args=[status_links.token_for(link)])
    client.post(address, {"text": "hello", "stamp": stamps.make(f"status:{other.pk}")})
    assert not Message.objects.exists()


def test_what_is_refused_leaves_no_key_in_the_log(client, link, caplog):
    token = status_links.token_for(link)
    with caplog.at_level(logging.INFO):
        client.post(f"/c/{token}", {"text": "", "stamp": ""})
        client.post(f"/c/{token}", {"text": "hello", "stamp": "forged"})
    assert token not in caplog.text


def test_a_page_with_a_key_in_its_address_is_stored_and_told_to_nobody(client, link):
    answer = page_of(client, status_links.token_for(link))
    assert "no-store" in answer["Cache-Control"]
    assert answer["Referrer-Policy"] == "same-origin"
    assert answer["X-Robots-Tag"] == "noindex, nofollow"


def test_a_link_takes_so_many_messages_an_hour(client, link):
    from tickets.views.case_status import MESSAGES_AN_HOUR

    token = status_links.token_for(link)
    for number in range(MESSAGES_AN_HOUR + 3):
        client.post(f"/c/{token}", {"text": f"{number}", "stamp": stamps.make(f"status:{link.pk}")})
    assert Message.objects.count() == MESSAGES_AN_HOUR


def test_another_site_cannot_write_for_her(link):
    from django.test import Client

    strict = Client(enforce_csrf_checks=True)
    sent = {"text": "forged", "stamp": stamps.make(f"status:{link.pk}")}
    assert strict.post(f"/c/{status_links.token_for(link)}", sent).status_code == 403
    assert not Message.objects.exists()
