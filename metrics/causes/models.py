"""What is done about a cause: by whom, from when, and by which figure it is judged."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from tickets.models import Client, Topic

if TYPE_CHECKING:
    from tickets.models import User


class CauseActionQuerySet(models.QuerySet["CauseAction"]):
    def visible_to(self, user: User) -> CauseActionQuerySet:
        """Those who see numbers see what is done about them; a client's manager does not see how we work."""
        return self if user.sees_numbers else self.none()


class CauseAction(models.Model):
    """One thing that somebody does so that customers need not contact us about a topic."""

    class Measure(models.TextChoices):
        SHARE = "share", _("Share of all contacts")
        FAILURE = "failure-demand", _("Failure demand")
        FCR = "fcr", _("First contact resolution")
        REPEAT = "repeat-contacts", _("Repeat contacts")
        CSAT = "csat", _("Customer satisfaction")
        AHT = "aht", _("Average handle time")

    topic = models.ForeignKey(Topic, models.PROTECT, related_name="actions", verbose_name=_("topic"))
    client = models.ForeignKey(
        Client, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("client")
    )
    title = models.CharField(_("what is done"), max_length=200)
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("owner"))
    from_on = models.DateField(
        _("in effect from"), help_text=_("The day that parts before from after: when the cause is taken away.")
    )
    weeks = models.PositiveSmallIntegerField(
        _("weeks to compare"), default=4, help_text=_("So many weeks before that day, and as many from it on.")
    )
    measure = models.CharField(_("judged by"), max_length=20, choices=Measure.choices, default=Measure.SHARE)
    note = models.TextField(_("note"), blank=True)
    made_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", editable=False)
    made_at = models.DateTimeField(default=timezone.now, editable=False)
    done_at = models.DateTimeField(_("done"), null=True, blank=True, editable=False)

    objects = CauseActionQuerySet.as_manager()

    class Meta:
        verbose_name = pgettext_lazy("root cause", "action")
        verbose_name_plural = pgettext_lazy("root cause", "actions")
        ordering = [models.F("done_at").desc(nulls_first=True), "from_on", "id"]
        constraints = [
            models.CheckConstraint(condition=Q(weeks__range=(1, 26)), name="cause_action_weeks"),
        ]

    def __str__(self) -> str:
        return self.title

    def get_absolute_url(self) -> str:
        return reverse("cause_action", args=[self.pk])

    @property
    def is_done(self) -> bool:
        return self.done_at is not None

    def finish(self) -> bool:
        """Say that it is done. False where it was."""
        return bool(CauseAction.objects.filter(pk=self.pk, done_at=None).update(done_at=timezone.now()))

    def reopen(self) -> bool:
        return bool(CauseAction.objects.filter(pk=self.pk, done_at__isnull=False).update(done_at=None))
