"""How reachable are we? Dated by arrival; over valid inbound contacts that entered a queue of a live channel."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from metrics.definition import Direction, Kpi, Measure, Source, Unit
from metrics.facts.contacts import CONTACTS, HANDLED_REASONS, QUEUE_REASONS

AMAZON = Source(
    "Amazon Connect, metrics definitions",
    "https://docs.aws.amazon.com/connect/latest/adminguide/metrics-definitions.html",
)
GENESYS = Source(
    "Genesys Cloud, configure the service level calculation",
    "https://help.mypurecloud.com/articles/configure-the-service-level-calculation/",
)
ICMI = Source(
    "ICMI, Service Level Calculations",
    "https://www.icmi.com/Resources/QueueTips/2005/March/Service-Level-Calculations.aspx",
)
OURS = Source("Our own definition: see metrics/DECISIONS.md")
GOOGLE = Source(
    "Google CCAI Platform, data dictionary",
    "https://cloud.google.com/contact-center/ccai-platform/docs/data-dictionary",
)

# A: answered; B: abandoned in the queue; F: left it by callback or voicemail.
A, B, F = "is_answered", "is_abandoned", "is_flow_out"
IN_TIME = "in_time"
SHORT = "is_short"
# A row without a measured wait is neither short nor within the threshold.
LONG_ENOUGH = "is_short IS NOT TRUE"
NOT_WITHIN = "in_time IS NOT TRUE"

OFFERED_ROWS = "is_valid AND (in_queue OR NOT live)"

answered_in_queue = Measure("answered_in_queue", A)
wait = Measure("wait", A, "wait_us", scale=1_000_000)
wait_squares = Measure("wait_squares", A, "(wait_us / 1000) * (wait_us / 1000)", scale=1_000_000, column_type="numeric")

OFFERED = Kpi(
    slug="offered",
    name=_("Offered"),
    question=_("How many contacts came to us?"),
    formula=_("Valid inbound contacts that entered a queue (phone, chat) or were received (e-mail, web form)."),
    fact=CONTACTS,
    numerator=Measure("offered", OFFERED_ROWS),
    unit=Unit.COUNT,
    direction=Direction.NONE,
    source=AMAZON,
    reasons=QUEUE_REASONS,
    beside=("handled", "abandoned", "blocked", "ivr-abandoned"),
    symbols="A + B + F + Q + R",
    gamed=_(
        "Lose contacts before they are counted: in the voice menu, by a busy tone, by marking them as spam. "
        "Watch what is blocked, what is lost in the menu, and what is left out by reason."
    ),
    decision=_(
        "A contact is dated by its arrival, so that everything counted about it lies in the same period. "
        "Amazon dates it by its end, Genesys by when the figure is computed."
    ),
)
ANSWERED = Kpi(
    slug="answered",
    name=_("Answered"),
    question=_("How many contacts did a human answer directly?"),
    formula=_("Valid inbound contacts whose outcome is answered."),
    fact=CONTACTS,
    numerator=Measure("answered", "is_valid AND outcome = 'answered'"),
    unit=Unit.COUNT,
    direction=Direction.NONE,
    source=AMAZON,
    reasons=QUEUE_REASONS,
    beside=("offered", "abandoned", "aht:hold"),
    symbols="A + A_u",
    gamed=_("Pick up and put on hold at once: it counts as answered. Watch the hold time and calls of a few seconds."),
)
HANDLED = Kpi(
    slug="handled",
    name=_("Handled"),
    question=_("How many contacts did a human serve?"),
    formula=_(
        "Valid inbound contacts that a human served: call or chat answered and ended, e-mail replied to, "
        "callback or voicemail called back and reached."
    ),
    fact=CONTACTS,
    numerator=Measure("handled", "is_handled"),
    unit=Unit.COUNT,
    direction=Direction.NONE,
    source=AMAZON,
    reasons=HANDLED_REASONS,
    beside=("offered", "repeat-contacts", "csat"),
    symbols="H",
    gamed=_(
        "Close e-mails with a reply that answers nothing, or end calls early. Watch repeat contacts and what "
        "customers say."
    ),
)
ABANDONED = Kpi(
    slug="abandoned",
    name=_("Abandoned"),
    question=_("How many customers gave up waiting?"),
    formula=_("Valid inbound contacts that the customer ended in the queue before a human answered."),
    fact=CONTACTS,
    numerator=Measure("abandoned", B),
    unit=Unit.COUNT,
    direction=Direction.LOWER_IS_BETTER,
    source=AMAZON,
    reasons=QUEUE_REASONS,
    beside=("abandonment", "ivr-abandoned"),
    symbols="B",
    gamed=_(
        "Keep callers in the voice menu, where giving up is not counted here. Watch what is lost in the voice menu."
    ),
)
IVR_ABANDONED = Kpi(
    slug="ivr-abandoned",
    name=_("Lost in the voice menu"),
    question=_("How many customers hung up before they reached a queue?"),
    formula=_("Valid inbound contacts that ended in the voice menu."),
    fact=CONTACTS,
    numerator=Measure("ivr_abandoned", "is_valid AND outcome = 'ivr_abandoned'"),
    unit=Unit.COUNT,
    direction=Direction.LOWER_IS_BETTER,
    source=GOOGLE,
    reasons=tuple(reason for reason in QUEUE_REASONS if reason.code != "ivr_abandoned"),
    beside=("abandonment", "longest-wait"),
    symbols="I",
    gamed=_(
        "Let the menu end the call by itself, or put callers into a queue that nobody serves. Watch "
        "abandonment and the longest wait."
    ),
)
BLOCKED = Kpi(
    slug="blocked",
    name=_("Blocked"),
    question=_("How many customers got a busy tone?"),
    formula=_("Valid inbound contacts that were turned away before they reached us."),
    fact=CONTACTS,
    numerator=Measure("blocked", "is_valid AND outcome = 'blocked'"),
    unit=Unit.COUNT,
    direction=Direction.LOWER_IS_BETTER,
    source=OURS,
    reasons=tuple(reason for reason in QUEUE_REASONS if reason.code != "blocked"),
    beside=("abandonment", "longest-wait"),
    symbols="X",
    gamed=_("Put callers into a long queue in place of a busy tone. Watch abandonment and the longest wait."),
)

ASA = Kpi(
    slug="asa",
    name=_("Average speed of answer"),
    question=_("How long do customers wait before somebody answers?"),
    formula=_(
        "Seconds from entering the queue until answered, summed over answered contacts, divided by their number."
    ),
    fact=CONTACTS,
    numerator=wait,
    denominator=answered_in_queue,
    squares=wait_squares,
    unit=Unit.SECONDS,
    direction=Direction.LOWER_IS_BETTER,
    source=AMAZON,
    reasons=QUEUE_REASONS,
    beside=("wait:p90", "longest-wait", "abandonment"),
    symbols="Σ w / A",
    gamed=_(
        "Answer and park, send callers to voicemail, or let those wait on who are late already. Watch the "
        "90th percentile, the longest wait, flow-outs and hold."
    ),
    decision=_(
        "From entering the queue, which is comparable and ours to staff; from the first ring is shown beside "
        "it, since that is what the customer lives through. Seconds are never cut to whole ones."
    ),
)
ASA_FROM_IVR = ASA.variant_of(
    "from-ivr",
    name=_("Average speed of answer from the first ring"),
    formula=_(
        "Seconds from arrival, voice menu included, until answered, summed over answered contacts, divided by their number."
    ),
    numerator=Measure("wait_from_start", A, "wait_from_start_us", scale=1_000_000),
    squares=Measure(
        "wait_from_start_squares",
        A,
        "(wait_from_start_us / 1000) * (wait_from_start_us / 1000)",
        scale=1_000_000,
        column_type="numeric",
    ),
    source=OURS,
    symbols="Σ w_0 / A",
)

_SL_FORMULAS = {
    "sl1": (A, f"{A} AND {IN_TIME}", _("Answered within the threshold, divided by all answered."), ICMI),
    "sl2": (
        f"({A}) OR ({B})",
        f"{A} AND {IN_TIME}",
        _("Answered within the threshold, divided by answered plus abandoned."),
        ICMI,
    ),
    "sl3": (
        f"({A}) OR ({B} AND {LONG_ENOUGH})",
        f"{A} AND {IN_TIME}",
        _("Answered within the threshold, divided by answered plus abandoned, short abandonments left out."),
        GENESYS,
    ),
    "sl4": (
        f"({A}) OR ({B} AND {NOT_WITHIN})",
        f"{A} AND {IN_TIME}",
        _("Answered within the threshold, divided by answered plus abandoned after the threshold."),
        ICMI,
    ),
    "sl5": (
        f"({A}) OR ({B})",
        f"(({A}) OR ({B})) AND {IN_TIME}",
        _("Answered or abandoned within the threshold, divided by answered plus abandoned."),
        ICMI,
    ),
    "sl6": (
        f"({A}) OR ({B})",
        f"({A} AND {IN_TIME}) OR ({B} AND {SHORT})",
        _("Answered within the threshold plus short abandonments, divided by answered plus abandoned."),
        ICMI,
    ),
    "sl7": (
        f"({A}) OR ({B}) OR ({F})",
        f"(({A}) OR ({B}) OR ({F})) AND {IN_TIME}",
        _("Removed from the queue within the threshold, in whatever way, divided by all removed from the queue."),
        AMAZON,
    ),
    "sl8": (
        f"({A}) OR ({B} AND {LONG_ENOUGH}) OR ({F})",
        f"{A} AND {IN_TIME}",
        _("Answered within the threshold, divided by answered, abandoned and flow-outs, short abandonments left out."),
        GENESYS,
    ),
}

_SL_SYMBOLS = {
    "sl1": "A_T / A",
    "sl2": "A_T / (A + B)",
    "sl3": "A_T / (A + B − B_s)",
    "sl4": "A_T / (A + B − B_T)",
    "sl5": "(A_T + B_T) / (A + B)",
    "sl6": "(A_T + B_s) / (A + B)",
    "sl7": "(A_T + B_T + F_T) / (A + B + F)",
    "sl8": "A_T / (A + B − B_s + F)",
}


def _agreed(part: int) -> str:
    """The rows by the formula that each contact's agreement names."""
    whens = " ".join(f"WHEN {code.removeprefix('sl')} THEN {formula[part]}" for code, formula in _SL_FORMULAS.items())
    return f"CASE service_level_variant {whens} ELSE false END"


