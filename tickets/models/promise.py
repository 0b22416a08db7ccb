"""What we told a customer that we would do, and by when."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from tickets.models.source import NewExternalId, Source


class PromiseQuerySet(models.QuerySet["Promise"]):
    def pending(self) -> PromiseQuerySet:
        return self.filter(fulfilled_at__isnull=True, cancelled_by="")


class Promise(models.Model):
    class By(models.TextChoices):
        CUSTOMER = "customer", _("The customer")
        US = "us", _("Us")

    source = models.ForeignKey(Source, models.PROTECT, related_name="+", db_index=False)
    external_id = models.TextField(_("promise id"), db_default=NewExternalId())
    case = models.ForeignKey("tickets.Case", models.PROTECT, related_name="promises", db_index=False)
    kind = models.CharField(_("kind"), max_length=60, default="update")
    made_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+", db_index=False
    )
    made_at = models.DateTimeField(_("made"), default=timezone.now)
    # Moved by us, it is still judged by the original time.
    original_due_at = models.DateTimeField(_("originally due"))
    due_at = models.DateTimeField(_("due"))
    fulfilled_at = models.DateTimeField(_("fulfilled"), null=True, blank=True)
    rescheduled_by = models.CharField(_("moved by"), max_length=8, choices=By.choices, blank=True)
    cancelled_by = models.CharField(_("withdrawn by"), max_length=8, choices=By.choices, blank=True)

    objects = PromiseQuerySet.as_manager()

    class Meta:
        verbose_name = _("promise")
        verbose_name_plural = _("promises")
        ordering = ["due_at"]
        constraints = [
            models.UniqueConstraint(fields=["source", "external_id"], name="promise_named_once"),
            models.CheckConstraint(condition=Q(rescheduled_by__in=["", "customer", "us"]), name="promise_moved_by"),
            models.CheckConstraint(condition=Q(cancelled_by__in=["", "customer", "us"]), name="promise_withdrawn_by"),
            models.CheckConstraint(
                condition=Q(fulfilled_at__isnull=True) | Q(fulfilled_at__gte=F("made_at")),
                name="promise_fulfilled_after_made",
            ),
        ]
        indexes = [
            # Promises due in a period or next.
            models.Index(fields=["due_at"], name="promise_due"),
            models.Index(fields=["case"], name="promise_case"),
        ]

    @property
    def is_late(self) -> bool:
        return self.fulfilled_at is None and self.due_at < timezone.now()

    def __str__(self) -> str:
        return f"{self.kind} {self.due_at:%Y-%m-%d %H:%M}"
