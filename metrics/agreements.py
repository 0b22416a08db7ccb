"""Versions of agreements: what changed with each, and letting one hold for the past too."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from metrics.catalog import KPIS
from metrics.definition import Kpi, Record
from metrics.facts import RECORDS
from metrics.facts.business import by_other_hours, reads_hours
from metrics.models import Restatement
from metrics.sql import Params, computed, within
from metrics.store import facts_of
from tickets import windows
from tickets.models import Agreement, Client, User
from tickets.models.hours import WindowRange
from tickets.signals import happened

# The figures that a restatement says the values of, before and after.
FIGURES = ("service-level", "abandonment", "fcr", "repeat-contacts", "reopen-rate", "silence", "response-rate")
EVER = datetime.fromisoformat("1900-01-01T00:00:00+00:00")


def versions(client: Client) -> list[Agreement]:
    """The client's versions, the first one first."""
    found = client.agreements.select_related("calendar").prefetch_related("service_levels")
    return list(found.order_by("valid_from"))


def differing(one: dict[str, Any], other: dict[str, Any]) -> list[str]:
    """The terms that two versions do not agree on."""
    return [name for name, value in one.items() if other.get(name) != value]


def changed_terms(clients: Sequence[int] | None, start: datetime, end: datetime) -> set[str]:
    """The terms that changed within a span, for any of these clients; None is all clients."""
    found = Agreement.objects.filter(valid_from__lt=end).select_related("calendar").prefetch_related("service_levels")
    if clients is not None:
        found = found.filter(client__in=clients)
    changed: set[str] = set()
    last: Agreement | None = None
    for version in found.order_by("client_id", "valid_from"):
        if last is not None and last.client_id == version.client_id and version.valid_from > start:
            changed.update(differing(last.terms(), version.terms()))
        last = version
    return changed


# --- restating


@dataclass(frozen=True)
class Effect:
    """What letting a version hold since a moment changes: rows by record, and the figures of the span."""

    judged: dict[str, int]
    changed: dict[str, int]
    figures: dict[str, tuple[tuple[int, int], tuple[int, int]]]

    def plain(self) -> dict[str, Any]:
        return {"judged": self.judged, "changed": self.changed, "figures": self.figures}


def replaced(version: Agreement, since: datetime) -> list[Agreement]:
    """The versions that would no longer hold at any time."""
    return [one for one in versions(version.client) if since <= one.valid_from < version.valid_from]


def first_judged(version: Agreement, since: datetime) -> datetime:
    """From when on verdicts change: the first version holds for everything before it too."""
    is_first = not version.client.agreements.filter(valid_from__lt=since).exists()
    return EVER if is_first else since


def effect(version: Agreement, since: datetime) -> Effect:
    """Work the client's verdicts of the span out as they are and as they would be. Changes nothing."""
    span = (first_judged(version, since), version.valid_from)
    judged: dict[str, int] = {}
    changed: dict[str, int] = {}
    figures: dict[str, tuple[tuple[int, int], tuple[int, int]]] = {}
    hours = _other_hours(version, since, span)
    for record in RECORDS.values():
        if not (_JUDGED in record.sql or (hours and reads_hours(record.sql))):
            continue
        kpis = [KPIS[key] for key in FIGURES if KPIS[key].fact.record is record]
        found = _compared(record, kpis, version, since, span, hours)
        if not found[0]:
            continue
        judged[record.code], changed[record.code] = found[0], found[1]
        for n, kpi in enumerate(kpis):
            a, b, c, d = found[2 + 4 * n : 6 + 4 * n]
            figures[kpi.key] = (a, b), (c, d)
    return Effect(judged, changed, figures)


def _other_hours(version: Agreement, since: datetime, span: tuple[datetime, datetime]) -> Params:
    """The open windows as they would be, as parameters; nothing where they stay as they are."""
    known = WindowRange.objects.filter(client_id=version.client_id).first()
    if known is None:
        return {}
    gone = {one.pk for one in replaced(version, since)}
    before = versions(version.client)
    found = [windows.of_versions(before, known.first_at, known.last_at)]
    after = [one for one in before if one.pk not in gone]
    for one in after:
        if one.pk == version.pk:
            one.valid_from = since
    after.sort(key=lambda one: one.valid_from)
    found.append(windows.of_versions(after, known.first_at, known.last_at))
    if found[0] == found[1]:
        return {}
    opens, closes, so_far = windows.as_columns(found[1])
    return {"opens": opens, "closes": closes, "so_far": so_far, "span_start": span[0], "span_end": span[1]}


# A record that has this in its SQL is judged by agreements.
_JUDGED = "agreement"
# Cases whose business clock may run in the span.
_OPEN_IN_SPAN = """k.client_id = %(client)s AND k.created_at < %(span_end)s
    AND (k.resolved_at IS NULL OR greatest(k.resolved_at, k.first_response_due_at) >= %(span_start)s)"""