SERVICE_LEVEL = Kpi(
    slug="service-level",
    name=_("Service level"),
    question=_("How many customers do we answer within the time that we promised?"),
    formula=_(
        "By the formula and threshold of each client's agreement; unless agreed otherwise: answered within the "
        "threshold, divided by answered plus abandoned, short abandonments left out."
    ),
    fact=CONTACTS,
    numerator=Measure("service_level_met", _agreed(1)),
    denominator=Measure("service_level_base", _agreed(0)),
    unit=Unit.SHARE,
    direction=Direction.HIGHER_IS_BETTER,
    source=OURS,
    reasons=QUEUE_REASONS,
    beside=("abandonment", "wait:p90", "longest-wait", "flow-out-rate"),
    symbols="A_T / (A + B − B_s)",
    gamed=_(
        "Let those wait on who are late already, since only the next can still be in time; answer and park; "
        "steer callers to voicemail or a callback; ring the queue oneself in quiet hours. Watch the 90th "
        "percentile, the longest wait, flow-outs and the hold right after the answer."
    ),
    decision=_(
        "Eight formulas are in use. Ours leaves short abandonments out: a misdial of three seconds says "
        "nothing about us, anything longer does. Formulas that ignore or reward abandonment within the "
        "threshold rise when customers give up. Each agreement may name another; all eight stand side by side "
        "here."
    ),
    terms=("service_levels", "service_level_variant"),
)
SERVICE_LEVELS = tuple(
    SERVICE_LEVEL.variant_of(
        code,
        formula=formula,
        numerator=Measure(f"{code}_met", met),
        denominator=Measure(f"{code}_base", base),
        source=source,
        symbols=_SL_SYMBOLS[code],
    )
    for code, (base, met, formula, source) in _SL_FORMULAS.items()
)

