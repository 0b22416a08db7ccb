"""Agreements and their versions in words."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from metrics import formats
from metrics.agreement_forms import RestatementForm
from metrics.agreements import Effect, differing, effect, first_judged, replaced
from metrics.catalog import KPIS
from metrics.compute import Value
from metrics.grains import zone
from metrics.models import Restatement
from metrics.purse import in_time
from tickets.models import Agreement, Channel, Client, ServiceLevelVariant

EFFECT_SECONDS = 20.0
ROWS = {
    "contact": gettext_lazy("Contacts"),
    "case": gettext_lazy("Cases"),
    "invitation": gettext_lazy("Survey invitations"),
}


def term_name(code: str) -> str:
    if code == "service_levels":
        return _("service levels")
    if code == "calendar":
        return _("calendar")
    if code == "first_response_channels":
        return _("channels with a first response target")
    named: Any = Agreement._meta.get_field(code)  # noqa: SLF001 - Django's own name for it
    return str(named.verbose_name)


def term_value(code: str, value: Any) -> str:
    """A term's value as people say it."""
    if code == "service_levels":
        return "; ".join(_level(level) for level in value) or _("none promised")
    if code == "service_level_variant":
        return f"{value}: {ServiceLevelVariant(value).label}"
    if code == "first_response_channels":
        return ", ".join(str(Channel(channel).label) for channel in value) or formats.NOTHING
    if value is None:
        return formats.NOTHING
    if code.endswith("_seconds"):
        return formats.duration(value)
    return str(value)


def _level(level: dict[str, Any]) -> str:
    return _("%(channel)s: %(share)s within %(seconds)s s, short up to %(short)s s") % {
        "channel": Channel(level["channel"]).label,
        "share": formats.share(level["target_share"]),
        "seconds": formats.number(level["threshold_seconds"], 1),
        "short": formats.number(level["short_abandon_seconds"], 1),
    }


def terms_in_words(version: Agreement) -> list[tuple[str, str]]:
    return [(term_name(code), term_value(code, value)) for code, value in version.terms().items()]


@dataclass(frozen=True)
class Changed:
    name: str
    before: str
    after: str


@dataclass(frozen=True)
class VersionLine:
    """One version: since when and until when, and what is otherwise than in the one before it."""

    version: Agreement
    begins: str
    ends: str
    state: str
    changes: list[Changed]
    terms: list[tuple[str, str]]


@dataclass(frozen=True)
class Told:
    """One restatement, as it is read later."""

    restatement: Restatement
    span: str
    effect: list[tuple[str, str]]


@dataclass(frozen=True)
class ClientLines:
    client: Client
    versions: list[VersionLine] = field(default_factory=list)
    restatements: list[Told] = field(default_factory=list)


def clients(which: QuerySet[Client] | None = None) -> list[ClientLines]:
    """Every client, or those given, with its versions, the last one first, and what was restated."""
    restated: dict[int, list[Told]] = defaultdict(list)
    for one in Restatement.objects.select_related("by"):
        restated[one.client_id].append(_told(one))
    rows = Client.objects.all() if which is None else which
    found = rows.prefetch_related("agreements__calendar", "agreements__service_levels")
    return [ClientLines(client, _lines(list(client.agreements.all())), restated[client.pk]) for client in found]


def _lines(versions: list[Agreement]) -> list[VersionLine]:
    versions = sorted(versions, key=lambda version: version.valid_from)
    now, lines = timezone.now(), []
    for n, version in enumerate(versions):
        after = versions[n + 1].valid_from if n + 1 < len(versions) else None
        past, coming = after is not None and after <= now, version.valid_from > now
        lines.append(
            VersionLine(
                version,
                begins=_day(version.valid_from) if n else _("from the beginning"),
                ends=_day(after) if after else "",
                state="coming" if coming else "past" if past else "now",
                changes=_changes(versions[n - 1], version) if n else [],
                terms=terms_in_words(version),
            )
        )
    return lines[::-1]


def _day(moment: datetime) -> str:
    local = moment.astimezone(zone())
    text = formats.day(local.date())
    return text if local.time() == datetime.min.time() else f"{text} {local:%H:%M}"


def _changes(before: Agreement, after: Agreement) -> list[Changed]:
    old, new = before.terms(), after.terms()
    return [
        Changed(term_name(code), term_value(code, old[code]), term_value(code, new[code]))
        for code in differing(new, old)
    ]


def _told(one: Restatement) -> Told:
    lines = [
        (str(ROWS.get(code, code)), formats.number(n)) for code, n in one.effect.get("changed", {}).items() if n
    ] + [(name, f"{was} → {becomes}") for name, was, becomes in _figures(one.effect.get("figures", {}))]
    return Told(one, f"{_day(one.since)} – {_day(one.until)}", lines)


def _figures(figures: dict[str, Any]) -> list[tuple[str, str, str]]:
    """Name, value before and value after, of the figures that change."""
    found = []
    for key, (was, becomes) in figures.items():
        kpi = KPIS.get(key)
        if kpi is not None and list(was) != list(becomes):
            shown = [formats.figure(kpi, Value(a / b if b else None, a, b)) for a, b in (was, becomes)]
            found.append((str(kpi.name), shown[0], shown[1]))
    return found


def preview(version: Agreement, form: RestatementForm) -> dict[str, Any]:
    """What restating would change: rows by kind, figures, and the versions that would no longer hold."""
    day = form.cleaned_data.get("since") if form.is_bound else None
    if day is None:
        form.full_clean()
        day = form.cleaned_data.get("since")
    if day is None:
        return {}
    since = form.moment(day)
    found = in_time(lambda: effect(version, since), EFFECT_SECONDS)
    return {
        "since": day,
        "span": f"{_day(since)} – {_day(version.valid_from)}",
        "is_first": first_judged(version, since) != since,
        "replaced": [_day(one.valid_from) for one in replaced(version, since)],
        "hours_differ": any(one.calendar_id != version.calendar_id for one in _held(version, since)),
        "is_late": found is None,
        "rows": _rows(found) if found else [],
        "figures": _figures(found.figures) if found else [],
        "confirm": RestatementForm(
            form.data if "reason" in form.fields else None, initial={"since": day}, version=version, asks_reason=True
        ),
    }


def _held(version: Agreement, since: datetime) -> list[Agreement]:
    """The versions whose time it takes: those replaced, and the one that held when it is to begin."""
    before = version.client.agreements.filter(valid_from__lt=since).order_by("-valid_from")[:1]
    return [*before, *replaced(version, since)]


def _rows(found: Effect) -> list[tuple[Any, str, str]]:
    return [
        (ROWS.get(code, code), formats.number(n), formats.number(found.judged[code]))
        for code, n in found.changed.items()
    ]
