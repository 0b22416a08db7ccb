"""From a draft to a message that has left.

Pressing "send" only says when the draft is to leave. When that moment has come, one transaction makes the message, the
event, the mail in the outbox and whatever the agent wanted to become of the case. Safe to run twice and side by side.
"""

from __future__ import annotations

import re
from datetime import datetime, timedelta

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction
from django.template.loader import render_to_string
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from tickets import outbox, richtext, status_links, teamwork
from tickets.live import announce
from tickets.models import (
    LIVE_CHANNELS,
    Attachment,
    Case,
    CaseEvent,
    Contact,
    Draft,
    Identity,
    IncomingMail,
    Mailbox,
    Message,
    Notice,
    OutgoingMail,
    Status,
    User,
)
from tickets.models.draft import UNDO

BATCH = 50
MOST_ADDRESSES = 20
# An id that may stand in a header of ours as it is.
_ID = re.compile(r"<[\w.+$%=!#~/-]{1,120}@[\w.-]{1,120}>", re.ASCII)
# Who wrote one of these since may have said something that the reply should answer.
NEWS = (CaseEvent.Kind.CUSTOMER_MESSAGE, CaseEvent.Kind.AGENT_REPLY)


class NewerError(Exception):
    """Something came that the author has not seen. Nothing was sent."""


def draft_of(case: Case, kind: str, *, by: User) -> Draft:
    """Return the author's draft of that kind, made with the addresses that it would go to."""
    to = [address_of(case)] if kind == Draft.Kind.REPLY and address_of(case) else []
    draft, _made = Draft.objects.get_or_create(
        case=case, author=by, kind=kind, send_at=None, defaults={"to": to, "cc": cc_of(case) if to else []}
    )
    return draft


def address_of(case: Case) -> str:
    """The address that the customer wrote from last, else one that we know her by."""
    if case.customer_id is None:
        return ""
    known = [one.value for one in case.customer.known_by if one.kind == Identity.Kind.EMAIL] if case.customer else []
    last = (
        case.messages.filter(kind=Message.Kind.INCOMING, contact__customer=case.customer_id).exclude(sender="").last()
    )
    return last.sender if last and last.sender in known else (known[0] if known else "")


def cc_of(case: Case) -> list[str]:
    """Whoever had a copy of our last reply has one of the next."""
    last = case.messages.filter(kind=Message.Kind.OUTGOING).last()
    return list(last.cc) if last else []


def read_addresses(text: str) -> list[str]:
    """Read addresses with commas, semicolons or blanks between them, each once.

    Raises:
        ValidationError: One is no address, or there are too many.
    """
    found = list(dict.fromkeys(part.lower() for part in text.replace(";", " ").replace(",", " ").split()))
    for address in found:
        try:
            validate_email(address)
        except ValidationError:
            raise ValidationError(_("“%(text)s” is not an e-mail address.") % {"text": address}) from None
    if len(found) > MOST_ADDRESSES:
        raise ValidationError(_("A message goes to %(most)d addresses at most.") % {"most": MOST_ADDRESSES})
    return found


def send(draft: Draft, *, then: str = "", at: datetime | None = None, despite_news: bool = False) -> datetime:
    """Have the draft leave: in a few seconds, or at a moment to come. Return when.

    Raises:
        NewerError: Something came since the author looked, and she has not said that it goes out all the same.
        ValidationError: It is empty, goes to nobody, or the moment has passed.
    """
    if richtext.is_empty(draft.html) and not draft.attachments.exists():
        raise ValidationError(_("There is nothing to send yet."))
    if not draft.to:
        raise ValidationError(_("Write to whom it goes."))
    now = timezone.now()
    if at is not None and at <= now:
        raise ValidationError(_("That moment has passed."))
    if not despite_news and has_news(draft):
        raise NewerError
    leaves_at = at or now + UNDO
    last = draft.case.events.order_by("-pk").values_list("pk", flat=True).first() or 0
    Draft.objects.filter(pk=draft.pk).update(seen=last)
    draft.schedule(at=leaves_at, then=then)
    announce(f"case:{draft.case_id}")
    return leaves_at


def has_news(draft: Draft) -> bool:
    """Whether somebody else wrote on the case after what the author has seen."""
    news = draft.case.events.filter(pk__gt=draft.seen, kind__in=NEWS)
    return news.exclude(actor=draft.author_id).exists()


def send_due(limit: int = BATCH) -> int:
    """Let every draft leave whose moment has come. Return how many did."""
    left = 0
    for pk in list(Draft.objects.due(timezone.now()).values_list("pk", flat=True)[:limit]):
        left += leave(pk)
    return left


def leave(pk: int) -> bool:
    """Let one draft leave, or make it a draft again and say why. One of two workers does it."""
    with transaction.atomic():
        waiting = (
            Draft.objects.due(timezone.now()).select_related("author").select_for_update(skip_locked=True, of=("self",))
        )
        draft = waiting.filter(pk=pk).first()
        if draft is None:
            return False
        draft.case = Case.objects.select_for_update(no_key=True).get(pk=draft.case_id)
        if why := why_held(draft):
            hold(draft, why)
            return False
        message = become_message(draft)
        what_then(draft, at=message.at)
        draft.delete()
    return True


