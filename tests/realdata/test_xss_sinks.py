"""Every known vector through every text that a stranger or a colleague writes, in a real browser: nothing runs, nothing is fetched.

What is looked for is proved first, on a page that shows the vectors as they are: there, scripts run and requests leave.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
from django.core.files.base import ContentFile
from django.test import Client
from django.utils import timezone

from metrics.refresh import refresh
from surveys.models import Invitation, Response
from tests.factories import make_case, make_contact, make_customer, make_mailbox, make_queue, make_topic, make_user
from tests.realdata.shared import shared
from tests.tickets.email.mails import arrive, mail
from tickets import richtext, sending
from tickets.models import Article, Attachment, Draft, Incident, Macro, Message, OutgoingMail, SavedReply, Topic, User

PATH = shared("data/xss/vectors_dev.jsonl")
pytestmark = [
    pytest.mark.browser,
    pytest.mark.heavy,
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(PATH is None, reason="data/xss is not beside the checkout"),
]
# What runs in the page calls home by this.
WATCH = """
for (const name of ["alert", "confirm", "prompt", "print"]) window[name] = (...words) => window.ran(name + ": " + words.join(" ").slice(0, 80));
"""


@dataclass
class Watched:
    page: Any
    ran: list[str] = field(default_factory=list)
    left: list[str] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)


@contextmanager
def watched(browser: Any, own: str, **options: Any) -> Iterator[Watched]:
    """A browser that notes each script of a stranger's that runs and each request that leaves for elsewhere."""
    context = browser.new_context(**options)
    found = Watched(context.new_page())

    def look(route: Any) -> None:
        url = route.request.url
        if url.startswith((own, "data:", "blob:", "about:")):
            route.continue_()
        else:
            found.left.append(url[:160])
            route.abort()

    context.route("**/*", look)

    # Playwright wants a function of its own.
    def ran(words: str) -> None:
        found.ran.append(words)

    context.expose_function("ran", ran)
    context.add_init_script(WATCH)
    found.page.on("dialog", lambda dialog: (found.ran.append(f"dialog: {dialog.message[:80]}"), dialog.dismiss()))
    found.page.on(
        "console",
        lambda message: "Content Security Policy" in message.text and found.refused.append(message.text[:200]),
    )
    yield found
    context.set_offline(True)
    context.close()


@pytest.fixture(scope="module")
def vectors() -> list[str]:
    return [json.loads(line)["payload"] for line in PATH.read_text().splitlines()]


def header(vector: str) -> str:
    return " ".join(vector.encode("ascii", "replace").decode().split())[:180] or "-"


@pytest.fixture
def desk(vectors, settings, tmp_path):
    """The vectors in everything that somebody writes."""
    settings.MEDIA_ROOT = tmp_path
    boss = make_user("boss", role=User.Role.MANAGER, first_name=vectors[0][:90])
    queue, mailbox = make_queue(), make_mailbox()
    case = make_case(queue=queue, customer=make_customer(vectors[1][:180]), subject=vectors[1][:400])
    cases = []
    for place, vector in enumerate(vectors):
        cases.append(
            make_case(queue=queue, customer=make_customer(vector[:180]), subject=vector[:400], at=timezone.now())
        )
        message = case.log_message(vector, kind="incoming", by=None)
        Attachment.keep(ContentFile(b"x"), name=vector[-110:], content_type="text/plain", message=message)
        case.write_note(richtext.to_text(vector), by=boss, html=richtext.clean(vector))
        Article.objects.create(title=vector[:150], html=richtext.clean(vector), is_public=True)
        SavedReply.objects.create(shortcut=f"v{place}", name=vector[:100], html=richtext.clean(vector))
        Topic.objects.at_path(f"v{place}/{vector[:60].replace('/', '|')}")
        contact = make_contact(
            case=case,
            queue=queue,
            customer=case.customer,
            subject=vector[:400],
            topic=make_topic("plain"),
            cause=vector[:100],
        )
        answered(contact, vector)
    Macro.objects.create(name=vectors[2][:90], html=richtext.clean(vectors[2]), changes={})
    Incident.objects.create(title=vectors[3][:150], made_by=boss)
    for place in range(0, len(vectors), 8):
        together = "<div>x</div>".join(vectors[place : place + 8])
        arrive(mail("plain", html=together, From=f'"{header(vectors[place]).replace(chr(34), "")}" <v{place}@example.com>',
                    Subject=header(vectors[place]), files={header(vectors[place])[:60]: b"x"}), mailbox=mailbox)  # fmt: skip
    for one, vector in zip(cases, vectors, strict=True):
        draft = Draft.objects.create(
            case=one, author=boss, kind="reply", to=["a@example.com"], html=richtext.clean(vector)
        )
        sending.become_message(draft)
    refresh()
    return case


