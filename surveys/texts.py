"""The second channel: a short text to a phone, handed to the service that the installation names, by a signed call.

A row is the queue of record; the worker hands it over and tries again as mails are tried. The body is JSON with `id`, `to`
(E.164) and `text`; the header `X-Signature` has `sha256=` and the HMAC of the body under SURVEY_SMS_SECRET, so that the
service knows who calls. The same `id` is the same text, however often it comes.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import logging
from datetime import datetime
from typing import TYPE_CHECKING

import requests
from django.conf import settings
from django.db import models, transaction
from django.db.models import Exists, F, OuterRef, Q
from django.utils import timezone, translation
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from surveys import links, rules
from surveys.asking import OptOut, first_identity, rule_for
from tickets.models import Customer, Identity
from tickets.models.outbox import LEASE, MAX_ATTEMPTS, pause_after

if TYPE_CHECKING:
    from surveys.models import Invitation

log = logging.getLogger(__name__)
BATCH, SECONDS = 50, 10


class SurveyText(models.Model):
    """One text to one phone: the invitation itself where there is no address for mail, or the reminder after it."""

    class Status(models.TextChoices):
        WAITING = "waiting", gettext_lazy("Waiting")
        SENT = "sent", gettext_lazy("Sent")
        DEAD = "dead", gettext_lazy("Given up")

    invitation = models.OneToOneField("surveys.Invitation", models.CASCADE, related_name="sms")
    to = models.CharField(max_length=20)
    text = models.TextField()
    status = models.CharField(max_length=8, choices=Status.choices, default=Status.WAITING)
    send_at = models.DateTimeField(default=timezone.now)
    sent_at = models.DateTimeField(null=True, blank=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    last_error = models.CharField(max_length=200, blank=True)

    class Meta:
        verbose_name = gettext_lazy("survey by text message")
        verbose_name_plural = gettext_lazy("surveys by text message")
        indexes = [models.Index(fields=["send_at"], name="survey_text_due", condition=Q(status="waiting"))]
        constraints = [
            models.CheckConstraint(condition=Q(status__in=["waiting", "sent", "dead"]), name="survey_text_status")
        ]

    def __str__(self) -> str:
        return f"{self.invitation_id} {self.status}"


def is_set_up() -> bool:
    """Whether there is a service to hand texts to."""
    return bool(settings.SURVEY_SMS_URL)


def phone_of(customer: Customer | None) -> str:
    if customer is None or not is_set_up():
        return ""
    return first_identity(customer, Identity.Kind.PHONE)


def put(invitation: Invitation, *, to: str, at: datetime) -> SurveyText:
    """Write the text, in her language and with one link that scores nothing. The second time changes nothing."""
    with translation.override(invitation.language):
        text = _("%(sender)s: how did we do with your case %(number)s? %(link)s") % {
            "sender": invitation.client.name,
            "number": invitation.case_id,
            "link": links.url_for(invitation),
        }
    return SurveyText.objects.get_or_create(invitation=invitation, defaults={"to": to, "text": text, "send_at": at})[0]


def remind_due(now: datetime | None = None) -> int:
    """Write to the phones of those who were asked by mail so many days ago and have not answered. Return how many."""
    from surveys.models import Invitation, Response

    if not is_set_up():
        return 0
    now, written = now or timezone.now(), 0
    silent = Invitation.objects.filter(
        ~Exists(Response.objects.filter(invitation=OuterRef("pk"))), sms=None, mail__isnull=False, expires_at__gt=now
    )
    for invitation in silent.filter(request__remind_at__lte=now).select_related("client", "customer", "case")[:BATCH]:
        rule, _kept = rule_for(invitation.client, now)
        phone = phone_of(invitation.customer)
        if rules.is_quiet(rule, now):
            continue
        if phone and not OptOut.holds(phone) and not OptOut.holds(invitation.mail.to if invitation.mail else ""):
            put(invitation, to=phone, at=now)
            written += 1
        invitation.request.forget_reminder()
    return written


def send_due(now: datetime | None = None) -> int:
    """Hand over what is due. Return how many were taken."""
    return sum(_send(one) for one in _claim(now or timezone.now())) if is_set_up() else 0


def _claim(now: datetime) -> list[SurveyText]:
    """Take some for this worker alone, until the lease ends."""
    with transaction.atomic():
        due = SurveyText.objects.filter(status=SurveyText.Status.WAITING, send_at__lte=now).order_by("send_at")
        found = list(due.select_for_update(skip_locked=True)[:BATCH])
        SurveyText.objects.filter(pk__in=[one.pk for one in found]).update(
            attempts=F("attempts") + 1, send_at=now + LEASE
        )
    for one in found:
        one.attempts += 1
    return found


def _send(one: SurveyText) -> bool:
    body = json.dumps({"id": f"survey-{one.invitation_id}", "to": one.to, "text": one.text}).encode()
    signature = hmac.new(settings.SURVEY_SMS_SECRET.encode(), body, hashlib.sha256).hexdigest()
    headers = {"Content-Type": "application/json", "X-Signature": f"sha256={signature}"}
    mine = SurveyText.objects.filter(pk=one.pk, status=SurveyText.Status.WAITING, attempts=one.attempts)
    try:
        answer = requests.post(
            settings.SURVEY_SMS_URL, data=body, headers=headers, timeout=SECONDS, allow_redirects=False
        )
        error = "" if answer.status_code < 300 else f"answered {answer.status_code}"
        for_good = 400 <= answer.status_code < 500 and answer.status_code not in {408, 425, 429}
    except requests.RequestException as problem:
        error, for_good = type(problem).__name__, False
    if not error:
        return bool(mine.update(status=SurveyText.Status.SENT, sent_at=timezone.now(), last_error=""))
    # No number in what is logged.
    log.warning("Text %s was not taken at attempt %s: %s", one.pk, one.attempts, error)
    if for_good or one.attempts >= MAX_ATTEMPTS:
        mine.update(status=SurveyText.Status.DEAD, last_error=error)
        return False
    mine.update(send_at=timezone.now() + pause_after(one.attempts), last_error=error)
    return False
