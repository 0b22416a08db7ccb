"""Snoozed cases come back by themselves."""

from __future__ import annotations

from django.utils import timezone

from tickets import teamwork
from tickets.models import Case, Notice

BATCH = 500


def wake_due() -> int:
    """Wake the cases whose moment has come, and tell their owners. Return how many were woken."""
    due = Case.objects.filter(snoozed_until__lte=timezone.now()).order_by("snoozed_until")[:BATCH]
    woken = 0
    for case in due:
        if case.wake(by=None):
            woken += 1
            teamwork.notify({case.owner_id} - {None}, case, Notice.Kind.WOKEN, by=None)  # type: ignore[arg-type]
    return woken
