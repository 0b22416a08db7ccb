"""Open ticket forms were used as cannons.

In October 2025 and January 2026 forms of many companies at Zendesk were filled in by machines with strangers' addresses: each
stranger got a confirmation from a trusted sender, with the attacker's words as its subject. Here a confirmation has no word
that was typed in, one address gets few, one network can send few, and one form sends no more than so many an hour.
"""

import pytest

from tests.security.web import filled, make_form
from tickets import limits
from tickets.channels import web
from tickets.models import Case, OutgoingMail
from tickets.views import web_form

pytestmark = pytest.mark.django_db
BAIT = "WIN-A-PRIZE http://evil.example"


def test_a_confirmation_has_no_word_that_was_typed_in(client):
    form = make_form()
    client.post("/form/contact/", filled(form, name=BAIT, subject=BAIT, text=BAIT))
    mail = OutgoingMail.objects.get()
    whole = f"{mail.subject} {mail.text} {mail.html} {mail.sender_name} {mail.headers}"
    assert "WIN-A-PRIZE" not in whole
    assert "evil.example" not in whole


def test_one_network_cannot_write_to_many_addresses(client):
    form = make_form()
    answers = []
    for number in range(web_form.PER_NETWORK + 5):
        # Addresses of one line, and headers with which it would like to look like many.
        answer = client.post(
            "/form/contact/",
            filled(form, reach=f"stranger{number}@example.com"),
            REMOTE_ADDR=f"192.0.2.{number}",
            headers={"X-Forwarded-For": f"198.51.100.{number}", "CF-Connecting-IP": f"203.0.113.{number}"},
        )
        answers.append(answer.status_code)
    assert OutgoingMail.objects.count() == Case.objects.count() == web_form.PER_NETWORK
    assert set(answers[web_form.PER_NETWORK :]) == {429}


def test_one_address_gets_few_however_many_networks_name_it(client):
    form = make_form()
    for number in range(12):
        client.post("/form/contact/", filled(form, text=f"{number}"), REMOTE_ADDR=f"10.0.{number}.1")
    assert OutgoingMail.objects.count() == web.MAILS_PER_ADDRESS
    assert Case.objects.count() == web_form.PER_ADDRESS


def test_a_thousand_networks_get_no_more_mails_out_of_one_form_than_it_may_send(client, monkeypatch):
    monkeypatch.setattr(web, "MAILS_PER_FORM", 5)
    form = make_form()
    for number in range(12):
        client.post("/form/contact/", filled(form, reach=f"a{number}@example.com"), REMOTE_ADDR=f"10.0.{number}.1")
    # Nothing that was written is lost.
    assert Case.objects.count() == 12
    assert OutgoingMail.objects.count() == 5


def test_who_fills_in_what_nobody_sees_is_answered_as_all_are_and_sends_no_mail(client):
    form = make_form()
    answer = client.post("/form/contact/", filled(form, website="http://evil.example"))
    assert answer.status_code == 302
    case = Case.objects.get()
    assert case.flags == ["spam"]
    assert not case.contacts.get().is_valid
    assert not OutgoingMail.objects.exists()


def test_a_form_that_is_sent_as_soon_as_it_is_read_is_asked_for_once_more(client):
    from tickets import stamps

    form = make_form()
    answer = client.post("/form/contact/", filled(form, stamp=stamps.make(f"form:{form.pk}")))
    assert answer.status_code == 422
    assert not Case.objects.exists()


@pytest.mark.parametrize(
    ("proxies", "header", "network"),
    [
        (0, "203.0.113.9", "192.0.2.0/24"),
        (1, "198.51.100.1, 203.0.113.9", "203.0.113.0/24"),
        (2, "198.51.100.1, 203.0.113.9, 10.0.0.1", "203.0.113.0/24"),
        (1, "", ""),
        (1, "2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        (1, "::ffff:203.0.113.9", "203.0.113.0/24"),
        (1, "garbage", ""),
    ],
)
def test_only_what_our_own_proxies_have_added_says_where_a_request_came_from(rf, settings, proxies, header, network):
    settings.PROXIES = proxies
    request = rf.get("/", REMOTE_ADDR="192.0.2.7", headers={"X-Forwarded-For": header})
    assert limits.network_of(request) == network
