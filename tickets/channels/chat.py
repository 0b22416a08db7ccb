"""What a chat needs to know besides its own rows: who may begin one, whether anybody is there, how long it will take.

Whoever speaks in a chat has proved nothing, unless the site that shows it has signed who she is.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import time
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.core.cache import cache
from django.db.models import Q
from django.template.loader import render_to_string
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from tickets import intake, limits, outbox
from tickets.models import (
    AgentState,
    BlockedSender,
    Chat,
    ChatLine,
    ChatWidget,
    Contact,
    Customer,
    Flag,
    Identity,
    OpenWindow,
    OutgoingMail,
    Source,
    User,
    WindowRange,
)
from tickets.models.chat import GONE_AFTER, digest_of

LONGEST_IDENTITY = 2_000
# A name that was signed for longer than a day ahead could be used by whoever finds it in a page that was saved.
LONGEST_SIGNED = 24 * 3600
# An expected wait is told where so many were answered within this time; one or two prove nothing.
LATELY, ENOUGH = timedelta(hours=1), 5
TYPING_SECONDS = 6
# After the question whether she is still there.
LAST_CHANCE = timedelta(minutes=5)
AT_WORK = (AgentState.State.AVAILABLE, AgentState.State.BUSY, AgentState.State.AFTER_CALL)
TRANSCRIPTS_PER_ADDRESS = 3


@dataclass(frozen=True, slots=True)
class Visitor:
    """Who the site says that she is."""

    key: str
    name: str
    email: str


def read_identity(widget: ChatWidget, signed: str, signature: str) -> Visitor | None:
    """Who the site has signed that its visitor is; None for what was altered, has ended or was signed for another chat.

    `signed` is JSON with `id`, `exp` (seconds since 1970, a day ahead at most) and, as known, `email` and `name`;
    `signature` its HMAC-SHA256 by the chat's secret, in hexadecimal.
    """
    if not signed or len(signed) > LONGEST_IDENTITY or not signature.isascii():
        return None
    digests = [hmac.new(one.encode(), signed.encode(), hashlib.sha256).hexdigest() for one in widget.secrets()]
    # Each is compared, so that the time taken tells nothing.
    if sum(hmac.compare_digest(one, signature.lower()) for one in digests) == 0:
        return None
    try:
        said = json.loads(signed)
        key, ends = str(said["id"]), float(said["exp"])
    except (ValueError, KeyError, TypeError):
        return None
    if not key or not 0 < ends - time.time() <= LONGEST_SIGNED:
        return None
    return Visitor(key[:200], str(said.get("name") or "")[:100], str(said.get("email") or "")[:320])


def customer_of(widget: ChatWidget, visitor: Visitor) -> Customer:
    """The customer whom the site knows by that id, else the one with that address; made where there is none."""
    source, _made = Source.objects.get_or_create(name=f"site:{widget.client.code}")
    name = {"kind": Identity.Kind.EXTERNAL, "value": visitor.key, "source": source}
    known = Identity.objects.filter(**name).select_related("customer").first()
    if known:
        return known.customer
    address = intake.read_address(visitor.email) if visitor.email else None
    email = address.value if address and address.kind == Identity.Kind.EMAIL else ""
    customer = intake.find_or_make(client=widget.client, name=visitor.name or visitor.key, email=email)
    named, _made = Identity.objects.get_or_create(**name, defaults={"customer": customer})
    return named.customer


def begin(
    widget: ChatWidget, *, text: str, language: str, name: str = "", email: str = "", visitor: Visitor | None = None
) -> tuple[Chat, str]:
    """Begin a chat with what the visitor says of herself, or with what her site has signed."""
    if visitor is None:
        chat, key = Chat.begin(widget, text=text, language=language, name=name, email=email)
    else:
        customer = customer_of(widget, visitor)
        chat, key = Chat.begin(
            widget, text=text, language=language, name=visitor.name, email=visitor.email, customer=customer,
            is_verified=True,
        )  # fmt: skip
    if email and BlockedSender.objects.blocks(email):
        Contact.objects.filter(pk=chat.pk).update(flags=[Flag.SPAM])
        chat.leave()
    return chat, key


def chat_of(widget: ChatWidget, key: str) -> Chat | None:
    """The chat of this widget that the visitor's key opens."""
    if not key or len(key) > 100:
        return None
    found = Chat.objects.filter(widget=widget, key_hash=digest_of(key))
    return found.select_related("contact", "widget", "queue").first()


# ---- Is anybody there? -----------------------------------------------------------------------------------------------
def is_open(widget: ChatWidget, *, at: datetime | None = None) -> bool:
    """Whether it is within the client's hours. Where nobody has told us hours, there are none to be outside of."""
    at = at or timezone.now()
    known = WindowRange.objects.filter(client=widget.client).first()
    if known is None or not known.has_hours:
        return True
    return OpenWindow.objects.filter(client=widget.client, opens_at__lte=at, closes_at__gt=at).exists()


