"""An agent's day in a real browser: keyboard, reload, undo, phone."""

import pytest
from playwright.sync_api import expect

from tests.factories import PASSWORD, make_case, make_customer, make_queue, make_topic, make_user
from tickets.models import Case, Contact

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def agent():
    make_queue()
    make_topic("billing/invoice/wrong amount", demand="failure")
    make_topic("delivery/late")
    return make_user("anna", first_name="Anna", last_name="Berg")


def log_in(page, live_server):
    page.goto(f"{live_server.url}/login/")
    page.fill("#id_username", "anna")
    page.fill("#id_password", PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url("**/cases/")


def test_a_call_is_logged_from_the_first_ring_to_the_resolved_case_by_keyboard(page, live_server, agent):
    maja = make_customer("Maja Lind", phone="+46701234567", email="maja@example.com")
    log_in(page, live_server)
    page.keyboard.press("n")
    page.wait_for_url("**/contacts/new/")
    expect(page.locator(".btn-take")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator(".call")).to_have_attribute("data-state", "talking")

    page.keyboard.type("070 123")
    expect(page.locator("#customer-suggestions .choice")).to_contain_text("Maja Lind")
    page.keyboard.press("Enter")
    expect(page.locator("#contact-customer")).to_contain_text("maja@example.com")
    page.fill("[name=topic_q]", "amount")
    expect(page.locator("#contact-topics .choice")).to_have_count(1)
    page.keyboard.press("Enter")
    # The topic's usual demand is filled in by the server.
    expect(page.locator("#demand-failure")).to_be_checked()

    page.fill("#id_note", "Charged twice; refund ordered.")
    page.evaluate("document.activeElement.blur()")
    page.keyboard.press("h")
    expect(page.locator(".call")).to_have_attribute("data-state", "held")
    page.keyboard.press("h")
    expect(page.locator(".call")).to_have_attribute("data-state", "talking")
    page.keyboard.press("e")
    expect(page.locator(".call")).to_have_attribute("data-state", "wrapping")
    page.click("label[for=solved-yes]")
    page.click("[data-whole]")
    page.wait_for_url("**/contacts/new/")

    contact = Contact.objects.get()
    assert contact.customer == maja
    assert contact.topic.path == "billing/invoice/wrong amount"
    assert contact.talk_us > 0
    assert contact.hold_us > 0
    assert contact.case.status == "resolved"
    assert contact.case.messages.get().body == "Charged twice; refund ordered."


def test_a_call_and_what_was_typed_survive_a_closed_browser(page, live_server, agent):
    log_in(page, live_server)
    page.goto(f"{live_server.url}/contacts/new/")
    page.click("text=Take call")
    page.wait_for_selector(".call")
    page.locator("#id_note").press_sequentially("She says that ")
    expect(page.locator("#contact-saved")).to_contain_text("Saved")
    page.goto("about:blank")

    page.goto(f"{live_server.url}/cases/")
    page.click(".running")
    expect(page.locator("#id_note")).to_have_value("She says that ")
    expect(page.locator(".call")).to_have_attribute("data-state", "talking")


def test_letters_typed_into_a_field_are_no_shortcuts(page, live_server, agent):
    log_in(page, live_server)
    page.keyboard.press("/")
    page.keyboard.type("new ? /")
    expect(page.locator("#id_q")).to_have_value("new ? /")
    assert "/cases/" in page.url


def test_a_resolution_taken_back_in_time_never_reaches_the_log(page, live_server, agent):
    case = make_case(owner=agent)
    log_in(page, live_server)
    page.clock.install()
    page.goto(live_server.url + case.get_absolute_url())
    page.click("button[data-before-undo]")
    expect(page.locator("[data-during-undo]")).to_be_visible()
    page.click(".desk-toast button")
    expect(page.locator("button[data-before-undo]")).to_be_visible()
    page.clock.fast_forward(9_000)
    page.wait_for_timeout(500)
    assert [event.kind for event in case.events.all()] == ["created"]
    # The next one is let go, and then the same time is long enough.
    page.click("button[data-before-undo]")
    expect(page.locator("[data-during-undo]")).to_be_visible()
    page.clock.fast_forward(9_000)
    expect(page.locator("#case-timeline")).to_contain_text("Resolved")
    assert [event.kind for event in case.events.all()] == ["created", "resolved"]


def test_a_resolution_is_kept_when_the_agent_walks_on_at_once(page, live_server, agent):
    case = make_case(owner=agent)
    log_in(page, live_server)
    page.goto(live_server.url + case.get_absolute_url())
    page.click("button[data-before-undo]")
    page.click(".main-nav >> text=Cases")
    expect(page.locator("#case-list")).not_to_contain_text(case.subject)
    assert Case.objects.get().status == "resolved"


def test_a_note_half_written_stays_when_another_button_is_pressed(page, live_server, agent):
    case = make_case()
    log_in(page, live_server)
    page.goto(live_server.url + case.get_absolute_url())
    page.keyboard.press("i")
    expect(page.locator("trix-editor")).to_be_focused()
    page.keyboard.type("Half a note")
    page.click("text=Take it")
    expect(page.locator("#case-timeline")).to_contain_text("Assigned")
    expect(page.locator("trix-editor")).to_have_text("Half a note")


def test_the_list_narrows_as_one_types_and_its_address_can_be_shared(page, live_server, agent):
    make_case(owner=agent, subject="Router without light")
    make_case(owner=agent, subject="Invoice charged twice")
    log_in(page, live_server)
    page.fill("#id_q", "router")
    expect(page.locator("#case-list tbody tr")).to_have_count(1)
    page.reload()
    expect(page.locator("#case-list tbody tr")).to_have_count(1)


def test_light_and_dark_are_chosen_and_kept(page, live_server, agent):
    log_in(page, live_server)
    page.click("button:has-text('Your menu')")
    page.click("[data-theme-choice=dark]")
    page.reload()
    assert page.evaluate("document.documentElement.dataset.bsTheme") == "dark"


def test_nothing_is_wider_than_a_phone_and_the_calls_buttons_lie_within_reach(phone, live_server, agent):
    case = make_case(
        owner=agent, subject="A subject that is rather long and has averyveryverylongwordwithoutanyspaces in it"
    )
    log_in(phone, live_server)
    for address in ("/cases/", case.get_absolute_url(), "/contacts/new/"):
        phone.goto(live_server.url + address)
        assert phone.evaluate("document.documentElement.scrollWidth") <= 390, address
    phone.click("text=Take call")
    end = phone.locator(".call .btn-danger").bounding_box()
    assert end["y"] > 500
    assert end["height"] >= 40
    assert phone.evaluate("document.documentElement.scrollWidth") <= 390
