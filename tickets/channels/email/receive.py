"""Keep a mail as it came. When this returns, the mail is on the disk and in the database, and its server may forget it."""

from __future__ import annotations

import contextlib
import os
from datetime import datetime
from uuid import uuid4

from celery import current_app
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import IntegrityError, transaction
from django.utils import timezone

from tickets.channels.email import envelope
from tickets.doorbell import once_on_commit
from tickets.models import IncomingMail, Mailbox

# After so many tries that ended badly a mail becomes a stub.
TRIES = 3


def receive(
    raw: bytes, *, mailbox: Mailbox, at: datetime | None = None, problem: str = ""
) -> tuple[IncomingMail, bool]:
    """Keep one mail, and say whether it is new: the same again is the one that we have.

    `at`: when the server took it, if it told us; never later than now. `problem`: why nobody should try to read it.
    """
    now = timezone.now()
    unread = {"error": problem, "attempts": TRIES} if problem else {}
    head, _body = envelope.split(raw)
    names = {"mailbox": mailbox, "mail_id": envelope.message_id(head), "digest": envelope.digest(raw)}
    if known := IncomingMail.objects.filter(**names).first():
        return known, False
    pk = uuid4()
    path = default_storage.save(f"mail/{pk.hex[:2]}/{pk.hex}", ContentFile(raw))
    see_to_disk(path)
    try:
        with transaction.atomic():
            mail = IncomingMail.objects.create(
                pk=pk, **names, file=path, size=len(raw), received_at=min(at or now, now), stored_at=now, **unread
            )
    except IntegrityError:
        # Somebody else fetched the same mail at the same moment.
        default_storage.delete(path)
        return IncomingMail.objects.get(**names), False
    once_on_commit(ring)
    return mail, True


def see_to_disk(path: str) -> None:
    """Wait until the file is on the disk: the server will delete its own."""
    try:
        number = os.open(default_storage.path(path), os.O_RDONLY)
    except NotImplementedError:
        return  # A storage elsewhere, which sees to that itself.
    try:
        os.fsync(number)
    finally:
        os.close(number)


def ring() -> None:
    """Have it read at once. Only a doorbell: the scheduler comes round anyway."""
    # Redis may be down; then the next round finds it.
    with contextlib.suppress(Exception):
        current_app.send_task("tickets.tasks.work_off_mail", retry=False)
