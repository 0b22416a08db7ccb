"""Make of a mail that was read what it is: a new case, a word on one, or a machine's notice. One transaction, done once."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.core.files.storage import default_storage
from django.db import transaction
from django.utils import translation
from django.utils.translation import gettext as _

from tickets import filetypes, intake, mail_ids, rules, teamwork
from tickets.channels.email import acknowledge, threads, verdict
from tickets.channels.email.thanks import is_only_thanks
from tickets.live import announce
from tickets.models import (
    DESK,
    Attachment,
    BlockedSender,
    Case,
    Channel,
    Contact,
    Customer,
    Direction,
    Flag,
    IncomingMail,
    Message,
    Outcome,
    OutgoingMail,
    Priority,
    Source,
    Status,
)

Kind = IncomingMail.Kind
LONGEST_NAME = 100


def apply(mail: IncomingMail) -> None:
    """Put a mail that was read where it belongs. The caller sees to it that nobody else does."""
    said = mail.letter
    kind = what_it_is(mail)
    with transaction.atomic(), translation.override(mail.mailbox.language or mail.mailbox.client.language):
        if kind == Kind.BOUNCE:
            came_back(mail)
        elif kind in {Kind.AUTOMATIC, Kind.LIST}:
            if case := threads.find(said).case:
                keep_notice(mail, case)
        elif kind != Kind.LOOP:
            kind = take(mail)
        is_stub = bool(said.get("stub"))
        mail.state = IncomingMail.State.STUB if is_stub else IncomingMail.State.APPLIED
        mail.kind = kind
        changed = ["state", "kind", "case", "message", "reports_on"]
        if paths := [file["path"] for file in said.get("files", []) if file.get("path")]:
            # Where its files went, by which its pictures find them.
            changed.append("letter")
            transaction.on_commit(lambda: forget(paths), robust=True)
        mail.save(update_fields=changed)


def forget(paths: list[str]) -> None:
    for path in paths:
        default_storage.delete(path)


def what_it_is(mail: IncomingMail) -> str:
    """Say which kind it is; LETTER for everything that a person wrote."""
    said = mail.letter
    if said["kind"] == verdict.BOUNCE:
        return Kind.BOUNCE
    if mail_ids.case_of_id(mail.mail_id) is not None or threads.is_own(said["sender"]):
        return Kind.LOOP
    if said["kind"] == verdict.AUTOMATIC:
        return Kind.AUTOMATIC
    if said["kind"] == verdict.LIST and not mail.mailbox.takes_lists:
        return Kind.LIST
    return Kind.LETTER


# ---- What a person wrote ---------------------------------------------------------------------------------------------
def take(mail: IncomingMail) -> str:
    """Put it on the case that it belongs to, or open one. Return which of the two."""
    said = mail.letter
    is_doubtful = threads.is_denied(said.get("checks", []), mail.mailbox.checked_by)
    # What only says that it is from a customer goes on no case of hers, and is no word of hers.
    thread = threads.denied(said) if is_doubtful else threads.find(said)
    customer = None if is_doubtful else customer_of(mail)
    if thread.case is None:
        is_spam = BlockedSender.objects.blocks(said["sender"])
        case = open_case(mail, customer, is_spam=is_spam)
        message = write(mail, case, customer, at=mail.received_at)
        if is_doubtful:
            Message.objects.filter(pk=message.pk).update(is_doubtful=True)
        if thread.hint:
            case.messages.create(
                kind=Message.Kind.NOTE, body=thread.hint, at=mail.received_at + timedelta(microseconds=2)
            )
        # A list, a mail that could not be read, and who is blocked get no answer.
        if said["kind"] == verdict.PERSON and customer is not None and not is_spam:
            acknowledge.acknowledge(case, mail, said["sender"])
        return Kind.LETTER
    case = Case.objects.select_for_update(no_key=True).get(pk=thread.case.pk)
    # Never before what has happened already, and never at the same moment: the log tells by time what came first.
    at = max(mail.received_at, case.updated_at + timedelta(microseconds=1))
    thanks = is_only_thanks(said["new"] or said["text"]) and not said["files"]
    if BlockedSender.objects.blocks(said["sender"]):
        # Kept, and nobody is called to it.
        write(mail, case, customer, at=at, flags=[Flag.SPAM])
        return Kind.REPLY
    write(mail, case, customer, at=at, flags=[Flag.THANKS] if thanks else [])
    if case.status == Status.RESOLVED:
        case.reopen(by=None, at=at, is_valid=not thanks)
    elif case.status == Status.WAITING_CUSTOMER:
        case.carry_on(by=None, at=at)
    teamwork.tell_followers(case, by=None)
    return Kind.REPLY


def customer_of(mail: IncomingMail) -> Customer | None:
    """The customer with the sender's address, made where there is none; None where that is no address."""
    said, mailbox = mail.letter, mail.mailbox
    if intake.read_address(said["sender"]) is None:
        return None
    customer = intake.find_or_make(client=mailbox.client, name=name_of(said["name"]), email=said["sender"])
    if not customer.language and mailbox.language:
        Customer.objects.filter(pk=customer.pk).update(language=mailbox.language)
        customer.language = mailbox.language
    return customer


