"""The frozen figures as a workbook of one sheet a part, and as one long table of plain numbers."""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from django.utils import translation
from django.utils.translation import gettext as _

from tickets.tables import Line, written
from tickets.workbook import Sheet, write

NUMBERS = ("value", "numerator", "denominator", "n", "low", "high", "provisional")
type Figures = Mapping[str, Any]


def xlsx(figures: Figures, rows: Iterable[Line] | None = None) -> bytes:
    """The workbook; with `rows`, the contacts of the month as a last sheet."""
    target = io.BytesIO()
    with translation.override(figures["language"]):
        sheets = _sheets(figures)
        if rows is not None:
            sheets.append(Sheet(_("Contacts"), rows))
        write(target, sheets, title=f"{figures['client']['name']} {figures['month']}")
    return target.getvalue()


def csv(figures: Figures) -> bytes:
    """Every number of the report, one a line: which part, which row, which figure."""
    with translation.override(figures["language"]):
        return "".join(written(_long(figures))).encode()


def numbers_head() -> list[str]:
    return [_("Value"), _("Numerator"), _("Denominator"), "n", _("95% low"), _("95% high"), _("Provisional")]


def _long(figures: Figures) -> Iterator[Line]:
    yield [_("Part"), _("Row"), _("Figure"), _("Key"), _("Shown"), *numbers_head()]
    for part, row, key, name, one in every(figures):
        yield [part, row, name, key, one.get("figure", ""), *(one.get(number) for number in NUMBERS)]


def every(figures: Figures) -> Iterator[tuple[str, str, str, str, Mapping[str, Any]]]:
    """Every number: the part that it stands in, its row, the figure's key and name, and the numbers themselves."""
    for section in figures["sections"]:
        for line in section["lines"]:
            yield "month", "", line["key"], line["name"], line
    tables = {"day": figures["days"], **figures["groups"]}
    for part, table in tables.items():
        for row in table["rows"]:
            for column, one in zip(table["columns"], row["cells"], strict=True):
                yield part, row["key"] if part == "day" else row["name"], column["key"], column["name"], one
    for part in ("topics", "causes"):
        for bar in figures["why"][part]:
            yield part, bar["name"], "contacts", part, {"value": bar["amount"], "figure": bar["amount_text"]}


def _sheets(figures: Figures) -> list[Sheet]:
    wide = (34, 18)
    return [
        Sheet(_("Summary"), _summary(figures), widths=(30, 90)),
        Sheet(_("Figures"), _figures(figures), widths=(34, 26)),
        Sheet(_("By day"), _table(_("Day"), figures["days"]), widths=(14,)),
        Sheet(_("By hour"), _hours(figures), widths=(10,)),
        Sheet(_("By channel"), _table(_("Channel"), figures["groups"]["channel"]), widths=wide),
        Sheet(_("By queue"), _table(_("Queue"), figures["groups"]["queue"]), widths=wide),
        Sheet(_("Topics"), _bars(figures["why"]["topics"]), widths=wide),
        Sheet(_("Causes"), _bars(figures["why"]["causes"]), widths=wide),
        Sheet(_("Left out"), _left_out(figures), widths=(30, 40)),
        Sheet(_("Definitions"), _definitions(figures), widths=(34, 90, 30, 60)),
    ]


def _summary(figures: Figures) -> Iterator[Line]:
    yield [_("Customer service report"), figures["client"]["name"]]
    yield [_("Month"), figures["month_text"]]
    yield [_("Period"), f"{figures['period']['text']} ({figures['period']['tz']})"]
    yield [_("Data until"), figures["as_of_text"]]
    for one in figures["findings"]:
        yield [_("What stands out"), one["text"]]
    for name, text in (*figures["basis"]["lines"], *figures["basis"]["terms"]):
        yield [name, text]


def _figures(figures: Figures) -> Iterator[Line]:
    more = [_("Agreed"), figures["before_text"], _("Change"), _("Definition")]
    yield [_("Group"), _("Figure"), _("Key"), _("Unit"), _("Shown"), *numbers_head(), *more]
    for section in figures["sections"]:
        for line in section["lines"]:
            yield [
                section["title"],
                line["name"],
                line["key"],
                line["unit"],
                line["figure"],
                *(line[number] for number in NUMBERS),
                line["target"],
                line["before"],
                line["change"] or line["why_not"],
                line["definition"],
            ]


def _table(title: str, table: Mapping[str, Any]) -> Iterator[Line]:
    """Each figure as its value, numerator and denominator side by side; a count as itself."""
    head, kept = [title], []
    for at, column in enumerate(table["columns"]):
        is_rate = any(row["cells"][at]["denominator"] is not None for row in table["rows"])
        kept.append(is_rate)
        head += [column["name"]]
        if is_rate:
            head += [f"{column['name']}: {_('Numerator')}", f"{column['name']}: {_('Denominator')}"]
    yield head
    for row in table["rows"]:
        line: list[Any] = [row["key"] if title == _("Day") else row["name"]]
        for one, is_rate in zip(row["cells"], kept, strict=True):
            line += [one["value"], one["numerator"], one["denominator"]] if is_rate else [one["value"]]
        yield line


def _hours(figures: Figures) -> Iterator[Line]:
    yield [_("Hour"), _("Offered"), _("Service level"), _("Numerator"), _("Denominator")]
    for one in figures["hours"]["rows"]:
        yield [one["hour"], one["offered"], one["service_level"], one["numerator"], one["denominator"]]


def _bars(bars: Iterable[Mapping[str, Any]]) -> Iterator[Line]:
    yield [_("Name"), _("Contacts"), _("Share"), _("Together")]
    for bar in bars:
        yield [bar["name"], bar["amount"], bar["share"], bar["cumulative"]]


def _left_out(figures: Figures) -> Iterator[Line]:
    yield [_("Figure"), _("Reason"), _("Rows")]
    for one in figures["left_out"]:
        for reason in one["reasons"]:
            yield [one["name"], reason["label"], reason["count"]]


def _definitions(figures: Figures) -> Iterator[Line]:
    yield [_("Figure"), _("How is this computed?"), _("Source"), _("Address"), _("Version")]
    for one in figures["definitions"]:
        yield [one["name"], one["formula"], one["source"], one["url"], one["version"]]
