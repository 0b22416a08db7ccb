"""The agent's side of chats: who waits, the talks she is in, and one of them before her."""

from __future__ import annotations

from typing import Any
from uuid import UUID, uuid4

from django.contrib import messages
from django.db.models import Count, F, Q, QuerySet
from django.http import Http404, HttpResponse, JsonResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from tickets import canned, filetypes
from tickets.channels import chat as channel
from tickets.chat_forms import FileForm, LineForm, TransferForm
from tickets.models import AgentState, Attachment, Chat, ChatLine, Queue, User
from tickets.views import AgentRequest, for_agents
from tickets.views.attachments import saved_file
from tickets.views.contacts import page_of, suggestions

MOST_WAITING = 50


@for_agents
@require_GET
def chats(request: AgentRequest) -> HttpResponse:
    """Her first talk; without one, who waits and what to do."""
    mine = list(of(request.user))
    if mine and "waiting" not in request.GET:
        return redirect(mine[0])
    return render(request, "tickets/chats.html", side_of(request.user) | {"chat": None})


@for_agents
@require_GET
def chat(request: AgentRequest, pk: int) -> HttpResponse:
    one = visible_chat(request, pk)
    lines = list(lines_of(one))
    if lines:
        one.read(by=request.user, to=lines[-1].pk)
    context = side_of(request.user, one) | talk_of(one, lines, request.user) | about_of(one, request.user)
    return render(request, "tickets/chats.html", context)


@for_agents
@require_GET
def side(request: AgentRequest) -> HttpResponse:
    """Who waits and her own talks, asked for when something has changed."""
    here = Chat.objects.visible_to(request.user).filter(pk=number_in(request, "here")).first()
    return render(request, "tickets/chats.html#side", side_of(request.user, here))


@for_agents
@require_GET
def news(request: AgentRequest, pk: int) -> HttpResponse:
    """The lines after the last that the page has, and how the talk stands."""
    one = visible_chat(request, pk)
    lines = list(lines_of(one).filter(pk__gt=number_in(request, "after")))
    if lines and "away" not in request.GET:
        one.read(by=request.user, to=lines[-1].pk)
    return render(request, "tickets/chat_news.html", talk_of(one, lines, request.user))


@for_agents
@require_POST
def taking(request: AgentRequest, pk: int) -> HttpResponse:
    one = visible_chat(request, pk)
    if is_full(request.user, one):
        messages.warning(request, _("You have as many chats as you may have at once. End one first."))
    elif not one.take(by=request.user):
        messages.info(request, _("A colleague was quicker."))
        return redirect("chats")
    return redirect(one)


@for_agents
@require_POST
def next_one(request: AgentRequest) -> HttpResponse:
    """Take whoever has waited longest."""
    for one in Chat.objects.waiting_for(request.user).select_related("contact", "widget")[:5]:
        if is_full(request.user, one):
            messages.warning(request, _("You have as many chats as you may have at once. End one first."))
            return redirect("chats")
        if one.take(by=request.user):
            return redirect(one)
    messages.info(request, _("Nobody waits."))
    return redirect("chats")


@for_agents
@require_POST
def lines(request: AgentRequest, pk: int) -> HttpResponse:
    one = own_chat(request, pk)
    form = LineForm(request.POST)
    if one.is_over:
        return JsonResponse({"problems": [_("This chat is over.")]}, status=409)
    if not form.is_valid():
        return JsonResponse({"problems": form.problems()}, status=422)
    channel.stop_typing(one, "agent")
    key = f"agent:{form.cleaned_data['key']}"
    one.say(ChatLine.Kind.AGENT, form.cleaned_data["text"], by=request.user, key=key)
    return HttpResponse(status=204) if request.headers.get("X-Script") else redirect(one)


@for_agents
@require_POST
def files(request: AgentRequest, pk: int) -> HttpResponse:
    one = own_chat(request, pk)
    form = FileForm(request.POST, request.FILES)
    if not form.is_valid():
        return JsonResponse({"problems": form.problems()}, status=422)
    file = form.cleaned_data["file"]
    kept = Attachment.keep(file, name=file.name or "", content_type=filetypes.sniff(file), created_by=request.user)
    one.say(ChatLine.Kind.AGENT, by=request.user, key=f"agent:{form.cleaned_data['key']}", attachment=kept)
    return HttpResponse(status=204)


@for_agents
@require_GET
def file(request: AgentRequest, pk: int, attachment: UUID) -> HttpResponseBase:
    line = visible_chat(request, pk).lines.filter(attachment=attachment).select_related("attachment").first()
    if line is None or line.attachment is None:
        raise Http404
    return saved_file(line.attachment, shows_pictures=True)


@for_agents
@require_POST
def typing(request: AgentRequest, pk: int) -> HttpResponse:
    channel.say_typing(own_chat(request, pk), "agent", str(request.user))
    return HttpResponse(status=204)


@for_agents
@require_POST
def transfer(request: AgentRequest, pk: int) -> HttpResponse:
    one, form = own_chat(request, pk), TransferForm(request.POST)
    if not form.is_valid():
        messages.error(request, _("Choose a queue or a colleague."))
        return redirect(one)
    kind, _colon, key = form.cleaned_data["to"].partition(":")
    queue = get_object_or_404(queues_for(one), pk=key) if kind == "queue" else None
    agent = get_object_or_404(colleagues_for(one, request.user), pk=key) if kind == "agent" else None
    if one.transfer(by=request.user, queue=queue, agent=agent, note=form.cleaned_data["note"]):
        messages.success(request, _("The chat is handed to %(whom)s.") % {"whom": queue or agent})
    return redirect("chats")


