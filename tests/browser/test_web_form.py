"""The customer's way: from the form to her case, on her phone, without scripts, with a file."""

from __future__ import annotations

import re

import pytest

from tests.factories import make_agreement, make_case, make_client, make_customer, make_queue, make_topic, make_user
from tickets import stamps, status_links
from tickets.models import Attachment, Case, OutgoingMail, WebForm, WebFormTopic

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
PNG = b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x00\x01\x00\x00\x00\x01\x08\x06\x00\x00\x00\x1f\x15\xc4\x89"


@pytest.fixture
def form(live_server, settings, tmp_path, monkeypatch):
    settings.PUBLIC_URL, settings.MEDIA_ROOT = live_server.url, tmp_path
    # A machine fills it in faster than a person.
    monkeypatch.setattr(stamps, "LEAST_SECONDS", 0)
    make_agreement(first_response_business_seconds=4 * 3600, first_response_channels=["web"])
    form = WebForm.objects.create(name="Contact", slug="contact", client=make_client(), queue=make_queue())
    WebFormTopic.objects.create(form=form, topic=make_topic("billing"), labels={"sv": "Fel på fakturan"})
    return form


@pytest.fixture
def no_scripts(browser):
    context = browser.new_context(java_script_enabled=False, viewport={"width": 390, "height": 844}, has_touch=True)
    yield context.new_page()
    context.close()


def fill(page, **fields):
    page.locator("select").select_option(label="Fel på fakturan")
    for name, text in {
        "reach": "maja@example.com",
        "name": "Maja",
        "subject": "Faktura",
        "text": "För hög.",
        **fields,
    }.items():
        page.locator(f"[name={name}]").fill(text)


def test_without_scripts_she_writes_gets_a_number_and_opens_the_link_in_the_mail(no_scripts, form):
    page = no_scripts
    page.goto(f"{form.public_url}?lang=sv")
    fill(page)
    page.locator(".send").tap()
    page.wait_for_url("**/thanks/**")
    case = Case.objects.get()
    assert f"Ärende {case.pk}" in page.locator("main").inner_text()
    (link,) = re.findall(r"http\S+", OutgoingMail.objects.get().text)
    page.goto(link)
    assert "För hög." in page.locator(".letter-incoming").inner_text()
    assert "Du hör av oss senast" in page.locator(".standing").inner_text()


def test_a_mistake_is_said_and_nothing_typed_is_lost(no_scripts, form):
    page = no_scripts
    page.goto(f"{form.public_url}?lang=sv")
    fill(page, reach="maja at example")
    page.locator(".send").tap()
    page.locator("[role=alert]").wait_for()
    assert "går inte att läsa" in page.locator("[data-wrong]").inner_text()
    assert page.locator("[name=text]").input_value() == "För hög."
    page.locator("[name=reach]").fill("maja@example.com")
    page.locator(".send").tap()
    page.wait_for_url("**/thanks/**")
    assert Case.objects.count() == 1


def test_a_file_goes_along(phone, form):
    phone.goto(f"{form.public_url}?lang=sv")
    fill(phone)
    phone.locator("[type=file]").set_input_files([{"name": "mätare.png", "mimeType": "text/html", "buffer": PNG}])
    phone.locator(".send").tap()
    phone.wait_for_url("**/thanks/**")
    kept = Attachment.objects.get()
    assert (kept.name, kept.content_type) == ("mätare.png", "image/png")


def test_the_form_fits_a_phone_and_every_target_a_thumb(phone, form):
    phone.goto(f"{form.public_url}?lang=fi")
    assert phone.evaluate("document.documentElement.scrollWidth") <= 390
    for target in phone.locator("input:not([type=hidden]):not([name=website]), select, textarea, .send, nav a").all():
        box = target.bounding_box()
        assert box["height"] >= 44, box


def test_nobody_comes_upon_the_trap_by_keyboard(page, form):
    page.goto(f"{form.public_url}?lang=sv")
    names = []
    for _press in range(12):
        page.keyboard.press("Tab")
        names.append(page.evaluate("document.activeElement.name || ''"))
    assert "text" in names
    assert "website" not in names


def test_on_the_page_of_her_case_she_writes_back_and_it_is_open_again(phone, form):
    case = make_case(customer=make_customer(email="maja@example.com", language="sv"), subject="Faktura")
    agent = make_user("anna", first_name="Anna")
    case.messages.create(kind="outgoing", body="Det är rättat nu.", author=agent, to=["maja@example.com"])
    case.resolve(by=agent)
    phone.goto(status_links.url_for(status_links.give(case, is_proven=True)))
    assert "Det är rättat nu." in phone.locator(".letter-outgoing").inner_text()
    assert "löst" in phone.locator(".standing").inner_text()
    assert phone.evaluate("document.documentElement.scrollWidth") <= 390
    phone.locator("[name=text]").fill("Nej, fortfarande fel.")
    phone.locator(".send").tap()
    phone.locator("[role=status]").wait_for()
    assert "fortfarande fel" in phone.locator(".letter-incoming").inner_text()
    case.refresh_from_db()
    assert case.status == "open"


def test_within_a_page_of_its_site_the_form_works_and_within_another_it_is_not_shown(browser, form, live_server):
    """The site is the server of the tests by another name: to a browser that is another site."""
    outside = live_server.url.replace("localhost", "127.0.0.1")
    WebForm.objects.update(origins=[outside])
    context = browser.new_context()
    page = context.new_page()
    frame_of = f'<iframe src="{form.public_url}?embed=1&lang=sv" width="600" height="1200"></iframe>'
    # A page of that site without rules of its own.
    page.goto(f"{outside}/static/css/web.css")
    page.set_content(frame_of)
    frame = page.frame_locator("iframe")
    fill(frame)
    frame.locator(".send").click()
    frame.locator(".case-number").wait_for()
    assert Case.objects.count() == 1
    WebForm.objects.update(origins=["https://www.example.com"])
    page.set_content(frame_of)
    page.wait_for_load_state("networkidle")
    assert page.frame_locator("iframe").locator("form").count() == 0
    context.close()
