"""Small words of the templates of the set-up."""

from __future__ import annotations

from datetime import date
from typing import Any

from django import template
from django.urls import reverse
from django.utils.formats import date_format
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import pgettext

from tickets import richtext
from tickets.setup import sections
from tickets.setup_hours import WEEKDAYS

register = template.Library()


@register.filter
def cleaned(html: str) -> SafeString:
    """A stored text with its form, cleaned once more where it is shown."""
    return mark_safe(richtext.clean(html))


@register.filter
def cleaned_text(html: str) -> str:
    return richtext.to_text(html)


@register.filter
def weekday(number: int) -> str:
    return str(WEEKDAYS[number])


@register.filter
def weekday_and_day(day: date) -> str:
    """A day to come, said so that it is found in a calendar: Monday 3 Aug."""
    return f"{WEEKDAYS[day.weekday()]} {date_format(day, pgettext('date format', 'j M'))}"


@register.inclusion_tag("components/setup_tabs.html", takes_context=True)
def setup_tabs(context: dict[str, Any]) -> dict[str, Any]:
    """The pages of the set-up that are for this person, side by side."""
    request = context["request"]
    found = [(reverse(one.url), one) for one in sections(request.user)]
    return {"tabs": [(url, one, request.path.startswith(url)) for url, one in found]}
