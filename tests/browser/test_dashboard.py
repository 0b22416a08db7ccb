"""The dashboard as a manager has it open: it stays fresh and loses nothing of what she is doing."""

from __future__ import annotations

import json
import re

import pytest
from playwright.sync_api import expect

from tests.browser.chromium import watched_page

pytestmark = pytest.mark.browser
PASSWORD = "a pass phrase of some length"
PEOPLE = f"""
from tests.factories import make_queue, make_user
from tickets.models import User
if not User.objects.filter(username="board").exists():
    make_user("board", role="manager", password="{PASSWORD}")
make_queue("first-line"); make_queue("second-line")
"""
A_CALL = """
from tests.factories import make_contact, make_queue, make_user
from tickets.models import User, Contact
from tickets.signals import happened
from django.utils import timezone
agent = User.objects.filter(username="caller").first() or make_user("caller")
contact = make_contact(queue=make_queue("first-line"), agent=agent, at=timezone.now() - timezone.timedelta(minutes=5))
"""


@pytest.fixture(scope="module")
def helpdesk(running_helpdesk):
    running_helpdesk.manage("shell", "-v0", "-c", PEOPLE)
    a_call(running_helpdesk)
    return running_helpdesk


def a_call(helpdesk) -> None:
    """One more answered call, as another process writes it."""
    helpdesk.manage("shell", "-v0", "-c", A_CALL)