def opens_at(widget: ChatWidget, *, at: datetime | None = None) -> datetime | None:
    """When somebody is there again by the client's hours; None within them, or where there are none."""
    at = at or timezone.now()
    if is_open(widget, at=at):
        return None
    following = OpenWindow.objects.filter(client=widget.client, opens_at__gt=at).order_by("opens_at")
    return following.values_list("opens_at", flat=True).first()


def is_staffed(widget: ChatWidget, *, at: datetime | None = None) -> bool:
    """Whether somebody would answer: within the hours, and an agent of the queue is at work, if only in another talk."""
    there = AgentState.objects.running().filter(state__in=AT_WORK, agent__team__queues=widget.queue_id)
    return is_open(widget, at=at) and there.exists()


def ahead_of(chat: Chat) -> int:
    """How many wait before this one in the same queue."""
    if chat.waits_since is None:
        return 0
    earlier = Q(waits_since__lt=chat.waits_since) | Q(waits_since=chat.waits_since, pk__lt=chat.pk)
    return Chat.objects.waiting().filter(earlier, queue=chat.queue_id, waits_for=None).count()


def expected_minutes(chat: Chat, *, at: datetime | None = None) -> int | None:
    """How long it will take by the pace of the last hour; None where too few were answered to tell."""
    at = at or timezone.now()
    lately = Contact.objects.filter(
        chat__isnull=False, queue=chat.queue_id, answered_at__gt=at - LATELY, answered_at__lte=at
    ).count()
    if chat.waits_since is None or lately < ENOUGH:
        return None
    pace = LATELY.total_seconds() / lately
    return max(1, round((ahead_of(chat) + 1) * pace / 60))


# ---- Who is writing ----------------------------------------------------------------------------------------------------
def say_typing(chat: Chat, side: str, name: str = "") -> None:
    """Somebody is writing. Kept for seconds and never in the database."""
    if cache.get(_typing(chat.pk, side)) is None:
        chat.tell()
    cache.set(_typing(chat.pk, side), name or "1", TYPING_SECONDS)


def stop_typing(chat: Chat, side: str) -> None:
    cache.delete(_typing(chat.pk, side))


def who_types(chat: Chat, side: str) -> str:
    return cache.get(_typing(chat.pk, side)) or ""


def _typing(pk: int, side: str) -> str:
    return f"chat-typing:{pk}:{side}"


# ---- What is done without anybody pressing anything ------------------------------------------------------------------
def end_left(*, at: datetime | None = None) -> int:
    """End the chats whose visitors have gone, or say nothing any more. Return how many."""
    at = at or timezone.now()
    ended = 0
    for chat in Chat.objects.open().select_related("contact", "widget"):
        if chat.seen_at < at - GONE_AFTER:
            # She left when she was seen last, not when that was noticed.
            ended += chat.leave(at=max(chat.seen_at, chat.contact.answered_at or chat.contact.started_at))
        elif chat.waits_since is None:
            ended += _end_idle(chat, at)
    return ended


def _end_idle(chat: Chat, at: datetime) -> bool:
    spoke = chat.agent_spoke_at
    if spoke is None or spoke < chat.visitor_spoke_at:
        return False
    limit = timedelta(minutes=chat.widget.idle_minutes)
    asked = chat.lines.filter(kind=ChatLine.Kind.ASKED, at__gt=spoke).order_by("-at").first()
    if asked and asked.at < at - LAST_CHANCE:
        return chat.leave(at=at, kind=ChatLine.Kind.IDLE)
    if asked is None and spoke < at - limit:
        chat.say(ChatLine.Kind.ASKED, at=at)
    return False


# ---- The transcript by mail ------------------------------------------------------------------------------------------
def may_mail_to(chat: Chat) -> str:
    """The address that a transcript may go to: one that is proved to be hers. Anybody can type anybody's address, and a
    stranger's text must not go out in our name to whomever she names.
    """
    customer = chat.contact.customer
    if chat.is_verified and chat.email:
        return chat.email
    if customer is None or not chat.email:
        return ""
    known = customer.identities.filter(kind=Identity.Kind.EMAIL, value=chat.email.lower()).exists()
    return chat.email if known else ""


def mail_transcript(chat: Chat, *, by: User | None = None) -> OutgoingMail | None:
    """Send what was said to the visitor, once; None where it may not go to her address (yet)."""
    address = may_mail_to(chat)
    if not address or not chat.is_over or not chat.contact.answered_at:
        return None
    if limits.is_over("chat-transcript", address, most=TRANSCRIPTS_PER_ADDRESS):
        return None
    sender = outbox.one_line(chat.widget.client.name)
    with translation.override(chat.language):
        context = {
            "sender": sender,
            "lines": chat.transcript(),
            "at": chat.contact.started_at,
            "language": chat.language,
        }
        mail, made = OutgoingMail.objects.put(
            key=f"chat-{chat.pk}",
            to=address,
            case=chat.contact.case,
            sender_name=sender,
            subject=_("Your chat with %(sender)s") % context,
            text=render_to_string("mail/chat_transcript.txt", context),
            html=render_to_string("mail/chat_transcript.html", context),
            headers={"Auto-Submitted": "auto-generated", "X-Auto-Response-Suppress": "All"},
        )
    if made:
        outbox.ring()
    return mail
