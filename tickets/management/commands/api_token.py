"""Make an API token."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from tickets.models import ApiToken, User


class Command(BaseCommand):
    help = "Prints a new API token for a user, alone on stdout. It cannot be shown again."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("username")

    def handle(self, *_args: Any, **options: Any) -> None:
        """Print the token and nothing else, so that a script can take it."""
        user = User.objects.filter(username=options["username"]).first()
        if user is None:
            raise CommandError(f"There is no user {options['username']!r}.")
        if not user.is_active:
            raise CommandError(f"The account of {options['username']!r} is closed.")
        self.stdout.write(ApiToken.issue(user))
