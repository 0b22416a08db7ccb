"""What does a contact cost? A ledger of clients' months, divided by what was done for them in the same months."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from metrics.catalog.accessibility import HANDLED, OFFERED
from metrics.catalog.people import METRICNET
from metrics.definition import Direction, Kpi, Measure, Unit
from metrics.facts.cases import CASE_LEFT_OUT, REAL_CASE, RESOLVED_CASES
from metrics.facts.contacts import CONTACTS, HANDLED_REASONS, QUEUE_REASONS
from metrics.facts.ledgers import COSTS

COST_PER_CONTACT = Kpi(
    slug="cost-per-contact",
    name=_("Cost per contact"),
    question=_("What does it cost to serve a contact?"),
    formula=_(
        "Operating cost divided by handled contacts, over the months that lie in the period as a whole and whose cost "
        "is known."
    ),
    fact=COSTS,
    numerator=Measure("cost", "true", "amount_micro", scale=1_000_000, column_type="numeric"),
    denominator=HANDLED.numerator,
    denominator_fact=CONTACTS,
    unit=Unit.MONEY,
    # Cheap contacts that come again are dear: see the cost of a solved case beside it.
    direction=Direction.NONE,
    source=METRICNET,
    reasons=HANDLED_REASONS,
    beside=("cost-per-contact:resolved-case", "fcr", "csat"),
    symbols="€ / H",
    gamed=_(
        "Send contacts back to the customer, or count every click as one. Watch the cost of a resolved case, "
        "first contact resolution and satisfaction."
    ),
    decision=_(
        "Only whole months whose cost is known, divided by the contacts of the same months. Cheap contacts "
        "that come again are dear, so it has no direction."
    ),
)
COST_PER_OFFERED = COST_PER_CONTACT.variant_of(
    "offered",
    name=_("Cost per offered contact"),
    question=_("What does it cost that a contact comes to us?"),
    formula=_(
        "Operating cost divided by offered contacts, over the months that lie in the period as a whole and whose cost "
        "is known."
    ),
    denominator=OFFERED.numerator,
    reasons=QUEUE_REASONS,
    symbols="€ / O",
)
COST_PER_RESOLVED_CASE = COST_PER_CONTACT.variant_of(
    "resolved-case",
    name=_("Cost per resolved case"),
    question=_("What does it cost to solve a case, however many contacts it takes?"),
    formula=_(
        "Operating cost divided by cases resolved for the last time, over the months that lie in the period as a whole "
        "and whose cost is known."
    ),
    denominator=Measure("resolved_cases", REAL_CASE),
    denominator_fact=RESOLVED_CASES,
    reasons=CASE_LEFT_OUT,
    symbols="€ / R_c",
)

KPIS = (COST_PER_CONTACT, COST_PER_OFFERED, COST_PER_RESOLVED_CASE)
