"""Writing at a case in a real browser, by keyboard: drafts, sending, taking back, and what others do meanwhile."""

from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from tests.factories import PASSWORD, make_case, make_customer, make_queue, make_user
from tickets import sending
from tickets.models import Draft, Macro, Message, Notice, SavedReply

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def agent():
    make_queue()
    return make_user("anna", first_name="Anna", last_name="Berg")


@pytest.fixture
def case(agent):
    maja = make_customer("Maja Lind", email="maja@example.com", phone="+46701234567")
    case = make_case(customer=maja, owner=agent, subject="Where is my parcel?")
    case.log_message("Hello, where is my parcel?\nIt should have come on Monday.", kind="incoming", by=None)
    return case


def log_in(page, live_server, name="anna", lands_on="**/cases/"):
    page.goto(f"{live_server.url}/login/")
    page.fill("#id_username", name)
    page.fill("#id_password", PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url(lands_on)


def open_case(page, live_server, case, name="anna"):
    log_in(page, live_server, name)
    page.goto(live_server.url + case.get_absolute_url())


def let_leave():
    Draft.objects.leaving().update(send_at=timezone.now() - timedelta(seconds=1))
    return sending.send_due()


def test_a_reply_is_written_sent_and_leaves_by_keyboard_alone(page, live_server, case):
    open_case(page, live_server, case)
    page.keyboard.press("r")
    editor = page.locator("trix-editor")
    expect(editor).to_be_focused()
    expect(page.locator("#compose-to")).to_have_value("maja@example.com")
    page.keyboard.type("It is on its way.")
    page.select_option("#compose-then", "resolved")
    page.select_option("#compose-after", "stay")
    editor.focus()
    page.keyboard.press("Control+Enter")
    expect(page.locator(".leaving")).to_contain_text("It is on its way.")
    # Nothing has happened yet: neither the message nor the new status.
    assert not case.messages.filter(kind="outgoing").exists()
    case.refresh_from_db()
    assert case.status == "open"

    assert let_leave() == 1
    message = case.messages.get(kind="outgoing")
    assert message.body == "It is on its way."
    case.refresh_from_db()
    assert case.status == "resolved"
    mail = message.deliveries.get()
    assert mail.to == "maja@example.com"
    assert "It is on its way." in mail.text


def test_undo_brings_back_the_text_and_leaves_the_case_as_it_was(page, live_server, case):
    open_case(page, live_server, case)
    page.keyboard.press("r")
    expect(page.locator("trix-editor")).to_be_focused()
    page.keyboard.type("Too early")
    page.select_option("#compose-then", "resolved")
    page.select_option("#compose-after", "stay")
    page.locator("trix-editor").focus()
    page.keyboard.press("Control+Enter")
    page.click("[data-take-back]")
    expect(page.locator("trix-editor")).to_have_text("Too early")
    assert not Draft.objects.leaving().exists()
    assert [event.kind for event in case.events.order_by("id")] == ["created", "customer_message"]


def test_after_sending_the_next_case_opens_and_the_undo_goes_along(page, live_server, case, agent):
    other = make_case(owner=agent, subject="Another one")
    open_case(page, live_server, case)
    page.evaluate(
        "numbers => sessionStorage.setItem('list', JSON.stringify({address: '/cases/', numbers}))", [case.pk, other.pk]
    )
    page.reload()
    page.keyboard.press("r")
    expect(page.locator("trix-editor")).to_be_focused()
    page.keyboard.type("Done.")
    page.keyboard.press("Control+Enter")
    page.wait_for_url(f"**/cases/{other.pk}/")
    page.click(".desk-toast button")
    page.wait_for_url(f"**/cases/{case.pk}/")
    expect(page.locator("trix-editor")).to_have_text("Done.")


def test_a_draft_survives_a_closed_browser(page, live_server, case):
    open_case(page, live_server, case)
    page.keyboard.press("r")
    expect(page.locator("trix-editor")).to_be_focused()
    page.keyboard.type("She said that ")
    expect(page.locator("[data-draft-state]")).to_have_text("Saved")
    page.goto("about:blank")
    page.goto(live_server.url + case.get_absolute_url())
    expect(page.locator("trix-editor")).to_contain_text("She said that")


def test_what_was_typed_while_the_server_was_away_is_still_there(page, live_server, case):
    open_case(page, live_server, case)
    page.keyboard.press("r")
    expect(page.locator("trix-editor")).to_be_focused()
    page.route("**/draft/", lambda route: route.abort())
    page.keyboard.type("Kept in the browser")
    expect(page.locator("[data-draft-state]")).to_contain_text("Not saved yet")
    page.goto("about:blank")
    page.unroute("**/draft/")
    page.goto(live_server.url + case.get_absolute_url())
    page.keyboard.press("r")
    expect(page.locator("trix-editor")).to_contain_text("Kept in the browser")


def test_sending_stops_when_the_customer_wrote_meanwhile(page, live_server, case):
    open_case(page, live_server, case)
    page.keyboard.press("r")
    expect(page.locator("trix-editor")).to_be_focused()
    page.keyboard.type("Please wait")
    case.log_message("Never mind, it came!", kind="incoming", by=None)
    page.select_option("#compose-after", "stay")
    page.locator("trix-editor").focus()
    page.keyboard.press("Control+Enter")
    expect(page.locator(".composer [role=alert]").first).to_contain_text("Not sent")
    assert not Draft.objects.leaving().exists()
    page.click("text=Show it")
    expect(page.locator("#case-timeline")).to_contain_text("Never mind, it came!")
    expect(page.locator("trix-editor")).to_have_text("Please wait")
    page.click("[name=despite]")
    expect(page.locator(".leaving")).to_be_visible()


def test_two_windows_with_one_draft_lose_nobodys_text(page, browser, live_server, case):
    open_case(page, live_server, case)
    page.keyboard.press("r")
    expect(page.locator("trix-editor")).to_be_focused()
    page.keyboard.type("First window. ")
    expect(page.locator("[data-draft-state]")).to_have_text("Saved")
    second = page.context.new_page()
    second.goto(live_server.url + case.get_absolute_url())
    expect(second.locator("trix-editor")).to_contain_text("First window.")
    second.locator("trix-editor").focus()
    second.keyboard.press("Control+End")
    second.keyboard.type("Second window.")
    expect(second.locator("[data-draft-state]")).to_have_text("Saved")
    page.locator("trix-editor").focus()
    page.keyboard.press("Control+End")
    page.keyboard.type("More in the first.")
    expect(page.locator("[data-conflict]")).to_be_visible()
    expect(page.locator("trix-editor")).to_contain_text("More in the first.")
    expect(page.locator("trix-editor")).to_contain_text("Second window.")


def test_a_saved_reply_is_put_in_by_its_beginning(page, live_server, case):
    SavedReply.objects.create(shortcut="thanks", name="Thanks", html="<div>Thank you, {customer}.</div>")
    open_case(page, live_server, case)
    page.keyboard.press("r")
    expect(page.locator("trix-editor")).to_be_focused()
    page.keyboard.type("::tha")
    expect(page.locator("#compose-suggestions [role=option]")).to_have_count(1)
    page.keyboard.press("Enter")
    expect(page.locator("trix-editor")).to_contain_text("Thank you, Maja Lind.")
    expect(page.locator("trix-editor")).not_to_contain_text("::")


def test_a_mention_tells_the_colleague_at_once(page, browser, live_server, case):
    bo = make_user("bo", first_name="Bo", last_name="Ek")
    open_case(page, live_server, case)
    page.keyboard.press("i")
    expect(page.locator("trix-editor")).to_be_focused()
    page.keyboard.type("@@bo")
    expect(page.locator("#compose-suggestions [role=option]")).to_have_count(1)
    page.keyboard.press("Enter")
    page.keyboard.type(" have a look")
    page.keyboard.press("Control+Enter")
    expect(page.locator("#case-timeline")).to_contain_text("@bo have a look")
    assert Notice.objects.get(user=bo).kind == "mentioned"


def test_a_macro_shows_what_it_does_and_sends_nothing(page, live_server, case):
    Macro.objects.create(name="Late parcel", html="<div>Sorry for the delay.</div>", changes={"priority": "high"})
    open_case(page, live_server, case)
    page.keyboard.press("r")
    expect(page.locator("trix-editor")).to_be_focused()
    page.click("[aria-label=Macros]")
    expect(page.locator("#picker")).to_contain_text("Priority: High")
    expect(page.locator("#picker")).to_contain_text("Sorry for the delay.")
    page.locator("#picker-q").focus()
    page.keyboard.press("Enter")
    expect(page.locator("trix-editor")).to_contain_text("Sorry for the delay.")
    expect(page.locator("#case-state")).to_contain_text("High")
    assert not Message.objects.filter(kind="outgoing").exists()
    assert not Draft.objects.leaving().exists()


def test_marked_text_is_quoted(page, live_server, case):
    open_case(page, live_server, case)
    page.evaluate(
        "const box = document.querySelector('[data-quotable]'); const range = document.createRange();"
        "range.selectNodeContents(box); const s = getSelection(); s.removeAllRanges(); s.addRange(range);"
    )
    page.keyboard.press("r")
    expect(page.locator("trix-editor blockquote")).to_contain_text("where is my parcel")


def test_fields_are_changed_in_place_by_keyboard(page, live_server, case):
    open_case(page, live_server, case)
    page.keyboard.press("p")
    expect(page.locator("#picker-q")).to_be_focused()
    page.keyboard.type("urg")
    expect(page.locator("#picker-list button")).to_have_count(1)
    page.keyboard.press("Enter")
    expect(page.locator("#case-state")).to_contain_text("Urgent")
    expect(page.locator("#case-timeline")).to_contain_text("Normal → Urgent")
    expect(page.locator("#picker")).not_to_be_visible()
    page.keyboard.press("z")
    expect(page.locator("#picker-q")).to_be_focused()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(page.locator("#case-fields")).to_be_visible()
    expect(page.locator("#case-timeline")).to_contain_text("Snoozed")


def test_two_agents_see_each_other_at_a_case(page, browser, live_server, case):
    from tests.browser.chromium import watched_page

    make_user("bo", first_name="Bo", last_name="Ek")
    open_case(page, live_server, case)
    with watched_page(browser) as second:
        open_case(second, live_server, case, "bo")
        expect(second.locator("#case-presence")).to_contain_text("Anna Berg")
