"""Monthly ledgers: agents' paid time, and what serving a client cost. Months are those of the question's zone."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from metrics.definition import Fact, Record


def month_start(column: str) -> str:
    return f"{column}::timestamp AT TIME ZONE %(zone)s"


def month_end(column: str) -> str:
    return f"({column} + interval '1 month') AT TIME ZONE %(zone)s"


AGENT_TIME = Record(
    code="agent_time",
    table="tickets_agenttime",
    key="m.id",
    sql=f"""
SELECT m.id, {month_start("m.month_on")} AS at, {month_end("m.month_on")} AS until, m.month_on, m.client_id, u.team_id,
    m.agent_id, m.paid_us, m.handling_us, m.available_us, m.aux_us
FROM tickets_agenttime m JOIN tickets_user u ON u.id = m.agent_id
WHERE {{scope}}
""",
    columns={
        "id": "bigint",
        "at": "timestamptz",
        "until": "timestamptz",
        "month_on": "date",
        "client_id": "int",
        "team_id": "int",
        "agent_id": "int",
        "paid_us": "bigint",
        "handling_us": "bigint",
        "available_us": "bigint",
        "aux_us": "bigint",
    },
    stored=False,
)
COST = Record(
    code="cost",
    table="tickets_cost",
    key="m.id",
    sql=f"""
SELECT m.id, {month_start("m.month_on")} AS at, {month_end("m.month_on")} AS until, m.month_on, m.client_id,
    (m.amount * 1000000)::bigint AS amount_micro, m.currency
FROM tickets_cost m
WHERE {{scope}}
""",
    columns={
        "id": "bigint",
        "at": "timestamptz",
        "until": "timestamptz",
        "month_on": "date",
        "client_id": "int",
        "amount_micro": "bigint",
        "currency": "text",
    },
    stored=False,
)

AGENT_MONTHS = Fact(
    code="agent_month",
    name=_("Agents' months"),
    dated_by=_("The month, counted where it lies in the period as a whole"),
    record=AGENT_TIME,
    at="at",
    until="until",
    dimensions={"client": "client_id", "team": "team_id", "agent": "agent_id"},
    candidates="{within}",
    candidates_at=month_start("m.month_on"),
    shows="""to_char(x.month_on, 'YYYY-MM') AS month, coalesce(u.code, u.username) AS agent, c.code AS client,
        x.paid_us / 1e6 AS paid_seconds, x.handling_us / 1e6 AS handling_seconds,
        x.available_us / 1e6 AS available_seconds, x.aux_us / 1e6 AS other_seconds""",
    joins="JOIN tickets_client c ON c.id = x.client_id",
)
COSTS = Fact(
    code="cost",
    name=_("Clients' monthly costs"),
    dated_by=_("The month, counted where it lies in the period as a whole"),
    record=COST,
    at="at",
    until="until",
    dimensions={"client": "client_id"},
    candidates="{within}",
    candidates_at=month_start("m.month_on"),
    shows="""to_char(x.month_on, 'YYYY-MM') AS month, c.code AS client, x.amount_micro / 1e6 AS amount, x.currency""",
    joins="JOIN tickets_client c ON c.id = x.client_id",
)
