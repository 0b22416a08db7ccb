"""Two machines that answer each other until somebody pulls a plug.

OTRS (CVE-2010-4767), KB-Support (84), Handesk (15) and libredesk (dce33238, aa0deedd) all answered what had been written by a
machine: by another desk, an out-of-office, a bounce, a list, or by themselves. Here: a thousand rounds of all of them at once.
"""

from __future__ import annotations

import random
from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest
import time_machine

from tests.factories import make_mailbox
from tests.tickets.email.mails import arrive, mail
from tests.tickets.email.test_machines import report
from tickets.models import Case, OutgoingMail

pytestmark = pytest.mark.django_db
ROUNDS, BEGIN = 1_000, datetime(2026, 3, 2, 8, tzinfo=UTC)
DAY = timedelta(days=1)


def another_desk(last: OutgoingMail | None, number: int) -> bytes:
    """Answers everything at once, with its own number in the subject, and says that it is a machine."""
    subject = f"Re: {last.subject} [Other #{number}]" if last else "Ticket opened"
    return mail("We have got your message.", From="desk@polite.example", Subject=subject, Auto_Submitted="auto-replied", **_to(last))  # fmt: skip


def a_rude_desk(last: OutgoingMail | None, number: int) -> bytes:
    """The same, and not a header says so."""
    subject = f"Re: {last.subject} [Other #{number}]" if last else "Ticket opened"
    return mail(f"We have got your message {number}.", From="desk@rude.example", Subject=subject, **_to(last))


def a_rude_desk_that_begins_anew(_last: OutgoingMail | None, number: int) -> bytes:
    """It keeps no thread: each of its answers is a new mail to us."""
    return mail(f"Your ticket {number} was created.", From="desk@anew.example", Subject=f"Ticket {number}")


def who_is_away(last: OutgoingMail | None, _number: int) -> bytes:
    return mail("I am away.", From="away@example.com", Subject="Autosvar: semester", **_to(last))


def a_bounce(last: OutgoingMail | None, _number: int) -> bytes:
    return report(last.message_id if last else "<none@desk.example>")


def a_list(_last: OutgoingMail | None, number: int) -> bytes:
    return mail(f"News {number}", From="news@list.example", List_Id="<news.list.example>", Precedence="list")


def ourselves(last: OutgoingMail | None, _number: int) -> bytes:
    """What we sent comes back by somebody's forwarding."""
    headers = {name.replace("-", "_"): value for name, value in last.headers.items()} if last else {}
    return mail(
        last.text if last else "x", From="helpdesk@example.org", Message_ID=last.message_id if last else None,
        Subject=last.subject if last else "x", **headers,
    )  # fmt: skip


def our_own_mailbox(_last: OutgoingMail | None, number: int) -> bytes:
    return mail(f"To myself {number}", From="support@desk.example")


KINDS = [
    another_desk, a_rude_desk, a_rude_desk_that_begins_anew, who_is_away, a_bounce, a_list, ourselves, our_own_mailbox,
]  # fmt: skip


def _to(last: OutgoingMail | None) -> dict[str, str]:
    return {"In_Reply_To": last.message_id, "References": last.message_id} if last else {}


def addressee(kind) -> str:
    return {another_desk: "desk@polite.example", a_rude_desk: "desk@rude.example", who_is_away: "away@example.com"}.get(
        kind, ""
    )


@pytest.mark.heavy
def test_a_thousand_rounds_of_machines_stay_within_two_a_day_and_come_to_rest() -> None:
    mailbox, drawn = make_mailbox(), random.Random(3)
    # A person writes to each first, so that there is a case and an answer to react to.
    with time_machine.travel(BEGIN, tick=False) as clock:
        for address in ("desk@polite.example", "desk@rude.example", "away@example.com", "desk@anew.example"):
            arrive(mail("Where is my parcel?", From=address), mailbox)
        cases = Case.objects.count()
        for number in range(ROUNDS):
            clock.shift(timedelta(minutes=drawn.randint(1, 15)))
            kind = KINDS[number % len(KINDS)]
            sent = OutgoingMail.objects.filter(**({"to": addressee(kind)} if addressee(kind) else {}))
            arrive(kind(sent.order_by("-created_at").first(), number), mailbox)
        ended = datetime.now(UTC)
    assert ended - BEGIN > 3 * DAY
    automatic = list(OutgoingMail.objects.filter(is_automatic=True).order_by("created_at"))
    for one in automatic:
        within = [
            other for other in automatic
            if (other.case_id, other.to) == (one.case_id, one.to) and one.created_at <= other.created_at < one.created_at + DAY
        ]  # fmt: skip
        assert len(within) <= 2, (one.to, one.case_id)
        in_all = [
            other for other in automatic if other.to == one.to and one.created_at <= other.created_at < one.created_at + DAY
        ]  # fmt: skip
        assert len(in_all) <= 6, one.to
    to = Counter(one.to for one in automatic)
    # Whoever keeps a thread, or says that he is a machine, got the one confirmation of his first mail and nothing more.
    assert {address: to[address] for address in ("desk@polite.example", "desk@rude.example", "away@example.com")} == dict.fromkeys(
        ("desk@polite.example", "desk@rude.example", "away@example.com"), 1
    )  # fmt: skip
    # Ours alone of all mails is never answered, nor a list or a bounce.
    assert not to.keys() - {"desk@polite.example", "desk@rude.example", "away@example.com", "desk@anew.example"}
    # Who begins anew each time opens cases, as a person would; nobody else does.
    assert Case.objects.count() - cases == sum(
        KINDS[n % len(KINDS)] is a_rude_desk_that_begins_anew for n in range(ROUNDS)
    )
