"""Spam: the buttons on a case, and the page on which leads see what is kept out, and let it in again."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from tickets import spam, status_links
from tickets.intake_forms import BlockForm
from tickets.models import BlockedSender, Case, Flag
from tickets.views import AgentRequest, for_agents
from tickets.views.cases import changed, visible_case
from tickets.views.web_forms import only_leads

LATEST = 100


@for_agents
@require_POST
def case_spam(request: AgentRequest, number: int) -> HttpResponse:
    """Mark a case as spam; with `undo`, take the mark away."""
    case = visible_case(request, number)
    if "undo" in request.POST:
        spam.unmark(case, by=request.user)
    else:
        spam.mark(case, by=request.user)
    return redirect("spam") if "list" in request.POST else changed(request, number)


@for_agents
@require_POST
def case_blocking(request: AgentRequest, number: int) -> HttpResponse:
    """Block whom the case came from."""
    blocked = spam.block_sender(visible_case(request, number), by=request.user)
    if blocked is None:
        messages.error(request, _("We know no address that could be blocked."))
    else:
        words = _("What comes from %(address)s is kept, and stays out of the lists. A team lead can take that back.")
        messages.success(request, words % {"address": blocked.value})
    return changed(request, number)


@for_agents
@require_POST
def link_revocation(request: AgentRequest, number: int) -> HttpResponse:
    """Take the customer's links to a case away; the next mail brings a new one."""
    status_links.revoke(visible_case(request, number))
    messages.success(request, _("The customer's links to this case are cancelled. The next mail brings a new one."))
    return changed(request, number)


@for_agents
@require_http_methods(["GET", "HEAD", "POST"])
def blocked(request: AgentRequest) -> HttpResponse:
    only_leads(request)
    form = BlockForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        came = form.cleaned_data
        BlockedSender.objects.block(came["value"], by=request.user, why=came["why"])
        return redirect("spam")
    senders = BlockedSender.objects.visible_to(request.user).select_related("made_by", "lifted_by")
    marked = Case.objects.visible_to(request.user).filter(flags__contains=[Flag.SPAM]).for_list()
    context = {
        "form": form,
        "senders": senders.order_by("-lifted_at", "-made_at")[:LATEST],
        "cases": marked.order_by("-number")[:LATEST],
    }
    return render(request, "tickets/spam.html", context, status=422 if form.errors else 200)


@for_agents
@require_POST
def lifting(request: AgentRequest, pk: int) -> HttpResponse:
    only_leads(request)
    one = get_object_or_404(BlockedSender.objects.visible_to(request.user), pk=pk)
    if one.lift(by=request.user):
        messages.success(request, _("%(address)s is heard again.") % {"address": one.value})
    return redirect("spam")
