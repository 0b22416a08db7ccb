"""What is decided of a message before anybody has read it: by rules that people wrote, and by what was learned."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from tickets.models.codes import Channel, Priority
from tickets.models.queue import Queue
from tickets.models.topic import Topic
from tickets.models.web import WebForm

if TYPE_CHECKING:
    from tickets.models.people import User

WRITTEN = [(Channel.EMAIL, Channel.EMAIL.label), (Channel.WEB, Channel.WEB.label)]


class IntakeRuleQuerySet(models.QuerySet["IntakeRule"]):
    def visible_to(self, user: User) -> IntakeRuleQuerySet:
        """Narrow to what `user` may read and change."""
        return self if user.sets_up else self.none()


class IntakeRule(models.Model):
    """When all that it asks for is so, it says the topic, queue, priority and language, unless an earlier rule has.

    What is left empty asks for nothing, and says nothing.
    """

    name = models.CharField(_("name"), max_length=120)
    position = models.PositiveSmallIntegerField(_("order"), default=10, help_text=_("The lowest number goes first."))
    is_active = models.BooleanField(_("in use"), default=True)

    # Beginnings of words, since words are inflected; never a pattern that somebody could make run for ever.
    words = models.TextField(
        _("words"), blank=True, help_text=_("One of these in the subject or text; commas between them.")
    )
    channel = models.CharField(_("channel"), max_length=8, choices=WRITTEN, blank=True)
    form = models.ForeignKey(
        WebForm, models.CASCADE, null=True, blank=True, related_name="rules", verbose_name=_("web form")
    )
    chosen = models.ForeignKey(
        Topic, models.CASCADE, null=True, blank=True, related_name="+", verbose_name=_("chosen in the form")
    )
    mailbox = models.EmailField(_("sent to"), max_length=320, blank=True, help_text=_("The address of our mailbox."))

    topic = models.ForeignKey(Topic, models.CASCADE, null=True, blank=True, related_name="+", verbose_name=_("topic"))
    queue = models.ForeignKey(Queue, models.CASCADE, null=True, blank=True, related_name="+", verbose_name=_("queue"))
    priority = models.CharField(_("priority"), max_length=8, choices=Priority.choices, blank=True)
    language = models.CharField(_("language"), max_length=8, choices=settings.LANGUAGES, blank=True)

    objects = IntakeRuleQuerySet.as_manager()

    class Meta:
        verbose_name = _("rule")
        verbose_name_plural = _("rules")
        ordering = ["position", "pk"]
        constraints = [
            models.CheckConstraint(condition=Q(priority__in=["", *Priority.values]), name="intake_rule_priority")
        ]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("rule", args=[self.pk])


class TopicWord(models.Model):
    """In how many cases of a topic a word was written; without a word: how many cases were looked at.

    Counted anew every night (`tickets.learning`), from topics that people have set.
    """

    topic = models.ForeignKey(Topic, models.CASCADE, related_name="+", db_index=False)
    word = models.CharField(max_length=80)
    cases = models.PositiveIntegerField()

    class Meta:
        verbose_name = "topic word"
        verbose_name_plural = "topic words"
        constraints = [models.UniqueConstraint(fields=["word", "topic"], name="topic_word_once")]

    def __str__(self) -> str:
        return f"{self.topic_id} {self.word} {self.cases}"
