"""Forms that the desk puts together: for whom, with which questions, and every version that a customer has seen."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db import models, transaction
from django.db.models import F, Max, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from surveys.questions import USUAL, Item, items_of
from tickets.models import Channel, Client, Queue

if TYPE_CHECKING:
    from tickets.models import Case, User


def usual_content() -> list[dict[str, Any]]:
    return [one.as_json() for one in USUAL]


class Questionnaire(models.Model):
    """A form for a client, a queue or a channel, or for what has none of its own. What is changed is a draft until published."""

    name = models.CharField(_("name"), max_length=100)
    client = models.ForeignKey(
        Client, models.CASCADE, null=True, blank=True, related_name="+", verbose_name=_("client")
    )
    queue = models.ForeignKey(Queue, models.CASCADE, null=True, blank=True, related_name="+", verbose_name=_("queue"))
    channel = models.CharField(_("channel"), max_length=10, choices=Channel.choices, blank=True)
    is_on = models.BooleanField(_("is used"), default=True)
    draft = models.JSONField(default=usual_content)

    class Meta:
        verbose_name = _("survey form")
        verbose_name_plural = _("survey forms")
        ordering = ["name", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["client", "queue", "channel"],
                name="questionnaire_once",
                nulls_distinct=False,
                violation_error_message=_("There is a form for these already."),
            )
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def items(self) -> list[Item]:
        return items_of(self.draft)

    @property
    def newest(self) -> Version | None:
        return self.versions.order_by("-number").first()

    @property
    def is_changed(self) -> bool:
        """Whether the draft is not what customers are asked."""
        newest = self.newest
        return newest is None or newest.content != self.draft

    def keep(self, items: list[Item]) -> None:
        self.rework(lambda _items: items)

    def rework(self, change: Callable[[list[Item]], list[Item]]) -> None:
        """Change the draft as it is now: of two who work on it at once neither undoes what the other did."""
        with transaction.atomic():
            held = Questionnaire.objects.select_for_update().get(pk=self.pk)
            held.draft = [one.as_json() for one in change(held.items)]
            held.save(update_fields=["draft"])
        self.draft = held.draft

    def publish(self, by: User | None) -> Version | None:
        """Make the draft the version that is asked from now on; None where it is that already, or asks nothing."""
        with transaction.atomic():
            held = Questionnaire.objects.select_for_update().get(pk=self.pk)
            if not held.draft or not held.is_changed:
                return None
            number = (held.versions.aggregate(n=Max("number"))["n"] or 0) + 1
            return Version.objects.create(questionnaire=held, number=number, content=held.draft, by=by)


class Version(models.Model):
    """The words of a form as they were asked. Never changed: an answer means what was asked."""

    questionnaire = models.ForeignKey(Questionnaire, models.PROTECT, related_name="versions")
    number = models.PositiveIntegerField(_("version"))
    content = models.JSONField()
    at = models.DateTimeField(_("published"), default=timezone.now)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+")

    class Meta:
        verbose_name = _("version of a survey form")
        verbose_name_plural = _("versions of survey forms")
        ordering = ["-number"]
        constraints = [models.UniqueConstraint(fields=["questionnaire", "number"], name="form_version_once")]

    def __str__(self) -> str:
        return f"{self.questionnaire_id}/{self.number}"

    @property
    def items(self) -> list[Item]:
        return items_of(self.content)


class Question(models.Model):
    """An own question. Its scale stays what it was; its words are in the forms' versions."""

    class Kind(models.TextChoices):
        FIVE = "1-5", _("Scale from 1 to 5")
        SEVEN = "1-7", _("Scale from 1 to 7")
        ELEVEN = "0-10", _("Scale from 0 to 10")
        YES_NO = "yes-no", _("Yes or no")
        CHOICE = "choice", _("One of several")
        TEXT = "text", _("Free text")

    questionnaire = models.ForeignKey(Questionnaire, models.CASCADE, related_name="questions")
    kind = models.CharField(_("scale"), max_length=8, choices=Kind.choices)
    # As it was last written, so that it can be put back and its answers can be read.
    texts = models.JSONField(default=dict)
    # How many there are to choose from: another number would be another scale.
    options = models.PositiveSmallIntegerField(default=0)

    class Meta:
        verbose_name = _("own question")
        verbose_name_plural = _("own questions")
        ordering = ["pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(kind__in=["1-5", "1-7", "0-10", "yes-no", "choice", "text"]), name="question_kind"
            )
        ]

    def __str__(self) -> str:
        return self.key

    @property
    def key(self) -> str:
        return f"q{self.pk}"

    @property
    def item(self) -> Item:
        return Item(self.key, self.kind, self.texts)


class OwnAnswer(models.Model):
    """What was answered to an own question: a score on its scale (yes 1, no 0; the place of a choice from 1), or a text."""

    response = models.ForeignKey("surveys.Response", models.CASCADE, related_name="own")
    question = models.ForeignKey(Question, models.PROTECT, related_name="answers", db_index=False)
    score = models.SmallIntegerField(null=True, blank=True)
    text = models.TextField(blank=True)

    class Meta:
        verbose_name = _("answer to an own question")
        verbose_name_plural = _("answers to own questions")
        constraints = [models.UniqueConstraint(fields=["question", "response"], name="own_answer_once")]

    def __str__(self) -> str:
        return f"{self.question_id} {self.response_id}"

    @property
    def value(self) -> int | str:
        return self.text if self.score is None else self.score


def version_for(case: Case) -> Version | None:
    """What a customer is asked about a case: the form for its queue goes first, then its client's, then its channel's.

    Returns the newest version of the form, or None where nobody has published any: then the usual questions are asked.
    """
    fits = (
        (Q(client=None) | Q(client=case.client_id))
        & (Q(queue=None) | Q(queue=case.queue_id))
        & Q(channel__in=["", case.channel])
    )
    found = Questionnaire.objects.filter(fits, is_on=True, versions__isnull=False)
    first = found.order_by(
        F("queue").asc(nulls_last=True), F("client").asc(nulls_last=True), F("channel").desc(), "pk"
    ).first()
    return first.newest if first else None
