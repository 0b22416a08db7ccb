"""Chats: what a site shows of us, one talk with one visitor, and what was said in it.

A chat is a contact like a call: it waits in a queue, agents have legs in it, and every KPI counts it by these. What is
said is kept line by line; when it is over, the lines are one message of the case.
"""

from __future__ import annotations

import hashlib
import secrets
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.core.validators import MaxValueValidator, MinValueValidator, RegexValidator
from django.db import models, transaction
from django.db.models import Q
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from tickets.live import announce
from tickets.models.attachment import Attachment
from tickets.models.client import Client
from tickets.models.codes import Channel, Outcome, Role
from tickets.models.contact import Contact
from tickets.models.customer import Customer
from tickets.models.message import Message
from tickets.models.presence import AgentState
from tickets.models.queue import Queue
from tickets.models.source import DESK, Source
from tickets.models.web import WebForm, all_languages, is_origin

if TYPE_CHECKING:
    from tickets.models.people import User

# A visitor's page asks every few seconds. Who has not for this long has gone.
GONE_AFTER = timedelta(seconds=90)
LONGEST_LINE = 4_000
is_colour = RegexValidator(r"^#[0-9a-f]{6}\Z", _("Write it as #206bc4."))


class ChatWidgetQuerySet(models.QuerySet["ChatWidget"]):
    def visible_to(self, user: User) -> ChatWidgetQuerySet:
        """Narrow to what `user` may set up. The chat itself is for everybody."""
        return self if user.sets_up else self.none()


class ChatWidget(models.Model):
    """The button in the corner of a client's site, and the queue that it leads to."""

    name = models.CharField(_("name"), max_length=120)
    slug = models.SlugField(_("address"), max_length=60, unique=True, help_text=_("Part of the script's address."))
    client = models.ForeignKey(Client, models.PROTECT, related_name="chat_widgets", verbose_name=_("client"))
    queue = models.ForeignKey(Queue, models.PROTECT, related_name="+", verbose_name=_("queue"))
    # Where who comes while nobody is there leaves a message.
    form = models.ForeignKey(
        WebForm, models.PROTECT, related_name="chat_widgets", verbose_name=_("form for messages while nobody is there")
    )
    languages = ArrayField(
        models.CharField(max_length=8, choices=settings.LANGUAGES), default=all_languages, verbose_name=_("languages")
    )
    # The sites that may show it; nobody else may.
    origins = ArrayField(models.CharField(max_length=200, validators=[is_origin]), default=list, blank=True)
    texts = models.JSONField(default=dict, blank=True)
    colour = models.CharField(_("colour"), max_length=7, default="#206bc4", validators=[is_colour])
    chats_at_once = models.PositiveSmallIntegerField(
        _("chats at once for one agent"), default=3, validators=[MinValueValidator(1), MaxValueValidator(9)]
    )
    # A visitor who says nothing for so long is asked, and five minutes later the chat ends.
    idle_minutes = models.PositiveSmallIntegerField(
        _("minutes without a word before a chat ends"),
        default=15,
        validators=[MinValueValidator(2), MaxValueValidator(240)],
    )
    # Counted up to get another secret; the one before holds until the site has the new one.
    secret_number = models.PositiveSmallIntegerField(default=1, editable=False)
    is_active = models.BooleanField(_("in use"), default=True)

    objects = ChatWidgetQuerySet.as_manager()

    class Meta:
        verbose_name = _("chat")
        verbose_name_plural = _("chats")
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("chat_frame", args=[self.slug])

    @property
    def script_url(self) -> str:
        """The address of the script. The host is a setting and never taken from a request."""
        return settings.PUBLIC_URL + reverse("chat_script", args=[self.slug])

    def secret(self, number: int | None = None) -> str:
        """What the site signs its users' names with. Made from our own secret, so that it lies in no table."""
        return salted_hmac(
            "tickets.chat.identity", f"{self.pk}:{number or self.secret_number}", algorithm="sha256"
        ).hexdigest()

    def secrets(self) -> list[str]:
        """The secret, and the one before it."""
        return [self.secret(number) for number in (self.secret_number, self.secret_number - 1) if number > 0]

    def text(self, name: str) -> str:
        own: dict[str, Any] = self.texts.get(translation.get_language() or "", {})
        return str(own.get(name, ""))


