"""Keys by which other systems come in, and the answers that they were given."""

from __future__ import annotations

import hashlib
import secrets
from datetime import timedelta

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _


class ApiToken(models.Model):
    """A bearer token. Only its digest is stored: a copy of the database gives nobody access."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="api_tokens")
    digest = models.CharField(max_length=64, unique=True)
    created_at = models.DateTimeField(_("created"), auto_now_add=True)
    last_used_at = models.DateTimeField(_("last used"), null=True, blank=True)

    class Meta:
        verbose_name = _("API token")
        verbose_name_plural = _("API tokens")

    def __str__(self) -> str:
        return f"{self.user} {self.created_at:%Y-%m-%d}"

    @staticmethod
    def digest_of(token: str) -> str:
        return hashlib.sha256(token.encode()).hexdigest()

    @classmethod
    def issue(cls, user: models.Model) -> str:
        """Make a token for `user` and return it; it cannot be read again."""
        token = secrets.token_urlsafe(32)
        cls.objects.create(user=user, digest=cls.digest_of(token))
        return token


class IdempotentAnswer(models.Model):
    """The answer that a write with an Idempotency-Key got: repeated, it is given again and nothing is done."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    key = models.CharField(max_length=255)
    # Method, path and body: the same key with another request is an error, not a repetition.
    request_digest = models.CharField(max_length=64)
    status = models.SmallIntegerField(null=True)
    # As it went over the wire, so that the repetition is the same to the byte.
    body = models.TextField(blank=True)
    content_type = models.CharField(max_length=120, blank=True)
    location = models.CharField(max_length=500, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    # A client that repeats a request does so within minutes or after a weekend; a week covers both.
    KEPT = timedelta(days=7)

    class Meta:
        verbose_name = _("idempotent answer")
        verbose_name_plural = _("idempotent answers")
        constraints = [models.UniqueConstraint(fields=["user", "key"], name="idempotent_answer_once")]
        # Forgetting the old ones.
        indexes = [models.Index(fields=["created_at"], name="idempotent_answer_created")]

    def __str__(self) -> str:
        return self.key

    @classmethod
    def forget_old(cls) -> int:
        """Delete the answers that nobody will ask for any more. Return how many."""
        deleted, _by_model = cls.objects.filter(created_at__lt=timezone.now() - cls.KEPT).delete()
        return deleted
