"""Search, the palette and the keys, in a real browser and by keyboard only."""

import pytest
from playwright.sync_api import expect

from tests.factories import PASSWORD, make_case, make_customer, make_queue, make_user
from tickets.models import Article, Case, Message, SavedView, User

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

EVIL = '<img src=x onerror="document.title=\'owned\'"> needle </mark><script>document.title="owned"</script>'


@pytest.fixture
def agent():
    make_queue()
    return make_user("anna", first_name="Anna", last_name="Berg")


def log_in(page, live_server, name="anna"):
    page.goto(f"{live_server.url}/login/")
    page.fill("#id_username", name)
    page.fill("#id_password", PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url(lambda address: "/login/" not in address)


def blur(page):
    page.evaluate("document.activeElement.blur()")


# ---- The search page -------------------------------------------------------------------------------------------------
def test_a_case_is_found_and_opened_without_a_mouse(page, live_server, agent):
    case = make_case(subject="Router without light")
    Message.objects.create(case=case, kind="incoming", body="It blinks in red.")
    make_case(subject="Something else")
    log_in(page, live_server)
    blur(page)
    page.keyboard.press("s")
    page.wait_for_url("**/search/")
    expect(page.locator("#search-q")).to_be_focused()
    page.keyboard.type("blink")
    found = page.locator("#search-found .list-group-item-action")
    expect(found).to_have_count(1)
    expect(found.locator(".excerpt mark")).to_have_text("blinks")
    expect(page.locator("#live")).to_contain_text("1 case")
    assert page.url.endswith("?q=blink")
    page.keyboard.press("ArrowDown")
    expect(found).to_be_focused()
    page.keyboard.press("ArrowUp")
    expect(page.locator("#search-q")).to_be_focused()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    page.wait_for_url(f"**{case.get_absolute_url()}")


def test_the_slash_looks_in_the_list_where_there_is_one_and_elsewhere_everywhere(page, live_server, agent):
    case = make_case()
    log_in(page, live_server)
    blur(page)
    page.keyboard.press("/")
    expect(page.locator("#id_q")).to_be_focused()
    page.goto(live_server.url + case.get_absolute_url())
    page.keyboard.press("/")
    page.wait_for_url("**/search/")


def test_what_strangers_wrote_does_nothing_in_search_and_palette(page, live_server, agent):
    case = make_case(subject=EVIL, customer=make_customer(EVIL[:180]))
    Message.objects.create(case=case, kind="incoming", body=EVIL)
    Article.objects.create(title=EVIL[:180], html=EVIL)
    log_in(page, live_server)
    page.goto(f"{live_server.url}/search/?q=needle")
    expect(page.locator("#search-found mark").first).to_have_text("needle")
    page.fill("#search-q", "needl")
    expect(page.locator("#search-found .excerpt")).to_contain_text("<script>")
    page.keyboard.press("Control+k")
    page.keyboard.type("needle")
    expect(page.locator("#palette-list")).to_contain_text("<script>")
    assert page.locator("main img, main script, dialog img, dialog script").count() == 0
    assert "owned" not in page.title()


def test_a_search_fits_a_phone(phone, live_server, agent):
    make_case(subject="averyveryverylongwordwithoutanyspaces" * 4)
    log_in(phone, live_server)
    phone.click("a.nav-tool")
    phone.wait_for_url("**/search/")
    phone.fill("#search-q", "averyvery")
    expect(phone.locator("#search-found .list-group-item-action")).to_have_count(1)
    assert phone.evaluate("document.documentElement.scrollWidth") <= 390


# ---- The palette -----------------------------------------------------------------------------------------------------
def option(page, text):
    return page.locator("#palette-list [role=option]", has_text=text)


def selected(page):
    return page.locator("#palette-list [aria-selected=true]")


def test_the_palette_presses_the_buttons_of_the_page(page, live_server, agent):
    case = make_case(subject="Router")
    log_in(page, live_server)
    page.goto(live_server.url + case.get_absolute_url())
    page.keyboard.press("Control+k")
    field = page.locator(".palette-input")
    expect(field).to_be_focused()
    expect(selected(page)).to_have_count(1)
    page.keyboard.type("tki")
    expect(selected(page)).to_contain_text("Take it")
    assert field.get_attribute("aria-activedescendant") == selected(page).get_attribute("id")
    page.keyboard.press("Enter")
    expect(page.locator("#case-timeline")).to_contain_text("Assigned")
    expect(page.locator("#palette")).not_to_be_visible()
    assert Case.objects.get().owner == agent


def test_the_palette_opens_a_menu_to_write_in(page, live_server, agent):
    case = make_case()
    log_in(page, live_server)
    page.goto(live_server.url + case.get_absolute_url())
    page.keyboard.press("Control+k")
    page.keyboard.type("escal")
    page.keyboard.press("Enter")
    expect(page.locator("#escalation_reason")).to_be_focused()


def test_the_palette_offers_ways_to_go_before_anything_is_typed(page, live_server, agent):
    SavedView.objects.create(name="Quiet ones", owner=agent, query="sort=silent")
    log_in(page, live_server)
    page.keyboard.press("Control+k")
    for text in ("Log a contact", "Cases", "Quiet ones"):
        expect(option(page, text).first).to_be_visible()
    page.keyboard.type("quiet")
    expect(selected(page)).to_contain_text("Quiet ones")
    page.keyboard.press("Enter")
    page.wait_for_url("**/cases/?sort=silent")


def test_a_number_and_enter_at_once_open_the_case(page, live_server, agent):
    case = make_case()
    log_in(page, live_server)
    page.keyboard.press("Control+k")
    page.keyboard.type(f"#{case.number}")
    page.keyboard.press("Enter")
    page.wait_for_url(f"**{case.get_absolute_url()}")


def test_cases_customers_and_articles_are_found_in_the_palette_and_walked_by_arrows(page, live_server, agent):
    case = make_case(subject="Needle in hay", customer=make_customer("Needle Person"))
    article = Article.objects.create(title="Needles", html="")
    log_in(page, live_server)
    page.keyboard.press("Control+k")
    page.keyboard.type("needl")
    expect(option(page, "Needles")).to_be_visible()
    expect(selected(page)).to_contain_text(f"#{case.number}")
    for text in ("Needle Person", "Needles", "Search for “needl”", f"#{case.number}"):
        page.keyboard.press("ArrowDown")
        expect(selected(page)).to_contain_text(text)
    page.keyboard.press("ArrowUp")
    page.keyboard.press("ArrowUp")
    page.keyboard.press("Enter")
    page.wait_for_url(f"**{article.get_absolute_url()}")


def test_a_list_to_choose_from_is_a_level_of_its_own_and_backspace_leads_back(page, live_server, agent):
    make_case(owner=agent)
    log_in(page, live_server)
    page.evaluate("document.querySelector('#id_status').dataset.command = 'Change the status shown'")
    page.keyboard.press("Control+k")
    page.keyboard.type("change the st")
    page.keyboard.press("Enter")
    expect(page.locator(".palette-level")).to_have_text("Change the status shown")
    expect(option(page, "Resolved")).to_be_visible()
    page.keyboard.press("Backspace")
    expect(page.locator(".palette-level")).to_be_hidden()
    page.keyboard.type("change the st")
    page.keyboard.press("Enter")
    page.keyboard.type("resol")
    page.keyboard.press("Enter")
    page.wait_for_url("**status=resolved**")


def test_escape_closes_the_palette_and_gives_the_focus_back(page, live_server, agent):
    log_in(page, live_server)
    page.locator("#id_q").focus()
    page.keyboard.press("Control+k")
    page.keyboard.type("cases ? n")
    expect(page.locator("#key-sheet")).not_to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator("#palette")).not_to_be_visible()
    expect(page.locator("#id_q")).to_be_focused()
    expect(page.locator("#id_q")).to_have_value("")


