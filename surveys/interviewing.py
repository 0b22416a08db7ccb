"""Call-back interviews: customers whom the system draws for every agent, and the work of calling them.

Nobody chooses whom to call. A draw is made with a seed that is written down with everybody it could have taken, so that
anyone can make it again. Neither the agent nor her lead sees the list of her customers, or calls them.
"""

from __future__ import annotations

import hashlib
import secrets
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models, transaction
from django.db.models import Exists, F, OuterRef, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from surveys.asking import OptOut, first_identity
from tickets.models import DESK, Contact, Customer, Identity, Source, User

if TYPE_CHECKING:
    from collections.abc import Sequence

    from surveys.models import Interview

GOAL = 10
DAYS = 30
# A customer is called about what she still remembers, and not again soon.
RECENT_DAYS = 14
REST_DAYS = 90
MOST_ATTEMPTS = 3


def drawn(seed: str, candidates: Sequence[int], count: int) -> list[int]:
    """`count` of the candidates, by the seed alone: in whatever order they are given, the same are taken."""
    return sorted(candidates, key=lambda one: hashlib.sha256(f"{seed}:{one}".encode()).digest())[:count]


class InterviewDraw(models.Model):
    """One draw for one agent: its seed, and the contacts that it drew from."""

    agent = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    at = models.DateTimeField(_("drawn"), default=timezone.now)
    seed = models.CharField(max_length=32)
    candidates = ArrayField(models.BigIntegerField())

    class Meta:
        verbose_name = _("draw of interviews")
        verbose_name_plural = _("draws of interviews")
        indexes = [models.Index(fields=["agent", "at"], name="interview_draw_agent")]

    def __str__(self) -> str:
        return f"{self.agent_id} {self.at:%Y-%m-%d}"


class CallBackQuerySet(models.QuerySet["CallBack"]):
    def to_call(self, user: User, now: datetime | None = None) -> CallBackQuerySet:
        """Narrow to whom `user` may call: never customers of her own or of the team that she leads."""
        if user.is_client or not user.sees_numbers:
            return self.none()
        found = self.filter(ended_at=None, draw__at__gt=(now or timezone.now()) - timedelta(days=DAYS))
        found = found.exclude(agent=user)
        if user.leads is not None:
            found = found.exclude(agent__team=user.leads)
        return found if user.sees_everything else found.filter(contact__in=Contact.objects.visible_to(user))

    def told_to(self, user: User) -> CallBackQuerySet:
        """What was said in interviews, for whoever coaches: those in charge, and a lead of her own team."""
        held = self.filter(attempts__outcome="completed")
        if user.sees_everything and not user.is_client:
            return held
        return held.filter(agent__team=user.leads) if user.leads is not None else self.none()


class CallBack(models.Model):
    """One customer to be called about one contact. Its attempts are interviews, as the KPIs count them."""

    draw = models.ForeignKey(InterviewDraw, models.CASCADE, related_name="calls")
    agent = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    customer = models.ForeignKey(Customer, models.CASCADE, related_name="+")
    contact = models.ForeignKey(Contact, models.CASCADE, related_name="+")
    # When she was reached, refused, or was not reached too often.
    ended_at = models.DateTimeField(null=True, blank=True)
    note = models.TextField(_("what the customer told"), blank=True)

    objects = CallBackQuerySet.as_manager()

    class Meta:
        verbose_name = _("customer to interview")
        verbose_name_plural = _("customers to interview")
        ordering = ["draw__at", "pk"]
        constraints = [models.UniqueConstraint(fields=["contact"], name="call_back_once")]
        indexes = [models.Index(fields=["draw"], name="call_back_open", condition=Q(ended_at__isnull=True))]

    def __str__(self) -> str:
        return f"{self.contact_id}"

    @property
    def phone(self) -> str:
        return first_identity(self.customer, Identity.Kind.PHONE)

    def write(self, outcome: str, *, by: User, rating: int | None = None, note: str = "") -> Interview | None:
        """Write down one attempt. None where the customer is done with, or `by` may not call her."""
        from surveys.models import Interview

        now = timezone.now()
        with transaction.atomic():
            mine = CallBack.objects.to_call(by, now).select_for_update(of=("self",)).filter(pk=self.pk).first()
            if mine is None:
                return None
            completed = outcome == Interview.Outcome.COMPLETED
            attempt = Interview.objects.create(
                source=Source.objects.get_or_create(name=DESK)[0],
                agent_id=mine.agent_id,
                customer_id=mine.customer_id,
                contact_id=mine.contact_id,
                attempted_at=now,
                completed_at=now if completed else None,
                outcome=outcome,
                rating=rating if completed else None,
                call_back=mine,
                by=by,
            )
            if outcome != Interview.Outcome.NO_ANSWER or mine.attempts.count() >= MOST_ATTEMPTS:
                CallBack.objects.filter(pk=mine.pk).update(ended_at=now, note=note.strip() if completed else "")
        return attempt


def draw_all(now: datetime | None = None) -> int:
    """Draw for every agent who served customers lately as many as are wanting to her goal. Return how many were drawn."""
    now = now or timezone.now()
    agents = User.objects.filter(is_active=True, role__in=[User.Role.AGENT, User.Role.LEAD])
    served = Contact.objects.valid().filter(
        owner=OuterRef("pk"), is_handled=True, started_at__gte=now - timedelta(days=RECENT_DAYS), started_at__lt=now
    )
    return sum(draw_for(agent, now) for agent in agents.filter(Exists(served)).order_by("pk"))


def draw_for(agent: User, now: datetime) -> int:
    """Draw for one agent. The second time at once there is nothing wanting."""
    with transaction.atomic():
        User.objects.select_for_update(no_key=True).filter(pk=agent.pk).first()
        begin = now - timedelta(days=DAYS)
        under_way = CallBack.objects.filter(agent=agent, draw__at__gt=begin)
        have = under_way.filter(Q(ended_at=None) | Q(attempts__outcome="completed")).distinct().count()
        candidates = _candidates(agent, now) if have < GOAL else {}
        if not candidates:
            return 0
        draw = InterviewDraw.objects.create(agent=agent, at=now, seed=secrets.token_hex(16), candidates=[*candidates])
        taken = drawn(draw.seed, draw.candidates, GOAL - have)
        CallBack.objects.bulk_create(
            CallBack(draw=draw, agent=agent, contact_id=contact, customer_id=candidates[contact]) for contact in taken
        )
    return len(taken)


def _candidates(agent: User, now: datetime) -> dict[int, int]:
    """Contact and customer, one contact a customer (her last): those who can be called and were not called lately."""
    rested = CallBack.objects.filter(customer=OuterRef("customer"), draw__at__gt=now - timedelta(days=REST_DAYS))
    phones = Identity.objects.filter(customer=OuterRef("customer"), kind=Identity.Kind.PHONE)
    found = (
        Contact.objects.valid()
        .filter(
            ~Exists(rested),
            Exists(phones),
            owner=agent,
            is_handled=True,
            started_at__gte=now - timedelta(days=RECENT_DAYS),
            started_at__lt=now,
        )
        .order_by("customer", F("started_at").desc(), "-pk")
        .distinct("customer")
    )
    pairs = dict(found.values_list("pk", "customer"))
    addresses = Identity.objects.filter(customer__in=set(pairs.values())).values_list("customer", "value")
    digests = {OptOut.digest_of(value): customer for customer, value in addresses}
    silent = {digests[one] for one in OptOut.objects.filter(digest__in=digests).values_list("digest", flat=True)}
    return {contact: customer for contact, customer in pairs.items() if customer not in silent}
