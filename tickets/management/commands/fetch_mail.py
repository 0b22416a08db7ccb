"""Fetch mail from the mailboxes' servers: for as long as the helpdesk runs, or once."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from tickets.channels.email import imap


class Command(BaseCommand):
    help = "Fetch new mail from the servers of all active mailboxes, and wait for more."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--once", action="store_true", help="look once and end")

    def handle(self, *_args: Any, **options: Any) -> None:
        if options["once"]:
            self.stdout.write(str(imap.fetch_once()))
        else:
            imap.watch_all()
