"""Invitations, answers, call-back interviews and the employee pulse."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models, transaction
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from surveys.questions import USUAL, Item
from tickets.models import Case, Client, Contact, Customer, OutgoingMail, Source, Team, User
from tickets.models.source import NewExternalId


class Invitation(models.Model):
    """One request to one customer to answer. Scores are dated by `sent_at`, like the response rate."""

    source = models.ForeignKey(Source, models.PROTECT, related_name="+", db_index=False)
    external_id = models.TextField(_("survey id"), db_default=NewExternalId())
    client = models.ForeignKey(Client, models.PROTECT, related_name="invitations", db_index=False)
    contact = models.ForeignKey(
        Contact, models.PROTECT, null=True, blank=True, related_name="invitations", db_index=False
    )
    case = models.ForeignKey(Case, models.PROTECT, null=True, blank=True, related_name="invitations", db_index=False)
    customer = models.ForeignKey(Customer, models.PROTECT, null=True, blank=True, related_name="invitations")
    language = models.CharField(_("language"), max_length=8, blank=True)
    sent_at = models.DateTimeField(_("sent"), default=timezone.now)
    # False: it bounced. Out of the response rate's denominator.
    is_delivered = models.BooleanField(_("delivered"), default=True)
    expires_at = models.DateTimeField(_("expires"), null=True, blank=True)
    # Empty for an invitation that another system sent.
    mail = models.OneToOneField(OutgoingMail, models.SET_NULL, null=True, blank=True, related_name="+")
    # Everybody who took part in the case when it was asked: the answer is about all of them, whatever happens later.
    agents = ArrayField(models.BigIntegerField(), default=list, db_default=[], blank=True)
    # What is asked, in the words of that day; empty: the usual questions.
    version = models.ForeignKey("surveys.Version", models.PROTECT, null=True, blank=True, related_name="invitations")

    class Meta:
        verbose_name = _("survey invitation")
        verbose_name_plural = _("survey invitations")
        constraints = [
            models.UniqueConstraint(fields=["source", "external_id"], name="invitation_named_once"),
        ]
        indexes = [
            # Survey KPIs by period and the rows behind them.
            models.Index(fields=["sent_at"], name="invitation_sent"),
            models.Index(fields=["case"], name="invitation_case"),
            models.Index(fields=["contact"], name="invitation_contact"),
        ]

    def __str__(self) -> str:
        return self.external_id

    def is_open(self, at: datetime) -> bool:
        return self.expires_at is None or at < self.expires_at

    @property
    def items(self) -> list[Item]:
        return self.version.items if self.version else USUAL

    def last_response(self) -> Response | None:
        return self.responses.order_by("-responded_at").first()

    def answer(self, *, at: datetime | None = None, own: Mapping[int, int | str] | None = None, **answers: Any) -> bool:
        """Take the customer's answer, or her changed answer. Return False if it came too late or changes nothing.

        `own`: the answers to own questions, by question: a score on its scale, or a text.

        The row is locked, so a form that was sent twice by an impatient thumb is one answer.
        """
        at = at or timezone.now()
        with transaction.atomic():
            if not Invitation.objects.select_for_update(no_key=True).get(pk=self.pk).is_open(at):
                return False
            last = self.last_response()
            is_same = last is not None and all(getattr(last, name) == value for name, value in answers.items())
            if last is not None and is_same and last.own_values() == (own or {}):
                return False
            response = self.responses.create(responded_at=at, **answers)
            OwnAnswer.objects.bulk_create(
                OwnAnswer(response=response, question_id=question, **{_column(value): value})
                for question, value in (own or {}).items()
            )
            after(response)
        return True


class ResponseQuerySet(models.QuerySet["Response"]):
    def visible_to(self, user: User) -> ResponseQuerySet:
        """Narrow to what `user` may read: those who see numbers, the answers about what they may see."""
        if not user.reads_figures:
            return self.none()
        if user.sees_everything:
            return self
        cases, contacts = Case.objects.visible_to(user), Contact.objects.visible_to(user)
        return self.filter(Q(invitation__case__in=cases) | Q(invitation__contact__in=contacts))


class Response(models.Model):
    """One answer. Answering again adds a row; the last one within the window counts.

    Scores are stored as they came, with their scale; one out of range is kept and counted as invalid.
    """

    class Resolved(models.TextChoices):
        YES = "yes", _("Yes")
        NO = "no", _("No")
        UNSURE = "unsure", _("I don't know yet")

    invitation = models.ForeignKey(Invitation, models.CASCADE, related_name="responses", db_index=False)
    responded_at = models.DateTimeField(_("answered"), default=timezone.now)
    csat = models.SmallIntegerField(_("satisfaction"), null=True, blank=True)
    csat_scale = models.CharField(_("satisfaction scale"), max_length=8, default="1-5")
    ces = models.SmallIntegerField(_("ease"), null=True, blank=True)
    nps = models.SmallIntegerField(_("recommendation"), null=True, blank=True)
    fcr_resolved = models.CharField(_("solved"), max_length=6, choices=Resolved.choices, blank=True)
    fcr_contacts = models.SmallIntegerField(_("times contacted"), null=True, blank=True)
    comment = models.TextField(_("comment"), blank=True)

    objects = ResponseQuerySet.as_manager()

    class Meta:
        verbose_name = _("survey response")
        verbose_name_plural = _("survey responses")
        ordering = ["responded_at"]
        constraints = [
            models.UniqueConstraint(fields=["invitation", "responded_at"], name="response_once_per_instant"),
            models.CheckConstraint(condition=Q(fcr_resolved__in=["", "yes", "no", "unsure"]), name="response_resolved"),
        ]

    def __str__(self) -> str:
        return f"{self.invitation_id} {self.responded_at:%Y-%m-%d %H:%M}"

    def own_values(self) -> dict[int, int | str]:
        """The answers to own questions, by question."""
        return {one.question_id: one.value for one in self.own.all()}


def _column(value: int | str) -> str:
    return "text" if isinstance(value, str) else "score"


class Interview(models.Model):
    """One attempt to call a customer back and ask about the whole experience."""

    class Outcome(models.TextChoices):
        COMPLETED = "completed", _("Completed")
        NO_ANSWER = "no_answer", _("No answer")
        REFUSED = "refused", _("Refused")

    source = models.ForeignKey(Source, models.PROTECT, related_name="+")
    external_id = models.TextField(_("interview id"), db_default=NewExternalId())
    agent = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="interviews")
    customer = models.ForeignKey(Customer, models.PROTECT, null=True, blank=True, related_name="interviews")
    contact = models.ForeignKey(Contact, models.PROTECT, null=True, blank=True, related_name="interviews")
    attempted_at = models.DateTimeField(_("attempted"))
    completed_at = models.DateTimeField(_("completed"), null=True, blank=True)
    outcome = models.CharField(_("outcome"), max_length=10, choices=Outcome.choices)
    rating = models.SmallIntegerField(_("rating"), null=True, blank=True)
    # Whom the system drew, and who called; empty for an interview that another system held.
    call_back = models.ForeignKey("surveys.CallBack", models.SET_NULL, null=True, blank=True, related_name="attempts")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+")

    class Meta:
        verbose_name = _("call-back interview")
        verbose_name_plural = _("call-back interviews")
        constraints = [
            models.UniqueConstraint(fields=["source", "external_id"], name="interview_named_once"),
            models.CheckConstraint(
                condition=Q(outcome__in=["completed", "no_answer", "refused"]), name="interview_outcome"
            ),
            models.CheckConstraint(
                condition=Q(completed_at__isnull=True) | Q(completed_at__gte=F("attempted_at")),
                name="interview_completed_after_attempted",
            ),
            models.CheckConstraint(
                condition=Q(by__isnull=True) | ~Q(by=F("agent")), name="interview_not_by_the_agent_herself"
            ),
        ]

    def __str__(self) -> str:
        return self.external_id


class PulseAnswer(models.Model):
    """One employee's anonymous answer. No user is stored, and nothing is shown below five answers."""

    source = models.ForeignKey(Source, models.PROTECT, related_name="+")
    team = models.ForeignKey(Team, models.PROTECT, related_name="pulse_answers")
    # A number within the file or round; says nothing of who it was.
    respondent = models.CharField(max_length=60)
    enps = models.SmallIntegerField(null=True, blank=True)
    month_on = models.DateField(null=True, blank=True)

    class Meta:
        verbose_name = _("pulse answer")
        verbose_name_plural = _("pulse answers")
        constraints = [
            models.UniqueConstraint(
                fields=["source", "team", "respondent", "month_on"], nulls_distinct=False, name="pulse_answer_once"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.team_id} {self.respondent}"


class PulseHeadcount(models.Model):
    """How many could have answered, by team and month."""

    team = models.ForeignKey(Team, models.PROTECT, related_name="headcounts")
    month_on = models.DateField(_("month"))
    headcount = models.PositiveIntegerField(_("headcount"))

    class Meta:
        verbose_name = _("headcount")
        verbose_name_plural = _("headcounts")
        constraints = [models.UniqueConstraint(fields=["team", "month_on"], name="pulse_headcount_once")]

    def __str__(self) -> str:
        return f"{self.team_id} {self.month_on:%Y-%m}"


# The rest, each beside what it is for.
from surveys.asking import OptOut, SurveyRequest, SurveyRule  # noqa: E402
from surveys.comments import CommentTheme, Praise, Theme  # noqa: E402
from surveys.follow_ups import FollowUp, after  # noqa: E402
from surveys.interviewing import CallBack, InterviewDraw  # noqa: E402
from surveys.pulse import PulseBallot, PulsePlan, PulseRound, PulseVoter  # noqa: E402
from surveys.questionnaires import OwnAnswer, Question, Questionnaire, Version  # noqa: E402
from surveys.texts import SurveyText  # noqa: E402

__all__ = [
    "CallBack",
    "CommentTheme",
    "FollowUp",
    "Interview",
    "InterviewDraw",
    "Invitation",
    "OptOut",
    "OwnAnswer",
    "Praise",
    "PulseAnswer",
    "PulseBallot",
    "PulseHeadcount",
    "PulsePlan",
    "PulseRound",
    "PulseVoter",
    "Question",
    "Questionnaire",
    "Response",
    "SurveyRequest",
    "SurveyRule",
    "SurveyText",
    "Theme",
    "Version",
]
