"""The closed loop: who answered that she was let down is called by somebody, within a time, and what came of it is written."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import models, transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from surveys.asking import SurveyRule
from tickets.models import Case, Notice, User
from tickets.teamwork import notify

if TYPE_CHECKING:
    from surveys.models import Response

# Without a rule, the same as a new rule has.
USUAL = SurveyRule()


class FollowUpQuerySet(models.QuerySet["FollowUp"]):
    def visible_to(self, user: User) -> FollowUpQuerySet:
        """Narrow to what `user` may read: her own, and those of cases that she sees the figures of."""
        if user.is_client:
            return self.none()
        if user.sees_everything:
            return self
        own = Q(owner=user)
        return self.filter(own | Q(invitation__case__in=Case.objects.visible_to(user)) if user.sees_numbers else own)

    def open(self) -> FollowUpQuerySet:
        return self.filter(done_at=None)


class FollowUp(models.Model):
    """One answer that somebody has to act on. One an invitation, however often it is answered."""

    invitation = models.OneToOneField("surveys.Invitation", models.CASCADE, related_name="follow_up")
    # Why: the scores that were low, in codes ("csat", "unsolved").
    reasons = models.JSONField(default=list)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="follow_ups"
    )
    made_at = models.DateTimeField(default=timezone.now)
    due_at = models.DateTimeField(gettext_lazy("due"))
    done_at = models.DateTimeField(gettext_lazy("done"), null=True, blank=True)
    done_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+")
    result = models.TextField(gettext_lazy("what was done"), blank=True)

    objects = FollowUpQuerySet.as_manager()

    class Meta:
        verbose_name = gettext_lazy("follow-up")
        verbose_name_plural = gettext_lazy("follow-ups")
        ordering = ["due_at", "pk"]
        indexes = [models.Index(fields=["due_at"], name="follow_up_open", condition=Q(done_at__isnull=True))]
        constraints = [
            models.CheckConstraint(condition=Q(done_at__isnull=True) | ~Q(result=""), name="follow_up_done_says_what")
        ]

    def __str__(self) -> str:
        return f"{self.invitation_id} {self.due_at:%Y-%m-%d}"

    @property
    def is_late(self) -> bool:
        return self.done_at is None and self.due_at < timezone.now()

    def give(self, to: User) -> bool:
        """Let somebody see to it. False where she does already, or where it is done."""
        return bool(FollowUp.objects.open().filter(pk=self.pk).exclude(owner=to).update(owner=to))

    def finish(self, *, by: User, result: str) -> bool:
        """Say what was done. False where it was done."""
        return bool(
            FollowUp.objects.open().filter(pk=self.pk).update(done_at=timezone.now(), done_by=by, result=result.strip())
        )

    def reopen(self) -> bool:
        """Undo: it is not done after all."""
        return bool(
            FollowUp.objects.filter(pk=self.pk, done_at__isnull=False).update(done_at=None, done_by=None, result="")
        )


def low_in(response: Response, rule: SurveyRule) -> list[str]:
    """What of an answer is low by the rule, in codes."""
    scores = {
        "csat": (response.csat, rule.csat_up_to),
        "ces": (response.ces, rule.ces_up_to),
        "nps": (response.nps, rule.nps_up_to),
    }
    found = [name for name, (score, most) in scores.items() if score is not None and most is not None and score <= most]
    if rule.follows_unsolved and response.fcr_resolved == "no":
        found.append("unsolved")
    return found


@transaction.atomic
def after(response: Response) -> FollowUp | None:
    """Have a low answer followed up; an answer that was changed for the better ends what nobody has begun.

    Part of the transaction of the answer.
    """
    invitation = response.invitation
    rule = SurveyRule.of(invitation.client) or USUAL
    reasons = low_in(response, rule)
    kept = FollowUp.objects.select_for_update(no_key=True).filter(invitation=invitation).first()
    if not reasons:
        if kept is not None and kept.done_at is None:
            FollowUp.objects.filter(pk=kept.pk).update(
                done_at=response.responded_at, result=_("The customer changed her answer.")
            )
        return None
    due = response.responded_at + timedelta(hours=rule.follow_up_hours)
    found, made = FollowUp.objects.get_or_create(
        invitation=invitation,
        defaults={
            "reasons": reasons,
            "due_at": due,
            "made_at": response.responded_at,
            "owner": owner_of(invitation.case),
        },
    )
    if not made and found.reasons != reasons:
        FollowUp.objects.filter(pk=found.pk).update(reasons=reasons)
    if made and found.owner_id and invitation.case is not None:
        notify([found.owner_id], invitation.case, Notice.Kind.LOW_SCORE, by=None)
    return found


def owner_of(case: Case | None) -> User | None:
    """Who leads the team of the case, else one who leads a team of its queue; nobody where there is none."""
    if case is None:
        return None
    leads = User.objects.filter(is_active=True, role=User.Role.LEAD)
    own = leads.filter(team=case.team_id) if case.team_id else leads.none()
    of_queue = leads.filter(team__queues=case.queue_id) if case.queue_id else leads.none()
    return own.order_by("pk").first() or of_queue.order_by("pk").first()


REASONS = {
    "csat": gettext_lazy("Dissatisfied"),
    "ces": gettext_lazy("Found it hard"),
    "nps": gettext_lazy("Would not recommend us"),
    "unsolved": gettext_lazy("Not solved"),
}
