"""Taking in what has no row of its own in another system's log: promises, agents' paid time, and costs."""

from __future__ import annotations

from tickets.bundle.files import COST_PREFIX, PROMISES
from tickets.bundle.staging import Stage
from tickets.bundle.upsert import Field, Upsert

_PROMISES = Upsert(
    PROMISES,
    fields=(
        Field("case_id", "k.number"),
        Field("kind", "coalesce(s.kind, 'update')"),
        Field("made_at", "s.made_at"),
        Field("original_due_at", "s.original_due_at"),
        Field("due_at", "s.due_at"),
        Field("fulfilled_at", "s.fulfilled_at"),
        Field("rescheduled_by", "coalesce(s.rescheduled_by, '')"),
        Field("cancelled_by", "coalesce(s.cancelled_by, '')"),
    ),
    joins="JOIN tickets_case k ON k.source_id = %(source)s AND k.external_id = s.case_id",
)


def take_in_promises(stage: Stage) -> None:
    _PROMISES.run(stage)


_AGENT_TIME = """
WITH taken AS (
    INSERT INTO tickets_agenttime (agent_id, client_id, month_on, paid_us, handling_us, available_us, aux_us)
    SELECT a.id, %(client)s, s.period, s.paid_s, s.handling_s, s.available_s, coalesce(s.aux_s, 0)
    FROM stage_agent_time s JOIN tickets_user a ON a.code = s.agent_id
    ORDER BY s.line
    ON CONFLICT (agent_id, client_id, month_on) DO UPDATE
    SET paid_us = excluded.paid_us, handling_us = excluded.handling_us, available_us = excluded.available_us,
        aux_us = excluded.aux_us, is_booked = false
    WHERE tickets_agenttime.is_booked
        OR (tickets_agenttime.paid_us, tickets_agenttime.handling_us, tickets_agenttime.available_us,
           tickets_agenttime.aux_us)
        IS DISTINCT FROM (excluded.paid_us, excluded.handling_us, excluded.available_us, excluded.aux_us)
    RETURNING new.id, new.agent_id, new.month_on, old.id IS NULL AS is_new
)
INSERT INTO stage_done (file, line, id, is_new)
SELECT 'agent_time', s.line, t.id, t.is_new
FROM taken t JOIN tickets_user a ON a.id = t.agent_id
JOIN stage_agent_time s ON s.agent_id = a.code AND s.period = t.month_on
"""


def take_in_agent_time(stage: Stage) -> None:
    stage.run(_AGENT_TIME)


# The column's name says the currency: total_operating_cost_eur.
_COSTS = f"""
WITH named AS (
    SELECT s.line, s.period, upper(substr(c.key, {len(COST_PREFIX) + 1})) AS currency, c.value::numeric AS amount
    FROM stage_costs s CROSS JOIN LATERAL jsonb_each_text(s.prefixed) c
    WHERE starts_with(c.key, '{COST_PREFIX}')
),
taken AS (
    INSERT INTO tickets_cost (client_id, month_on, amount, currency)
    SELECT %(client)s, period, amount, currency FROM named
    ON CONFLICT (client_id, month_on) DO UPDATE SET amount = excluded.amount, currency = excluded.currency
    WHERE (tickets_cost.amount, tickets_cost.currency) IS DISTINCT FROM (excluded.amount, excluded.currency)
    RETURNING new.id, new.month_on, old.id IS NULL AS is_new
)
INSERT INTO stage_done (file, line, id, is_new)
SELECT 'costs', s.line, t.id, t.is_new FROM taken t JOIN stage_costs s ON s.period = t.month_on
"""


def take_in_costs(stage: Stage) -> None:
    stage.run(_COSTS)
