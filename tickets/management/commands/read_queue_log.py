"""Read a queue_log of Asterisk, once or for as long as it is written."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from tickets.channels.phone.log_file import LogReader
from tickets.models import Connector


def connector_named(code: str, kind: str) -> Connector:
    """The connector with this code, or the only one of its kind.

    Raises:
        CommandError: There is none, or it is not clear which.
    """
    found = Connector.objects.filter(kind=kind, is_active=True).select_related("source")
    found = found.filter(code=code) if code else found
    few = list(found[:2])
    if len(few) == 1:
        return few[0]
    known = ", ".join(Connector.objects.filter(kind=kind).values_list("code", flat=True)) or "none"
    raise CommandError(f"Say which telephone system by --connector. Of this kind there are: {known}.")


class Command(BaseCommand):
    help = "Read calls from a queue_log of Asterisk. Goes on where it stopped; what is read twice counts once."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path)
        parser.add_argument("--connector", default="", help="code of the telephone system, where there are several")
        parser.add_argument("--follow", action="store_true", help="wait for more lines; rotations are survived")
        parser.add_argument("--again", action="store_true", help="read from the beginning of the file")

    def handle(self, *_args: Any, **options: Any) -> None:
        connector = connector_named(options["connector"], Connector.Kind.ASTERISK)
        if not options["file"].is_file():
            raise CommandError(f"{options['file']} is no file.")
        reader = LogReader(connector, options["file"], again=options["again"])
        if options["follow"]:
            reader.follow()
        read = reader.catch_up()
        self.stdout.write(
            f"{read.lines} lines: {read.stored} events taken in, {read.waiting} wait for a name to be known, "
            f"{read.unreadable} lines not understood"
        )