class ChatQuerySet(models.QuerySet["Chat"]):
    def visible_to(self, user: User) -> ChatQuerySet:
        """Narrow to what `user` may read: the chats of her queues, those she has a part in, and those given to her."""
        if user.sees_everything:
            return self
        queues = Queue.objects.filter(teams=user.team_id) if user.team_id else Queue.objects.none()
        named = Q(waits_for=user) | Q(contact__segments__agent=user)
        return self.filter(Q(queue__in=queues.values("pk")) | named).distinct()

    def waiting(self) -> ChatQuerySet:
        """Those that somebody has to take, who waits longest first."""
        return self.filter(waits_since__isnull=False).order_by("waits_since", "pk")

    def waiting_for(self, user: User) -> ChatQuerySet:
        """Those that `user` may take: of her team's queues and for nobody else, or for her by name."""
        queues = Queue.objects.filter(teams=user.team_id) if user.team_id else Queue.objects.none()
        theirs = Q(queue__in=queues.values("pk"), waits_for=None)
        return self.waiting().filter(theirs | Q(waits_for=user))

    def of_agent(self, user: User) -> ChatQuerySet:
        """Those that `user` is in now, wrap-up included."""
        return self.filter(contact__segments__agent=user, contact__segments__is_running=True).distinct()

    def open(self) -> ChatQuerySet:
        return self.filter(contact__ended_at=None)


