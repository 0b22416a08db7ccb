"""Who is it: suggestions as somebody types, choosing, making a new one, and the customer's own page."""

from __future__ import annotations

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_GET, require_POST

from tickets.forms import AddressForm, CustomerForm
from tickets.intake import add_address, find_or_make
from tickets.joining import maybe_the_same
from tickets.models import Case, Contact, Customer
from tickets.views import AgentRequest, for_agents
from tickets.views.contacts import page_of, suggestions, visible_contact

LATEST = 30


@for_agents
@require_GET
def customer_suggestions(request: AgentRequest, pk: int) -> HttpResponse:
    """Customers that the typed text may mean, with their open cases; and the form for a new one, filled with it."""
    one = visible_contact(request, pk)
    context = suggestions(one, request.GET.get("q", "")[:200], request.user)
    return render(request, "tickets/contact_detail.html#suggestions", context)


@for_agents
@require_POST
def contact_customer(request: AgentRequest, pk: int) -> HttpResponse:
    """Choose the customer of a contact: one that is known, or a new one; nothing sent takes the choice back."""
    one = visible_contact(request, pk)
    form = CustomerForm(request.POST, contact=one)
    if chosen := request.POST.get("customer", ""):
        known = Customer.objects.visible_to(request.user)
        one.describe(by=request.user, customer=get_object_or_404(known, pk=chosen) if chosen.isdecimal() else None)
    elif form.is_valid():
        one.describe(by=request.user, customer=find_or_make(client=one.client, region=form.region, **form.cleaned_data))
    elif not request.htmx:
        messages.error(request, " ".join(str(error) for errors in form.errors.values() for error in errors))
    if not request.htmx:
        return redirect(one)
    context = page_of(visible_contact(request, pk), request.user)
    if form.errors and not chosen:
        context["customer_form"] = form
    return render(request, "tickets/contact_detail.html#chosen", context)


@for_agents
@require_POST
def customer_identities(request: AgentRequest, pk: int) -> HttpResponse:
    """Add an address or number to a customer."""
    customer = get_object_or_404(Customer.objects.visible_to(request.user), pk=pk)
    form = AddressForm(request.POST)
    error = ""
    try:
        add_address(customer, form.cleaned_data["value"] if form.is_valid() else "")
    except ValidationError as problem:
        error = " ".join(problem.messages)
    if request.htmx:
        context = {"customer": customer, "error": error, "value": request.POST.get("value", "") if error else ""}
        return render(request, "tickets/customer_detail.html#identities", context)
    if error:
        messages.error(request, error)
    return redirect("customer", pk)


@for_agents
@require_GET
def customer(request: AgentRequest, pk: int) -> HttpResponse:
    customers = Customer.objects.visible_to(request.user).select_related("client").prefetch_related("identities")
    one = get_object_or_404(customers, pk=pk)
    if one.merged_into_id:
        return redirect("customer", one.merged_into_id)
    contacts = Contact.objects.visible_to(request.user).filter(customer=one).select_related("topic", "owner", "case")
    context = {
        "customer": one,
        "cases": Case.objects.visible_to(request.user).filter(customer=one).for_list().order_by("-created_at")[:LATEST],
        "contacts": contacts.order_by("-started_at")[:LATEST],
        "same": maybe_the_same(one, user=request.user),
        "merges": one.merges_into.filter(undone_at=None).select_related("gone", "by"),
    }
    return render(request, "tickets/customer_detail.html", context)
