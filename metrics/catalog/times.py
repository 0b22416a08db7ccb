"""How long customers wait: for a solution, for a reply, for any word at all."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.utils.translation import gettext_lazy as _

from metrics.catalog.cases import ZAMMAD, ZENDESK, resolved
from metrics.definition import Direction, Kpi, Measure, Reason, Source, Unit
from metrics.facts.business import microseconds
from metrics.facts.cases import CASE_LEFT_OUT, CREATED_CASES, REAL_CASE, RESOLVED_CASES
from metrics.facts.replies import CUSTOMER_MESSAGES

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise

HALF = _("Half take less, half take more (linear interpolation, as PostgreSQL's percentile_cont).")
NINE_OF_TEN = _("Nine of ten take less (linear interpolation, as PostgreSQL's percentile_cont).")


def _seconds(code: str, where: str, value: str) -> Measure:
    return Measure(code, where, value, scale=1_000_000)


def _squares(code: str, where: str, value: str) -> Measure:
    """For the interval of a mean: cases last for months, so whole seconds are exact enough, and fit."""
    return Measure(code, where, f"({value} / 1000000) * ({value} / 1000000)", column_type="numeric")


def _percentile(kpi: Kpi, variant: str, share: float, name: _StrPromise) -> Kpi:
    """What so many of those that a mean is taken over need at most."""
    return kpi.variant_of(
        variant,
        name=name,
        formula=HALF if share == 0.5 else NINE_OF_TEN,
        denominator=None,
        squares=None,
        percentile=share,
        symbols=f"P_{share * 100:.0f} ({kpi.symbols.removeprefix('Σ ').partition(' /')[0]})",
    )


# --- how long until it is solved

_CALENDAR = microseconds("last_resolved_at - created_at")
_FIRST = microseconds("first_resolved_at - created_at")
_calendar = _seconds("resolved_calendar", REAL_CASE, _CALENDAR)
_business = _seconds("resolved_business", REAL_CASE, "resolved_business_us")

TIME_TO_RESOLUTION = Kpi(
    slug="time-to-resolution",
    name=_("Time to resolution"),
    question=_("How long does it take until a case is solved for good?"),
    formula=_(
        "Business time from opening to last valid resolution, by the opening hours that were agreed at each moment; the "
        "mean of the cases resolved in the period."
    ),
    fact=RESOLVED_CASES,
    numerator=_business,
    denominator=resolved,
    squares=_squares("resolved_business_squares", REAL_CASE, "resolved_business_us"),
    unit=Unit.SECONDS,
    direction=Direction.LOWER_IS_BETTER,
    source=ZENDESK,
    beside=(
        "time-to-resolution:p50",
        "time-to-resolution:p90",
        "time-to-resolution:calendar",
        "backlog-age",
        "reopen-rate",
    ),
    symbols="Σ r_b / R_c",
    gamed=_(
        "Close early, park cases as waiting for the customer, or split them. Watch reopenings, long silence "
        "and the calendar time. Open cases are not in it: while the backlog grows, it looks better than it "
        "is."
    ),
    decision=_(
        "To the last valid resolution, since a reopened case was not solved; to the first is a variant. "
        "Business time by the hours in force at each moment; Zendesk uses the last schedule for all of it."
    ),
    terms=("calendar",),
)
TTR_CALENDAR = TIME_TO_RESOLUTION.variant_of(
    "calendar",
    name=_("Time to resolution, calendar"),
    formula=_("Calendar time from opening to last valid resolution: what the customer lives through."),
    numerator=_calendar,
    squares=_squares("resolved_calendar_squares", REAL_CASE, _CALENDAR),
    symbols="Σ r / R_c",
    terms=(),
)
TTR_FIRST = TIME_TO_RESOLUTION.variant_of(
    "first-calendar",
    name=_("Time to first resolution, calendar"),
    formula=_("Calendar time from opening to first valid resolution, of the cases resolved for good in the period."),
    numerator=_seconds("resolved_first", REAL_CASE, _FIRST),
    squares=None,
    symbols="Σ r_1 / R_c",
    terms=(),
)
TTR_ACTIVE = TIME_TO_RESOLUTION.variant_of(
    "active",
    name=_("Active time to resolution"),
    formula=_("As time to resolution, without the time in which we waited for the customer."),
    numerator=_seconds("resolved_active", REAL_CASE, "resolved_business_us - coalesce(waited_business_us, 0)"),
    squares=None,
    symbols="Σ (r_b − z_b) / R_c",
)
TTR_ACTIVE_CALENDAR = TIME_TO_RESOLUTION.variant_of(
    "active-calendar",
    name=_("Active time to resolution, calendar"),
    formula=_(
        "Calendar time from opening to last valid resolution, without the time in which we waited for the customer."
    ),
    numerator=_seconds("resolved_active_calendar", REAL_CASE, f"{_CALENDAR} - coalesce(waited_us, 0)"),
    squares=None,
    symbols="Σ (r − z) / R_c",
    terms=(),
)


TTR_P50 = _percentile(TIME_TO_RESOLUTION, "p50", 0.5, _("Time to resolution, median"))
TTR_P90 = _percentile(TIME_TO_RESOLUTION, "p90", 0.9, _("Time to resolution, 90th percentile"))
TTR_CALENDAR_P50 = _percentile(TTR_CALENDAR, "calendar-p50", 0.5, _("Time to resolution, calendar, median"))
TTR_CALENDAR_P90 = _percentile(TTR_CALENDAR, "calendar-p90", 0.9, _("Time to resolution, calendar, 90th percentile"))

# --- how long until we answer

_ASKED = f"{REAL_CASE} AND channel IN ('email', 'web')"
_ANSWERED = f"{_ASKED} AND first_reply_at IS NOT NULL"
_REPLY_CALENDAR = microseconds("first_reply_at - created_at")
_RESPONSE_REASONS = (
    *CASE_LEFT_OUT,
    Reason("live", "channel IN ('phone', 'chat')", _("Phone or chat: answered at once")),
    Reason("unanswered", "first_reply_at IS NULL", _("Not answered yet")),
)
first_replies = Measure("first_replies", _ANSWERED)

FIRST_RESPONSE_TIME = Kpi(
    slug="first-response-time",
    name=_("First response time"),
    question=_("How long does a customer who writes wait for the first reply?"),
    formula=_(
        "Business time from opening to the first reply by a human, of the cases opened by mail or form in the period. "
        "Automatic acknowledgements and internal notes are no replies; what is unanswered is not in the mean."
    ),
    fact=CREATED_CASES,
    numerator=_seconds("reply_business", _ANSWERED, "reply_business_us"),
    denominator=first_replies,
    squares=_squares("reply_business_squares", _ANSWERED, "reply_business_us"),
    unit=Unit.SECONDS,
    direction=Direction.LOWER_IS_BETTER,
    source=ZENDESK,
    reasons=_RESPONSE_REASONS,
    beside=("first-response-time:calendar", "first-response-time:unanswered", "sla:first-response"),
    symbols="Σ f_b / C_a",
    gamed=_(
        "Send a first reply that says nothing. Watch next reply time, long silence and how many have no reply yet."
    ),
    decision=_(
        "The first reply by a human that the customer can read. Automatic acknowledgements and notes are "
        "none; what is unanswered is counted beside it."
    ),
    terms=("calendar",),
)
FRT_CALENDAR = FIRST_RESPONSE_TIME.variant_of(
    "calendar",
    name=_("First response time, calendar"),
    formula=_("Calendar time from opening to the first reply by a human."),
    numerator=_seconds("reply_calendar", _ANSWERED, _REPLY_CALENDAR),
    squares=_squares("reply_calendar_squares", _ANSWERED, _REPLY_CALENDAR),
    symbols="Σ f / C_a",
    terms=(),
)
FRT_UNANSWERED = FIRST_RESPONSE_TIME.variant_of(
    "unanswered",
    name=_("Unanswered cases"),
    question=_("How many who wrote have no reply yet?"),
    formula=_("Cases opened by mail or form in the period without any reply by a human."),
    numerator=Measure("never_replied", f"{_ASKED} AND first_reply_at IS NULL"),
    denominator=None,
    squares=None,
    unit=Unit.COUNT,
    symbols="C_w − C_a",
    terms=(),
)

FRT_P50 = _percentile(FIRST_RESPONSE_TIME, "p50", 0.5, _("First response time, median"))
FRT_P90 = _percentile(FIRST_RESPONSE_TIME, "p90", 0.9, _("First response time, 90th percentile"))

_NEW = f"{REAL_CASE} AND is_valid AND is_new AND answered_at IS NOT NULL"
NEXT_REPLY_TIME = Kpi(
    slug="next-reply-time",
    name=_("Next reply time"),
    question=_("How long does a customer who writes again wait for a reply?"),
    formula=_(
        "Business time from the oldest unanswered message on a case to the next reply by a human. "
        "Messages in a row are one wait; the opening of the case counts as first response."
    ),
    fact=CUSTOMER_MESSAGES,
    numerator=_seconds("next_reply_business", _NEW, "reply_business_us"),
    denominator=Measure("next_replies", _NEW),
    squares=_squares("next_reply_business_squares", _NEW, "reply_business_us"),
    unit=Unit.SECONDS,
    direction=Direction.LOWER_IS_BETTER,
    source=Source(
        "fivetran, dbt_zendesk",
        "https://github.com/fivetran/dbt_zendesk/blob/main/models/reply_times/int_zendesk__ticket_reply_times.sql",
    ),
    beside=("first-response-time", "silence"),
    symbols="Σ y_b / W",
    gamed=_("Answer with a word to stop the clock. Watch contacts per case and what customers say."),
    decision=_("From the oldest unanswered message: messages in a row are one wait."),
    terms=("calendar",),
)
NRT_CALENDAR = NEXT_REPLY_TIME.variant_of(
    "calendar",
    name=_("Next reply time, calendar"),
    formula=_("Calendar time from the oldest unanswered message on a case to the next reply by a human."),
    numerator=_seconds("next_reply_calendar", _NEW, "reply_us"),
    squares=_squares("next_reply_calendar_squares", _NEW, "reply_us"),
    symbols="Σ y / W",
    terms=(),
)

# --- how long do we leave them without a word

SILENCE = Kpi(
    slug="silence",
    name=_("Long silence"),
    question=_("How many cases do we leave without a word for too long?"),
    formula=_(
        "Resolved cases with a silence longer than agreed (48 hours unless otherwise), divided by resolved cases. Silence is "
        "the longest time in which the case was open, did not wait for the customer, and neither side spoke or wrote."
    ),
    fact=RESOLVED_CASES,
    numerator=Measure("silent_cases", f"{REAL_CASE} AND is_silent"),
    denominator=resolved,
    unit=Unit.SHARE,
    direction=Direction.LOWER_IS_BETTER,
    source=ZAMMAD,
    beside=("silence:p90", "status-enquiries"),
    symbols="R_s / R_c",
    gamed=_(
        "Send words without content, or set cases to wait for the customer. Watch status enquiries and time "
        "to resolution."
    ),
    decision=_("Calendar time, as the customer lives through it. An automatic mail breaks no silence."),
    terms=("silence_hours",),
)


SILENCE_P90 = SILENCE.variant_of(
    "p90",
    name=_("Longest silence, 90th percentile"),
    question=_("How long do we leave a customer without a word?"),
    formula=NINE_OF_TEN,
    numerator=_seconds("silence", REAL_CASE, "silence_us"),
    denominator=None,
    unit=Unit.SECONDS,
    percentile=0.9,
    symbols="P_90 (s)",
)

RESOLUTION_KPIS = (
    TIME_TO_RESOLUTION,
    TTR_P50,
    TTR_P90,
    TTR_CALENDAR,
    TTR_CALENDAR_P50,
    TTR_CALENDAR_P90,
    TTR_FIRST,
    TTR_ACTIVE,
    TTR_ACTIVE_CALENDAR,
    FIRST_RESPONSE_TIME,
    FRT_P50,
    FRT_P90,
    FRT_CALENDAR,
    FRT_UNANSWERED,
    NEXT_REPLY_TIME,
    NRT_CALENDAR,
)
DEMAND_KPIS = (SILENCE, SILENCE_P90)
