"""The list of cases in a real browser, by keyboard: cursor, choosing, many at once, undo, coming back, and who is there."""

from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from tests.browser.chromium import watched_page
from tests.factories import PASSWORD, make_case, make_queue, make_user
from tickets import paging
from tickets.models import BulkChange, Case, Presence

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def agent():
    make_queue()
    return make_user("anna", first_name="Anna", last_name="Berg")


def log_in(page, live_server, name="anna"):
    page.goto(f"{live_server.url}/login/")
    page.fill("#id_username", name)
    page.fill("#id_password", PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url("**/cases/")


def made(agent, many):
    """Cases of the agent, the newest first, as the list shows them."""
    at = timezone.now() - timedelta(days=1)
    cases = [
        make_case(owner=agent, subject=f"Case {number}", at=at + timedelta(minutes=number)) for number in range(many)
    ]
    return cases[::-1]


def changed(page, *kinds):
    """What the live stream says when something has changed."""
    page.evaluate("kinds => document.dispatchEvent(new CustomEvent('desk:changed', {detail: {kinds}}))", list(kinds))


def test_the_cursor_moves_chooses_and_opens_by_keys_alone(page, live_server, agent):
    cases = made(agent, 5)
    log_in(page, live_server)
    page.keyboard.press("j")
    expect(page.locator("tr.is-cursor")).to_have_id(f"case-{cases[0].pk}")
    page.keyboard.press("j")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("k")
    expect(page.locator("tr.is-cursor")).to_have_id(f"case-{cases[1].pk}")
    page.keyboard.press("x")
    page.keyboard.press("j")
    page.keyboard.press("j")
    page.keyboard.press("Shift+X")
    expect(page.locator("[data-count]")).to_have_text("3")
    page.keyboard.press("*")
    expect(page.locator("[data-count]")).to_have_text("5")
    page.keyboard.press("Escape")
    expect(page.locator("#bulk")).to_be_hidden()
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/cases/{cases[3].pk}/")


def test_single_letters_are_off_for_who_has_switched_them_off_and_arrows_are_not(page, live_server, agent):
    cases = made(agent, 2)
    log_in(page, live_server)
    page.evaluate("localStorage.setItem('single-keys', 'off')")
    page.keyboard.press("j")
    expect(page.locator("tr.is-cursor")).to_have_count(0)
    page.keyboard.press("ArrowDown")
    expect(page.locator("tr.is-cursor")).to_have_id(f"case-{cases[0].pk}")


def test_many_are_changed_and_the_change_is_taken_back_by_keyboard(page, live_server, agent):
    made(agent, 3)
    log_in(page, live_server)
    page.keyboard.press("*")
    expect(page.locator("#bulk")).to_be_visible()
    page.keyboard.press("b")
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    expect(page.locator("#bulk button[value=priority]")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("#bulk_to_priority")).to_be_focused()
    # What is proposed is looked at before anything is typed.
    expect(page.locator("#bulk-plan")).to_contain_text("3 cases change")
    page.keyboard.type("Urg")
    expect(page.locator("#bulk-plan")).to_contain_text("3 cases change")
    page.keyboard.press("Control+Enter")
    expect(page.locator("#bulk-result")).to_contain_text("3 changed")
    assert set(Case.objects.values_list("priority", flat=True)) == {"urgent"}
    page.keyboard.press("Escape")
    expect(page.locator("#case-list .tag-bad")).to_have_count(3)
    expect(page.locator("#bulk")).to_be_hidden()
    page.locator(".desk-toast button").focus()
    page.keyboard.press("Enter")
    expect(page.locator("#bulk-result")).to_contain_text("3 taken back")
    assert set(Case.objects.values_list("priority", flat=True)) == {"normal"}
    assert BulkChange.objects.get().undone_at is not None


def test_back_from_a_case_one_is_where_one_was_with_what_was_loaded_since(page, live_server, agent, monkeypatch):
    monkeypatch.setattr(paging, "PAGE", 20)
    cases = made(agent, 45)
    log_in(page, live_server)
    page.goto(f"{live_server.url}/cases/?whose=all")
    page.locator("a[rel=next]").click()
    expect(page.locator(f"#case-{cases[39].pk}")).to_be_visible()
    wanted = cases[30]
    page.locator(f"#case-{wanted.pk} .case-link").click()
    page.wait_for_url(f"**/cases/{wanted.pk}/")
    kept = page.evaluate("JSON.parse(sessionStorage.getItem('list'))")
    assert kept["numbers"][:40] == [case.pk for case in cases[:40]]
    assert kept["address"] == "/cases/?whose=all"
    page.go_back()
    expect(page.locator("tr.is-cursor")).to_have_id(f"case-{wanted.pk}")
    expect(page.locator(f"#case-{wanted.pk}")).to_be_in_viewport()
    page.keyboard.press("j")
    expect(page.locator("tr.is-cursor")).to_have_id(f"case-{cases[31].pk}")


def test_rows_change_in_place_gone_ones_grey_and_new_ones_wait_to_be_shown(page, live_server, agent):
    first, second, third = made(agent, 3)
    log_in(page, live_server)
    page.keyboard.press("j")
    page.keyboard.press("j")
    page.keyboard.press("x")
    second.change(by=agent, priority="urgent")
    third.resolve(by=agent)
    new = make_case(owner=agent, subject="Just came")
    changed(page, f"case:{second.pk}", f"case:{third.pk}", f"case:{new.pk}")
    expect(page.locator(f"#case-{second.pk}")).to_contain_text("Urgent")
    expect(page.locator(f"#case-{third.pk}.is-gone")).to_be_visible()
    expect(page.locator(".lists-new")).to_contain_text("1 new")
    # Nothing has moved, the cursor and the choice are where they were.
    numbers = page.eval_on_selector_all("#case-list tbody tr", "rows => rows.map(row => Number(row.dataset.number))")
    assert numbers == [first.pk, second.pk, third.pk]
    expect(page.locator("tr.is-cursor")).to_have_id(f"case-{second.pk}")
    expect(page.locator("[data-count]")).to_have_text("1")
    page.click(".lists-new")
    expect(page.locator("#case-list tbody tr").first).to_contain_text("Just came")
    expect(page.locator(f"#case-{third.pk}")).to_have_count(0)


def test_a_colleague_sees_in_the_list_who_looks_at_a_case_and_that_he_has_gone(browser, page, live_server, agent):
    case = make_case(owner=agent)
    make_user("olle", first_name="Olle", last_name="Ek")
    log_in(page, live_server)
    with watched_page(browser) as other:
        log_in(other, live_server, "olle")
        other.goto(f"{live_server.url}/cases/{case.pk}/")
        while not Presence.objects.exists():
            other.wait_for_timeout(100)
        changed(page, f"presence:{case.pk}")
        expect(page.locator(f"#case-{case.pk} .present")).to_have_attribute("title", "Olle Ek looks at it")
    Presence.objects.all().delete()
    changed(page, f"presence:{case.pk}")
    expect(page.locator(f"#case-{case.pk} .present")).to_have_count(0)


def test_a_filter_chosen_in_the_panel_narrows_the_list_and_leaves_by_its_chip(page, live_server, agent):
    cases = made(agent, 3)
    Case.objects.filter(pk=cases[0].pk).update(priority="high")
    log_in(page, live_server)
    page.click("text=More filters")
    page.select_option("#id_priority", "high")
    expect(page.locator("#case-list tbody tr")).to_have_count(1)
    assert "priority=high" in page.url
    page.click(".chip")
    expect(page.locator("#case-list tbody tr")).to_have_count(3)
    expect(page.locator(".chip")).to_have_count(0)


def test_nothing_is_wider_than_a_phone_and_the_bar_for_the_chosen_lies_within_reach(phone, live_server, agent):
    for case in made(agent, 3):
        Case.objects.filter(pk=case.pk).update(subject="Averyveryverylongwordwithoutanyspacesinit" * 3)
    log_in(phone, live_server)
    assert phone.evaluate("document.documentElement.scrollWidth") <= 390
    phone.locator("#case-list tbody .tick input").first.check()
    expect(phone.locator("#bulk")).to_be_visible()
    assert phone.evaluate("document.documentElement.scrollWidth") <= 390
    phone.locator("#bulk button[value=assign]").click()
    expect(phone.locator("#bulk_owner")).to_be_visible()
    phone.goto(f"{live_server.url}/incidents/")
    assert phone.evaluate("document.documentElement.scrollWidth") <= 390


@pytest.mark.heavy
def test_an_open_list_hears_by_the_live_stream_what_happens_and_who_is_there(browser, running_helpdesk):
    people = f"""
from tests.factories import make_case, make_queue, make_user
make_queue(); anna = make_user("lister", password="{PASSWORD}"); make_user("writer", first_name="Olle", password="{PASSWORD}")
print(make_case(owner=anna, subject="Watched").pk)
"""
    number = int(running_helpdesk.manage("shell", "-v0", "-c", people).split()[-1])
    with watched_page(browser) as page:
        page.goto(f"{running_helpdesk.url}/login/")
        page.fill("#id_username", "lister")
        page.fill("#id_password", PASSWORD)
        page.keyboard.press("Enter")
        page.wait_for_url("**/cases/")
        expect(page.locator(f"#case-{number}")).to_contain_text("Watched")
        happens = f"""
from tickets.live import announce
from tickets.models import Case, Presence, User
case, olle = Case.objects.get(pk={number}), User.objects.get(username="writer")
case.change(by=olle, priority="urgent")
Presence.objects.create(case=case, user=olle, state="typing")
announce("presence:{number}")
"""
        running_helpdesk.manage("shell", "-v0", "-c", happens)
        expect(page.locator(f"#case-{number}")).to_contain_text("Urgent")
        expect(page.locator(f"#case-{number} .present")).to_have_attribute("data-state", "typing")
