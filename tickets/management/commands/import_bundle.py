"""Load a contact centre's logs: a folder, a .zip, or a folder of .csv.gz."""

from __future__ import annotations

import shutil
import sys
import time
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from tickets.bundle.load import Load, Progress, Report
from tickets.bundle.readers import Bundle, BundleError

SOME_QUARANTINED = 3


class Bar(Progress):
    """Tells on one line of the terminal how far the import is. Silent where nobody looks."""

    def __init__(self) -> None:
        self.shown = 0.0

    def reading(self, file: str, done: int, total: int) -> None:
        if time.monotonic() - self.shown > 0.1:
            width = 30
            filled = width * done // max(total, 1)
            self._show(f"{file:<18} {'█' * filled}{'░' * (width - filled)} {100 * done // max(total, 1):>3} %")

    def working(self, what: str) -> None:
        self._show(f"taking in {what} …")

    def clear(self) -> None:
        if self.shown:
            sys.stderr.write("\r\033[K")
            sys.stderr.flush()

    def _show(self, text: str) -> None:
        self.shown = time.monotonic()
        sys.stderr.write("\r\033[K" + text[: shutil.get_terminal_size().columns - 1])
        sys.stderr.flush()


class Command(BaseCommand):
    help = (
        "Load a bundle of logs: a folder, a .zip, or a folder of .csv.gz. Loading it again changes nothing."
        " Exit status 3: some rows cannot be right and are in the quarantine."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("path", type=Path)
        parser.add_argument("--source", help="Identifiers are unique within it. Default: the bundle's name.")

    def handle(self, *, path: Path, source: str | None, **options: Any) -> None:
        bar = Bar() if sys.stderr.isatty() and options["verbosity"] else None
        began = time.monotonic()
        try:
            bundle = Bundle(path)
            try:
                load = Load(bundle, source or bundle.name, bar)
                stage = load.run()
            finally:
                bundle.close()
                if bar:
                    bar.clear()
        except BundleError as error:
            raise CommandError(str(error), returncode=2) from error
        if options["verbosity"]:
            for warning in load.report.warnings:
                self.stderr.write(f"Warning: {warning}")
            for problem in stage.problems():
                self.stdout.write(str(problem))
            self._write_table(load.report, time.monotonic() - began)
        stage.clear()
        if load.report.quarantined:
            self.stdout.flush()
            sys.exit(SOME_QUARANTINED)

    def _write_table(self, report: Report, seconds: float) -> None:
        heads = ("file", "read", "created", "updated", "unchanged", "quarantined")
        rows = [(row.file, row.read, row.created, row.updated, row.unchanged, row.quarantined) for row in report.files]
        self.stdout.write(f"{heads[0]:<18}" + "".join(f"{head:>13}" for head in heads[1:]))
        for file, *numbers in rows:
            self.stdout.write(f"{file:<18}" + "".join(f"{number:>13}" for number in numbers))
        read = sum(row.read for row in report.files)
        self.stdout.write(f"{read} rows in {seconds:.1f} s, {read / max(seconds, 0.001):.0f} rows/s")