class Chat(models.Model):
    """One talk. The contact says when it began, was answered and ended; this row says what a talk has besides."""

    contact = models.OneToOneField(Contact, models.CASCADE, primary_key=True, related_name="chat")
    widget = models.ForeignKey(ChatWidget, models.PROTECT, related_name="chats")
    # The visitor's key to it, as a digest: who reads the table cannot speak in her name.
    key_hash = models.CharField(max_length=64, unique=True)
    language = models.CharField(max_length=8)
    # As the visitor said. Proved only where her site has signed it.
    name = models.CharField(_("name"), max_length=100, blank=True)
    email = models.EmailField(_("e-mail"), max_length=320, blank=True)
    is_verified = models.BooleanField(default=False)
    # Whose turn it is: the first queue, or the one that it was handed to.
    queue = models.ForeignKey(Queue, models.PROTECT, related_name="+")
    # Nobody has it since then; with `waits_for` it is meant for one agent.
    waits_since = models.DateTimeField(null=True, blank=True)
    waits_for = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+", db_index=False
    )
    seen_at = models.DateTimeField(default=timezone.now)
    visitor_spoke_at = models.DateTimeField(default=timezone.now)
    agent_spoke_at = models.DateTimeField(null=True, blank=True)
    # The last line that the agent has had before her eyes.
    read_to = models.BigIntegerField(default=0)
    wants_transcript = models.BooleanField(default=False)

    objects = ChatQuerySet.as_manager()

    class Meta:
        verbose_name = _("chat")
        verbose_name_plural = _("chats")
        indexes = [
            # Who waits now.
            models.Index(fields=["queue", "waits_since"], name="chat_waiting", condition=Q(waits_since__isnull=False)),
        ]

    def __str__(self) -> str:
        return self.name or self.email or f"#{self.pk}"

    def get_absolute_url(self) -> str:
        return reverse("chat", args=[self.pk])

    @property
    def is_over(self) -> bool:
        return self.contact.ended_at is not None

    @property
    def is_away(self) -> bool:
        """Whether the visitor's page has gone silent."""
        return not self.is_over and self.seen_at < timezone.now() - GONE_AFTER / 3

    # ---- What a visitor does
    @classmethod
    def begin(
        cls,
        widget: ChatWidget,
        *,
        text: str,
        language: str,
        name: str = "",
        email: str = "",
        customer: Customer | None = None,
        is_verified: bool = False,
        at: datetime | None = None,
    ) -> tuple[Chat, str]:
        """A visitor has pressed the button and written her first line. Returns the chat and her key to it."""
        at, key = at or timezone.now(), secrets.token_urlsafe(32)
        source, _made = Source.objects.get_or_create(name=DESK)
        with transaction.atomic():
            contact = Contact.objects.create(
                source=source, external_id=f"chat:{uuid4()}", client=widget.client, channel=Channel.CHAT,
                queue=widget.queue, customer=customer, started_at=at, queued_at=at,
            )  # fmt: skip
            chat = cls.objects.create(
                contact=contact, widget=widget, key_hash=digest_of(key), language=language, name=name, email=email,
                is_verified=is_verified, queue=widget.queue, waits_since=at, seen_at=at, visitor_spoke_at=at,
            )  # fmt: skip
            chat.say(ChatLine.Kind.VISITOR, text, at=at)
            contact.announce()
            chat.tell_agents()
        return chat, key

    def say(
        self,
        kind: str,
        body: str = "",
        *,
        by: User | None = None,
        key: str = "",
        attachment: Attachment | None = None,
        at: datetime | None = None,
    ) -> ChatLine:
        """Add a line. The same `key` is the same line, so that a send which is repeated says nothing twice."""
        at = at or timezone.now()
        with transaction.atomic():
            line, made = ChatLine.objects.get_or_create(
                chat=self,
                key=key or str(uuid4()),
                defaults={"kind": kind, "body": body, "author": by, "attachment": attachment, "at": at},
            )
            if made and kind == ChatLine.Kind.VISITOR:
                Chat.objects.filter(pk=self.pk).update(visitor_spoke_at=at, seen_at=at)
            elif made and kind == ChatLine.Kind.AGENT:
                Chat.objects.filter(pk=self.pk).update(agent_spoke_at=at)
            self.tell()
        return line

    def see(self, *, at: datetime | None = None) -> None:
        """The visitor's page is there. Written seldom: most pages ask every second."""
        at = at or timezone.now()
        if self.seen_at < at - timedelta(seconds=10):
            was_away = self.is_away
            Chat.objects.filter(pk=self.pk).update(seen_at=at)
            self.seen_at = at
            if was_away:
                self.tell()

    def leave(self, *, at: datetime | None = None, kind: str = "") -> bool:
        """The visitor goes, or has gone: who was not answered has abandoned. False where it was over before."""
        at = at or timezone.now()
        with transaction.atomic():
            if not Contact.objects.filter(pk=self.pk, ended_at=None).exists():
                return False
            self.say(kind or ChatLine.Kind.LEFT, at=at)
            self._end(at)
        return True

    # ---- What an agent does
    def take(self, *, by: User, at: datetime | None = None) -> bool:
        """Take the visitor who waits. Of two agents who press at the same moment one gets her."""
        at = at or timezone.now()
        with transaction.atomic():
            # By its own columns alone: with a join the second of two would not look again when the first has it.
            free = Chat.objects.filter(pk=self.pk, waits_since__isnull=False)
            if not free.filter(Q(waits_for=None) | Q(waits_for=by)).update(waits_since=None, waits_for=None):
                return False
            at = max(at, self.contact.queued_at or at)
            is_first = Contact.objects.filter(pk=self.pk, answered_at=None).update(
                answered_at=at, outcome=Outcome.ANSWERED
            )
            self.contact.segments.create(
                source=self.contact.source, agent=by, team=by.team, started_at=at, is_running=True, is_complete=False,
                role=Role.PRIMARY if is_first else Role.TRANSFER,
            )  # fmt: skip
            self.say(ChatLine.Kind.TAKEN, by=by, at=at)
            self.contact.announce(by=by, at=at)
            self.tell_agents()
        self.refresh_from_db()
        return True

    def transfer(
        self,
        *,
        by: User,
        queue: Queue | None = None,
        agent: User | None = None,
        note: str = "",
        at: datetime | None = None,
    ) -> bool:
        """Hand the visitor to another queue or to a colleague, who sees all that was said."""
        at = at or timezone.now()
        with transaction.atomic():
            leg = self.contact.segments.running(by).select_for_update(no_key=True).filter(ended_at=None).first()
            if leg is None or self.contact.ended_at or (queue is None and agent is None):
                return False
            leg.stop_talk(at)
            leg.is_running, leg.is_complete = False, True
            leg.save(update_fields=["ended_at", "held_since", "hold_us", "talk_us", "is_running", "is_complete"])
            Chat.objects.filter(pk=self.pk).update(
                waits_since=at, waits_for=agent, queue=queue or self.queue, read_to=0
            )
            if note.strip():
                self.say(ChatLine.Kind.NOTE, note.strip(), by=by, at=at)
            self.say(ChatLine.Kind.TRANSFERRED, str(queue or agent), by=by, at=at)
            self.contact.announce(by=by, at=at)
            self.refresh_from_db()
            self.tell_agents()
        return True

    def end(self, *, by: User, at: datetime | None = None) -> bool:
        """The agent ends the talk; her wrap-up begins."""
        at = at or timezone.now()
        with transaction.atomic():
            if not self.contact.segments.running(by).filter(ended_at=None).exists():
                return False
            self.say(ChatLine.Kind.ENDED, by=by, at=at)
            self._end(at)
        return True

    def read(self, *, by: User, to: int) -> None:
        """The lines up to `to` are before the eyes of the agent who has the chat."""
        if self.read_to < to and self.contact.segments.running(by).exists():
            Chat.objects.filter(pk=self.pk, read_to__lt=to).update(read_to=to)

    def _end(self, at: datetime) -> None:
        contact = Contact.objects.select_for_update(no_key=True).get(pk=self.pk)
        at = max(at, contact.answered_at or contact.started_at)
        legs = list(contact.segments.filter(is_running=True, ended_at=None).select_related("agent"))
        for leg in legs:
            leg.stop_talk(at)
            leg.save(update_fields=["ended_at", "held_since", "hold_us", "talk_us"])
        outcome = contact.outcome or Outcome.ABANDONED
        Contact.objects.filter(pk=self.pk).update(ended_at=at, outcome=outcome)
        Chat.objects.filter(pk=self.pk).update(waits_since=None, waits_for=None)
        self.refresh_from_db()
        self.contact.refresh_from_db()
        self._keep_transcript(at)
        self.contact.announce()
        for leg in legs:
            AgentState.follow(leg.agent, at=at)
            announce(f"user:{leg.agent_id}")
        self.tell_agents()

    def _keep_transcript(self, at: datetime) -> None:
        """All that was said, as one message of the contact, which goes with it into its case."""
        message = self.contact.messages.create(
            kind=Message.Kind.CHAT, case=self.contact.case, body=self.transcript(), at=at
        )
        Attachment.objects.filter(chat_line__chat=self).update(message=message)

    def transcript(self) -> str:
        """What visitor and agents said to each other, a line each. Notes among colleagues are not in it."""
        lines = self.lines.filter(kind__in=[ChatLine.Kind.VISITOR, ChatLine.Kind.AGENT])
        with translation.override(self.language):
            visitor = self.name or str(_("Visitor"))
            return "\n".join(
                f"{timezone.localtime(line.at):%H:%M} {line.author or visitor}: "
                f"{line.body or (line.attachment and line.attachment.name) or ''}"
                for line in lines.select_related("author", "attachment")
            )

    def tell(self) -> None:
        """Tell the pages that show this chat."""
        announce(f"chat:{self.pk}")

    def tell_agents(self) -> None:
        """Tell the pages of those who may take it: somebody waits, or does so no more."""
        there = AgentState.objects.running().filter(agent__team__queues=self.queue_id)
        agents = set(there.values_list("agent", flat=True)) | ({self.waits_for_id} if self.waits_for_id else set())
        announce(f"chat:{self.pk}", *(f"user:{pk}" for pk in agents))


