"""Making a report: ask for one, work it off with progress, and make those that are due by their schedule."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable
from datetime import date

from celery import current_app
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import transaction
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from metrics.reader import data_until
from metrics.reports import document, sending, workbook
from metrics.reports.differences import differences
from metrics.reports.figures import month_before, report_figures
from metrics.reports.models import Format, Report, ReportSchedule
from tickets.models import Client, User

log = logging.getLogger(__name__)
FOLDER = "reports"


def order(client: Client, month: date, language: str, *, by: User | None) -> Report:
    """Ask for a report and ring for whoever makes it."""
    with transaction.atomic():
        report = Report.objects.order(client, month, language, by=by)
        transaction.on_commit(ring, robust=True)
    return report


def ring() -> None:
    try:
        current_app.send_task("metrics.tasks.make_reports", retry=False)
    except Exception as error:  # noqa: BLE001 - only a doorbell: the scheduler comes round anyway
        log.warning("No worker could be told of a report, it waits for the next round: %s", type(error).__name__)


def work_off() -> int:
    """Make every report that waits. Return how many."""
    made = 0
    for report in Report.objects.to_make().order_by("ordered_at"):
        made += make(report)
    return made


def make(report: Report) -> bool:
    """Make one report, where nobody else does. What fails is written on it, for people to see."""
    if not report.claim():
        return False
    try:
        _make(report)
    except Exception as error:
        log.exception("Report %s failed", report.pk)
        report.fail(f"{type(error).__name__}: {error}")
        return False
    report.refresh_from_db()
    if report.schedule is not None:
        sending.send(report, to=report.schedule.recipients, formats=report.schedule.formats, by=None)
    return True


def _make(report: Report) -> None:
    as_of = data_until()
    figures = report_figures(report.client, report.month, report.language, as_of, report.note)
    with translation.override(report.language):
        report.note(85, _("Laying out the document"))
    makers: dict[str, Callable[[], bytes]] = {
        Format.PDF: lambda: document.pdf(figures, version=report.version),
        Format.XLSX: lambda: workbook.xlsx(figures),
        Format.CSV: lambda: workbook.csv(figures),
    }
    files = {code: keep(maker(), f"{name_of(report)}.{code}") for code, maker in makers.items()}
    found = []
    if report.replaces is not None:
        with translation.override(report.language):
            found = differences(report.replaces.figures, figures)
    report.finish(as_of=as_of, figures=figures, files=files, differences=found)


def name_of(report: Report) -> str:
    version = f"-v{report.version}" if report.version > 1 else ""
    return f"{report.client.code}-{report.month:%Y-%m}-{report.language}{version}"


def keep(content: bytes, name: str) -> dict[str, object]:
    """Store a file under its digest: the same content lies there once, and cannot become another."""
    digest = hashlib.sha256(content).hexdigest()
    path = f"{FOLDER}/{digest[:2]}/{digest}"
    if not default_storage.exists(path):
        default_storage.save(path, ContentFile(content))
    return {"path": path, "sha256": digest, "size": len(content), "name": name}


def last_recipients(report: Report) -> list[str]:
    """Who got this client's report last, or gets it by schedule."""
    sent = Report.objects.filter(client=report.client_id, sent_at__isnull=False).order_by("-sent_at").first()
    if sent is not None:
        return list(sent.sent_to)
    schedule = ReportSchedule.objects.filter(client=report.client_id, is_active=True).first()
    return list(schedule.recipients) if schedule else []


def order_due() -> int:
    """Ask for the reports of last month whose day has come. Safe to run at any moment: each is asked for once."""
    today, asked = timezone.localdate(), 0
    month = month_before(today.replace(day=1))
    for schedule in ReportSchedule.objects.filter(is_active=True, day__lte=today.day).select_related("client"):
        with transaction.atomic():
            mine = ReportSchedule.objects.select_for_update(no_key=True).get(pk=schedule.pk)
            same = Report.objects.filter(client=mine.client_id, month=month, language=mine.language)
            if not same.filter(schedule=mine).exists():
                Report.objects.order(schedule.client, month, mine.language, by=None, schedule=mine)
                asked += 1
    return asked
