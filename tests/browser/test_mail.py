"""What an agent sees of a mail: what is new, the rest on a click, its layout in a frame that calls nobody."""

import pytest
from playwright.sync_api import expect

from tests.factories import make_mailbox, make_user
from tests.tickets.email.mails import arrive, mail

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

TEXT = "Det fungerar inte.\n\nDen tors 5 nov. 2026 kl 10:12 skrev Support <support@desk.example>:\n\n> Hej Maja\n"
HTML = (
    "<h2>Layout</h2><img src='http://pictures.invalid/pixel.png'><p style='background:url(http://pictures.invalid/x)'>Hi</p>"
    "<script>document.title='owned'</script><p hx-get='/cases/' hx-trigger='load'>x</p>"
)


@pytest.fixture
def got():
    return arrive(mail(TEXT, html=HTML), make_mailbox())


def test_the_quote_is_a_click_away_and_pictures_load_only_when_asked_for(page, client, live_server, got):
    client.force_login(make_user())
    cookie = client.cookies["sessionid"]
    page.context.add_cookies([{"name": "sessionid", "value": cookie.value, "url": live_server.url}])
    asked: list[str] = []

    def note(route) -> None:
        asked.append(route.request.url)
        route.abort()

    page.route("**/pictures.invalid/**", note)
    page.goto(live_server.url + got.case.get_absolute_url())
    message = page.locator(f"#message-{got.message.pk}")
    expect(message.get_by_text("Det fungerar inte.").first).to_be_visible()
    expect(message.get_by_text("Hej Maja")).to_be_hidden()
    message.locator("summary", has_text="…").click()
    expect(message.get_by_text("Hej Maja")).to_be_visible()
    message.get_by_text("Show as it was sent").click()
    frame = message.frame_locator("iframe")
    expect(frame.get_by_role("heading", name="Layout")).to_be_visible()
    assert asked == []
    with page.expect_request("**/pictures.invalid/pixel.png"):
        message.get_by_role("link", name="Load the pictures").click()
    expect(frame.get_by_role("heading", name="Layout")).to_be_visible()
    assert "owned" not in page.title()
