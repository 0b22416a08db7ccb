"""What colleagues do with one case together: follow, mention, ask, tick off; and the incident that many cases share."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from tickets.models.client import Client

if TYPE_CHECKING:
    from tickets.models.people import User


class Follower(models.Model):
    """Somebody who wants to know what happens on a case."""

    case = models.ForeignKey("tickets.Case", models.CASCADE, related_name="followers", db_index=False)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="followed")
    since = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["case", "user"], name="follower_once")]

    def __str__(self) -> str:
        return f"{self.case_id} {self.user_id}"


class NoticeQuerySet(models.QuerySet["Notice"]):
    def visible_to(self, user: User) -> NoticeQuerySet:
        return self.filter(user=user)

    def unread(self) -> NoticeQuerySet:
        return self.filter(read_at__isnull=True)


class Notice(models.Model):
    """Something that one person should know: she was mentioned, asked or answered, or a case that she follows moved."""

    class Kind(models.TextChoices):
        MENTIONED = "mentioned", _("mentioned you")
        ASKED = "asked", _("asks you")
        ANSWERED = "answered", _("answered you")
        FOLLOWED = "followed", _("changed a case that you follow")
        WOKEN = "woken", _("The case is back")
        HELD = "held", _("Your message was not sent")
        LOW_SCORE = "low_score", _("The customer is not satisfied: follow it up")

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="notices", db_index=False)
    case = models.ForeignKey("tickets.Case", models.CASCADE, related_name="+", db_index=False)
    kind = models.CharField(max_length=10, choices=Kind.choices)
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, null=True, blank=True, related_name="+", db_index=False
    )
    at = models.DateTimeField(default=timezone.now)
    read_at = models.DateTimeField(null=True, blank=True)

    objects = NoticeQuerySet.as_manager()

    class Meta:
        verbose_name = _("notice")
        verbose_name_plural = _("notices")
        ordering = ["-at", "-pk"]
        indexes = [
            # What is new for somebody, on every page.
            models.Index(fields=["user", "-at"], name="notice_unread", condition=Q(read_at__isnull=True)),
        ]

    def __str__(self) -> str:
        return f"{self.user_id} {self.kind} {self.case_id}"


class ChecklistItem(models.Model):
    case = models.ForeignKey("tickets.Case", models.CASCADE, related_name="checklist")
    text = models.CharField(_("what"), max_length=300)
    done_at = models.DateTimeField(null=True, blank=True)
    done_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+", db_index=False
    )

    class Meta:
        verbose_name = _("checklist item")
        verbose_name_plural = _("checklist items")
        ordering = ["pk"]

    def __str__(self) -> str:
        return self.text


class Consultation(models.Model):
    """A question to a colleague about a case. She may read that case as long as she is asked."""

    case = models.ForeignKey("tickets.Case", models.CASCADE, related_name="consultations")
    asked_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", db_index=False)
    asked = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="questions")
    question = models.TextField(_("question"))
    asked_at = models.DateTimeField(default=timezone.now)
    answer = models.TextField(_("answer"), blank=True)
    answered_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = _("consultation")
        verbose_name_plural = _("consultations")
        ordering = ["asked_at"]

    def __str__(self) -> str:
        return f"{self.case_id} {self.asked_id}"


class CaseLink(models.Model):
    """Two cases that have to do with each other. Kept once, the older one first."""

    case = models.ForeignKey("tickets.Case", models.CASCADE, related_name="+", db_index=False)
    other = models.ForeignKey("tickets.Case", models.CASCADE, related_name="+")
    made_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", db_index=False)
    made_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["case", "other"], name="case_link_once"),
            models.CheckConstraint(condition=Q(case__lt=F("other")), name="case_link_older_first"),
        ]

    def __str__(self) -> str:
        return f"{self.case_id} {self.other_id}"


class IncidentQuerySet(models.QuerySet["Incident"]):
    def visible_to(self, user: User) -> IncidentQuerySet:
        """Narrow to what `user` may read: everybody who serves should know what is out of order."""
        if user.is_client:
            return self.filter(client=user.client_id)
        return self if user.is_active else self.none()

    def going_on(self, client: Client | None = None) -> IncidentQuerySet:
        """Narrow to those that are not over, for everybody or for one client."""
        concerned = Q(client=None) | Q(client=client) if client else Q()
        return self.filter(concerned, ended_at=None)


class Incident(models.Model):
    """One disturbance that many customers turn to us about."""

    title = models.CharField(_("what is out of order"), max_length=200)
    client = models.ForeignKey(Client, models.PROTECT, null=True, blank=True, related_name="incidents")
    began_at = models.DateTimeField(_("began"), default=timezone.now)
    ended_at = models.DateTimeField(_("ended"), null=True, blank=True)
    made_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", db_index=False)

    objects = IncidentQuerySet.as_manager()

    class Meta:
        verbose_name = _("incident")
        verbose_name_plural = _("incidents")
        ordering = ["-began_at"]

    def __str__(self) -> str:
        return self.title

    def get_absolute_url(self) -> str:
        return reverse("incident", args=[self.pk])
