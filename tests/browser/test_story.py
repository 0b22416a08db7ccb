"""The whole story, with nothing replaced: a call, the mail after it, the customer's answer, and the manager's open page."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from email import message_from_bytes, policy
from email.message import EmailMessage

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.handlers import AsyncMessage
from playwright.sync_api import expect

from tests.browser.chromium import watched_page
from tests.running import RunningHelpdesk, free_port

pytestmark = [pytest.mark.browser, pytest.mark.heavy]
PASSWORD = "a pass phrase of some length"

PEOPLE = f"""
from tests.factories import make_customer, make_queue, make_topic, make_user
make_queue()
make_topic("billing/invoice/wrong amount", demand="failure")
make_user("anna", role="agent", password="{PASSWORD}")
make_user("maria", role="manager", password="{PASSWORD}")
make_customer("Maja Lind", phone="+46701740605", email="maja@example.com", language="sv")
"""


class Sink(AsyncMessage):
    """Keeps what a mail server was given."""

    def __init__(self) -> None:
        super().__init__()
        self.received: list[EmailMessage] = []

    async def handle_message(self, message) -> None:
        # As it went over the wire, read by the modern policy.
        self.received.append(message_from_bytes(message.as_bytes(), policy=policy.default))


@pytest.fixture(scope="module")
def mailbox() -> Iterator[tuple[Sink, int]]:
    sink = Sink()
    port = free_port()
    controller = Controller(sink, hostname="127.0.0.1", port=port)
    controller.start()
    yield sink, port
    controller.stop()


@pytest.fixture(scope="module")
def helpdesk(made_home, tmp_path_factory, mailbox) -> Iterator[RunningHelpdesk]:
    _sink, port = mailbox
    home = tmp_path_factory.mktemp("story") / "home"
    subprocess.run(["cp", "-a", str(made_home), str(home)], check=True)
    running = RunningHelpdesk(home, DEMO="0", EMAIL_URL=f"smtp://127.0.0.1:{port}")
    running.start()
    running.manage("shell", "-v0", "-c", PEOPLE)
    yield running
    running.stop_at_once()


def log_in(page, helpdesk: RunningHelpdesk, name: str) -> None:
    page.goto(f"{helpdesk.url}/login/")
    page.fill("#id_username", name)
    page.fill("#id_password", PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url(lambda url: "/login/" not in url)


def log_a_call_and_resolve(page, helpdesk: RunningHelpdesk) -> None:
    log_in(page, helpdesk, "anna")
    page.keyboard.press("n")
    page.wait_for_url("**/contacts/new/")
    expect(page.locator(".btn-take")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator(".call")).to_have_attribute("data-state", "talking")
    page.keyboard.type("070 174 06 05")
    expect(page.locator("#customer-suggestions .choice")).to_contain_text("Maja Lind")
    page.keyboard.press("Enter")
    expect(page.locator("#contact-customer")).to_contain_text("maja@example.com")
    page.fill("[name=topic_q]", "amount")
    expect(page.locator("#contact-topics .choice")).to_have_count(1)
    page.keyboard.press("Enter")
    page.evaluate("document.activeElement.blur()")
    page.keyboard.press("e")
    expect(page.locator(".call")).to_have_attribute("data-state", "wrapping")
    page.click("label[for=solved-yes]")
    page.click("[data-whole]")
    page.wait_for_url("**/contacts/new/")


def link_in_the_mail(page, sink: Sink) -> str:
    """Wait for the worker to deliver, without holding up the browser's own loop."""
    for _ in range(150):
        if sink.received:
            break
        page.wait_for_timeout(200)
    (message,) = sink.received
    assert message["To"] == "maja@example.com"
    body = message.get_body(("plain",))
    assert body is not None
    address, _no_more = re.findall(r"http\S+", body.get_content())
    return str(address)


def test_from_the_call_to_the_figure_on_the_managers_open_page(page, phone, browser, helpdesk, mailbox) -> None:
    sink, _port = mailbox
    with watched_page(browser) as office:
        log_in(office, helpdesk, "maria")
        office.goto(f"{helpdesk.url}/metrics/?period=today")
        csat = office.locator("#tile-csat-rows")
        handled = office.locator("#tile-handled-rows")
        before = csat.inner_text()

        log_a_call_and_resolve(page, helpdesk)
        expect(handled).to_have_text("1")

        phone.goto(link_in_the_mail(page, sink))
        assert phone.evaluate("document.documentElement.scrollWidth") <= 390
        for name, value in (("csat", 5), ("ces", 6), ("nps", 10), ("fcr_resolved", "yes"), ("fcr_contacts", 1)):
            phone.locator(f"input[name={name}][value='{value}']").tap()
        phone.locator(".send").tap()
        phone.wait_for_url("**/thanks")

        # The page was never reloaded: the answer comes to it.
        expect(csat).not_to_have_text(before)
        csat.click()
        expect(office.locator(".rows-table tbody tr")).to_have_count(1)
        expect(office.locator(".rows-table")).to_contain_text("anna")
        office.goto(f"{helpdesk.url}/metrics/?period=today")
        office.locator("#tile-handled-rows").click()
        expect(office.locator(".rows-table tbody tr")).to_have_count(1)
        expect(office.locator(".rows-table")).to_contain_text("anna")
    checked = helpdesk.manage("refresh_metrics", "--check")
    assert "agree with the logs" in checked
