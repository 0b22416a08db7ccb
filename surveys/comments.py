"""What customers wrote: themes that are found in it, and words that are shown to those who earned them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from surveys.scales import CSAT_SCALES
from tickets.models import Case, User

if TYPE_CHECKING:
    from collections.abc import Iterable

    from surveys.models import Response

# What may name somebody: addresses, numbers of phones, cards and persons.
_ADDRESS = re.compile(r"[\w.+-]+@[\w-]+\.[\w.-]+")
_NUMBER = re.compile(r"(?<!\w)\+?\d[\d\s().-]{5,}\d(?!\w)")
MASK = "•••"


class Theme(models.Model):
    """Something that customers write about. Its words suggest it; a person says whether it is so."""

    name = models.CharField(_("theme"), max_length=60, unique=True)
    words = models.TextField(
        _("words"), blank=True, help_text=_("One a line, in any language; the beginning of a word is enough.")
    )

    class Meta:
        verbose_name = _("theme")
        verbose_name_plural = _("themes")
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name

    def is_in(self, comment: str) -> bool:
        """Whether one of its words begins a word of the comment."""
        begins = [re.escape(word.strip().casefold()) for word in self.words.splitlines() if word.strip()]
        return bool(begins) and re.search(rf"\b(?:{'|'.join(begins)})", comment.casefold()) is not None


class CommentTheme(models.Model):
    """Somebody said that a comment is about a theme, or that it is not though its words say so."""

    response = models.ForeignKey("surveys.Response", models.CASCADE, related_name="themes")
    theme = models.ForeignKey(Theme, models.CASCADE, related_name="comments")
    holds = models.BooleanField(default=True)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")

    class Meta:
        verbose_name = _("theme of a comment")
        verbose_name_plural = _("themes of comments")
        constraints = [models.UniqueConstraint(fields=["response", "theme"], name="comment_theme_once")]

    def __str__(self) -> str:
        return f"{self.response_id} {self.theme_id}"


class PraiseQuerySet(models.QuerySet["Praise"]):
    def visible_to(self, user: User) -> PraiseQuerySet:
        """Narrow to what `user` may read: what was said about cases of queues that she works in."""
        if user.is_client:
            return self.none()
        return (
            self if user.sees_everything else self.filter(response__invitation__case__in=Case.objects.visible_to(user))
        )


class Praise(models.Model):
    """A comment shown to the team, in the words that somebody looked through."""

    response = models.OneToOneField("surveys.Response", models.CASCADE, related_name="praise")
    text = models.TextField(_("text"))
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    at = models.DateTimeField(default=timezone.now)

    objects = PraiseQuerySet.as_manager()

    class Meta:
        verbose_name = _("comment shown to the team")
        verbose_name_plural = _("comments shown to the team")
        ordering = ["-at", "-pk"]

    def __str__(self) -> str:
        return self.text[:60]


def masked(text: str) -> str:
    """The comment without what may name somebody outside: addresses and longer numbers."""
    return _NUMBER.sub(MASK, _ADDRESS.sub(MASK, text))


def themes_of(response: Response, known: Iterable[Theme]) -> list[tuple[Theme, bool]]:
    """The themes of a comment, and of each whether somebody said so. What was denied is left out."""
    said = {one.theme_id: one.holds for one in response.themes.all()}
    return [(theme, theme.pk in said) for theme in known if said.get(theme.pk, theme.is_in(response.comment))]


def is_low(response: Response) -> bool:
    """Whether its satisfaction is low on its own scale."""
    scale = CSAT_SCALES.get(response.csat_scale)
    return scale is not None and response.csat is not None and response.csat <= scale.bad_to
