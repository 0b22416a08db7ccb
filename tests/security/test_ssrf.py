"""Our machine made to knock on the doors of its own network.

Zammad (CVE-2021-42091, ZAA-2021-08), osTicket (CVE-2020-24881), Rocket.Chat (CVE-2024-39713), PostHog (GHSA-wqqw-r8c5-j67c) and
Canarytokens (GHSA-g6h5-pf7p-qmvj) each connected to wherever an address in a setting, a mail or a webhook led: to the cloud's
metadata, to their own Redis. Here a person can name two kinds of server, of mail and of telephone; both are judged by the
address they have at the moment of connecting. Nothing else that comes from outside makes us connect to anything.
"""

from __future__ import annotations

import asyncio
import re
import socket
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest
from django.apps import apps
from django.db.models import URLField
from django.test import Client

from surveys import texts
from tests.factories import make_customer, make_mailbox, make_user
from tests.surveys.test_texts import resolved, ruled
from tests.tickets.api.calling import Caller
from tests.tickets.channels.test_connectors import make_connector
from tests.tickets.email.mails import arrive, mail
from tickets import outbox, outward
from tickets.channels.email import imap
from tickets.channels.phone.ami_listener import Listener
from tickets.models import CallEvent, Case

pytestmark = pytest.mark.django_db

# The ways in which this machine, its neighbours and the cloud's metadata have been written.
INSIDE = [
    "127.0.0.1", "localhost", "LOCALHOST", "localhost.", "127.1", "2130706433", "0x7f000001", "0177.0.0.1", "0.0.0.0", "0", "::1", "::",  # noqa: S104 - connected to, not listened on
    "::ffff:127.0.0.1", "::ffff:7f00:1", "64:ff9b::7f00:1", "2002:7f00:1::", "169.254.169.254", "10.0.0.1", "192.168.1.1", "172.31.255.1",
    "100.64.0.1", "fe80::1", "fd00::1", "224.0.0.1",
]  # fmt: skip

# Every field of a row that names a server or an address, and what becomes of it. One that is not here has not been thought about.
FIELDS = {
    "tickets.Mailbox.host": "connected to, judged",
    "tickets.Connector.host": "connected to, judged",
    "tickets.Connector.recording_hosts": "compared with",
    "tickets.CallEvent.recording_url": "shown as a link where its server is among recording_hosts",
    "tickets.WebForm.origins": "sent to browsers",
    "tickets.ChatWidget.origins": "sent to browsers",
}


class Door:
    """Listens on every address of this machine, and counts who knocks."""

    def __init__(self) -> None:
        self.listeners = [socket.create_server(("127.0.0.1", 0))]
        self.port = self.listeners[0].getsockname()[1]
        if socket.has_ipv6:
            self.listeners.append(socket.create_server(("::1", self.port), family=socket.AF_INET6))
        for one in self.listeners:
            one.setblocking(False)

    def knocks(self) -> int:
        count = 0
        for one in self.listeners:
            while True:
                try:
                    one.accept()[0].close()
                except BlockingIOError:
                    break
                count += 1
        return count


@pytest.fixture
def door() -> Iterator[Door]:
    one = Door()
    yield one
    for listener in one.listeners:
        listener.close()


def mailbox_connects(host: str, port: int) -> None:
    imap.connect(make_mailbox(host=host, port=port, security="tls", user="support"))


def telephone_connects(host: str, port: int) -> None:
    asyncio.run(Listener(make_connector("asterisk", host=host, port=port, uses_tls=False, user="desk")).listen())


def test_the_door_hears_who_knocks(door: Door, settings) -> None:
    settings.INTERNAL_HOSTS = ["127.0.0.1"]
    outward.connect("127.0.0.1", door.port).close()
    assert door.knocks() == 1


@pytest.mark.parametrize("host", INSIDE)
@pytest.mark.parametrize("connects", [mailbox_connects, telephone_connects])
def test_no_way_of_writing_it_leads_inside(door: Door, monkeypatch, connects, host: str) -> None:
    monkeypatch.setenv("MAILBOX_PASSWORD_SUPPORT", "x")
    monkeypatch.setenv("TELEPHONE_SECRET_ASTERISK", "x")
    # Some of these a system may not even know.
    with pytest.raises((outward.InsideError, socket.gaierror)):
        connects(host, door.port)
    assert door.knocks() == 0


def test_a_name_is_looked_up_once_and_its_address_is_what_was_judged(monkeypatch) -> None:
    """Whose first answer is a harmless address and whose second is ours."""
    answers = [[_known("1.1.1.1")], [_known("127.0.0.1")]]
    reached: list[Any] = []
    monkeypatch.setattr(outward.socket, "getaddrinfo", lambda *_a, **_k: answers.pop(0))
    monkeypatch.setattr(outward.socket, "create_connection", lambda address, timeout: reached.append(address))
    outward.connect("rebind.example", 993)
    assert reached == [("1.1.1.1", 993)]


