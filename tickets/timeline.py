"""Everything that happened to a case, in one order: contacts, messages, notes, promises and changes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _

from tickets.models import (
    Attachment,
    Case,
    CaseEvent,
    Contact,
    Flag,
    Message,
    OutgoingMail,
    Priority,
    Promise,
    Queue,
    Status,
    Topic,
    User,
)
from tickets.prepared import Prepared

PAGE = 40
# Told by the message or promise itself, which says more.
TOLD_OTHERWISE = [CaseEvent.Kind.NOTE, CaseEvent.Kind.PROMISED, CaseEvent.Kind.PROMISE_CHANGED]
SYMBOLS = {
    "created": "plus",
    "resolved": "check",
    "reopened": "undo",
    "escalated": "up",
    "assigned": "user",
    "waiting_customer": "hourglass",
    "waiting_third_party": "hourglass",
    "merged": "link",
    "unmerged": "link",
    "agent_reply": "email",
    "customer_message": "email",
    "auto_ack": "email",
    "forwarded": "email",
    "snoozed": "hourglass",
    "woken": "undo",
    "consulted": "user",
    "answered": "user",
    "linked": "link",
    "unlinked": "link",
    "split": "link",
}


@dataclass(slots=True)
class Entry:
    """One line. `what` says which kind of thing `thing` is: event, message, contact or promise.

    `words` are what changed, ready to be read; `case` is set where it happened on a case that was merged into this one.
    """

    at: datetime
    what: str
    symbol: str
    thing: Any
    words: list[str] = field(default_factory=list)
    case: int = 0


@dataclass(slots=True)
class Timeline:
    """A page of entries, newest first; `before` is where the next page begins, None at the end."""

    entries: list[Entry]
    before: datetime | None = None


def of(
    numbers: Sequence[int], *, before: datetime | None = None, limit: int = PAGE, case: Case | None = None
) -> Timeline:
    """The newest entries of a case and those merged into it, older than `before`.

    `case`: the first of them as `for_page()` loaded it, which says what need not be asked for.
    """
    alone = case if case is not None and len(numbers) == 1 else None
    found = [*_events(numbers, before, limit), *_messages(numbers, before, limit, alone)]
    found += _contacts(numbers, before, limit)
    if alone is None or alone.may_have("promises"):
        found += _promises(numbers, before, limit)
    found.sort(key=lambda entry: entry.at, reverse=True)
    page = found[:limit]
    # What happened at the very moment of the last entry belongs to this page too, or no page would show it.
    page += [entry for entry in found[limit:] if entry.at == page[-1].at]
    _say_changes([entry for entry in page if entry.what == "event"])
    for entry in page:
        on = entry.thing.case_id
        entry.case = 0 if on == numbers[0] else on
    return Timeline(page, page[-1].at if len(found) > len(page) else None)


def news(numbers: Sequence[int], seen: int, *, user: User) -> list[CaseEvent]:
    """What others did after the event `seen`, oldest first, as far as it is worth a word."""
    later = CaseEvent.objects.filter(case__in=numbers, pk__gt=seen).exclude(actor=user)
    return list(later.exclude(kind=CaseEvent.Kind.CHANGED).select_related("actor").order_by("pk")[:20])


def _latest[Row: Any](
    rows: QuerySet[Row], name: str, numbers: Sequence[int], before: datetime | None, limit: int
) -> Iterable[Row]:
    narrowed = rows.filter(case__in=numbers)
    if before is not None:
        narrowed = narrowed.filter(**{f"{name}__lt": before})
    return narrowed.order_by(f"-{name}", "-pk")[: limit + 1]


def _newest(rows: Callable[[], QuerySet[Any]], name: str) -> Prepared[Any]:
    """The newest page of one case, which is what nearly everybody asks for."""
    return Prepared(lambda number: _latest(rows(), name, [number], None, PAGE))  # type: ignore[arg-type,return-value]


def _all_events() -> QuerySet[CaseEvent]:
    # A message tells of itself.
    told = Q(kind__in=["agent_reply", "customer_message", "forwarded"], data__has_key="message")
    return CaseEvent.objects.exclude(kind__in=TOLD_OTHERWISE).exclude(told).select_related("actor")


def _all_messages() -> QuerySet[Message]:
    return Message.objects.select_related("author")


def _all_contacts() -> QuerySet[Contact]:
    return Contact.objects.select_related("owner", "topic")


def _all_promises() -> QuerySet[Promise]:
    return Promise.objects.select_related("made_by")


NEWEST_EVENTS = _newest(_all_events, "at")
NEWEST_MESSAGES = _newest(_all_messages, "at")
NEWEST_CONTACTS = _newest(_all_contacts, "started_at")
NEWEST_PROMISES = _newest(_all_promises, "made_at")


def _events(numbers: Sequence[int], before: datetime | None, limit: int) -> Iterable[Entry]:
    is_first = before is None and len(numbers) == 1 and limit == PAGE
    rows = NEWEST_EVENTS(numbers[0]) if is_first else _latest(_all_events(), "at", numbers, before, limit)
    for event in rows:
        yield Entry(event.at, "event", SYMBOLS.get(event.kind, "settings"), event)


def _messages(numbers: Sequence[int], before: datetime | None, limit: int, alone: Case | None) -> Iterable[Entry]:
    is_first = before is None and len(numbers) == 1 and limit == PAGE
    found = NEWEST_MESSAGES(numbers[0]) if is_first else list(_latest(_all_messages(), "at", numbers, before, limit))
    ids = [message.pk for message in found]
    _attach(found, ids, alone)
    for message in found:
        symbol = "note" if message.kind == Message.Kind.NOTE else "email"
        yield Entry(message.at, "message", symbol, message)


def _attach(messages: list[Message], ids: list[int], alone: Case | None) -> None:
    """Give each message its files and how its delivery went, in two queries for all."""
    files: dict[int, list[Attachment]] = {}
    if ids and (alone is None or alone.may_have("files")):
        for one in Attachment.objects.filter(message__in=ids):
            files.setdefault(one.message_id or 0, []).append(one)
    mails: dict[int | None, OutgoingMail] = {}
    if ids and (alone is None or alone.may_have("mails")):
        delivered = Q(status=OutgoingMail.Status.SENT, bounced_at=None)
        missing = OutgoingMail.objects.exclude(delivered).filter(carries__in=ids)
        mails = {mail.carries_id: mail for mail in missing}
    for message in messages:
        message.files = files.get(message.pk, [])  # type: ignore[attr-defined]
        message.mail = mails.get(message.pk)  # type: ignore[attr-defined]


def _contacts(numbers: Sequence[int], before: datetime | None, limit: int) -> Iterable[Entry]:
    is_first = before is None and limit == PAGE
    rows = (
        NEWEST_CONTACTS(numbers[0]) if is_first else _latest(_all_contacts(), "started_at", numbers[:1], before, limit)
    )
    for contact in rows:
        yield Entry(contact.started_at, "contact", contact.channel, contact)


def _promises(numbers: Sequence[int], before: datetime | None, limit: int) -> Iterable[Entry]:
    is_first = before is None and len(numbers) == 1 and limit == PAGE
    rows = NEWEST_PROMISES(numbers[0]) if is_first else _latest(_all_promises(), "made_at", numbers, before, limit)
    for promise in rows:
        yield Entry(promise.made_at, "promise", "calendar", promise)


# ---- What changed, in words ------------------------------------------------------------------------------------------
def _say_changes(entries: list[Entry]) -> None:
    """Write on each entry what its event changed, with the names of what the log keeps as ids."""
    names = {
        "owner": _names(User, entries, "owner", "asked"),
        "queue": _names(Queue, entries, "queue"),
        "topic": _names(Topic, entries, "topic"),
    }
    for entry in entries:
        entry.words = list(_words(entry.thing, names))


def _names(model: Any, entries: list[Entry], *keys: str) -> dict[int, str]:
    ids: set[int] = set()
    for entry in entries:
        for key in keys:
            value = entry.thing.data.get(key)
            ids |= {one for one in (value if isinstance(value, list) else [value]) if isinstance(one, int)}
    return {pk: str(row) for pk, row in model.objects.in_bulk(ids).items()} if ids else {}


def _words(event: CaseEvent, names: dict[str, dict[int, str]]) -> Iterable[str]:
    labels = {"priority": dict(Priority.choices), "status": dict(Status.choices), "flags": dict(Flag.choices)}
    for key, value in event.data.items():
        if key == "owner" and event.kind == CaseEvent.Kind.ASSIGNED:
            yield names["owner"].get(value[1], _("nobody"))
        elif key == "asked" and isinstance(value, int):
            yield names["owner"].get(value, "")
        elif key in {"into", "to", "left"} and isinstance(value, int):
            yield f"#{value}"
        elif event.kind == CaseEvent.Kind.CHANGED and isinstance(value, list) and len(value) == 2:
            look: dict[Any, Any] = names.get(key, {}) | labels.get(key, {})
            old, new = (_said(one, look) for one in value)
            yield f"{_field_name(key)}: {old} → {new}"


def _said(value: Any, look: dict[Any, Any]) -> str:
    """One value, or several, as a person reads them."""
    values = value if isinstance(value, list) else [value]
    return ", ".join(str(look.get(one, one)) for one in values if one not in (None, "")) or "–"


def _field_name(key: str) -> str:
    return str(getattr(Case._meta.get_field(key), "verbose_name", key))  # noqa: SLF001 - Django's documented API
