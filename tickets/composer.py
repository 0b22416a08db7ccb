"""What the composer of a case shows: a draft, to whom it goes, what it begins with."""

from __future__ import annotations

from typing import Any

from tickets import richtext, sending
from tickets.models import Case, Draft, Message, Status, User

AFTER_SENDING = [Status.OPEN, Status.WAITING_CUSTOMER, Status.WAITING_THIRD_PARTY, Status.RESOLVED]


def composer_of(
    case: Case, user: User, kind: str, *, quoting: int | None = None, draft: Draft | None = None, **more: Any
) -> dict[str, Any]:
    """What the composer shows: the author's draft, or a new one that is kept once something is written."""
    if kind not in Draft.Kind.values:
        kept = case.drafts.filter(author=user, send_at=None).order_by("-updated_at")
        return {"case": case, "kept": kept, "seen": case.newest_event} | more
    draft = draft or case.drafts.filter(author=user, kind=kind, send_at=None).first()
    if draft is None:
        to = [sending.address_of(case)] if kind == Draft.Kind.REPLY else []
        draft = Draft(case=case, author=user, kind=kind, to=[one for one in to if one])
        draft.cc = sending.cc_of(case) if draft.to else []
        draft.seen = case.newest_event
        if kind == Draft.Kind.FORWARD:
            draft.html = quote_of(case, quoting)
    return {
        "case": case,
        "draft": draft,
        "kind": kind,
        "kinds": Draft.Kind.choices,
        "attachments": draft.attachments.all() if draft.pk else [],
        "seen": draft.seen,
        "thens": [(one.value, one.label) for one in AFTER_SENDING],
    } | more


def quote_of(case: Case, pk: int | None) -> str:
    """The message that is forwarded, with who wrote it and when; without one, the newest from the customer."""
    found = case.messages.exclude(kind=Message.Kind.NOTE)
    message = found.filter(pk=pk).first() if pk else found.filter(kind=Message.Kind.INCOMING).last()
    if message is None:
        return ""
    who = message.author or case.customer or ""
    words = richtext.from_text(f"{who}, {message.at:%Y-%m-%d %H:%M}:")
    text = message.html or richtext.from_text(message.body)
    return richtext.clean(f"<div><br></div>{words}<blockquote>{text}</blockquote>")
