"""The set-up of the desk: who may open which page, and the one way in which every form of it is answered."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, Concatenate

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from tickets import setup as rules
from tickets import setup_forms as forms
from tickets.views import AgentRequest, for_agents

PAGE = 50
type Page = Callable[..., HttpResponse]
type Written[**P] = Callable[Concatenate[AgentRequest, P], HttpResponse]


def reading[**P](section: str) -> Callable[[Written[P]], Page]:
    """A page of a section. For whom it is not, it does not exist."""

    def decorate(view: Written[P]) -> Page:
        return for_agents(require_safe(_only_for(section, view)))

    return decorate


def writing[**P](section: str) -> Callable[[Written[P]], Page]:
    """A form of a section: shown, and sent to the same address."""

    def decorate(view: Written[P]) -> Page:
        return for_agents(require_http_methods(["GET", "HEAD", "POST"])(_only_for(section, view)))

    return decorate


def _only_for[**P](section: str, view: Written[P]) -> Page:
    @wraps(view)
    def page(request: AgentRequest, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        if not rules.may_open(request.user, section):
            raise Http404
        return view(request, *args, **kwargs)

    return page


def only_in_charge(request: AgentRequest) -> None:
    if not request.user.is_in_charge:
        raise Http404


def answer(request: AgentRequest, form: forms.SetupForm, template: str, back: str, **context: Any) -> HttpResponse:
    """Save the form and go back to its list, or show it with what is wrong."""
    sent = request.method == "POST"
    if sent and form.is_valid() and forms.save(form, by=request.user):
        messages.success(request, _("“%(name)s” is saved.") % {"name": form.instance})
        return redirect(back)
    return render(request, template, {"form": form, "back": back, **context}, status=422 if sent else 200)


def listed(
    request: AgentRequest,
    template: str,
    rows: QuerySet[Any],
    prepare: Callable[[list[Any]], None] | None = None,
    **context: Any,
) -> HttpResponse:
    """A page of a list, or for htmx only the list itself."""
    page = Paginator(rows, PAGE).get_page(request.GET.get("page"))
    page.object_list = list(page.object_list)
    if prepare:
        prepare(page.object_list)
    part = "#list" if request.htmx and not request.htmx.boosted else ""
    return render(request, f"{template}{part}", {"page": page, "q": asked(request), **context})


def asked(request: AgentRequest) -> str:
    return request.GET.get("q", "").replace("\0", "").strip()[:80]


@for_agents
@require_safe
def setup(request: AgentRequest) -> HttpResponse:
    """The pages that this person may open, with what each is for."""
    sections = rules.sections(request.user)
    if not sections:
        raise Http404
    return render(request, "tickets/setup_index.html", {"sections": sections})
