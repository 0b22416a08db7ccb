"""What a dashboard is made of: kinds of widgets, what each may show, and a list of them changed. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from metrics.catalog import KPIS
from metrics.definition import Kpi
from metrics.question import has_lengths, is_added_up

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise

SPLITS = ("queue", "channel", "client", "team", "topic", "agent")
SPLIT_LABELS = {
    "queue": gettext_lazy("Queue"),
    "channel": gettext_lazy("Channel"),
    "client": gettext_lazy("Client"),
    "team": gettext_lazy("Team"),
    "topic": gettext_lazy("Topic"),
    "agent": gettext_lazy("Agent"),
}
ORDERS = {
    "topics": gettext_lazy("Contacts by topic"),
    "handle-time": gettext_lazy("Handling time by topic"),
    "causes": gettext_lazy("Causes of failure demand"),
}
# In quarters of the page.
WIDTHS = (1, 2, 3, 4)
MOST_WIDGETS, MOST_LINES, MOST_COLUMNS, MOST_TITLE = 60, 4, 8, 80


def _any(_kpi: Kpi) -> bool:
    return True


def _in_time(kpi: Kpi) -> bool:
    """What can be cut finer than by the month."""
    return not kpi.fact.until


@dataclass(frozen=True)
class Kind:
    """One kind of widget: how it is called, which KPIs it can show and how many, and what it is split by."""

    name: _StrPromise
    about: _StrPromise
    width: int
    allows: Callable[[Kpi], bool] = _any
    most: int = 1
    splits: Mapping[str, Any] | None = None


KINDS: dict[str, Kind] = {
    "tile": Kind(gettext_lazy("Figure"), gettext_lazy("One figure, its change and its trend."), 1),
    "trend": Kind(
        gettext_lazy("Over time"),
        gettext_lazy("Up to four figures along the period, with limits, targets and notes."),
        2,
        _in_time,
        most=MOST_LINES,
    ),
    "split": Kind(
        gettext_lazy("Side by side"),
        gettext_lazy("One figure by queue, channel or another split, with intervals."),
        2,
        splits=SPLIT_LABELS,
    ),
    "table": Kind(
        gettext_lazy("Table"),
        gettext_lazy("Several figures by queue, channel or another split."),
        4,
        most=MOST_COLUMNS,
        splits=SPLIT_LABELS,
    ),
    "heat": Kind(
        gettext_lazy("Week by half-hour"), gettext_lazy("One figure by weekday and half-hour."), 2, is_added_up
    ),
    "spread": Kind(
        gettext_lazy("Distribution"),
        gettext_lazy("How lengths or scores lie, with median, 90th percentile and mean."),
        2,
        has_lengths,
    ),
    "order": Kind(
        gettext_lazy("Pareto"), gettext_lazy("Which few topics or causes make up most of it."), 2, most=0, splits=ORDERS
    ),
    "funnel": Kind(
        gettext_lazy("Funnel of first contact resolution"),
        gettext_lazy("From all cases to those solved at the first contact: what is left out, and what breaks it."),
        2,
        most=0,
    ),
}


class WidgetError(ValueError):
    """A widget that cannot be: `field` names what is wrong, the message says what was expected."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field


@dataclass(frozen=True)
class Widget:
    """One widget. `by` is what it is split or ordered by; `title` stands in place of its own."""

    id: str
    kind: str
    kpis: tuple[str, ...] = ()
    by: str = ""
    width: int = 2
    title: str = ""

    def plain(self) -> dict[str, Any]:
        return {
            "id": self.id,
            "kind": self.kind,
            "kpis": list(self.kpis),
            "by": self.by,
            "width": self.width,
            "title": self.title,
        }

    @property
    def declared(self) -> list[Kpi]:
        """Its KPIs, without those that the catalogue no longer has."""
        return [KPIS[key] for key in self.kpis if key in KPIS]

    @property
    def name(self) -> str:
        """What stands above it."""
        if self.title:
            return self.title
        if self.kind == "order":
            return str(ORDERS[self.by])
        if self.kind == "funnel":
            return str(KPIS["fcr"].name)
        if self.kind == "table":
            return _("By %s") % SPLIT_LABELS[self.by].lower()
        names = ", ".join(str(kpi.name) for kpi in self.declared)
        whole = {"heat": _("%(name)s by weekday and half-hour"), "spread": _("%(name)s: how it is spread")}
        if self.kind in whole:
            return whole[self.kind] % {"name": names}
        return (
            _("%(name)s by %(split)s") % {"name": names, "split": SPLIT_LABELS[self.by].lower()} if self.by else names
        )

    @property
    def what(self) -> str:
        return str(KINDS[self.kind].name)


