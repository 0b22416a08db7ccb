"""Mails to test with, and the way of one through the desk."""

from __future__ import annotations

import atexit
from email.message import EmailMessage
from itertools import count
from typing import Any

from tickets.channels.email import backlog
from tickets.channels.email.reader import Reader
from tickets.channels.email.receive import receive
from tickets.models import Case, Draft, IncomingMail, Mailbox, OutgoingMail, User

READER = Reader()
atexit.register(READER.end)
_number = count(1)
MAJA = "Maja Lind <maja@example.com>"


def mail(
    text: str = "Where is my parcel?", *, html: str = "", files: dict[str, bytes] | None = None, **headers: Any
) -> bytes:
    """One mail as its sender's program writes it; `Reply_To="…"` becomes the header `Reply-To`."""
    message = EmailMessage()
    fields = {
        "From": MAJA,
        "To": "support@desk.example",
        "Subject": "Parcel",
        "Message-ID": f"<m{next(_number)}@example.com>",
    }
    for name, value in (fields | {name.replace("_", "-"): value for name, value in headers.items()}).items():
        if value is not None:
            message[name] = value
    message.set_content(text)
    if html:
        message.add_alternative(html, subtype="html")
    for name, content in (files or {}).items():
        message.add_attachment(content, maintype="application", subtype="octet-stream", filename=name)
    return message.as_bytes()


def arrive(raw: bytes, mailbox: Mailbox, **fields: Any) -> IncomingMail:
    """The mail is received, read and put where it belongs."""
    got, _is_new = receive(raw, mailbox=mailbox, **fields)
    # One child for all tests: to start one takes longer than to read a mail.
    backlog.carry_on(got.pk, READER)
    got.refresh_from_db()
    return got


def reply_from(case: Case, by: User, text: str = "<div>It is on its way.</div>") -> OutgoingMail:
    """An agent's reply that has left."""
    from django.utils import timezone

    from tickets import sending

    draft = sending.draft_of(case, "reply", by=by)
    draft.write(version=draft.version, html=text)
    sending.send(draft, despite_news=True)
    Draft.objects.leaving().update(send_at=timezone.now())
    assert sending.send_due() == 1
    return OutgoingMail.objects.filter(case=case, carries__isnull=False).latest("created_at")
