"""Why a figure has nothing to count, in a sentence: the log is empty, the period is, or all that there is is left out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from metrics import formats
from metrics.compute import Query, Value
from metrics.definition import Kpi, Record
from metrics.reader import reader

# More reasons than these make no sentence; the page lists them all below.
REASONS = 3
# By record: nothing of it was ever written down.
NO_LOG = {
    "contact": gettext_lazy("This log holds no contacts yet: the figure begins with the first one."),
    "case": gettext_lazy(
        "This log holds no cases: the figure is counted over cases, and contacts that belong to none do not tell it."
    ),
    "reply": gettext_lazy(
        "This log holds no messages of customers on their cases, and the figure is counted over them."
    ),
    "invitation": gettext_lazy("This log holds no surveys: no customer has been asked yet."),
    "promise": gettext_lazy("This log holds no promises: none has been made to a customer and written down."),
    "agent_time": gettext_lazy(
        "No agent's hours of a month are written down yet, and the figure is counted over them."
    ),
    "cost": gettext_lazy("No month's cost is written down yet, and the figure divides it."),
    "pulse": gettext_lazy("No employee has answered the pulse yet."),
    "headcount": gettext_lazy("No team has been asked in a pulse yet."),
    "interview": gettext_lazy("No customer has been called back for an interview yet."),
}
# By record: what is there is left out.
ALL_LEFT_OUT = {
    "contact": gettext_lazy("No contact of this period can be counted"),
    "case": gettext_lazy("No case of this period can be counted"),
    "reply": gettext_lazy("No message of this period can be counted"),
    "invitation": gettext_lazy("No answer of this period can be counted"),
    "promise": gettext_lazy("No promise of this period can be counted"),
    "interview": gettext_lazy("No interview of this period can be counted"),
}


def why(
    kpi: Kpi, value: Value | None, query: Query, left_out: Mapping[str, int] | None, labels: Mapping[str, Any]
) -> str:
    """Why the figure shows nothing; empty where it shows something, or where counting took too long.

    Args:
        left_out: How many rows of the period are not in the value, by reason.
        labels: The reasons in words.
    """
    if value is None or value.value is not None or value.is_hidden or left_out is None:
        return ""
    if any(left_out.values()):
        return _all_left_out(kpi, left_out, labels)
    if _is_empty(kpi.fact.record):
        return str(NO_LOG[kpi.fact.record.code])
    return _none_found(kpi, query)


def _none_found(kpi: Kpi, query: Query) -> str:
    """The log has such rows, but the period and the filters leave none."""
    if not set(query.filters) <= set(kpi.fact.dimensions):
        return _("This figure is not known by all that you filter by. Take a filter away.")
    if kpi.stock:
        return _("With these filters nothing of this was there at the end of the period.")
    if kpi.fact.until:
        return _(
            "Only whole months that lie in the period are counted, and there is none with these figures. Choose a longer "
            "period."
        )
    return _(
        "In this period and with these filters there is nothing to count (%(what)s, dated by: %(dated_by)s). Choose "
        "another period or fewer filters."
    ) % {"what": kpi.fact.name, "dated_by": kpi.fact.dated_by}


def _all_left_out(kpi: Kpi, left_out: Mapping[str, int], labels: Mapping[str, Any]) -> str:
    counts = sorted(((n, code) for code, n in left_out.items() if n), key=lambda pair: -pair[0])
    reasons = [f"{labels.get(code, code)}: {formats.number(n)}" for n, code in counts[:REASONS]]
    if len(counts) > REASONS:
        reasons.append("…")
    return _("%(what)s. Left out are %(count)s, by reason – %(reasons)s.") % {
        "what": ALL_LEFT_OUT.get(kpi.fact.record.code, _("Nothing of this period can be counted")),
        "count": formats.number(sum(left_out.values())),
        "reasons": "; ".join(reasons),
    }


def _is_empty(record: Record) -> bool:
    if record.code not in NO_LOG:
        return False
    with reader().cursor() as cursor:
        cursor.execute(f"SELECT EXISTS (SELECT FROM {record.table} WHERE {record.objects})")
        return not cursor.fetchone()[0]
