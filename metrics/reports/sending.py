"""A report leaves the house: by the outbox, with its files or, where they are large, a link."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db import transaction
from django.utils import timezone, translation
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from metrics.reports.models import Report
from tickets import outbox
from tickets.models import OutgoingMail
from tickets.workbook import CONTENT_TYPE

if TYPE_CHECKING:
    from tickets.models import User

# Above this many mail servers refuse a letter; then it has a link.
LARGEST = 8 << 20
TYPES = {"pdf": "application/pdf", "xlsx": CONTENT_TYPE, "csv": "text/csv"}
MOST_TOLD = 20


def send(report: Report, *, to: Sequence[str], formats: Sequence[str], by: User | None) -> bool:
    """Send a report that is ready, and freeze it with that. False where it was sent before."""
    with transaction.atomic():
        mine = Report.objects.filter(pk=report.pk, state=Report.State.READY, sent_at=None)
        if not mine.update(sent_at=timezone.now(), sent_by=by, sent_to=list(to)):
            return False
        with translation.override(report.language):
            for address in dict.fromkeys(to):
                OutgoingMail.objects.put(
                    key=f"report:{report.pk}:{address.lower()}",
                    to=address,
                    subject=subject(report),
                    text=text(report),
                    files=attached(report, formats),
                    is_automatic=by is None,
                )
        outbox.ring()
    report.refresh_from_db()
    return True


def attached(report: Report, formats: Sequence[str]) -> list[dict[str, Any]]:
    chosen = [
        {"path": one["path"], "name": one["name"], "content_type": TYPES[code], "size": one["size"]}
        for code, one in report.files.items()
        if code in formats
    ]
    return chosen if sum(one["size"] for one in chosen) <= LARGEST else []


def subject(report: Report) -> str:
    names = {"client": report.client.name, "month": report.figures["month_text"], "version": report.version}
    if report.replaces_id:
        return _("Customer service report, %(client)s, %(month)s: version %(version)s") % names
    return _("Customer service report, %(client)s, %(month)s") % names


def text(report: Report) -> str:
    figures = report.figures
    lines = [subject(report), "", *(f"– {one['text']}" for one in figures["findings"])]
    if report.differences:
        lines += ["", _("What differs from the version that you have:")]
        for one in report.differences[:MOST_TOLD]:
            place = f" ({one['row']})" if one["row"] else ""
            lines.append(f"– {one['name']}{place}: {one['before']} → {one['after']}. {one['why']}")
        if (more := len(report.differences) - MOST_TOLD) > 0:
            lines.append(ngettext("and %(n)s more", "and %(n)s more", more) % {"n": more})
    lines += [
        "",
        _("Data until %s") % figures["as_of_text"],
        settings.PUBLIC_URL.rstrip("/") + report.get_absolute_url(),
    ]
    return "\n".join(lines)
