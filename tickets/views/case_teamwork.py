"""Working on a case together, and cases that belong together."""

from __future__ import annotations

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST
from django_htmx.http import HttpResponseClientRedirect

from tickets import merging, teamwork
from tickets.forms import AnswerForm, AskForm, ChecklistForm, OtherCaseForm
from tickets.models import Case
from tickets.views import AgentRequest, for_agents
from tickets.views.cases import changed, teamwork_of, visible_case


def together(request: AgentRequest, case: Case) -> HttpResponse:
    """Answer with the part of the page that tells who works on the case, or the page anew."""
    if not request.htmx:
        return redirect(case)
    fresh = visible_case(request, case.pk)
    context = {"case": fresh} | teamwork_of(fresh, request.user)
    return render(request, "tickets/case_detail.html#together", context)


def complain(request: AgentRequest, error: ValidationError) -> None:
    messages.error(request, " ".join(error.messages))


@for_agents
@require_POST
def following(request: AgentRequest, number: int) -> HttpResponse:
    """Follow the case, or, with `on=0`, no longer."""
    case = visible_case(request, number)
    if request.POST.get("on") == "0":
        teamwork.unfollow(case, user=request.user)
    else:
        teamwork.follow(case, user=request.user)
    return together(request, case)


@for_agents
@require_http_methods(["GET", "POST"])
def consultations(request: AgentRequest, number: int) -> HttpResponse:
    """Ask a colleague about the case without giving it away."""
    case = visible_case(request, number)
    form = AskForm(request.POST or None, case=case, user=request.user)
    if request.method == "POST" and form.is_valid():
        try:
            teamwork.ask(case, by=request.user, **form.cleaned_data)
        except ValidationError as error:
            complain(request, error)
        return changed(request, number)
    return render(request, "tickets/case_ask.html", {"case": case, "form": form})


@for_agents
@require_POST
def consultation_answer(request: AgentRequest, number: int, pk: int) -> HttpResponse:
    case, form = visible_case(request, number), AnswerForm(request.POST)
    one = get_object_or_404(case.consultations, pk=pk, asked=request.user)
    if form.is_valid():
        teamwork.answer(one, form.cleaned_data["answer"], by=request.user)
        messages.success(request, _("Your answer is with %(name)s.") % {"name": one.asked_by})
    return changed(request, number)


@for_agents
@require_POST
def checklist(request: AgentRequest, number: int) -> HttpResponse:
    """Add a line to the checklist."""
    case, form = visible_case(request, number), ChecklistForm(request.POST)
    if form.is_valid():
        case.checklist.create(text=form.cleaned_data["text"])
    return together(request, case)


@for_agents
@require_POST
def checklist_item(request: AgentRequest, number: int, pk: int) -> HttpResponse:
    """Tick a line off, take the tick away, or, with `remove`, the line."""
    case = visible_case(request, number)
    item = get_object_or_404(case.checklist, pk=pk)
    if "remove" in request.POST:
        item.delete()
    else:
        done = not item.done_at
        item.done_at, item.done_by = (timezone.now(), request.user) if done else (None, None)
        item.save(update_fields=["done_at", "done_by"])
    return together(request, case)


@for_agents
@require_POST
def links(request: AgentRequest, number: int) -> HttpResponse:
    case = visible_case(request, number)
    form = OtherCaseForm(request.POST, user=request.user)
    if form.is_valid():
        merging.link(case, form.cleaned_data["other"], by=request.user)
    else:
        messages.error(request, _("There is no such case, or it is not yours to see."))
    return changed(request, number)


@for_agents
@require_POST
def link_removal(request: AgentRequest, number: int, other: int) -> HttpResponse:
    case = visible_case(request, number)
    merging.unlink(case, visible_case(request, other), by=request.user)
    return together(request, case)


@for_agents
@require_http_methods(["GET", "POST"])
def merge(request: AgentRequest, number: int) -> HttpResponse:
    """Show what a merge would do; by POST, do it."""
    case = visible_case(request, number)
    form = OtherCaseForm(request.POST or request.GET or None, user=request.user)
    into = form.cleaned_data["other"] if form.is_valid() else None
    if request.method == "POST" and into:
        try:
            merging.merge(case, into=into, by=request.user)
        except ValidationError as error:
            complain(request, error)
            return changed(request, number)
        messages.success(request, _("#%(number)d is merged into this case.") % {"number": number})
        return HttpResponseClientRedirect(into.get_absolute_url()) if request.htmx else redirect(into)
    others = Case.objects.visible_to(request.user).filter(customer=case.customer_id, merged_into=None)
    context = {
        "case": case,
        "form": form,
        "preview": merging.preview(case, into) if into else None,
        "others": others.exclude(pk=number).order_by("-updated_at")[:8] if case.customer_id else [],
    }
    return render(request, "tickets/case_merge.html", context)


@for_agents
@require_POST
def unmerging(request: AgentRequest, number: int) -> HttpResponse:
    merging.unmerge(visible_case(request, number), by=request.user)
    return changed(request, number)


@for_agents
@require_POST
def split(request: AgentRequest, number: int, pk: int) -> HttpResponse:
    """Make a case of its own of one message."""
    case = visible_case(request, number)
    try:
        made = merging.split(get_object_or_404(case.messages, pk=pk), by=request.user)
    except ValidationError as error:
        complain(request, error)
        return changed(request, number)
    messages.success(request, _("The message is a case of its own now, split from #%(number)d.") % {"number": number})
    return HttpResponseClientRedirect(made.get_absolute_url()) if request.htmx else redirect(made)
