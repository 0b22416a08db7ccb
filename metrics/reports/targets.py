"""What the agreement promises, and whether the month kept it. A contract's number is accounting: it has no interval."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext as _

from metrics import compute, formats
from metrics.catalog import KPIS
from metrics.compute import Value
from tickets.models import Agreement, Channel

if TYPE_CHECKING:
    from metrics.reports.figures import Scope


def targets(scope: Scope, now: Mapping[str, Value]) -> list[dict[str, Any]]:
    """The headline service level of each live channel that is promised one, with its aim and whether it was met."""
    agreement = Agreement.objects.in_force(scope.client, scope.period.end)
    if agreement is None:
        return []
    kpi = KPIS["service-level"]
    rows = compute.values([kpi], replace(scope.now, by=("channel",)))
    by_channel = {row.group["channel"]: row.values[kpi.key] for row in rows}
    found = []
    for level in agreement.service_levels.order_by("channel", "position"):
        value = by_channel.get(level.channel)
        if level.position or value is None or not value.denominator:
            continue
        # Exactly: a share of 0.8 is 4 of 5, whatever a float makes of it.
        is_met = Fraction(int(value.numerator or 0), int(value.denominator)) >= Fraction(level.target_share)
        found.append(
            {
                "kpi": kpi.key,
                "channel": level.channel,
                "channel_text": str(Channel(level.channel).label),
                "share": float(level.target_share),
                "seconds": float(level.threshold_seconds),
                "aim": _("%(share)s in %(seconds)s s")
                % {
                    "share": formats.share(float(level.target_share)),
                    "seconds": formats.number(float(level.threshold_seconds), 1),
                },
                "value": value.value,
                "numerator": value.numerator,
                "denominator": value.denominator,
                "figure": formats.figure(kpi, value),
                "parts": formats.fraction(kpi, value),
                "met": is_met,
                "verdict": _("kept") if is_met else _("not kept"),
            }
        )
    return found