ABANDONMENT = Kpi(
    slug="abandonment",
    name=_("Abandonment"),
    question=_("What share of those who waited gave up?"),
    formula=_("Abandoned divided by offered, short abandonments left out of both."),
    fact=CONTACTS,
    numerator=Measure("abandoned_long", f"{B} AND {LONG_ENOUGH}"),
    denominator=Measure("queued_without_short", f"({A}) OR ({B} AND {LONG_ENOUGH}) OR ({F})"),
    unit=Unit.SHARE,
    direction=Direction.LOWER_IS_BETTER,
    source=GENESYS,
    reasons=QUEUE_REASONS,
    beside=("service-level", "ivr-abandoned", "abandonment-recovered"),
    symbols="(B − B_s) / (A + B + F − B_s)",
    gamed=_(
        "Raise the limit of what counts as short, or hold callers in the voice menu. The limit stands in the "
        "agreement; watch what is lost in the menu, and abandonments recovered."
    ),
    decision=_(
        "Without short abandonments, which are misdials; callbacks and voicemail stay in the denominator, "
        "since these customers waited too. The raw share and the one without flow-outs are variants."
    ),
    terms=("service_levels",),
)
ABANDONMENT_RAW = ABANDONMENT.variant_of(
    "raw",
    formula=_("Abandoned divided by offered, short abandonments included."),
    numerator=ABANDONED.numerator,
    denominator=Measure("left_queue", f"({A}) OR ({B}) OR ({F})"),
    source=AMAZON,
    symbols="B / (A + B + F)",
)
ABANDONMENT_WITHOUT_FLOW_OUTS = ABANDONMENT.variant_of(
    "without-flow-outs",
    formula=_("Abandoned divided by answered plus abandoned; short abandonments and flow-outs left out."),
    denominator=SERVICE_LEVELS[2].denominator,
    source=GOOGLE,
    symbols="(B − B_s) / (A + B − B_s)",
)
ABANDONMENT_RECOVERED = Kpi(
    slug="abandonment-recovered",
    name=_("Abandonments recovered"),
    question=_("How many who gave up reached us soon after?"),
    formula=_(
        "Identified customers who abandoned and were answered within the recovery time, divided by identified abandonments."
    ),
    fact=CONTACTS,
    numerator=Measure("abandoned_recovered", f"{B} AND is_known AND is_recovered"),
    denominator=Measure("abandoned_identified", f"{B} AND is_known"),
    unit=Unit.SHARE,
    direction=Direction.HIGHER_IS_BETTER,
    source=OURS,
    reasons=QUEUE_REASONS,
    beside=("abandonment", "abandoned"),
    symbols="B_r / B_k",
    gamed=_(
        "Identify few of those who gave up: only they can be found again. Watch how many abandonments are "
        "identified, and abandonment itself."
    ),
    decision=_(
        "Only an attempt that began after the abandonment recovers it: one that ran beside it recovers nothing."
    ),
    terms=("abandon_recovery_hours",),
)
FLOW_OUT_RATE = Kpi(
    slug="flow-out-rate",
    name=_("Flow-outs"),
    question=_("What share left the queue by callback or voicemail?"),
    formula=_("Contacts that left the queue by callback or voicemail, divided by all that left it."),
    fact=CONTACTS,
    numerator=Measure("flow_outs", F),
    denominator=ABANDONMENT_RAW.denominator,
    unit=Unit.SHARE,
    direction=Direction.NONE,
    source=GENESYS,
    reasons=QUEUE_REASONS,
    beside=("queue-callbacks-kept", "service-level", "repeat-contacts"),
    symbols="F / (A + B + F)",
    gamed=_(
        "Nothing to win here; but a rising share makes the waiting figures look better than the wait was. "
        "Watch whether callbacks are kept, and repeat contacts."
    ),
)

