"""Links of surveys: looking scores nothing, whoever looks; and whatever is wrong with one, the page is the same."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.core import signing
from django.test import Client
from django.utils import timezone

from surveys import links
from surveys.asking import OptOut
from surveys.models import Invitation, Response
from tests.browser.chromium import watched_page
from tests.factories import make_case, make_customer
from tickets.models import OutgoingMail


@pytest.fixture
def invitation(db) -> Invitation:
    make_case(customer=make_customer(email="maja@example.org", language="en")).resolve(by=None)
    return Invitation.objects.get()


def test_a_hundred_looks_at_every_link_of_the_mail_score_nothing(client, invitation) -> None:
    mail = OutgoingMail.objects.get()
    addresses = sorted(set(re.findall(r"https?://[^/]+(/s/[^\"\s<]+)", mail.html + mail.text)))
    assert len(addresses) == 7
    heads = [{}, {"Purpose": "prefetch"}, {"Sec-Purpose": "prefetch;prerender"}, {"X-Moz": "prefetch"}]
    for n in range(100):
        for address in addresses:
            look = client.head if n % 3 == 0 else client.get
            assert look(address, headers=heads[n % len(heads)]).status_code == 200, address
    assert not Response.objects.exists()
    assert not OptOut.objects.exists()


@pytest.mark.browser
@pytest.mark.django_db(transaction=True)
def test_a_browser_with_scripts_that_opens_the_links_scores_nothing(browser, live_server) -> None:
    make_case(customer=make_customer(email="maja@example.org", language="en")).resolve(by=None)
    link = links.url_for(Invitation.objects.get())
    path = re.sub(r"^https?://[^/]+", "", link)
    with watched_page(browser) as page:
        for address in (path, f"{path}?csat=4", f"{path}/no-more"):
            page.goto(live_server.url + address, wait_until="networkidle")
            page.mouse.move(200, 300)
            page.wait_for_timeout(500)
        page.goto(f"{live_server.url}{path}?csat=4")
        # What she pressed in the mail is marked, and counts when she sends it.
        assert page.locator("input[name=csat]:checked").input_value() == "4"
        assert not Response.objects.exists()
        page.click("button.send")
        page.wait_for_url(re.compile("/thanks"))
    assert list(Response.objects.values_list("csat", flat=True)) == [4]


def test_tampered_expired_foreign_and_guessed_links_give_the_same_page(client, invitation) -> None:
    token = links.token_for(invitation)
    other = signing.Signer(salt="tickets.status_link", sep=".").sign(str(invitation.pk))
    wrong = {
        "tampered": token[:-1] + ("A" if token[-1] != "A" else "B"),
        "another number": f"{invitation.pk + 1}.{token.partition('.')[2]}",
        "foreign": other,
        "guessed": f"{invitation.pk}.{'x' * 43}",
        "nothing": "abc",
        "huge": signing.Signer(salt="surveys.invitation", sep=".").sign(str(10**30)),
    }
    pages = {}
    for name, one in wrong.items():
        for tail in ("", "/thanks", "/no-more"):
            answer = client.get(f"/s/{one}{tail}")
            assert answer.status_code == 404, (name, tail)
            pages[name, tail] = bare(answer.content)
    Invitation.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    for tail in ("", "/thanks"):
        answer = client.get(f"/s/{token}{tail}")
        assert answer.status_code == 404
        pages["expired", tail] = bare(answer.content)
    assert len(set(pages.values())) == 1
    for one in [*wrong.values(), token]:
        assert client.post(f"/s/{one}", {"csat": "1"}).status_code == 404
    assert not Response.objects.exists()


def bare(content: bytes) -> bytes:
    """Without what is drawn anew for every page."""
    return re.sub(rb'nonce="[^"]*"', b"", content)


@pytest.mark.parametrize("score", ["0", "6", "9", "-1", "4.5", "1;2", "<b>", "44", "٣"])
def test_a_score_that_is_none_marks_nothing(client, invitation, score) -> None:
    answer = client.get(f"/s/{links.token_for(invitation)}", {"csat": score})
    assert answer.status_code == 200
    assert b"checked" not in answer.content


def test_who_does_not_want_to_be_asked_says_so_with_one_press_and_may_change_her_mind(client, invitation) -> None:
    mail = OutgoingMail.objects.get()
    address = re.sub(r"^<https?://[^/]+|>$", "", mail.headers["List-Unsubscribe"])
    assert mail.headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    # As a mail program presses it: without a cookie, a session or a token.
    strict = Client(enforce_csrf_checks=True)
    assert strict.post(address, {"List-Unsubscribe": "One-Click"}).status_code == 200
    assert OptOut.holds("maja@example.org")
    Invitation.objects.update(expires_at=timezone.now() - timedelta(days=400))
    assert b"We do not ask you any more" in client.get(address).content
    assert b"We ask you again" in client.post(address, {"again": "1"}).content
    assert not OptOut.holds("maja@example.org")
