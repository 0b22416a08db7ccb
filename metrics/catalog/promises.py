"""Do we keep what we promise? Dated by when it was due; and by arrival, whether there was a promise at all."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from metrics.catalog.accessibility import AMAZON, OURS
from metrics.definition import Direction, Kpi, Measure, Reason, Source, Unit
from metrics.facts.cases import CASE_LEFT_OUT, FIRST_CONTACTS, REAL_CASE
from metrics.facts.contacts import CONTACTS, QUEUE_REASONS
from metrics.facts.promises import DUE, DUE_IN_THE_END, PROMISES

GIVEN = "left_out = ''"
ICMI = Source(
    "ICMI, Customer service is keeping promises",
    "https://www.icmi.com/resources/2020/customer-service-is-keeping-promises",
)
NOT_SOLVED = f"{REAL_CASE} AND first_handled_at IS NOT NULL AND in_grace IS NOT TRUE"
CALLBACK = "is_valid AND outcome = 'callback_requested' AND NOT is_withdrawn"

promises_given = Measure("promises_given", GIVEN)

PROMISES_KEPT = Kpi(
    slug="promises-kept",
    name=_("Promises kept"),
    question=_("Do we do what we told customers, by the time that we told them?"),
    formula=_(
        "Promises fulfilled by their time, divided by promises due. One that the customer moved has a new time; one "
        "that we moved is judged by the first. Due and not fulfilled is broken."
    ),
    fact=PROMISES,
    numerator=Measure("promises_kept", f"{GIVEN} AND is_kept"),
    denominator=promises_given,
    unit=Unit.SHARE,
    direction=Direction.HIGHER_IS_BETTER,
    source=ICMI,
    maturity=DUE,
    beside=("promise-coverage", "promises-kept:lenient", "queue-callbacks-kept"),
    symbols="V_k / V",
    gamed=_("Promise nothing, or something far away. Watch how many cases carry a promise."),
    decision=_(
        "By the first time unless the customer moved it: a promise that we move is broken. By the last time "
        "is a variant."
    ),
)
PROMISES_KEPT_LENIENT = PROMISES_KEPT.variant_of(
    "lenient",
    name=_("Promises kept, by their last time"),
    formula=_("Promises fulfilled by their last time, whoever moved it, divided by promises due."),
    numerator=Measure("promises_kept_in_the_end", f"{GIVEN} AND is_kept_in_the_end"),
    maturity=DUE_IN_THE_END,
    source=OURS,
    symbols="V_l / V",
)
PROMISE_COVERAGE = Kpi(
    slug="promise-coverage",
    name=_("Cases with a promise"),
    question=_("When we cannot solve it at once, do we say by when the customer hears from us?"),
    formula=_(
        "Cases that carry a promise, divided by cases whose first contact was served and that were not solved with it."
    ),
    fact=FIRST_CONTACTS,
    numerator=Measure("promised_cases", f"{NOT_SOLVED} AND has_promise"),
    denominator=Measure("unsolved_cases", NOT_SOLVED),
    unit=Unit.SHARE,
    direction=Direction.HIGHER_IS_BETTER,
    source=OURS,
    reasons=(
        *CASE_LEFT_OUT,
        Reason("not_handled", "first_handled_at IS NULL", _("No human has served it yet")),
        Reason("solved", "in_grace", _("Solved with the first contact")),
    ),
    beside=("promises-kept",),
    symbols="U_v / U",
    gamed=_("Promise at once and at random. Watch promises kept."),
)
QUEUE_CALLBACKS_KEPT = Kpi(
    slug="queue-callbacks-kept",
    name=_("Callbacks kept"),
    question=_("Do we reach those whom we promised to call back instead of waiting?"),
    formula=_(
        "Callbacks asked for at which the customer was reached, divided by callbacks asked for. Left out: those that "
        "the customer took back herself. Not kept: those where she called first."
    ),
    fact=CONTACTS,
    numerator=Measure("callbacks_reached", f"{CALLBACK} AND is_handled"),
    denominator=Measure("callbacks_requested", CALLBACK),
    unit=Unit.SHARE,
    direction=Direction.HIGHER_IS_BETTER,
    source=AMAZON,
    reasons=QUEUE_REASONS,
    beside=("flow-out-rate", "promises-kept"),
    symbols="F_k / F_c",
    gamed=_(
        "Call once, briefly, at a bad time, and count it. Only a customer who was reached counts; watch "
        "flow-outs and repeat contacts."
    ),
)

KPIS = (PROMISES_KEPT, PROMISES_KEPT_LENIENT, PROMISE_COVERAGE, QUEUE_CALLBACKS_KEPT)
