"""Setting up the telephone systems: which there are, whom their names mean, and what waits."""

from __future__ import annotations

from django.conf import settings
from django.contrib import messages
from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST

from tickets import telephone
from tickets.models import Connector
from tickets.telephone_forms import ConnectorForm, name_lines, read_names
from tickets.views import AgentRequest, for_agents
from tickets.views.setup import answer, only_in_charge, reading, writing
from tickets.views.web_forms import only_leads

SECTION = "setup_telephone"


@reading(SECTION)
def connectors(request: AgentRequest) -> HttpResponse:
    rows = list(Connector.objects.order_by("-is_active", "name"))
    for one in rows:
        one.unknown = one.names.unknown().count()  # type: ignore[attr-defined]
        one.waiting_calls = one.waiting.all().calls()  # type: ignore[attr-defined]
    return render(request, "tickets/setup_telephone.html", {"rows": rows})


@writing(SECTION)
def connector_new(request: AgentRequest) -> HttpResponse:
    only_in_charge(request)
    form = ConnectorForm(request.POST or None, by=request.user)
    return answer(request, form, "tickets/setup_connector.html", SECTION)


@writing(SECTION)
def connector(request: AgentRequest, pk: int) -> HttpResponse:
    only_in_charge(request)
    one = get_object_or_404(Connector, pk=pk)
    form = ConnectorForm(request.POST or None, instance=one, by=request.user)
    return answer(request, form, "tickets/setup_connector.html", SECTION, connector=one, hook=hook_of(one))


@reading(SECTION)
def names(request: AgentRequest, pk: int) -> HttpResponse:
    """Whom the telephone system's names mean."""
    one = get_object_or_404(Connector, pk=pk)
    lines = name_lines(list(one.names.all()), telephone.unknown_counts(one))
    return render(request, "tickets/setup_phone_names.html", {"connector": one, "lines": lines})


@for_agents
@require_POST
def meanings(request: AgentRequest, pk: int) -> HttpResponse:
    """Say whom names mean; the calls that waited for it are taken in."""
    only_leads(request)
    one = get_object_or_404(Connector.objects.select_related("source"), pk=pk)
    with transaction.atomic():
        for name in read_names(one, request.POST):
            name.save(update_fields=["agent", "queue", "is_left_out"])
        taken = telephone.settle_waiting(one)
    words = ngettext(
        "Saved. %(count)d event that waited was taken in.",
        "Saved. %(count)d events that waited were taken in.",
        taken.stored,
    )
    messages.success(request, words % {"count": taken.stored})
    return redirect("setup_phone_names", pk=pk)


def hook_of(one: Connector) -> str:
    """Where the maker's system shall send what it tells, where it sends it by itself."""
    if one.kind == Connector.Kind.TWILIO:
        return settings.PUBLIC_URL + reverse("api:calls-twilio", args=[one.code])
    if one.kind == Connector.Kind.AMAZON_CONNECT:
        return f"{settings.PUBLIC_URL}{reverse('api:calls-amazon-connect')}?connector={one.code}"
    return ""
