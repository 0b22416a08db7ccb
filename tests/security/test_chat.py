"""A chat on other people's sites is open to everybody: keys that are guessed, frames that are stolen, floods and garbage.

Zammad's live channel answered a made-up event with an error text that held other people's sessions (CVE-2026-102489);
Chatwoot's widgets showed contacts of other accounts to whoever altered an id. Here a key opens one chat of one widget, what
is no key opens nothing and says nothing, and no answer to garbage is an error of ours.
"""

from __future__ import annotations

import random
import time

import pytest
from django.test import Client

from tests.factories import make_chat_widget, make_user
from tickets import stamps
from tickets.models import Attachment, Chat, ChatLine

pytestmark = pytest.mark.django_db
HOSTILE = [
    "<script>alert(1)</script>", "<img src=x onerror=alert(1)>", "\"'><svg onload=alert(1)>", "{{ 7*7 }}", "javascript:alert(1)",
    "\u202etxt.exe", "a" * 3_999, "🦊" * 500, "&lt;b&gt;", "</template><script>1</script>",
]  # fmt: skip


@pytest.fixture
def widget():
    return make_chat_widget()


def begin(widget, http=None, **fields):
    data = {"stamp": stamps.make(f"chat:{widget.pk}"), "text": "Hi", **fields}
    return (http or Client()).post(f"{widget.get_absolute_url()}beginning/", data)


PATHS = [
    "news/",
    "lines/",
    "files/",
    "typing/",
    "leaving/",
    "transcript/",
    "files/6d1b8ee0-0000-4000-8000-000000000000/",
]


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("key", ["", "x", "x" * 5_000, "../../etc/passwd", "' OR 1=1 --", "6d1b8ee0"])
def test_what_is_no_key_opens_nothing_and_all_of_it_is_answered_alike(widget, path, key):
    begin(widget)
    for method in ("get", "post"):
        answer = getattr(Client(), method)(widget.get_absolute_url() + path, headers={"X-Chat-Key": key})
        assert (answer.status_code, answer.json()) == (404, {"state": "none"})


def test_a_key_opens_no_chat_of_another_site(widget):
    key = begin(widget).json()["key"]
    other = make_chat_widget("other")
    assert Client().get(f"{other.get_absolute_url()}news/", headers={"X-Chat-Key": key}).status_code == 404
    assert Client().get(f"{widget.get_absolute_url()}news/", headers={"X-Chat-Key": key}).status_code == 200


def test_the_key_is_in_no_row_and_no_address(widget):
    key = begin(widget).json()["key"]
    chat = Chat.objects.get()
    assert len(key) >= 43
    assert key not in {str(value) for value in chat.__dict__.values()}
    # In an address it counts for nothing, so nobody is tempted to put it where logs would keep it.
    assert Client().get(f"{widget.get_absolute_url()}news/?key={key}").status_code == 404


def test_the_page_is_framed_by_the_sites_that_are_named_and_by_nobody_else(widget, client):
    answer = client.get(widget.get_absolute_url())
    policy = answer["Content-Security-Policy"]
    (ancestors,) = [part for part in policy.split(";") if "frame-ancestors" in part]
    assert "https://shop.example" in ancestors
    assert "*" not in ancestors
    assert "'unsafe-inline'" not in policy
    # What agents see is in no frame of anybody's.
    client.force_login(make_user("anna"))
    assert client.get("/chats/")["X-Frame-Options"] == "DENY"


def test_a_chat_begins_only_by_a_page_of_ours_and_once_by_each(widget):
    stamp = stamps.make(f"chat:{widget.pk}")
    assert begin(widget, stamp=stamp).status_code == 200
    assert begin(widget, stamp=stamp).status_code == 429
    old = stamps.make(f"chat:{widget.pk}", at=time.time() - 2 * 86_400)
    for other in ("", "made up", stamps.make("form:1"), old):
        assert begin(widget, stamp=other).status_code == 422
    assert Chat.objects.count() == 1


def test_a_network_begins_so_many_chats_an_hour_and_a_visitor_writes_so_many_lines_a_minute(widget):
    answers = [begin(widget).status_code for _ in range(22)]
    assert answers == [200] * 20 + [429] * 2
    key = Chat.objects.first() and begin(make_chat_widget("b"), Client(REMOTE_ADDR="203.0.113.9")).json()["key"]
    http = Client(REMOTE_ADDR="203.0.113.9")
    codes = [
        http.post("/chat/b/lines/", {"text": "spam", "key": f"k{n}"}, headers={"X-Chat-Key": key}).status_code
        for n in range(45)
    ]
    assert codes == [200] * 40 + [429] * 5


def test_whatever_is_said_is_shown_as_the_text_that_it_is(widget, client):
    http = Client()
    key = begin(widget, http, name="<b>Maja</b>", text=HOSTILE[0]).json()["key"]
    for place, text in enumerate(HOSTILE):
        said = http.post(
            f"{widget.get_absolute_url()}lines/", {"text": text, "key": f"k{place}"}, headers={"X-Chat-Key": key}
        )
        assert said.json()["line"]["text"] == text.strip()
    anna, chat = make_user("anna"), Chat.objects.get()
    client.force_login(anna)
    chat.take(by=anna)
    for path in (chat.get_absolute_url(), f"{chat.get_absolute_url()}news/", "/chats/side/"):
        page = client.get(path).content.decode()
        assert "<script>alert" not in page
        assert "<img src=x" not in page
        assert "<svg onload" not in page
        assert "<b>Maja" not in page


def test_garbage_is_never_an_error_of_ours_and_tells_nothing(widget):
    """A few hundred of the bodies and headers that such channels are fed with."""
    drawn = random.Random(7)
    key = begin(widget).json()["key"]
    http = Client(raise_request_exception=False)
    for _ in range(300):
        path = widget.get_absolute_url() + drawn.choice(["beginning/", *PATHS])
        body = bytes(drawn.randrange(256) for _ in range(drawn.randrange(400)))
        kind = drawn.choice(
            [
                "application/json",
                "multipart/form-data; boundary=x",
                "application/x-www-form-urlencoded",
                "text/plain",
                "",
            ]
        )
        headers = {"X-Chat-Key": drawn.choice([key, "", "\x7f", "é" * 9, key[:-1]])}
        query = drawn.choice(["", "?after=" + "9" * 40, "?after=-1", "?after=%00", "?lang=%ff", "?after[]=1"])
        answer = http.generic(
            drawn.choice(["GET", "POST", "PUT", "OPTIONS"]), path + query, body, content_type=kind, headers=headers
        )
        assert answer.status_code < 500, (path, query, kind)
        assert b"Traceback" not in answer.content
        assert b"psycopg" not in answer.content


def test_what_nobody_may_send_is_kept_nowhere(widget):
    from django.core.files.uploadedfile import SimpleUploadedFile

    key = begin(widget).json()["key"]
    for name, content in [
        ("a.svg", b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>"),
        ("a.html", b"<html></html>"),
        ("a.exe", b"MZ\x90\x00"),
    ]:
        answer = Client().post(
            f"{widget.get_absolute_url()}files/",
            {"file": SimpleUploadedFile(name, content), "key": "f"},
            headers={"X-Chat-Key": key},
        )
        assert answer.status_code == 422
    assert not Attachment.objects.exists()
    assert ChatLine.objects.count() == 1
