"""Queues: where contacts wait and which teams take them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import models
from django.db.models import Count, OuterRef, Q, Subquery
from django.db.models.functions import Coalesce
from django.utils.translation import gettext_lazy as _

from tickets.models.client import Client
from tickets.models.people import Skill, Team

if TYPE_CHECKING:
    from tickets.models.people import User


class QueueQuerySet(models.QuerySet["Queue"]):
    def visible_to(self, user: User) -> QueueQuerySet:
        """Narrow to the queues that `user` works in; managers see all, a client's manager her company's."""
        if user.is_client:
            return self.filter(client=user.client_id)
        return self if user.sees_everything else self.filter(teams__members=user).distinct()

    def offered(self, now: int | None = None) -> QueueQuerySet:
        """Those that are in use, and the one that is chosen already."""
        return self.filter(Q(is_active=True) | Q(pk__in=[now] if now else []))

    def editable_by(self, user: User) -> QueueQuerySet:
        """Those whose teams `user` may choose: a team lead those at home in her team."""
        return self if user.is_in_charge else self.filter(team=user.leads) if user.leads else self.none()

    def shown_to_setup_of(self, user: User) -> QueueQuerySet:
        """All for those in charge; for a team lead those of her team and those that it takes."""
        if user.leads is None:
            return self if user.is_in_charge else self.none()
        return self.filter(Q(team=user.leads) | Q(pk__in=Team.objects.filter(pk=user.leads).values("queues")))

    def for_setup_list(self) -> QueueQuerySet:
        """With what a line of the list says: client, teams, skills, and how many cases are open."""
        from tickets.models.case import Case

        counted = Case.objects.open().filter(queue=OuterRef("pk")).order_by().values("queue").annotate(n=Count("pk"))
        return (
            self.select_related("client", "team")
            .prefetch_related("teams", "skills")
            .annotate(open_cases=Coalesce(Subquery(counted.values("n")), 0))
            .order_by("-is_active", "name")
        )


class Queue(models.Model):
    code = models.CharField(_("code"), max_length=200, unique=True)
    name = models.CharField(_("name"), max_length=200)
    client = models.ForeignKey(Client, models.SET_NULL, null=True, blank=True, related_name="queues")
    # A contact that nobody answered counts for this team; an answered one for the answering agent's.
    team = models.ForeignKey(Team, models.SET_NULL, null=True, blank=True, related_name="home_queues")
    teams = models.ManyToManyField(Team, blank=True, related_name="queues")
    skills = models.ManyToManyField(Skill, blank=True, related_name="queues")
    # Out of use: keeps its cases and its history, and is not offered for new ones.
    is_active = models.BooleanField(_("in use"), default=True, db_default=True)

    objects = QueueQuerySet.as_manager()

    class Meta:
        verbose_name = _("queue")
        verbose_name_plural = _("queues")
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name
