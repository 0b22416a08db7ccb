"""Texts that are written once and used often: saved replies, macros, articles."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from tickets.models.people import Team

if TYPE_CHECKING:
    from tickets.models.people import User


class TextQuerySet(models.QuerySet[Any]):
    def usable_by(self, user: User) -> TextQuerySet:
        """Those of everybody and of the user's team that are in use."""
        return self.filter(Q(team=None) | Q(team=user.team_id), is_active=True)

    def visible_to(self, user: User) -> TextQuerySet:
        """Those that `user` may read on the pages of the set-up, in use or not; a manager reads every team's."""
        if user.is_in_charge:
            return self
        if user.is_client:
            return self.none()
        own = Q(team=None) | Q(team=user.team_id)
        return self.filter(own) if user.leads else self.filter(own, is_active=True)

    def editable_by(self, user: User) -> TextQuerySet:
        """A team lead writes her own team's; what is everybody's, those in charge."""
        return self if user.is_in_charge else self.filter(team=user.leads) if user.leads else self.none()


class SavedReply(models.Model):
    """A text that an agent puts into what she writes, by `::` and its beginning."""

    # What is typed after the two colons.
    shortcut = models.SlugField(_("shortcut"), max_length=40)
    name = models.CharField(_("name"), max_length=120)
    html = models.TextField(_("text"))
    language = models.CharField(_("language"), max_length=8, blank=True, choices=settings.LANGUAGES)
    # Empty: everybody's.
    team = models.ForeignKey(Team, models.CASCADE, null=True, blank=True, related_name="saved_replies")
    is_active = models.BooleanField(_("in use"), default=True)

    objects = TextQuerySet.as_manager()

    class Meta:
        verbose_name = _("saved reply")
        verbose_name_plural = _("saved replies")
        ordering = ["shortcut", "language"]
        constraints = [
            models.UniqueConstraint(
                fields=["shortcut", "language", "team"], nulls_distinct=False, name="saved_reply_once"
            )
        ]

    def __str__(self) -> str:
        return self.name


class Macro(models.Model):
    """A text and changes of the case that belong together. Both are shown before anything is done."""

    # The fields of a case that a macro may set, and the form that they have in `changes`.
    FIELDS = ("status", "priority", "queue", "topic", "owner")

    name = models.CharField(_("name"), max_length=120)
    html = models.TextField(_("text of the reply"), blank=True)
    # By field: the code or id it is set to; "owner": "me". An empty one is left alone.
    changes = models.JSONField(_("changes"), default=dict, blank=True)
    team = models.ForeignKey(Team, models.CASCADE, null=True, blank=True, related_name="macros")
    is_active = models.BooleanField(_("in use"), default=True)

    objects = TextQuerySet.as_manager()

    class Meta:
        verbose_name = _("macro")
        verbose_name_plural = _("macros")
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class ArticleQuerySet(models.QuerySet["Article"]):
    def visible_to(self, user: User) -> ArticleQuerySet:
        """Narrow to what `user` may read: everybody who serves reads them all."""
        return self.filter(is_active=True) if user.is_active and not user.is_client else self.none()

    def having(self, words: list[str]) -> ArticleQuerySet:
        """Those in whose title or text every word is."""
        markup = [models.Value(part) for part in ("<[^>]*>", " ", "g")]
        plain = models.Func("html", *markup, function="regexp_replace", output_field=models.TextField())
        found = self.alias(plain=plain)
        for word in words:
            found = found.filter(Q(title__icontains=word) | Q(plain__icontains=word))
        return found


class Article(models.Model):
    """What we know about a subject, for agents and, where it is public, to be put into replies by `??`."""

    title = models.CharField(_("title"), max_length=200)
    html = models.TextField(_("text"))
    language = models.CharField(_("language"), max_length=8, blank=True, choices=settings.LANGUAGES)
    # An internal one may be read while answering, and never put into a reply.
    is_public = models.BooleanField(_("may be sent to customers"), default=False)
    is_active = models.BooleanField(_("in use"), default=True)
    updated_at = models.DateTimeField(auto_now=True)

    objects = ArticleQuerySet.as_manager()

    class Meta:
        verbose_name = _("article")
        verbose_name_plural = _("articles")
        ordering = ["title"]
        indexes = [
            # Search, by every word of it in every language of the desk.
            GinIndex(models.Func("title", "html", function="desk_article_words"), name="article_words"),
        ]

    def __str__(self) -> str:
        return self.title

    def get_absolute_url(self) -> str:
        return reverse("article", args=[self.pk])
