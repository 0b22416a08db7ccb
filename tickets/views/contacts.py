"""Taking a contact, its page, and its hold, end and wrap-up."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode
from uuid import uuid4

from django.contrib import messages
from django.db.models import Count, Q
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from tickets import learning
from tickets.channels.chat import mail_transcript
from tickets.dialling import dial_url
from tickets.forms import NO_CASE, ContactForm, CustomerForm, TakeForm
from tickets.history import history_of
from tickets.intake import DEFAULT_REGION, cases_to_continue, finish, read_address, region_of, suggest
from tickets.models import (
    OPEN_STATUSES,
    Case,
    Channel,
    Chat,
    Contact,
    Identity,
    Promise,
    Queue,
    Segment,
    Topic,
    User,
)
from tickets.pop import caller_with, likely_case, number_of, pops_for
from tickets.telephone import shown_recording
from tickets.views import AgentRequest, for_agents

RECENT, LATEST = 6, 40
# The topics that a queue's latest contacts were mostly about.
USUAL, MANY = 3, 200


@for_agents
@require_http_methods(["GET", "POST"])
def contact_new(request: AgentRequest) -> HttpResponse:
    """The big button, and what it does."""
    form = TakeForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        if form.cleaned_data["channel"] == Channel.PHONE and (pops := pops_for(request.user)):
            # The telephone system knows of this call: it is not logged a second time.
            return redirect(pops[0].contact)
        contact = Contact.take(
            by=request.user,
            channel=form.cleaned_data["channel"],
            direction=form.cleaned_data["direction"] or "inbound",
            key=str(form.cleaned_data["key"] or ""),
            queue=usual_queue(request.user),
        )
        return redirect(with_number(contact, form.cleaned_data["number"], request.user))
    legs = Segment.objects.filter(agent=request.user).select_related("contact__customer", "contact__topic")
    context = {"channels": Channel.choices, "key": uuid4(), "legs": legs.order_by("-started_at")[:RECENT]}
    return render(request, "tickets/contact_new.html", context)


@for_agents
@require_http_methods(["GET"])
def contact(request: AgentRequest, pk: int) -> HttpResponse:
    one = visible_contact(request, pk)
    context = page_of(one, request.user)
    number = "" if one.customer else request.GET.get("q", "")[:200] or (number_of(one) if context["by_events"] else "")
    if number:
        context |= suggestions(one, number, request.user)
    if one.is_dialling:
        context |= {"number": request.GET.get("number", "")[:60], "dial": dial_url(request.GET.get("number", "")[:60])}
    return render(request, "tickets/contact_detail.html", context)


@for_agents
@require_http_methods(["GET"])
def call(request: AgentRequest, pk: int) -> HttpResponse:
    """The bar with the timer alone, asked for when the telephone system has told something."""
    return call_bar(request, visible_contact(request, pk))


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
    if talk := Chat.objects.filter(pk=one.pk).select_related("contact__customer", "widget__client").first():
        if talk.wants_transcript:
            mail_transcript(talk)
        return redirect("chats")
    return redirect("contact_new")


def visible_contact(request: AgentRequest, pk: int) -> Contact:
    return get_object_or_404(Contact.objects.open_to(request.user).for_page(), pk=pk)


def call_bar(request: AgentRequest, one: Contact) -> HttpResponse:
    """The bar with the timer and its buttons, alone or with its page."""
    if not request.htmx:
        return redirect(one)
    return render(request, "tickets/contact_detail.html#call", call_of(one, request.user))


def call_of(one: Contact, user: User) -> dict[str, Any]:
    leg = one.segments.filter(agent=user).order_by("-is_running", "-started_at").first()
    seconds = leg.seconds_in_state(timezone.now()) if leg else 0
    by_events = one.comes_by_events
    state = leg.state if leg else "ringing" if by_events and one.ended_at is None else "done"
    return {"contact": one, "leg": leg, "state": state, "seconds": seconds, "by_events": by_events}


def with_number(one: Contact, number: str, user: User) -> str:
    """Where the page of a call is that was taken with a number: its customer is on it, or the form for a new one."""
    if not number:
        return one.get_absolute_url()
    caller = caller_with(number, user=user, region=DEFAULT_REGION)
    if caller.customer:
        one.describe(by=user, customer=caller.customer)
        return one.get_absolute_url()
    return f"{one.get_absolute_url()}?{urlencode({'q': number})}"


def page_of(one: Contact, user: User) -> dict[str, Any]:
    call = call_of(one, user)
    leg: Segment | None = call["leg"]
    latest = latest_work(user)
    is_complete = leg.is_complete if leg else call["state"] != "ringing"
    cases = cases_to_continue(one, user) if one.customer_id or one.case_id else []
    likely = None if is_complete else likely_case(one, cases)
    # Somebody who comes back to a finished contact corrects it; no case or promise is offered a second time.
    initial: dict[str, Any] = {} if is_complete else {"promised_at": next_update()}
    if is_complete and one.case is None:
        initial["case"] = NO_CASE
    elif likely:
        initial["case"] = str(likely.pk)
    return call | {
        "is_complete": is_complete,
        "form": ContactForm(contact=one, user=user, draft=leg.draft if leg else "", initial=initial),
        "cases": cases,
        "promise": last_promise(cases),
        "history": history_of(one.customer, user, topic=one.topic, but=one),
        "topics": topics_for(one, latest, likely),
        "causes": list(dict.fromkeys(work["contact__cause"] for work in latest if work["contact__cause"])),
        "customer_form": CustomerForm(contact=one),
        "notes": one.messages.filter(case=None).select_related("author"),
        "recording": shown_recording(one) if call["by_events"] else "",
    }


def last_promise(cases: Sequence[Case]) -> Promise | None:
    """What the customer was promised last on one of these."""
    if not cases:
        return None
    promises = Promise.objects.filter(case__in=[case.pk for case in cases], cancelled_by="")
    return promises.select_related("case").order_by("-made_at").first()


def suggestions(one: Contact, text: str, user: User) -> dict[str, Any]:
    """Customers that a typed text or the number of a call may mean, and the form for a new one, filled with it."""
    region = region_of(one.client)
    open_cases = Count("cases", filter=Q(cases__status__in=OPEN_STATUSES))
    address = read_address(text, region)
    field = {Identity.Kind.EMAIL: "email", Identity.Kind.PHONE: "phone"}.get(address.kind) if address else "name"
    return {
        "contact": one,
        "q": text,
        "customers": suggest(text, user=user, region=region).annotate(open_cases=open_cases),
        "customer_form": CustomerForm(contact=one, initial={str(field): text}),
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


def topics_for(one: Contact, latest: Sequence[Mapping[str, Any]], case: Case | None = None) -> list[Topic]:
    """The chosen topic; then those that are likely: the open case's, those that the customer's words speak for, the
    queue's usual ones, those the agent used last.

    For a beginner the first of the list.
    """
    recent = [work["contact__topic"] for work in latest if work["contact__topic"]]
    likely = [case.topic_id] if case and case.topic_id else []
    if one.case or one.subject:
        likely += [topic.pk for topic in learning.likely_topics(learning.text_of_contact(one))]
    wanted = list(dict.fromkeys([*likely, *usual_topics(one), *recent]))[: RECENT + 1]
    active = Topic.objects.filter(is_active=True)
    topics = active.in_bulk(wanted)
    chosen = [one.topic] if one.topic else []
    others = [topics[pk] for pk in wanted if pk in topics and pk != one.topic_id][:RECENT]
    return chosen + (others or list(active.filter(children=None).exclude(pk=one.topic_id or 0)[:RECENT]))


def usual_topics(one: Contact) -> list[int]:
    """What most of the queue's latest contacts were about."""
    if not one.queue_id:
        return []
    since = timezone.now() - timedelta(days=3)
    of_late = Contact.objects.filter(queue=one.queue_id, started_at__gt=since, topic__isnull=False)
    latest = of_late.order_by("-started_at").values_list("topic", flat=True)[:MANY]
    return [topic for topic, _count in Counter(latest).most_common(USUAL)]


def next_update() -> datetime:
    """Tomorrow at noon, after a weekend on Monday: the date that is offered when a case is left open."""
    day = timezone.localtime().replace(hour=12, minute=0, second=0, microsecond=0) + timedelta(days=1)
    return day + timedelta(days=max(0, 7 - day.weekday())) if day.weekday() > 4 else day
