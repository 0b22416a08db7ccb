"""A dashboard for its reader: which there are, and its widgets with their figures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from django.http import Http404, QueryDict
from django.urls import reverse
from django.utils.translation import gettext as _

from metrics import door
from metrics.board import PERIODS, Board, read_board
from metrics.boards import funnel, order, splits, spread, weeks
from metrics.boards.content import LATE, Content, Row, columns_for
from metrics.boards.models import Dashboard
from metrics.boards.shared import is_slow, note_slow
from metrics.boards.standard import STANDARD, Standard
from metrics.boards.widgets import Widget
from metrics.cards import Tile, late_tile, make_tiles
from metrics.catalog import KPIS
from metrics.charts import make_chart
from metrics.definition import Kpi
from metrics.purse import Purse
from tickets.models import User

# What a page counts before it is shown; the rest comes by itself, each widget when it is ready.
PAGE_SECONDS = 0.2


@dataclass(frozen=True)
class Shown:
    """A dashboard that somebody may open: one of the standard ones, or one that was put together."""

    name: str
    title: str
    about: str
    period: str
    widgets: Sequence[Widget]
    own: Dashboard | None = None

    @property
    def url(self) -> str:
        return reverse("board", args=[self.name])


def find(name: str, user: User) -> Shown:
    """The dashboard called so.

    Raises:
        Http404: there is none for this person.
    """
    if name in STANDARD:
        one = STANDARD[name]
        if one.ours and user.is_client:
            raise Http404
        return Shown(name, str(one.name), str(one.about), one.period, _for(user, one.widgets))
    own = (
        Dashboard.objects.visible_to(user).select_related("owner").filter(pk=name).first() if name.isdecimal() else None
    )
    if own is None:
        raise Http404
    about = "" if own.owner_id == user.pk else _("By %s") % own.owner
    return Shown(name, own.name, about, own.period, _for(user, own.shown()), own)


def _for(user: User, found: Sequence[Widget]) -> list[Widget]:
    """Without what the reader may not see: such a widget does not exist for her, nor a split by people."""
    shown = []
    for one in found:
        kpis = [kpi for kpi in one.declared if door.shows(user, kpi)]
        if one.kpis and not kpis:
            continue
        if one.by == "agent" and "agent" not in door.splits(user, ("agent",)):
            continue
        shown.append(replace(one, kpis=tuple(kpi.key for kpi in kpis)))
    return shown


def standard_for(user: User) -> list[Standard]:
    return [one for one in STANDARD.values() if not (one.ours and user.is_client)]


@dataclass(frozen=True)
class Tab:
    title: str
    url: str
    is_open: bool


def tabs(user: User, here: str, params: QueryDict) -> list[Tab]:
    """The overview, the standard dashboards and those of her own and shared with her; the period goes along."""
    own = Dashboard.objects.visible_to(user).values_list("pk", "name")
    found = [("morning", _("This morning"), reverse("morning"))] if user.sees_numbers else []
    found.append(("", _("Overview"), reverse("dashboard")))
    found += [(one.slug, str(one.name), reverse("board", args=[one.slug])) for one in standard_for(user)]
    if user.sees_numbers:
        found.append(("causes", _("Root causes"), reverse("causes")))
        found.append(("follow_ups", _("Follow-ups"), reverse("follow_ups")))
    found += [(str(pk), name, reverse("board", args=[pk])) for pk, name in own]
    state = params.urlencode()
    return [Tab(title, f"{url}?{state}" if state else url, name == here) for name, title, url in found]


def board_for(shown: Shown, params: QueryDict, user: User) -> Board:
    """The address read; where it names no period, the dashboard's own."""
    asked = params.copy()
    if not any(asked.get(name) for name in ("period", "from", "start", "end")) and shown.period in PERIODS:
        asked["period"] = shown.period
    return read_board(asked, user, place=shown.url)


@dataclass(frozen=True)
class Body:
    """A dashboard's filters and widgets as they were drawn, and the moment of its figures. `is_frame`: it has none yet."""

    as_of: str
    html: str
    is_frame: bool


