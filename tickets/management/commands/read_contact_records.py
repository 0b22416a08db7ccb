"""Read contact records of Amazon Connect from a file, one a line."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import batched
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from tickets.channels.phone import contact_records
from tickets.channels.phone.amazon_connect import records_in
from tickets.channels.phone.told import UnreadableError
from tickets.management.commands.read_queue_log import connector_named
from tickets.models import Connector

BATCH = 200


class Command(BaseCommand):
    help = "Read contact records of Amazon Connect, one JSON object a line. What is read twice counts once."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path)
        parser.add_argument("--connector", default="", help="code of the telephone system, where there are several")

    def handle(self, *_args: Any, **options: Any) -> None:
        connector = connector_named(options["connector"], Connector.Kind.AMAZON_CONNECT)
        stored = waiting = unreadable = 0
        for batch in batched(records_of(options["file"]), BATCH):
            taken, wrong = contact_records.take_in(connector, batch)
            stored, waiting, unreadable = stored + taken.stored, waiting + taken.waiting, unreadable + len(wrong)
        self.stdout.write(
            f"{stored} events taken in, {waiting} wait for a name to be known, {unreadable} records not understood"
        )


def records_of(file: Path) -> Iterator[Any]:
    try:
        with file.open(encoding="utf-8") as lines:
            for number, line in enumerate(lines, 1):
                if line.strip():
                    yield from records_in(read_json(line, number))
    except (OSError, UnreadableError) as error:
        raise CommandError(str(error)) from error


def read_json(line: str, number: int) -> Any:
    try:
        return json.loads(line)
    except ValueError as error:
        raise CommandError(f"Line {number} is not JSON: {error}. Nothing after it was read.") from error
