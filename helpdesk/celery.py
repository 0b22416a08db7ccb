"""The worker's application, and one list of what runs when."""

import os

from celery import Celery
from celery.schedules import crontab

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "helpdesk.settings")

app = Celery("helpdesk")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()

# The beat schedule. Every job here is safe to run twice and side by side, so that a second scheduler does no harm.
app.conf.beat_schedule = {
    # The doorbell rings at once; this finds what was written while nobody heard it, by an import for example.
    "refresh-cells": {"task": "metrics.tasks.refresh_cells", "schedule": 2, "options": {"expires": 2}},
    # A replica says by it how far its data have come.
    "beat": {"task": "metrics.tasks.beat", "schedule": 5, "options": {"expires": 5}},
    # A report that was asked for is made at once by the doorbell; this finds what nobody rang for.
    "make-reports": {"task": "metrics.tasks.make_reports", "schedule": 30, "options": {"expires": 30}},
    "order-reports": {"task": "metrics.tasks.order_reports", "schedule": crontab(hour=5, minute=30)},
    # Mail leaves at once by the doorbell; this finds what was due later, and what nobody rang for.
    "send-outbox": {"task": "tickets.tasks.send_outbox", "schedule": 5, "options": {"expires": 5}},
    "work-off-mail": {"task": "tickets.tasks.work_off_mail", "schedule": 5, "options": {"expires": 5}},
    "scan-files": {"task": "tickets.tasks.scan_files", "schedule": 10, "options": {"expires": 10}},
    "send-drafts": {"task": "tickets.tasks.send_drafts", "schedule": 2, "options": {"expires": 2}},
    "bulk-changes": {"task": "tickets.tasks.carry_on_bulk_changes", "schedule": 5, "options": {"expires": 5}},
    "end-left-chats": {"task": "tickets.tasks.end_left_chats", "schedule": 15, "options": {"expires": 15}},
    "wake-cases": {"task": "tickets.tasks.wake_cases", "schedule": 20, "options": {"expires": 20}},
    "ask-due-surveys": {"task": "surveys.tasks.ask_due", "schedule": 30, "options": {"expires": 30}},
    "send-survey-texts": {"task": "surveys.tasks.send_texts", "schedule": 30, "options": {"expires": 30}},
    "note-survey-deliveries": {"task": "surveys.tasks.note_deliveries", "schedule": 30, "options": {"expires": 30}},
    # Every hour, so that the month so far is there; late events change the one before.
    "end-forgotten-wrap-ups": {"task": "tickets.tasks.end_forgotten_wrap_ups", "schedule": crontab(minute=20)},
    "book-agent-time": {"task": "tickets.tasks.book_agent_time", "schedule": crontab(minute=25)},
    "go-on-with-pulse": {"task": "surveys.tasks.go_on_with_pulse", "schedule": crontab(minute=5)},
    # At night, when the day that was is over and nobody waits for a page.
    "draw-interviews": {"task": "surveys.tasks.draw_interviews", "schedule": crontab(hour=3, minute=50)},
    "audit-figures": {"task": "metrics.tasks.audit_figures", "schedule": crontab(hour=3, minute=20)},
    "forget-idempotent-answers": {"task": "tickets.tasks.forget_idempotent_answers", "schedule": 3600},
    "forget-what-is-over": {"task": "tickets.tasks.forget_what_is_over", "schedule": crontab(hour=4, minute=10)},
    "learn-topics": {"task": "tickets.tasks.learn_topics", "schedule": crontab(hour=2, minute=10)},
    "work-out-hours": {"task": "tickets.tasks.work_out_hours", "schedule": crontab(hour=2, minute=40)},
}
