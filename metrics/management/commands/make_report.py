"""Make a client's monthly report in the foreground."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.conf import settings
from django.core.files.storage import default_storage
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils.translation import gettext as _

from metrics.reports import making
from metrics.reports.models import Report
from tickets.models import Client


class Command(BaseCommand):
    help = "Make the monthly report of a client: PDF, XLSX and CSV."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("client", help="the client's code")
        parser.add_argument("month", help="such as 2026-10")
        parser.add_argument(
            "--language", choices=[code for code, _name in settings.LANGUAGES], help="default: the client's"
        )

    def handle(self, *_args: Any, **options: Any) -> None:
        client = Client.objects.filter(code=options["client"]).first()
        if client is None:
            raise CommandError(_("No client has the code %r.") % options["client"])
        try:
            month = date.fromisoformat(f"{options['month']}-01")
        except ValueError as error:
            raise CommandError(_("Expected a month such as 2026-10, got %r.") % options["month"]) from error
        report = Report.objects.order(client, month, options["language"] or client.language, by=None)
        if not making.make(report):
            report.refresh_from_db()
            raise CommandError(report.error)
        report.refresh_from_db()
        for one in report.files.values():
            self.stdout.write(f"{one['name']}  {one['size']}  {default_storage.path(one['path'])}")
