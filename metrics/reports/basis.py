"""What the figures of a report rest on: until when, how many rows, what was left out, and by which definitions and terms."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from django.utils.text import capfirst
from django.utils.translation import gettext as _

from metrics import formats, rows
from metrics.agreements_page import terms_in_words
from metrics.catalog import KPIS
from metrics.catalog.demand import UNCLASSIFIED
from metrics.compute import Value
from metrics.drill import reason_labels
from metrics.models import Restatement
from tickets.models import Agreement, Case, Client, Contact, QuarantinedRow

if TYPE_CHECKING:
    from metrics.reports.figures import Scope

# Of each, every reason for which rows of the month are not in the value.
EXPLAINED = ("service-level", "abandonment", "fcr", "csat", "sla")


def left_out(scope: Scope, now: Mapping[str, Value]) -> list[dict[str, Any]]:
    found = []
    for key in EXPLAINED:
        kpi, value = KPIS[key], now[key]
        if value.value is None:
            continue
        counts, labels = rows.excluded_by_reason(kpi, scope.now), reason_labels(kpi)
        reasons = [
            {"reason": code, "label": str(labels.get(code, code)), "count": n, "count_text": formats.number(n)}
            for code, n in counts.items()
        ]
        counted = formats.number(formats.counted(value) or 0)
        found.append({"key": key, "name": str(kpi.name), "counted": counted, "reasons": reasons})
    return found


def basis(scope: Scope, now: Mapping[str, Value]) -> dict[str, Any]:
    period, client = scope.period, scope.client
    agreement = Agreement.objects.in_force(client, period.end)
    versions = Agreement.objects.filter(client=client, valid_from__gt=period.start, valid_from__lt=period.end).count()
    within = {"started_at__gte": period.start, "started_at__lt": period.end}
    contacts = Contact.objects.filter(client=client, **within).count()
    cases = Case.objects.filter(client=client, created_at__gte=period.start, created_at__lt=period.end).count()
    restated = Restatement.objects.filter(client=client, since__lt=period.end, until__gt=period.start)
    return {
        "contacts": contacts,
        "cases": cases,
        "quarantined": quarantined(),
        "provisional": sum(value.provisional for value in now.values()),
        "restatements": [
            {
                "at": one.at.isoformat(),
                "at_text": formats.day(one.at.astimezone(scope.zone).date()),
                "reason": one.reason,
            }
            for one in restated
        ],
        "agreement": str(agreement.pk) if agreement else "",
        "agreement_since": formats.day(agreement.valid_from.astimezone(scope.zone).date()) if agreement else "",
        "agreed_anew": bool(versions),
        "terms": _terms(agreement) if agreement else [],
        "lines": _lines(scope, contacts, cases),
        "unclassified": UNCLASSIFIED.key,
    }


def quarantined() -> int | None:
    """How many rows wait. Such a row knows no client: with several, the number would tell one of another."""
    return QuarantinedRow.objects.open().count() if Client.objects.count() == 1 else None


def _terms(agreement: Agreement) -> list[tuple[str, str]]:
    """What is promised; what is not promised is left unsaid."""
    return [(capfirst(name), text) for name, text in terms_in_words(agreement) if text != formats.NOTHING]


def _lines(scope: Scope, contacts: int, cases: int) -> list[tuple[str, str]]:
    waiting = quarantined()
    lines = [
        (_("Time zone of days and hours"), str(scope.zone)),
        (_("Contacts that arrived in the month, before anything was left out"), formats.number(contacts)),
        (_("Cases that were opened in the month"), formats.number(cases)),
    ]
    if waiting is not None:
        lines.append((_("Rows of logs that wait in quarantine and are in no figure"), formats.number(waiting)))
    return lines
