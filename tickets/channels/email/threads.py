"""Which case a mail belongs to, and whether its sender may write to it.

Two things must be true: the mail carries a code of ours, in what it refers to or in the address that it was sent to, and its
sender takes part in that case now. What a subject says grants nothing; it is worth a hint to whoever works on the case.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.utils.translation import gettext as _

from tickets import mail_ids
from tickets.models import Case, Identity, Mailbox, Message

_TAG = re.compile(r"\[#(\d{1,12})\]")
LONGEST_CHAIN = 20


@dataclass(frozen=True, slots=True)
class Thread:
    """The case that a mail goes on, or what whoever works on the new one should know."""

    case: Case | None = None
    hint: str = ""


def find(said: dict[str, Any]) -> Thread:
    sender = said["sender"]
    named = mail_ids.cases_named(said["ids"], said["recipients"])
    for case in Case.objects.filter(pk__in=named).order_by("-pk"):
        goes_on = follow_merges(case)
        if takes_part(sender, case) or takes_part(sender, goes_on):
            return Thread(goes_on)
    if named:
        words = _(
            "This answers a mail of case #%(number)d, but the address %(address)s does not take part in that case."
        )
        return Thread(hint=words % {"number": named[0], "address": sender})
    if tag := _TAG.search(said["subject"]):
        words = _("The subject names case #%(number)s. That proves nothing: look who wrote before you merge the two.")
        return Thread(hint=words % {"number": tag[1]})
    return Thread()


_DMARC = re.compile(r"(?:^|[;\s])dmarc\s*=\s*(\w+)", re.IGNORECASE)


def is_denied(checks: list[str], server: str) -> bool:
    """Whether our own mail server has found that the sender's domain denies the mail.

    `server` is the name that it signs its findings with. The first of that name counts: it puts its own above whatever
    came with the mail, and what others say of themselves proves nothing.
    """
    if not server:
        return False
    own = next((check for check in checks if check.split(";")[0].split()[:1] == [server]), "")
    found = _DMARC.search(own)
    return found is not None and found[1].lower() == "fail"


def denied(said: dict[str, Any]) -> Thread:
    words = _(
        "It says that it is from %(address)s, and that domain denies it. Believe nothing in it before you have asked."
    )
    return Thread(hint=words % {"address": said["sender"]})


def follow_merges(case: Case) -> Case:
    for _step in range(LONGEST_CHAIN):
        if case.merged_into is None:
            break
        case = case.merged_into
    return case


def takes_part(address: str, case: Case) -> bool:
    """Whether it is the customer's address, or one that an agent has written to: in the last reply, or by forwarding."""
    if not address:
        return False
    if case.customer_id and Identity.objects.filter(kind="email", value=address, customer=case.customer_id).exists():
        return True
    last = case.messages.filter(kind=Message.Kind.OUTGOING).last()
    forwarded = case.messages.filter(kind=Message.Kind.FORWARD)
    return any(address in [*one.to, *one.cc] for one in ([last] if last else []) + list(forwarded))


def own_addresses() -> set[str]:
    """The addresses that we write from ourselves. What comes from one of them has come round in a circle."""
    own = {address.lower() for address in Mailbox.objects.values_list("address", flat=True)}
    return own | {settings.DEFAULT_FROM_EMAIL.rpartition("<")[2].rstrip("> ").lower()}


def is_own(address: str) -> bool:
    name, _at, domain = address.partition("@")
    return address in (own := own_addresses()) or f"{name.partition('+')[0]}@{domain}" in own