def why_held(draft: Draft) -> str:
    if draft.case.status == Status.MERGED:
        return Draft.Held.GONE
    # Only what came from the customer stops what its author has sent already.
    news = draft.case.events.filter(pk__gt=draft.seen, kind=CaseEvent.Kind.CUSTOMER_MESSAGE)
    if news.exists():
        return Draft.Held.NEWER
    return "" if draft.to else Draft.Held.NO_ADDRESS


def hold(draft: Draft, why: str) -> None:
    """Make it a draft again, and tell its author."""
    if draft.take_back():
        Draft.objects.filter(pk=draft.pk).update(held=why)
        teamwork.notify([draft.author_id], draft.case, Notice.Kind.HELD, by=None)
        announce(f"case:{draft.case_id}")


def become_message(draft: Draft) -> Message:
    """Write the message, its event and the mail that carries it, in the caller's transaction."""
    case, by, at = draft.case, draft.author, timezone.now()
    message = case.messages.create(
        kind=draft.message_kind,
        author=by,
        body=richtext.to_text(draft.html),
        html=draft.html,
        to=draft.to,
        cc=draft.cc,
        at=at,
    )
    Attachment.objects.filter(draft=draft).update(draft=None, message=message)
    is_reply = draft.kind == Draft.Kind.REPLY
    kind = CaseEvent.Kind.AGENT_REPLY if is_reply else CaseEvent.Kind.FORWARDED
    case.record(kind, by=by, at=at, message=message.pk)
    put_mail(message)
    if is_reply:
        answered(case, draft, at=at)
    return message


def answered(case: Case, draft: Draft, *, at: datetime) -> None:
    """The customer has heard from us: her letters are answered, and a promised update is kept."""
    by = draft.author
    letters = Contact.objects.filter(case=case, direction="inbound", answered_at=None, ended_at=None)
    for contact in letters.exclude(channel__in=LIVE_CHANNELS).exclude(outcome="blocked").order_by("started_at"):
        contact.reply_to(by=by, at=at, worked=draft.worked)
        # The time that one reply took is counted once.
        draft.worked = timedelta()
    for promise in case.promises.pending().filter(kind="update"):
        case.keep(promise, by=by, at=at)
    if case.owner_id is None and case.is_open:
        case.assign(to=by, by=by, at=at)
    teamwork.tell_followers(case, by=by)


def what_then(draft: Draft, *, at: datetime) -> None:
    """Do with the case what its author chose when she sent the message."""
    case, by = draft.case, draft.author
    if draft.then == Status.RESOLVED:
        case.resolve(by=by, at=at)
    elif draft.then in {Status.WAITING_CUSTOMER, Status.WAITING_THIRD_PARTY}:
        case.wait(on=Status(draft.then), by=by, at=at)
    elif draft.then == Status.OPEN:
        case.reopen(by=by, at=at) or case.carry_on(by=by, at=at)


def put_mail(message: Message) -> OutgoingMail:
    """Put the mail that carries a message into the outbox, on the thread that the customer's program shows."""
    case = message.case
    assert case is not None
    headers = thread_headers(case)
    mailbox = Mailbox.objects.of_case(case)
    if mailbox:
        headers["Reply-To"] = mailbox.reply_to(case)
    language = (case.customer and case.customer.language) or case.client.language or None
    with translation.override(language or translation.get_language()):
        link = status_links.url_in(message)
        context = {"case": case, "message": message, "sender": message.author, "mailbox": mailbox, "link": link}
        text = render_to_string("mail/message.txt", context)
        html = render_to_string("mail/message.html", context)
    mail, _made = OutgoingMail.objects.put(
        key=f"message-{message.pk}",
        to=message.to[0],
        cc=message.cc,
        sender_name=case.client.name,
        subject=subject_of(case, message),
        text=text,
        html=html,
        headers=headers,
        case=case,
        carries=message,
    )
    outbox.ring()
    return mail


def thread_headers(case: Case) -> dict[str, str]:
    """Name the mails before this one, theirs and ours, so that the customer's program shows all of them together."""
    ours = case.outgoing_mails.filter(carries__isnull=False).values_list("created_at", "message_id")
    theirs = IncomingMail.objects.filter(case=case, message__isnull=False).values_list("received_at", "mail_id")
    ids = [one for _at, one in sorted([*ours, *theirs]) if _ID.fullmatch(one)][-10:]
    return {"References": " ".join(ids), "In-Reply-To": ids[-1]} if ids else {}


def subject_of(case: Case, message: Message) -> str:
    about = outbox.one_line(case.subject, 200) or _("Your case")
    mark = "Fwd" if message.kind == Message.Kind.FORWARD else "Re"
    return f"{mark}: {about} [#{case.number}]"


def take_back(draft: Draft) -> bool:
    """Undo: what was about to leave is a draft again, and nothing has happened."""
    done = draft.take_back()
    if done:
        announce(f"case:{draft.case_id}")
    return done
