"""Tell open pages that something changed. Sent by PostgreSQL with the change's own commit, so it needs nothing else to be up.

Figures are announced by kind of row (contact, case, survey); what the desk shows by topic: `case:12`, `presence:12`,
`user:5`. Pages name the topics that they want; `helpdesk.live` carries them.
"""

from __future__ import annotations

from django.db import connection

# helpdesk.live listens here.
CHANNEL = "helpdesk_live"


def announce(*topics: str) -> None:
    """Say what changed. Heard when the transaction commits."""
    if not topics:
        return
    with connection.cursor() as cursor:
        # PostgreSQL folds equal messages of one transaction into one.
        cursor.execute("SELECT pg_notify(%s, topic) FROM unnest(%s::text[]) AS topic", [CHANNEL, sorted(set(topics))])
