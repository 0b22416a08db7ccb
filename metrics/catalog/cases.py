"""What happens to cases: how many there are, whether they stay solved, whether we keep the times that we agreed."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from metrics.catalog.accessibility import AMAZON, OURS
from metrics.definition import Direction, Kpi, Measure, Source, Unit
from metrics.facts.business import microseconds
from metrics.facts.cases import (
    CREATED_CASES,
    FIRST_RESOLVED_CASES,
    FIRST_RESPONSES_DUE,
    REAL_CASE,
    REOPEN_WINDOW,
    RESOLUTION_DUE,
    RESOLUTIONS_DUE,
    RESOLVED_CASES,
    RESPONSE_DUE,
)

ZENDESK = Source("Zendesk, duration metrics", "https://support.zendesk.com/hc/en-us/articles/4408834848154")
ZAMMAD = Source("Zammad, reports", "https://github.com/zammad/zammad/tree/develop/lib/report")
HDI = Source("MetricNet, first level and first contact resolution", "https://metricnet.com/it-support-metrics-roundup/")

created = Measure("created_cases", REAL_CASE)
resolved = Measure("resolved_cases", REAL_CASE)

# --- how many

CREATED = Kpi(
    slug="created",
    name=_("Opened cases"),
    question=_("How many cases come in?"),
    formula=_("Cases opened, without merged, test and spam ones."),
    fact=CREATED_CASES,
    numerator=created,
    unit=Unit.COUNT,
    direction=Direction.NONE,
    source=OURS,
    beside=("resolved", "backlog"),
    symbols="C",
    gamed=_("Open a new case for each contact, or none at all. Watch contacts per case and the backlog."),
)
RESOLVED = Kpi(
    slug="resolved",
    name=_("Resolved cases"),
    question=_("How many cases are solved for good?"),
    formula=_("Cases by their last valid resolution, if nobody has reopened them since."),
    fact=RESOLVED_CASES,
    numerator=resolved,
    unit=Unit.COUNT,
    direction=Direction.NONE,
    source=OURS,
    beside=("created", "backlog"),
    symbols="R_c",
    gamed=_("Close early. Watch reopenings, repeat contacts and the backlog."),
)
CONTACTS_PER_CASE = Kpi(
    slug="contacts-per-case",
    name=_("Contacts per case"),
    question=_("How often must a customer contact us before a case is solved?"),
    formula=_("Valid inbound contacts on the cases opened in the period, divided by these cases."),
    fact=CREATED_CASES,
    numerator=Measure("case_contacts", REAL_CASE, "contacts"),
    denominator=created,
    unit=Unit.RATIO,
    direction=Direction.LOWER_IS_BETTER,
    source=AMAZON,
    beside=("fcr", "repeat-contacts"),
    symbols="C_k / C",
    gamed=_("Open a new case for each contact. Watch first contact resolution, which matches customer and topic."),
    decision=_("Contacts by the customer, as the customer feels them; with our own calls is a variant."),
)
CONTACTS_PER_CASE_OUT = CONTACTS_PER_CASE.variant_of(
    "with-outbound",
    formula=_("As contacts per case, and calls of ours that reached the customer count too."),
    numerator=Measure("case_contacts_both", REAL_CASE, "contacts + our_calls"),
    symbols="(C_k + C_o) / C",
)
ESCALATION_RATE = Kpi(
    slug="escalation-rate",
    name=_("Escalation rate"),
    question=_("How many cases must be handed to a higher tier?"),
    formula=_("Cases that were escalated, divided by cases opened."),
    fact=CREATED_CASES,
    numerator=Measure("escalated_cases", f"{REAL_CASE} AND escalated_at IS NOT NULL"),
    denominator=created,
    unit=Unit.SHARE,
    direction=Direction.LOWER_IS_BETTER,
    source=HDI,
    beside=("escalation-rate:first-level-resolution", "fcr"),
    symbols="C_e / C",
    gamed=_(
        "Keep what should go to somebody who can solve it. Watch time to resolution, reopenings and first "
        "contact resolution."
    ),
    decision=_("A change of tier, written as an event; a consultation is none, and neither is an overdue target."),
)
FIRST_LEVEL = ESCALATION_RATE.variant_of(
    "first-level-resolution",
    name=_("First level resolution"),
    question=_("How many cases does the first level solve by itself?"),
    formula=_("Resolved cases that were never escalated, divided by resolved cases."),
    fact=RESOLVED_CASES,
    numerator=Measure("resolved_first_level", f"{REAL_CASE} AND escalated_at IS NULL"),
    denominator=resolved,
    direction=Direction.HIGHER_IS_BETTER,
    beside=("escalation-rate", "fcr"),
    symbols="R_f / R_c",
)

# --- do they stay solved


def _reopened(code: str, column: str) -> Measure:
    return Measure(code, f"{REAL_CASE} AND {column} <= reopen_mature_at")


REOPEN_RATE = Kpi(
    slug="reopen-rate",
    name=_("Reopen rate"),
    question=_("How many solved cases turn out not to be solved?"),
    formula=_(
        "Cases validly reopened within the window after their first resolution, divided by the cases first resolved in "
        "the period whose window has passed. A mere thank-you reopens nothing."
    ),
    fact=FIRST_RESOLVED_CASES,
    numerator=_reopened("reopened", "reopened_at"),
    denominator=Measure("first_resolved_cases", REAL_CASE),
    unit=Unit.SHARE,
    direction=Direction.LOWER_IS_BETTER,
    source=ZENDESK,
    maturity=REOPEN_WINDOW,
    beside=("repeat-contacts", "fcr"),
    symbols="M_r / M",
    gamed=_(
        "Open a new case in place of the old one, or lock what is closed. Watch repeat contacts, which match "
        "customer and topic."
    ),
    decision=_("A mere thank-you reopens nothing; the raw share counts it."),
    terms=("reopen_window_days",),
)
REOPEN_RATE_RAW = REOPEN_RATE.variant_of(
    "raw",
    formula=_("As the reopen rate, and a mere thank-you counts too."),
    numerator=_reopened("reopened_raw", "reopened_raw_at"),
    source=ZAMMAD,
    symbols="M_rr / M",
)

# --- do we keep what we agreed

SLA_RESPONSE = Kpi(
    slug="sla",
    variant="first-response",
    name=_("First responses in time"),
    question=_("Do we reply within the time that we agreed?"),
    formula=_(
        "First replies no later than the target that was frozen when the case was opened, divided by all first responses "
        "that were due in the period. What is overdue and still open counts as broken at once."
    ),
    fact=FIRST_RESPONSES_DUE,
    numerator=Measure("responses_in_time", f"{REAL_CASE} AND first_reply_at <= first_response_due_at"),
    denominator=Measure("responses_due", REAL_CASE),
    unit=Unit.SHARE,
    direction=Direction.HIGHER_IS_BETTER,
    source=OURS,
    maturity=RESPONSE_DUE,
    beside=("sla:first-response-calendar", "first-response-time"),
    symbols="T_f / T_fd",
    gamed=_(
        "Close early, park cases as waiting for the customer, change the priority, split cases, or send an "
        "empty reply. Watch long silence, reopenings and the time that the customer waited."
    ),
    decision=_(
        "By the due time, and against the target that was frozen when the case was opened: what is overdue "
        "and open is broken at once, and later agreements change no old promise."
    ),
    terms=("first_response_business_seconds", "first_response_channels", "calendar"),
)
SLA_RESPONSE_CALENDAR = SLA_RESPONSE.variant_of(
    "first-response-calendar",
    name=_("First responses in time, calendar"),
    formula=_(
        "As first responses in time, but the same target in calendar time: shows how generous the opening hours are."
    ),
    numerator=Measure(
        "responses_in_calendar_time",
        f"{REAL_CASE} AND {microseconds('first_reply_at - created_at')} <= response_target_us",
    ),
    symbols="T_fc / T_fd",
)
SLA_RESOLUTION = SLA_RESPONSE.variant_of(
    "resolution",
    name=_("Resolutions in time"),
    question=_("Do we resolve within the time that we agreed?"),
    formula=_(
        "Cases first resolved no later than the target that was frozen when they were opened, divided by all resolutions "
        "that were due in the period. What is overdue and still open counts as broken at once."
    ),
    fact=RESOLUTIONS_DUE,
    numerator=Measure("resolutions_in_time", f"{REAL_CASE} AND first_resolved_at <= resolution_due_at"),
    denominator=Measure("resolutions_due", REAL_CASE),
    maturity=RESOLUTION_DUE,
    beside=("sla", "time-to-resolution"),
    symbols="T_r / T_rd",
    terms=("resolution_business_seconds", "calendar"),
)
SLA = SLA_RESPONSE.variant_of(
    "",
    name=_("Agreed times kept"),
    question=_("Do we keep the times that we agreed?"),
    formula=_(
        "Targets met, divided by targets that were due in the period: one for the first response and one for the "
        "resolution of each case that has them. What is overdue and still open counts as broken at once."
    ),
    together=(SLA_RESPONSE, SLA_RESOLUTION),
    shows="""k.external_id AS case_id, x.id AS case_number, x.channel, x.created_at, x.listed_at AS due_at,
        CASE x.part WHEN 0 THEN 'first_response' ELSE 'resolution' END AS target,
        CASE x.part WHEN 0 THEN x.first_reply_at ELSE x.first_resolved_at END AS done_at,
        q.code AS queue, coalesce(u.code, u.username) AS agent, t.path AS topic""",
    beside=("sla:first-response", "sla:resolution"),
    symbols="(T_f + T_r) / (T_fd + T_rd)",
    terms=("first_response_business_seconds", "first_response_channels", "resolution_business_seconds", "calendar"),
)

KPIS = (
    CREATED,
    RESOLVED,
    CONTACTS_PER_CASE,
    CONTACTS_PER_CASE_OUT,
    ESCALATION_RATE,
    FIRST_LEVEL,
    REOPEN_RATE,
    REOPEN_RATE_RAW,
    SLA,
    SLA_RESPONSE,
    SLA_RESPONSE_CALENDAR,
    SLA_RESOLUTION,
)
