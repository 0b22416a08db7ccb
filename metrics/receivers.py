"""Ring the doorbell when something was logged. The marks are the queue of record; a lost ring costs seconds."""

from __future__ import annotations

import logging
from typing import Any

from django.dispatch import receiver
from kombu.exceptions import OperationalError

from metrics import tasks
from tickets.doorbell import once_on_commit
from tickets.signals import happened

log = logging.getLogger(__name__)


@receiver(happened)
def ring(**_kwargs: Any) -> None:
    once_on_commit(_ring)


def _ring() -> None:
    try:
        tasks.refresh_cells.delay()
    except OperationalError:
        log.warning("Redis does not answer: the schedule will refresh the figures")
