"""The mailboxes that customers write to, and every mail that came, as it came."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING
from uuid import uuid4

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator, RegexValidator
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from tickets import mail_ids
from tickets.models.client import Client
from tickets.models.message import Message
from tickets.models.outbox import OutgoingMail
from tickets.models.queue import Queue

if TYPE_CHECKING:
    from tickets.models.case import Case
    from tickets.models.people import User


class MailboxQuerySet(models.QuerySet["Mailbox"]):
    def fetched(self) -> MailboxQuerySet:
        """Those that we fetch from a server; the others' mail is handed to us."""
        return self.filter(is_active=True).exclude(host="")

    def of_case(self, case: Case) -> Mailbox | None:
        """The mailbox that a case's customer wrote to last, else the one of its queue."""
        last = IncomingMail.objects.filter(case=case).order_by("-received_at").values("mailbox")[:1]
        wanted = self.filter(is_active=True).filter(Q(pk__in=last) | Q(queue=case.queue_id, queue__isnull=False))
        by_mail = models.Case(models.When(pk__in=last, then=0), default=1)
        return wanted.order_by(by_mail, "pk").first()


class Mailbox(models.Model):
    class Security(models.TextChoices):
        TLS = "tls", "TLS"
        STARTTLS = "starttls", "STARTTLS"
        NONE = "none", _("none: only to this very machine")

    code = models.CharField(
        _("code"),
        max_length=40,
        unique=True,
        validators=[RegexValidator(r"^[a-z][a-z0-9_]*$", _("Small letters, digits and underscores."))],
        help_text=_("The password is read from the environment: MAILBOX_PASSWORD_ and this code in capitals."),
    )
    name = models.CharField(_("name"), max_length=120)
    address = models.EmailField(_("address"), max_length=320, unique=True)
    # Empty: its mail is handed to `manage.py receive_mail`.
    host = models.CharField(_("IMAP server"), max_length=253, blank=True)
    port = models.PositiveIntegerField(
        _("port"), default=993, validators=[MinValueValidator(1), MaxValueValidator(65535)]
    )
    security = models.CharField(_("security"), max_length=8, choices=Security.choices, default=Security.TLS)
    user = models.CharField(_("user name"), max_length=320, blank=True)
    folder = models.CharField(_("folder"), max_length=200, default="INBOX")
    client = models.ForeignKey(Client, models.PROTECT, related_name="mailboxes", verbose_name=_("client"))
    queue = models.ForeignKey(
        Queue, models.PROTECT, null=True, blank=True, related_name="mailboxes", verbose_name=_("queue")
    )
    language = models.CharField(_("language"), max_length=8, blank=True, choices=settings.LANGUAGES)
    signature = models.TextField(_("signature"), blank=True)
    writes_from = models.BooleanField(
        _("replies are written from this address"),
        default=False,
        db_default=False,
        help_text=_(
            "The server that sends our mail must be allowed to. Otherwise they are from the installation's address."
        ),
    )
    checked_by = models.CharField(
        _("server that checks senders"),
        max_length=253,
        blank=True,
        default="",
        db_default="",
        help_text=_(
            "The name that your own mail server puts first in Authentication-Results. Nobody else's is believed."
        ),
    )
    acknowledges = models.BooleanField(_("confirms what it receives"), default=True)
    uses_plus = models.BooleanField(
        _("server delivers name+anything@ to name@"),
        default=False,
        help_text=_("Then replies find their case even where the sender's program forgets what it replies to."),
    )
    takes_lists = models.BooleanField(
        _("reached through a mailing list or group"),
        default=False,
        help_text=_("Then mail from lists opens cases too. It is never answered by itself."),
    )
    is_active = models.BooleanField(_("active"), default=True)
    # How far the folder has been read: all mails up to this one are stored.
    uid_validity = models.BigIntegerField(null=True, blank=True, editable=False)
    last_uid = models.BigIntegerField(default=0, editable=False)
    checked_at = models.DateTimeField(_("last looked"), null=True, blank=True, editable=False)
    # What went wrong the last time, and since when; empty while all is well.
    last_error = models.CharField(_("last error"), max_length=500, blank=True, editable=False)
    failing_since = models.DateTimeField(_("failing since"), null=True, blank=True, editable=False)

    objects = MailboxQuerySet.as_manager()

    class Meta:
        verbose_name = _("mailbox")
        verbose_name_plural = _("mailboxes")
        ordering = ["name"]

    def __str__(self) -> str:
        return f"{self.name} <{self.address}>"

    @property
    def password(self) -> str:
        """Never in the database: no query, export or backup can give it away."""
        return os.environ.get(f"MAILBOX_PASSWORD_{self.code.upper()}", "")

    @property
    def hook_secret(self) -> str:
        """What a provider proves itself with that hands over this mailbox's mail. Never in the database either."""
        return os.environ.get(f"MAILBOX_HOOK_{self.code.upper()}", "")

    def reply_to(self, case: Case) -> str:
        """Where an answer shall go: to the mailbox, with the case in the address where its server allows that."""
        return mail_ids.reply_address(self.address, case.pk) if self.uses_plus else self.address

    def went_well(self) -> None:
        Mailbox.objects.filter(pk=self.pk).update(checked_at=timezone.now(), last_error="", failing_since=None)

    def went_wrong(self, error: str) -> None:
        since = models.functions.Coalesce("failing_since", timezone.now())
        Mailbox.objects.filter(pk=self.pk).update(
            checked_at=timezone.now(), last_error=error[:500], failing_since=since
        )


