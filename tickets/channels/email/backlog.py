"""Work off the mails that are stored: read each, then put it on its case. Safe to run side by side, and to end at any moment.

What cannot be read becomes a case all the same, with the raw mail as its file, so that nobody waits unseen.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from email import message_from_bytes
from typing import Any
from uuid import UUID

from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import DatabaseError, InterfaceError, OperationalError, connection, transaction
from django.db.models import F
from django.utils import translation
from django.utils.translation import gettext as _

from tickets.channels.email import envelope, headers, verdict
from tickets.channels.email.apply import apply
from tickets.channels.email.reader import Letter, Reader, UnreadableError, standing_reader
from tickets.channels.email.receive import TRIES
from tickets.models import IncomingMail, Mailbox

log = logging.getLogger(__name__)

BATCH = 200
SECONDS_A_RUN = 40
# After so many tries it is set aside.
MOST_TRIES = 6


def work_off(limit: int = BATCH) -> int:
    """Bring every waiting mail to its case. Return how many got there."""
    stop_at = time.monotonic() + SECONDS_A_RUN
    done = 0
    mailboxes: dict[int, Mailbox] = Mailbox.objects.select_related("client", "queue").in_bulk()
    reader = standing_reader()
    for pk in list(IncomingMail.objects.waiting().values_list("pk", flat=True)[:limit]):
        if time.monotonic() > stop_at:
            break
        done += carry_on(pk, reader, mailboxes)
    return done


def carry_on(pk: UUID, reader: Reader, mailboxes: Mapping[int, Mailbox] | None = None) -> bool:
    """Take one mail as far as it goes. False where another worker has it, or it failed and will be tried again.

    `mailboxes`: those already read, by key.
    """
    with alone_with(pk) as alone:
        mail = IncomingMail.objects.waiting().filter(pk=pk).order_by().first() if alone else None
        if mail is None:
            return False
        if known := (mailboxes or {}).get(mail.mailbox_id):
            mail.mailbox = known
        # Counted before it is tried: a mail that takes its worker with it is given up in the end.
        IncomingMail.objects.filter(pk=pk).update(attempts=F("attempts") + 1)
        mail.attempts += 1
        try:
            if mail.state == IncomingMail.State.RECEIVED:
                parse(mail, reader)
            apply(mail)
        except Exception as error:
            if isinstance(error, OperationalError | InterfaceError | OSError) and not isinstance(
                error, FileNotFoundError
            ):
                # The database or the disk, not this mail: it has not been tried.
                with suppress(DatabaseError):
                    IncomingMail.objects.filter(pk=pk).update(attempts=F("attempts") - 1)
                raise
            log.exception("Mail %s could not be put on a case", pk)
            give_up_in_the_end(mail, error)
            return False
    return True


@contextmanager
def alone_with(pk: UUID) -> Iterator[bool]:
    """Hold a lock of the database's, which ends with the connection: of two workers one gets it."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(hashtext('incoming mail'), hashtext(%s))", [str(pk)])
        alone = bool(cursor.fetchone()[0])
    try:
        yield alone
    finally:
        if alone:
            try:
                with connection.cursor() as cursor:
                    cursor.execute("SELECT pg_advisory_unlock(hashtext('incoming mail'), hashtext(%s))", [str(pk)])
            except DatabaseError:
                pass  # The connection is gone, and the lock with it.


def parse(mail: IncomingMail, reader: Reader) -> None:
    """Read the mail and keep what it says; its files lie beside the raw one until they are on a message."""
    with mail.file.open() as file:
        raw = file.read()
    if mail.attempts > TRIES:
        keep(mail, stub(mail, raw), error=mail.error or "it ended whoever tried to read it")
        return
    try:
        keep(mail, reader.read(raw))
    except UnreadableError as error:
        keep(mail, stub(mail, raw), error=str(error))


def keep(mail: IncomingMail, letter: Letter, *, error: str = "") -> None:
    if letter.said["kind"] == verdict.BOUNCE:
        # A report goes on no case, and the raw mail has whatever came with it.
        letter.said["files"], letter.files = [], []
    for number, (file, content) in enumerate(zip(letter.said["files"], letter.files, strict=True)):
        path = f"mail/{mail.pk.hex[:2]}/{mail.pk.hex}.{number}"
        # Whatever a try before left there.
        default_storage.delete(path)
        file["path"] = default_storage.save(path, ContentFile(content))
    mail.letter, mail.state, mail.error = letter.said, IncomingMail.State.PARSED, error
    with transaction.atomic():
        mail.save(update_fields=["letter", "state", "error"])


def stub(mail: IncomingMail, raw: bytes) -> Letter:
    """What can be said of a mail that cannot be read: who sent it, as far as its headers go."""
    head, _body = envelope.split(raw)
    message = message_from_bytes(head)
    name, address = headers.mailbox(message, "From")
    with translation.override(mail.mailbox.language or mail.mailbox.client.language):
        text = _("This message could not be displayed. The file has all of it.")
    said: dict[str, Any] = {
        "stub": True,
        # Nobody is answered whose mail we have not read.
        "kind": verdict.classify(message, head) or "stub",
        "name": name,
        "sender": address,
        "subject": headers.text(message, "Subject", 500),
        "to": [],
        "cc": [],
        "recipients": headers.addresses(message, "To", "Cc", "Delivered-To", "X-Original-To"),
        "ids": headers.ids(message, "In-Reply-To", "References"),
        "text": text,
        "new": "",
        "html": "",
        "outside": False,
        "report": None,
        "files": [{"name": "message.eml", "id": ""}],
    }
    return Letter(headers.storable(said), [raw])


def give_up_in_the_end(mail: IncomingMail, error: Exception) -> None:
    """Try it again; then as a mail that cannot be read; then set it aside, where an administrator sees it."""
    words = f"{type(error).__name__}: {error}"[:1_000].replace("\0", "")
    state = IncomingMail.State.QUARANTINED if mail.attempts >= MOST_TRIES else IncomingMail.State.RECEIVED
    IncomingMail.objects.filter(pk=mail.pk).update(state=state, error=words)