_WINDOWS = (
    "windows AS (SELECT %(opens)s::timestamptz[] opens, %(closes)s::timestamptz[] closes, %(so_far)s::bigint[] before)"
)
# The versions as they would be, in place of the table wherever a record reads it: this one begins earlier, and those
# whose place it takes are gone.
_AGREEMENTS_INSTEAD = """tickets_agreement AS (
    SELECT (CASE WHEN a.id = %(version)s
        THEN jsonb_populate_record(a, jsonb_build_object('valid_from', %(since)s::timestamptz)) ELSE a END).*
    FROM tickets_agreement a
    WHERE a.client_id = %(client)s AND NOT (a.valid_from >= %(since)s AND a.valid_from < %(was)s)
)"""


def _compared(
    record: Record,
    kpis: Sequence[Kpi],
    version: Agreement,
    since: datetime,
    span: tuple[datetime, datetime],
    hours: Params,
) -> Sequence[int]:
    """Rows, rows with another verdict, and of each KPI numerator and denominator, as it is and as it would be."""
    params: Params = {
        "client": version.client_id,
        "version": version.pk,
        "since": since,
        "was": version.valid_from,
        "as_of": timezone.now(),
        **hours,
    }
    scopes = [fact.candidates.format(within=within(fact.candidates_at, [span], params)) for fact in facts_of(record)]
    other_hours = bool(hours) and reads_hours(record.sql)
    if other_hours:
        scopes.append(_OPEN_IN_SPAN)
    now = computed(record, f"({' OR '.join(f'({scope})' for scope in dict.fromkeys(scopes))})")
    then = now.replace("WITH ", f"WITH {_AGREEMENTS_INSTEAD}, ", 1)
    if other_hours:
        then = by_other_hours(then)
    sums = []
    for kpi in kpis:
        for side in ("o", "n"):
            rows = f"FROM {side} f WHERE client_id = %(client)s AND {within(f'f.{kpi.fact.at}', [span], params)}"
            if kpi.maturity:
                rows += f" AND f.{kpi.maturity.at} <= %(as_of)s"
            base = (kpi.denominator or kpi.numerator).where
            sums += [f"(SELECT count(*) FILTER (WHERE {where}) {rows})" for where in (kpi.numerator.where, base)]
    with connection.cursor() as cursor:
        cursor.execute(
            f"WITH {_WINDOWS + ', ' if other_hours else ''}o AS MATERIALIZED (SELECT * FROM {now} o), "
            f"n AS MATERIALIZED (SELECT * FROM {then} n) SELECT {', '.join([_ROWS, _CHANGED, *sums])}",
            params,
        )
        found: Sequence[int] = cursor.fetchone()
        return found


_ROWS = "(SELECT count(*) FROM o WHERE client_id = %(client)s)"
_CHANGED = """(SELECT count(*) FROM o JOIN n ON n.id = o.id
    WHERE o.client_id = %(client)s AND (o.*) IS DISTINCT FROM (n.*))"""


class RestatementError(ValueError):
    """The version cannot hold since that moment; the message says why."""


def check_since(version: Agreement, since: datetime) -> None:
    """Refuse a moment from which the version holds already, or that has not come.

    Raises:
        RestatementError: in words.
    """
    if since >= version.valid_from:
        raise RestatementError(_("The version already holds from then on: choose an earlier day."))
    if since > timezone.now():
        raise RestatementError(_("Only the past can be restated: choose a day that has been."))


def restate(version: Agreement, since: datetime, *, by: User, reason: str) -> Restatement:
    """Let a version hold since an earlier moment, in place of those that held then, and write down what that changed.

    Raises:
        RestatementError: it cannot hold since then.
    """
    check_since(version, since)
    with transaction.atomic():
        client = Client.objects.select_for_update(no_key=True).get(pk=version.client_id)
        before, until = as_data(versions(client)), version.valid_from
        found = effect(version, since)
        Agreement.objects.filter(pk__in=[one.pk for one in replaced(version, since)]).delete()
        version.valid_from = since
        version.save(update_fields=["valid_from"])
        written = Restatement.objects.create(
            client=client,
            by=by,
            since=since,
            until=until,
            reason=reason,
            before=before,
            after=as_data(versions(client)),
            effect=found.plain(),
        )
        happened.send(sender=Restatement, case_event=None, contact=None)
    return written


def as_data(found: Sequence[Agreement]) -> list[dict[str, Any]]:
    return [{"valid_from": one.valid_from.isoformat(), **one.terms()} for one in found]


# --- what a chart marks


def marks(clients: Sequence[int] | None, start: datetime, end: datetime) -> list[tuple[datetime, str]]:
    """The moments within a span at which a new version began, or since when history was restated, with their words."""
    agreements = (
        Agreement.objects.filter(valid_from__lt=end).select_related("client").order_by("client_id", "valid_from")
    )
    restated = Restatement.objects.filter(since__gt=start, since__lt=end).select_related("client")
    if clients is not None:
        agreements, restated = agreements.filter(client__in=clients), restated.filter(client__in=clients)
    found, last = [], None
    for version in agreements:
        # With the first version nothing changed.
        if last == version.client_id and start < version.valid_from:
            found.append((version.valid_from, _("New agreement: %s") % version.client))
        last = version.client_id
    found += [(one.since, _("Restated from here on: %s") % one.client) for one in restated]
    return sorted(found)
