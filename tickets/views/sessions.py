"""Logging in, the password, and the language that goes with the account."""

from __future__ import annotations

import hashlib
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.forms import AuthenticationForm
from django.contrib.auth.views import LoginView, LogoutView, PasswordChangeView
from django.core.cache import cache
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.urls import reverse_lazy
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.i18n import set_language as django_set_language

from tickets import limits
from tickets.client_door import open_to_clients
from tickets.models import AgentState, User

WINDOW_SECONDS = 15 * 60
# Guesses of one name from one address, and of all names from one address: an office shares one.
MOST_PER_NAME, MOST_PER_ADDRESS = 10, 100


class LoginForm(AuthenticationForm):
    """Refuses to try a password at all when too many were tried; says the same for names that exist and that do not."""

    def clean(self) -> dict[str, Any]:
        counters = self._counters()
        if any(_count(key) > most for key, most in counters.items()):
            raise ValidationError(_("Too many attempts. Wait a quarter of an hour and try again."), code="throttled")
        cleaned = super().clean()
        cache.delete_many(counters)
        return cleaned

    def _counters(self) -> dict[str, int]:
        address = limits.address_of(self.request) if self.request else ""
        name = str(self.cleaned_data.get("username", "")).lower()
        digest = hashlib.sha256(f"{name}\n{address}".encode()).hexdigest()
        return {f"login:{digest}": MOST_PER_NAME, f"login:{address}": MOST_PER_ADDRESS}


def _count(key: str) -> int:
    """Count one more attempt, before it is tried: guesses sent side by side are counted too."""
    cache.add(key, 0, WINDOW_SECONDS)
    return cache.incr(key)


@open_to_clients
class Login(LoginView):
    authentication_form = LoginForm
    redirect_authenticated_user = True

    def form_valid(self, form: AuthenticationForm) -> HttpResponse:
        response = super().form_valid(form)
        AgentState.begin_day(form.get_user())
        language = form.get_user().language
        if language in dict(settings.LANGUAGES):
            response.set_cookie(settings.LANGUAGE_COOKIE_NAME, language, samesite="Lax")
        return response


@open_to_clients
class Logout(LogoutView):
    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if request.user.is_authenticated:
            AgentState.end_day(request.user)
        return super().post(request, *args, **kwargs)


@open_to_clients
class PasswordChange(PasswordChangeView):
    success_url = reverse_lazy("home")

    def form_valid(self, form: Any) -> HttpResponse:
        messages.success(self.request, gettext_lazy("Your password is changed."))
        return super().form_valid(form)


@open_to_clients
def set_language(request: HttpRequest) -> HttpResponseBase:
    """Show the pages in another language, and next time too, on every device."""
    language = request.POST.get("language", "")
    if request.user.is_authenticated and language in dict(settings.LANGUAGES):
        User.objects.filter(pk=request.user.pk).update(language=language)
    return django_set_language(request)
