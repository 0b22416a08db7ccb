"""Tell open pages that figures changed. Sent by PostgreSQL with the change's own commit, so it needs nothing else to be up."""

from __future__ import annotations

from django.db import connection

# helpdesk.live listens here.
CHANNEL = "helpdesk_live"


def announce(*kinds: str) -> None:
    """Say which kinds of rows have new figures (contact, case, survey). Heard when the transaction commits."""
    if not kinds:
        return
    with connection.cursor() as cursor:
        # PostgreSQL folds equal messages of one transaction into one.
        cursor.execute("SELECT pg_notify(%s, kind) FROM unnest(%s::text[]) AS kind", [CHANNEL, sorted(set(kinds))])
