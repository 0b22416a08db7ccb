"""Those who serve: users with a role, their teams and skills."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.models import AbstractUser
from django.db import models
from django.db.models import Count, OuterRef, Subquery
from django.db.models.functions import Coalesce
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy


class Team(models.Model):
    code = models.CharField(_("code"), max_length=120, unique=True)
    name = models.CharField(_("name"), max_length=200)
    is_active = models.BooleanField(_("in use"), default=True, db_default=True)

    class Meta:
        verbose_name = _("team")
        verbose_name_plural = _("teams")
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class SkillQuerySet(models.QuerySet["Skill"]):
    def for_setup_list(self) -> SkillQuerySet:
        """With how many people have it and how many queues ask for it."""
        having: Any = Skill.agents.through._base_manager.filter(user__is_active=True)  # noqa: SLF001 - of a table without a model
        asking: Any = Skill.queues.through._base_manager.all()  # noqa: SLF001 - likewise
        return self.annotate(people=_count(having), asking=_count(asking)).order_by("-is_active", "name")


def _count(rows: Any) -> Coalesce:
    counted = rows.filter(skill=OuterRef("pk")).order_by().values("skill").annotate(n=Count("pk"))
    return Coalesce(Subquery(counted.values("n")), 0)


class Skill(models.Model):
    code = models.CharField(_("code"), max_length=60, unique=True)
    name = models.CharField(_("name"), max_length=120)
    is_active = models.BooleanField(_("in use"), default=True, db_default=True)

    objects = SkillQuerySet.as_manager()

    class Meta:
        verbose_name = _("skill")
        verbose_name_plural = _("skills")
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class User(AbstractUser):
    """A person or system with an account, or an agent known only from an imported log (no usable password)."""

    class Role(models.TextChoices):
        AGENT = "agent", pgettext_lazy("role", "Agent")
        LEAD = "lead", pgettext_lazy("role", "Team lead")
        MANAGER = "manager", pgettext_lazy("role", "Manager")
        ADMIN = "admin", pgettext_lazy("role", "Administrator")
        INTEGRATION = "integration", pgettext_lazy("role", "Integration")
        # Serves nobody: a client company's own manager, who reads about her company and nothing else.
        CLIENT = "client", pgettext_lazy("role", "Client's manager")

    # Whom nobody gives a case to, asks or mentions.
    NO_COLLEAGUES = (Role.INTEGRATION, Role.CLIENT)

    role = models.CharField(_("role"), max_length=12, choices=Role.choices, default=Role.AGENT)
    # What logs and other systems call this agent. The user name is for logging in and may change.
    code = models.CharField(_("agent code"), max_length=120, unique=True, null=True, blank=True)
    team = models.ForeignKey(Team, models.SET_NULL, null=True, blank=True, related_name="members")
    skills = models.ManyToManyField(Skill, blank=True, related_name="agents")
    language = models.CharField(_("language"), max_length=8, blank=True)
    # Of a client's manager: the one company that she reads about.
    client = models.ForeignKey(
        "tickets.Client", models.PROTECT, null=True, blank=True, related_name="managers", verbose_name=_("client")
    )

    starts_available = models.BooleanField(_("available as soon as logged in"), default=True, db_default=True)

    class Meta(AbstractUser.Meta):
        constraints = [
            models.CheckConstraint(
                condition=models.Q(role__in=["agent", "lead", "manager", "admin", "integration", "client"]),
                name="user_role",
            ),
            # Without a company she would see none; and with more rights than that role she would see all of them.
            models.CheckConstraint(
                condition=models.Q(role="client", client__isnull=False, is_superuser=False, is_staff=False)
                | (~models.Q(role="client") & models.Q(client__isnull=True)),
                name="user_client_has_one_company",
            ),
        ]

    def __str__(self) -> str:
        return self.get_full_name() or self.username

    @property
    def takes_calls(self) -> bool:
        """Whether this person is on the desk by profession, so that her states are kept from log-in to log-out."""
        return self.role in {self.Role.AGENT, self.Role.LEAD}

    @property
    def is_client(self) -> bool:
        """Whether this is a client company's own manager: she reads about her company, and writes nothing."""
        return self.role == self.Role.CLIENT

    @property
    def sees_everything(self) -> bool:
        return self.is_superuser or self.role in {self.Role.MANAGER, self.Role.ADMIN, self.Role.INTEGRATION}

    @property
    def sees_numbers(self) -> bool:
        """Whether the pages with figures and quarantined rows are for this person."""
        return self.sees_everything or self.role == self.Role.LEAD

    @property
    def reads_figures(self) -> bool:
        """Whether the figures are for this person; of a client's manager, those of her company alone."""
        return self.sees_numbers or self.is_client

    @property
    def sets_up(self) -> bool:
        """Whether setting up how work comes in is for this person: team leads and those in charge, no systems."""
        return self.is_in_charge or self.role == self.Role.LEAD

    @property
    def is_in_charge(self) -> bool:
        """Whether the pages about the desk itself are for this person: managers and administrators, no systems."""
        return self.is_superuser or self.role in {self.Role.MANAGER, self.Role.ADMIN}

    @property
    def leads(self) -> int | None:
        """The team whose texts, people and queues this person looks after, or None."""
        return self.team_id if self.role == self.Role.LEAD and not self.is_superuser else None
