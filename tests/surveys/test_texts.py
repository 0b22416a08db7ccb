"""The second channel: texts are handed over signed, once, tried again where that helps, and to nobody who does not want them."""

from __future__ import annotations

import hashlib
import hmac
import json
import threading
from collections.abc import Iterator
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest
from django.utils import timezone

from surveys import invite, links, texts
from surveys.asking import OptOut, SurveyRequest, SurveyRule
from surveys.models import Invitation, SurveyText
from tests.factories import make_case, make_customer
from tickets.models import OutgoingMail

pytestmark = pytest.mark.django_db
SECRET = "a secret of the service"


class Service(BaseHTTPRequestHandler):
    """What takes the texts: keeps what came, and answers as it is told."""

    came: list[dict[str, Any]] = []
    answers: list[int] = []

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        Service.came.append({"body": body, "signature": self.headers["X-Signature"]})
        self.send_response(Service.answers.pop(0) if Service.answers else 202)
        self.end_headers()

    def log_message(self, *_args: Any) -> None:
        """Quiet."""


@pytest.fixture
def service(settings) -> Iterator[type[Service]]:
    Service.came, Service.answers = [], []
    server = HTTPServer(("127.0.0.1", 0), Service)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    settings.SURVEY_SMS_URL = f"http://127.0.0.1:{server.server_port}/texts"
    settings.SURVEY_SMS_SECRET = SECRET
    yield Service
    server.shutdown()
    server.server_close()


def ruled(**fields: Any) -> SurveyRule:
    return SurveyRule.objects.create(**{"quiet_from": None, "quiet_to": None, "cool_down_days": 0, **fields})


def resolved(**customer: Any) -> None:
    make_case(customer=make_customer(language="en", **customer)).resolve(by=None)


def test_who_has_only_a_phone_is_asked_by_a_signed_text(service) -> None:
    ruled(by_text=True)
    resolved(phone="+46701234567")
    assert SurveyRequest.objects.get().decision == "asked"
    assert not OutgoingMail.objects.exists()
    assert texts.send_due() == 1
    (came,) = service.came
    assert came["signature"] == "sha256=" + hmac.new(SECRET.encode(), came["body"], hashlib.sha256).hexdigest()
    body = json.loads(came["body"])
    assert body["to"] == "+46701234567"
    assert body["text"].endswith(links.url_for(Invitation.objects.get()))
    assert texts.send_due() == 0
    assert SurveyText.objects.get().status == "sent"


@pytest.mark.parametrize(("by_text", "url"), [(False, True), (True, False)])
def test_without_a_rule_or_a_service_nobody_gets_a_text(service, settings, by_text: bool, url: bool) -> None:
    if not url:
        settings.SURVEY_SMS_URL = ""
    ruled(by_text=by_text)
    resolved(phone="+46701234567")
    assert SurveyRequest.objects.get().decision == "no_address"
    assert not SurveyText.objects.exists()


def test_what_was_not_taken_is_tried_again_and_what_is_refused_given_up(service) -> None:
    ruled(by_text=True)
    resolved(phone="+46701234567")
    service.answers = [503]
    assert texts.send_due() == 0
    one = SurveyText.objects.get()
    assert (one.status, one.attempts, one.last_error) == ("waiting", 1, "answered 503")
    assert one.send_at > timezone.now()
    assert texts.send_due(one.send_at + timedelta(seconds=1)) == 1
    ids = {json.loads(came["body"])["id"] for came in service.came}
    assert len(ids) == 1  # the same text, by which the service knows it
    resolved(phone="+46701234568")
    service.answers = [400]
    assert texts.send_due() == 0
    assert SurveyText.objects.order_by("-pk")[0].status == "dead"


def test_a_service_that_is_away_loses_nothing_and_no_number_is_logged(service, settings, caplog) -> None:
    ruled(by_text=True)
    resolved(phone="+46701234567")
    settings.SURVEY_SMS_URL = "http://127.0.0.1:9/"
    assert texts.send_due() == 0
    assert SurveyText.objects.get().status == "waiting"
    assert "4670" not in caplog.text


def test_who_has_not_answered_the_mail_is_reminded_once(service) -> None:
    ruled(remind_after_days=3)
    resolved(email="maja@example.org", phone="+46701234567")
    resolved(email="bo@example.org", phone="+46701234568")
    resolved(email="no@example.org", phone="+46701234569")
    Invitation.objects.get(mail__to="bo@example.org").answer(csat=5)
    OptOut.wish("no@example.org")
    now = timezone.now()
    assert texts.remind_due(now + timedelta(days=2, hours=23)) == 0
    assert texts.remind_due(now + timedelta(days=3, minutes=1)) == 1
    assert texts.remind_due(now + timedelta(days=4)) == 0
    assert SurveyText.objects.get().to == "+46701234567"


def test_whoever_was_asked_by_text_can_say_no_more(client, service) -> None:
    ruled(by_text=True)
    resolved(phone="+46701234567")
    token = links.token_for(Invitation.objects.get())
    client.post(f"/s/{token}/no-more")
    assert OptOut.holds("+46701234567")
    resolved_again = make_case(customer=Invitation.objects.get().customer)
    resolved_again.resolve(by=None)
    assert SurveyRequest.objects.get(case=resolved_again).decision == "opted_out"
    assert invite.ask_due() == 0