@for_agents
@require_POST
def ending(request: AgentRequest, pk: int) -> HttpResponse:
    one = own_chat(request, pk)
    one.end(by=request.user)
    return redirect(one)


@for_agents
@require_POST
def transcript(request: AgentRequest, pk: int) -> HttpResponse:
    one = visible_chat(request, pk)
    if channel.mail_transcript(one, by=request.user):
        messages.success(request, _("The transcript is on its way to %(address)s.") % {"address": one.email})
    else:
        messages.warning(
            request, _("Say first who she is: a transcript goes only to an address that the customer has.")
        )
    return redirect(one)


# ---- What the pages show -----------------------------------------------------------------------------------------------
def visible_chat(request: AgentRequest, pk: int) -> Chat:
    found = Chat.objects.visible_to(request.user).select_related(
        "contact__customer", "contact__source", "widget__client", "queue"
    )
    return get_object_or_404(found, pk=pk)


def number_in(request: AgentRequest, name: str) -> int:
    said = request.GET.get(name, "")
    return int(said) if said.isdecimal() and len(said) < 19 else 0


def own_chat(request: AgentRequest, pk: int) -> Chat:
    """One that she is in now: to speak, she has to have taken it."""
    one = visible_chat(request, pk)
    if not one.contact.segments.running(request.user).exists():
        raise Http404
    return one


def of(user: User) -> QuerySet[Chat]:
    """Her talks, each with what she has not read yet; those in wrap-up last."""
    unread = Count("lines", filter=Q(lines__kind=ChatLine.Kind.VISITOR, lines__pk__gt=F("read_to")), distinct=True)
    mine = Chat.objects.filter(pk__in=Chat.objects.of_agent(user).values("pk"))
    found = mine.annotate(unread=unread).select_related("contact__customer", "queue")
    return found.order_by(F("contact__ended_at").asc(nulls_first=True), "contact__answered_at", "pk")


def is_full(user: User, one: Chat) -> bool:
    return Chat.objects.open().of_agent(user).count() >= one.widget.chats_at_once


def side_of(user: User, here: Chat | None = None) -> dict[str, Any]:
    waiting = Chat.objects.waiting_for(user).select_related("contact__customer", "queue")[:MOST_WAITING]
    state = AgentState.objects.running().filter(agent=user).first()
    now = timezone.now()
    mine = list(of(user))
    for one in mine:
        one.silent = max(0, int((now - one.visitor_spoke_at).total_seconds()))  # type: ignore[attr-defined]
    rows = list(waiting)
    for one in rows:
        assert one.waits_since is not None
        one.seconds = max(0, int((now - one.waits_since).total_seconds()))  # type: ignore[attr-defined]
    return {
        "waiting": rows,
        "mine": mine,
        "here": here.pk if here else 0,
        "is_absent": user.takes_calls and state is None,
    }


def lines_of(one: Chat) -> QuerySet[ChatLine]:
    return one.lines.select_related("author", "attachment")


def talk_of(one: Chat, lines: list[ChatLine], user: User) -> dict[str, Any]:
    leg = one.contact.segments.filter(agent=user).order_by("-is_running", "-started_at").first()
    return {
        "chat": one,
        # Without scripts each page says one thing.
        "key": uuid4(),
        "lines": lines,
        "leg": leg,
        "talk_state": leg.state if leg else "done",
        "seconds": leg.seconds_in_state(timezone.now()) if leg else 0,
        "is_mine": leg is not None and leg.state == "talking" and not one.is_over,
        "may_take": one.waits_since is not None and one.waits_for_id in {None, user.pk},
        "typing": channel.who_types(one, "visitor"),
        "queues": queues_for(one),
        "colleagues": colleagues_for(one, user),
        "replies": canned.for_chat(names_for(one, user), one.language, user),
        "mails_to": channel.may_mail_to(one) if one.is_over else "",
    }


def names_for(one: Chat, user: User) -> dict[str, str]:
    customer = one.contact.customer
    return {
        "{customer}": (customer.name if customer else "") or one.name,
        "{agent}": user.get_full_name() or user.username,
        "{number}": f"#{one.contact.case_id}" if one.contact.case_id else "",
        "{client}": one.widget.client.name,
    }


def about_of(one: Chat, user: User) -> dict[str, Any]:
    """The customer and the form of the contact, as on the page of a call."""
    context = page_of(one.contact, user)
    asked = one.email or one.name
    if one.contact.customer is None and asked:
        context |= suggestions(one.contact, asked, user)
    return context


def queues_for(one: Chat) -> QuerySet[Queue]:
    """The queues that it can be handed to: those that its client's chats may be in, with somebody to take it."""
    client = Q(client=one.widget.client_id) | Q(client=None)
    return Queue.objects.filter(client, teams__isnull=False).exclude(pk=one.queue_id).distinct().order_by("name")


def colleagues_for(one: Chat, user: User) -> QuerySet[User]:
    """Those who are at work now and may read what is said here."""
    at_work = AgentState.objects.running().filter(state__in=channel.AT_WORK)
    queues = Q(client=one.widget.client_id) | Q(client=None)
    teams = Queue.objects.filter(queues, teams__isnull=False).values("teams")
    there = User.objects.filter(is_active=True, pk__in=at_work.values("agent"), team__in=teams)
    return there.exclude(pk=user.pk).order_by("first_name", "last_name", "username")
