"""PURE: the piece of a text in which the words that were looked for stand, with these marked."""

from __future__ import annotations

import re
from collections.abc import Iterable

from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe

# Letters shown before the first hit, and in all.
BEFORE, WIDTH = 40, 180
# A stem of one or two letters begins too many words that have nothing to do with it.
SHORTEST = 3


def pattern_of(stems: Iterable[str]) -> re.Pattern[str]:
    """A pattern for the words that begin with one of these stems. English writes a final y as i in its stems."""
    begins = {re.escape(stem) + (r"\w*" if len(stem) >= SHORTEST else r"(?!\w)") for stem in stems if stem}
    begins |= {re.escape(stem[:-1]) + r"y(?!\w)" for stem in stems if len(stem) > SHORTEST and stem.endswith("i")}
    return re.compile(
        rf"(?<!\w)(?:{'|'.join(sorted(begins, key=len, reverse=True))})" if begins else r"(?!)", re.IGNORECASE
    )


def marked(text: str, patterns: Iterable[re.Pattern[str]]) -> SafeString:
    """The text, escaped, with every hit in a <mark>. Each piece is escaped by itself, so nothing of it is ever markup."""
    hits = sorted(hit.span() for pattern in patterns for hit in pattern.finditer(text))
    pieces, at = [], 0
    for begin, end in hits:
        if begin < at:
            continue
        pieces += [escape(text[at:begin]), "<mark>", escape(text[begin:end]), "</mark>"]
        at = end
    return mark_safe("".join([*pieces, escape(text[at:])]))


def excerpt(text: str, patterns: list[re.Pattern[str]], width: int = WIDTH) -> SafeString:
    """What stands around the first hit, on one line."""
    # Far beyond what a person reads, so that a text of megabytes costs nothing.
    text = " ".join(text[:20_000].split())
    firsts = [hit.start() for pattern in patterns if (hit := pattern.search(text))]
    begin = max(0, min(firsts, default=0) - BEFORE)
    if begin:
        # From the beginning of a word, where there is one.
        begin = text.find(" ", begin, begin + BEFORE) + 1 or begin
    piece = text[begin : begin + width]
    return mark_safe(("… " if begin else "") + marked(piece, patterns) + (" …" if begin + width < len(text) else ""))
