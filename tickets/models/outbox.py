"""What leaves the house: written in the transaction of its cause, sent by a worker."""

from __future__ import annotations

import random
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from tickets import mail_ids

if TYPE_CHECKING:
    from tickets.models.people import User

# From the claim until somebody else may try. Longer than a task may run, so that only a dead worker loses its claim.
LEASE = timedelta(minutes=2)
# With the back-off below, the last try is a day after the first.
MAX_ATTEMPTS = 10
LONGEST_PAUSE = timedelta(hours=6)


def new_message_id(case: int = mail_ids.NO_CASE) -> str:
    """Make an id that leads a reply, or the report of a failed delivery, back to the case."""
    return mail_ids.new_message_id(case, urlsplit(settings.PUBLIC_URL).hostname or "localhost")


def pause_after(attempts: int) -> timedelta:
    """30 s, 2 min, 8 min … up to 6 h, each a fifth more or less: mails that failed together do not come back together."""
    pause = min(timedelta(seconds=30 * 4.0 ** min(attempts - 1, 8)), LONGEST_PAUSE)
    return pause * random.uniform(0.8, 1.2)  # noqa: S311 - spreads load, keeps no secret


class OutgoingMailQuerySet(models.QuerySet["OutgoingMail"]):
    def visible_to(self, user: User) -> OutgoingMailQuerySet:
        """Narrow to what `user` may read."""
        return self if user.is_in_charge else self.none()

    def due(self, at: datetime) -> OutgoingMailQuerySet:
        return self.filter(status=OutgoingMail.Status.WAITING, send_at__lte=at).order_by("send_at")

    def put(self, *, key: str, **fields: Any) -> tuple[OutgoingMail, bool]:
        """Put one mail into the outbox; the same key again changes nothing. Call it in the transaction of the cause.

        To have it sent at once rather than within seconds, call `tickets.outbox.ring` afterwards.
        """
        if case := fields.get("case"):
            fields.setdefault("message_id", new_message_id(case.pk))
        return self.get_or_create(key=key, defaults=fields)

    def automatic_to(self, address: str) -> OutgoingMailQuerySet:
        """What we wrote to an address by ourselves, nobody having pressed a button."""
        return self.filter(to__iexact=address, is_automatic=True)


class OutgoingMail(models.Model):
    """One e-mail to send. The row is the queue of record; a lost Celery message loses nothing.

    A claim counts an attempt and moves `send_at` on by the lease before anything is sent, so a mail that kills its
    worker is given up in the end, and `attempts` tells whose claim it is.
    """

    class Status(models.TextChoices):
        WAITING = "waiting", _("Waiting")
        SENT = "sent", _("Sent")
        DEAD = "dead", _("Given up")

    to = models.EmailField(_("to"), max_length=320)
    # The name shown as sender; the address is the installation's.
    sender_name = models.CharField(_("sender"), max_length=200, blank=True)
    subject = models.CharField(_("subject"), max_length=500)
    text = models.TextField(_("text"))
    html = models.TextField(_("HTML"), blank=True)
    headers = models.JSONField(default=dict, blank=True)
    cc = ArrayField(models.EmailField(max_length=320), default=list, db_default=[], blank=True)
    case = models.ForeignKey("tickets.Case", models.PROTECT, null=True, blank=True, related_name="outgoing_mails")
    # What an agent wrote; its attachments go with the mail.
    carries = models.ForeignKey("tickets.Message", models.PROTECT, null=True, blank=True, related_name="deliveries")
    # Files of ours that go with it, as they lie in the storage: path, name, content_type and size.
    files = models.JSONField(default=list, db_default=[], blank=True)
    # The same cause writes the same key, so that doing it twice sends once.
    key = models.CharField(max_length=200, unique=True)
    # Fixed here: sent again after a crash it is the same mail, which receivers show once.
    message_id = models.CharField(max_length=255, unique=True, default=new_message_id, editable=False)
    status = models.CharField(_("status"), max_length=8, choices=Status.choices, default=Status.WAITING)
    created_at = models.DateTimeField(_("created"), default=timezone.now)
    # Not before; moved on by back-off after a failure, and while a worker has claimed it.
    send_at = models.DateTimeField(_("send at"), default=timezone.now)
    sent_at = models.DateTimeField(_("sent"), null=True, blank=True)
    attempts = models.PositiveSmallIntegerField(_("attempts"), default=0)
    last_error = models.TextField(_("last error"), blank=True)
    # Written by ourselves in answer to a mail: of these there are few a day, or two machines would never end.
    is_automatic = models.BooleanField(default=False, db_default=False)
    # When another server reported that it could not deliver it after all, and its words.
    bounced_at = models.DateTimeField(_("came back"), null=True, blank=True)
    bounce = models.CharField(_("why it came back"), max_length=500, blank=True, default="", db_default="")

    objects = OutgoingMailQuerySet.as_manager()

    class Meta:
        verbose_name = _("outgoing mail")
        verbose_name_plural = _("outgoing mails")
        ordering = ["-created_at"]
        constraints = [
            models.CheckConstraint(condition=Q(status__in=["waiting", "sent", "dead"]), name="outgoing_mail_status"),
            models.CheckConstraint(
                condition=Q(status="sent", sent_at__isnull=False) | (~Q(status="sent") & Q(sent_at__isnull=True)),
                name="outgoing_mail_sent_has_time",
            ),
        ]
        indexes = [
            # The worker's claim.
            models.Index(fields=["send_at"], name="outgoing_mail_due", condition=Q(status="waiting")),
            # The outbox page, by status, newest first.
            models.Index(fields=["status", "-created_at"], name="outgoing_mail_page"),
            # How much we have answered by ourselves lately.
            models.Index(fields=["created_at"], name="outgoing_mail_automatic", condition=Q(is_automatic=True)),
        ]

    def __str__(self) -> str:
        return f"{self.to} {self.subject}"

    @property
    def is_dead(self) -> bool:
        return self.status == self.Status.DEAD

    def _mine(self) -> OutgoingMailQuerySet:
        """Narrow to this row as long as the claim that read it holds."""
        return OutgoingMail.objects.filter(pk=self.pk, status=self.Status.WAITING, attempts=self.attempts)

    def mark_sent(self) -> bool:
        now = timezone.now()
        return bool(self._mine().update(status=self.Status.SENT, sent_at=now, last_error=""))

    def mark_failed(self, error: str, *, for_good: bool) -> bool:
        """Try again later, or give up: at once where trying again cannot help, else after the last attempt."""
        if for_good or self.attempts >= MAX_ATTEMPTS:
            return bool(self._mine().update(status=self.Status.DEAD, last_error=error))
        return bool(self._mine().update(send_at=timezone.now() + pause_after(self.attempts), last_error=error))

    def give_back(self) -> bool:
        """Undo the claim: nothing was tried."""
        return bool(self._mine().update(send_at=timezone.now(), attempts=F("attempts") - 1))

    def came_back(self, reason: str) -> bool:
        """Another server could not deliver it after all. The second report of the same changes nothing."""
        gone = OutgoingMail.objects.filter(pk=self.pk, bounced_at=None)
        return bool(gone.update(bounced_at=timezone.now(), bounce=reason[:500]))

    def resend(self) -> bool:
        """Try a mail that was given up from the beginning. Return False where it was not given up."""
        dead = OutgoingMail.objects.filter(pk=self.pk, status=self.Status.DEAD)
        return bool(dead.update(status=self.Status.WAITING, send_at=timezone.now(), attempts=0))
