"""The customer's way: from the mail to a changed answer, on her phone."""

from __future__ import annotations

import re
from urllib.parse import urljoin

import pytest
from django.utils import timezone

from surveys.models import Invitation, Response
from tests.factories import make_case, make_client, make_customer
from tickets.models import OutgoingMail

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def link(live_server, settings):
    """The link as it stands in the mail."""
    settings.PUBLIC_URL = live_server.url
    customer = make_customer(email="maja@example.org", language="sv")
    make_case(customer=customer, client=make_client("nord", name="Nordlys kundtjänst")).resolve(by=None)
    address, _no_more = re.findall(r"http\S+", OutgoingMail.objects.get().text)
    return address


def choose(page, name, value):
    page.locator(f"input[name={name}][value='{value}']").tap()


def test_she_answers_with_her_thumb_and_changes_her_mind(phone, link):
    phone.goto(link)
    assert phone.locator("h1").inner_text() == "Hur gjorde vi?"
    assert phone.evaluate("document.documentElement.scrollWidth") <= 390
    choose(phone, "csat", 2)
    choose(phone, "ces", 6)
    choose(phone, "nps", 10)
    choose(phone, "fcr_resolved", "yes")
    choose(phone, "fcr_contacts", 1)
    phone.locator("textarea").fill("Snabb hjälp")
    phone.locator(".send").tap()
    phone.wait_for_url("**/thanks")
    assert phone.locator("h1").inner_text() == "Tack!"

    phone.locator(".again").tap()
    assert phone.locator("input[name=csat][value='2']").is_checked()
    choose(phone, "csat", 5)
    phone.locator(".send").tap()
    phone.wait_for_url("**/thanks")
    answers = Invitation.objects.get().responses
    assert list(answers.values_list("csat", "ces", "nps", "fcr_resolved", "fcr_contacts", "comment")) == [
        (2, 6, 10, "yes", 1, "Snabb hjälp"),
        (5, 6, 10, "yes", 1, "Snabb hjälp"),
    ]


def test_every_target_is_big_enough_for_a_thumb(phone, link):
    phone.goto(link)
    for target in phone.locator("input[type=radio], .send, nav a, textarea").all():
        box = target.bounding_box()
        assert box["height"] >= 44, box
        assert box["width"] >= 40, box


def test_the_page_is_small(phone, link):
    received: list[int] = []
    phone.on("response", lambda response: received.append(len(response.body())))
    phone.goto(link, wait_until="networkidle")
    assert sum(received) < 40_000


def test_an_answer_can_be_taken_back(phone, link):
    phone.goto(link)
    choose(phone, "csat", 3)
    choose(phone, "nps", 7)
    phone.locator("fieldset").first.locator(".clear").tap()
    phone.locator(".send").tap()
    phone.wait_for_url("**/thanks")
    assert list(Response.objects.values_list("csat", "nps")) == [(None, 7)]


def test_sending_nothing_says_so_and_puts_her_there(phone, link):
    phone.goto(link)
    phone.locator(".send").tap()
    phone.locator("[role=alert]").wait_for()
    assert "Svara på minst en fråga" in phone.locator("[role=alert]").inner_text()
    assert phone.evaluate("document.activeElement.getAttribute('role')") == "alert"
    assert not Response.objects.exists()


def test_the_keyboard_is_enough(page, link):
    page.goto(link + "?lang=en")
    page.get_by_role("radio", name="1 Very dissatisfied").focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    page.get_by_role("group", name="Was your issue solved?").get_by_role("radio", name="Yes").press("Space")
    page.get_by_role("button", name="Send my answer").press("Enter")
    page.wait_for_url("**/thanks?lang=en")
    assert list(Response.objects.values_list("csat", "fcr_resolved")) == [(4, "yes")]


def test_it_works_without_scripts(browser, link):
    context = browser.new_context(java_script_enabled=False, viewport={"width": 390, "height": 844}, has_touch=True)
    page = context.new_page()
    page.goto(link)
    page.locator("input[name=csat][value='4']").tap()
    assert page.locator(".clear:visible").count() == 0
    page.locator(".send").tap()
    page.wait_for_url("**/thanks")
    context.close()
    assert Response.objects.get().csat == 4


def test_a_scanner_with_scripts_that_opens_every_link_on_the_page_answers_nothing(page, link):
    page.goto(link)
    for address in [a.get_attribute("href") for a in page.locator("a").all()]:
        page.goto(urljoin(page.url, address) if address.startswith("/") else link + address)
        page.wait_for_load_state("networkidle")
    page.goto(link + "/thanks")
    assert not Response.objects.exists()


def test_an_ended_link_says_so_kindly(phone, link):
    Invitation.objects.update(expires_at=timezone.now())
    answer = phone.goto(link)
    assert answer.status == 404
    assert phone.locator("h1").is_visible()
