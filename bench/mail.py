"""Mail in: how fast it gets to its case beside bare reading, cleaning and three inserts, alone and among mails made to take long; and
whether every mail is there once when whoever takes it in is killed. `python -m bench.mail --kills 200`.

It needs the real mails beside the checkout, and for the kills a Dovecot.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from multiprocessing.synchronize import Event

from bench.common import start


def empty() -> None:
    from django.core.management import call_command

    call_command("flush", interactive=False, verbosity=0)


WORKERS = 2


def take_in(mails: Sequence[bytes]) -> float:
    """Seconds from the first byte that arrived to the last mail on its case: one process receives, as many work off as there are cores."""
    from django.db import connections

    from tests.factories import make_mailbox
    from tickets.channels.email import receive

    empty()
    mailbox = make_mailbox()
    connections.close_all()
    everything = multiprocessing.Event()
    began = time.perf_counter()
    workers = [fork(lambda: work(everything)) for _ in range(WORKERS)]
    for mail in mails:
        receive.receive(mail, mailbox=mailbox)
    everything.set()
    for worker in workers:
        os.waitpid(worker, 0)
    return time.perf_counter() - began


def work(everything: Event) -> None:
    from tickets.channels.email import backlog
    from tickets.models import IncomingMail

    # Asked before it is looked whether any waits: none comes after the last.
    while not everything.is_set() or IncomingMail.objects.waiting().exists():
        backlog.work_off()


def fork(job: Callable[[], None]) -> int:
    if pid := os.fork():
        return pid
    job()
    os._exit(0)


def read_bare(mails: Sequence[bytes]) -> float:
    """Seconds to parse and clean the same mails in this process, and to write of each one case, contact and message."""
    from django.db import transaction

    from tests.factories import make_client, make_queue, make_source
    from tickets.channels.email import letter
    from tickets.models import Case, Contact, Message

    empty()
    client, queue, source = make_client(), make_queue(), make_source()
    began = time.perf_counter()
    for place, mail in enumerate(mails):
        try:
            said, _files = letter.read(mail)
        except Exception:  # noqa: BLE001, S112 - unreadable ones take their time too
            continue
        text = said["text"].replace("\0", "").encode("utf-8", "replace").decode()
        with transaction.atomic():
            case = Case.objects.create(
                source=source, external_id=f"b{place}", client=client, queue=queue, channel="email"
            )
            contact = Contact.objects.create(
                source=source, external_id=f"b{place}", client=client, case=case, channel="email", outcome="received"
            )
            Message.objects.create(case=case, contact=contact, kind="incoming", body=text)
    return time.perf_counter() - began


def throughput(mails: Sequence[bytes]) -> None:
    runs = [(read_bare(mails), take_in(mails)) for _ in range(3)]
    bare, ours = (statistics.median(run[place] for run in runs) for place in (0, 1))
    print(
        f"{len(mails)} mails: bare parse, clean and three inserts {len(mails) / bare:,.0f}/s,"
        f" to the case by {WORKERS} workers {len(mails) / ours:,.0f}/s: {bare / ours:.2f} x",
        flush=True,
    )


def bombs_among(mails: Sequence[bytes]) -> None:
    """One bomb among fifty: how fast the others get through, beside a run without."""
    from tests.security.bombs import BOMBS

    made = [make() for make in BOMBS.values()]
    mixed: list[bytes] = []
    for place, mail in enumerate(mails):
        mixed.append(mail)
        if place % 50 == 49:
            mixed.append(made[place // 50 % len(made)])
    plain, with_bombs = take_in(mails), take_in(mixed)
    print(
        f"{len(mixed) - len(mails)} bombs among {len(mails)}: the others at {plain / with_bombs:.2f} x of the run without"
    )


def kills(mails: Sequence[bytes], count: int) -> bool:
    from tests.factories import make_mailbox
    from tests.realdata.mail_kills import distinct, faults, take_in_while_killed
    from tests.tickets.email import dovecot
    from tickets.models import IncomingMail

    empty()
    os.environ["MAILBOX_PASSWORD_SUPPORT"] = dovecot.PASSWORD
    with dovecot.running() as server:
        make_mailbox(host="127.0.0.1", port=server.port, security="none", user="support")
        server.put(*mails)
        killed = take_in_while_killed(count, steps=100)
        held = server.mails()
    found = faults(held)
    print(
        f"{killed} kills: {len(held)} mails of which {len(distinct(held))} differ, {IncomingMail.objects.count()} stored,"
        f" {len(found)} faults"
    )
    for fault in found[:20]:
        print(f"  {fault}")
    return not found


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.mail", description=__doc__)
    parser.add_argument(
        "--kills", type=int, default=0, help="how often whoever takes the mails in is killed (default: not)"
    )
    chosen = parser.parse_args()
    os.environ["INTERNAL_HOSTS"] = "127.0.0.1"
    start("mail")
    from tests.realdata.mail_kills import corpus
    from tests.realdata.shared import shared

    folder = shared("data/email")
    if folder is None:
        sys.exit("The real mails are not beside the checkout.")
    mails = corpus(folder)
    parts: list[Callable[[], object]] = [lambda: throughput(mails), lambda: bombs_among(mails)]
    for part in parts:
        part()
    if chosen.kills and not kills(mails, chosen.kills):
        sys.exit(1)


if __name__ == "__main__":
    main()
