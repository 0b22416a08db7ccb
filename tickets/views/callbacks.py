"""Calls of ours: dialling a customer's number, and the worklist of those who asked to be called back."""

from __future__ import annotations

from urllib.parse import urlencode

from django.contrib import messages
from django.db.models import Model, QuerySet
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from tickets import callbacks as work
from tickets.callback_forms import CallbackForm
from tickets.dialling import number_in
from tickets.models import Callback, Case, Contact, Customer
from tickets.views import AgentRequest, for_agents
from tickets.views.contacts import call_bar, visible_contact

MOST, LATEST = 200, 20


@for_agents
@require_http_methods(["GET", "HEAD", "POST"])
def callbacks(request: AgentRequest) -> HttpResponse:
    """The worklist, and the form by which somebody is put on it."""
    form = CallbackForm(request.POST or None, user=request.user)
    if request.method == "POST" and form.is_valid():
        work.ask(by=request.user, **form.asked())
        messages.success(request, _("The callback is on the list."))
        return redirect("callbacks")
    rows = work.for_list(request.user)
    if request.GET.get("whose") == "me":
        rows = rows.filter(taken_by=request.user)
    context = {
        "form": form,
        "whose": request.GET.get("whose", ""),
        "rows": rows.filter(closed_at=None)[:MOST],
        "done": rows.exclude(closed_at=None).order_by("-closed_at")[:LATEST],
    }
    return render(request, "tickets/callback_list.html", context, status=422 if form.errors else 200)


def visible_callback(request: AgentRequest, pk: int) -> Callback:
    return get_object_or_404(work.visible_to(request.user).select_related("contact__source"), pk=pk)


@for_agents
@require_POST
def taking(request: AgentRequest, pk: int) -> HttpResponse:
    if not visible_callback(request, pk).take(by=request.user):
        messages.warning(request, _("Somebody else has taken it, or it is done."))
    return redirect("callbacks")


@for_agents
@require_POST
def attempt(request: AgentRequest, pk: int) -> HttpResponse:
    """Call: the attempt is a contact of its own that hangs on the request."""
    one = visible_callback(request, pk)
    if one.closed_at:
        messages.warning(request, _("Somebody else has taken it, or it is done."))
        return redirect("callbacks")
    contact = work.call(one, by=request.user, key=request.POST.get("key", "")[:60])
    return redirect(f"{contact.get_absolute_url()}?{urlencode({'number': one.number})}")


@for_agents
@require_POST
def closing(request: AgentRequest, pk: int) -> HttpResponse:
    one = visible_callback(request, pk)
    end = request.POST.get("end", "")
    if end in {Callback.End.WITHDRAWN, Callback.End.GIVEN_UP}:
        work.withdraw(one, by=request.user, end=end)
    return redirect("callbacks")


@for_agents
@require_POST
def dialling(request: AgentRequest) -> HttpResponse:
    """Begin a logged call to a number on a customer's or a case's page."""
    number = number_in(request.POST.get("number", "")[:60])
    customer = _chosen(Customer.objects.visible_to(request.user), request.POST.get("customer", ""))
    case = _chosen(Case.objects.visible_to(request.user), request.POST.get("case", ""))
    if not number or customer is None:
        messages.error(request, _("This is no number that can be called."))
        return redirect("contact_new")
    contact = Contact.dial(
        by=request.user, customer=customer, case=case, topic=case and case.topic, queue=case and case.queue,
        client=customer.client or (case.client if case else None), key=request.POST.get("key", "")[:60],
    )  # fmt: skip
    return redirect(f"{contact.get_absolute_url()}?{urlencode({'number': number})}")


def _chosen[Row: Model](rows: QuerySet[Row], pk: str) -> Row | None:
    return rows.filter(pk=int(pk)).first() if pk.isascii() and pk.isdecimal() and len(pk) < 10 else None


@for_agents
@require_POST
def connection(request: AgentRequest, pk: int) -> HttpResponse:
    """The customer has answered the call of ours."""
    one = visible_contact(request, pk)
    one.connect(by=request.user)
    return call_bar(request, one)


@for_agents
@require_POST
def no_answer(request: AgentRequest, pk: int) -> HttpResponse:
    """Nobody answered: the attempt is over, and there is nothing to write up."""
    one = visible_contact(request, pk)
    if one.is_dialling and one.wrap_up(by=request.user):
        one.segments.filter(agent=request.user).update(is_complete=True)
        messages.info(request, _("The attempt is noted: no answer."))
    return redirect("callbacks" if one.parent_id else one.case or one.customer or "contact_new")