def test_a_name_with_one_address_inside_is_refused_whole(monkeypatch) -> None:
    monkeypatch.setattr(outward.socket, "getaddrinfo", lambda *_a, **_k: [_known("1.1.1.1"), _known("10.0.0.7")])
    with pytest.raises(outward.InsideError):
        outward.addresses("both.example", 993)


@pytest.mark.parametrize("words", [["pbx.lan"], ["10.0.0.0/8"], ["10.0.0.7"]])
def test_what_the_installation_names_may_be_reached_and_nothing_beside_it(monkeypatch, settings, words) -> None:
    settings.INTERNAL_HOSTS = words
    monkeypatch.setattr(outward.socket, "getaddrinfo", lambda *_a, **_k: [_known("10.0.0.7")])
    assert outward.addresses("PBX.lan.", 5038) == ["10.0.0.7"]
    monkeypatch.setattr(outward.socket, "getaddrinfo", lambda *_a, **_k: [_known("192.168.1.1")])
    with pytest.raises(outward.InsideError):
        outward.addresses("other.lan", 5038)


def _known(address: str) -> tuple[Any, ...]:
    return (socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, 0))


def test_the_form_says_at_the_field_who_can_allow_it(client: Client) -> None:
    client.force_login(make_user("boss", role="manager"))
    one = make_mailbox()
    fields = {
        "name": one.name, "code": one.code, "address": one.address, "client": one.client_id, "queue": one.queue_id, "port": 6379,
        "security": "none", "folder": "INBOX", "is_active": "on", "host": "127.0.0.1",
    }  # fmt: skip
    answer = client.post(f"/settings/mailboxes/{one.pk}/", fields)
    assert answer.status_code == 422
    assert "INTERNAL_HOSTS" in answer.context["form"].errors["host"][0]
    one.refresh_from_db()
    assert one.host == ""


def test_every_field_that_names_a_server_has_been_thought_about() -> None:
    told = re.compile(r"url|(^|_)hosts?$|server|endpoint|origin(s|$)|webhook")
    found = {
        f"{model._meta.label}.{field.name}"
        for model in apps.get_models()
        for field in model._meta.fields
        if isinstance(field, URLField) or told.search(field.name)
    }
    assert found == set(FIELDS)


def test_what_strangers_send_makes_us_connect_to_nothing(door: Door, client: Client, settings, tmp_path) -> None:
    settings.MEDIA_ROOT = tmp_path
    there = f"http://127.0.0.1:{door.port}/x"
    html = (
        f'<img src="{there}"><img srcset="{there} 2x"><p style="background:url({there})">x</p><link rel="stylesheet" href="{there}">'
        f'<video poster="{there}"></video><p hx-get="{there}" hx-trigger="load">x</p><iframe src="{there}"></iframe>{there}'
    )
    got = arrive(
        mail(there, html=html, List_Unsubscribe=f"<{there}>", Disposition_Notification_To=f"<{there}>"), make_mailbox()
    )
    caller = Caller(make_user("pbx", role="integration"))
    for number, host in enumerate(INSIDE):
        address = f"[{host}]" if ":" in host else host
        event = {
            "call_id": f"c{number}", "event_id": f"e{number}", "kind": "ended", "at": "2026-03-02T09:00:00Z",
            "recording_url": f"http://{address}:{door.port}/{number}",
        }  # fmt: skip
        answer = caller.post("calls/events/", {"source": "pbx-1", "events": [event]})
        assert answer.status_code < 500, answer.content
    client.force_login(make_user("boss", role="manager"))
    page = client.get(f"/cases/{got.case_id}/")
    assert page.status_code == 200
    for path in re.findall(r'src="(/(?!static/)[^"]+)"', page.content.decode()):
        assert client.get(path).status_code == 200
    outbox.send_due()
    assert door.knocks() == 0
    assert Case.objects.count() == 1
    assert CallEvent.objects.exclude(recording_url="").count() >= 10


def test_a_service_that_sends_us_elsewhere_is_not_followed(door: Door, settings) -> None:
    class Elsewhere(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(307)
            self.send_header("Location", f"http://127.0.0.1:{door.port}/")
            self.end_headers()

        def log_message(self, *_args: Any) -> None:
            """Quiet."""

    server = HTTPServer(("127.0.0.1", 0), Elsewhere)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    settings.SURVEY_SMS_URL, settings.SURVEY_SMS_SECRET = f"http://127.0.0.1:{server.server_port}/", "x"
    ruled(by_text=True)
    resolved(phone="+46701234567")
    make_customer()
    assert texts.send_due() == 0
    server.shutdown()
    server.server_close()
    assert door.knocks() == 0
