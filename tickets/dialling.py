"""Calling a number from the desk: the link that makes the agent's own phone dial it."""

from __future__ import annotations

import re
from urllib.parse import quote

from django.conf import settings

# What a link of ours may begin with. Everything else could run something, or carry the number elsewhere.
SCHEMES = ("tel:", "sip:", "sips:", "callto:", "https://")
_NUMBER = re.compile(r"\+?\d{2,19}")


def number_in(text: str) -> str:
    """The number as a telephone wants it; empty where the text is none."""
    number = re.sub(r"[\s().\-/]", "", text.strip())
    return number if _NUMBER.fullmatch(number) else ""


def dial_url(text: str, template: str = "") -> str:
    """The link that dials this number, or nothing: no number, or the set-up names a scheme that is not allowed."""
    template, number = template or settings.DIAL_URL, number_in(text)
    if not number or not template.startswith(SCHEMES) or "{number}" not in template:
        return ""
    # A + means a space in a web address; telephones want it as it is.
    return template.replace("{number}", quote(number, safe="" if template.startswith("https") else "+"))
