"""Rules of asking, what was decided of each resolution, and who does not want to be asked."""

from __future__ import annotations

from datetime import time
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext_lazy as _

from surveys import rules
from tickets.models import Agreement, Case, CaseEvent, Client, Customer

if TYPE_CHECKING:
    from datetime import datetime

    from tickets.models import User

DEFAULT_WINDOW_DAYS = 14


class SurveyRule(models.Model):
    """How the customers of a client are asked; the one without a client is for all that have none of their own."""

    class Delay(models.TextChoices):
        NOW = rules.Delay.NOW.value, _("at once")
        NEXT_DAY = rules.Delay.NEXT_DAY.value, _("the next day")
        DAYS = rules.Delay.DAYS.value, _("after some days (“is it still solved?”)")

    client = models.OneToOneField(
        Client, models.CASCADE, null=True, blank=True, related_name="survey_rule", verbose_name=_("client")
    )
    is_on = models.BooleanField(_("customers are asked"), default=True)
    percent = models.PositiveSmallIntegerField(
        _("of a hundred who may be asked, so many are"),
        default=100,
        validators=[MinValueValidator(1), MaxValueValidator(100)],
    )
    cool_down_days = models.PositiveSmallIntegerField(
        _("days in which nobody is asked again"), default=30, validators=[MaxValueValidator(365)]
    )
    delay = models.CharField(_("when"), max_length=8, choices=Delay.choices, default=Delay.NOW)
    days = models.PositiveSmallIntegerField(_("days later"), default=3, validators=[MaxValueValidator(60)])
    at = models.TimeField(_("at"), default=time(9))
    quiet_from = models.TimeField(_("quiet from"), null=True, blank=True, default=time(20))
    quiet_to = models.TimeField(_("quiet until"), null=True, blank=True, default=time(8))
    by_text = models.BooleanField(
        _("by text message where there is no address for mail"), default=False, db_default=False
    )
    # Nobody is reminded where it is empty.
    remind_after_days = models.PositiveSmallIntegerField(
        _("days without an answer until a text message reminds"),
        null=True,
        blank=True,
        validators=[MinValueValidator(1)],
    )
    # A score of so much or less is followed up; nothing: none is.
    csat_up_to = models.PositiveSmallIntegerField(_("satisfaction up to"), null=True, blank=True, default=2)
    ces_up_to = models.PositiveSmallIntegerField(_("ease up to"), null=True, blank=True, default=3)
    nps_up_to = models.PositiveSmallIntegerField(_("recommendation up to"), null=True, blank=True, default=6)
    follows_unsolved = models.BooleanField(_("“not solved” is followed up"), default=True)
    follow_up_hours = models.PositiveSmallIntegerField(_("hours for a follow-up"), default=24)
    # How many have come by who may be asked: the place of the next in the draw.
    drawn = models.PositiveBigIntegerField(default=0, editable=False)

    class Meta:
        verbose_name = _("survey rule")
        verbose_name_plural = _("survey rules")
        constraints = [
            models.UniqueConstraint(fields=["client"], name="survey_rule_for_all_once", nulls_distinct=False),
            models.CheckConstraint(condition=Q(percent__range=(1, 100)), name="survey_rule_percent"),
            models.CheckConstraint(condition=Q(delay__in=["now", "next_day", "days"]), name="survey_rule_delay"),
            models.CheckConstraint(
                condition=Q(quiet_from__isnull=True, quiet_to__isnull=True)
                | Q(quiet_from__isnull=False, quiet_to__isnull=False),
                name="survey_rule_quiet_both",
            ),
        ]

    def __str__(self) -> str:
        return str(self.client or _("All clients"))

    @classmethod
    def of(cls, client: Client) -> SurveyRule | None:
        """The client's own, else the one for all; None where nobody has set any."""
        return cls.objects.filter(Q(client=client) | Q(client=None)).order_by(F("client").asc(nulls_last=True)).first()

    def next_place(self) -> int:
        """Take the next place in the draw. The row is held until the resolution is kept or not, so no place is lost."""
        held = SurveyRule.objects.select_for_update(no_key=True).values_list("drawn", flat=True).get(pk=self.pk)
        SurveyRule.objects.filter(pk=self.pk).update(drawn=held + 1)
        return held


def rule_for(client: Client, at: datetime) -> tuple[rules.Rule, SurveyRule | None]:
    """What holds for a client's customers at a moment. Without a rule everybody is asked at once."""
    agreement = (
        Agreement.objects.filter(client=client, valid_from__lte=at)
        .select_related("calendar")
        .order_by("-valid_from")
        .first()
    )
    zone = ZoneInfo(agreement.calendar.timezone if agreement else settings.TIME_ZONE)
    window = agreement.survey_window_days if agreement else DEFAULT_WINDOW_DAYS
    kept = SurveyRule.of(client)
    if kept is None:
        return rules.Rule(zone, window), None
    return (
        rules.Rule(
            zone,
            window if kept.is_on else 0,
            kept.percent,
            kept.cool_down_days,
            rules.Delay(kept.delay),
            kept.days,
            kept.at,
            kept.quiet_from,
            kept.quiet_to,
        ),
        kept,
    )