def answered(contact: Any, comment: str) -> None:
    sent = Invitation.objects.create(
        source=contact.source, client=contact.client, contact=contact, case=contact.case, sent_at=contact.ended_at
    )
    Response.objects.create(invitation=sent, csat=1, comment=comment)


def test_what_is_looked_for_is_seen_where_the_vectors_are_shown_as_they_are(browser, vectors):
    with watched(browser, "http://own.example") as seen:
        seen.page.set_content("<script src='https://elsewhere.example/x.js'></script>")
        for vector in vectors:
            seen.page.set_content(f"<p>{vector}</p>", wait_until="domcontentloaded")
        seen.page.wait_for_timeout(300)
    assert len(seen.ran) >= 6
    assert len(seen.left) >= 3


def test_nothing_runs_and_nothing_leaves_on_any_page_or_in_any_mail(browser, live_server, desk):
    client = Client(SERVER_NAME="localhost")
    client.force_login(User.objects.get(username="boss"))
    (name, cookie), *_ = client.cookies.items()
    state = {"cookies": [{"name": name, "value": cookie.value, "domain": "localhost", "path": "/", "expires": -1, "httpOnly": True, "secure": False, "sameSite": "Lax"}], "origins": []}  # fmt: skip
    with watched(browser, live_server.url, storage_state=state) as seen:
        for address in addresses(desk):
            seen.page.goto(live_server.url + address, wait_until="load")
            before = len(seen.ran) + len(seen.left)
            # Whatever can be opened is opened, and the pointer is everywhere at once.
            seen.page.evaluate(
                """() => { for (const one of document.querySelectorAll("details")) one.open = true;
                for (const one of document.querySelectorAll("main *")) for (const kind of ["mouseover", "focus", "click"])
                  if (!one.closest("a, button, form, summary, input, [hx-get]")) one.dispatchEvent(new Event(kind)); }"""
            )
            assert len(seen.ran) + len(seen.left) == before, (address, seen.ran, seen.left)
        seen.page.wait_for_timeout(500)
    assert seen.ran == []
    assert seen.left == []
    assert seen.refused == []
    no_mail_of_ours_and_no_file_for_a_spreadsheet_carries_one(browser, live_server, client)


def addresses(case: Any) -> list[str]:
    letters = Message.objects.exclude(layout="").values_list("pk", flat=True)
    older = case.messages.order_by("at").values_list("at", flat=True)[40]
    found = [
        "/cases/?whose=all&rows=" + ",".join(str(pk) for pk in range(case.pk, case.pk + 125)),
        "/cases/?whose=all",
        "/cases/?whose=all&column=customer&column=topic&column=incident",
        case.get_absolute_url(),
        f"{case.get_absolute_url()}timeline/?before={older.isoformat().replace('+', '%2B')}",
        f"{case.get_absolute_url()}merge/",
        f"{case.get_absolute_url()}composer/?kind=reply",
        f"{case.get_absolute_url()}options/topic/",
        case.customer.get_absolute_url(),
        "/search/?q=alert&more=1",
        "/search/?q=script",
        "/palette/?q=script",
        "/articles/",
        "/settings/topics/",
        "/settings/replies/",
        "/settings/articles/",
        "/settings/macros/",
        "/incidents/",
        "/outbox/",
        "/notices/",
        "/metrics/",
        "/metrics/offered/rows/",
        "/metrics/csat/rows/",
    ]
    found += [f"/articles/{pk}/" for pk in Article.objects.values_list("pk", flat=True)[:40]]
    found += [f"/messages/{pk}/letter/" for pk in letters]
    return found


def no_mail_of_ours_and_no_file_for_a_spreadsheet_carries_one(browser, live_server, client):
    with watched(browser, live_server.url) as seen:
        for one in OutgoingMail.objects.exclude(html=""):
            seen.page.set_content(one.html, wait_until="domcontentloaded")
        seen.page.wait_for_timeout(300)
    assert OutgoingMail.objects.exclude(html="").count() >= 30
    assert seen.ran == []
    assert seen.left == []
    answer = client.get("/metrics/offered/rows.csv")
    b"".join(answer.streaming_content)
    assert answer["Content-Disposition"].startswith("attachment")
    assert answer["Content-Type"].startswith("text/csv")
    assert answer["X-Content-Type-Options"] == "nosniff"
