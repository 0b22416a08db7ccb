"""What the surveys do when something happens at the desk."""

from __future__ import annotations

from typing import Any

from django.dispatch import receiver

from surveys.invite import invite_after
from tickets.models import CaseEvent
from tickets.signals import happened


@receiver(happened, dispatch_uid="surveys.invite")
def ask_when_resolved(*, case_event: CaseEvent | None = None, **_: Any) -> None:
    """Ask in the transaction of the resolution: rolled back with it, and never lost once it is committed."""
    if case_event is not None and case_event.kind == CaseEvent.Kind.RESOLVED and case_event.is_valid:
        invite_after(case_event)
