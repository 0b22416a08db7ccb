"""A visitor of a chat who says that she is somebody else.

Chatwoot's and Intercom's widgets gave the history of whoever's address was written into the page's script, until sites turned on
"identity verification" (Chatwoot GHSA on contact identifiers; Zendesk's chat by e-mail alone). Here only a name that the host
site has signed is anybody's; every other visitor is nobody, joins no customer, sees no case and no earlier line.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import time

import pytest
from django.test import Client

from tests.factories import make_case, make_chat_widget, make_customer, make_user
from tests.tickets.channels.test_chat import Visitor, signed
from tickets import stamps
from tickets.channels import chat as channel
from tickets.models import Chat, Contact, Identity

pytestmark = pytest.mark.django_db
SECRET_WORDS = ("canary-case", "canary-message", "canary-line", "Maja Lind")


@pytest.fixture
def widget():
    return make_chat_widget(origins=["https://shop.example"])


@pytest.fixture
def maja(widget):
    """Known to the site, with a case and an earlier chat."""
    customer = make_customer("Maja Lind", email="maja@example.com", phone="+46701234567")
    make_case(customer=customer, subject="canary-case").log_message("canary-message", kind="incoming", by=None)
    visitor = channel.read_identity(widget, *signed(widget))
    earlier, _key = channel.begin(widget, text="canary-line", language="en", visitor=visitor)
    assert earlier.contact.customer == customer
    earlier.end(by=None)
    return customer


def forgeries(widget):
    said, signature = signed(widget)
    other = make_chat_widget("other")
    plain = json.dumps({"id": "4711", "email": "maja@example.com", "exp": time.time() + 600})
    return {
        "none": {},
        "name alone": {"signed": said},
        "signature alone": {"signature": signature},
        "a word": {"signed": said, "signature": "x"},
        "blank": {"signed": said, "signature": ""},
        "altered": {"signed": said.replace("Maja", "Mája"), "signature": signature},
        "another's": {"signed": said, "signature": signed(other)[1]},
        "another's secret": dict(zip(("signed", "signature"), signed(widget, other.secret()), strict=True)),
        "no secret": {"signed": plain, "signature": hmac.new(b"", plain.encode(), hashlib.sha256).hexdigest()},
        "a plain digest": {"signed": plain, "signature": hashlib.sha256(plain.encode()).hexdigest()},
        "over": dict(zip(("signed", "signature"), signed(widget, exp=time.time() - 1), strict=True)),
        "for ever": dict(zip(("signed", "signature"), signed(widget, exp=time.time() + 10**9), strict=True)),
        "typed": {"name": "Maja Lind", "email": "maja@example.com"},
    }


NAMES = [
    "none", "name alone", "signature alone", "a word", "blank", "altered", "another's", "another's secret", "no secret", "a plain digest",
    "over", "for ever", "typed",
]  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
def test_whoever_is_not_signed_for_is_nobody_and_reads_nothing(widget, maja, name) -> None:
    tried = forgeries(widget)
    assert sorted(tried) == sorted(NAMES)
    before = Contact.objects.filter(customer=maja).count()
    visitor = Visitor(widget, **tried[name])
    assert visitor.answer.status_code == 200
    chat = Chat.objects.order_by("-pk")[0]
    assert (chat.is_verified, chat.contact.customer, chat.contact.case) == (False, None, None)
    answers = [visitor.answer, visitor.get("news/"), visitor.get("news/", after="0"), visitor.http.get(visitor.base)]
    typed = "Maja Lind" if name == "typed" else None
    for answer in answers:
        assert not [word for word in SECRET_WORDS if word in answer.content.decode() and word != typed]
    # Taken, answered and ended: still nothing of it is hers.
    chat.take(by=make_user("anna"))
    chat.say("agent", "Hello", by=None)
    visitor.post("leaving/")
    assert Contact.objects.filter(customer=maja).count() == before
    assert Identity.objects.filter(customer=maja).count() == 3


def test_she_who_is_signed_for_is_known_and_still_reads_only_this_chat(widget, maja) -> None:
    visitor = Visitor(widget, **dict(zip(("signed", "signature"), signed(widget), strict=True)))
    assert Chat.objects.order_by("-pk")[0].contact.customer == maja
    said = visitor.get("news/").content.decode()
    assert not [word for word in SECRET_WORDS if word in said]


def test_no_other_site_may_show_the_frame_or_read_an_answer(widget) -> None:
    client = Client(headers={"Origin": "https://evil.example"})
    page = client.get(widget.get_absolute_url())
    assert "https://shop.example" in page["Content-Security-Policy"]
    assert "evil.example" not in page["Content-Security-Policy"]
    begun = client.post(
        f"{widget.get_absolute_url()}beginning/", {"stamp": stamps.make(f"chat:{widget.pk}"), "text": "Hi"}
    )
    assert "Access-Control-Allow-Origin" not in begun
    # A page of another site has no stamp of ours, since it cannot read the frame.
    assert client.post(f"{widget.get_absolute_url()}beginning/", {"text": "Hi"}).status_code == 422
