"""Jobs of the numbers. Each calls one function and is safe to run twice and at any moment."""

from __future__ import annotations

from celery import shared_task

from metrics import audit
from metrics.models import Heartbeat
from metrics.refresh import refresh
from metrics.reports import making


@shared_task(acks_late=True, ignore_result=True)
def refresh_cells() -> None:
    """Bring the stored cells up to date with the logs."""
    refresh()


@shared_task(acks_late=True, ignore_result=True)
def audit_figures() -> None:
    """Compare the last weeks with the log, and keep what came of it."""
    audit.run_once()


@shared_task(acks_late=True, ignore_result=True)
def beat() -> None:
    """Write down that it is now, for a replica to say how far its data have come."""
    Heartbeat.beat()


@shared_task(acks_late=True, ignore_result=True, soft_time_limit=270, time_limit=290)
def make_reports() -> None:
    """Make the reports that were asked for."""
    making.work_off()


@shared_task(acks_late=True, ignore_result=True)
def order_reports() -> None:
    """Ask for the reports of last month whose day has come."""
    making.order_due()
