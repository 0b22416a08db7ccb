"""Listen to the manager interfaces of all active Asterisk connectors that have one."""

from __future__ import annotations

import asyncio
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from tickets.channels.phone.ami_listener import Listener
from tickets.models import Connector


class Command(BaseCommand):
    help = "Hear of calls from the manager interface of Asterisk, for as long as it runs."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--connector", default="", help="code of the telephone system; without it all of them")

    def handle(self, *_args: Any, **options: Any) -> None:
        found = Connector.objects.filter(kind=Connector.Kind.ASTERISK, is_active=True).exclude(host="")
        if options["connector"]:
            found = found.filter(code=options["connector"])
        listeners = [Listener(one) for one in found.select_related("source")]
        if not listeners:
            raise CommandError("No telephone system with a manager interface is set up.")
        if nameless := [one.connector.code for one in listeners if not one.connector.secret]:
            raise CommandError(f"No secret in the environment: TELEPHONE_SECRET_{nameless[0].upper()}.")
        asyncio.run(_all(listeners))


async def _all(listeners: list[Listener]) -> None:
    await asyncio.gather(*(one.run() for one in listeners))
