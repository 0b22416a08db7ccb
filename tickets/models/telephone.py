"""The telephone systems that tell us of calls, whom and what their names mean, and what waits for a name to be known."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.core.validators import MaxValueValidator, MinValueValidator, RegexValidator
from django.db import models
from django.db.models import Count, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from tickets.channels.phone.told import Rules
from tickets.models.queue import Queue
from tickets.models.source import Source

if TYPE_CHECKING:
    from datetime import datetime


class Connector(models.Model):
    """One telephone system. What it tells is of its own source, so that two systems may use the same ids."""

    class Kind(models.TextChoices):
        ASTERISK = "asterisk", "Asterisk"
        AMAZON_CONNECT = "amazon_connect", "Amazon Connect"
        TWILIO = "twilio", "Twilio TaskRouter"

    class Exit(models.TextChoices):
        ABANDONED = "", _("the call is over: it counts as abandoned")
        VOICEMAIL = "voicemail", _("a voice message")
        CALLBACK = "callback_requested", _("a callback")

    kind = models.CharField(_("system"), max_length=20, choices=Kind.choices)
    code = models.CharField(
        _("code"),
        max_length=40,
        unique=True,
        validators=[RegexValidator(r"^[a-z][a-z0-9_]*$", _("Small letters, digits and underscores."))],
        help_text=_("Secrets are read from the environment: TELEPHONE_SECRET_ and this code in capitals."),
    )
    name = models.CharField(_("name"), max_length=120)
    source = models.OneToOneField(Source, models.PROTECT, related_name="connector", editable=False)
    wraps_up_on_desk = models.BooleanField(
        _("agents say here when their after-call work is done"),
        default=True,
        help_text=_("Else the work on a call ends with the call, or when the telephone system says so."),
    )
    on_timeout = models.CharField(_("who waits too long gets"), max_length=20, choices=Exit.choices, blank=True)
    on_key = models.CharField(_("who presses a key gets"), max_length=20, choices=Exit.choices, blank=True)
    on_empty = models.CharField(_("with nobody logged in she gets"), max_length=20, choices=Exit.choices, blank=True)
    recording_hosts = ArrayField(
        models.CharField(max_length=253),
        default=list,
        blank=True,
        verbose_name=_("servers of recordings"),
        help_text=_("One name a line. Links to recordings on other servers are not shown."),
    )
    # Asterisk's manager interface, for `manage.py listen_ami`; its password comes from the environment.
    host = models.CharField(_("manager interface: server"), max_length=253, blank=True)
    port = models.PositiveIntegerField(
        _("port"), default=5038, validators=[MinValueValidator(1), MaxValueValidator(65535)]
    )
    uses_tls = models.BooleanField(_("by TLS"), default=False)
    user = models.CharField(_("user name"), max_length=120, blank=True, validators=[RegexValidator(r"^[^\r\n]*\Z")])
    is_active = models.BooleanField(_("in use"), default=True, db_default=True)
    heard_at = models.DateTimeField(_("last heard"), null=True, blank=True, editable=False)
    last_error = models.CharField(_("last error"), max_length=500, blank=True, editable=False)
    failed_at = models.DateTimeField(_("failed"), null=True, blank=True, editable=False)

    class Meta:
        verbose_name = _("telephone system")
        verbose_name_plural = _("telephone systems")
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name

    @property
    def secret(self) -> str:
        """Never in the database: no query, export or backup can give it away."""
        return os.environ.get(f"TELEPHONE_SECRET_{self.code.upper()}", "")

    @property
    def rules(self) -> Rules:
        return Rules(self.on_timeout, self.on_key, self.on_empty, self.wraps_up_on_desk)

    def was_heard(self) -> None:
        Connector.objects.filter(pk=self.pk).update(heard_at=timezone.now())

    def went_wrong(self, error: str) -> None:
        Connector.objects.filter(pk=self.pk).update(last_error=error[:500], failed_at=timezone.now())


class PhoneNameQuerySet(models.QuerySet["PhoneName"]):
    def unknown(self) -> PhoneNameQuerySet:
        return self.filter(agent=None, queue=None, is_left_out=False)


class PhoneName(models.Model):
    """A name by which a telephone system calls an agent or a queue."""

    class What(models.TextChoices):
        AGENT = "agent", _("Agent")
        QUEUE = "queue", _("Queue")

    connector = models.ForeignKey(Connector, models.CASCADE, related_name="names", db_index=False)
    what = models.CharField(max_length=8, choices=What.choices)
    name = models.CharField(_("name in the telephone system"), max_length=200)
    agent = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+", db_index=False
    )
    queue = models.ForeignKey(Queue, models.PROTECT, null=True, blank=True, related_name="+", db_index=False)
    # A queue whose calls are not ours.
    is_left_out = models.BooleanField(_("not ours"), default=False)
    seen_at = models.DateTimeField(_("last heard"), default=timezone.now)

    objects = PhoneNameQuerySet.as_manager()

    class Meta:
        verbose_name = _("name in a telephone system")
        verbose_name_plural = _("names in telephone systems")
        ordering = ["what", "name"]
        constraints = [
            models.UniqueConstraint(fields=["connector", "what", "name"], name="phone_name_once"),
            models.CheckConstraint(
                condition=Q(what="agent", queue__isnull=True, is_left_out=False) | Q(what="queue", agent__isnull=True),
                name="phone_name_means_one",
            ),
        ]

    def __str__(self) -> str:
        return self.name


class WaitingCallEventQuerySet(models.QuerySet["WaitingCallEvent"]):
    def calls(self) -> int:
        return int(self.filter(is_left_out=False).aggregate(n=Count("call_id", distinct=True))["n"])


class WaitingCallEvent(models.Model):
    """An event that names somebody or something unknown, or is of a call with such an event: kept until it is known."""

    connector = models.ForeignKey(Connector, models.CASCADE, related_name="waiting", db_index=False)
    event_id = models.CharField(max_length=200)
    call_id = models.CharField(max_length=400)
    at = models.DateTimeField()
    told = models.JSONField()
    # Of a call in a queue that is not ours. Kept a while, so that what is told of it later is known for what it is.
    is_left_out = models.BooleanField(default=False)
    received_at = models.DateTimeField(default=timezone.now)

    objects = WaitingCallEventQuerySet.as_manager()

    class Meta:
        verbose_name = _("waiting call event")
        verbose_name_plural = _("waiting call events")
        ordering = ["at", "pk"]
        constraints = [models.UniqueConstraint(fields=["connector", "event_id"], name="waiting_call_event_once")]
        indexes = [models.Index(fields=["connector", "call_id"], name="waiting_call_event_call")]

    def __str__(self) -> str:
        return f"{self.call_id} {self.event_id}"


class LogPlace(models.Model):
    """How far a log of a telephone system has been read. The file is known by what it is, not by its name: logs rotate."""

    connector = models.ForeignKey(Connector, models.CASCADE, related_name="places", db_index=False)
    path = models.CharField(max_length=1000)
    # Device and number of the file, and the digest of its first line: a number is used again after a rotation.
    file = models.CharField(max_length=120)
    offset = models.BigIntegerField(default=0)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["connector", "path"], name="log_place_once")]

    def __str__(self) -> str:
        return f"{self.path}:{self.offset}"


class CallbackQuerySet(models.QuerySet["Callback"]):
    def open(self) -> CallbackQuerySet:
        return self.filter(closed_at=None)


class Callback(models.Model):
    """A customer who is to be called back: the contact in which she asked, and until when we said that we would."""

    class End(models.TextChoices):
        REACHED = "reached", _("Reached")
        WITHDRAWN = "withdrawn", _("The customer no longer wants it")
        CAME_FIRST = "came_first", _("The customer called first")
        GIVEN_UP = "given_up", _("Given up")
        MISTAKEN = "mistaken", _("She had been answered")

    contact = models.OneToOneField("tickets.Contact", models.CASCADE, related_name="callback")
    number = models.CharField(_("number"), max_length=120, blank=True)
    from_at = models.DateTimeField(_("not before"))
    until_at = models.DateTimeField(_("at the latest"))
    note = models.CharField(_("note"), max_length=500, blank=True)
    taken_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+", db_index=False
    )
    end = models.CharField(_("how it ended"), max_length=12, choices=End.choices, blank=True)
    closed_at = models.DateTimeField(null=True, blank=True)
    closed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+", db_index=False
    )

    objects = CallbackQuerySet.as_manager()

    class Meta:
        verbose_name = _("callback")
        verbose_name_plural = _("callbacks")
        ordering = ["until_at"]
        constraints = [
            models.CheckConstraint(condition=Q(until_at__gte=models.F("from_at")), name="callback_until_after_from"),
            models.CheckConstraint(
                condition=Q(closed_at__isnull=True, end="") | Q(closed_at__isnull=False) & ~Q(end=""),
                name="callback_closed_with_an_end",
            ),
        ]
        indexes = [models.Index(fields=["until_at"], name="callback_open", condition=Q(closed_at__isnull=True))]

    def __str__(self) -> str:
        return self.number or str(self.contact)

    @property
    def is_overdue(self) -> bool:
        return self.closed_at is None and self.until_at < timezone.now()

    @property
    def is_due(self) -> bool:
        return self.closed_at is None and self.from_at <= timezone.now()

    def take(self, *, by: object) -> bool:
        """Somebody takes it upon herself, if nobody has."""
        return bool(Callback.objects.open().filter(pk=self.pk, taken_by=None).update(taken_by=by))

    def close(self, *, end: str, by: object = None, at: datetime | None = None) -> bool:
        """It is over, one way or the other. False where it was already."""
        at = at or timezone.now()
        changed = Callback.objects.open().filter(pk=self.pk).update(end=end, closed_at=at, closed_by=by)
        return bool(changed)
