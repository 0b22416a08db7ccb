"""Generated traffic of a small Nordic service team, up to now."""

from __future__ import annotations

import sys
import time
from datetime import UTC, datetime, timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from helpdesk.simulation.run import AlreadyThere, simulate
from metrics.refresh import refresh


class Command(BaseCommand):
    help = "Generate traffic that ends now, through the same code that real traffic takes."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--days", type=int, default=30, help="how many days back it begins (default 30)")
        parser.add_argument("--contacts-per-day", type=float, default=50, help="on an average weekday (default 50)")
        parser.add_argument("--seed", type=int, default=1, help="the same seed makes the same traffic (default 1)")
        parser.add_argument("--fast", action="store_true", help="write in bulk; the same rows as a result")
        parser.add_argument(
            "--until", type=datetime.fromisoformat, help="an instant with offset at which it ends, in place of now"
        )

    def handle(self, *_args: Any, **options: Any) -> None:
        until = options["until"] or timezone.now()
        if until.utcoffset() is None or until > timezone.now():
            raise CommandError("--until must be an instant with offset, and not in the future.")
        if options["days"] < 1 or options["contacts_per_day"] <= 0 or options["seed"] < 0:
            raise CommandError("--days and --contacts-per-day must be positive, and --seed not negative.")
        started = time.monotonic()
        count = self.simulate(options, until.astimezone(UTC))
        refresh()
        self.stdout.write(f"{count} contacts in {time.monotonic() - started:.1f} s.")

    def simulate(self, options: dict[str, Any], until: datetime) -> int:
        shown = until - timedelta(days=options["days"] + 1)

        def progress(at: datetime) -> None:
            nonlocal shown
            if at - shown >= timedelta(days=1) and sys.stderr.isatty():
                shown = at
                self.stderr.write(f"\r{at:%Y-%m-%d}", ending="")

        try:
            return simulate(
                seed=options["seed"],
                days=options["days"],
                contacts_per_day=options["contacts_per_day"],
                until=until,
                in_bulk=options["fast"],
                progress=progress,
            )
        except AlreadyThere:
            raise CommandError(f"Traffic of seed {options['seed']} is already there: choose another --seed.") from None
