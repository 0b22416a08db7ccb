"""What a client company's own manager reads of her company: its cases and contacts. Nothing here writes.

She sees what was written between us and the customer, and no internal note; who served only where that is agreed.
"""

from __future__ import annotations

from django.core.paginator import Paginator
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_safe

from tickets.client_door import open_to_clients
from tickets.models import OPEN_STATUSES, Case, Contact, Message, Status
from tickets.models.case import CaseQuerySet
from tickets.views import AgentRequest, for_agents

PAGE = 50


def _only_clients(request: AgentRequest) -> None:
    """For those who serve there are fuller pages."""
    if not request.user.is_client:
        raise Http404


@open_to_clients
@for_agents
@require_safe
def company_cases(request: AgentRequest) -> HttpResponse:
    shown, words, state = asked_cases(request)
    page = Paginator(shown, PAGE).get_page(request.GET.get("page"))
    return render(request, "tickets/company_cases.html", {"page": page, "q": words, "state": state})


def asked_cases(request: AgentRequest) -> tuple[CaseQuerySet, str, str]:
    """Her company's cases as the address asks for them, with its words and state."""
    _only_clients(request)
    words, state = request.GET.get("q", "").replace("\0", "").strip()[:80], request.GET.get("state", "")
    shown = Case.objects.visible_to(request.user).select_related("customer", "topic").order_by("-created_at", "-number")
    for word in words.split():
        shown = shown.filter(number=int(word)) if _is_number(word) else shown.filter(subject__icontains=word)
    if state in {"open", "resolved"}:
        shown = shown.filter(status__in=OPEN_STATUSES if state == "open" else [Status.RESOLVED])
    return shown, words, state


def _is_number(word: str) -> bool:
    return word.isdecimal() and len(word) < 19


@open_to_clients
@for_agents
@require_safe
def company_case(request: AgentRequest, number: int) -> HttpResponse:
    _only_clients(request)
    seen = Case.objects.visible_to(request.user).select_related("customer", "topic", "owner", "client")
    case = get_object_or_404(seen, number=number)
    letters = case.messages.filter(kind__in=Message.SEEN_BY_CUSTOMER).select_related("author")
    context = {
        "case": case,
        "messages_of": letters.prefetch_related("attachments"),
        "promises": case.promises.order_by("due_at"),
        "contacts": Contact.objects.visible_to(request.user).filter(case=case).order_by("started_at"),
    }
    return render(request, "tickets/company_case.html", context)


@open_to_clients
@for_agents
@require_safe
def company_contact(request: AgentRequest, pk: int) -> HttpResponse:
    _only_clients(request)
    seen = Contact.objects.visible_to(request.user).select_related("customer", "topic", "owner", "client", "case")
    contact = get_object_or_404(seen, pk=pk)
    hers = Case.objects.visible_to(request.user).filter(contacts=contact).first()
    return render(request, "tickets/company_contact.html", {"contact": contact, "case": hers})
