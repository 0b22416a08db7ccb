"""Agents' time and how the work is for them. Dated by the month; ledgers that come from other systems."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from metrics.catalog.accessibility import AMAZON
from metrics.catalog.experience import BAIN
from metrics.definition import Direction, Kpi, Measure, Source, Unit
from metrics.facts.ledgers import AGENT_MONTHS
from metrics.facts.pulse import HEADCOUNTS, PULSE

METRICNET = Source(
    "MetricNet, contact centre KPIs", "https://slideblast.com/contact-center-kpis_5b2734ef097c47d1028b458c.html"
)
CALL_CENTRE_HELPER = Source(
    "Call Centre Helper, difference between occupancy and utilisation",
    "https://www.callcentrehelper.com/difference-occupancy-utilisation-132518.htm",
)
POPULUM = Source("Populum, anonymity", "https://support.populum.io/articles/anonymity/")


def _seconds(code: str, column: str) -> Measure:
    return Measure(code, "true", column, scale=1_000_000)


handling = _seconds("handling", "handling_us")
paid = _seconds("paid", "paid_us")

OCCUPANCY = Kpi(
    slug="occupancy",
    name=_("Occupancy"),
    question=_("What share of the time in which they could serve did agents serve?"),
    formula=_(
        "Time busy with at least one contact, wrap-up included, divided by that time plus the time free and waiting. "
        "Breaks, training and meetings are in neither. Sums of all agents, never a mean of their shares."
    ),
    fact=AGENT_MONTHS,
    numerator=handling,
    denominator=_seconds("on_queue", "handling_us + available_us"),
    unit=Unit.SHARE,
    direction=Direction.NONE,
    source=AMAZON,
    beside=("asa", "service-level"),
    symbols="h_s / (h_s + v)",
    gamed=_(
        "Chat slowly, or stay in wrap-up. Watch wrap-up and waiting times. Too high wears people out, too low "
        "is idle: it has no colour, and is no target for one person."
    ),
    decision=_(
        "Time busy with at least one contact, so that parallel chats cannot make it more than all. It follows "
        "from size and staffing."
    ),
)
UTILISATION = Kpi(
    slug="utilisation",
    name=_("Utilisation"),
    question=_("What share of the paid time went to customers?"),
    formula=_("Time busy with contacts, divided by paid time."),
    fact=AGENT_MONTHS,
    numerator=handling,
    denominator=paid,
    unit=Unit.SHARE,
    direction=Direction.NONE,
    source=METRICNET,
    beside=("occupancy",),
    symbols="h_s / p_s",
    gamed=_("Work slowly. Watch occupancy and handle time."),
    decision=_(
        "Handling over paid time, as MetricNet has it; with waiting time included it is called presence here. "
        "They answer different questions."
    ),
)
PRESENCE = UTILISATION.variant_of(
    "presence",
    name=_("Presence"),
    question=_("What share of the paid time were agents there for customers?"),
    formula=_("Time busy with contacts or free and waiting for them, divided by paid time."),
    numerator=_seconds("on_queue", "handling_us + available_us"),
    source=CALL_CENTRE_HELPER,
    symbols="(h_s + v) / p_s",
)
ENPS = Kpi(
    slug="enps",
    name=_("Employees' recommendation (eNPS)"),
    question=_("Would our own people recommend us as a workplace?"),
    formula=_(
        "Share of 9 and 10 minus share of 0 to 6, in points. Nothing is shown of fewer than five answers, nor what "
        "would let a reader work them out from other values."
    ),
    fact=PULSE,
    numerator=Measure("enps_balance", "enps IS NOT NULL", "promotion"),
    denominator=Measure("enps_answers", "enps IS NOT NULL"),
    squares=Measure("enps_squares", "enps IS NOT NULL", "promotion * promotion"),
    factor=100,
    unit=Unit.POINTS,
    direction=Direction.HIGHER_IS_BETTER,
    source=BAIN,
    beside=("pulse-response-rate",),
    symbols="100 (P − D) / n",
    gamed=_(
        "Press people to answer well. Answers are anonymous, and small groups are not shown; watch how many answer."
    ),
)
PULSE_RESPONSE_RATE = Kpi(
    slug="pulse-response-rate",
    name=_("Employees who answered"),
    question=_("What share of our own people answered the pulse?"),
    formula=_("Answers divided by the headcount of the teams, in months in which there was a pulse."),
    fact=HEADCOUNTS,
    numerator=Measure("pulse_answers", "in_round", "answers"),
    denominator=Measure("headcount", "in_round", "headcount"),
    unit=Unit.SHARE,
    direction=Direction.HIGHER_IS_BETTER,
    source=POPULUM,
    beside=("enps",),
    symbols="n / E",
    gamed=_("Ask only the content, or let leads collect the answers. Watch it over time: a fall says something too."),
)

KPIS = (OCCUPANCY, UTILISATION, PRESENCE, ENPS, PULSE_RESPONSE_RATE)
