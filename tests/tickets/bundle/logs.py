"""Small bundles written by hand, and what became of them."""

from __future__ import annotations

import json
from io import StringIO
from pathlib import Path

from django.core.management import call_command

from tickets.bundle.files import DESK_FILES
from tickets.bundle.load import Load
from tickets.bundle.readers import Bundle
from tickets.bundle.rows import Problem

CONTACT = {
    "contact_id": "C1",
    "channel": "phone",
    "direction": "inbound",
    "customer_id": "K1",
    "topic": "billing/invoice",
    "queue": "support",
    "started_at": "2025-10-06T07:00:00Z",
    "queued_at": "2025-10-06T07:00:10Z",
    "answered_at": "2025-10-06T07:00:20Z",
    "ended_at": "2025-10-06T07:05:20Z",
    "outcome": "answered",
}
SEGMENT = {
    "segment_id": "G1",
    "contact_id": "C1",
    "agent_id": "A1",
    "role": "primary",
    "started_at": "2025-10-06T07:00:20Z",
    "ended_at": "2025-10-06T07:05:20Z",
    "talk_s": "300",
    "hold_s": "0",
    "acw_s": "60",
}
CASE = {"case_id": "S1", "customer_id": "K1", "channel": "phone", "created_at": "2025-10-06T07:00:20Z"}
EVENT = {"case_id": "S1", "at": "2025-10-06T07:00:20Z", "type": "created", "actor": "A1", "valid": "1"}


class Desk:
    """A bundle in a folder, its import, and the outcome."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.rows: dict[str, list[dict[str, str]]] = {}
        self.extra: dict[str, list[str]] = {}

    def write(self, name: str, *rows: dict[str, str], columns: list[str] | None = None) -> None:
        """Write one file with all columns that it must have and those that the rows name."""
        needed = [
            column.name
            for spec in [*DESK_FILES, *self._others()]
            if spec.name == name
            for column in spec.columns
            if not column.optional or any(column.name in row for row in rows)
        ]
        columns = columns or [*needed, *sorted({key for row in rows for key in row} - set(needed))]
        lines = [",".join(columns)]
        lines += [",".join(_quoted(row.get(column, "")) for column in columns) for row in rows]
        self.text(f"{name}.csv", "\n".join(lines) + "\n")

    @staticmethod
    def _others():
        from surveys.bundle import INTERVIEWS, PULSE, SURVEYS

        return [SURVEYS, INTERVIEWS, PULSE]

    def text(self, file: str, text: str | bytes) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        (self.folder / file).write_bytes(text if isinstance(text, bytes) else text.encode())

    def config(self, **values) -> None:
        self.text("config.json", json.dumps(values))

    def load(self, source: str = "own", path: Path | None = None) -> dict[str, tuple[int, ...]]:
        """Import; return (read, created, updated, unchanged, quarantined) by file, and keep the problems."""
        load = Load(Bundle(path or self.folder), source)
        stage = load.run()
        self.problems: list[Problem] = list(stage.problems())
        self.warnings = load.report.warnings
        stage.clear()
        return {
            row.file: (row.read, row.created, row.updated, row.unchanged, row.quarantined) for row in load.report.files
        }

    @property
    def told(self) -> list[tuple[str, int, str, str, str]]:
        """The quarantine in the form of an expected_quarantine.csv."""
        return [(p.spec.file, p.line, p.reason.value, p.column, p.row_id) for p in self.problems]


def _quoted(text: str) -> str:
    return '"' + text.replace('"', '""') + '"' if any(mark in text for mark in ',"\n\r') else text


def run(*arguments: str) -> tuple[int, str, str]:
    """Run the command; return its exit status and what it printed and warned of."""
    out, err = StringIO(), StringIO()
    status = 0
    try:
        call_command("import_bundle", *arguments, stdout=out, stderr=err)
    except SystemExit as ended:
        status = int(ended.code or 0)
    return status, out.getvalue(), err.getvalue()
