"""The dashboards that everybody has, ready to use and to copy from."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.utils.translation import gettext_lazy as _

from metrics.boards.widgets import Widget
from metrics.catalog import KPIS

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise


@dataclass(frozen=True)
class Standard:
    """One of them. `ours`: about those who serve and what they cost, which is no client's affair."""

    slug: str
    name: _StrPromise
    about: _StrPromise
    widgets: tuple[Widget, ...]
    period: str = "28d"
    ours: bool = False


def _numbered(*made: Widget) -> tuple[Widget, ...]:
    return tuple(Widget(f"w{n}", one.kind, one.kpis, one.by, one.width) for n, one in enumerate(made, 1))


def _tiles(*keys: str) -> Iterator[Widget]:
    return (Widget("", "tile", (key,), width=1) for key in keys)


def _one(kind: str, *keys: str, by: str = "", width: int = 2) -> Widget:
    assert all(key in KPIS for key in keys)
    return Widget("", kind, keys, by, width)


_ALL = (
    Standard(
        "service-now",
        _("Service now"),
        _("What is happening today, and where it is too slow."),
        _numbered(
            *_tiles("offered", "service-level", "abandonment", "longest-wait"),
            *_tiles("asa", "backlog", "sla", "promises-kept"),
            _one("trend", "offered", "answered", "abandoned", "service-level", width=4),
            _one(
                "table",
                "offered",
                "service-level",
                "asa",
                "abandonment",
                "longest-wait",
                "backlog",
                by="queue",
                width=4,
            ),
        ),
        period="today",
    ),
    Standard(
        "accessibility",
        _("Accessibility"),
        _("Can customers reach us, when, and how long do they wait?"),
        _numbered(
            *_tiles("service-level", "wait:p50", "wait:p90", "abandonment"),
            _one("trend", "service-level"),
            _one("spread", "wait:p50"),
            _one("heat", "service-level"),
            _one("heat", "offered"),
            _one("split", "service-level", by="queue"),
            _one("split", "abandonment", by="channel"),
        ),
    ),
    Standard(
        "resolution",
        _("Resolution"),
        _("Do we solve it, at once, in time, and for good?"),
        _numbered(
            *_tiles("fcr", "repeat-contacts", "time-to-resolution:p50", "time-to-resolution:p90"),
            *_tiles("sla", "reopen-rate", "escalation-rate", "contacts-per-case"),
            _one("funnel"),
            _one("trend", "fcr"),
            _one("spread", "time-to-resolution:p50"),
            _one("split", "fcr", by="queue"),
            _one("table", "created", "resolved", "fcr", "reopen-rate", "escalation-rate", by="topic", width=4),
        ),
    ),
    Standard(
        "experience",
        _("Experience"),
        _("What customers say, how many of them, and whether we keep our word."),
        _numbered(
            *_tiles("csat", "ces", "nps", "fcr-survey"),
            *_tiles("response-rate", "comment-share", "promises-kept", "silence"),
            _one("trend", "csat", "response-rate"),
            _one("spread", "csat:mean"),
            _one("split", "csat", by="queue"),
            _one("split", "csat", by="channel"),
        ),
        period="90d",
    ),
    Standard(
        "demand",
        _("Demand & causes"),
        _("Why customers contact us, and how much of it we cause ourselves."),
        _numbered(
            *_tiles("offered", "failure-demand", "status-enquiries", "unclassified"),
            _one("order", by="topics"),
            _one("order", by="causes"),
            _one("trend", "failure-demand"),
            _one("heat", "offered"),
            _one("table", "handled", "failure-demand", "status-enquiries", "repeat-contacts", by="topic", width=4),
        ),
    ),
    Standard(
        "cost",
        _("Cost"),
        _("What it takes, in time and money."),
        _numbered(
            *_tiles("cost-per-contact", "cost-per-contact:resolved-case", "aht", "transfer-rate"),
            _one("trend", "aht", "aht:talk", "aht:after-call-work"),
            _one("order", by="handle-time"),
            _one("spread", "aht"),
            _one("split", "aht", by="queue"),
            _one("table", "handled", "aht", "contacts-per-case", "transfer-rate", by="topic", width=4),
        ),
        period="90d",
        ours=True,
    ),
    Standard(
        "team",
        _("Team"),
        _("How the hours are spent, and how it goes. For talking with people, not for ranking them."),
        _numbered(
            *_tiles("occupancy", "utilisation", "aht", "enps"),
            _one("trend", "handled", "aht"),
            _one("split", "aht", by="team"),
            _one("table", "handled", "aht", "fcr", "transfer-rate", "csat", by="agent", width=4),
        ),
        ours=True,
    ),
)
STANDARD: dict[str, Standard] = {one.slug: one for one in _ALL}
