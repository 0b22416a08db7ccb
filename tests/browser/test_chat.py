"""A whole chat as it happens: a visitor on somebody's site, two agents, and the figures that it becomes."""

from __future__ import annotations

import json
import subprocess
import threading
import urllib.request
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from playwright.sync_api import Page, expect

from tests.browser.chromium import watched_page
from tests.running import RunningHelpdesk

pytestmark = [pytest.mark.browser, pytest.mark.heavy]
PASSWORD = "a pass phrase of some length"
PEOPLE = """
from tests.factories import make_agreement, make_chat_widget, make_queue, make_team, make_topic, make_user
from tickets.models import SavedReply
make_topic("delivery/late", demand="failure")
make_user("anna", first_name="Anna", last_name="Ek", password="{password}")
make_user("bo", first_name="Bo", last_name="Alm", team=make_team("billing"), password="{password}")
make_user("boss", role="manager", password="{password}")
billing = make_queue("billing", teams=[make_team("billing")])
SavedReply.objects.create(name="Greeting", shortcut="hello", html="<div>Hello {{customer}}, this is {{agent}}.</div>")
make_chat_widget(origins=["{site}"])
"""
WORDS = "text=Chat with us"


class Site:
    """Somebody's page on another origin, with our script tag in it."""

    def __init__(self) -> None:
        self.script, self.attributes = "", ""
        site = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                page = f"<!doctype html><html lang=en><title>Shop</title><h1>A shop</h1><p>{'word ' * 900}<script async src='{site.script}' {site.attributes}></script>"
                self.send_response(200)
                self.send_header("Content-Type", "text/html; charset=utf-8")
                self.end_headers()
                self.wfile.write(page.encode())

            def log_message(self, *_args: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()


@pytest.fixture(scope="module")
def site() -> Iterator[Site]:
    one = Site()
    yield one
    one.server.shutdown()
    one.server.server_close()


@pytest.fixture(scope="module")
def helpdesk(made_home, site, tmp_path_factory) -> Iterator[RunningHelpdesk]:
    home = tmp_path_factory.mktemp("chat") / "home"
    subprocess.run(["cp", "-a", str(made_home), str(home)], check=True)
    running = RunningHelpdesk(home, DEMO="0")
    running.start()
    running.manage("shell", "-v0", "-c", PEOPLE.format(password=PASSWORD, site=site.url))
    site.script = f"{running.url}/chat/shop.js"
    yield running
    running.stop_at_once()


@pytest.fixture
def pages(browser):
    """Browsers of their own, each with its own cookies."""
    opened = []

    def another(**options) -> Page:
        manager = watched_page(browser, **options)
        opened.append(manager)
        return manager.__enter__()

    yield another
    for manager in reversed(opened):
        manager.__exit__(None, None, None)


def log_in(page: Page, helpdesk: RunningHelpdesk, name: str) -> Page:
    page.goto(f"{helpdesk.url}/login/")
    page.fill("#id_username", name)
    page.fill("#id_password", PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url("**/cases/")
    return page


def write(visitor, text: str) -> None:
    visitor.locator("#line").fill(text)
    visitor.locator("#line").press("Enter")


def values(helpdesk: RunningHelpdesk, token: str, *kpis: str) -> dict[str, float | None]:
    today = datetime.now(UTC).date()
    asked = "&".join(f"kpi={kpi}" for kpi in kpis)
    url = f"{helpdesk.url}/api/v1/kpis/values/?{asked}&start={today - timedelta(days=1)}&end={today + timedelta(days=1)}&channel=chat"
    with urllib.request.urlopen(urllib.request.Request(url, headers={"Authorization": f"Bearer {token}"})) as answer:  # noqa: S310 - our own address
        (row,) = json.load(answer)["rows"]
        return {kpi: one["value"] for kpi, one in row["kpis"].items()}


def test_nobody_is_there_somebody_comes_the_talk_is_handed_on_and_counts(pages, helpdesk, site):
    # Before anybody is at work: a message is left by the form.
    visitor = pages()
    visitor.goto(site.url)
    visitor.locator(WORDS).click()
    frame = visitor.frame_locator("iframe")
    expect(frame.locator("#offline")).to_be_visible()
    frame.locator("#offline a").click()
    expect(frame.locator("[name=reach]")).to_be_visible()

    # Anna comes to work, and the visitor comes back.
    anna = log_in(pages(), helpdesk, "anna")
    visitor.goto(site.url)
    visitor.locator(WORDS).click()
    expect(frame.locator("#begin")).to_be_visible()
    frame.locator("[name=name]").fill("Maja Lind")
    frame.locator("#id_text").fill("Where is my parcel?")
    frame.locator("#begin-form button").click()
    expect(frame.locator("#standing")).to_have_text("You are next.")

    # She hears of it on whatever page she is, and takes it by keyboard.
    expect(anna.locator("#waiting-chats")).to_have_text("1")
    anna.keyboard.press("g")
    anna.keyboard.press("h")
    anna.wait_for_url("**/chats/")
    anna.keyboard.press("n")
    anna.wait_for_url("**/chats/*/")
    expect(anna.locator(".chats-lines")).to_contain_text("Where is my parcel?")
    expect(frame.locator("#lines")).to_contain_text("Anna Ek has joined")
    field = anna.locator("#chat-text")
    field.press_sequentially("::hel")
    field.press("Enter")
    expect(field).to_have_value("Hello Maja Lind, this is Anna Ek.")
    field.press("Enter")
    expect(frame.locator("#lines")).to_contain_text("Hello Maja Lind, this is Anna Ek.")

    # Each sees that the other writes; the visitor goes to another page of the site, and it goes on there.
    frame.locator("#line").press_sequentially("It is")
    expect(anna.locator("#chat-typing")).to_contain_text("is writing")
    visitor.goto(f"{site.url}/other-page")
    visitor.locator(WORDS).click()
    expect(frame.locator("#lines")).to_contain_text("Hello Maja Lind")
    write(frame, "It is about money, <b>really</b>")
    expect(anna.locator(".chats-lines")).to_contain_text("It is about money, <b>really</b>")

    # Handed to another queue with a word for the colleague, who sees everything.
    bo = log_in(pages(), helpdesk, "bo")
    anna.locator("body").click()
    anna.locator("summary", has_text="Hand on").click()
    anna.locator("#chat-to").select_option(label="Billing")
    anna.locator("#chat-note").fill("Refund, I think")
    anna.locator("form[action$='/transfer/'] button").click()
    anna.wait_for_url("**/chats/")
    expect(frame.locator("#lines")).to_contain_text("has handed the chat to Billing")
    expect(bo.locator("#waiting-chats")).to_have_text("1")
    bo.goto(f"{helpdesk.url}/chats/")
    bo.keyboard.press("n")
    bo.wait_for_url("**/chats/*/")
    expect(bo.locator(".chats-lines")).to_contain_text("Refund, I think")
    expect(bo.locator(".chats-lines")).to_contain_text("Hello Maja Lind, this is Anna Ek.")
    bo.locator("#chat-text").fill("The money is on its way.")
    bo.locator("#chat-text").press("Enter")
    expect(frame.locator("#lines")).to_contain_text("The money is on its way.")
    expect(frame.locator("#lines")).not_to_contain_text("Refund, I think")

    # Ended and written up, with the form of every contact.
    bo.get_by_role("button", name="End the chat").click()
    expect(frame.locator("#standing")).to_have_text("This chat is over.")
    bo.locator("label[for=solved-yes]").click()
    bo.locator("#contact-form button[data-whole]").click()
    bo.wait_for_url("**/chats/")

    token = helpdesk.manage("api_token", "boss").strip()
    helpdesk.manage("refresh_metrics")
    found = values(helpdesk, token, "offered", "answered", "transfer-rate", "asa", "aht")
    assert (found["offered"], found["answered"], found["transfer-rate"]) == (1, 1, 1)
    assert found["asa"] > 0
    assert found["aht"] > 0


def test_a_visitor_who_loses_the_line_loses_nothing_she_writes(pages, helpdesk, site):
    log_in(pages(), helpdesk, "anna")
    visitor = pages(width=390, height=844)
    visitor.goto(site.url)
    visitor.locator(WORDS).click()
    frame = visitor.frame_locator("iframe")
    frame.locator("#id_text").fill("Hello?")
    frame.locator("#begin-form button").click()
    expect(frame.locator("#talk")).to_be_visible()
    visitor.context.set_offline(True)
    write(frame, "written without a line")
    expect(frame.locator(".pending")).to_contain_text("Not sent")
    visitor.context.set_offline(False)
    expect(frame.locator(".pending")).to_have_count(0)
    expect(frame.locator("#lines")).to_contain_text("written without a line")
    # Closed, it says how to come back, and Escape closes it too.
    frame.locator("#line").press("Escape")
    expect(visitor.locator("iframe")).to_be_hidden()


def test_a_site_that_is_not_named_cannot_show_it(browser, helpdesk, site):
    context = browser.new_context()
    page = context.new_page()
    refused = []
    page.on("console", lambda message: refused.append(message.text))
    page.goto(site.url.replace("127.0.0.1", "localhost"))
    page.locator(WORDS).click()
    page.wait_for_timeout(1_000)
    assert any("frame-ancestors" in text for text in refused)
    assert page.frame_locator("iframe").locator("#begin, #offline, #talk").count() == 0
    context.close()
