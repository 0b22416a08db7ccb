"""The employees' pulse: one short question a month, answered by whoever wants to, and by nobody in particular.

While a round is open it is known who has answered, so that nobody answers twice, and apart from that what was answered,
without a time. When it closes, the answers are shuffled and written anew under numbers made up for them, and the list of
who answered is thrown away: from then on nothing is left that leads from one to the other. No answer is counted
anywhere before that, or who watches the figure move could tell whose answer moved it.
"""

from __future__ import annotations

import secrets
from collections import Counter
from datetime import date, datetime, timedelta
from typing import Any

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models, transaction
from django.db.models import Q
from django.utils import timezone, translation
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from surveys.scales import NPS
from tickets import outbox
from tickets.models import DESK, OutgoingMail, Source, Team, User


class PulsePlan(models.Model):
    """When everybody is asked. There is one of it."""

    is_on = models.BooleanField(gettext_lazy("everybody in a team is asked each month"), default=False)
    day = models.PositiveSmallIntegerField(
        gettext_lazy("from this day of the month"),
        default=1,
        validators=[MinValueValidator(1), MaxValueValidator(28)],
    )
    days_open = models.PositiveSmallIntegerField(
        gettext_lazy("for so many days"), default=7, validators=[MinValueValidator(1), MaxValueValidator(21)]
    )

    class Meta:
        verbose_name = gettext_lazy("plan of the pulse")
        verbose_name_plural = gettext_lazy("plans of the pulse")
        constraints = [
            models.CheckConstraint(condition=Q(pk=1), name="pulse_plan_is_one"),
            models.CheckConstraint(condition=Q(day__range=(1, 28)), name="pulse_plan_day"),
        ]

    def __str__(self) -> str:
        return f"{self.day}+{self.days_open}"

    @classmethod
    def now(cls) -> PulsePlan:
        return cls.objects.filter(pk=1).first() or cls(pk=1)


class PulseRound(models.Model):
    """One month's question. Closed once `sealed_at` is there: then its answers count."""

    month_on = models.DateField(gettext_lazy("month"), unique=True)
    opens_at = models.DateTimeField()
    closes_at = models.DateTimeField()
    sealed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = gettext_lazy("round of the pulse")
        verbose_name_plural = gettext_lazy("rounds of the pulse")
        ordering = ["-month_on"]

    def __str__(self) -> str:
        return f"{self.month_on:%Y-%m}"

    @classmethod
    def open_for(cls, user: User, now: datetime) -> PulseVoter | None:
        """Her place in the round that is open, answered or not."""
        mine = PulseVoter.objects.filter(user=user, round__sealed_at=None, round__closes_at__gt=now)
        return mine.select_related("round", "team").first()

    def seal(self, now: datetime) -> bool:
        """Let the answers count, and forget who gave them. The second time changes nothing."""
        with transaction.atomic():
            held = PulseRound.objects.select_for_update().filter(pk=self.pk, sealed_at=None, closes_at__lte=now).first()
            if held is None:
                return False
            _move_answers(held)
            held.voters.all().delete()
            PulseRound.objects.filter(pk=held.pk).update(sealed_at=now)
        return True


class PulseVoter(models.Model):
    """Who may answer in a round that is open, and whether she has. Gone when it closes."""

    round = models.ForeignKey(PulseRound, models.CASCADE, related_name="voters")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    team = models.ForeignKey(Team, models.CASCADE, related_name="+")
    has_answered = models.BooleanField(default=False)

    class Meta:
        verbose_name = gettext_lazy("person asked in a round")
        verbose_name_plural = gettext_lazy("people asked in a round")
        constraints = [models.UniqueConstraint(fields=["round", "user"], name="pulse_voter_once")]

    def __str__(self) -> str:
        return f"{self.round_id} {self.user_id}"

    def answer(self, enps: int, now: datetime) -> bool:
        """Put one answer among the others. False where she has answered, or where the round has closed."""
        with transaction.atomic():
            # Held against the closing, which would forget an answer that comes while it counts.
            held = PulseRound.objects.select_for_update(no_key=True).filter(pk=self.round_id, sealed_at=None)
            if not held.filter(closes_at__gt=now).exists():
                return False
            if not PulseVoter.objects.filter(pk=self.pk, has_answered=False).update(has_answered=True):
                return False
            PulseBallot.objects.create(round_id=self.round_id, team_id=self.team_id, enps=enps)
        return True


