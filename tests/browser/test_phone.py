"""A call as the agent meets it: it rings by the telephone system's own word, and is written up by keyboard alone."""

from __future__ import annotations

import json
import re
import subprocess
import urllib.request
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import expect

from tests.running import RunningHelpdesk

pytestmark = [pytest.mark.browser, pytest.mark.heavy]
PASSWORD = "a pass phrase of some length"
PEOPLE = f"""
from tests.factories import make_case, make_customer, make_queue, make_topic, make_user
make_queue()
topic = make_topic("delivery/late", demand="failure")
for name in ("anna", "bo"):
    make_user(name, role="agent", password="{PASSWORD}")
make_user("pbx", role="integration")
maja = make_customer("Maja Lind", phone="+46701740605")
case = make_case(customer=maja, topic=topic, subject="Parcel not here")
"""


@pytest.fixture(scope="module")
def helpdesk(made_home, tmp_path_factory) -> Iterator[RunningHelpdesk]:
    home = tmp_path_factory.mktemp("phone") / "home"
    subprocess.run(["cp", "-a", str(made_home), str(home)], check=True)
    running = RunningHelpdesk(home, DEMO="0")
    running.start()
    running.manage("shell", "-v0", "-c", PEOPLE)
    yield running
    running.stop_at_once()


class Pbx:
    """A telephone system that tells of one call after the other."""

    def __init__(self, helpdesk: RunningHelpdesk) -> None:
        self.url = f"{helpdesk.url}/api/v1/calls/events/"
        self.token = helpdesk.manage("api_token", "pbx").strip()
        self.told = 0

    def tell(self, call: str, kind: str, *, ago: float = 0, **fields: str) -> dict:
        self.told += 1
        at = (datetime.now(UTC) - timedelta(seconds=ago)).isoformat()
        event = {"source": "pbx-1", "event_id": f"e{self.told}", "call_id": call, "kind": kind, "at": at, **fields}
        headers = {"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"}
        request = urllib.request.Request(self.url, json.dumps(event).encode(), headers)  # noqa: S310 - our own address
        with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310 - our own address
            (result,) = json.load(answer)["results"]
        assert result["status"] == "stored", result
        return result

    def value(self, kpi: str) -> float:
        """The figure as the API gives it, of these days."""
        today = datetime.now(UTC).date()
        period = f"start={today - timedelta(days=1)}&end={today + timedelta(days=2)}"
        address = f"{self.url.removesuffix('calls/events/')}kpis/values/?kpi={kpi}&{period}"
        request = urllib.request.Request(address, headers={"Authorization": f"Bearer {self.token}"})  # noqa: S310 - our own address
        with urllib.request.urlopen(request, timeout=60) as answer:  # noqa: S310 - our own address
            return float(json.load(answer)["rows"][0]["kpis"][kpi]["value"])

    def ring(self, call: str, agent: str, number: str = "+46701740605") -> None:
        self.tell(call, "queued", ago=8, queue="first-line", **{"from": number})
        self.tell(call, "ringing", agent=agent)


@pytest.fixture(scope="module")
def pbx(helpdesk) -> Pbx:
    return Pbx(helpdesk)