def name_of(name: str) -> str:
    """A name as it may stand in a page and in a mail: an address in it would become a link."""
    return "" if "://" in name or "www." in name.lower() else name[:LONGEST_NAME]


def open_case(mail: IncomingMail, customer: Customer | None, *, is_spam: bool = False) -> Case:
    """Open a case as the rules of intake say, and where they say nothing as the mailbox does."""
    said, mailbox = mail.letter, mail.mailbox
    text = f"{said['subject']}\n{said['new'] or said['text']}"
    rule = rules.decide(rules.Arrival(text, Channel.EMAIL, mailbox=mailbox.address), client_id=mailbox.client_id)
    return Case.open_new(
        by=None,
        client=mailbox.client,
        channel=Channel.EMAIL,
        at=mail.received_at,
        customer=customer,
        topic=rule.topic,
        queue=rule.queue or mailbox.queue,
        priority=rule.priority or Priority.NORMAL,
        flags=[Flag.SPAM] if is_spam else [],
        subject=said["subject"] or _("(no subject)"),
    )


def write(
    mail: IncomingMail, case: Case, customer: Customer | None, *, at: datetime, flags: list[str] | None = None
) -> Message:
    """Write the contact and the message of one mail, with its files."""
    said = mail.letter
    contact = Contact.objects.create(
        source=case.source if case.source.name == DESK else Source.objects.get_or_create(name=DESK)[0],
        external_id=f"mail-{mail.pk}",
        client=case.client,
        channel=Channel.EMAIL,
        direction=Direction.INBOUND,
        outcome=Outcome.RECEIVED,
        customer=customer,
        case=case,
        logged_case=case,
        queue=case.queue,
        topic=case.topic,
        subject=said["subject"],
        started_at=mail.received_at,
        flags=flags or [],
        is_void=case.is_void,
    )
    message = case.log_message(
        said["text"], kind=Message.Kind.INCOMING, by=None, at=at, contact=contact, **columns(said)
    )
    attach(mail, message)
    mail.case, mail.message = case, message
    contact.announce()
    return message


def columns(said: dict[str, Any]) -> dict[str, Any]:
    """What a message keeps of a mail beside its text."""
    layout = Message.Layout.PICTURES if said["outside"] else Message.Layout.OWN
    return {
        "sender": said["sender"],
        "to": said["to"],
        "cc": said["cc"],
        "new_text": said["new"],
        "layout": layout if said["html"] else "",
    }


def attach(mail: IncomingMail, message: Message) -> None:
    for file in mail.letter["files"]:
        with default_storage.open(file["path"]) as content:
            kept = Attachment.keep(content, name=file["name"], content_type=filetypes.sniff(content), message=message)
        # By this the picture in its text finds it.
        file["attachment"] = str(kept.pk)


# ---- What a machine wrote --------------------------------------------------------------------------------------------
def keep_notice(mail: IncomingMail, case: Case) -> None:
    """Show an automatic reply on the case that it answers. It is no word of the customer: no event, no contact."""
    said = mail.letter
    at = max(mail.received_at, case.created_at)
    message = case.messages.create(
        kind=Message.Kind.INCOMING, body=said["text"], at=at, is_automatic=True, **columns(said)
    )
    attach(mail, message)
    mail.case, mail.message = case, message
    announce(f"case:{case.pk}")


def came_back(mail: IncomingMail) -> None:
    """Write on the mail that did not arrive why it did not, and tell those who count on it."""
    said = mail.letter.get("report") or {}
    ours = [one for one in said.get("ids", []) if mail_ids.case_of_id(one) is not None]
    sent = OutgoingMail.objects.filter(message_id__in=ours).select_related("case", "carries").first()
    if sent is None:
        return
    mail.reports_on, mail.case = sent, sent.case
    for_good = said["action"] == "failed" or (said["action"] == "" and not said["status"].startswith("4"))
    if not for_good or not sent.came_back(f"{said['status']} {said['reason']}".strip()) or sent.case is None:
        return
    author = sent.carries.author_id if sent.carries else None
    teamwork.notify([author] if author else [], sent.case, "followed", by=None)
    teamwork.tell_followers(sent.case, by=None)
    announce(f"case:{sent.case.pk}")
