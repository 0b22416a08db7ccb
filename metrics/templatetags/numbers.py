"""What the pages with figures show in a way of their own."""

from __future__ import annotations

from django import template
from django.utils.safestring import SafeString

from metrics import symbols

register = template.Library()


@register.filter
def in_letters(formula: str) -> SafeString:
    """A formula in letters, with its subscripts set low."""
    return symbols.html(formula)