def log_in(page, helpdesk, name: str) -> None:
    page.goto(f"{helpdesk.url}/login/")
    page.fill("#id_username", name)
    page.fill("#id_password", PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url("**/cases/")


def test_from_the_ring_to_done_by_keyboard_alone_and_into_the_figures(page, helpdesk, pbx):
    log_in(page, helpdesk, "anna")
    expect(page.locator("#agent-state")).to_contain_text("Available")
    pbx.ring("c1", "anna")
    card = page.locator(".pop")
    expect(card).to_contain_text("Maja Lind")
    expect(card).to_contain_text("Parcel not here")
    page.keyboard.press("a")
    page.wait_for_url("**/contacts/*/")
    expect(page.locator(".call")).to_have_attribute("data-state", "ringing")
    pbx.tell("c1", "answered", agent="anna")
    expect(page.locator(".call")).to_have_attribute("data-state", "talking")
    expect(page.locator("#agent-state")).to_contain_text("Busy")
    expect(page.locator(".pop")).to_have_count(0)
    page.keyboard.press("t")
    page.keyboard.press("Enter")
    expect(page.locator("#demand-failure")).to_be_checked()
    pbx.tell("c1", "held", agent="anna")
    expect(page.locator(".call")).to_have_attribute("data-state", "held")
    pbx.tell("c1", "resumed", agent="anna")
    expect(page.locator(".call")).to_have_attribute("data-state", "talking")
    pbx.tell("c1", "ended")
    expect(page.locator(".call")).to_have_attribute("data-state", "wrapping")
    expect(page.locator("#agent-state")).to_contain_text("After-call work")
    page.keyboard.press("y")
    expect(page.locator("#solved-yes")).to_be_checked()
    page.keyboard.press("Control+Enter")
    page.wait_for_url("**/contacts/new/")
    expect(page.locator("#agent-state")).to_contain_text("Available")

    told = helpdesk.manage(
        "shell", "-v0", "-c",
        "from tickets.models import Contact; c = Contact.objects.get(external_id='c1'); "
        "print(c.customer, c.topic, c.demand, c.solved, c.case.status, c.is_handled, c.talk_us > 0, c.acw_us > 0)",
    )  # fmt: skip
    assert told.split("\n")[0] == "Maja Lind delivery/late failure True resolved True True True"
    helpdesk.manage("refresh_metrics")
    today = datetime.now(UTC).date()
    address = f"{helpdesk.url}/api/v1/kpis/asa/rows/?start={today - timedelta(days=1)}&end={today + timedelta(days=2)}&set=denominator"
    request = urllib.request.Request(address, headers={"Authorization": f"Bearer {pbx.token}"})  # noqa: S310
    with urllib.request.urlopen(request, timeout=60) as answer:  # noqa: S310 - our own address
        rows = json.load(answer)["results"]
    assert [(row["contact_id"], row["agent"]) for row in rows] == [("c1", "anna")]
    waited, handled = helpdesk.manage(
        "shell", "-v0", "-c",
        "from tickets.models import Contact; c = Contact.objects.get(external_id='c1'); "
        "print((c.answered_at - c.queued_at).total_seconds(), (c.talk_us + c.hold_us + c.acw_us) / 1e6, c.hold_us > 0)",
    ).split()[:2]  # fmt: skip
    assert pbx.value("asa") == pytest.approx(float(waited))
    assert pbx.value("aht") == pytest.approx(float(handled))
    assert float(waited) >= 8
    assert "agree with the logs" in helpdesk.manage("refresh_metrics", "--check")


def test_a_callback_from_the_list_to_the_figure(page, helpdesk, pbx):
    # A browser without a telephone would ask what to do with the address, and take no press until it is told.
    page.add_init_script("HTMLAnchorElement.prototype.click = function () { window.dialled = this.href; };")
    log_in(page, helpdesk, "bo")
    pbx.tell("cb1", "queued", ago=400, queue="first-line", **{"from": "+46701740605"})
    pbx.tell("cb1", "callback_requested", ago=390)
    page.goto(f"{helpdesk.url}/cases/")
    page.locator(".main-nav a[href='/callbacks/']").click()
    row = page.locator(".list-group-item").filter(has_text="Maja Lind")
    expect(row).to_contain_text("Not tried yet")
    row.get_by_role("button", name="Call", exact=True).click()
    page.wait_for_url(re.compile(r"/contacts/\d+/\?number="))
    expect(page.locator("[data-dial]")).to_have_attribute("href", "tel:+46701740605")
    page.get_by_role("button", name="No answer").click()
    page.wait_for_url("**/callbacks/")
    row = page.locator(".list-group-item").filter(has_text="Maja Lind").first
    expect(row).to_contain_text("Tried 1 time")
    row.get_by_role("button", name="Call", exact=True).click()
    page.get_by_role("button", name="Answered", exact=True).click()
    expect(page.locator(".call")).to_contain_text("Talking")
    page.get_by_role("button", name="End call").click()
    expect(page.locator(".call")).to_have_attribute("data-state", "wrapping")
    page.keyboard.press("Control+Enter")
    page.wait_for_url("**/contacts/new/")
    helpdesk.manage("refresh_metrics")
    assert pbx.value("queue-callbacks-kept") == 1.0


def test_a_ring_takes_no_focus_while_she_types_and_an_answer_does_not_leave_the_page(page, helpdesk, pbx):
    log_in(page, helpdesk, "anna")
    page.goto(f"{helpdesk.url}/cases/?whose=all")
    page.focus("#id_q")
    page.keyboard.type("Parc")
    pbx.ring("c2", "anna", "+46709999999")
    expect(page.locator(".pop")).to_contain_text("+46709999999")
    page.keyboard.type("a")
    expect(page.locator("#id_q")).to_be_focused()
    expect(page.locator("#id_q")).to_have_value("Parca")
    pbx.tell("c2", "answered", agent="anna")
    expect(page.locator(".pop")).to_contain_text("On the line")
    assert "/cases/" in page.url
    pbx.tell("c2", "ended")
    expect(page.locator(".pop")).to_have_count(0)
    pbx.tell("c2", "after_call_ended", agent="anna")


def test_an_answered_call_opens_by_itself_on_a_page_where_nobody_types(page, helpdesk, pbx):
    log_in(page, helpdesk, "bo")
    page.goto(f"{helpdesk.url}/day/")
    pbx.ring("c3", "bo")
    expect(page.locator(".pop")).to_be_visible()
    pbx.tell("c3", "answered", agent="bo")
    page.wait_for_url("**/contacts/*/")
    expect(page.locator(".call")).to_have_attribute("data-state", "talking")
    pbx.tell("c3", "ended")
    pbx.tell("c3", "after_call_ended", agent="bo")
    expect(page.locator(".call")).to_have_attribute("data-state", "done")


def test_a_call_for_a_colleague_does_not_pop_here_and_on_a_phone_nothing_is_too_wide(phone, helpdesk, pbx):
    log_in(phone, helpdesk, "anna")
    pbx.ring("c4", "bo")
    pbx.ring("c5", "anna", "+46709999998")
    expect(phone.locator(".pop")).to_have_count(1)
    expect(phone.locator(".pop")).to_contain_text("+46709999998")
    box = phone.locator(".pop").bounding_box()
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= 390
    phone.locator("#agent-state > button").tap()
    menu = phone.locator("#agent-state .dropdown-menu").bounding_box()
    assert menu["x"] >= 0
    assert menu["x"] + menu["width"] <= 390
    phone.locator("#agent-state [value=break]").tap()
    expect(phone.locator("#agent-state > button")).to_contain_text("Break")
    for address in ("/day/", "/contacts/new/"):
        phone.goto(helpdesk.url + address)
        assert phone.evaluate("document.documentElement.scrollWidth") <= 390, address
