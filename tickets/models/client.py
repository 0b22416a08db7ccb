"""Client companies, what we agreed with them, and the hours that count."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from django.contrib.postgres.fields import ArrayField
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from tickets.clock import Hours, add_business_seconds
from tickets.models.codes import Channel, ServiceLevelVariant


class Calendar(models.Model):
    """Opening hours in one time zone. Holidays come from the country's calendar plus our own closing days."""

    name = models.CharField(_("name"), max_length=120, unique=True)
    timezone = models.CharField(_("time zone"), max_length=64, default="Europe/Stockholm")
    country = models.CharField(
        _("country"),
        max_length=6,
        blank=True,
        help_text=_("Country or country-subdivision code whose public holidays are closed, for example SE or FI."),
    )

    class Meta:
        verbose_name = _("calendar")
        verbose_name_plural = _("calendars")

    def __str__(self) -> str:
        return self.name

    @property
    def is_history(self) -> bool:
        """Whether an agreement that has begun keeps time by it: then its hours are no longer edited."""
        return self.agreements.filter(valid_from__lte=timezone.now()).exists()

    def hours(self) -> Hours:
        """Return the opening hours as a value to count business time with."""
        windows = list(self.opening_hours.all())
        return Hours(
            zone=ZoneInfo(self.timezone),
            week=tuple(
                tuple((window.opens_at, window.closes_at) for window in windows if window.weekday == weekday)
                for weekday in range(7)
            ),
            closed=frozenset(self.closed_days.values_list("closed_on", flat=True)),
            country=self.country,
        )


class OpeningHours(models.Model):
    """One open window of a weekday, in the calendar's wall-clock time. A window may end on the next day."""

    calendar = models.ForeignKey(Calendar, models.CASCADE, related_name="opening_hours")
    weekday = models.SmallIntegerField(_("weekday"), help_text=_("0 is Monday"))
    opens_at = models.TimeField(_("opens"))
    closes_at = models.TimeField(_("closes"), help_text=_("At or before the opening time: closes on the next day."))

    class Meta:
        verbose_name = _("opening hours")
        verbose_name_plural = _("opening hours")
        ordering = ["weekday", "opens_at"]
        constraints = [
            models.CheckConstraint(condition=Q(weekday__range=(0, 6)), name="opening_hours_weekday"),
            models.UniqueConstraint(fields=["calendar", "weekday", "opens_at"], name="opening_hours_once"),
        ]

    def __str__(self) -> str:
        return f"{self.weekday} {self.opens_at:%H:%M}-{self.closes_at:%H:%M}"


class ClosedDay(models.Model):
    """A local closing day beside the country's public holidays."""

    calendar = models.ForeignKey(Calendar, models.CASCADE, related_name="closed_days")
    closed_on = models.DateField(_("date"))
    name = models.CharField(_("name"), max_length=120, blank=True)

    class Meta:
        verbose_name = _("closing day")
        verbose_name_plural = _("closing days")
        ordering = ["closed_on"]
        constraints = [models.UniqueConstraint(fields=["calendar", "closed_on"], name="closed_day_once")]

    def __str__(self) -> str:
        return f"{self.closed_on} {self.name}".strip()


class ClientManager(models.Manager["Client"]):
    def default(self) -> Client:
        """Whom a contact counts for until its queue says otherwise: the first client, made where there is none yet."""
        return self.order_by("pk").first() or self.get_or_create(code="own", defaults={"name": "Own"})[0]


class Client(models.Model):
    """A company that we serve; an in-house desk has one."""

    code = models.CharField(_("code"), max_length=120, unique=True)
    name = models.CharField(_("name"), max_length=200)
    language = models.CharField(_("language"), max_length=8, default="sv")
    shows_agents = models.BooleanField(
        _("tells its manager who served"),
        default=False,
        db_default=False,
        help_text=_("Otherwise a login of the client's own manager shows no agent's name."),
    )

    objects = ClientManager()

    class Meta:
        verbose_name = _("client")
        verbose_name_plural = _("clients")
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class AgreementQuerySet(models.QuerySet["Agreement"]):
    def in_force(self, client: Client, at: datetime) -> Agreement | None:
        """Return the version that was agreed with `client` at that moment, or None before the first."""
        versions = self.filter(client=client, valid_from__lte=at).select_related("calendar")
        return versions.order_by("-valid_from").first()


