"""Icons: a few strokes on a grid of 24, drawn in the page so that none has to be fetched and all follow the text's colour."""

from __future__ import annotations

from functools import cache

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe

register = template.Library()

STROKES = {
    "phone": "M5 4h4l2 5-2.5 1.5a11 11 0 0 0 5 5L15 13l5 2v4a2 2 0 0 1-2 2A16 16 0 0 1 3 6a2 2 0 0 1 2-2",
    "phone-off": "M5 4h4l2 5-2.5 1.5a11 11 0 0 0 5 5L15 13l5 2v4a2 2 0 0 1-2 2A16 16 0 0 1 3 6a2 2 0 0 1 2-2M15 3l6 6M21 3l-6 6",
    "email": "M3 6h18v12H3zM3 7l9 6 9-6",
    "chat": "M4 5h16v11H10l-5 4v-4H4z",
    "web": "M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18M3 12h18M12 3c3 3 3 15 0 18M12 3c-3 3-3 15 0 18",
    "inbox": "M4 4h16v16H4zM4 13h4l2 3h4l2-3h4",
    "chart": "M4 20V10M10 20V4M16 20v-7M21 20H3",
    "shield": "M12 3l8 3v6c0 5-4 8-8 9-4-1-8-4-8-9V6zM12 8v4M12 16v.01",
    "settings": "M4 7h9M17 7h3M4 17h3M11 17h9M15 5v4M9 15v4",
    "plus": "M12 5v14M5 12h14",
    "search": "M10.5 4a6.5 6.5 0 1 0 0 13 6.5 6.5 0 0 0 0-13M20 20l-5-5",
    "pause": "M8 5v14M16 5v14",
    "play": "M7 4v16l13-8z",
    "check": "M5 12l5 5L20 7",
    "clock": "M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18M12 7v5l3 3",
    "user": "M12 4a4 4 0 1 0 0 8 4 4 0 0 0 0-8M5 21v-1a6 6 0 0 1 6-5h2a6 6 0 0 1 6 5v1",
    "users": "M9 4a4 4 0 1 0 0 8 4 4 0 0 0 0-8M2 21v-1a6 6 0 0 1 6-5h2a6 6 0 0 1 6 5v1M16 4.5a4 4 0 0 1 0 7M19 15a5 5 0 0 1 3 5v1",
    "sun": "M12 8a4 4 0 1 0 0 8 4 4 0 0 0 0-8M12 3v1M12 20v1M3 12h1M20 12h1M5.6 5.6l.7.7M17.7 17.7l.7.7M5.6 18.4l.7-.7M17.7 6.3l.7-.7",
    "moon": "M20 14A8 8 0 1 1 10 4a6.5 6.5 0 0 0 10 10",
    "contrast": "M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18M12 3v18",
    "menu": "M4 6h16M4 12h16M4 18h16",
    "close": "M6 6l12 12M18 6L6 18",
    "logout": "M14 8V5H5v14h9v-3M9 12h12M18 9l3 3-3 3",
    "key": "M8 11a4 4 0 1 0 0 8 4 4 0 0 0 0-8M11 12l9-9M16 7l3 3",
    "note": "M5 3h14v12l-6 6H5zM13 21v-6h6M9 8h6M9 12h4",
    "flag": "M5 21V4h13l-3 5 3 5H5",
    "up": "M12 20V5M6 11l6-6 6 6",
    "undo": "M9 14l-5-5 5-5M4 9h10a6 6 0 0 1 0 12h-3",
    "right": "M9 6l6 6-6 6",
    "left": "M15 6l-6 6 6 6",
    "hourglass": "M6 3h12M6 21h12M7 3c0 6 10 6 10 9s-10 3-10 9M17 3c0 6-10 6-10 9",
    "calendar": "M4 5h16v16H4zM4 10h16M8 3v4M16 3v4",
    "help": "M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18M9.5 9.5a2.5 2.5 0 1 1 3.5 2.3c-.7.3-1 .7-1 1.7M12 17v.01",
    "keyboard": "M3 6h18v12H3zM7 10v.01M11 10v.01M15 10v.01M18 10v.01M7 14h10",
    "globe": "M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18M3 12h18M12 3c3 3 3 15 0 18M12 3c-3 3-3 15 0 18",
    "link": "M10 14a4 4 0 0 0 6 0l4-4a4 4 0 0 0-6-6l-1 1M14 10a4 4 0 0 0-6 0l-4 4a4 4 0 0 0 6 6l1-1",
    "columns": "M4 5h16v14H4zM10 5v14M15 5v14",
    "pencil": "M4 20l1-5L16 4l4 4L9 19zM13 7l4 4",
    "eye": "M2 12s4-6 10-6 10 6 10 6-4 6-10 6S2 12 2 12M12 9a3 3 0 1 0 0 6 3 3 0 0 0 0-6",
    "alert": "M12 3l10 18H2zM12 10v5M12 18v.01",
    "bell": "M6 16V11a6 6 0 0 1 12 0v5l2 2H4zM10 21h4",
    "clip": "M8 12l6-6a3.5 3.5 0 0 1 5 5l-8 8a5.5 5.5 0 0 1-8-8l7-7",
    "bold": "M7 5h6a3.5 3.5 0 0 1 0 7H7zM7 12h7a3.5 3.5 0 0 1 0 7H7z",
    "italic": "M11 5h6M7 19h6M14 5l-4 14",
    "quote": "M6 11h4V7H6v5c0 2 1 4 3 5M14 11h4V7h-4v5c0 2 1 4 3 5",
    "bullets": "M9 6h11M9 12h11M9 18h11M5 6v.01M5 12v.01M5 18v.01",
    "numbers": "M10 6h10M10 12h10M10 18h10M4 5l2-1v5M4 14h3l-3 4h3",
    "send": "M4 12l16-8-6 16-3-7z",
    "wand": "M6 21L21 6l-3-3L3 18zM15 6l3 3M9 3v3M4 6h3M19 14v3M17 16h4",
    "bolt": "M13 3v7h6l-8 11v-7H5z",
    "book": "M4 5h6a2 2 0 0 1 2 2v13a2 2 0 0 0-2-2H4zM20 5h-6a2 2 0 0 0-2 2v13a2 2 0 0 1 2-2h6z",
    "filter": "M4 5h16l-6 8v6l-4 2v-8z",
    "topic": "M4 6h6M4 12h10M4 18h14M16 6l2 2 3-4",
}


@register.simple_tag
@cache
def icon(name: str, extra: str = "") -> SafeString:
    """Draw the icon `name`. It is decoration: the words beside it, or the button's label, say what it means."""
    return format_html(
        '<svg class="icon {}" viewBox="0 0 24 24" width="24" height="24" fill="none" stroke="currentColor"'
        ' stroke-width="2" stroke-linecap="round" stroke-linejoin="round" aria-hidden="true"><path d="{}"/></svg>',
        extra,
        mark_safe(STROKES[name]),
    )
