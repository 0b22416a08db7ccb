"""Who is at a case right now, and what each agent is doing."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import models, transaction
from django.db.models import Q
from django.db.models.functions import Greatest
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from tickets.live import announce
from tickets.models.codes import LIVE_CHANNELS

if TYPE_CHECKING:
    from tickets.models.people import User

# A page says every 15 s that it is there. Who has not for this long has gone.
GONE_AFTER = timedelta(seconds=40)


class PresenceQuerySet(models.QuerySet["Presence"]):
    def now(self) -> PresenceQuerySet:
        return self.filter(seen_at__gt=timezone.now() - GONE_AFTER)


class Presence(models.Model):
    """One agent at one case. The table is not logged by PostgreSQL: after a crash everybody says so again."""

    class State(models.TextChoices):
        LOOKING = "looking", _("looks at it")
        TYPING = "typing", _("is writing")

    case = models.ForeignKey("tickets.Case", models.CASCADE, related_name="presences", db_index=False)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+", db_index=False)
    state = models.CharField(max_length=8, choices=State.choices)
    seen_at = models.DateTimeField(default=timezone.now)

    objects = PresenceQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["case", "user"], name="presence_once")]

    def __str__(self) -> str:
        return f"{self.case_id} {self.user_id} {self.state}"


class AgentStateQuerySet(models.QuerySet["AgentState"]):
    def running(self) -> AgentStateQuerySet:
        return self.filter(ended_at__isnull=True)


class AgentState(models.Model):
    """What an agent was doing from one moment to the next: the log behind occupancy and utilisation."""

    class State(models.TextChoices):
        AVAILABLE = "available", _("Available")
        BUSY = "busy", pgettext_lazy("agent", "Busy")
        AFTER_CALL = "after_call", _("After-call work")
        BREAK = "break", pgettext_lazy("agent", "Break")
        TRAINING = "training", _("Training")
        AWAY = "away", _("Away")

    agent = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="states", db_index=False)
    state = models.CharField(_("state"), max_length=12, choices=State.choices)
    started_at = models.DateTimeField(_("since"), default=timezone.now)
    ended_at = models.DateTimeField(_("until"), null=True, blank=True)
    # In a call: what she is when it is written up. Empty: in no state at all, as before it.
    then = models.CharField(max_length=12, blank=True, default="", db_default="")

    objects = AgentStateQuerySet.as_manager()

    class Meta:
        verbose_name = _("agent state")
        verbose_name_plural = _("agent states")
        ordering = ["started_at", "id"]
        constraints = [
            models.UniqueConstraint(
                fields=["agent"], condition=Q(ended_at__isnull=True), name="agent_state_one_at_a_time"
            ),
            models.CheckConstraint(
                condition=Q(state__in=["available", "busy", "after_call", "break", "training", "away"]),
                name="agent_state_known",
            ),
            models.CheckConstraint(
                condition=Q(ended_at__isnull=True) | Q(ended_at__gte=models.F("started_at")),
                name="agent_state_ended_after_started",
            ),
        ]
        # An agent's day; what everybody did in a month.
        indexes = [models.Index(fields=["agent", "started_at"], name="agent_state_agent_started")]

    def __str__(self) -> str:
        return f"{self.agent_id} {self.state}"

    @property
    def seconds(self) -> int:
        """How long it has lasted."""
        return max(0, int(((self.ended_at or timezone.now()) - self.started_at).total_seconds()))

    @classmethod
    def begin_day(cls, agent: User, *, at: datetime | None = None) -> bool:
        """Logged in: available, if she has not said that she wants to say so herself."""
        if not (agent.takes_calls and agent.starts_available) or cls.objects.running().filter(agent=agent).exists():
            return False
        return cls.enter(agent, cls.State.AVAILABLE, at=at)

    @classmethod
    def end_day(cls, agent: User, *, at: datetime | None = None) -> bool:
        """Logged out: what she was writing up is done, and her state ends."""
        from tickets.models.contact import Segment

        for leg in Segment.objects.running(agent).filter(ended_at__isnull=False).select_related("contact"):
            leg.contact.wrap_up(by=agent, at=at)
        return cls.leave(agent, at=at)

    @classmethod
    def choose(cls, agent: User, state: str, *, at: datetime | None = None) -> bool:
        """What the agent picks herself: at once, or in a call when that is written up. "" is to be in none."""
        with transaction.atomic():
            now = cls.objects.running().select_for_update(no_key=True).filter(agent=agent).first()
            # Her other pages follow.
            announce(f"user:{agent.pk}")
            if now is not None and now.state in IN_CALL:
                return bool(cls.objects.filter(pk=now.pk).exclude(then=state).update(then=state))
            return cls.enter(agent, state, at=at) if state else cls.leave(agent, at=at)

    @classmethod
    def leave(cls, agent: User, *, at: datetime | None = None) -> bool:
        """Be in no state any more. False where the agent was in none."""
        at = at or timezone.now()
        running = cls.objects.running().filter(agent=agent)
        return bool(running.update(ended_at=Greatest("started_at", models.Value(at))))

    @classmethod
    def follow(cls, agent: User, *, at: datetime | None = None) -> bool:
        """Be in the state that the agent's calls and chats put her in: busy, in wrap-up, or back to what was before."""
        from tickets.models.contact import Segment

        with transaction.atomic():
            before = cls.objects.running().select_for_update(no_key=True).filter(agent=agent).first()
            ends = Segment.objects.running(agent).filter(contact__channel__in=LIVE_CHANNELS)
            found = list(ends.values_list("ended_at", flat=True))
            was_in_call = before is not None and before.state in IN_CALL
            then = "" if before is None else before.then if was_in_call else before.state
            if found:
                state = cls.State.AFTER_CALL if all(found) else cls.State.BUSY
                return cls.enter(agent, state, at=at, then=then)
            if not was_in_call:
                return False
            return cls.enter(agent, then, at=at) if then else cls.leave(agent, at=at)

    @classmethod
    def enter(cls, agent: User, state: str, *, at: datetime | None = None, then: str = "") -> bool:
        """Be in a state from now on. False where the agent is in it already."""
        at = at or timezone.now()
        with transaction.atomic():
            before = cls.objects.running().select_for_update(no_key=True).filter(agent=agent).first()
            if before is not None:
                if before.state == state:
                    return False
                cls.objects.filter(pk=before.pk).update(ended_at=max(at, before.started_at))
                at = max(at, before.started_at)
            cls.objects.create(agent=agent, state=state, started_at=at, then=then)
        return True


IN_CALL = (AgentState.State.BUSY, AgentState.State.AFTER_CALL)
# What an agent picks herself; the other two follow from her calls.
CHOICES = (AgentState.State.AVAILABLE, AgentState.State.BREAK, AgentState.State.TRAINING, AgentState.State.AWAY)