class ChatLine(models.Model):
    """One thing that was said, sent or done."""

    class Kind(models.TextChoices):
        VISITOR = "visitor", pgettext_lazy("chat", "Visitor")
        AGENT = "agent", pgettext_lazy("chat", "Agent")
        # For colleagues alone.
        NOTE = "note", pgettext_lazy("message", "Internal note")
        TAKEN = "taken", pgettext_lazy("chat", "has joined")
        TRANSFERRED = "transferred", pgettext_lazy("chat", "has handed the chat on")
        LEFT = "left", pgettext_lazy("chat", "has left the chat")
        ENDED = "ended", pgettext_lazy("chat", "has ended the chat")
        ASKED = "asked", pgettext_lazy("chat", "Are you still there?")
        IDLE = "idle", pgettext_lazy("chat", "The chat has ended because nothing was written.")

    chat = models.ForeignKey(Chat, models.CASCADE, related_name="lines")
    kind = models.CharField(max_length=12, choices=Kind.choices)
    author = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", db_index=False)
    # Plain text, whoever wrote it.
    body = models.TextField(blank=True)
    attachment = models.OneToOneField(Attachment, models.PROTECT, null=True, related_name="chat_line")
    key = models.CharField(max_length=80)
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(fields=["chat", "key"], name="chat_line_once"),
            models.CheckConstraint(
                condition=Q(
                    kind__in=[
                        "visitor",
                        "agent",
                        "note",
                        "taken",
                        "transferred",
                        "left",
                        "ended",
                        "asked",
                        "idle",
                    ]
                ),
                name="chat_line_kind",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.chat_id} {self.kind}"

    @property
    def is_talk(self) -> bool:
        return self.kind in {self.Kind.VISITOR, self.Kind.AGENT}


def digest_of(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()
