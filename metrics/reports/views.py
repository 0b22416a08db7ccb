"""The report pages: the list, making one, what it says, sending it, and when it is made by itself."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.core.files.storage import default_storage
from django.core.paginator import Paginator
from django.http import FileResponse, Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from metrics.reports import making, sending
from metrics.reports.forms import OrderForm, ScheduleForm, SendForm
from metrics.reports.models import Report, ReportSchedule
from metrics.reports.sending import TYPES
from tickets.client_door import open_to_clients
from tickets.views import AgentRequest, for_agents

PAGE = 40


def _reader(request: AgentRequest) -> None:
    """Reports are for those in charge, and what was sent for the client's own manager."""
    if not (request.user.is_in_charge or request.user.is_client):
        raise Http404


def _only_in_charge(request: AgentRequest) -> None:
    if not request.user.is_in_charge:
        raise Http404


@open_to_clients
@for_agents
@require_safe
def reports(request: AgentRequest) -> HttpResponse:
    _reader(request)
    shown = Report.objects.visible_to(request.user).select_related("client").defer("figures", "differences")
    if code := request.GET.get("client", ""):
        shown = shown.filter(client__code=code)
    context: dict[str, Any] = {"page": Paginator(shown, PAGE).get_page(request.GET.get("page")), "client": code}
    if request.user.is_in_charge:
        context |= {"form": OrderForm(), "schedules": ReportSchedule.objects.select_related("client")}
    return render(request, "metrics/reports.html", context)


@for_agents
@require_POST
def report_order(request: AgentRequest) -> HttpResponse:
    _only_in_charge(request)
    form = OrderForm(request.POST)
    if form.is_valid():
        said = form.cleaned_data
        language = said["language"] or said["client"].language
        return redirect(making.order(said["client"], said["month"], language, by=request.user))
    page = Paginator(Report.objects.visible_to(request.user).select_related("client"), PAGE).get_page(1)
    context = {"page": page, "form": form, "schedules": ReportSchedule.objects.select_related("client")}
    return render(request, "metrics/reports.html", context, status=422)


def _one(request: AgentRequest, pk: int) -> Report:
    _reader(request)
    return get_object_or_404(Report.objects.visible_to(request.user).select_related("client", "replaces"), pk=pk)


@open_to_clients
@for_agents
@require_safe
def report(request: AgentRequest, pk: int) -> HttpResponse:
    """What it says, or how far it has come. The page asks for its own part again while it is being made."""
    one = _one(request, pk)
    form = SendForm(initial={"to": making.last_recipients(one)}) if request.user.is_in_charge else None
    part = "#state" if request.htmx else ""
    response = render(request, f"metrics/report.html{part}", {"report": one, "form": form})
    if request.htmx and not one.is_under_way:
        response["HX-Refresh"] = "true"
    return response


@open_to_clients
@for_agents
@require_safe
def report_file(request: AgentRequest, pk: int, kind: str) -> FileResponse:
    one = _one(request, pk).files.get(kind)
    if one is None:
        raise Http404
    return FileResponse(
        default_storage.open(one["path"]), as_attachment=True, filename=one["name"], content_type=TYPES[kind]
    )


@for_agents
@require_POST
def report_sending(request: AgentRequest, pk: int) -> HttpResponse:
    _only_in_charge(request)
    one, form = _one(request, pk), SendForm(request.POST)
    if not form.is_valid():
        return render(request, "metrics/report.html", {"report": one, "form": form}, status=422)
    said = form.cleaned_data
    if sending.send(one, to=said["to"], formats=said["formats"], by=request.user):
        messages.success(request, _("The report is on its way, and frozen as it was sent."))
    else:
        messages.info(request, _("This version was sent before. Make a new one to send it again."))
    return redirect(one)


@for_agents
@require_POST
def report_again(request: AgentRequest, pk: int) -> HttpResponse:
    """Compute the same month again, as another version that says what differs from the one that was sent."""
    _only_in_charge(request)
    one = _one(request, pk)
    return redirect(making.order(one.client, one.month, one.language, by=request.user))


@for_agents
@require_http_methods(["GET", "HEAD", "POST"])
def report_schedule(request: AgentRequest, pk: int | None = None) -> HttpResponse:
    _only_in_charge(request)
    one = get_object_or_404(ReportSchedule, pk=pk) if pk else ReportSchedule(made_by=request.user)
    form = ScheduleForm(request.POST or None, instance=one)
    if request.method == "POST" and form.is_valid():
        form.save()
        messages.success(request, _("Saved. The next report is sent on its day."))
        return redirect("reports")
    status = 422 if request.method == "POST" else 200
    return render(request, "metrics/report_schedule.html", {"form": form, "schedule": one}, status=status)
