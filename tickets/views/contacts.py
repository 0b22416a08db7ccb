"""Taking a contact, its page, and its hold, end and wrap-up."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from tickets.forms import NO_CASE, ContactForm, CustomerForm, TakeForm
from tickets.intake import cases_to_continue, finish
from tickets.models import Channel, Contact, Queue, Segment, Topic, User
from tickets.views import AgentRequest, for_agents

RECENT, LATEST = 6, 40


@for_agents
@require_http_methods(["GET", "POST"])
def contact_new(request: AgentRequest) -> HttpResponse:
    """The big button, and what it does."""
    form = TakeForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        contact = Contact.take(
            by=request.user,
            channel=form.cleaned_data["channel"],
            direction=form.cleaned_data["direction"] or "inbound",
            key=str(form.cleaned_data["key"] or ""),
            queue=usual_queue(request.user),
        )
        return redirect(contact)
    legs = Segment.objects.filter(agent=request.user).select_related("contact__customer", "contact__topic")
    context = {"channels": Channel.choices, "key": uuid4(), "legs": legs.order_by("-started_at")[:RECENT]}
    return render(request, "tickets/contact_new.html", context)


@for_agents
@require_http_methods(["GET"])
def contact(request: AgentRequest, pk: int) -> HttpResponse:
    one = visible_contact(request, pk)
    return render(request, "tickets/contact_detail.html", page_of(one, request.user))


@for_agents
@require_POST
def hold(request: AgentRequest, pk: int) -> HttpResponse:
    one = visible_contact(request, pk)
    one.hold(by=request.user)
    return call_bar(request, one)


@for_agents
@require_POST
def resumption(request: AgentRequest, pk: int) -> HttpResponse:
    one = visible_contact(request, pk)
    one.resume(by=request.user)
    return call_bar(request, one)


@for_agents
@require_POST
def end(request: AgentRequest, pk: int) -> HttpResponse:
    """The customer has gone, or, with `replied=no`, was not answered."""
    one = visible_contact(request, pk)
    one.end(by=request.user, replied=request.POST.get("replied") != "no")
    return call_bar(request, one)


@for_agents
@require_POST
def details(request: AgentRequest, pk: int) -> HttpResponse:
    """Save what is typed so far."""
    one = visible_contact(request, pk)
    form = ContactForm(request.POST, contact=one, user=request.user)
    before = one.demand
    one.describe(by=request.user, **form.changes())
    one.segments.running(request.user).update(draft=form.cleaned_data.get("note", ""))
    if not request.htmx:
        return redirect(one)
    # A chosen topic may bring its usual demand; the note and all else is on the screen as it was saved.
    fresh = page_of(one, request.user) | {"errors": form.errors, "demand_changed": one.demand != before}
    return render(request, "tickets/contact_detail.html#saved", fresh)


@for_agents
@require_POST
def wrap_up(request: AgentRequest, pk: int) -> HttpResponse:
    """Done: save, open or continue the case, resolve or promise, and be free for the next."""
    one = visible_contact(request, pk)
    form = ContactForm(request.POST, contact=one, user=request.user)
    one.describe(by=request.user, **form.changes())
    came = form.cleaned_data
    finish(
        one, by=request.user, opens_case=form.opens_case, note=came.get("note", ""), promised_at=came.get("promised_at")
    )
    words = _("Contact saved on case #%(number)d.") if one.case else _("Contact saved.")
    messages.success(request, words % {"number": one.case_id or 0})
    for field, errors in form.errors.items():
        messages.warning(request, f"{form.fields[field].label or field}: {' '.join(map(str, errors))}")
    return redirect("contact_new")


def visible_contact(request: AgentRequest, pk: int) -> Contact:
    return get_object_or_404(Contact.objects.visible_to(request.user).for_page(), pk=pk)


def call_bar(request: AgentRequest, one: Contact) -> HttpResponse:
    """The bar with the timer and its buttons, alone or with its page."""
    if not request.htmx:
        return redirect(one)
    return render(request, "tickets/contact_detail.html#call", call_of(one, request.user))


def call_of(one: Contact, user: User) -> dict[str, Any]:
    leg = one.segments.filter(agent=user).order_by("-is_running", "-started_at").first()
    seconds = leg.seconds_in_state(timezone.now()) if leg else 0
    return {"contact": one, "leg": leg, "state": leg.state if leg else "done", "seconds": seconds}


def page_of(one: Contact, user: User) -> dict[str, Any]:
    call = call_of(one, user)
    leg: Segment | None = call["leg"]
    latest = latest_work(user)
    is_complete = leg is None or leg.is_complete
    # Somebody who comes back to a finished contact corrects it; no case or promise is offered a second time.
    initial: dict[str, Any] = {} if is_complete else {"promised_at": next_update()}
    if is_complete and one.case is None:
        initial["case"] = NO_CASE
    form = ContactForm(contact=one, user=user, draft=leg.draft if leg else "", initial=initial)
    return call | {
        "is_complete": is_complete,
        "form": form,
        "cases": cases_to_continue(one, user) if one.customer_id or one.case_id else [],
        "topics": topics_for(one, latest),
        "causes": list(dict.fromkeys(work["contact__cause"] for work in latest if work["contact__cause"])),
        "customer_form": CustomerForm(contact=one),
        "notes": one.messages.filter(case=None).select_related("author"),
    }


def latest_work(user: User) -> Sequence[Mapping[str, Any]]:
    """Queue, topic and cause of the agent's last contacts, newest first: what the next one is likely to be like."""
    legs = Segment.objects.filter(agent=user).order_by("-started_at")
    return list(legs.values("contact__queue", "contact__topic", "contact__cause")[:LATEST])


def usual_queue(user: User) -> Queue | None:
    """The queue of the agent's last contact, else the only one that she works in."""
    queues = Queue.objects.visible_to(user).offered()
    if last := next((work["contact__queue"] for work in latest_work(user) if work["contact__queue"]), None):
        return queues.filter(pk=last).first()
    few = list(queues[:2])
    return few[0] if len(few) == 1 else None


def topics_for(one: Contact, latest: Sequence[Mapping[str, Any]]) -> list[Topic]:
    """The chosen topic, then those that the agent used last; for a beginner the first of the list."""
    recent = list(dict.fromkeys(work["contact__topic"] for work in latest if work["contact__topic"]))[:RECENT]
    active = Topic.objects.filter(is_active=True)
    topics = active.in_bulk(recent)
    chosen = [one.topic] if one.topic else []
    others = [topics[pk] for pk in recent if pk in topics and pk != one.topic_id]
    return chosen + (others or list(active.filter(children=None).exclude(pk=one.topic_id or 0)[:RECENT]))


def next_update() -> datetime:
    """Tomorrow at noon, after a weekend on Monday: the date that is offered when a case is left open."""
    day = timezone.localtime().replace(hour=12, minute=0, second=0, microsecond=0) + timedelta(days=1)
    return day + timedelta(days=max(0, 7 - day.weekday())) if day.weekday() > 4 else day
