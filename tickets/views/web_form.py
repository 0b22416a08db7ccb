"""The public form. The stamp in it takes the place of a cookie, which a page within another site's page has none of."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.csp import CSP
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.clickjacking import xframe_options_exempt
from django.views.decorators.csp import csp_override
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_safe

from tickets import limits, stamps, status_links
from tickets.channels import web
from tickets.client_door import open_to_clients
from tickets.models import WebForm
from tickets.public_forms import KINDS, LARGEST_REQUEST, PublicForm
from tickets.views.public import chosen_language, language_of, page

PER_NETWORK, PER_ADDRESS = 20, 5
# A day's worth of one network, where an hour's is not yet too much.
PER_NETWORK_A_DAY, DAY = 100, 24 * limits.HOUR

type View = Callable[[HttpRequest, WebForm], HttpResponse]


def for_visitors(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """Open a form's page in a language that it speaks, and within the pages of its own sites alone."""

    @wraps(view)
    def opened(request: HttpRequest, slug: str, **kwargs: str) -> HttpResponse:
        form = WebForm.objects.filter(slug=slug, is_active=True).select_related("client", "queue").first()
        offered = form.languages if form else [code for code, _name in settings.LANGUAGES]
        with translation.override(language_of(request, offered, form.client.language if form else "")):
            if form is None:
                return page(request, "web/no_form.html", status=404)
            with timezone.override(web.zone_of(form.client)):
                response = view(request, form, **kwargs)
        return framed(request, response, _sites_of(form)) if "embed" in request.GET else response

    return open_to_clients(never_cache(opened))


def _sites_of(form: WebForm) -> list[str]:
    """Those that may show it, and those whose chat leads to it while nobody is there."""
    chats = form.chat_widgets.filter(is_active=True).values_list("origins", flat=True)
    return sorted({*form.origins, *(origin for origins in chats for origin in origins)})


def framed(request: HttpRequest, response: HttpResponse, origins: list[str]) -> HttpResponse:
    """Let the page be shown within pages of these sites, and of nobody else's."""
    if not origins:
        return response
    policy: dict[str, Any] = {**settings.SECURE_CSP, "frame-ancestors": [CSP.SELF, *origins]}
    allowed: Any = xframe_options_exempt(csp_override(policy)(lambda _request: response))
    shown: HttpResponse = allowed(request)
    return shown


@csrf_exempt
@require_http_methods(["GET", "HEAD", "POST"])
@for_visitors
def web_form(request: HttpRequest, form: WebForm) -> HttpResponse:
    if request.method != "POST":
        return _show(request, form, PublicForm(web_form=form, initial={"stamp": stamps.make(_purpose(form))}))
    if int(request.META.get("CONTENT_LENGTH") or 0) > LARGEST_REQUEST:
        return page(request, "web/too_large.html", {"form": form}, status=413)
    filled = PublicForm(request.POST, request.FILES, web_form=form)
    stamp = stamps.read(request.POST.get("stamp", ""), _purpose(form))
    if not filled.is_valid():
        return _show(request, form, filled, stamp, status=422)
    if stamp is None or stamp.is_too_old or stamp.is_too_quick:
        filled.add_error(None, _("Please look through what you have written, and press the button once more."))
        return _show(request, form, filled, stamp, status=422)
    if _is_too_much(request, filled):
        filled.add_error(None, _("Too many messages have come from here. Please wait an hour, or call us."))
        return _show(request, form, filled, stamp, status=429)
    return _take(request, form, filled, stamp)


def _purpose(form: WebForm) -> str:
    return f"form:{form.pk}"


def _is_too_much(request: HttpRequest, filled: PublicForm) -> bool:
    network = limits.network_of(request)
    counts = [
        limits.is_over("web-network", network, most=PER_NETWORK),
        limits.is_over("web-network-day", network, most=PER_NETWORK_A_DAY, seconds=DAY),
        limits.is_over("web-address", filled.cleaned_data["reach"].value, most=PER_ADDRESS),
    ]
    return any(counts)


def _take(request: HttpRequest, form: WebForm, filled: PublicForm, stamp: stamps.Stamp) -> HttpResponse:
    came = filled.cleaned_data
    written = web.Written(
        address=came["reach"],
        name=came["name"],
        subject=came["subject"],
        text=came["text"],
        choice=came.get("topic"),
        files=came["attached"],
    )
    language = translation.get_language() or ""
    contact = web.receive(form, written, key=stamp.key, language=language, is_suspect=bool(came["website"]))
    assert contact.case is not None
    link = status_links.give(contact.case, is_proven=False)
    if link is None:
        return page(request, "web/no_form.html", status=404)
    return redirect(_with(request, reverse("web_form_thanks", args=[form.slug, status_links.token_for(link)])))


@require_safe
@for_visitors
def thanks(request: HttpRequest, form: WebForm, token: str) -> HttpResponse:
    link = status_links.link_of(token)
    if link is None:
        return page(request, "web/no_form.html", status=404)
    context = {"form": form, "case": link.case, "token": token, "embed": "embed" in request.GET}
    return page(request, "web/thanks.html", context | {"due_at": link.case.first_response_due_at})


def _show(
    request: HttpRequest, form: WebForm, filled: PublicForm, stamp: stamps.Stamp | None = None, *, status: int = 200
) -> HttpResponse:
    """The form, with what was written. A stamp that is no use any more is replaced."""
    fresh = stamps.make(_purpose(form)) if stamp is None or stamp.is_too_old else ""
    sent = request.POST.get("stamp", "") if request.method == "POST" else filled.initial["stamp"]
    context = {
        "form": form,
        "filled": filled,
        "stamp": fresh if fresh and request.method == "POST" else sent,
        "languages": form.languages,
        "embed": "embed" in request.GET,
        "here": _with(request, form.get_absolute_url()),
        "kinds": ",".join(sorted(KINDS)),
    }
    return page(request, "web/form.html", context, status=status)


def _with(request: HttpRequest, url: str) -> str:
    """The address with what goes from page to page: the chosen language, and that it is shown within another page."""
    kept = {"lang": chosen_language(request), "embed": "1" if "embed" in request.GET else ""}
    query = urlencode({name: value for name, value in kept.items() if value})
    return f"{url}?{query}" if query else url
