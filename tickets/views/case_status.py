"""The page on which a customer sees how her case is coming along. Whatever is wrong with a link, the answer is the same."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from uuid import UUID

from django.conf import settings
from django.http import FileResponse, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from tickets import limits, stamps, status_links
from tickets.channels import web
from tickets.client_door import open_to_clients
from tickets.models import StatusLink
from tickets.public_forms import MoreForm
from tickets.views.attachments import saved_file
from tickets.views.public import chosen_language, language_of, page

MESSAGES_AN_HOUR = 20


def for_customers(view: Callable[..., HttpResponseBase]) -> Callable[..., HttpResponseBase]:
    """Open the page to whoever has the link, in the language that she chose on it, else in her own."""

    @wraps(view)
    def opened(request: HttpRequest, token: str = "", **kwargs: UUID) -> HttpResponseBase:
        link = status_links.link_of(token)
        offered = [code for code, _name in settings.LANGUAGES]
        own = (link.customer.language or link.case.client.language) if link else ""
        language = chosen_language(request) or (own if own in offered else language_of(request, offered, ""))
        with translation.override(language):
            if link is None:
                return no_page(request)
            with timezone.override(web.zone_of(link.case.client)):
                return view(request, link, **kwargs)

    return open_to_clients(never_cache(opened))


def no_page(request: HttpRequest) -> HttpResponse:
    return page(request, "web/no_case.html", status=404)


@require_http_methods(["GET", "HEAD", "POST"])
@for_customers
def case_status(request: HttpRequest, link: StatusLink) -> HttpResponse:
    sent = request.method == "POST"
    form = MoreForm(request.POST, request.FILES, label_suffix="") if sent else MoreForm(label_suffix="")
    stamp = stamps.read(request.POST.get("stamp", ""), f"status:{link.pk}")
    if sent and form.is_valid():
        if stamp is None or stamp.is_too_old:
            form.add_error(None, _("Please look through what you have written, and press the button once more."))
        elif limits.is_over("status", str(link.pk), most=MESSAGES_AN_HOUR):
            form.add_error(None, _("Too many messages have come from here. Please wait an hour, or call us."))
        else:
            web.write_more(link, form.cleaned_data["text"], key=stamp.key, files=form.cleaned_data["attached"])
            language = chosen_language(request)
            return redirect(f"{_address(link)}?sent=1{f'&lang={language}' if language else ''}#write")
    # Not 422: the log has a line for each refused request, and the address in it is the key.
    return page(request, "web/status.html", _context(request, link, form, stamp))


def _context(request: HttpRequest, link: StatusLink, form: MoreForm, stamp: stamps.Stamp | None) -> dict[str, object]:
    case, now = web.now_at(link), timezone.now()
    due_at = web.hears_next(case)
    usable = stamp is not None and not stamp.is_too_old
    return {
        "link": link,
        # What she knows it by, and where it stands.
        "number": link.case_id,
        "case": case,
        "messages": web.messages_of(link),
        "due_at": due_at,
        "is_late": due_at is not None and due_at < now,
        "form": form,
        "stamp": request.POST.get("stamp", "") if usable else stamps.make(f"status:{link.pk}"),
        "was_sent": "sent" in request.GET,
        "token": status_links.token_for(link),
    }


def _address(link: StatusLink) -> str:
    return reverse("case_status", args=[status_links.token_for(link)])


@require_safe
@for_customers
def status_file(request: HttpRequest, link: StatusLink, pk: UUID) -> HttpResponse | FileResponse:
    """Give out a file that stands on the page, to be saved."""
    files = [file for message in web.messages_of(link) for file in message.attachments.all() if file.pk == pk]
    return saved_file(files[0]) if files else no_page(request)


@open_to_clients
@never_cache
def no_such_link(request: HttpRequest) -> HttpResponse:
    """What cannot be a link at all looks like one that has ended."""
    with translation.override(chosen_language(request) or translation.get_language()):
        return no_page(request)
