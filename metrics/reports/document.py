"""The report as a PDF: tagged, in its language, from embedded fonts, without a word to the network.

What people wrote goes in as data and is never read as markup: `report.typ` reads one JSON text, and nothing else.
"""

from __future__ import annotations

import json
import logging
from datetime import datetime
from pathlib import Path
from typing import Any

import typst
from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

log = logging.getLogger(__name__)

LAYOUT = Path(__file__).with_name("report.typ")


def pdf(figures: dict[str, Any], *, version: int = 1) -> bytes:
    """The document, accessible by PDF/UA-1. The same figures give the same bytes."""
    try:
        return bytes(_compiled(figures, version, format="pdf", pdf_standards="ua-1"))
    except typst.TypstError as error:
        # A name in letters that no embedded font has: it is left out, and the standard does not allow that.
        log.warning("A report is tagged, but not by the standard: %s", error.message)
        return bytes(_compiled(figures, version, format="pdf"))


def pages(figures: dict[str, Any], *, version: int = 1, ppi: float = 90) -> list[bytes]:
    """Its pages as PNG, to be looked at."""
    found = _compiled(figures, version, format="png", ppi=ppi)
    return [found] if isinstance(found, bytes) else list(found)


def _compiled(figures: dict[str, Any], version: int, **options: Any) -> Any:
    with translation.override(figures["language"]):
        data = json.dumps({**figures, "version": version, "words": words(figures, version)})
    return typst.compile(
        LAYOUT.read_bytes(),
        root=str(LAYOUT.parent),
        ignore_system_fonts=True,
        sys_inputs={"data": data},
        timestamp=datetime.fromisoformat(figures["as_of"]).replace(microsecond=0),
        **options,
    )


def words(figures: dict[str, Any], version: int) -> dict[str, str]:
    """The headings and labels of the layout."""
    names = {"client": figures["client"]["name"], "month": figures["month_text"]}
    return {
        "title": _("Customer service report"),
        "subject": _("%(client)s, %(month)s") % names,
        "data_until": _("Data until %s") % figures["as_of_text"],
        "version": _("Version %s") % version if version > 1 else "",
        "brief": _("In brief"),
        "stands_out": _("What stands out"),
        "nothing": _("Nothing stands out: no promise was broken, and nothing changed more than chance explains."),
        "promise": _("What was promised"),
        "channel": _("Channel"),
        "agreed": _("Agreed"),
        "result": _("Result"),
        "of": _("Contacts"),
        "verdict": _("Verdict"),
        "accounting": _("A contract's figure is what happened, counted to the end; it has no margin of error."),
        "figures": _("The figures"),
        "figure": _("Figure"),
        "value": _("Value"),
        "rests_on": _("Rests on"),
        "interval": _("95% sure"),
        "before": figures["before_text"],
        "change": _("Change"),
        "provisional": _("provisional"),
        "interval_note": _(
            "The interval says between which values the process lies, with 95 % certainty. A change is called better or "
            "worse only where chance does not explain it. Shares of fewer than ten are given as “6 of 8”."
        ),
        "days": _("Day by day"),
        "day": _("Day"),
        "table": _("Every day"),
        "nothing_before": _("There is nothing in %s to compare with.") % figures["before_text"],
        "volume": _("Contacts by day"),
        "answered": _("Answered"),
        "not_answered": _("Not answered"),
        "service_level": _("Service level by day"),
        "limits": _("Usual variation"),
        "signal": _("A signal, not chance"),
        "hours": _("Contacts by hour of the day, all days together"),
        "hours_sl": _("Service level by hour of the day"),
        "groups": _("By channel and queue"),
        "queue": pgettext("column", "Queue"),
        "few_note": _("Grey: fewer than ten, too few for a rate."),
        "why": _("Why customers contacted us"),
        "topics": _("Topics"),
        "causes": _("What caused failure demand"),
        "vital": _("The dark bars together make up four fifths."),
        "weak": _("More than 15 % have no topic of their own: the topics do not fit what comes in."),
        "share": _("Share"),
        "cumulative": _("Together"),
        "no_topics": _("No contact of the month has a topic."),
        "left_out": _("What was left out, and why"),
        "reason": _("Reason"),
        "rows": _("Rows"),
        "counted": _("Counted"),
        "nothing_left_out": _("Nothing was left out."),
        "basis": _("What the figures rest on"),
        "agreement": _("The agreement in force"),
        "agreed_anew": _(
            "The agreement changed within the month: each contact is judged by the version that held then."
        ),
        "restated": _("History that was restated"),
        "empty": _("Without data this month"),
        "definitions": _("How each figure is computed"),
        "definition_note": _("Each name leads to its definition, with variants, source and history."),
        "page": _("Page"),
        "chart_volume": _(
            "Bar chart: contacts by day, answered and not answered. The same numbers stand in the table."
        ),
        "chart_sl": _("Line chart: service level by day with the agreed level. The same numbers stand in the table."),
        "chart_hours": _("Bar chart: contacts by hour of the day."),
        "chart_hours_sl": _("Line chart: service level by hour of the day."),
        "chart_topics": _("Bar chart: contacts by topic, the most first. The same numbers stand beside the bars."),
    }
