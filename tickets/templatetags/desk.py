"""Small words of the desk's templates."""

from __future__ import annotations

from datetime import date, datetime, tzinfo
from functools import lru_cache
from typing import Any

from django import template
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import get_language, pgettext
from django.utils.translation import gettext as _

from tickets.models import AgentState, Segment, User
from tickets.models.presence import CHOICES, IN_CALL
from tickets.prepared import Prepared
from tickets.views import unread_of

register = template.Library()

RUNNING = Prepared(
    lambda user: Segment.objects.running(user).select_related("contact__customer").order_by("started_at")
)

MINUTE, HOUR, DAY = 60, 3600, 86_400
STATUS_LOOKS = {"resolved": "good", "waiting_customer": "warn", "waiting_third_party": "warn"}
PRIORITY_LOOKS = {"urgent": "bad", "high": "warn"}


STATE = Prepared(lambda user: AgentState.objects.running().filter(agent=user).order_by("pk")[:1])


@register.filter
def initials(person: User) -> str:
    words = str(person).split()
    return "".join(word[0] for word in (words[:1] + words[1:][-1:])).upper()


@register.filter
def length_words(seconds: float) -> str:
    """Say a length in its largest sensible unit: "40 s", "12 min", "5 h", "3 d"."""
    if seconds < MINUTE:
        return _("%(count)d s") % {"count": seconds}
    if seconds < HOUR:
        return _("%(count)d min") % {"count": seconds // MINUTE}
    if seconds < 2 * DAY:
        return _("%(count)d h") % {"count": seconds // HOUR}
    return _("%(count)d d") % {"count": seconds // DAY}


@register.filter
def seconds_of(microseconds: int) -> int:
    return round(microseconds / 1_000_000)


@register.filter
def age(moment: datetime) -> str:
    """How long ago that was."""
    return length_words((timezone.now() - moment).total_seconds())


@register.filter
def moment(at: datetime | None) -> str:
    """The day and the time of the clock on the wall; today's day goes without saying."""
    return moment_on(at, timezone.localdate(), timezone.get_current_timezone())


def moment_on(at: datetime | None, today: date, zone: tzinfo) -> str:
    """The same for who has looked up once what day it is, and where."""
    if at is None:
        return "–"
    local = at.astimezone(zone)
    clock = f"{local.hour:02}:{local.minute:02}"
    day = local.date()
    return clock if day == today else f"{day_words(day, get_language(), is_this_year=day.year == today.year)} {clock}"


@lru_cache(2_000)
def day_words(day: date, _language: str | None, *, is_this_year: bool) -> str:
    # Every language writes a short day its own way, and Django knows only the long ones.
    return date_format(day, pgettext("date format", "j M") if is_this_year else pgettext("date format", "j M Y"))


@register.filter
def seconds_until(at: datetime) -> float:
    return (at - timezone.now()).total_seconds()


@register.filter
def status_look(status: str) -> str:
    return STATUS_LOOKS.get(status, "calm")


@register.filter
def priority_look(priority: str) -> str:
    return PRIORITY_LOOKS.get(priority, "")


@register.inclusion_tag("components/agent_state.html", takes_context=True)
def agent_state(context: dict[str, Any]) -> dict[str, Any]:
    """The user's own state, for those who are on the desk."""
    user = context["request"].user
    if not user.takes_calls:
        return {"agent": None}
    now = STATE.first(user)
    in_call = now is not None and now.state in IN_CALL
    return {
        "agent": user,
        "now": now,
        "in_call": in_call,
        "picked": (now.then if in_call else now.state) if now else "",
        "choices": [(code, code.label) for code in CHOICES],
        "csrf_token": context.get("csrf_token", ""),
    }


@register.inclusion_tag("components/running_bar.html", takes_context=True)
def running_bar(context: dict[str, Any]) -> dict[str, Any]:
    """Every contact that the user is in, on every page: a call survives a reload and is never out of sight."""
    request = context["request"]
    now = timezone.now()
    found = [
        {"contact": leg.contact, "url": leg.contact.page_url, "state": leg.state, "seconds": leg.seconds_in_state(now)}
        for leg in RUNNING(request.user)
    ]
    # The desk of chats lists them all itself.
    at_chats = request.path.startswith("/chats/")
    return {
        "running": [
            one for one in found if one["url"] != request.path and not (at_chats and "/chats/" in str(one["url"]))
        ]
    }


@register.simple_tag(takes_context=True)
def bell(context: dict[str, Any]) -> str:
    """The bell in the head of every page, with how much is new."""
    return render_to_string("tickets/notices.html#bell", {"unread": len(unread_of(context["request"]))})
