"""The self-audit: work the last weeks out again beside what is stored, see whether the figures fit, and keep the result."""

from __future__ import annotations

import json
from datetime import timedelta
from time import monotonic

from django.core.serializers.json import DjangoJSONEncoder
from django.utils import timezone

from metrics.check import check, month_of
from metrics.invariants import invariants
from metrics.models import Audit

DAYS = 60
KEPT_DIFFERENCES, KEPT_RUNS = 200, 400
# A second scheduler starts the same run again.
SAME_RUN = timedelta(minutes=30)


def run(days: int = DAYS) -> Audit:
    """Audit the last days, from the beginning of their first month on, and keep the result."""
    began, now = monotonic(), timezone.now()
    since = month_of(now - timedelta(days=days))
    counts: dict[str, int] = {}
    differences, pending = check(KEPT_DIFFERENCES, since=since, counts=counts)
    found = invariants(since, now)
    rows = [{"table": one.table, "side": one.side, "row": one.row} for one in differences]
    audit = Audit.objects.create(
        at=now,
        seconds=monotonic() - began,
        since=since,
        checked=counts,
        pending=pending,
        difference_count=len(differences),
        differences=json.loads(json.dumps(rows, cls=DjangoJSONEncoder)),
        invariants=[one.plain() for one in found],
        has_drift=bool(differences) or any(one.must and not one.holds for one in found),
    )
    old = Audit.objects.values("pk")[KEPT_RUNS:]
    Audit.objects.filter(pk__in=[row["pk"] for row in old]).delete()
    return audit


def run_once() -> Audit | None:
    """Run unless somebody just did."""
    if Audit.objects.filter(at__gt=timezone.now() - SAME_RUN).exists():
        return None
    return run()


def drift() -> Audit | None:
    """The last run, where it found that figures and log do not agree."""
    last = Audit.objects.defer("differences", "invariants").first()
    return last if last is not None and last.has_drift else None
