"""Monthly reports of client companies, frozen as they were sent, and when they are made."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Max, Q
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from tickets.models import Client

if TYPE_CHECKING:
    from tickets.models import User

# Whoever makes one and dies has not made it: after so long somebody else may.
LEASE = timedelta(minutes=20)


class Format(models.TextChoices):
    PDF = "pdf", "PDF"
    XLSX = "xlsx", "XLSX"
    CSV = "csv", "CSV"


class ReportSchedule(models.Model):
    """Each month on a day: a client's report in a language, to these people."""

    client = models.ForeignKey(Client, models.PROTECT, related_name="report_schedules", verbose_name=_("client"))
    language = models.CharField(_("language"), max_length=8)
    day = models.PositiveSmallIntegerField(
        _("day of the month"),
        default=3,
        validators=[MinValueValidator(1), MaxValueValidator(28)],
        help_text=_("The report of the month before is made and sent on this day. Late rows are in by the third."),
    )
    recipients = ArrayField(models.EmailField(max_length=320), verbose_name=_("to"))
    formats = ArrayField(models.CharField(max_length=4, choices=Format.choices), verbose_name=_("files"))
    is_active = models.BooleanField(_("in use"), default=True)
    made_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", editable=False)

    class Meta:
        verbose_name = _("report schedule")
        verbose_name_plural = _("report schedules")
        ordering = ["client", "language"]
        constraints = [
            models.CheckConstraint(condition=Q(day__range=(1, 28)), name="report_schedule_day"),
            models.UniqueConstraint(
                fields=["client", "language"], name="report_schedule_once", condition=Q(is_active=True)
            ),
        ]

    def __str__(self) -> str:
        return f"{self.client} {self.day}"


class ReportQuerySet(models.QuerySet["Report"]):
    def visible_to(self, user: User) -> ReportQuerySet:
        """Narrow to what `user` may read: those in charge all, a client's manager what was sent to her company."""
        if user.is_client:
            return self.filter(client=user.client_id, sent_at__isnull=False)
        return self if user.is_in_charge else self.none()

    def to_make(self) -> ReportQuerySet:
        stale = Q(state=Report.State.MAKING, claimed_at__lt=timezone.now() - LEASE)
        return self.filter(Q(state=Report.State.WAITING) | stale)

    def order(
        self, client: Client, month: date, language: str, *, by: User | None, schedule: ReportSchedule | None = None
    ) -> Report:
        """Ask for a new version of a client's month. Whoever works it off finds it in the table."""
        same = self.filter(client=client, month=month, language=language)
        last = same.aggregate(last=Max("version"))["last"] or 0
        replaces = same.exclude(sent_at=None).order_by("-version").first()
        return self.create(
            client=client,
            month=month,
            language=language,
            version=last + 1,
            made_by=by,
            schedule=schedule,
            replaces=replaces,
        )


class Report(models.Model):
    """One version of a client's monthly report: its figures as data, and the files made of them.

    Once sent it never changes: a trigger sees to it. Computed again, it is another version that says what differs.

    Attributes:
        figures: What `metrics.reports.figures` gave.
        files: Format to the digest, size and name of the file.
        differences: What differs from the version that was sent before it, each with why.
    """

    class State(models.TextChoices):
        WAITING = "waiting", pgettext_lazy("report", "Waiting")
        MAKING = "making", pgettext_lazy("report", "Being made")
        READY = "ready", pgettext_lazy("report", "Ready")
        FAILED = "failed", pgettext_lazy("report", "Failed")

    client = models.ForeignKey(Client, models.PROTECT, related_name="reports")
    month = models.DateField(_("month"))
    language = models.CharField(_("language"), max_length=8)
    version = models.PositiveSmallIntegerField(_("version"), default=1)
    state = models.CharField(max_length=8, choices=State.choices, default=State.WAITING)
    percent = models.PositiveSmallIntegerField(default=0)
    step = models.CharField(max_length=120, blank=True)
    error = models.TextField(blank=True)
    ordered_at = models.DateTimeField(default=timezone.now)
    claimed_at = models.DateTimeField(null=True, blank=True)
    as_of = models.DateTimeField(_("data until"), null=True, blank=True)
    figures = models.JSONField(default=dict)
    files = models.JSONField(default=dict)
    differences = models.JSONField(default=list)
    replaces = models.ForeignKey("self", models.PROTECT, null=True, blank=True, related_name="replaced_by")
    schedule = models.ForeignKey(ReportSchedule, models.SET_NULL, null=True, blank=True, related_name="reports")
    made_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+")
    sent_at = models.DateTimeField(_("sent"), null=True, blank=True)
    sent_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+")
    sent_to = ArrayField(models.EmailField(max_length=320), default=list)

    objects = ReportQuerySet.as_manager()

    class Meta:
        verbose_name = _("report")
        verbose_name_plural = _("reports")
        ordering = ["-month", "client", "language", "-version"]
        constraints = [
            models.UniqueConstraint(fields=["client", "month", "language", "version"], name="report_version_once"),
            models.CheckConstraint(condition=Q(month__day=1), name="report_of_a_month"),
            models.CheckConstraint(condition=Q(sent_at__isnull=True) | Q(state="ready"), name="report_sent_when_ready"),
        ]
        indexes = [
            # A list of one client's, and what waits to be made.
            models.Index(fields=["client", "-month"], name="report_client_month"),
            models.Index(fields=["state"], name="report_to_make", condition=Q(state__in=["waiting", "making"])),
        ]

    def __str__(self) -> str:
        return f"{self.client} {self.month:%Y-%m} v{self.version}"

    def get_absolute_url(self) -> str:
        return reverse("report", args=[self.pk])

    @property
    def is_under_way(self) -> bool:
        return self.state in {self.State.WAITING, self.State.MAKING}

    def claim(self) -> bool:
        """Take it for this worker alone. False where somebody else has it, or it is made."""
        now = timezone.now()
        mine = Report.objects.to_make().filter(pk=self.pk)
        return bool(mine.update(state=self.State.MAKING, claimed_at=now, percent=1, error=""))

    def note(self, percent: int, step: str) -> None:
        """Say how far it has come, to whoever watches."""
        Report.objects.filter(pk=self.pk).update(percent=percent, step=step)

    def finish(self, **made: Any) -> bool:
        """Keep what was made. False where it was finished meanwhile."""
        mine = Report.objects.filter(pk=self.pk, state=self.State.MAKING)
        return bool(mine.update(state=self.State.READY, percent=100, step="", **made))

    def fail(self, error: str) -> bool:
        mine = Report.objects.filter(pk=self.pk, state=self.State.MAKING)
        return bool(mine.update(state=self.State.FAILED, step="", error=error[:1000]))