def opened(page, helpdesk, address: str = "/metrics/?period=7d"):
    page.goto(f"{helpdesk.url}/login/?next=/")
    page.fill("#id_username", "board")
    page.fill("#id_password", PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url(lambda url: "/login/" not in url)
    page.goto(helpdesk.url + address)
    return page.locator("#tile-offered-rows")


def test_a_call_appears_on_the_open_page_and_nothing_moves(page, helpdesk) -> None:
    offered = opened(page, helpdesk)
    expect(page.locator("[data-live-state]")).to_have_attribute("data-state", "on")
    before = int(offered.inner_text())
    page.locator("#tile-asa-rows").focus()
    page.locator("#chart-table-toggle").evaluate("toggle => toggle.parentElement.open = true")
    page.evaluate("window.scrollTo(0, 300); window.keep = document.querySelector('#tile-csat')")
    a_call(helpdesk)
    expect(offered).to_have_text(str(before + 1))
    assert page.evaluate("window.scrollY") == 300
    assert page.evaluate("document.activeElement.id") == "tile-asa-rows"
    assert page.evaluate("document.querySelector('#chart-table').open")
    # What says the same was not touched at all.
    assert page.evaluate("window.keep === document.querySelector('#tile-csat')")


def test_an_open_menu_is_left_alone_until_it_is_closed(page, helpdesk) -> None:
    offered = opened(page, helpdesk)
    expect(page.locator("[data-live-state]")).to_have_attribute("data-state", "on")
    before = int(offered.inner_text())
    menu = page.locator("details.choices").first
    menu.locator("summary").click()
    a_call(helpdesk)
    page.wait_for_timeout(4_000)
    expect(offered).to_have_text(str(before))
    page.keyboard.press("Escape")
    expect(menu).not_to_have_attribute("open", "")
    expect(offered).to_have_text(str(before + 1))


def test_without_the_stream_the_page_asks_by_itself(page, helpdesk) -> None:
    page.clock.install()
    page.route("**/live/", lambda route: route.fulfill(status=204))
    offered = opened(page, helpdesk)
    before = int(offered.inner_text())
    a_call(helpdesk)
    page.clock.fast_forward(16_000)
    page.clock.fast_forward(3_000)
    expect(offered).to_have_text(str(before + 1))


def test_every_state_is_an_address_and_back_goes_back(page, helpdesk) -> None:
    opened(page, helpdesk)
    page.select_option("#period", "28d")
    page.locator("#filter-channel-now").click()
    page.get_by_label("Phone", exact=True).check()
    page.get_by_label("Chat", exact=True).check()
    page.get_by_role("button", name="Show").first.click()
    page.wait_for_url(re.compile(r"period=28d.*channel=phone&channel=chat"))
    expect(page.locator("#filter-channel-now")).to_have_text("Phone, Chat")
    page.select_option("#chart-kpi", "asa")
    page.wait_for_url(re.compile(r"channel=phone&channel=chat.*chart=asa"))
    page.go_back()
    expect(page.locator("#chart-kpi")).to_have_value("volume")
    page.go_back()
    expect(page.locator("#filter-channel-now")).to_have_text("All")


def test_own_dates_need_no_second_choice(page, helpdesk) -> None:
    opened(page, helpdesk)
    expect(page.locator("#from")).to_be_hidden()
    page.select_option("#period", "custom")
    page.fill("#from", "2025-10-01")
    page.fill("#to", "2025-10-31")
    page.get_by_role("button", name="Show").first.click()
    page.wait_for_url(re.compile(r"from=2025-10-01&to=2025-10-31"))
    expect(page.locator("main")).to_contain_text("Oct. 1, 2025 – Oct. 31, 2025")


def test_the_chart_is_drawn_with_its_table_and_follows_the_theme(page, helpdesk) -> None:
    opened(page, helpdesk)
    canvas = page.locator("[data-chart][data-drawn] canvas")
    expect(canvas).to_be_visible()
    light = canvas.evaluate("canvas => canvas.toDataURL()")
    page.evaluate("localStorage.setItem('theme', 'dark')")
    page.evaluate("document.documentElement.dataset.bsTheme = 'dark'; document.dispatchEvent(new Event('desk:theme'))")
    assert canvas.evaluate("canvas => canvas.toDataURL()") != light
    data = json.loads(page.locator("#chart-data").inner_text() or page.locator("#chart-data").text_content())
    page.locator("#chart-table-toggle").click()
    expect(page.locator("#chart-table tbody tr")).to_have_count(len(data["labels"]))


def test_from_a_figure_to_its_rows_and_its_definition(page, helpdesk) -> None:
    offered = opened(page, helpdesk)
    shown = offered.inner_text()
    offered.click()
    expect(page.locator("#tab-numerator .badge")).to_have_text(shown)
    expect(page.locator(".rows-table tbody tr")).to_have_count(min(int(shown), 50))
    page.locator("#tab-excluded").click()
    expect(page.locator("#tab-excluded")).to_have_attribute("aria-current", "page")
    page.get_by_role("link", name="Definition, variants and source").click()
    expect(page.locator("h1")).to_have_text("Offered")


def test_on_a_phone_the_filters_come_from_the_side(phone, helpdesk) -> None:
    opened(phone, helpdesk)
    assert phone.evaluate("document.documentElement.scrollWidth") <= 390
    left = phone.locator("#tile-offered").bounding_box()
    right = phone.locator("#tile-answered").bounding_box()
    assert left is not None
    assert right is not None
    assert left["x"] == right["x"]  # one column
    expect(phone.locator("#period")).not_to_be_visible()
    phone.get_by_role("button", name="Period and filters").tap()
    expect(phone.locator("#period")).to_be_in_viewport()
    phone.select_option("#period", "today")
    phone.locator("#filters").get_by_role("button", name="Show").tap()
    phone.wait_for_url(re.compile("period=today"))
    for address in ("/metrics/asa/", "/metrics/asa/rows/?period=7d"):
        phone.goto(helpdesk.url + address)
        assert phone.evaluate("document.documentElement.scrollWidth") <= 390


def test_everything_is_there_without_scripts(browser, helpdesk) -> None:
    with watched_page(browser, width=390, height=844, java_script_enabled=False) as plain:
        offered = opened(plain, helpdesk)
        assert int(offered.inner_text()) >= 1
        expect(plain.locator("#queues-part table")).to_contain_text("First-Line")
        plain.locator("#chart-table-toggle").click()
        expect(plain.locator("#chart-table table")).to_be_visible()
        plain.locator("a[href='#filters']").click()
        plain.locator("#filter-queue-now").click()
        plain.get_by_label("Second-Line").check()
        plain.locator("#filters").get_by_role("button", name="Show").click()
        expect(plain.locator("#tile-offered-rows")).to_have_text("0")
