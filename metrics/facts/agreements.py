"""What was agreed with each client, and when."""

from __future__ import annotations

# One row a client and version, with the moment at which the next version takes over. The first version also holds for
# what came before it. Worked out once a statement, as `agreements`, however many rows are judged by it.
AGREEMENTS = """agreements AS MATERIALIZED (
    SELECT id, client_id, calendar_id, service_level_variant, fcr_window_days, resolution_grace_minutes,
        abandon_recovery_hours, reopen_window_days, survey_window_days, silence_hours,
        CASE WHEN row_number() OVER w = 1 THEN '-infinity' ELSE valid_from END AS valid_from,
        lead(valid_from, 1, 'infinity') OVER w AS valid_to
    FROM tickets_agreement WINDOW w AS (PARTITION BY client_id ORDER BY valid_from)
)"""


def agreed(client: str, at: str, g: str = "g") -> str:
    """A join that adds, as `g`, the version that was in force for this client at this moment."""
    return f"LEFT JOIN agreements {g} ON {g}.client_id = {client} AND {at} >= {g}.valid_from AND {at} < {g}.valid_to"


def agreed_each(client: str, at: str, g: str = "g") -> str:
    """The same, looked up a row at a time: for a client that is itself looked up a row at a time."""
    return (
        f"LEFT JOIN LATERAL (SELECT v.* FROM tickets_agreement v WHERE v.client_id = {client} "
        f"ORDER BY v.valid_from > {at}, CASE WHEN v.valid_from <= {at} THEN v.valid_from END DESC, v.valid_from LIMIT 1"
        f") {g} ON true"
    )
