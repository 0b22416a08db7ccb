"""The customer's page. Looking at it writes nothing; whatever is wrong with a link, the answer is the same."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import translation
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from surveys import links
from surveys.forms import AnswerForm
from surveys.models import Invitation
from tickets.client_door import open_to_clients

type Page = Callable[[HttpRequest, Invitation], HttpResponse]


def for_invited(view: Page) -> Callable[..., HttpResponse]:
    """Open the page to whoever has the link, in the customer's language or the one that she chose on the page."""

    @wraps(view)
    def page(request: HttpRequest, token: str = "") -> HttpResponse:
        invitation = links.invitation_of(token)
        language = chosen_language(request) or (invitation.language if invitation else "")
        with translation.override(language or translation.get_language()):
            response = view(request, invitation) if invitation else no_page(request)
            response["Content-Language"] = translation.get_language() or ""
        # The address is the key: it is not told to other sites, not stored, and not found by searching. "no-referrer"
        # would also blank the form's Origin, and the check against forged requests would refuse every answer.
        response["Referrer-Policy"] = "same-origin"
        response["X-Robots-Tag"] = "noindex, nofollow"
        return response

    return open_to_clients(never_cache(page))


@require_http_methods(["GET", "HEAD", "POST"])
@for_invited
def survey(request: HttpRequest, invitation: Invitation) -> HttpResponse:
    last = invitation.last_response()
    form = AnswerForm(request.POST if request.method == "POST" else None, initial=vars(last) if last else None)
    if request.method == "POST" and form.is_valid():
        invitation.answer(**form.cleaned_data)
        return redirect(with_language(request, reverse("survey_thanks", args=[links.token_for(invitation)])))
    context = {"invitation": invitation, "form": form, "last": last}
    # Not 422: the log has a line for each refused request, and the address in it is the key.
    return render(request, "surveys/survey.html", context)


@require_http_methods(["GET", "HEAD"])
@for_invited
def thanks(request: HttpRequest, invitation: Invitation) -> HttpResponse:
    change_url = with_language(request, reverse("survey", args=[links.token_for(invitation)]))
    if invitation.last_response() is None:
        return redirect(change_url)
    return render(request, "surveys/thanks.html", {"invitation": invitation, "change_url": change_url})


@for_invited
def no_such_link(request: HttpRequest, _invitation: Invitation) -> HttpResponse:
    return no_page(request)


def no_page(request: HttpRequest) -> HttpResponse:
    return render(request, "surveys/no_survey.html", status=404)


def chosen_language(request: HttpRequest) -> str:
    wanted = request.GET.get("lang", "")
    return wanted if wanted in dict(settings.LANGUAGES) else ""


def with_language(request: HttpRequest, url: str) -> str:
    language = chosen_language(request)
    return f"{url}?lang={language}" if language else url
