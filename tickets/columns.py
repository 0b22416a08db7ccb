"""The columns of a list of cases, and which of them somebody wants to see."""

from __future__ import annotations

from collections.abc import Iterable

from django.utils.translation import gettext_lazy as _

COLUMNS = {
    "case": _("Case"),
    "customer": _("Customer"),
    "status": _("Status"),
    "priority": _("Priority"),
    "queue": _("Queue"),
    "topic": _("Topic"),
    "owner": _("Owner"),
    "team": _("Team"),
    "channel": _("Channel"),
    "client": _("Client"),
    "incident": _("Incident"),
    "promise": _("Next promise"),
    "answer": _("Answer due"),
    "due": _("Solution due"),
    "age": _("Age"),
    "changed": _("Latest change"),
}
USUAL = ["case", "status", "queue", "owner", "promise", "changed"]
# By which order a column's head sorts.
SORTS = {
    "promise": "promise",
    "due": "due",
    "age": "created",
    "changed": "updated",
    "priority": "priority",
    "case": "number",
}


def chosen(names: Iterable[str]) -> list[str]:
    """The known ones among the names, in the order of the list, the case itself always among them; without any, the usual ones."""
    wanted = set(names) & COLUMNS.keys()
    return [name for name in COLUMNS if name in wanted | {"case"}] if wanted else USUAL
