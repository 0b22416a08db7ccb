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
    symbols="Σ b / Σ (b + f)",
    gamed=_(
        "Draw out chats, or stay in wrap-up. Watch wrap-up and handle time. It follows from staffing and volume, is "
        "never one agent's aim, and above 85 % for long it wears people out."
    ),
    decision=_(
        "Busy with at least one contact: two chats at a time count once, as Amazon counts it, so that it cannot exceed "
        "100 %. Neither high nor low is good, so it has no colour."
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
    symbols="Σ b / Σ m",
    gamed=_("Cut training and meetings, or draw out contacts. Watch occupancy, handle time and how people are."),
    decision=_(
        "Two different things are called so: MetricNet divides handling by paid time, Call Centre Helper handling plus "
        "free time. The first has the name here, the second is called presence."
    ),
)
PRESENCE = UTILISATION.variant_of(
    "presence",
    name=_("Presence"),
    question=_("What share of the paid time were agents there for customers?"),
    formula=_("Time busy with contacts or free and waiting for them, divided by paid time."),
    numerator=_seconds("on_queue", "handling_us + available_us"),
    source=CALL_CENTRE_HELPER,
    symbols="Σ (b + f) / Σ m",
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
        "Put pressure on people, or let them fear that answers can be traced. Nothing is shown of fewer than five; "
        "watch how many answered."
    ),
    decision=_(
        "Hidden below five answers, and so is the next smallest team where a total would give the hidden one away. "
        "Answers carry no name."
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
    symbols="n / G",
    gamed=_("Press people to answer, or leave those away out of the headcount. Watch how answers and headcount move."),
    decision=_("Over the headcount of the teams, those away included; months without a pulse are in neither part."),
)

KPIS = (OCCUPANCY, UTILISATION, PRESENCE, ENPS, PULSE_RESPONSE_RATE)
