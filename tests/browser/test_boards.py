"""A manager puts a dashboard together with the keyboard alone, and goes from every kind of drawing to its rows."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.conf import settings
from django.utils import timezone
from playwright.sync_api import Page, expect

from metrics.boards.models import Dashboard
from metrics.boards.widgets import Widget, check
from tests.browser.chromium import watched_page
from tests.factories import make_case, make_contact, make_customer, make_queue, make_topic, make_user

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def page(browser, live_server, client):
    client.force_login(make_user("boss", role="manager"))
    cookie = {"name": settings.SESSION_COOKIE_NAME, "value": client.cookies[settings.SESSION_COOKIE_NAME].value}
    with watched_page(browser, width=1440) as page:
        page.context.add_cookies([{**cookie, "url": live_server.url}])
        yield page


def tab_to(page: Page, name: str) -> None:
    """Press Tab until the element of that id has the focus."""
    for _step in range(250):
        if page.evaluate("document.activeElement.id") == name:
            return
        page.keyboard.press("Tab")
    raise AssertionError(f"{name} cannot be reached by Tab")


def pick(page: Page, name: str, value: str) -> None:
    """Choose in a list with the arrow keys."""
    tab_to(page, name)
    for _step in range(200):
        if page.locator(f"#{name}").input_value() == value:
            return
        page.keyboard.press("ArrowDown")
    raise AssertionError(f"{name} has no {value}")


def added(page: Page, count: int, kind: str, kpi: str = "", by: str = "") -> None:
    pick(page, "new_kind", kind)
    if kpi:
        pick(page, "new_kpi1", kpi)
    if by:
        pick(page, "new_by", by)
    tab_to(page, "add-widget")
    page.keyboard.press("Enter")
    expect(page.locator("[data-widget]")).to_have_count(count)


def test_a_dashboard_is_put_together_with_the_keyboard_alone(page, live_server) -> None:
    page.goto(f"{live_server.url}/boards/")
    tab_to(page, "id_name")
    page.keyboard.type("Mondays")
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile("/compose/$"))
    added(page, 1, "tile", "offered")
    added(page, 2, "heat", "offered")
    added(page, 3, "split", "offered", by="queue")
    tab_to(page, "w3-earlier")
    page.keyboard.press("Enter")
    expect(page.locator("[data-widget]").nth(1)).to_have_id("w3")
    # The hand stays on the button, and what was done is said.
    expect(page.locator("#w3-earlier")).to_be_focused()
    expect(page.locator("#toasts")).to_contain_text("place 2 of 3")
    page.keyboard.press("Enter")
    expect(page.locator("[data-widget]").nth(0)).to_have_id("w3")
    tab_to(page, "w3-wider")
    page.keyboard.press("Enter")
    expect(page.locator("#w3")).to_have_class(re.compile("span-3"))
    tab_to(page, "w1-removal")
    page.keyboard.press("Enter")
    expect(page.locator("[data-widget]")).to_have_count(2)
    tab_to(page, "put-back")
    page.keyboard.press("Enter")
    expect(page.locator("[data-widget]")).to_have_count(3)
    assert [(one.id, one.width) for one in Dashboard.objects.get().shown()] == [("w3", 3), ("w1", 1), ("w2", 2)]


def test_a_widget_is_dragged_to_its_place(page, live_server) -> None:
    board = boarded("tile:offered", "tile:handled", "tile:fcr")
    page.goto(f"{live_server.url}{board.get_absolute_url()}compose/")
    page.drag_and_drop("#w3 .composer-handle", "#w1")
    expect(page.locator("[data-widget]").nth(0)).to_have_id("w3")
    assert [one.id for one in Dashboard.objects.get().shown()] == ["w3", "w1", "w2"]


def boarded(*made: str) -> Dashboard:
    """A dashboard of these widgets, each as kind:kpi or kind:kpi:split."""
    found = []
    for n, text in enumerate(made, 1):
        kind, kpi, by, *_rest = (*text.split(":"), "", "")
        found.append(check(Widget(f"w{n}", kind, (kpi,) if kpi else (), by, width=1 if kind == "tile" else 2)).plain())
    owner = make_user("owner", role="manager")
    return Dashboard.objects.create(owner=owner, name="All", widgets=found, roles=["manager"])


def test_every_kind_of_drawing_leads_to_its_rows(page, live_server) -> None:
    queue, topic, maja = make_queue("first-line"), make_topic("billing/invoice"), make_customer("Maja Lind")
    for n in range(12):
        at = timezone.now() - timedelta(days=20, minutes=7 * n)
        case = make_case(queue=queue, topic=topic, customer=maja)
        make_contact(case=case, queue=queue, topic=topic, customer=maja, at=at, demand="failure", cause="late_delivery")
    board = boarded(
        "tile:offered", "trend:offered", "split:offered:queue", "table:offered:channel", "heat:offered",
        "spread:asa", "order::topics", "order::causes", "funnel",
    )  # fmt: skip
    address = f"{live_server.url}{board.get_absolute_url()}?period=28d"
    for widget in ("w1", "w3", "w4", "w5", "w7", "w8"):
        page.goto(address)
        # A widget that came later than its page stands in another's place: it is looked for anew at each step.
        links = page.locator(f"#{widget} a[href*='/rows/'], [id^={widget}-][class*=tile] a[href*='/rows/']")
        page.mouse.wheel(0, 10_000)
        expect(links.first).to_be_visible()
        links.first.click()
        expect(page.locator("h1")).to_be_visible()
        assert "/rows/" in page.url, widget
    for widget in ("w2", "w6"):
        page.goto(address)
        chart = page.locator(f"#{widget} .chart")
        page.mouse.wheel(0, 600)
        expect(chart).to_have_attribute("data-drawn", "")
        # The middle of the first bar that there is.
        spot = chart.evaluate("""element => {
          const drawn = window.echarts.getInstanceByDom(element);
          const points = drawn.getOption().series[0].data.map((one) => one?.value ?? one);
          const at = points.findIndex((value) => value > 0);
          const [x, y] = drawn.convertToPixel({xAxisIndex: 0, yAxisIndex: 0}, [at, points[at] / 2]);
          return {x, y};
        }""")
        chart.click(position=spot)
        page.wait_for_url(re.compile("/rows/"))
    page.goto(address)
    page.mouse.wheel(0, 10_000)
    expect(page.locator("#w9 tbody tr").first).to_contain_text("All cases")
