"""Spam and blocked senders: marks that can be taken away. Nothing is deleted, and what is marked counts nowhere."""

from __future__ import annotations

from django.db import transaction

from tickets.models import BlockedSender, Case, Flag, Identity, User


def mark(case: Case, *, by: User | None) -> bool:
    """Say that a case is spam: it leaves the lists, and its contacts count nowhere."""
    with transaction.atomic():
        flags = _locked_flags(case)
        return Flag.SPAM not in flags and case.change(by=by, flags=[*flags, Flag.SPAM])


def unmark(case: Case, *, by: User | None) -> bool:
    """It was none after all: it is back, and counts as it did."""
    with transaction.atomic():
        flags = _locked_flags(case)
        return Flag.SPAM in flags and case.change(by=by, flags=[flag for flag in flags if flag != Flag.SPAM])


def _locked_flags(case: Case) -> list[str]:
    case.flags = Case.objects.select_for_update(no_key=True).values_list("flags", flat=True).get(pk=case.pk)
    return list(case.flags)


def sender_of(case: Case) -> str:
    """The address that can be blocked: the one that the case came from, else the first that we know."""
    if case.customer_id is None:
        return ""
    known = Identity.objects.filter(customer=case.customer_id).exclude(kind=Identity.Kind.EXTERNAL)
    addresses = list(known.order_by("pk").values_list("value", flat=True))
    first = case.messages.filter(kind="incoming").order_by("at", "pk").first()
    wrote = first.to[0] if first and first.to else ""
    return wrote if wrote in addresses else next(iter(addresses), "")


def block_sender(case: Case, *, by: User) -> BlockedSender | None:
    """Block whom the case came from, and mark the case. None where there is no address to block."""
    address = sender_of(case)
    if not address:
        return None
    with transaction.atomic():
        blocked = BlockedSender.objects.block(address, by=by, why=f"#{case.pk}")
        mark(case, by=by)
    return blocked
