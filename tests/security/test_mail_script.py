"""Script by e-mail: Zammad CVE-2018-1000154 (subject), FreeScout GHSA-jpq8-j69f-mj98 (nested tags), RTIR CVE-2026-105456
(javascript: links), osTicket 4b4da5b and 25e6d12 (iframe, formaction), Zulip GHSA-vg5m-mf9x-j452 (pictures that tell who reads).

Whatever a stranger writes is text in our pages. Its layout is shown in a frame in which nothing runs and nothing loads.
"""

import json
from html.parser import HTMLParser

import pytest
from django.urls import reverse

from tests.factories import make_mailbox, make_team, make_user
from tests.realdata.shared import shared
from tests.security.mails import SCRIPTS
from tests.tickets.email.mails import arrive, mail
from tickets.channels.email import layout

SCHEMES = ("http:", "https:", "mailto:", "tel:", "cid:")


class Second(HTMLParser):
    """Reads what was cleaned by other means than what cleaned it, and notes whatever could act."""

    def __init__(self) -> None:
        super().__init__()
        self.alive: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in layout.TAGS:
            self.alive.append(tag)
        for name, value in attrs:
            address = "".join((value or "").split()).lower()
            if name.startswith(("on", "hx-", "data-")) or name in {"formaction", "srcdoc", "id", "class", "name"}:
                self.alive.append(name)
            elif (name in {"href", "src"} and not address.startswith(SCHEMES)) or (
                name == "style" and any(word in address for word in ("url(", "expression", "position", "import"))
            ):
                self.alive.append(address)


def alive(html: str) -> list[str]:
    second = Second()
    second.feed(layout.clean(html))
    second.close()
    return second.alive


@pytest.mark.parametrize("script", SCRIPTS)
def test_nothing_that_acts_survives_cleaning(script):
    assert alive(script) == []


def test_none_of_the_known_vectors_survives_cleaning():
    path = shared("data/xss/vectors_dev.jsonl")
    if path is None:
        pytest.skip("data/xss is not beside the checkout")
    for line in path.read_text().splitlines():
        row = json.loads(line)
        for value in row.values():
            if isinstance(value, str):
                assert alive(value) == [], value


@pytest.mark.django_db
@pytest.mark.parametrize("script", SCRIPTS[:3])
def test_a_script_in_any_header_is_shown_as_text_in_every_page(client, script):
    got = arrive(
        mail(
            f"body {script}",
            html=f"<p>{script}</p>",
            files={f"{script[:40]}.txt".replace("/", ""): b"x"},
            Subject=script,
            From=f'"{script}" <evil@example.com>',
            Message_ID="<" + "x@evil.example>",
        ),
        make_mailbox(),
    )
    client.force_login(make_user(role="manager"))
    pages = [
        got.case.get_absolute_url(),
        "/cases/",
        got.case.customer.get_absolute_url(),
        f"/search/?q={got.case.number}",
    ]
    for page in pages:
        answer = client.get(page)
        assert answer.status_code == 200, page
        assert script not in answer.content.decode()
        assert "script-src 'self' 'nonce-" in answer["Content-Security-Policy"]


@pytest.mark.django_db
def test_the_frame_lets_nothing_run_load_or_be_sent(client):
    html = "<p>Hi</p><img src=https://evil.example/pixel.png><script>alert(1)</script>"
    got = arrive(mail(html=html), make_mailbox())
    client.force_login(make_user())
    answer = client.get(reverse("letter", args=[got.message.pk]))
    policy = dict(part.strip().partition(" ")[::2] for part in answer["Content-Security-Policy"].split(";"))
    assert policy["default-src"] == "'none'"
    assert policy["img-src"] == "data:"
    assert policy["form-action"] == policy["base-uri"] == "'none'"
    assert policy["frame-ancestors"] == "'self'"
    assert "allow-scripts" not in policy["sandbox"]
    assert "allow-same-origin" not in policy["sandbox"]
    assert "script-src" not in policy
    assert answer["Referrer-Policy"] == "no-referrer"
    assert b"alert" not in answer.content


@pytest.mark.django_db
def test_pictures_from_elsewhere_load_only_when_somebody_asks(client):
    got = arrive(mail(html="<img src=https://evil.example/pixel.png>"), make_mailbox())
    assert got.message.layout == "pictures"
    client.force_login(make_user())
    answer = client.get(reverse("letter_with_pictures", args=[got.message.pk]))
    assert "img-src data: https: http:" in answer["Content-Security-Policy"]
    assert "script-src" not in answer["Content-Security-Policy"]


@pytest.mark.django_db
@pytest.mark.parametrize("name", ["letter", "letter_with_pictures"])
def test_only_who_may_read_the_case_sees_its_mails(client, name):
    address = reverse(name, args=[arrive(mail(html="<p>secret</p>"), make_mailbox()).message.pk])
    assert client.get(address).status_code == 302
    client.force_login(make_user(team=make_team("elsewhere")))
    assert client.get(address).status_code == 404
    client.force_login(make_user())
    assert client.get(address).status_code == 200
    assert client.post(address).status_code == 405


@pytest.mark.django_db
@pytest.mark.parametrize("name", ["https://evil.example/login", "www.evil.example", "x" * 500])
def test_a_name_cannot_carry_a_link_into_pages_and_mails(name):
    """Zammad CVE-2023-50456: a link for phishing in the name of who wrote."""
    customer = arrive(mail(From=f'"{name}" <evil@example.com>'), make_mailbox()).case.customer
    assert "evil.example" not in customer.name
    assert len(customer.name) <= 100
