"""Small words of the desk's templates."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django import template
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from tickets.models import Notice, Segment, User

register = template.Library()

MINUTE, HOUR, DAY = 60, 3600, 86_400
STATUS_LOOKS = {"resolved": "good", "waiting_customer": "warn", "waiting_third_party": "warn"}
PRIORITY_LOOKS = {"urgent": "bad", "high": "warn"}


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
    if at is None:
        return "–"
    local = timezone.localtime(at)
    if local.date() == timezone.localdate():
        return local.strftime("%H:%M")
    # Every language writes a short day its own way, and Django knows only the long ones.
    this_year = local.year == timezone.localdate().year
    day = pgettext("date format", "j M") if this_year else pgettext("date format", "j M Y")
    return f"{date_format(local, day)} {local:%H:%M}"


@register.filter
def seconds_until(at: datetime) -> float:
    return (at - timezone.now()).total_seconds()


@register.filter
def status_look(status: str) -> str:
    return STATUS_LOOKS.get(status, "calm")


@register.filter
def priority_look(priority: str) -> str:
    return PRIORITY_LOOKS.get(priority, "")


@register.inclusion_tag("components/running_bar.html", takes_context=True)
def running_bar(context: dict[str, Any]) -> dict[str, Any]:
    """Every contact that the user is in, on every page: a call survives a reload and is never out of sight."""
    request = context["request"]
    now = timezone.now()
    legs = Segment.objects.running(request.user).select_related("contact__customer").order_by("started_at")
    here = request.path
    return {
        "running": [
            {"contact": leg.contact, "state": leg.state, "seconds": leg.seconds_in_state(now)}
            for leg in legs
            if leg.contact.get_absolute_url() != here
        ]
    }


@register.simple_tag(takes_context=True)
def bell(context: dict[str, Any]) -> str:
    """The bell in the head of every page, with how much is new."""
    unread = Notice.objects.visible_to(context["request"].user).unread().count()
    return render_to_string("tickets/notices.html#bell", {"unread": unread})
