"""Queues: where contacts wait and which teams take them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import models
from django.utils.translation import gettext_lazy as _

from tickets.models.client import Client
from tickets.models.people import Skill, Team

if TYPE_CHECKING:
    from tickets.models.people import User


class QueueQuerySet(models.QuerySet["Queue"]):
    def visible_to(self, user: User) -> QueueQuerySet:
        """Narrow to the queues that `user` works in; managers see all."""
        return self if user.sees_everything else self.filter(teams__members=user).distinct()


class Queue(models.Model):
    code = models.CharField(_("code"), max_length=200, unique=True)
    name = models.CharField(_("name"), max_length=200)
    client = models.ForeignKey(Client, models.SET_NULL, null=True, blank=True, related_name="queues")
    # A contact that nobody answered counts for this team; an answered one for the answering agent's.
    team = models.ForeignKey(Team, models.SET_NULL, null=True, blank=True, related_name="home_queues")
    teams = models.ManyToManyField(Team, blank=True, related_name="queues")
    skills = models.ManyToManyField(Skill, blank=True, related_name="queues")

    objects = QueueQuerySet.as_manager()

    class Meta:
        verbose_name = _("queue")
        verbose_name_plural = _("queues")
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name
