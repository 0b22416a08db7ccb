"""Send what waits in the outbox: claim a few rows, send them outside the transaction, write down how it went.

At least once: a worker that dies between sending and writing it down leaves the row to be sent again, with the same
Message-ID. Safe to run side by side and at any moment.
"""

from __future__ import annotations

import logging
import re
import smtplib
import time
from email.headerregistry import Address
from email.utils import parseaddr
from typing import TYPE_CHECKING

from celery import current_app
from django.conf import settings
from django.core.files.storage import default_storage
from django.core.mail import EmailMultiAlternatives, mailers
from django.db import transaction
from django.db.models import F
from django.utils import timezone

from tickets.doorbell import once_on_commit
from tickets.models.outbox import LEASE, MAX_ATTEMPTS, OutgoingMail

if TYPE_CHECKING:
    from django.core.mail.backends.base import BaseEmailBackend

log = logging.getLogger(__name__)

BATCH = 20
# A run ends well before Celery would end it; what is left waits for the next one.
SECONDS_A_RUN = 40


def send_due() -> int:
    """Send every mail that is due and return how many went out."""
    give_up_exhausted()
    stop_at = time.monotonic() + SECONDS_A_RUN
    sent = 0
    while time.monotonic() < stop_at and (mails := claim()):
        sent += deliver(mails, stop_at=stop_at)
    return sent


def claim(limit: int = BATCH) -> list[OutgoingMail]:
    """Take some due mails for this worker alone. Until the lease ends nobody else sees them as due."""
    now = timezone.now()
    with transaction.atomic():
        due = OutgoingMail.objects.due(now).filter(attempts__lt=MAX_ATTEMPTS).select_related("carries", "case")
        mails = list(due.select_for_update(skip_locked=True, of=("self",))[:limit])
        OutgoingMail.objects.filter(pk__in=[mail.pk for mail in mails]).update(
            attempts=F("attempts") + 1, send_at=now + LEASE
        )
    for mail in mails:
        mail.attempts += 1
    return mails


def give_up_exhausted() -> int:
    """Give up mails whose last attempt ended with its worker: nobody was left to write down that it failed."""
    exhausted = OutgoingMail.objects.due(timezone.now()).filter(attempts__gte=MAX_ATTEMPTS)
    return exhausted.order_by().update(
        status=OutgoingMail.Status.DEAD, last_error="The worker ended during the last attempt."
    )


def deliver(mails: list[OutgoingMail], *, stop_at: float) -> int:
    """Send claimed mails over one connection and return how many went out."""
    connection = mailers.default
    sent = 0
    try:
        for mail in mails:
            if time.monotonic() >= stop_at:
                mail.give_back()
            elif send_one(mail, connection):
                sent += 1
    finally:
        close_quietly(connection)
    return sent


def send_one(mail: OutgoingMail, connection: BaseEmailBackend) -> bool:
    try:
        connection.open()
        connection.send_messages([message_of(mail)])
    except Exception as error:  # noqa: BLE001 - whatever went wrong is written on the row, which people see
        mail.mark_failed(words_of(error), for_good=is_permanent(error))
        log.warning("Mail %s was not sent at attempt %s: %s", mail.pk, mail.attempts, type(error).__name__)
        # The connection may be half open; the next mail begins with a new one.
        close_quietly(connection)
        return False
    return mail.mark_sent()


def message_of(mail: OutgoingMail) -> EmailMultiAlternatives:
    carries = mail.carries
    message = EmailMultiAlternatives(
        subject=mail.subject,
        body=mail.text,
        from_email=sender(mail.sender_name, address_for(mail)),
        to=carries.to if carries else [mail.to],
        cc=mail.cc,
        headers={**mail.headers, "Message-ID": mail.message_id},
    )
    if mail.html:
        message.attach_alternative(mail.html, "text/html")
    for attachment in carries.attachments.all() if carries else []:
        with attachment.file.open() as file:
            message.attach(attachment.name, file.read(), attachment.content_type)
    for kept in mail.files:
        with default_storage.open(kept["path"]) as file:
            message.attach(kept["name"], file.read(), kept["content_type"])
    return message


def address_for(mail: OutgoingMail) -> str:
    """The address of the mailbox that the case's mail comes to, where that may write; "" for the installation's."""
    # The mailboxes know the outbox.
    from tickets.models.mailbox import Mailbox

    mailbox = Mailbox.objects.of_case(mail.case) if mail.case else None
    return mailbox.address if mailbox and mailbox.writes_from else ""


def sender(name: str, address: str = "") -> str:
    """The given address, else the installation's, under the given name."""
    own_name, own_address = parseaddr(settings.DEFAULT_FROM_EMAIL)
    return str(Address(display_name=one_line(name) or own_name, addr_spec=address or own_address))


def one_line(text: str, longest: int = 80) -> str:
    """Make text fit for a header: no line break or other control character can start a header of its own."""
    return re.sub(r"[\s\x00-\x1f\x7f-\x9f]+", " ", text).strip()[:longest].rstrip()


def is_permanent(error: Exception) -> bool:
    """Say whether the same mail would fail again for ever. A refused sender is our configuration, and gets mended."""
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        return all(code >= 500 for code, _reply in error.recipients.values())
    if isinstance(error, smtplib.SMTPDataError):
        return error.smtp_code >= 500
    # A header or an address that cannot be written.
    return isinstance(error, ValueError | smtplib.SMTPNotSupportedError)


def words_of(error: Exception) -> str:
    """Say what went wrong, in the server's own words where it gave a reason."""
    reason = str(error)
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        reason = "; ".join(reply_of(code, reply) for code, reply in error.recipients.values())
    elif isinstance(error, smtplib.SMTPResponseException):
        reason = reply_of(error.smtp_code, error.smtp_error)
    return one_line(f"{type(error).__name__}: {reason}", longest=1000)


def reply_of(code: int, reply: bytes | str) -> str:
    return f"{code} {reply.decode(errors='replace') if isinstance(reply, bytes) else reply}"


def close_quietly(connection: BaseEmailBackend) -> None:
    """Close without complaint: what was accepted is sent, however the server takes its leave."""
    try:
        connection.close()
    except (OSError, smtplib.SMTPException) as error:
        log.info("The mail server did not end the connection properly: %s", type(error).__name__)


def ring() -> None:
    """Have the outbox emptied as soon as the transaction is committed, instead of at the next round."""
    once_on_commit(_ring_now)


def _ring_now() -> None:
    try:
        # By name, since the task imports this module. Not retried: with Redis down nobody should wait for it.
        current_app.send_task("tickets.tasks.send_outbox", retry=False)
    except Exception as error:  # noqa: BLE001 - only a doorbell: the scheduler comes round anyway
        log.warning("No worker could be told of new mail, it waits for the next round: %s", type(error).__name__)
