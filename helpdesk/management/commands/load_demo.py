"""Fill an empty installation with a demo; one that has data is left alone."""

from __future__ import annotations

import time
from typing import Any

from django.core.management.base import BaseCommand

from helpdesk.simulation import demo
from metrics.refresh import refresh


class Command(BaseCommand):
    help = "Load ninety days of demo traffic and demo accounts into an empty installation."

    def handle(self, *_args: Any, **_options: Any) -> None:
        if not demo.is_wanted():
            self.stdout.write("There is data already: no demo is loaded.")
            return
        started = time.monotonic()
        count = demo.load()
        refresh()
        self.stdout.write(f"Demo: {count} contacts in {time.monotonic() - started:.1f} s.")
