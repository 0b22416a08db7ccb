"""What was written: messages from and to the customer, to others outside, and internal notes."""

from __future__ import annotations

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy


class Message(models.Model):
    class Kind(models.TextChoices):
        INCOMING = "incoming", _("From the customer")
        OUTGOING = "outgoing", _("To the customer")
        FORWARD = "forward", _("Forwarded")
        NOTE = "note", pgettext_lazy("message", "Internal note")
        # What was said in a chat, all of it.
        CHAT = "chat", _("Chat")

    # What the customer herself has before her; no note, and nothing that went to somebody else.
    SEEN_BY_CUSTOMER = (Kind.INCOMING, Kind.OUTGOING)

    class Layout(models.TextChoices):
        OWN = "own", _("as it was sent")
        PICTURES = "pictures", _("as it was sent, with pictures from elsewhere")

    # Empty for a note of a contact that has no case; it follows the contact into one.
    case = models.ForeignKey(
        "tickets.Case", models.PROTECT, null=True, blank=True, related_name="messages", db_index=False
    )
    contact = models.ForeignKey("tickets.Contact", models.PROTECT, null=True, blank=True, related_name="messages")
    kind = models.CharField(_("kind"), max_length=8, choices=Kind.choices)
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+", db_index=False
    )
    # Plain text; what a stranger sent is shown escaped.
    body = models.TextField(_("text"))
    # The same with its form, cleaned before it is stored (`tickets.richtext`); empty where there was only text.
    html = models.TextField(_("HTML"), blank=True, default="", db_default="")
    to = ArrayField(models.EmailField(max_length=320), default=list, db_default=[], blank=True)
    cc = ArrayField(models.EmailField(max_length=320), default=list, db_default=[], blank=True)
    at = models.DateTimeField(_("at"), default=timezone.now)
    # Who wrote it, where it came by e-mail: as the mail says, which proves nothing.
    sender = models.EmailField(max_length=320, blank=True, default="", db_default="")
    # What is new in it, without what it quotes and without its signature; empty where all of it is new.
    new_text = models.TextField(blank=True, default="", db_default="")
    # A machine wrote it: it reopens nothing, and nobody waits for an answer.
    is_automatic = models.BooleanField(default=False, db_default=False)
    # The domain that it says it is from denies it: our own mail server has looked.
    is_doubtful = models.BooleanField(default=False, db_default=False)
    # Whether it can be shown as its sender laid it out, and whether pictures from elsewhere belong to that.
    layout = models.CharField(max_length=8, choices=Layout.choices, blank=True, default="", db_default="")

    class Meta:
        verbose_name = _("message")
        verbose_name_plural = _("messages")
        ordering = ["at", "id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(kind__in=["incoming", "outgoing", "forward", "note", "chat"]), name="message_kind"
            ),
            models.CheckConstraint(
                condition=Q(case__isnull=False) | Q(contact__isnull=False), name="message_belongs_somewhere"
            ),
        ]
        indexes = [
            # The case page's timeline.
            models.Index(fields=["case", "at"], name="message_case_at"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.case_id} {self.at:%Y-%m-%d %H:%M}"
