"""Incidents: one disturbance that many customers turn to us about."""

from __future__ import annotations

from datetime import datetime

from django.utils import timezone

from tickets.live import announce
from tickets.models import Case, Client, Incident, User


def begin(title: str, *, by: User, client: Client | None = None, at: datetime | None = None) -> Incident:
    return Incident.objects.create(title=title.strip(), made_by=by, client=client, began_at=at or timezone.now())


def end(incident: Incident, *, at: datetime | None = None) -> bool:
    """It is over. Its cases stay as they are: each customer is still to be told. The second time nothing happens."""
    at = at or timezone.now()
    return bool(Incident.objects.filter(pk=incident.pk, ended_at=None, began_at__lte=at).update(ended_at=at))


def reopen(incident: Incident) -> bool:
    return bool(Incident.objects.filter(pk=incident.pk, ended_at__isnull=False).update(ended_at=None))


def link(case: Case, incident: Incident | None, *, by: User) -> bool:
    """Say that the case is about an incident, or with None that it is not."""
    changed = case.change(by=by, incident=incident)
    if changed:
        announce(f"case:{case.pk}")
    return changed
