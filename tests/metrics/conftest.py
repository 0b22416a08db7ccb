"""The golden log: imported once a process, and put in place of nothing for each test that asks for it."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.core.management import call_command
from django.db import connection, transaction

GOLDEN = Path(__file__).resolve().parent.parent / "data" / "golden"
# By table, its rows as COPY writes them; and how far each sequence has come.
_rows: dict[str, bytes] = {}
_sequences: list[tuple[str, int]] = []


@pytest.fixture
def golden(db) -> Path:
    if not _rows:
        with transaction.atomic():
            call_command("import_bundle", str(GOLDEN), verbosity=0)
            _keep()
            transaction.set_rollback(True)
    _put()
    return GOLDEN


def _keep() -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename NOT LIKE 'django\\_%'"
        )
        for (name,) in cursor.fetchall():
            with cursor.copy(f"COPY {name} TO STDOUT (FORMAT binary)") as rows:
                _rows[name] = b"".join(bytes(block) for block in rows)
        cursor.execute(
            "SELECT schemaname || '.' || sequencename, last_value FROM pg_sequences WHERE last_value IS NOT NULL"
        )
        _sequences.extend(cursor.fetchall())


def _put() -> None:
    with connection.cursor() as cursor:
        # What triggers would write is among the rows.
        cursor.execute("SET LOCAL session_replication_role = replica")
        for name, rows in _rows.items():
            cursor.execute(f"DELETE FROM {name}")
            with cursor.copy(f"COPY {name} FROM STDIN (FORMAT binary)") as target:
                target.write(rows)
        cursor.execute("SET LOCAL session_replication_role = DEFAULT")
        for name, last in _sequences:
            cursor.execute("SELECT setval(%s, %s)", [name, last])
