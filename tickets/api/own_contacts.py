"""What an agent may write about contacts: her own work, in her own queues, at our own desk.

Managers, administrators and systems may write all, and may name what is not known yet; for them nothing is refused here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from django.db.models import Q
from django.utils.translation import gettext as _
from rest_framework.exceptions import ValidationError

from tickets.models import DESK, Case, Client, Contact, Queue, Segment, Topic, User


def refuse_what_is_not_hers(user: User, source: str, fields: Mapping[str, Any]) -> None:
    """Raise where an agent names a row that she may not see, or work that is not hers."""
    if user.sees_everything:
        return
    if source != DESK:
        raise ValidationError({"source": [_("Only a system may log under another source.")]})
    checks: dict[str, Callable[[str], bool]] = {
        "contact_id": lambda name: is_free_or_seen(user, name),
        "queue": lambda code: Queue.objects.visible_to(user).filter(code=code).exists(),
        "topic": lambda path: Topic.objects.filter(path=path).exists(),
        "client": lambda code: Client.objects.filter(code=code).exists(),
        "case_id": lambda name: Case.objects.visible_to(user).filter(source__name=DESK, external_id=name).exists(),
        "parent_id": lambda name: seen(user, name),
        "duplicate_of": lambda name: seen(user, name),
    }
    wrong = {
        name: [_("There is no such object.")]
        for name, is_right in checks.items()
        if isinstance(fields.get(name), str) and fields[name] and not is_right(fields[name])
    }
    if "queue" in fields and not fields["queue"]:
        wrong["queue"] = [_("A contact without a queue would be out of your sight.")]
    wrong |= wrong_legs(user, fields.get("contact_id"), fields.get("segments") or [])
    if wrong:
        raise ValidationError(wrong)


def seen(user: User, name: str) -> bool:
    return Contact.objects.visible_to(user).filter(source__name=DESK, external_id=name).exists()


def is_free_or_seen(user: User, name: str) -> bool:
    return seen(user, name) or not Contact.objects.filter(source__name=DESK, external_id=name).exists()


def wrong_legs(user: User, contact_id: Any, legs: Any) -> dict[str, list[str]]:
    """An agent logs her own seconds; a team lead those of her team."""
    hers = User.objects.filter(Q(pk=user.pk) | Q(team=user.team_id or -1)) if user.role == User.Role.LEAD else None
    codes = set(hers.values_list("code", flat=True)) if hers is not None else {user.code}
    legs = [leg if isinstance(leg, Mapping) else {} for leg in legs] if isinstance(legs, list) else []
    wrong = {
        f"segments.{place}.agent_id": [_("You may log your own work only.")]
        for place, leg in enumerate(legs)
        if leg.get("agent_id") not in codes
    }
    names = [leg["segment_id"] for leg in legs if isinstance(leg.get("segment_id"), str)]
    if (
        Segment.objects.filter(source__name=DESK, external_id__in=names)
        .exclude(contact__external_id=contact_id)
        .exists()
    ):
        wrong["segments"] = [_("A segment with this name belongs to another contact.")]
    return wrong
