"""Do we solve it, and at once?"""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from metrics.catalog.accessibility import AMAZON, OURS
from metrics.definition import Direction, Kpi, Measure, Source, Unit
from metrics.facts.cases import (
    FCR_WINDOW,
    FCR_WINDOW_14,
    FCR_WINDOW_30,
    FIRST_CONTACTS,
    REAL_CASE,
    RESOLVED_CASES,
)
from metrics.facts.contacts import CONTACTS, HANDLED_REASONS, REPEAT_WINDOW

COHORT = f"{REAL_CASE} AND is_known"
NET = f"{COHORT} AND fcr_eligible"
METRICNET = Source(
    "MetricNet, gross and net first contact resolution",
    "https://customerthink.com/first_call_resolution_metrics_gross_vs_net_fcr/",
)
CAPTURI = Source(
    "Capturi, understanding repeat calls",
    "https://capturi.stonly.com/kb/guide/en/understanding-repeat-calls-efjfyibyes",
)
SQM = Source(
    "SQM Group, FCR operating philosophy",
    "https://www.sqmgroup.com/resources/library/blog/fcr-metric-operating-philosophy",
)


def _nothing_more(column: str, mature_at: str) -> str:
    return f"in_grace AND ({column} IS NULL OR {column} > {mature_at})"


_STRICT = f"{_nothing_more('again_at', 'mature_at')} AND NOT is_escalated"

FCR = Kpi(
    slug="fcr",
    name=_("First contact resolution"),
    question=_("How often is the customer's matter solved at the first contact?"),
    formula=_(
        "Cases whose first contact was handled, that were resolved within the grace time after it, without escalation, "
        "without another contact by the customer on the same case or topic, without another by us and without a "
        "reopening within the window; divided by all cases whose window has passed."
    ),
    fact=FIRST_CONTACTS,
    numerator=Measure("fcr", f"{COHORT} AND {_STRICT}"),
    denominator=Measure("fcr_cases", COHORT),
    unit=Unit.SHARE,
    direction=Direction.HIGHER_IS_BETTER,
    source=OURS,
    maturity=FCR_WINDOW,
    beside=("fcr:net", "fcr-survey", "repeat-contacts"),
    symbols="K_1 / K",
    gamed=_(
        "Open a new case for each contact, choose another topic, close at once, or call what is hard not "
        "solvable. So contacts are matched by customer and topic, the mark comes from the topic catalogue and "
        "never from the agent, and gross, net and survey stand side by side. Watch repeat contacts and "
        "reopenings."
    ),
    decision=_(
        "By case, within seven times 24 hours, and strictly: an escalation breaks it, as does a call or "
        "second reply of ours. SQM counts a transferred call as solved, others count calls in place of cases. "
        "Successes and failures both enter only once their window has passed: letting failures in early makes "
        "it too low, unproven successes too high."
    ),
    terms=("fcr_window_days", "resolution_grace_minutes"),
)
FCR_NET = FCR.variant_of(
    "net",
    name=_("First contact resolution, net"),
    formula=_("As first contact resolution, without cases whose topic cannot be solved at first contact."),
    numerator=Measure("fcr_net", f"{NET} AND {_STRICT}"),
    denominator=Measure("fcr_net_cases", NET),
    source=METRICNET,
    symbols="K_1n / K_n",
)
FCR_SAME_CASE = FCR.variant_of(
    "same-case",
    formula=_("As first contact resolution, but only another contact on the same case breaks it."),
    numerator=Measure(
        "fcr_same_case", f"{COHORT} AND {_nothing_more('again_on_case_at', 'mature_at')} AND NOT is_escalated"
    ),
    symbols="K_c / K",
)
FCR_ESCALATION = FCR.variant_of(
    "escalation-allowed",
    formula=_("As first contact resolution, but an escalation does not break it."),
    numerator=Measure("fcr_escalation", f"{COHORT} AND {_nothing_more('again_at', 'mature_at')}"),
    source=SQM,
    symbols="K_e / K",
)
FCR_SAME_CASE_ESCALATION = FCR.variant_of(
    "same-case-escalation-allowed",
    formula=_("Only another contact on the same case breaks it; an escalation does not."),
    numerator=Measure("fcr_same_case_escalation", f"{COHORT} AND {_nothing_more('again_on_case_at', 'mature_at')}"),
    source=SQM,
    symbols="K_ce / K",
)
FCR_14 = FCR.variant_of(
    "14-days",
    formula=_("As first contact resolution, with a window of 14 days."),
    numerator=Measure("fcr_14", f"{COHORT} AND {_nothing_more('again_at', 'mature_14_at')} AND NOT is_escalated"),
    maturity=FCR_WINDOW_14,
    symbols="K_1 (14 d) / K (14 d)",
)
FCR_30 = FCR.variant_of(
    "30-days",
    formula=_("As first contact resolution, with a window of 30 days."),
    numerator=Measure("fcr_30", f"{COHORT} AND {_nothing_more('again_at', 'mature_30_at')} AND NOT is_escalated"),
    maturity=FCR_WINDOW_30,
    symbols="K_1 (30 d) / K (30 d)",
)
FCR_SINGLE_CONTACT = FCR.variant_of(
    "single-contact",
    name=_("Cases resolved with one contact"),
    formula=_("Cases resolved in the period with exactly one contact by the customer, divided by cases resolved."),
    fact=RESOLVED_CASES,
    numerator=Measure("resolved_single", f"{REAL_CASE} AND contacts = 1"),
    denominator=Measure("resolved_cases", REAL_CASE),
    maturity=None,
    source=AMAZON,
    symbols="R_1 / R_c",
)

REPEAT_CONTACTS = Kpi(
    slug="repeat-contacts",
    name=_("Repeat contacts"),
    question=_("How often must a customer come back about the same matter?"),
    formula=_(
        "Handled contacts of known customers that the same customer followed by another on the same case or topic "
        "within the window, divided by those whose window has passed."
    ),
    fact=CONTACTS,
    numerator=Measure("repeated", "is_handled AND is_repeated"),
    denominator=Measure("repeat_triggers", "is_handled AND is_known"),
    unit=Unit.SHARE,
    direction=Direction.LOWER_IS_BETTER,
    source=CAPTURI,
    maturity=REPEAT_WINDOW,
    reasons=HANDLED_REASONS,
    beside=("fcr",),
    symbols="H_r / H_k",
    gamed=_(
        "Leave customer or topic empty, so that nothing can be matched. Watch how many are left out because "
        "the customer is unknown, and first contact resolution by survey."
    ),
    decision=_(
        "Same case, or same customer and topic. A call again within 15 minutes is a repeat too: some call it "
        "forwarded, but the customer had to call again."
    ),
    terms=("fcr_window_days",),
)

KPIS = (
    FCR,
    FCR_NET,
    FCR_SAME_CASE,
    FCR_ESCALATION,
    FCR_SAME_CASE_ESCALATION,
    FCR_14,
    FCR_30,
    FCR_SINGLE_CONTACT,
    REPEAT_CONTACTS,
)