def first_identity(customer: Customer, kind: str) -> str:
    """Her oldest address of a kind; "" where she has none."""
    found = customer.identities.filter(kind=kind).order_by("pk")
    return found.values_list("value", flat=True).first() or ""


class SurveyRequestQuerySet(models.QuerySet["SurveyRequest"]):
    def visible_to(self, user: User) -> SurveyRequestQuerySet:
        """Narrow to the resolutions of cases that `user` may see."""
        if not user.sees_numbers:
            return self.none()
        return self if user.sees_everything else self.filter(case__in=Case.objects.visible_to(user))

    def due(self, at: datetime) -> SurveyRequestQuerySet:
        return self.filter(decision=rules.Decision.PLANNED, due_at__lte=at).order_by("due_at", "pk")


class SurveyRequest(models.Model):
    """What was decided of one resolution, and why: who was asked, who will be, and who was not."""

    class Decision(models.TextChoices):
        OFF = rules.Decision.OFF.value, _("Nobody is asked for this client")
        OLD = rules.Decision.OLD.value, _("Resolved long before it was entered")
        TEST = rules.Decision.TEST.value, _("Test or spam")
        ONLY_US = rules.Decision.ONLY_US.value, _("Only we made contact")
        OPEN_LINK = rules.Decision.OPEN_LINK.value, _("An earlier link is still open")
        NO_ADDRESS = rules.Decision.NO_ADDRESS.value, _("No address")
        OPTED_OUT = rules.Decision.OPTED_OUT.value, _("Does not want to be asked")
        COOLED_DOWN = rules.Decision.COOLED_DOWN.value, _("Asked not long ago")
        NOT_SAMPLED = rules.Decision.NOT_SAMPLED.value, _("Not drawn")
        PLANNED = rules.Decision.PLANNED.value, _("Will be asked")
        ASKED = rules.Decision.ASKED.value, _("Asked")
        REOPENED = rules.Decision.REOPENED.value, _("Opened again before it was asked")

    case = models.ForeignKey(Case, models.CASCADE, related_name="survey_requests")
    event = models.OneToOneField(CaseEvent, models.CASCADE, related_name="+")
    customer = models.ForeignKey(Customer, models.CASCADE, null=True, blank=True, related_name="+")
    # Who had resolved it: by whom the rate of invitations is looked at.
    agent = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+")
    decision = models.CharField(_("decision"), max_length=12, choices=Decision.choices)
    at = models.DateTimeField(_("resolved"), default=timezone.now)
    due_at = models.DateTimeField(_("due"), null=True, blank=True)
    # When a text reminds her, if she has not answered by then.
    remind_at = models.DateTimeField(null=True, blank=True)
    invitation = models.OneToOneField(
        "surveys.Invitation", models.SET_NULL, null=True, blank=True, related_name="request"
    )

    objects = SurveyRequestQuerySet.as_manager()

    class Meta:
        verbose_name = _("decision to ask")
        verbose_name_plural = _("decisions to ask")
        indexes = [
            models.Index(fields=["due_at"], name="survey_request_due", condition=Q(decision="planned")),
            models.Index(fields=["at"], name="survey_request_at"),
            models.Index(fields=["remind_at"], name="survey_request_remind", condition=Q(remind_at__isnull=False)),
            # When this customer is next asked, for the cool-down.
            models.Index(fields=["customer", "due_at"], name="survey_request_customer"),
        ]

    def __str__(self) -> str:
        return f"{self.case_id} {self.decision}"

    def forget_reminder(self) -> None:
        """She is reminded once, or not at all."""
        SurveyRequest.objects.filter(pk=self.pk).update(remind_at=None)


class OptOut(models.Model):
    """An address that is not asked any more, by its owner's own wish.

    Only a digest under our own key is kept: it says of an address at hand whether it is one, and names nobody, so it may
    stay when she is forgotten.
    """

    digest = models.CharField(max_length=64, unique=True)
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        verbose_name = _("wish not to be asked")
        verbose_name_plural = _("wishes not to be asked")

    def __str__(self) -> str:
        return self.digest[:8]

    @staticmethod
    def digest_of(address: str) -> str:
        return salted_hmac("surveys.opt_out", address.strip().lower(), algorithm="sha256").hexdigest()

    @classmethod
    def holds(cls, address: str) -> bool:
        """Whether its owner does not want to be asked."""
        return bool(address) and cls.objects.filter(digest=cls.digest_of(address)).exists()

    @classmethod
    def wish(cls, address: str) -> bool:
        """Not any more. False where that was so."""
        return cls.objects.get_or_create(digest=cls.digest_of(address))[1]

    @classmethod
    def take_back(cls, address: str) -> bool:
        return bool(cls.objects.filter(digest=cls.digest_of(address)).delete()[0])
