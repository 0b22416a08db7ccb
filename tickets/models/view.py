"""Saved views: a list of cases narrowed and ordered in a way that somebody wants to come back to."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from tickets.models.people import Team

if TYPE_CHECKING:
    from tickets.models.people import User


class SavedViewQuerySet(models.QuerySet["SavedView"]):
    def visible_to(self, user: User) -> SavedViewQuerySet:
        """Narrow to what `user` may see: her own, her team's and everybody's."""
        if user.is_client:
            return self.none()
        theirs = Q(scope=SavedView.Scope.EVERYONE) | Q(scope=SavedView.Scope.OWN, owner=user)
        if user.team_id:
            theirs |= Q(scope=SavedView.Scope.TEAM, team=user.team_id)
        return self.filter(theirs)


class SavedView(models.Model):
    class Scope(models.TextChoices):
        OWN = "own", _("Only me")
        TEAM = "team", _("My team")
        EVERYONE = "everyone", _("Everyone")

    name = models.CharField(_("name"), max_length=80)
    scope = models.CharField(_("for"), max_length=8, choices=Scope.choices, default=Scope.OWN)
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="saved_views")
    team = models.ForeignKey(Team, models.CASCADE, null=True, blank=True, related_name="saved_views")
    # As in the list's address: filters and order.
    query = models.CharField(max_length=1000, blank=True)
    columns = ArrayField(models.CharField(max_length=24), default=list, blank=True)

    objects = SavedViewQuerySet.as_manager()

    class Meta:
        verbose_name = _("saved view")
        verbose_name_plural = _("saved views")
        ordering = ["name", "pk"]
        constraints = [
            models.CheckConstraint(condition=Q(scope__in=["own", "team", "everyone"]), name="saved_view_scope"),
            models.CheckConstraint(
                condition=(Q(scope="team") & Q(team__isnull=False)) | ~Q(scope="team"), name="saved_view_of_a_team"
            ),
        ]

    def __str__(self) -> str:
        return self.name

    def may_change(self, user: User) -> bool:
        """Its maker changes a view; a team's also its lead, everybody's also those in charge."""
        return (
            self.owner_id == user.pk
            or user.is_in_charge
            or (self.scope == self.Scope.TEAM and user.role == user.Role.LEAD and self.team_id == user.team_id)
        )
