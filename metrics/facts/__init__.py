"""Which rows KPIs count, which moment dates each, which dimensions it has, and why a row is left out.

A record is one SELECT over the logs that gives a row an object: a contact, a case, an invitation. Everything that
depends on an agreement is judged by the version in force when the row arrived. A fact is a way to date a record's rows.
"""

from __future__ import annotations

from metrics.definition import Fact, Record
from metrics.facts.cases import (
    CREATED_CASES,
    FIRST_CONTACTS,
    FIRST_RESOLVED_CASES,
    FIRST_RESPONSES_DUE,
    RESOLUTIONS_DUE,
    RESOLVED_CASES,
)
from metrics.facts.contacts import CONTACTS
from metrics.facts.interviews import COVERED_AGENTS, INTERVIEWS
from metrics.facts.ledgers import AGENT_MONTHS, COSTS
from metrics.facts.promises import PROMISES
from metrics.facts.pulse import HEADCOUNTS, PULSE
from metrics.facts.replies import CUSTOMER_MESSAGES
from metrics.facts.surveys import INVITATIONS

LEDGERS = (AGENT_MONTHS, COSTS, PULSE, HEADCOUNTS, INTERVIEWS, COVERED_AGENTS)
FACTS: dict[str, Fact] = {
    fact.code: fact
    for fact in (
        CONTACTS,
        FIRST_CONTACTS,
        CREATED_CASES,
        FIRST_RESOLVED_CASES,
        RESOLVED_CASES,
        FIRST_RESPONSES_DUE,
        RESOLUTIONS_DUE,
        CUSTOMER_MESSAGES,
        INVITATIONS,
        PROMISES,
        *LEDGERS,
    )
}
RECORDS: dict[str, Record] = {fact.record.code: fact.record for fact in FACTS.values()}
