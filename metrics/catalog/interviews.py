"""What do customers say when we call them back? Drawn by the system, ten an agent and thirty days. Coaching, no ranking."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from metrics.catalog.accessibility import OURS
from metrics.definition import Direction, Kpi, Measure, Unit
from metrics.facts.interviews import COVERED_AGENTS, INTERVIEWS

ATTEMPTED = "NOT is_void"
RATED = f"{ATTEMPTED} AND is_completed AND rating IS NOT NULL"
rated = Measure("interviews_rated", RATED)

COVERAGE = Kpi(
    slug="call-back-coverage",
    name=_("Call-back interviews held"),
    question=_("How far did we get with ten interviews for every agent?"),
    formula=_(
        "Interviews completed in the 30 days to the end of the period, at most ten an agent, divided by ten for every "
        "agent who served a customer in these days."
    ),
    fact=COVERED_AGENTS,
    numerator=Measure("interviews_counted", "true", "counted"),
    denominator=Measure("interviews_wanted", "true", "goal"),
    unit=Unit.SHARE,
    direction=Direction.HIGHER_IS_BETTER,
    source=OURS,
    beside=("call-back-rating", "call-back-completion"),
    symbols="J_10 / 10 G",
    gamed=_("Call the same easy customers. The system draws whom to call; watch how many were reached."),
)
RATING = Kpi(
    slug="call-back-rating",
    name=_("Experience told in interviews"),
    question=_("How do customers whom we call back rate the whole experience?"),
    formula=_("Sum of the ratings from 1 to 5, divided by completed interviews with a rating."),
    fact=INTERVIEWS,
    numerator=Measure("interview_ratings", RATED, "rating"),
    denominator=rated,
    squares=Measure("interview_rating_squares", RATED, "rating * rating"),
    unit=Unit.SCORE,
    direction=Direction.HIGHER_IS_BETTER,
    source=OURS,
    beside=("call-back-coverage", "call-back-completion", "csat"),
    symbols="Σ x / J_x",
    gamed=_(
        "Choose friendly customers, or let the agent's own lead call. The system draws whom to call; watch "
        "refusals. Ten interviews an agent are for coaching, not for a ranking."
    ),
)
POSITIVE = RATING.variant_of(
    "positive",
    name=_("Good experience told in interviews"),
    question=_("What share of the customers whom we call back had a good experience?"),
    formula=_("Ratings of 4 or 5, divided by completed interviews with a rating."),
    numerator=Measure("interviews_positive", f"{RATED} AND rating >= 4"),
    squares=None,
    unit=Unit.SHARE,
    symbols="J_p / J_x",
)
COMPLETION = Kpi(
    slug="call-back-completion",
    name=_("Interviews completed"),
    question=_("How many of the customers whom we called back talked to us?"),
    formula=_("Interviews completed, divided by customers called; no answer and refusals are in the denominator."),
    fact=INTERVIEWS,
    numerator=Measure("interviews_completed", f"{ATTEMPTED} AND is_completed"),
    denominator=Measure("interviews_attempted", ATTEMPTED),
    unit=Unit.SHARE,
    direction=Direction.HIGHER_IS_BETTER,
    source=OURS,
    beside=("call-back-coverage",),
    symbols="J / J_a",
    gamed=_("Write an interview that was none. Watch the ratings and who made them."),
)

KPIS = (COVERAGE, RATING, POSITIVE, COMPLETION)