@dataclass(frozen=True)
class Card:
    """One widget with its figures. `tile` for a figure, else `content`."""

    widget: Widget
    url: str
    file: str
    hows: list[tuple[str, str]]
    tile: Tile | None = None
    content: Content = LATE

    @property
    def id(self) -> str:
        return self.widget.id

    @property
    def is_late(self) -> bool:
        return self.tile.is_late if self.tile else self.content.is_late

    @property
    def kind(self) -> str:
        return self.widget.kind

    @property
    def workbook(self) -> str:
        return self.file.replace(".csv?", ".xlsx?", 1)

    @property
    def data_id(self) -> str:
        return f"{self.id}-data"

    @property
    def is_drawn(self) -> bool:
        """Whether a script draws it beside its table."""
        return self.kind in {"trend", "spread"}


def cards(board: Board, shown: Shown, wanted: Sequence[Widget], purse: Purse) -> list[Card]:
    """These widgets, as many of them with figures as the purse allows: the figures alone together, then each."""
    tiles = [one for one in wanted if one.kind == "tile"]
    made = {one.kpis[0]: late_tile(board, KPIS[one.kpis[0]]) for one in tiles}
    if tiles and purse.left() > 0:
        keys = list(dict.fromkeys(one.kpis[0] for one in tiles))
        made = {tile.kpi.key: tile for tile in make_tiles(board, keys, purse)}
    return [_card(board, shown, one, made, purse) for one in wanted]


def _card(board: Board, shown: Shown, widget: Widget, tiles: dict[str, Tile], purse: Purse) -> Card:
    address = reverse("board_widget", args=[shown.name, widget.id])
    found = Card(
        widget,
        url=f"{address}?{board.state()}",
        file=f"{reverse('board_file', args=[shown.name, widget.id, 'csv'])}?{board.exact()}",
        hows=[(str(kpi.name), board.kpi_link(kpi)) for kpi in widget.declared],
    )
    if widget.kind == "tile":
        tile = replace(tiles[widget.kpis[0]], place=widget.id, card_url=found.url)
        return replace(found, tile=tile)
    return replace(found, content=content(board, widget, purse) if purse.left() > 0 else LATE)


def first_cards(board: Board, shown: Shown) -> list[Card]:
    """All widgets, with the figures that are there at once. Of a dashboard that was slow none is: they come by themselves."""
    slow = is_slow(shown.name)
    found = cards(board, shown, shown.widgets, Purse(0 if slow else PAGE_SECONDS))
    if not slow and any(one.is_late for one in found):
        note_slow(shown.name)
    return found


def content(board: Board, widget: Widget, purse: Purse) -> Content:
    """What the widget shows."""
    if widget.kind == "trend":
        return _over_time(board, widget.declared, purse)
    if widget.kind == "funnel":
        return funnel.make(board, purse)
    makers = {
        "split": splits.make,
        "table": splits.make,
        "heat": weeks.make,
        "spread": spread.make,
        "order": order.make,
    }
    return makers[widget.kind](board, widget, purse)


def _over_time(board: Board, kpis: Sequence[Kpi], purse: Purse) -> Content:
    chart = make_chart(board, purse, kpis)
    if chart.is_late:
        return LATE
    rows = [Row(line.label, line.cells, marks=line.marks) for line in chart.lines] if not chart.is_empty else []
    return Content(
        head=_("Time"), columns=columns_for(board, kpis), rows=rows, data=chart.data, statements=chart.statements
    )


def touched(found: Sequence[Widget], kinds: Sequence[str]) -> list[Widget]:
    """The widgets whose figures come from such rows; all of them where a kind is not known."""
    if not kinds:
        return list(found)
    return [one for one in found if not one.kpis or {k.fact.record.code for k in one.declared} & set(kinds)]


def context(shown: Shown, board: Board, params: QueryDict, **more: Any) -> dict[str, Any]:
    """What every dashboard's page has. Of the address another dashboard takes over what was chosen, not a default."""
    return {
        "shown": shown,
        "board": board,
        "tabs": tabs(board.user, shown.name, params),
        "may_change": bool(shown.own and shown.own.may_change(board.user)),
        "may_copy": board.user.sees_numbers,
        **more,
    }
