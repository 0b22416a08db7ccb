"""The set-up in a real browser: a saved reply is written and used, and the tree of topics walked, by keyboard alone."""

import pytest
from playwright.sync_api import expect

from tests.browser.test_writing import log_in
from tests.factories import make_case, make_customer, make_queue, make_topic, make_user
from tickets.models import SavedReply

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def lead():
    make_queue()
    return make_user("anna", role="lead", first_name="Anna", last_name="Berg")


def test_a_saved_reply_is_made_and_used_by_keyboard_alone(page, live_server, lead):
    case = make_case(customer=make_customer("Maja Lind", email="maja@example.com"), owner=lead)
    log_in(page, live_server)
    page.goto(f"{live_server.url}/settings/replies/")
    expect(page.get_by_text("No saved replies yet")).to_be_visible()
    page.keyboard.press("a")
    page.wait_for_url("**/settings/replies/new/")
    editor = page.locator("trix-editor")
    expect(editor).to_be_visible()
    page.focus("#id_shortcut")
    page.keyboard.type("hello")
    page.keyboard.press("Tab")
    page.keyboard.type("Greeting")
    page.keyboard.press("Tab")
    expect(editor).to_be_focused()
    page.keyboard.type("Dear {customer}, ")
    expect(page.locator("#setup-preview")).to_contain_text("Dear Maja Lind,")
    page.keyboard.press("Control+b")
    page.keyboard.type("thank you")
    expect(page.locator("#setup-preview")).to_contain_text("Dear Maja Lind, thank you")
    page.keyboard.press("Control+Enter")
    page.wait_for_url("**/settings/replies/")
    expect(page.locator("#setup-list")).to_contain_text("::hello")
    one = SavedReply.objects.get()
    assert one.team == lead.team
    assert one.html.replace("&nbsp;", " ") == "<div>Dear {customer}, <strong>thank you</strong></div>"

    page.goto(live_server.url + case.get_absolute_url())
    page.keyboard.press("r")
    expect(page.locator("trix-editor")).to_be_focused()
    page.keyboard.type("::hel")
    expect(page.locator("#compose-suggestions [role=option]")).to_contain_text("Greeting")
    page.keyboard.press("Enter")
    expect(page.locator("trix-editor")).to_have_text("Dear Maja Lind, thank you")


def test_what_is_wrong_is_said_at_the_top_and_the_text_is_kept(page, live_server, lead):
    SavedReply.objects.create(shortcut="hello", name="Good day", html="<div>x</div>", team=lead.team)
    log_in(page, live_server)
    page.goto(f"{live_server.url}/settings/replies/new/")
    page.fill("#id_shortcut", "hello")
    page.fill("#id_name", "Greeting")
    page.locator("trix-editor").focus()
    page.keyboard.type("Dear {customer}")
    page.keyboard.press("Control+Enter")
    expect(page.locator("[data-errors]")).to_be_focused()
    expect(page.locator("[data-errors]")).to_contain_text("Shortcut: “Good day” has this shortcut already")
    expect(page.locator("trix-editor")).to_have_text("Dear {customer}")


def test_a_name_is_put_into_the_text_by_its_button(page, live_server, lead):
    log_in(page, live_server)
    page.goto(f"{live_server.url}/settings/macros/new/")
    page.get_by_role("button", name="{customer}").press("Enter")
    expect(page.locator("trix-editor")).to_have_text("{customer}")
    page.select_option("#id_status", "resolved")
    expect(page.locator("#setup-preview")).to_contain_text("Maja Lind")
    expect(page.locator("#setup-preview")).to_contain_text("Status: Resolved")


def test_the_tree_of_topics_is_searched_and_walked_by_arrow_keys(page, live_server, lead):
    for path in ("billing/invoice/wrong amount", "billing/reminder", "delivery"):
        make_topic(path)
    make_user("boss", role="manager")
    log_in(page, live_server, "boss", lands_on="**/morning/")
    page.goto(f"{live_server.url}/settings/topics/")
    name = lambda text: page.locator(".topic-name", has_text=text)  # noqa: E731 - one word for a long one
    expect(name("invoice")).to_be_hidden()
    page.keyboard.press("/")
    page.keyboard.press("ArrowDown")
    expect(name("billing")).to_be_focused()
    page.keyboard.press("ArrowRight")
    expect(name("invoice")).to_be_visible()
    page.keyboard.press("ArrowRight")
    expect(name("invoice")).to_be_focused()
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("ArrowLeft")
    expect(name("billing")).to_be_focused()
    expect(name("invoice")).to_be_hidden()
    page.keyboard.press("/")
    page.keyboard.type("wrong")
    expect(name("wrong amount")).to_be_visible()
    expect(name("delivery")).to_have_count(0)
    page.keyboard.press("End")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("End")
    page.keyboard.press("Enter")
    expect(page.locator("#id_name")).to_have_value("wrong amount")
