"""Take one mail from standard input: for a mail server that hands mails to a command."""

from __future__ import annotations

import os
import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from tickets.channels.email.receive import receive
from tickets.models import Mailbox

# sysexits.h: the mail server keeps the mail and tries again later.
TRY_AGAIN = getattr(os, "EX_TEMPFAIL", 75)


class Command(BaseCommand):
    help = "Keep the mail on standard input. Ends with 75 where that failed, so that the mail server tries again."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("mailbox", help="the address of the mailbox, or its code")

    def handle(self, *_args: Any, **options: Any) -> None:
        try:
            name = options["mailbox"].lower()
            mailbox = Mailbox.objects.filter(is_active=True, address__iexact=name).first()
            receive(sys.stdin.buffer.read(), mailbox=mailbox or Mailbox.objects.get(is_active=True, code=name))
        except Exception as error:  # noqa: BLE001 - whatever it was, the mail must not be lost
            # No detail: the mail server writes it into a mail to the sender.
            self.stderr.write(f"The mail could not be kept: {type(error).__name__}")
            sys.exit(TRY_AGAIN)