class Agreement(models.Model):
    """One version of what we promised a client. The past keeps the version that was in force then.

    A version is in force from `valid_from` until the next version of the same client begins.
    """

    # What a version may say otherwise than the one before it, besides its calendar and its service levels.
    TERMS = (
        "service_level_variant",
        "fcr_window_days",
        "resolution_grace_minutes",
        "abandon_recovery_hours",
        "reopen_window_days",
        "survey_window_days",
        "silence_hours",
        "first_response_business_seconds",
        "first_response_channels",
        "resolution_business_seconds",
    )

    client = models.ForeignKey(Client, models.PROTECT, related_name="agreements")
    valid_from = models.DateTimeField(_("valid from"))
    calendar = models.ForeignKey(Calendar, models.PROTECT, related_name="agreements")
    service_level_variant = models.CharField(
        _("service level formula"),
        max_length=3,
        choices=ServiceLevelVariant.choices,
        default=ServiceLevelVariant.SL3,
    )
    fcr_window_days = models.PositiveSmallIntegerField(
        _("repeat-contact window, days"), default=7, validators=[MinValueValidator(1), MaxValueValidator(60)]
    )
    resolution_grace_minutes = models.PositiveIntegerField(_("resolution grace, minutes"), default=60)
    abandon_recovery_hours = models.PositiveSmallIntegerField(_("abandonment recovery, hours"), default=24)
    reopen_window_days = models.PositiveSmallIntegerField(_("reopen window, days"), default=14)
    survey_window_days = models.PositiveSmallIntegerField(_("survey response window, days"), default=14)
    silence_hours = models.PositiveSmallIntegerField(_("silence limit, hours"), default=48)
    first_response_business_seconds = models.PositiveIntegerField(
        _("first response target, business seconds"), null=True, blank=True
    )
    first_response_channels = ArrayField(
        models.CharField(max_length=8, choices=Channel.choices), default=list, blank=True
    )
    resolution_business_seconds = models.PositiveIntegerField(
        _("resolution target, business seconds"), null=True, blank=True
    )

    objects = AgreementQuerySet.as_manager()

    class Meta:
        verbose_name = _("agreement")
        verbose_name_plural = _("agreements")
        ordering = ["client", "-valid_from"]
        constraints = [
            models.UniqueConstraint(fields=["client", "valid_from"], name="agreement_version_once"),
            models.CheckConstraint(condition=Q(fcr_window_days__range=(1, 60)), name="agreement_fcr_window"),
        ]

    def __str__(self) -> str:
        return f"{self.client} {self.valid_from:%Y-%m-%d}"

    @property
    def is_in_force(self) -> bool:
        """Whether it has begun: from then on it is history, and changes by a later version only."""
        return self.valid_from <= timezone.now()

    def terms(self) -> dict[str, Any]:
        """What it promises as plain values: to compare versions, and to be kept beside what replaced them."""
        levels = [
            {
                "channel": level.channel,
                "threshold_seconds": float(level.threshold_seconds),
                "target_share": float(level.target_share),
                "short_abandon_seconds": float(level.short_abandon_seconds),
            }
            for level in self.service_levels.all()
        ]
        values = {name: getattr(self, name) for name in self.TERMS}
        return {**values, "calendar": self.calendar.name, "service_levels": levels}

    def first_response_due_at(self, channel: str, at: datetime, hours: Hours) -> datetime | None:
        """Return by when a case opened `at` must have its first reply, or None where none is promised."""
        if channel not in self.first_response_channels:
            return None
        return _due_at(at, self.first_response_business_seconds, hours)

    def resolution_due_at(self, at: datetime, hours: Hours) -> datetime | None:
        """Return by when a case opened `at` must be resolved, or None where nothing is promised."""
        return _due_at(at, self.resolution_business_seconds, hours)


class ServiceLevel(models.Model):
    """One threshold that an agreement promises on one live channel: share answered within so many seconds.

    An agreement may promise several on one channel (7 of 10 within 12 s and 9 of 10 within 20 s);
    the one with the lowest position is the headline that `service-level` reports.
    """

    agreement = models.ForeignKey(Agreement, models.CASCADE, related_name="service_levels")
    channel = models.CharField(_("channel"), max_length=8, choices=Channel.choices)
    position = models.PositiveSmallIntegerField(_("position"), default=0)
    threshold_seconds = models.DecimalField(_("threshold, seconds"), max_digits=9, decimal_places=3)
    target_share = models.DecimalField(
        _("target share"), max_digits=5, decimal_places=4, default=Decimal("0.8"), help_text=_("0.8 is 80 %.")
    )
    short_abandon_seconds = models.DecimalField(
        _("short abandon, seconds"), max_digits=9, decimal_places=3, default=Decimal(5)
    )

    class Meta:
        verbose_name = _("service level")
        verbose_name_plural = _("service levels")
        ordering = ["agreement", "channel", "position"]
        constraints = [
            models.UniqueConstraint(fields=["agreement", "channel", "position"], name="service_level_position"),
            models.CheckConstraint(
                condition=Q(threshold_seconds__gte=0) & Q(short_abandon_seconds__gte=0),
                name="service_level_seconds_not_negative",
            ),
            models.CheckConstraint(
                condition=Q(target_share__gt=0) & Q(target_share__lte=1), name="service_level_target_is_share"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.channel} {self.threshold_seconds:g} s"


def _due_at(at: datetime, seconds: int | None, hours: Hours) -> datetime | None:
    # Hours that never open can keep no promise: the target counts as not agreed.
    if seconds is None or not any(hours.week):
        return None
    return add_business_seconds(at, seconds, hours)