def read(plain: Mapping[str, Any]) -> Widget:
    return Widget(
        plain["id"], plain["kind"], tuple(plain["kpis"]), plain.get("by", ""), plain["width"], plain.get("title", "")
    )


def check(widget: Widget) -> Widget:
    """The widget as it was given.

    Raises:
        WidgetError: it names nothing, too much, or what its kind cannot show.
    """
    kind = KINDS.get(widget.kind)
    if kind is None:
        raise WidgetError("kind", _("Choose what to show."))
    if not kind.most and widget.kpis:
        raise WidgetError("kpis", _("%s shows figures of its own: choose none.") % kind.name)
    if kind.most and not widget.kpis:
        raise WidgetError("kpis", _("Choose a figure."))
    if len(widget.kpis) > kind.most:
        raise WidgetError("kpis", _("Choose at most %s.") % kind.most)
    for key in widget.kpis:
        kpi = KPIS.get(key)
        if kpi is None or not kind.allows(kpi):
            name = kpi.name if kpi else key
            raise WidgetError("kpis", _("“%(kind)s” cannot show %(name)s.") % {"kind": kind.name, "name": name})
    if widget.kind == "trend" and len({kpi.unit for kpi in widget.declared}) > 2:
        raise WidgetError("kpis", _("One chart has room for two units: choose figures of at most two."))
    _check_split(widget, kind)
    if widget.width not in WIDTHS:
        raise WidgetError("width", _("Choose a width of 1 to 4 quarters."))
    return widget


def _check_split(widget: Widget, kind: Kind) -> None:
    if kind.splits is None and widget.by:
        raise WidgetError("by", _("%s has no split.") % kind.name)
    if kind.splits is not None and widget.by not in kind.splits:
        raise WidgetError("by", _("Choose what to split by."))
    if kind.splits is SPLIT_LABELS:
        for kpi in widget.declared:
            if widget.by not in kpi.fact.dimensions:
                raise WidgetError(
                    "by",
                    _("%(name)s is not known by %(split)s.") % {"name": kpi.name, "split": SPLIT_LABELS[widget.by]},
                )


# --- a list of them


def index(found: Sequence[Widget], name: str) -> int | None:
    return next((at for at, one in enumerate(found) if one.id == name), None)


def put[T](found: list[T], at: int, one: T) -> list[T]:
    at = max(0, min(at, len(found)))
    return [*found[:at], one, *found[at:]]


def new_id(found: Iterable[Widget]) -> str:
    """A name that no widget of the list has had while it was longer than now."""
    numbers = [int(one.id[1:]) for one in found if one.id[1:].isdecimal()]
    return f"w{max(numbers, default=0) + 1}"


def added(found: list[Widget], one: Widget) -> list[Widget]:
    if len(found) >= MOST_WIDGETS:
        raise WidgetError("kind", _("A dashboard has room for %s.") % MOST_WIDGETS)
    return [*found, replace(one, id=new_id(found))]


def changed(found: list[Widget], one: Widget) -> list[Widget]:
    return [one if other.id == one.id else other for other in found]


def moved(found: list[Widget], name: str, to: int) -> list[Widget]:
    """The one called so at another place, counted from 0."""
    at = index(found, name)
    if at is None:
        return found
    rest = [one for one in found if one.id != name]
    return put(rest, to, found[at])


def stepped(found: list[Widget], name: str, step: int) -> list[Widget]:
    """The one called so a step earlier (-1) or later (+1)."""
    at = index(found, name)
    return found if at is None else moved(found, name, at + step)


def resized(found: list[Widget], name: str, step: int) -> list[Widget]:
    """The one called so a quarter narrower (-1) or wider (+1)."""
    return [
        replace(one, width=max(WIDTHS[0], min(WIDTHS[-1], one.width + step))) if one.id == name else one
        for one in found
    ]
