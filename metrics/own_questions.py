"""Answers to the desk's own survey questions: how they are spread, with an interval, and as rows.

They stand beside the KPIs and feed none of them. Like those, an answer is dated by its invitation, and of a customer who
answered twice the last answer within the invitation's time counts.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db.models import Count, Exists, F, OuterRef, Q, QuerySet, Window
from django.db.models.functions import RowNumber
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from metrics import formats
from metrics.stats import mean_interval, wilson
from metrics.views import for_readers_of_numbers, reader_of
from surveys.models import OwnAnswer, Question, Response
from surveys.questions import SCALES
from tickets.models import User
from tickets.tables import Line, streamed

PERIODS = (7, 28, 90, 365)
# So many texts are shown; the download has all.
SHOWN = 20


@dataclass(frozen=True)
class Bar:
    label: str
    count: int
    of: int

    @property
    def share(self) -> str:
        """Of fewer than ten answers no percentage."""
        return formats.share(self.count / self.of) if self.of >= formats.FEW else ""


@dataclass(frozen=True)
class Summary:
    """What was answered to one question: `figure` and `interval` in words, and the number of each answer."""

    question: Question
    label: str
    n: int
    figure: str
    interval: str
    bars: list[Bar]
    texts: list[str]


def answers(user: User, since: datetime) -> QuerySet[OwnAnswer]:
    """Those that count, of what `user` may read and of invitations since then."""
    counted = Q(invitation__expires_at=None) | Q(responded_at__lt=F("invitation__expires_at"))
    later = Response.objects.filter(
        counted, invitation=OuterRef("invitation"), responded_at__gt=OuterRef("responded_at")
    )
    last = Response.objects.visible_to(user).filter(counted, ~Exists(later), invitation__sent_at__gte=since)
    return OwnAnswer.objects.filter(response__in=last)


def summaries(user: User, since: datetime) -> list[Summary]:
    """Every own question with answers, in three queries: how often each score, the newest texts, the questions."""
    found = answers(user, since)
    # By score; None: how many texts.
    counts: dict[int, Counter[int | None]] = defaultdict(Counter)
    for question, score, n in found.order_by().values_list("question", "score").annotate(n=Count("pk")):
        counts[question][score] = n
    place = Window(RowNumber(), partition_by="question", order_by=["-response__responded_at", "-pk"])
    newest = found.filter(score=None).annotate(place=place).filter(place__lte=SHOWN).order_by("place")
    texts: dict[int, list[str]] = defaultdict(list)
    for question, text in newest.values_list("question", "text"):
        texts[question].append(text)
    asked = Question.objects.filter(pk__in=list(counts)).order_by("questionnaire__name", "pk")
    return [_summary(one, counts[one.pk], texts[one.pk]) for one in asked.select_related("questionnaire")]


def label_of(question: Question) -> str:
    language = translation.get_language() or settings.LANGUAGE_CODE
    return str(question.item.words(language, settings.LANGUAGE_CODE)["label"])


def options_of(question: Question) -> dict[int, str]:
    """What each score of the question means in words."""
    if question.kind in SCALES:
        return {score: str(score) for score in SCALES[question.kind]}
    if question.kind == Question.Kind.YES_NO:
        return {1: _("Yes"), 0: _("No")}
    language = translation.get_language() or settings.LANGUAGE_CODE
    return dict(enumerate(question.item.words(language, settings.LANGUAGE_CODE)["options"], 1))


def _summary(question: Question, scores: Counter[int | None], texts: list[str]) -> Summary:
    n = scores.total()
    options = options_of(question) if question.kind != Question.Kind.TEXT else {}
    bars = [Bar(options[score], scores[score], n) for score in options]
    figure, interval = "", ""
    if question.kind == Question.Kind.YES_NO and n:
        figure = _("%(part)s of %(all)s") % {"part": formats.number(scores[1]), "all": formats.number(n)}
        bounds = wilson(scores[1], n)
        if n >= formats.FEW and bounds:
            figure = formats.share(scores[1] / n)
            interval = formats.sure(formats.share(bounds[0]), formats.share(bounds[1]))
    elif question.kind in SCALES and n:
        total = sum(score * scores[score] for score in SCALES[question.kind])
        bounds = mean_interval(total, sum(score * score * scores[score] for score in SCALES[question.kind]), n)
        if n >= formats.FEW and bounds:
            low, high = SCALES[question.kind][0], SCALES[question.kind][-1]
            figure = formats.number(total / n, 2)
            # A mean cannot lie beyond its scale.
            interval = formats.sure(formats.number(max(low, bounds[0]), 2), formats.number(min(high, bounds[1]), 2))
    return Summary(question, label_of(question), n, figure, interval, bars, texts)


@for_readers_of_numbers
def own_questions(request: HttpRequest) -> HttpResponseBase:
    """What was answered to the desk's own questions; `?export=csv` gives each answer as a row."""
    user = reader_of(request)
    text = request.GET.get("days", "")
    days = int(text) if text in {str(one) for one in PERIODS} else 90
    since = timezone.now() - timedelta(days=days)
    if request.GET.get("export") == "csv":
        return streamed("own-questions", _lines(user, since))
    context = {"found": summaries(user, since), "days": days, "periods": PERIODS, "in_charge": user.is_in_charge}
    response: HttpResponse = render(request, "metrics/own_questions.html", context)
    return response


def _lines(user: User, since: datetime) -> Iterator[Line]:
    asked_of = [_("Question"), _("Scale"), _("Answer"), _("Answered"), _("Asked"), _("Case")]
    yield [*asked_of, _("Survey form"), _("Version")]
    related = ("question", "response__invitation__version__questionnaire")
    for one in answers(user, since).select_related(*related).order_by("response__responded_at", "pk").iterator(1000):
        invitation: Any = one.response.invitation
        version = invitation.version
        form = [version.questionnaire.name, version.number] if version else ["", ""]
        asked = [invitation.sent_at, invitation.case_id]
        yield [label_of(one.question), one.question.kind, one.value, one.response.responded_at, *asked, *form]
