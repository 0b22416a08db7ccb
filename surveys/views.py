"""The customer's page. Looking at it writes nothing; whatever is wrong with a link, the answer is the same."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import wraps

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import translation
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from surveys import links
from surveys.asking import OptOut
from surveys.forms import AnswerForm, answers_before
from surveys.models import Invitation
from surveys.questions import Item
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
    items = invitation.items
    initial = {**answers_before(last), **pressed(request, items)}
    form = AnswerForm(items, request.POST if request.method == "POST" else None, initial=initial)
    if request.method == "POST" and form.is_valid():
        invitation.answer(own=form.own_answers(), **form.standard_answers())
        return redirect(with_language(request, reverse("survey_thanks", args=[links.token_for(invitation)])))
    context = {"invitation": invitation, "form": form, "last": last, "token": links.token_for(invitation)}
    # Not 422: the log has a line for each refused request, and the address in it is the key.
    return render(request, "surveys/survey.html", context)


def pressed(request: HttpRequest, items: Sequence[Item]) -> dict[str, int]:
    """The score that she pressed in the mail: marked on the page, and nothing more until she sends it."""
    said = {one.key: request.GET.get(one.key, "") for one in items if one.is_rated}
    scores = {one.key: {str(score) for score in one.scores} for one in items if one.is_rated}
    return {key: int(text) for key, text in said.items() if text in scores[key]}


@csrf_exempt
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@open_to_clients
def no_more(request: HttpRequest, token: str) -> HttpResponse:
    """Not to be asked any more: by the button of a mail program (RFC 8058), or by the one on this page.

    No token against forged requests: a mail program has none, and who has the link may say so anyway.
    """
    address = links.address_behind(token)
    with translation.override(chosen_language(request) or translation.get_language()):
        if not address:
            return no_page(request)
        if request.method == "POST":
            (OptOut.take_back if request.POST.get("again") else OptOut.wish)(address)
        is_out = OptOut.holds(address)
        response = render(request, "surveys/no_more.html", {"is_out": is_out, "said": request.method == "POST"})
    response["Referrer-Policy"] = "same-origin"
    response["X-Robots-Tag"] = "noindex, nofollow"
    return response


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