LONGEST_WAIT = Kpi(
    slug="longest-wait",
    name=_("Longest wait"),
    question=_("How long did the unluckiest customer wait?"),
    formula=_("The longest time in the queue, however it ended."),
    fact=CONTACTS,
    numerator=Measure(
        "longest_wait", "in_queue AND outcome <> '' AND wait_us IS NOT NULL", "wait_us", "max", 1_000_000
    ),
    unit=Unit.SECONDS,
    direction=Direction.LOWER_IS_BETTER,
    source=AMAZON,
    reasons=QUEUE_REASONS,
    beside=("wait:p90", "flow-out-rate", "abandonment"),
    symbols="max w_q",
    gamed=_(
        "End a wait by moving the caller to voicemail or to another queue. It grows with volume, so a busy period is "
        "never compared with a quiet one. Watch the 90th percentile."
    ),
    decision=_("Over everybody who waited, however it ended: whoever gave up after ten minutes waited too."),
)
LONGEST_WAIT_ANSWERED = LONGEST_WAIT.variant_of(
    "answered",
    formula=_("The longest time in the queue of a contact that was answered."),
    numerator=Measure("longest_wait_answered", A, "wait_us", "max", 1_000_000),
    symbols="max w",
)
LONGEST_WAIT_ABANDONED = LONGEST_WAIT.variant_of(
    "abandoned",
    formula=_("The longest time in the queue of a contact that was abandoned."),
    numerator=Measure("longest_wait_abandoned", f"{B} AND wait_us IS NOT NULL", "wait_us", "max", 1_000_000),
    symbols="max w_B",
)