class IncomingMailQuerySet(models.QuerySet["IncomingMail"]):
    def visible_to(self, user: User) -> IncomingMailQuerySet:
        """Narrow to what `user` may read: whoever is in charge sees every mail, also those that became no case."""
        return self if user.is_in_charge else self.none()

    def waiting(self) -> IncomingMailQuerySet:
        """What is stored and not yet on a case, the oldest first."""
        states = [IncomingMail.State.RECEIVED, IncomingMail.State.PARSED]
        return self.filter(state__in=states).order_by("stored_at")


class IncomingMail(models.Model):
    """One mail as it came. The raw message stays, so that whatever we make of it can be made again."""

    class State(models.TextChoices):
        RECEIVED = "received", _("Received")
        PARSED = "parsed", _("Read")
        APPLIED = "applied", _("Done")
        STUB = "stub", _("Could not be displayed")
        QUARANTINED = "quarantined", _("Set aside")

    class Kind(models.TextChoices):
        """What it turned out to be. Only the first two count as a word of a customer."""

        LETTER = "letter", pgettext_lazy("mail", "New")
        REPLY = "reply", pgettext_lazy("mail", "Reply")
        BOUNCE = "bounce", _("Report of a delivery")
        AUTOMATIC = "automatic", _("Automatic reply or notice")
        LIST = "list", _("Mailing list")
        LOOP = "loop", _("Our own mail come back")

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    mailbox = models.ForeignKey(Mailbox, models.PROTECT, related_name="mails", verbose_name=_("mailbox"))
    # As the sender wrote it. It names nothing by itself: anybody can write any id.
    mail_id = models.CharField("Message-ID", max_length=255, blank=True)
    # Of what the sender wrote (`tickets.channels.email.envelope`). What servers add on the way is not in it.
    digest = models.CharField(max_length=64)
    file = models.FileField(upload_to="mail", max_length=120)
    size = models.BigIntegerField(_("size, bytes"))
    received_at = models.DateTimeField(_("received"))
    stored_at = models.DateTimeField(_("stored"), default=timezone.now)
    state = models.CharField(_("state"), max_length=12, choices=State.choices, default=State.RECEIVED)
    kind = models.CharField(_("kind"), max_length=10, choices=Kind.choices, blank=True)
    attempts = models.PositiveSmallIntegerField(_("attempts"), default=0)
    error = models.TextField(_("error"), blank=True)
    # What the child process read: texts cleaned, headers decoded (`tickets.channels.email.letter`).
    letter = models.JSONField(default=dict, blank=True)
    case = models.ForeignKey("tickets.Case", models.PROTECT, null=True, blank=True, related_name="incoming_mails")
    message = models.OneToOneField(Message, models.PROTECT, null=True, blank=True, related_name="incoming")
    # The mail of ours whose delivery this reports.
    reports_on = models.ForeignKey(OutgoingMail, models.PROTECT, null=True, blank=True, related_name="reports")

    objects = IncomingMailQuerySet.as_manager()

    class Meta:
        verbose_name = _("incoming mail")
        verbose_name_plural = _("incoming mails")
        ordering = ["-received_at"]
        constraints = [
            # The same mail by two ways is one; the same id on another text is another mail.
            models.UniqueConstraint(fields=["mailbox", "mail_id", "digest"], name="incoming_mail_once"),
            models.CheckConstraint(
                condition=Q(state__in=["received", "parsed", "applied", "stub", "quarantined"]),
                name="incoming_mail_state",
            ),
        ]
        indexes = [
            # What is to be worked on.
            models.Index(
                fields=["stored_at"], name="incoming_mail_waiting", condition=Q(state__in=["received", "parsed"])
            ),
        ]

    def __str__(self) -> str:
        return f"{self.mailbox_id} {self.mail_id}"

    def try_again(self) -> bool:
        """Have a mail that was set aside worked on from the beginning. False where it was not set aside."""
        aside = IncomingMail.objects.filter(pk=self.pk, state=self.State.QUARANTINED)
        return bool(aside.update(state=self.State.RECEIVED, attempts=0, error=""))
