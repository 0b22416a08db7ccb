"""Take in a mailbox while whoever does it is killed again and again, and count what became of each mail."""

from __future__ import annotations

import random
import tarfile
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from django.core.files.storage import default_storage
from imapclient import IMAPClient

from tests.killing import lives
from tickets.channels.email import backlog, envelope, imap, receive
from tickets.models import Attachment, Case, Contact, IncomingMail, Message

State, Kind = IncomingMail.State, IncomingMail.Kind
STEPS = ((IMAPClient, "add_flags"), (IMAPClient, "fetch"), (receive, "see_to_disk"))


def corpus(folder: Path) -> list[bytes]:
    """Every real mail of the set."""
    import csv

    with (folder / "index.csv").open() as index:
        paths = [row["path"] for row in csv.DictReader(index) if row["is_message"] == "True"]
    with tarfile.open(folder / "messages.tar.gz") as tar:
        return [tar.extractfile(path).read() for path in paths]


def distinct(mails: Sequence[bytes]) -> set[tuple[str, str]]:
    """What makes two mails one: the set has some twice."""
    return {(envelope.message_id(envelope.split(mail)[0]), envelope.digest(mail)) for mail in mails}


def take_in_while_killed(kills: int, *, steps: int, seed: int = 1) -> int:
    """Fetch and work off until nothing is left, killed at a step drawn at random, so often. Returns how often it was.

    A step is a statement to the database, a word to the mail server, or a file that is written: `steps` of them come
    before a kill on average.
    """
    drawn, killed = random.Random(seed), 0
    while True:
        last = drawn.randint(1, 2 * steps) if killed < kills else None
        if lives(_take_in, last, steps=STEPS):
            return killed
        killed += 1


def _take_in() -> None:
    imap.fetch_once()
    while IncomingMail.objects.waiting().exists():
        backlog.work_off()


def faults(mails: Sequence[bytes]) -> list[str]:
    """What is lost, doubled or left lying; nothing, if all is well."""
    stored = Counter(IncomingMail.objects.values_list("mail_id", "digest"))
    found = [f"lost: {one}" for one in distinct(mails) - stored.keys()]
    found += [f"not ours: {one}" for one in stored.keys() - distinct(mails)]
    found += [f"stored {count} times: {one}" for one, count in stored.items() if count > 1]
    rows = list(IncomingMail.objects.all())
    found += [f"{row.pk} is {row.state}: {row.error}" for row in rows if row.state not in {State.APPLIED, State.STUB}]
    people = {f"mail-{row.pk}" for row in rows if row.kind in {Kind.LETTER, Kind.REPLY}}
    contacts = Counter(Contact.objects.values_list("external_id", flat=True))
    found += [f"no contact: {one}" for one in people - contacts.keys()]
    found += [f"{count} contacts: {one}" for one, count in contacts.items() if count != 1 or one not in people]
    counted = {
        "cases": (Case.objects.count(), sum(row.kind == Kind.LETTER for row in rows)),
        "messages": (
            Message.objects.filter(kind=Message.Kind.INCOMING).count(),
            len(people) + sum(row.kind == Kind.AUTOMATIC and row.message_id is not None for row in rows),
        ),
        "files of messages": (
            Attachment.objects.count(),
            sum(len(row.letter["files"]) for row in rows if row.message_id),
        ),
    }
    found += [f"{what}: {got} instead of {wanted}" for what, (got, wanted) in counted.items() if got != wanted]
    missing = [one.name for one in Attachment.objects.all() if not default_storage.exists(one.file.name)]
    found += [f"no file: {name}" for name in missing]
    return found
