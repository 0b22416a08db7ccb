"""Files that came with a message or go with one."""

from __future__ import annotations

import hashlib
import unicodedata
from pathlib import PurePath
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from django.conf import settings
from django.core.files.base import File
from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from tickets.models.message import Message

if TYPE_CHECKING:
    from tickets.models.people import User


# The end is kept, since it says which kind of file it is.
LONGEST_NAME = 120


class AttachmentQuerySet(models.QuerySet["Attachment"]):
    def visible_to(self, user: User) -> AttachmentQuerySet:
        """Narrow to the files of the cases that `user` may read, and those of her own unsent drafts."""
        from tickets.models.case import Case

        cases = Case.objects.visible_to(user).values("pk")
        if user.is_client:
            return self.filter(message__case__in=cases, message__kind__in=Message.SEEN_BY_CUSTOMER)
        return self.filter(Q(message__case__in=cases) | Q(draft__author=user, draft__case__in=cases))


class Attachment(models.Model):
    class Verdict(models.TextChoices):
        NONE = "", _("not checked")
        CLEAN = "clean", _("clean")
        INFECTED = "infected", _("infected")

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    message = models.ForeignKey(Message, models.PROTECT, null=True, blank=True, related_name="attachments")
    # Until it is sent.
    draft = models.ForeignKey("tickets.Draft", models.SET_NULL, null=True, blank=True, related_name="attachments")
    file = models.FileField(upload_to="attachments", max_length=120)
    name = models.CharField(_("name"), max_length=255)
    # What it is by its content, not by what it says.
    content_type = models.CharField(_("type"), max_length=120)
    size = models.BigIntegerField(_("size, bytes"))
    sha256 = models.CharField(max_length=64)
    # What the virus scanner said, where one is set (`tickets.scanning`).
    verdict = models.CharField(max_length=8, choices=Verdict.choices, blank=True, default="", db_default="")
    finding = models.CharField(max_length=200, blank=True, default="", db_default="")
    scanned_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(default=timezone.now)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+", db_index=False
    )

    objects = AttachmentQuerySet.as_manager()

    class Meta:
        verbose_name = _("attachment")
        verbose_name_plural = _("attachments")
        ordering = ["created_at", "id"]
        # What waits for the scanner.
        indexes = [models.Index(fields=["created_at"], name="attachment_unscanned", condition=Q(verdict=""))]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("attachment", args=[self.pk])

    @classmethod
    def keep(cls, file: File[Any], *, name: str, content_type: str, **fields: Any) -> Attachment:
        """Store a file under a name of our own."""
        digest = hashlib.sha256()
        for chunk in file.chunks():
            digest.update(chunk)
        file.seek(0)
        # The last part of a path, whichever system wrote it, without what a header or a screen could stumble on.
        last = PurePath(unicodedata.normalize("NFKC", name).replace("\\", "/")).name
        clean = "".join(letter for letter in last if letter.isprintable()).strip(". ")[-LONGEST_NAME:] or "file"
        attachment = cls(name=clean, content_type=content_type, size=file.size, sha256=digest.hexdigest(), **fields)
        # A name of our own in one of 256 folders: what a stranger called the file never reaches the disk.
        attachment.file.save(f"{attachment.pk.hex[:2]}/{attachment.pk.hex}", file, save=False)
        attachment.save(force_insert=True)
        return attachment
