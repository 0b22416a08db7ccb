"""Texts that people have written for customers, in the language that is being spoken."""

from __future__ import annotations

from django import template

from tickets.models import WebForm

register = template.Library()


@register.filter
def own_text(form: WebForm, name: str) -> str:
    """The form's own text of that name; "" where it has none."""
    return form.text(name)
