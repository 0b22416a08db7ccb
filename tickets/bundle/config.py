"""config.json of a bundle: read, checked, and made a version of the client's agreement, with its calendar.

Every key may be missing; the defaults are those of a new agreement. What was agreed in the past stays as it was: a
config that differs from the version in force becomes a new version that begins now.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from tickets.bundle.readers import BundleError
from tickets.models.client import Agreement, Calendar, Client, ClosedDay, OpeningHours, ServiceLevel
from tickets.models.codes import Channel, ServiceLevelVariant

FIRST = datetime(1970, 1, 1, tzinfo=UTC)
_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_LIVE_DEFAULTS = {Channel.PHONE: Decimal(20), Channel.CHAT: Decimal(60)}
# Read by nobody: remarks, and what is the same for every client.
_NO_TERMS = {
    "period", "as_of_utc", "interview", "promise", "pareto_threshold", "anonymity_min_n", "confidence_z", "note",
}  # fmt: skip


@dataclass(frozen=True)
class Level:
    """One promised threshold on one live channel."""

    channel: str
    position: int
    threshold: Decimal
    short_abandon: Decimal
    target: Decimal


@dataclass(frozen=True)
class Terms:
    """What a config says, in a form that two can be compared in."""

    timezone: str = "Europe/Stockholm"
    country: str = ""
    windows: tuple[tuple[int, time, time], ...] = tuple((day, time(0), time(0)) for day in range(7))
    closed: tuple[date, ...] = ()
    levels: tuple[Level, ...] = ()
    variant: str = ServiceLevelVariant.SL3.value
    fields: Mapping[str, Any] = field(default_factory=dict)


def read(data: bytes, file: str = "config.json") -> tuple[Terms, list[str]]:
    """Read a config. Return its terms, and the keys in it that mean nothing to us.

    Raises:
        BundleError: it is not JSON, or a value cannot be right; the message names the key.
    """
    try:
        config = json.loads(data.decode("utf-8-sig"), parse_float=Decimal)
    except (UnicodeDecodeError, json.JSONDecodeError, RecursionError) as error:
        raise BundleError(f"{file}: is not JSON ({error}).") from error
    if not isinstance(config, dict):
        raise BundleError(f"{file}: must be an object with keys.")
    return _Reader(file, config).terms()


def default() -> Terms:
    """The terms of a client of whom nothing is known."""
    return read(b"{}")[0]


class _Reader:
    def __init__(self, file: str, config: dict[str, Any]) -> None:
        self.file = file
        self.config = config
        self.read_keys: set[str] = set()

    def fail(self, key: str, message: str) -> BundleError:
        return BundleError(f"{self.file}: {key}: {message}.")

    def part(self, key: str) -> dict[str, Any]:
        self.read_keys.add(key)
        value = self.config.get(key)
        if value is None:
            return {}
        if not isinstance(value, dict):
            raise self.fail(key, "must be an object")
        return value

    def number(self, where: str, values: Mapping[str, Any], key: str, default: Any, *, low: int = 0, high: int) -> Any:
        value = values.get(key, default)
        if value is None:
            return default
        name = f"{where}.{key}" if where else key
        if isinstance(value, bool) or not isinstance(value, int | Decimal):
            raise self.fail(name, f"{value!r} is not a number")
        if not low <= value <= high:
            raise self.fail(name, f"{value} is not between {low} and {high}")
        return value

    def whole(self, where: str, values: Mapping[str, Any], key: str, default: Any, *, low: int = 0, high: int) -> Any:
        value = self.number(where, values, key, default, low=low, high=high)
        if value is not None and value != int(value):
            raise self.fail(f"{where}.{key}" if where else key, f"{value} is not a whole number")
        return value if value is None else int(value)

    def exact(self, where: str, values: Mapping[str, Any], key: str, default: Decimal, *, high: int) -> Decimal:
        """A number with the decimals that the database keeps, so that reading it back gives the same."""
        return Decimal(self.number(where, values, key, default, high=high)).quantize(Decimal("0.001"))

    def terms(self) -> tuple[Terms, list[str]]:
        windows, closed = self.hours()
        terms = Terms(
            timezone=self.zone(),
            country=self.text("country", ""),
            windows=windows,
            closed=closed,
            levels=tuple(level for channel in _LIVE_DEFAULTS for level in self.levels(channel)),
            variant=self.variant(),
            fields=self.windows_of_time() | self.targets(),
        )
        return terms, sorted(set(self.config) - self.read_keys - _NO_TERMS)

    def text(self, key: str, default: str) -> str:
        self.read_keys.add(key)
        value = self.config.get(key, default)
        if value is None:
            return default
        if not isinstance(value, str):
            raise self.fail(key, f"{value!r} is not a text")
        return value

    def zone(self) -> str:
        name = self.text("timezone", settings.TIME_ZONE)
        try:
            ZoneInfo(name)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            raise self.fail("timezone", f"{name!r} is not a time zone such as Europe/Stockholm") from None
        return name

    def variant(self) -> str:
        name = self.text("service_level_variant", ServiceLevelVariant.SL3.value)
        if name not in ServiceLevelVariant.values:
            raise self.fail("service_level_variant", f"{name!r} is not one of {', '.join(ServiceLevelVariant.values)}")
        return name

    def levels(self, channel: Channel) -> list[Level]:
        """A channel has one threshold, or a list of them; the first is the headline."""
        self.read_keys.add(channel.value)
        given = self.config.get(channel.value) or {}
        found = []
        for position, level in enumerate(given if isinstance(given, list) else [given]):
            if not isinstance(level, dict):
                raise self.fail(channel.value, "must be an object or a list of objects")
            where = channel.value
            found.append(
                Level(
                    channel=channel.value,
                    position=position,
                    threshold=self.exact(where, level, "sl_threshold_s", _LIVE_DEFAULTS[channel], high=999_999),
                    short_abandon=self.exact(where, level, "short_abandon_s", Decimal(5), high=999_999),
                    target=self.exact(where, level, "target_share", Decimal("0.8"), high=1),
                )
            )
        return found

    def windows_of_time(self) -> dict[str, Any]:
        fcr, survey = self.part("fcr"), self.part("survey")
        self.read_keys |= {"abandon_recovery_window_h", "reopen_window_days", "silence_threshold_h"}
        top = self.config
        return {
            "fcr_window_days": self.whole("fcr", fcr, "window_days", 7, low=1, high=60),
            "resolution_grace_minutes": self.whole("fcr", fcr, "resolution_grace_min", 60, high=100_000),
            "abandon_recovery_hours": self.whole("", top, "abandon_recovery_window_h", 24, high=10_000),
            "reopen_window_days": self.whole("", top, "reopen_window_days", 14, high=1_000),
            "survey_window_days": self.whole("survey", survey, "response_window_days", 14, high=1_000),
            "silence_hours": self.whole("", top, "silence_threshold_h", 48, high=10_000),
        }

    def targets(self) -> dict[str, Any]:
        sla = self.part("sla")
        channels = sla.get("first_response_channels") or []
        if not isinstance(channels, list) or not set(channels) <= set(Channel.values):
            raise self.fail("sla.first_response_channels", f"must be a list of {', '.join(Channel.values)}")
        return {
            "first_response_business_seconds": self.whole(
                "sla", sla, "first_response_business_s", None, high=100_000_000
            ),
            "first_response_channels": sorted(channels),
            "resolution_business_seconds": self.whole("sla", sla, "resolution_business_s", None, high=100_000_000),
        }

    def hours(self) -> tuple[tuple[tuple[int, time, time], ...], tuple[date, ...]]:
        """Without opening hours the desk is always open: business time is then calendar time."""
        given = self.part("business_hours")
        windows: list[tuple[int, time, time]] = []
        for days, value in given.items():
            if days not in {"closed_dates", "note", "country"}:
                pairs = value if value and isinstance(value, list) and isinstance(value[0], list) else [value]
                for weekday in self.weekdays(days):
                    windows += [(weekday, *self.window(days, pair)) for pair in pairs if pair]
        closed = given.get("closed_dates") or []
        try:
            dates = tuple(sorted({date.fromisoformat(day) for day in closed}))
        except (TypeError, ValueError):
            raise self.fail("business_hours.closed_dates", "must be a list of dates such as 2025-12-24") from None
        if len({(weekday, opens) for weekday, opens, _closes in windows}) < len(windows):
            raise self.fail("business_hours", "opens twice at the same time of a day")
        names_days = set(given) - {"closed_dates", "note", "country"}
        if names_days and not windows:
            raise self.fail("business_hours", "never opens; leave it out where the desk is always open")
        return (tuple(sorted(windows)) if names_days else Terms.windows), dates

    def weekdays(self, text: str) -> list[int]:
        found: list[int] = []
        for part in text.lower().replace(" ", "").split(","):
            first, _dash, last = part.partition("-")
            if first not in _DAYS or (last or first) not in _DAYS:
                raise self.fail(
                    f"business_hours.{text}", "is neither a weekday such as mon nor a range such as mon-fri"
                )
            start, end = _DAYS.index(first), _DAYS.index(last or first)
            found += [day % 7 for day in range(start, end + 1 if end >= start else end + 8)]
        return found

    def window(self, days: str, pair: Any) -> tuple[time, time]:
        try:
            opens, closes = (time.fromisoformat("00:00" if text == "24:00" else text) for text in pair)
        except (TypeError, ValueError):
            raise self.fail(f"business_hours.{days}", 'must be ["08:00", "16:00"], or a list of such') from None
        return opens, closes


def agree(client: Client, terms: Terms | None) -> str:
    """Make `terms` the client's agreement. Return "created", "updated" or "unchanged".

    Without terms (the bundle has no config) only a client without any agreement gets one, of the defaults.
    """
    with transaction.atomic():
        Client.objects.select_for_update(no_key=True).get(pk=client.pk)
        latest = client.agreements.select_related("calendar").order_by("-valid_from").first()
        if latest is not None and (terms is None or _terms_of(latest) == terms):
            return "unchanged"
        _write(client, terms or default(), FIRST if latest is None else timezone.now())
    return "created" if latest is None else "updated"


def _terms_of(agreement: Agreement) -> Terms:
    calendar = agreement.calendar
    values = {name: getattr(agreement, name) for name in default().fields}
    values["first_response_channels"] = sorted(values["first_response_channels"])
    return Terms(
        timezone=calendar.timezone,
        country=calendar.country,
        windows=tuple(sorted((w.weekday, w.opens_at, w.closes_at) for w in calendar.opening_hours.all())),
        closed=tuple(sorted(day.closed_on for day in calendar.closed_days.all())),
        levels=tuple(
            Level(
                level.channel, level.position, level.threshold_seconds, level.short_abandon_seconds, level.target_share
            )
            for channel in _LIVE_DEFAULTS
            for level in agreement.service_levels.filter(channel=channel).order_by("position")
        ),
        variant=agreement.service_level_variant,
        fields=values,
    )


def _write(client: Client, terms: Terms, valid_from: datetime) -> None:
    calendar = _calendar(client, terms, valid_from)
    agreement = Agreement.objects.create(
        client=client,
        valid_from=valid_from,
        calendar=calendar,
        service_level_variant=terms.variant,
        **terms.fields,
    )
    ServiceLevel.objects.bulk_create(
        ServiceLevel(
            agreement=agreement,
            channel=level.channel,
            position=level.position,
            threshold_seconds=level.threshold,
            short_abandon_seconds=level.short_abandon,
            target_share=level.target,
        )
        for level in terms.levels
    )


def _calendar(client: Client, terms: Terms, valid_from: datetime) -> Calendar:
    name = client.code[:90] if valid_from == FIRST else f"{client.code[:90]} {valid_from:%Y-%m-%d %H:%M:%S}"
    number = 1
    unique = name
    while Calendar.objects.filter(name=unique).exists():
        number += 1
        unique = f"{name} {number}"
    calendar = Calendar.objects.create(name=unique, timezone=terms.timezone, country=terms.country)
    OpeningHours.objects.bulk_create(
        OpeningHours(calendar=calendar, weekday=weekday, opens_at=opens, closes_at=closes)
        for weekday, opens, closes in terms.windows
    )
    ClosedDay.objects.bulk_create(ClosedDay(calendar=calendar, closed_on=day) for day in terms.closed)
    return calendar
