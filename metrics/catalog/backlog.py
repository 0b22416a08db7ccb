"""What lies before us: cases that are open at an instant, how old they are, how many were open on average."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from metrics.catalog.accessibility import OURS
from metrics.catalog.cases import ZENDESK
from metrics.catalog.times import HALF, NINE_OF_TEN
from metrics.definition import Direction, Flow, Kpi, Measure, Part, Reason, Source, Unit
from metrics.facts.business import business_us, microseconds
from metrics.facts.cases import CASE_LEFT_OUT, CREATED_CASES, FIRST_RESOLVED_CASES, REAL_CASE

OPEN = "(tstzrange(created_at, first_resolved_at) @> instant OR open_again @> instant)"
OUR_TURN = "NOT coalesce(waits @> instant, false)"
LITTLE = Source("Little, a proof for the queuing formula L = λW", "https://doi.org/10.1287/opre.9.3.383")
_SHOWS = f"""k.external_id AS case_id, x.id AS case_number, x.channel, x.created_at,
    extract(epoch FROM x.instant - x.created_at) AS age_seconds,
    {business_us("x.client_id", "x.created_at", "x.instant")} / 1e6 AS business_age_seconds,
    coalesce(x.waits @> x.instant, false) AS waits_for_customer,
    q.code AS queue, coalesce(u.code, u.username) AS agent, t.path AS topic"""

BACKLOG = Kpi(
    slug="backlog",
    name=_("Backlog"),
    question=_("How many cases are open?"),
    formula=_(
        "Cases opened or reopened at or before the instant and resolved after it or not yet. Over a period: at its end."
    ),
    fact=CREATED_CASES,
    numerator=Measure("open_cases", REAL_CASE),
    unit=Unit.COUNT,
    direction=Direction.NONE,
    source=ZENDESK,
    stock=OPEN,
    shows=_SHOWS,
    beside=("backlog:our-turn", "backlog-age", "created", "resolved"),
    symbols="N",
    gamed=_(
        "Close cases unsolved, or leave contacts without a case. Watch reopenings, repeat contacts and abandonment."
    ),
    decision=_(
        "A stock, counted at an instant. Some products report created minus closed as backlog, which is a "
        "flow and can be negative."
    ),
)
BACKLOG_OUR_TURN = BACKLOG.variant_of(
    "our-turn",
    name=_("Backlog, our turn"),
    question=_("How many open cases wait for us?"),
    formula=_("As the backlog, without the cases in which we wait for the customer."),
    numerator=Measure("our_turn", f"{REAL_CASE} AND {OUR_TURN}"),
    reasons=(*CASE_LEFT_OUT, Reason("waiting_customer", "waits @> instant", _("Waiting for the customer"))),
    symbols="N_o",
)
_AGE = microseconds("instant - created_at")
BACKLOG_AGE = Kpi(
    slug="backlog-age",
    name=_("Age of the backlog"),
    question=_("How long have the open cases been open?"),
    formula=_("Calendar time from opening to the instant, of the open cases; reopened ones from their first opening."),
    fact=CREATED_CASES,
    numerator=Measure("open_age", REAL_CASE, _AGE, scale=1_000_000),
    denominator=BACKLOG.numerator,
    unit=Unit.SECONDS,
    direction=Direction.LOWER_IS_BETTER,
    source=OURS,
    stock=OPEN,
    shows=_SHOWS,
    beside=("backlog", "backlog-age:business", "backlog-age:p90", "backlog-age:oldest"),
    symbols="Σ b / N",
    gamed=_(
        "Close the oldest and open them anew: a new case is young. Watch repeat contacts and the oldest open case."
    ),
)
BACKLOG_AGE_BUSINESS = BACKLOG_AGE.variant_of(
    "business",
    name=_("Age of the backlog, business"),
    formula=_("Business time from opening to the instant, of the open cases."),
    numerator=Measure(
        "open_business_age",
        REAL_CASE,
        business_us("f.client_id", "f.created_at", "instant"),
        scale=1_000_000,
    ),
    symbols="Σ b_b / N",
)
BACKLOG_AGE_P50 = BACKLOG_AGE.variant_of(
    "p50",
    name=_("Age of the backlog, median"),
    formula=HALF,
    denominator=None,
    percentile=0.5,
    symbols="P_50 (b)",
)
BACKLOG_AGE_P90 = BACKLOG_AGE.variant_of(
    "p90",
    name=_("Age of the backlog, 90th percentile"),
    formula=NINE_OF_TEN,
    denominator=None,
    percentile=0.9,
    symbols="P_90 (b)",
)
BACKLOG_AGE_OLDEST = BACKLOG_AGE.variant_of(
    "oldest",
    name=_("Oldest open case"),
    question=_("How long has the oldest open case been open?"),
    formula=_("The longest calendar time from opening to the instant among the open cases."),
    numerator=Measure("oldest_open", REAL_CASE, _AGE, aggregate="max", scale=1_000_000),
    denominator=None,
    symbols="max b",
)

_CAME = Measure("created_cases", REAL_CASE)
_CAME_AT = Measure("created_moments", REAL_CASE, microseconds("created_at"), column_type="numeric")
_LEFT = Measure("first_resolved_cases", REAL_CASE)
_LEFT_AT = Measure("first_resolved_moments", REAL_CASE, microseconds("first_resolved_at"), column_type="numeric")

OPEN_CASES = Kpi(
    slug="open-cases",
    name=_("Open cases on average"),
    question=_("How many cases are open at a time?"),
    formula=_("Seconds in the period in which cases were open, of all cases, divided by the seconds of the period."),
    fact=CREATED_CASES,
    numerator=_CAME,
    unit=Unit.RATIO,
    direction=Direction.NONE,
    source=LITTLE,
    average=Flow(
        came=Part(CREATED_CASES, _CAME),
        came_at=Part(CREATED_CASES, _CAME_AT),
        left=Part(FIRST_RESOLVED_CASES, _LEFT),
        left_at=Part(FIRST_RESOLVED_CASES, _LEFT_AT),
        again="open_again",
        present="(coalesce(first_resolved_at, 'infinity') > %(start)s OR open_again && tstzrange(%(start)s, %(end)s))",
    ),
    shows="""k.external_id AS case_id, x.id AS case_number, x.channel, x.created_at, x.first_resolved_at,
        q.code AS queue, coalesce(u.code, u.username) AS agent, t.path AS topic""",
    beside=("backlog", "time-to-resolution:calendar"),
    symbols="Σ o / p",
    gamed=_(
        "Close cases before the customer is helped. Watch reopenings. In a steady period it equals cases "
        "opened a day times the days that they stay open; the self-audit looks whether it does."
    ),
)

KPIS = (
    BACKLOG,
    BACKLOG_OUR_TURN,
    BACKLOG_AGE,
    BACKLOG_AGE_BUSINESS,
    BACKLOG_AGE_P50,
    BACKLOG_AGE_P90,
    BACKLOG_AGE_OLDEST,
    OPEN_CASES,
)
