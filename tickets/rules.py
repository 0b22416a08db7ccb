"""What the rules say of a message that has just come, and which of the latest cases a rule would have meant."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from django.db.models import Prefetch, Q

from tickets.models import Case, Channel, Contact, IntakeRule, Message, Queue, Topic, User

# What a word stands in is seldom further down, and a text of megabytes must cost nothing.
LONGEST = 20_000
LATEST = 100


@dataclass(frozen=True, slots=True)
class Arrival:
    """What is known of a message when it comes. `text` is subject and body; `mailbox` the address of ours it came to."""

    text: str
    channel: str
    form_id: int | None = None
    chosen_id: int | None = None
    mailbox: str = ""


@dataclass(slots=True)
class Decision:
    """What the rules say; None and "" where they say nothing."""

    topic: Topic | None = None
    queue: Queue | None = None
    priority: str = ""
    language: str = ""
    rules: list[IntakeRule] = field(default_factory=list)


def decide(arrival: Arrival, *, client_id: int) -> Decision:
    """Ask the rules in their order; of two that say the same thing the earlier one holds.

    A queue of another client is passed over: a rule must not hand one company's customers to another's people.
    """
    decision = Decision()
    rules = IntakeRule.objects.filter(is_active=True).filter(
        Q(queue=None) | Q(queue__client=None) | Q(queue__client=client_id)
    )
    for rule in rules.select_related("topic", "queue"):
        if matches(rule, arrival):
            decision.topic = decision.topic or rule.topic
            decision.queue = decision.queue or rule.queue
            decision.priority = decision.priority or rule.priority
            decision.language = decision.language or rule.language
            decision.rules.append(rule)
    return decision


def matches(rule: IntakeRule, arrival: Arrival) -> bool:
    """Say whether all that the rule asks for is so. One that asks for nothing is about nothing."""
    asked = [
        (rule.channel, arrival.channel == rule.channel),
        (rule.form_id, arrival.form_id == rule.form_id),
        (rule.chosen_id, arrival.chosen_id == rule.chosen_id),
        (rule.mailbox, arrival.mailbox.casefold() == rule.mailbox.casefold()),
    ]
    answers = [is_so for wanted, is_so in asked if wanted]
    if not all(answers):
        return False
    if words := words_of(rule.words):
        return says(arrival.text, words)
    return bool(answers)


def words_of(text: str) -> list[str]:
    """The words and phrases between commas and line ends."""
    parts = (" ".join(part.split()) for part in re.split(r"[,;\n]", text))
    return [part.casefold() for part in parts if part]


def says(text: str, words: Iterable[str]) -> bool:
    """Whether one of the words stands in the text, or begins a word of it: "faktura" means "fakturan" too."""
    plain = " ".join(text[:LONGEST].casefold().split())
    return any(re.search(rf"(?<!\w){re.escape(word)}", plain) for word in words)


def would_match(rule: IntakeRule, *, user: User) -> tuple[list[Case], int]:
    """Those of the latest written cases that the rule would have been about, and how many were looked at.

    As far as `user` may see them. To which of our mailboxes a case once came is not known here.
    """
    first = Message.objects.filter(kind=Message.Kind.INCOMING).order_by("at", "pk")
    entries = Contact.objects.filter(web_entry__isnull=False).select_related("web_entry").order_by("pk")
    written = Case.objects.visible_to(user).filter(channel__in=[Channel.EMAIL, Channel.WEB]).order_by("-number")
    latest = list(
        written.for_list().prefetch_related(
            Prefetch("messages", first, to_attr="received"), Prefetch("contacts", entries, to_attr="entered")
        )[:LATEST]
    )
    return [case for case in latest if matches(rule, _arrival_of(case))], len(latest)


def _arrival_of(case: Case) -> Arrival:
    received: list[Message] = getattr(case, "received", [])
    entered: list[Contact] = getattr(case, "entered", [])
    entry = entered[0].web_entry if entered else None
    return Arrival(
        text=f"{case.subject}\n{received[0].body if received else ''}",
        channel=case.channel,
        form_id=entry.form_id if entry else None,
        chosen_id=entry.chosen_id if entry else None,
    )
