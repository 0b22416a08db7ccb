"""The page of one case."""

from __future__ import annotations

from typing import Any

from django.db.models import Q
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.views.decorators.http import require_GET
from django_htmx.http import HttpResponseClientRedirect

from tickets import merging, teamwork, timeline
from tickets.composer import composer_of
from tickets.history import history_of
from tickets.models import Case, Draft, Identity, Incident, User
from tickets.prepared import Prepared
from tickets.views import AgentRequest, for_agents, unread_of
from tickets.views.contacts import next_update


@for_agents
@require_GET
def case(request: AgentRequest, number: int) -> HttpResponse:
    one = visible_case(request, number)
    # A browser that fetches the next case in advance has not shown it to anybody.
    is_looked_at = "prefetch" not in request.headers.get("Sec-Purpose", "")
    if is_looked_at and teamwork.read(request.user, one, unread_of(request)):
        del request.unread
    context = page_of(one, request.user) | side_of(one, request.user)
    if kept := [draft for draft in context["kept"] if not draft.held] or list(context["kept"]):
        # What she was writing is there again, as she left it.
        context |= composer_of(one, request.user, kept[0].kind, draft=kept[0])
    return render(request, "tickets/case_detail.html", context)


@for_agents
@require_GET
def case_timeline(request: AgentRequest, number: int) -> HttpResponse:
    """Older entries of the timeline, or, without a moment, the newest."""
    one = visible_case(request, number)
    before = parse_datetime(request.GET.get("before", ""))
    context = {
        "case": one,
        "seen": one.newest_event,
        "timeline": timeline.of(merging.family_of(one), before=before, case=one),
    }
    template = "tickets/case_timeline.html#entries" if before else "tickets/case_timeline.html"
    return render(request, template, context)


@for_agents
@require_GET
def case_now(request: AgentRequest, number: int) -> HttpResponse:
    """What an open page asks when something has happened: the case's state, and how much is new below.

    The timeline stays as it is until the reader asks for it: nothing moves under her eyes.
    """
    one = visible_case(request, number)
    seen = request.GET.get("seen", "")
    new = timeline.news(merging.family_of(one), int(seen) if seen.isdecimal() else 0, user=request.user)
    return render(request, "tickets/case_detail.html#now", page_of(one, request.user, entries=False) | {"new": new})


# What every look at a case asks for.
ONE_CASE = Prepared(
    lambda user, number: Case.objects.visible_to(user).for_page().prefetch_related(None).filter(number=number)
)
IDENTITIES = Prepared(lambda customer: Identity.objects.filter(customer=customer).order_by("pk"))
OTHER_CASES = Prepared(
    lambda user, customer, number: (
        Case.objects.visible_to(user)
        .filter(customer=customer)
        .exclude(pk=number)
        .only("number", "subject", "status")
        .order_by("-created_at")[:8]
    )
)


def visible_case(request: AgentRequest, number: int) -> Case:
    one = ONE_CASE.first(request.user, min(number, 2**63 - 1))
    if one is None:
        raise Http404
    if one.customer is not None:
        one.customer.known_by = IDENTITIES(one.customer_id)
    return one


def page_of(one: Case, user: User, *, entries: bool = True) -> dict[str, Any]:
    """What changes when something happens to the case."""
    numbers = merging.family_of(one)
    drafts: list[Draft] = []
    if one.may_have("drafts"):
        drafts = list(one.drafts.filter(Q(author=user) | Q(send_at__isnull=False)).select_related("author"))
    here = one.presences.now().exclude(user=user).select_related("user") if one.may_have("visitors") else []
    context = {
        "case": one,
        "now": timezone.now(),
        "pending": one.promises.pending().order_by("due_at") if one.may_have("promises") else [],
        "leaving": sorted((one for one in drafts if one.send_at), key=lambda one: str(one.send_at)),
        "kept": sorted((one for one in drafts if not one.send_at), key=lambda one: one.updated_at, reverse=True),
        "here": here,
        "seen": one.newest_event,
        "next_update": timezone.localtime(next_update()).strftime("%Y-%m-%dT%H:%M"),
    }
    return context | {"timeline": timeline.of(numbers, case=one)} if entries else context


def side_of(one: Case, user: User) -> dict[str, Any]:
    """What stands beside the timeline."""
    others: list[Case] = []
    if one.customer_id and one.may_have("others"):
        others = OTHER_CASES(user, one.customer_id, one.pk)
    return {
        "others": others,
        "history": history_of(one.customer, user, topic=one.topic),
    } | teamwork_of(one, user)


def teamwork_of(one: Case, user: User) -> dict[str, Any]:
    """Who follows, who was asked, what is to be ticked off, which cases are linked."""
    followers = [row.user for row in one.followers.select_related("user")] if one.may_have("followers") else []
    asked = one.consultations.select_related("asked", "asked_by") if one.may_have("consultations") else []
    return {
        "followers": followers,
        "is_following": user in followers,
        "consultations": asked,
        "checklist": one.checklist.all() if one.may_have("checklist") else [],
        "linked": merging.linked_to(one, user),
        "incidents": Incident.objects.going_on(one.client) if one.may_have("incidents") else [],
    }


def changed(request: AgentRequest, number: int) -> HttpResponse:
    """Answer a button of the case's page: its changed parts, or the page anew."""
    if not request.htmx:
        return redirect("case", number)
    try:
        one = visible_case(request, number)
    except Http404:
        # She has given it away, and has no more to do with it.
        return HttpResponseClientRedirect(reverse("cases"))
    return render(request, "tickets/case_detail.html#changed", page_of(one, request.user))
