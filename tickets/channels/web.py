"""What customers write on our pages: the public form, and the page on which one looks after her case.

Whoever writes here has proved nothing. So she gets no text of anybody's by mail, and sees no answer of ours, before she has
opened the link that was sent to the address which she gave.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from zoneinfo import ZoneInfo

from django.db import connection, transaction
from django.template.loader import render_to_string
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from tickets import filetypes, intake, limits, merging, outbox, rules, status_links
from tickets.models import (
    DESK,
    Agreement,
    Attachment,
    BlockedSender,
    Case,
    CaseEvent,
    Channel,
    Client,
    Contact,
    Customer,
    Flag,
    Identity,
    Message,
    Outcome,
    OutgoingMail,
    Priority,
    Source,
    StatusLink,
    WebEntry,
    WebForm,
    WebFormTopic,
)
from tickets.models.case import CaseQuerySet
from tickets.public_forms import Upload

# Confirmations: to one address, and of one form to everybody. A form must not become a cannon, whoever loads it.
MAILS_PER_ADDRESS, MAILS_PER_FORM = 2, 200


@dataclass(frozen=True, slots=True)
class Written:
    """What somebody has filled in, read and within its limits."""

    address: intake.Address
    text: str
    name: str = ""
    subject: str = ""
    choice: WebFormTopic | None = None
    files: Sequence[Upload] = field(default_factory=list)

    def digest(self) -> str:
        """The same for the same content, so that a second press is known, and a second message is not taken for one."""
        parts = [self.address.value, self.name, self.subject, self.text, str(self.choice and self.choice.pk)]
        parts += [f"{file.name}:{file.size}" for file in self.files]
        return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:24]


def receive(form: WebForm, written: Written, *, key: str, language: str, is_suspect: bool = False) -> Contact:
    """Make a case of what was written. Sent again with the same key it is the same case.

    What a blocked sender or a machine has written is kept and marked: somebody may look, it counts nowhere, and no
    mail leaves for it.
    """
    name, at = f"web:{key}:{written.digest()}", timezone.now()
    source, _made = Source.objects.get_or_create(name=DESK)
    with transaction.atomic():
        _one_at_a_time(name)
        if known := Contact.objects.filter(source=source, external_id=name).first():
            return known
        is_spam = is_suspect or BlockedSender.objects.blocks(written.address.value)
        contact = _open_case(form, written, name, source=source, language=language, is_spam=is_spam, at=at)
        if not is_spam:
            confirm(contact, written.address, form)
    return contact


def _one_at_a_time(name: str) -> None:
    """Of two presses of one button the second waits here, and then finds what the first has made."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [name])


def _open_case(
    form: WebForm, written: Written, name: str, *, source: Source, language: str, is_spam: bool, at: datetime
) -> Contact:
    chosen = written.choice.topic if written.choice else None
    arrival = rules.Arrival(
        text=f"{written.subject}\n{written.text}",
        channel=Channel.WEB,
        form_id=form.pk,
        chosen_id=chosen.pk if chosen else None,
    )
    said = rules.decide(arrival, client_id=form.client_id)
    topic = said.topic or chosen
    customer = _customer(form, written, said.language or language)
    case = Case.open_new(
        by=None,
        source=source,
        client=form.client,
        channel=Channel.WEB,
        at=at,
        customer=customer,
        topic=topic,
        queue=said.queue or (written.choice and written.choice.queue) or form.queue,
        priority=said.priority or Priority.NORMAL,
        subject=written.subject,
        flags=[Flag.SPAM] if is_spam else [],
    )
    contact = _contact(case, name=name, source=source, at=at, customer=customer)
    WebEntry.objects.create(contact=contact, form=form, chosen=chosen)
    _write(case, contact, written.text, written.files, sender=written.address, at=at)
    contact.announce()
    return contact


def _customer(form: WebForm, written: Written, language: str) -> Customer:
    is_mail = written.address.kind == Identity.Kind.EMAIL
    address = {"email" if is_mail else "phone": written.address.value}
    customer = intake.find_or_make(client=form.client, name=written.name, **address)
    if not customer.language:
        Customer.objects.filter(pk=customer.pk).update(language=language)
        customer.language = language
    return customer


def _contact(
    case: Case, *, name: str, source: Source, at: datetime, customer: Customer, is_spam: bool = False
) -> Contact:
    return Contact.objects.create(
        source=source,
        external_id=name,
        client=case.client,
        channel=Channel.WEB,
        outcome=Outcome.RECEIVED,
        customer=customer,
        case=case,
        logged_case=case,
        topic=case.topic,
        queue=case.queue,
        subject=case.subject,
        started_at=at,
        flags=[Flag.SPAM] if is_spam else [],
        is_void=case.is_void,
    )


def _write(
    case: Case,
    contact: Contact,
    text: str,
    files: Sequence[Upload],
    *,
    at: datetime,
    sender: intake.Address | None = None,
    is_news: bool = True,
) -> Message:
    to = [sender.value] if sender and sender.kind == Identity.Kind.EMAIL else []
    message = case.messages.create(kind=Message.Kind.INCOMING, contact=contact, body=text, to=to, at=at)
    for file in files:
        Attachment.keep(file, name=file.name or "", content_type=filetypes.sniff(file), message=message)
    if is_news:
        case.record(CaseEvent.Kind.CUSTOMER_MESSAGE, by=None, at=at, message=message.pk, contact=contact.pk)
    return message


