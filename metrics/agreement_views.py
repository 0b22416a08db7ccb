"""Agreements: each client's versions, a new one from a day on, and restating history. For those in charge."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from metrics import agreements_page, door
from metrics.agreement_forms import RestatementForm, VersionForm, level_forms
from metrics.agreements import RestatementError, restate
from tickets.client_door import open_to_clients
from tickets.models import Agreement, Client
from tickets.views import AgentRequest, for_agents


def _only_in_charge(request: AgentRequest) -> None:
    if not request.user.is_in_charge:
        raise Http404


@for_agents
@require_safe
def index(request: AgentRequest) -> HttpResponse:
    _only_in_charge(request)
    return render(request, "metrics/agreements.html", {"clients": agreements_page.clients()})


@open_to_clients
@for_agents
@require_safe
def company_agreement(request: AgentRequest) -> HttpResponse:
    """What a client's manager reads of her own agreement."""
    if not request.user.is_client:
        raise Http404
    return render(
        request, "metrics/company_agreement.html", {"clients": agreements_page.clients(door.clients(request.user))}
    )


@for_agents
@require_http_methods(["GET", "HEAD", "POST"])
def new_version(request: AgentRequest, pk: int) -> HttpResponse:
    _only_in_charge(request)
    client = get_object_or_404(Client, pk=pk)
    data = request.POST if request.method == "POST" else None
    form, levels = VersionForm(data, client=client), level_forms(data, client)
    if data is not None and form.is_valid() and levels.is_valid():
        form.save_with(levels)
        messages.success(request, _("New version saved. What has been keeps its verdicts."))
        return redirect("agreements")
    status = 422 if data is not None else 200
    return render(
        request, "metrics/agreement_new.html", {"client": client, "form": form, "levels": levels}, status=status
    )


@for_agents
@require_http_methods(["GET", "HEAD", "POST"])
def restatement(request: AgentRequest, pk: int) -> HttpResponse:
    """First since when, and what that would change; then why, and it is done."""
    _only_in_charge(request)
    version = get_object_or_404(Agreement.objects.select_related("client", "calendar"), pk=pk)
    sent = request.method == "POST"
    data = request.POST if sent else request.GET if "since" in request.GET else None
    form = RestatementForm(data, version=version, asks_reason=sent)
    if sent and form.is_valid():
        since = form.moment(form.cleaned_data["since"])
        try:
            restate(version, since, by=request.user, reason=form.cleaned_data["reason"])
        except RestatementError as error:
            form.add_error("since", str(error))
        else:
            messages.success(request, _("History restated. The figures follow within seconds."))
            return redirect("agreements")
    context: dict[str, Any] = {"version": version, "form": form, "terms": agreements_page.terms_in_words(version)}
    if data is not None and "since" not in form.errors:
        context |= agreements_page.preview(version, form)
    return render(request, "metrics/restatement.html", context, status=422 if sent else 200)
