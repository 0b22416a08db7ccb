"""What an agent is writing, and what is written and about to leave.

Nothing of a draft is in the log. Sending only sets `send_at`: until that moment the reply, the new status and whatever else
goes with it have not happened, so taking it back restores everything, and no figure ever saw it.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from tickets.models.codes import Status
from tickets.models.message import Message

if TYPE_CHECKING:
    from tickets.models.people import User

# How long a sent message can be taken back.
UNDO = timedelta(seconds=12)


class DraftQuerySet(models.QuerySet["Draft"]):
    def visible_to(self, user: User) -> DraftQuerySet:
        """Narrow to what `user` may read: her own."""
        return self.filter(author=user)

    def leaving(self) -> DraftQuerySet:
        return self.filter(send_at__isnull=False)

    def due(self, at: datetime) -> DraftQuerySet:
        return self.filter(send_at__lte=at).order_by("send_at")


class Draft(models.Model):
    class Kind(models.TextChoices):
        REPLY = "reply", _("Reply")
        NOTE = "note", _("Note")
        FORWARD = "forward", _("Forward")

    class Held(models.TextChoices):
        """Why a message that was to be sent is a draft again."""

        NEWER = "newer", _("The customer wrote before it left.")
        GONE = "gone", _("The case was merged into another one.")
        NO_ADDRESS = "no_address", _("The customer has no e-mail address.")

    case = models.ForeignKey("tickets.Case", models.CASCADE, related_name="drafts")
    author = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="drafts", db_index=False)
    kind = models.CharField(_("kind"), max_length=8, choices=Kind.choices)
    html = models.TextField(blank=True)
    to = ArrayField(models.EmailField(max_length=320), default=list, blank=True)
    cc = ArrayField(models.EmailField(max_length=320), default=list, blank=True)
    # The last event that the author had on her screen: what came later she has not read.
    seen = models.BigIntegerField(default=0)
    # Counts the saves, so that of two windows the one that is behind is told.
    version = models.IntegerField(default=0)
    updated_at = models.DateTimeField(default=timezone.now)
    # Set: it leaves at that moment unless it is taken back.
    send_at = models.DateTimeField(null=True, blank=True)
    # What becomes of the case when it leaves; empty: nothing changes.
    then = models.CharField(max_length=20, blank=True, choices=Status.choices)
    # How long the author has worked at it, as her page measured it.
    worked = models.DurationField(default=timedelta)
    held = models.CharField(max_length=12, blank=True, choices=Held.choices)

    objects = DraftQuerySet.as_manager()

    class Meta:
        verbose_name = _("draft")
        verbose_name_plural = _("drafts")
        constraints = [
            models.UniqueConstraint(
                fields=["author", "case", "kind"], name="draft_once", condition=Q(send_at__isnull=True)
            ),
            models.CheckConstraint(condition=Q(kind__in=["reply", "note", "forward"]), name="draft_kind"),
        ]
        indexes = [
            # What leaves now.
            models.Index(fields=["send_at"], name="draft_due", condition=Q(send_at__isnull=False)),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.case_id}"

    @property
    def message_kind(self) -> str:
        return {"reply": Message.Kind.OUTGOING, "note": Message.Kind.NOTE, "forward": Message.Kind.FORWARD}[self.kind]

    def write(self, *, version: int, **fields: Any) -> bool:
        """Keep what is typed. False where another window has saved since: nothing is overwritten unseen."""
        mine = Draft.objects.filter(pk=self.pk, version=version, send_at__isnull=True)
        if not mine.update(version=F("version") + 1, updated_at=timezone.now(), held="", **fields):
            return False
        self.refresh_from_db()
        return True

    def schedule(self, *, at: datetime, then: str = "") -> bool:
        """Have it leave at a moment to come."""
        waiting = Draft.objects.filter(pk=self.pk, send_at__isnull=True)
        return bool(waiting.update(send_at=at, then=then, held=""))

    def take_back(self) -> bool:
        """Make it a draft again. False where it has left."""
        leaving = Draft.objects.leaving().filter(pk=self.pk)
        # Whatever was begun meanwhile gives way, as an empty draft would; the text that comes back is the one that counts.
        other = Draft.objects.filter(case=self.case_id, author=self.author_id, kind=self.kind, send_at__isnull=True)
        if not leaving.exists():
            return False
        kept = other.first()
        if kept is not None:
            leaving.update(html=models.functions.Concat(F("html"), models.Value(kept.html)))
            kept.attachments.update(draft=self)
            kept.delete()
        return bool(leaving.update(send_at=None, version=F("version") + 1))