def test_the_last_results_stay_while_new_ones_come(page, live_server, agent):
    make_case(subject="Needle in hay")
    log_in(page, live_server)
    page.keyboard.press("Control+k")
    page.keyboard.type("needle")
    expect(option(page, "Needle in hay")).to_be_visible()
    page.route("**/palette/**", lambda route: None)
    page.keyboard.type(" i")
    page.wait_for_timeout(400)
    expect(option(page, "Needle in hay")).to_be_visible()


def test_the_palette_fits_a_phone_and_opens_by_its_button(phone, live_server, agent):
    make_case(subject="Needle in hay")
    log_in(phone, live_server)
    phone.click("[data-palette]")
    phone.fill(".palette-input", "needle")
    phone.locator("#palette-list [role=option]", has_text="Needle in hay").click()
    phone.wait_for_url("**/cases/*/")


# ---- The keys --------------------------------------------------------------------------------------------------------
def test_the_sheet_lists_what_the_page_has_and_nothing_else(page, live_server, agent):
    case = make_case()
    log_in(page, live_server)
    blur(page)
    page.keyboard.press("?")
    sheet = page.locator("#key-sheet")
    expect(sheet).to_contain_text("Log a contact")
    expect(sheet).to_contain_text("g c")
    expect(sheet.locator("text=Copy the number")).to_be_hidden()
    expect(sheet.locator("text=Quarantine")).to_have_count(0)
    page.keyboard.press("n")
    page.keyboard.press("Escape")
    expect(sheet).not_to_be_visible()
    page.goto(live_server.url + case.get_absolute_url())
    page.keyboard.press("?")
    expect(sheet.locator("text=Copy the number")).to_be_visible()