def confirm(contact: Contact, address: intake.Address, form: WebForm) -> OutgoingMail | None:
    """Say that it has come, when she hears from us, and where she can look. In our own words only."""
    case = contact.case
    assert case is not None
    if address.kind != Identity.Kind.EMAIL:
        return None
    if limits.is_over("web-mail-address", address.value, most=MAILS_PER_ADDRESS):
        return None
    if limits.is_over("web-mail-form", str(form.pk), most=MAILS_PER_FORM):
        return None
    link = status_links.give(case, is_proven=True)
    assert link is not None
    sender = outbox.one_line(case.client.name)
    language = (case.customer and case.customer.language) or case.client.language
    with translation.override(language), timezone.override(zone_of(case.client)):
        context = {
            "sender": sender,
            "number": case.pk,
            "link": status_links.url_for(link),
            "due_at": case.first_response_due_at,
            "language": language,
        }
        mail, _made = OutgoingMail.objects.put(
            key=f"web-{contact.pk}",
            to=address.value,
            case=case,
            sender_name=sender,
            subject=_("We have received your message: case %(number)s at %(sender)s") % context,
            text=render_to_string("mail/web_confirmation.txt", context),
            html=render_to_string("mail/web_confirmation.html", context),
            headers={"Auto-Submitted": "auto-replied", "X-Auto-Response-Suppress": "All"},
        )
    case.record(CaseEvent.Kind.AUTO_ACK, by=None, mail=mail.pk)
    outbox.ring()
    return mail


def zone_of(client: Client) -> ZoneInfo:
    """Where a client's customers live: moments are told by the clock on their wall."""
    agreement = Agreement.objects.in_force(client, timezone.now())
    return ZoneInfo(agreement.calendar.timezone) if agreement else ZoneInfo(timezone.get_default_timezone_name())


# ---- The page of one case --------------------------------------------------------------------------------------------
def write_more(link: StatusLink, text: str, *, key: str, files: Sequence[Upload] = ()) -> Contact:
    """Add what a customer writes on the page of her case. A case that was solved, or waited for her, is open again."""
    digest = hashlib.sha256("\0".join([text, *(f"{file.name}:{file.size}" for file in files)]).encode()).hexdigest()
    name, at = f"status:{key}:{digest[:24]}", timezone.now()
    source, _made = Source.objects.get_or_create(name=DESK)
    with transaction.atomic():
        _one_at_a_time(name)
        if known := Contact.objects.filter(source=source, external_id=name).first():
            return known
        case = Case.objects.select_for_update(no_key=True, of=("self",)).get(pk=now_at(link).pk)
        known_by = Identity.objects.filter(customer=link.customer_id).values_list("value", flat=True)
        is_blocked = any(BlockedSender.objects.blocks(address) for address in known_by)
        contact = _contact(case, name=name, source=source, at=at, customer=link.customer, is_spam=is_blocked)
        _write(case, contact, text, files, at=at, is_news=not is_blocked)
        if not is_blocked:
            case.wake(by=None, at=at)
            case.reopen(by=None, at=at) or case.carry_on(by=None, at=at)
        contact.announce()
    return contact


def now_at(link: StatusLink) -> Case:
    """The case that it is about by now: the one into which hers was merged."""
    case = link.case
    while case.merged_into is not None:
        case = case.merged_into
    return case


def messages_of(link: StatusLink) -> list[Message]:
    """What she wrote and what was written to her, oldest first. No note, and nothing from or to anybody else."""
    family = merging.family(now_at(link).pk)
    hers: CaseQuerySet = Case.objects.filter(pk__in=family, customer=link.customer_id)
    addresses = list(
        Identity.objects.filter(customer=link.customer_id, kind=Identity.Kind.EMAIL).values_list("value", flat=True)
    )
    kinds = [Message.Kind.INCOMING, Message.Kind.OUTGOING] if link.is_proven else [Message.Kind.INCOMING]
    found = Message.objects.filter(case__in=hers.values("pk"), kind__in=kinds).select_related("author", "contact")
    messages = [
        one for one in found.prefetch_related("attachments").order_by("at", "pk") if _is_hers(one, link, addresses)
    ]
    # What came by mail may quote what we wrote.
    return (
        messages if link.is_proven else [one for one in messages if one.contact and one.contact.channel == Channel.WEB]
    )


def _is_hers(message: Message, link: StatusLink, addresses: Sequence[str]) -> bool:
    if message.contact and message.contact.customer_id != link.customer_id:
        return False
    # A mail says who wrote it; what came by the form names its writer as the one it is between.
    between = [message.sender] if message.sender else message.to
    return not between or any(address.lower() in addresses for address in between)


def hears_next(case: Case) -> datetime | None:
    """When she hears from us: by the earliest promise, else by what the agreement says."""
    if not case.is_open:
        return None
    if case.next_promise_at:
        return case.next_promise_at
    if not case.events.filter(kind=CaseEvent.Kind.AGENT_REPLY).exists():
        return case.first_response_due_at or case.resolution_due_at
    return case.resolution_due_at
