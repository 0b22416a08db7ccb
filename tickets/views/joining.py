"""Joining two customers who are one person, and parting them again."""

from __future__ import annotations

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from tickets import intake, joining
from tickets.models import Customer, CustomerMerge
from tickets.views import AgentRequest, for_agents


@for_agents
@require_http_methods(["GET", "HEAD", "POST"])
def customer_merge(request: AgentRequest, pk: int) -> HttpResponse:
    """Find the other one, see what joining would do, and do it."""
    known = Customer.objects.visible_to(request.user).themselves().prefetch_related("identities")
    kept = get_object_or_404(known, pk=pk)
    asked = request.POST if request.method == "POST" else request.GET
    other, text = asked.get("other", ""), asked.get("q", "")[:200]
    gone = get_object_or_404(known, pk=other) if other.isdecimal() else None
    if request.method == "POST" and gone:
        try:
            joining.join(gone, into=kept, by=request.user)
        except ValidationError as error:
            messages.error(request, " ".join(error.messages))
        else:
            messages.success(request, _("The two are one customer now. It can be taken back below."))
        return redirect(kept)
    found = intake.suggest(text, user=request.user, region=intake.region_of(kept.client))
    others = [one for one in found if one.pk != pk]
    context = {"customer": kept, "q": text, "found": others, "preview": joining.preview(gone, kept) if gone else None}
    return render(request, "tickets/customer_merge.html", context)


@for_agents
@require_POST
def customer_parting(request: AgentRequest, pk: int, merge: int) -> HttpResponse:
    kept = get_object_or_404(Customer.objects.visible_to(request.user), pk=pk)
    one = get_object_or_404(CustomerMerge.objects.select_related("gone"), pk=merge, kept=kept)
    try:
        if joining.part(one, by=request.user):
            messages.success(request, _("They are two customers again."))
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
    return redirect(kept)
