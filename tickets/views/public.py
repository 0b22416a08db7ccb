"""Pages for those who have no account. Looking writes nothing, and they run no script."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import translation


def language_of(request: HttpRequest, offered: Collection[str], otherwise: str) -> str:
    """The language that was chosen on the page, else the visitor's own, else the given one; always one that is offered."""
    wanted = [request.GET.get("lang", ""), translation.get_language() or "", otherwise]
    return next((one for one in wanted if one in offered), next(iter(offered), settings.LANGUAGE_CODE))


def chosen_language(request: HttpRequest) -> str:
    """What was chosen on the page; "" where nothing was."""
    wanted = request.GET.get("lang", "")
    return wanted if wanted in dict(settings.LANGUAGES) else ""


def page(
    request: HttpRequest, template: str, context: dict[str, Any] | None = None, *, status: int = 200
) -> HttpResponse:
    """Render a page in the language that is being spoken. Its address may be a key: it is told to nobody."""
    response = render(request, template, context, status=status)
    response["Content-Language"] = translation.get_language() or ""
    # "no-referrer" would also blank the form's Origin, and the check against forged requests would refuse every answer.
    response["Referrer-Policy"] = "same-origin"
    response["X-Robots-Tag"] = "noindex, nofollow"
    return response