class PulseBallot(models.Model):
    """An answer in a round that is open: whose, it does not say, and when neither. Gone when it closes."""

    round = models.ForeignKey(PulseRound, models.CASCADE, related_name="ballots")
    team = models.ForeignKey(Team, models.CASCADE, related_name="+")
    enps = models.SmallIntegerField()

    class Meta:
        verbose_name = gettext_lazy("answer in an open round")
        verbose_name_plural = gettext_lazy("answers in an open round")
        constraints = [
            models.CheckConstraint(condition=Q(enps__range=(NPS.low, NPS.high)), name="pulse_ballot_on_scale")
        ]

    def __str__(self) -> str:
        return f"{self.round_id}"


def _move_answers(held: PulseRound) -> None:
    """Shuffle the answers into the log, with how many could have answered."""
    from surveys.models import PulseAnswer, PulseHeadcount

    source = Source.objects.get_or_create(name=DESK)[0]
    given = list(held.ballots.values_list("team", "enps"))
    secrets.SystemRandom().shuffle(given)
    PulseAnswer.objects.bulk_create(
        PulseAnswer(source=source, team_id=team, respondent=secrets.token_hex(8), enps=enps, month_on=held.month_on)
        for team, enps in given
    )
    held.ballots.all().delete()
    for team, count in sorted(Counter(held.voters.values_list("team", flat=True)).items()):
        PulseHeadcount.objects.update_or_create(team_id=team, month_on=held.month_on, defaults={"headcount": count})


def go_on(now: datetime | None = None) -> tuple[int, int]:
    """Open the month's round when its day has come, and seal what has closed. Return how many of each."""
    now = now or timezone.now()
    closed = PulseRound.objects.filter(sealed_at=None, closes_at__lte=now)
    sealed = sum(one.seal(now) for one in closed)
    plan, today = PulsePlan.now(), timezone.localdate(now)
    # Not for what is left of a month whose days have gone by: a plan that is made on the 20th begins the month after.
    if not plan.is_on or not plan.day <= today.day < plan.day + plan.days_open:
        return 0, sealed
    return int(_open(today.replace(day=1), plan, now)), sealed


def _open(month: date, plan: PulsePlan, now: datetime) -> bool:
    with transaction.atomic():
        closes = now + timedelta(days=plan.days_open)
        one, made = PulseRound.objects.get_or_create(month_on=month, defaults={"opens_at": now, "closes_at": closes})
        if not made:
            return False
        asked = User.objects.filter(is_active=True, team__isnull=False, role__in=[User.Role.AGENT, User.Role.LEAD])
        people = list(asked.select_related("team").order_by("pk"))
        PulseVoter.objects.bulk_create(PulseVoter(round=one, user=user, team=user.team) for user in people if user.team)
        for user in people:
            if user.email:
                _tell(one, user)
        outbox.ring()
    return True


def _tell(one: PulseRound, user: User) -> None:
    """A mail without anything in it but the way to the page: the link is the same for everybody."""
    with translation.override(user.language or settings.LANGUAGE_CODE):
        text: dict[str, Any] = {
            "link": f"{settings.PUBLIC_URL}/pulse/",
            "day": timezone.localtime(one.closes_at).strftime("%Y-%m-%d"),
        }
        OutgoingMail.objects.put(
            key=f"pulse:{one.pk}:{user.pk}",
            to=user.email,
            subject=_("How is work? One question, anonymous"),
            text=_(
                "One question about your work is open until %(day)s:\n\n%(link)s\n\n"
                "Nobody sees who answered what, and fewer than five answers are never shown."
            )
            % text,
            is_automatic=True,
        )
