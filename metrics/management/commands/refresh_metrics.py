"""Do in the foreground, to the end, what the KPI jobs would do."""

from __future__ import annotations

import sys
import time
from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.utils.translation import gettext as _

from metrics import audit, audit_page
from metrics.check import check
from metrics.rebuild import rebuild
from metrics.refresh import refresh
from tickets import settle


class Command(BaseCommand):
    help = "Bring the stored KPI cells up to date with the logs."

    def add_arguments(self, parser: CommandParser) -> None:
        which = parser.add_mutually_exclusive_group()
        which.add_argument("--rebuild", action="store_true", help="compute all cells again from the logs")
        which.add_argument(
            "--check",
            action="store_true",
            help="compute all cells again, compare with the stored ones, change nothing; exit 1 where they differ",
        )

        which.add_argument(
            "--audit",
            action="store_true",
            help="run the nightly self-audit of the last 60 days now and keep its result; exit 1 where something differs",
        )

    def handle(self, *_args: Any, **options: Any) -> None:
        started = time.monotonic()
        if options["check"]:
            self.check_cells()
        elif options["audit"]:
            self.audit()
        elif options["rebuild"]:
            settled = settle.settle_all()
            rebuild()
            self.stdout.write(_("All cells computed again from the logs; sums of %d contacts changed.") % settled)
        else:
            self.stdout.write(_("%d marks worked off.") % refresh())
        self.stdout.write(_("Took %.1f s.") % (time.monotonic() - started))

    def check_cells(self) -> None:
        contacts = settle.differences()
        for found in contacts:
            self.stdout.write(f"tickets_contact {found['contact_id']} {found['started_at']}: sums over its legs differ")
        differences, pending = check()
        for difference in differences:
            self.stdout.write(f"{difference.table} {difference.side}: {difference.row}")
        if pending:
            self.stdout.write(
                _("%d objects wait for their refresh; until then their figures are taken from the log.") % pending
            )
        if contacts or differences:
            self.stdout.write(_("The stored cells differ from the logs: run refresh_metrics --rebuild."))
            sys.exit(1)
        self.stdout.write(_("The stored cells agree with the logs."))

    def audit(self) -> None:
        found = audit.run()
        for one in found.differences:
            self.stdout.write(f"{one['table']} {one['side']}: {one['row']}")
        for one in found.invariants:
            state = _("fits") if one["holds"] else _("does not fit") if one["must"] else _("look at it")
            self.stdout.write(f"{audit_page.NAMES[one['code']]}: {one['left']:g} / {one['right']:g}: {state}")
        if found.has_drift:
            self.stdout.write(_("Stored figures and log do not agree: see /metrics/audit/."))
            sys.exit(1)
        self.stdout.write(_("Stored figures and log agree."))