@pytest.mark.parametrize(("keys", "address"), [("gs", "/search/"), ("gc", "/cases/"), ("gn", "/contacts/new/")])
def test_two_keys_one_after_the_other_go_somewhere(page, live_server, agent, keys, address):
    case = make_case()
    log_in(page, live_server)
    page.goto(live_server.url + case.get_absolute_url())
    for key in keys:
        page.keyboard.press(key)
    page.wait_for_url(f"**{address}")


def test_dots_copy_the_number_the_title_and_the_link(page, live_server, agent):
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    case = make_case(subject="Router & light")
    log_in(page, live_server)
    page.goto(live_server.url + case.get_absolute_url())
    link = live_server.url + case.get_absolute_url()
    for dots, text in ((1, f"#{case.number}"), (2, f"#{case.number} Router & light"), (3, link)):
        for _ in range(dots):
            page.keyboard.press(".")
        expect(page.locator(".desk-toast").last).to_have_text(f"Copied: {text}")
        assert page.evaluate("navigator.clipboard.readText()") == text


def test_single_keys_can_be_switched_off_and_stay_off(page, live_server, agent):
    log_in(page, live_server)
    blur(page)
    page.keyboard.press("?")
    page.locator("#single-keys").uncheck()
    page.keyboard.press("Escape")
    page.reload()
    blur(page)
    page.keyboard.press("s")
    page.keyboard.press("?")
    page.wait_for_timeout(300)
    assert "/cases/" in page.url
    expect(page.locator("#key-sheet")).not_to_be_visible()
    # Not a single letter: it stays.
    page.keyboard.press("Control+k")
    expect(page.locator("#palette")).to_be_visible()


def test_keys_do_nothing_in_an_open_menu_and_work_on_a_layout_without_latin_letters(page, live_server, agent):
    case = make_case()
    log_in(page, live_server)
    page.goto(live_server.url + case.get_absolute_url())
    page.click("button:has-text('Your menu')")
    page.keyboard.press("n")
    page.wait_for_timeout(300)
    assert case.get_absolute_url() in page.url
    page.keyboard.press("Escape")
    blur(page)
    page.evaluate("document.body.dispatchEvent(new KeyboardEvent('keydown', {key: 'с', code: 'KeyC', bubbles: true}))")
    page.wait_for_url("**/cases/")


def test_a_lead_finds_her_numbers_by_keyboard(page, live_server, agent):
    make_user("lena", role=User.Role.LEAD)
    log_in(page, live_server, "lena")
    page.keyboard.press("Control+k")
    page.keyboard.type("dashb")
    expect(selected(page)).to_contain_text("Dashboard")
