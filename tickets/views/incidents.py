"""Incidents: the list, the page of one, and which one a case is about."""

from __future__ import annotations

from django.db.models import Count, Q
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_POST

from tickets import incidents as verbs
from tickets.forms import IncidentForm
from tickets.models import OPEN_STATUSES, Case, Incident
from tickets.views import AgentRequest, for_agents
from tickets.views.case_lists import MORE_VERBS, VERBS, load_rows

LATEST, MOST_ROWS = 100, 200
COLUMNS = ["case", "status", "queue", "owner", "changed"]


@for_agents
@require_http_methods(["GET", "POST"])
def incidents(request: AgentRequest) -> HttpResponse:
    form = IncidentForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        came = form.cleaned_data
        return redirect(verbs.begin(came["title"], by=request.user, client=came["client"], at=came["began_at"]))
    # As many as the reader may see, as everywhere.
    mine = Case.objects.visible_to(request.user).filter(incident__isnull=False).order_by()
    counts = {
        row["incident"]: row
        for row in mine.values("incident").annotate(
            all=Count("pk"), open=Count("pk", filter=Q(status__in=OPEN_STATUSES))
        )
    }
    found = Incident.objects.visible_to(request.user).select_related("client", "made_by")
    rows = [
        (one, counts.get(one.pk, {"all": 0, "open": 0})) for one in found.order_by("-ended_at", "-began_at")[:LATEST]
    ]
    return render(request, "tickets/incident_list.html", {"rows": rows, "form": form})


@for_agents
@require_http_methods(["GET", "POST"])
def incident(request: AgentRequest, pk: int) -> HttpResponse:
    one = get_object_or_404(Incident.objects.visible_to(request.user), pk=pk)
    form = IncidentForm(request.POST or None, instance=one)
    if request.method == "POST" and form.is_valid():
        form.save()
        return redirect(one)
    its = Case.objects.visible_to(request.user).filter(incident=one).order_by("-number")
    numbers = list(its.values_list("pk", flat=True)[:MOST_ROWS])
    still = list(its.open().values_list("pk", flat=True)[:2000])
    context = {"incident": one, "form": form, "cases": load_rows(numbers, request.user), "chosen": COLUMNS}
    context |= {"open_numbers": still, "count": its.count(), "verbs": VERBS, "more_verbs": MORE_VERBS}
    return render(request, "tickets/incident_detail.html", context)


@for_agents
@require_POST
def ending(request: AgentRequest, pk: int) -> HttpResponse:
    """It is over; with `again`, it is not."""
    one = get_object_or_404(Incident.objects.visible_to(request.user), pk=pk)
    if "again" in request.POST:
        verbs.reopen(one)
    else:
        verbs.end(one)
    return redirect(one)


@for_agents
@require_POST
def case_incident(request: AgentRequest, number: int) -> HttpResponse:
    """Say which incident a case is about: one that is known, a new one by its title, or none."""
    case = get_object_or_404(Case.objects.visible_to(request.user), number=number)
    known, title = request.POST.get("incident", ""), request.POST.get("title", "").strip()[:200]
    incident = None
    if known.isdecimal():
        incident = get_object_or_404(Incident.objects.visible_to(request.user), pk=known)
    elif title:
        incident = verbs.begin(title, by=request.user, client=case.client)
    verbs.link(case, incident, by=request.user)
    return redirect(case)
