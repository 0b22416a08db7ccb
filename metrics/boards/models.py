"""What managers make of the numbers: dashboards of their own, targets, and notes on the axis of time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models, transaction
from django.db.models import Q
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from metrics.boards import widgets
from metrics.boards.widgets import Widget
from tickets.models import Client, Queue, User

if TYPE_CHECKING:
    from collections.abc import Callable


class DashboardQuerySet(models.QuerySet["Dashboard"]):
    def visible_to(self, user: User) -> DashboardQuerySet:
        """Narrow to what `user` may open: her own, and what is shared with her role."""
        if not user.reads_figures:
            return self.none()
        return self.filter(Q(owner=user) | Q(roles__contains=[user.role]))


class Dashboard(models.Model):
    """Figures that somebody put together, in her order.

    Attributes:
        roles: Who may open it beside its maker, by role. What it shows is narrowed to each reader.
        period: What it shows where its address names no period.
        widgets: As `widgets.Widget` reads and writes them, in order.
        removed: What was taken out last, with its place, so that it can be put back.
    """

    owner = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="dashboards")
    name = models.CharField(_("name"), max_length=80)
    roles = ArrayField(models.CharField(max_length=12), default=list, blank=True)
    period = models.CharField(_("period"), max_length=12, default="28d")
    widgets = models.JSONField(default=list)
    removed = models.JSONField(null=True, blank=True)

    objects = DashboardQuerySet.as_manager()

    class Meta:
        verbose_name = _("dashboard")
        verbose_name_plural = _("dashboards")
        ordering = ["name", "pk"]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("board", args=[self.pk])

    def may_change(self, user: User) -> bool:
        """Its maker changes it, and those in charge what is shared."""
        return self.owner_id == user.pk or (user.is_in_charge and bool(self.roles))

    def shown(self) -> list[Widget]:
        return [widgets.read(one) for one in self.widgets]

    def change(self, verb: Callable[[list[Widget]], list[Widget]]) -> bool:
        """Let `verb` make another list of the widgets. False where it is the same.

        The row is locked, so two who compose at once do not undo each other: a verb names a widget, never a place.
        """
        with transaction.atomic():
            self._lock()
            before = self.shown()
            after = verb(before)
            if after == before:
                return False
            self.widgets = [one.plain() for one in after]
            self.save(update_fields=["widgets"])
        return True

    def remove(self, name: str) -> bool:
        """Take a widget out, and remember it. False where it is not there."""
        with transaction.atomic():
            self._lock()
            found = self.shown()
            at = widgets.index(found, name)
            if at is None:
                return False
            self.removed = {"at": at, "widget": found[at].plain()}
            self.widgets = [one.plain() for one in found if one.id != name]
            self.save(update_fields=["widgets", "removed"])
        return True

    def restore(self) -> bool:
        """Put back what was taken out last. False where there is nothing."""
        with transaction.atomic():
            self._lock()
            if not self.removed:
                return False
            # Something added since may have taken its name.
            names = {one["id"] for one in self.widgets}
            one = dict(self.removed["widget"])
            one["id"] = widgets.new_id(self.shown()) if one["id"] in names else one["id"]
            self.widgets = widgets.put([*self.widgets], self.removed["at"], one)
            self.removed = None
            self.save(update_fields=["widgets", "removed"])
        return True

    def _lock(self) -> None:
        fresh = Dashboard.objects.select_for_update(no_key=True).get(pk=self.pk)
        self.widgets, self.removed = fresh.widgets, fresh.removed


class TargetQuerySet(models.QuerySet["Target"]):
    def visible_to(self, user: User) -> TargetQuerySet:
        """Narrow to the aims for what `user` sees figures of."""
        if user.sees_everything:
            return self
        if not user.reads_figures:
            return self.none()
        if user.is_client:
            return self.filter(Q(client=None, queue=None) | Q(client=user.client_id) | Q(queue__client=user.client_id))
        queues = Queue.objects.visible_to(user)
        return self.filter(Q(queue=None) | Q(queue__in=queues))


class Target(models.Model):
    """What a KPI shall reach from a day on: of one queue, of one client, or of all. An aim, never an agreement.

    `value` is in the unit of the KPI: a share is 0 to 1, a length in seconds.
    """

    kpi = models.CharField(_("KPI"), max_length=60)
    client = models.ForeignKey(Client, models.CASCADE, null=True, blank=True, related_name="+")
    queue = models.ForeignKey(Queue, models.CASCADE, null=True, blank=True, related_name="+")
    value = models.DecimalField(_("target"), max_digits=12, decimal_places=4)
    valid_from = models.DateTimeField(_("from"))
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")

    objects = TargetQuerySet.as_manager()

    class Meta:
        verbose_name = _("target")
        verbose_name_plural = _("targets")
        ordering = ["kpi", "client", "queue", "-valid_from"]
        constraints = [
            models.UniqueConstraint(
                fields=["kpi", "client", "queue", "valid_from"], nulls_distinct=False, name="target_once_a_moment"
            ),
            models.CheckConstraint(
                condition=Q(client__isnull=True) | Q(queue__isnull=True), name="target_of_one_thing"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kpi} {self.value}"


class AnnotationQuerySet(models.QuerySet["Annotation"]):
    def visible_to(self, user: User) -> AnnotationQuerySet:
        """Narrow to the notes on what `user` sees figures of."""
        if user.sees_everything:
            return self
        if not user.reads_figures:
            return self.none()
        if user.is_client:
            # What was written for everybody may name others.
            return self.filter(Q(client=user.client_id) | Q(queue__client=user.client_id))
        return self.filter(Q(queue=None) | Q(queue__in=Queue.objects.visible_to(user)))


class Annotation(models.Model):
    """Something that happened ("new IVR"), marked on every chart over time that it concerns."""

    at = models.DateTimeField(_("when"))
    text = models.CharField(_("what happened"), max_length=80)
    client = models.ForeignKey(Client, models.CASCADE, null=True, blank=True, related_name="+")
    queue = models.ForeignKey(Queue, models.CASCADE, null=True, blank=True, related_name="+")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    made_at = models.DateTimeField(default=timezone.now)

    objects = AnnotationQuerySet.as_manager()

    class Meta:
        verbose_name = _("note on the time axis")
        verbose_name_plural = _("notes on the time axis")
        ordering = ["-at", "-pk"]
        indexes = [models.Index(fields=["at"], name="annotation_at")]
        constraints = [
            models.CheckConstraint(
                condition=Q(client__isnull=True) | Q(queue__isnull=True), name="annotation_of_one_thing"
            ),
        ]

    def __str__(self) -> str:
        return self.text


def notes_between(
    user: User, filters: Mapping[str, Sequence[Any]], start: datetime, end: datetime
) -> list[tuple[datetime, str]]:
    """The notes within a span that concern these filters, in order of time."""
    found = Annotation.objects.visible_to(user).filter(at__gt=start, at__lt=end)
    if "queue" in filters:
        owners = Queue.objects.filter(pk__in=filters["queue"]).values("client")
        found = found.filter(Q(queue__in=filters["queue"]) | Q(client__in=owners) | Q(client=None, queue=None))
    elif "client" in filters:
        clients = filters["client"]
        found = found.filter(Q(client__in=clients) | Q(queue__client__in=clients) | Q(client=None, queue=None))
    return list(found.order_by("at", "pk").values_list("at", "text"))
