"""The rows that could not be right: kept until they are corrected or put aside."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from typing import Any

from tickets.bundle.rows import Problem
from tickets.bundle.spec import all_specs
from tickets.bundle.staging import Stage, spec_row_id
from tickets.models.quarantine import QuarantinedRow
from tickets.models.source import Source

# The same bad row found again stays as it is, settled or not; another text on its line opens it again.
_KEEP = """
INSERT INTO tickets_quarantinedrow (source_id, file, line, reason, "column", message, row_id, raw, created_at)
SELECT DISTINCT ON (file, line, row_id, column_name)
    %(source)s, file, line, reason, column_name, message, row_id, coalesce(raw, '{}'::jsonb), now()
FROM stage_problems
ORDER BY file, line, row_id, column_name, place
ON CONFLICT (source_id, file, line, row_id, "column") DO UPDATE
SET reason = excluded.reason, message = excluded.message, raw = excluded.raw,
    settled_at = CASE WHEN tickets_quarantinedrow.raw = excluded.raw THEN tickets_quarantinedrow.settled_at END,
    settled_by_id = CASE WHEN tickets_quarantinedrow.raw = excluded.raw THEN tickets_quarantinedrow.settled_by_id END
WHERE (tickets_quarantinedrow.reason, tickets_quarantinedrow.message, tickets_quarantinedrow.raw)
    IS DISTINCT FROM (excluded.reason, excluded.message, excluded.raw)
"""

_NOT_FOUND_AGAIN = """
NOT EXISTS (SELECT 1 FROM stage_problems p WHERE (p.file, p.line, p.row_id, p.column_name)
            = (q.file, q.line, q.row_id, q."column"))
"""


def keep_staged(stage: Stage) -> None:
    """Keep the problems of an import, and settle the earlier ones that this import has put right."""
    stage.run(_KEEP)
    for spec in all_specs():
        if not stage.has(spec.name):
            continue
        # The row itself came again, and is right now or wrong in another way; or it had no name, and its line is right.
        stage.run(
            f"""
            UPDATE tickets_quarantinedrow q SET settled_at = now()
            WHERE q.source_id = %(source)s AND q.file = %(file)s AND q.settled_at IS NULL AND {_NOT_FOUND_AGAIN}
                AND (EXISTS (SELECT 1 FROM {spec.stage} s WHERE {spec_row_id(spec)} = q.row_id)
                     OR EXISTS (SELECT 1 FROM stage_problems p WHERE p.file = q.file AND p.row_id = q.row_id
                                AND p.row_id <> '')
                     OR q.line > 0 AND (q.row_id = '' OR q."column" = ANY(%(key)s))
                        AND EXISTS (SELECT 1 FROM {spec.stage} s WHERE s.line = q.line))
            """,
            file=spec.file,
            key=list(spec.key),
        )


def keep(source: Source, problems: Iterable[Problem]) -> list[QuarantinedRow]:
    """Keep rows that came without a file. The same row sent again stays one row; return them in order."""
    kept = [
        QuarantinedRow(
            source=source,
            file=problem.spec.file,
            line=problem.line,
            row_id=problem.row_id or _name_of(problem.raw),
            column=problem.column,
            reason=problem.reason.value,
            message=problem.message,
            raw={name: text.replace("\0", "\ufffd") for name, text in problem.raw.items()},
        )
        for problem in problems
    ]
    named = {(row.file, row.line, row.row_id, row.column): row for row in kept}
    QuarantinedRow.objects.bulk_create(
        named.values(),
        update_conflicts=True,
        unique_fields=["source", "file", "line", "row_id", "column"],
        update_fields=["reason", "message", "raw", "settled_at", "settled_by"],
    )
    return [named[row.file, row.line, row.row_id, row.column] for row in kept]


def _name_of(raw: Any) -> str:
    """A row without a name is known by what it says."""
    return "#" + hashlib.sha256(json.dumps(raw, sort_keys=True).encode()).hexdigest()[:16]
