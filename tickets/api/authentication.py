"""Who calls: a bearer token for programs, the session for the page where the API is tried."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.db.models import Q
from django.http import Http404
from django.utils import timezone, translation
from django.utils.translation import gettext_lazy as _
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from rest_framework import authentication
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

from tickets.client_door import is_open
from tickets.models import ApiToken, User

# How old `last_used_at` may be: a write at every call would cost more than the call.
NOTED = timedelta(minutes=5)


def speak_to(user: User) -> None:
    """Answer in the language that the user has chosen; else the one that the request asked for stays."""
    if user.language and translation.check_for_language(user.language):
        translation.activate(user.language)


class BearerAuthentication(authentication.BaseAuthentication):
    """`Authorization: Bearer <token>`."""

    def authenticate(self, request: Request) -> tuple[User, ApiToken] | None:
        scheme, _space, token = request.META.get("HTTP_AUTHORIZATION", "").partition(" ")
        if scheme.lower() != "bearer":
            return None
        found = ApiToken.objects.select_related("user").filter(digest=ApiToken.digest_of(token.strip())).first()
        if found is None or not found.user.is_active:
            raise AuthenticationFailed(_("The token is not known, or its account is closed."))
        if found.user.is_client and not is_open(request.parser_context["view"].__class__):
            # The middleware knows sessions only.
            raise Http404
        note_use(found)
        speak_to(found.user)
        return found.user, found

    def authenticate_header(self, request: Request) -> str:
        return 'Bearer realm="api"'


class SessionAuthentication(authentication.SessionAuthentication):
    """The browser's session; a write must carry the CSRF token."""

    def authenticate(self, request: Request) -> tuple[Any, None] | None:
        found = super().authenticate(request)
        if found is not None:
            speak_to(found[0])
        return found


def note_use(token: ApiToken) -> None:
    now = timezone.now()
    stale = Q(last_used_at__isnull=True) | Q(last_used_at__lt=now - NOTED)
    if token.last_used_at is None or token.last_used_at < now - NOTED:
        ApiToken.objects.filter(stale, pk=token.pk).update(last_used_at=now)


class BearerScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    target_class = BearerAuthentication
    name = "token"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        return {"type": "http", "scheme": "bearer", "description": "manage.py api_token USERNAME"}


class SessionScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    target_class = SessionAuthentication
    name = "session"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        from django.conf import settings

        return {"type": "apiKey", "in": "cookie", "name": settings.SESSION_COOKIE_NAME}