WAIT_P50 = Kpi(
    slug="wait",
    variant="p50",
    name=_("Median wait"),
    question=_("How long does the customer in the middle wait?"),
    formula=_("Half of the answered contacts waited no longer than this (linear interpolation)."),
    fact=CONTACTS,
    numerator=wait,
    percentile=0.5,
    unit=Unit.SECONDS,
    direction=Direction.LOWER_IS_BETTER,
    source=OURS,
    reasons=QUEUE_REASONS,
    beside=("wait:p90", "longest-wait", "asa"),
    symbols="P_50 (w)",
    gamed=_(
        "The middle does not see the unlucky: those who are late already can wait on unseen. Watch the 90th "
        "percentile and the longest wait."
    ),
    decision=_(
        "Linear interpolation between the two nearest waits, as PostgreSQL does it. Waits are skewed, so the "
        "mean alone misleads."
    ),
)
WAIT_P80 = WAIT_P50.variant_of(
    "p80",
    name=_("Wait, 80th percentile"),
    question=_("How long do four of five customers wait at most?"),
    formula=_("80 % of the answered contacts waited no longer than this (linear interpolation)."),
    percentile=0.8,
    symbols="P_80 (w)",
)
WAIT_P90 = WAIT_P50.variant_of(
    "p90",
    name=_("Wait, 90th percentile"),
    question=_("How long do nine of ten customers wait at most?"),
    formula=_("90 % of the answered contacts waited no longer than this (linear interpolation)."),
    percentile=0.9,
    symbols="P_90 (w)",
)

KPIS = (
    OFFERED,
    ANSWERED,
    HANDLED,
    ABANDONED,
    IVR_ABANDONED,
    BLOCKED,
    ASA,
    ASA_FROM_IVR,
    SERVICE_LEVEL,
    *SERVICE_LEVELS,
    ABANDONMENT,
    ABANDONMENT_RAW,
    ABANDONMENT_WITHOUT_FLOW_OUTS,
    ABANDONMENT_RECOVERED,
    FLOW_OUT_RATE,
    LONGEST_WAIT,
    LONGEST_WAIT_ANSWERED,
    LONGEST_WAIT_ABANDONED,
    WAIT_P50,
    WAIT_P80,
    WAIT_P90,
)
