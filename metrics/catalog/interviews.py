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
    symbols="Σ min (i, 10) / (10 Z)",
    gamed=_(
        "Call those who are sure to be content, or the same agent's customers only. The system draws whom to call; watch "
        "who did not answer or did not want to."
    ),
    decision=_(
        "At most ten count for an agent, so that many of one cannot stand for none of another. The 30 days are those "
        "before the end of the period, however long the period is."
    ),
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
    symbols="Σ x / n_i",
    gamed=_(
        "Call friendly customers, or ask for a high mark. The system draws whom to call; watch the share of completed "
        "interviews. Ten of an agent are for coaching: chance alone moves them by 25 points."
    ),
    decision=_("The mean and the share of 4 and 5 are both shown. Neither ranks agents: ten interviews cannot."),
)
POSITIVE = RATING.variant_of(
    "positive",
    name=_("Good experience told in interviews"),
    question=_("What share of the customers whom we call back had a good experience?"),
    formula=_("Ratings of 4 or 5, divided by completed interviews with a rating."),
    numerator=Measure("interviews_positive", f"{RATED} AND rating >= 4"),
    squares=None,
    unit=Unit.SHARE,
    symbols="n_p / n_i",
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
    symbols="I_c / I_a",
    gamed=_("Not write down the calls that reached nobody. Watch how many were drawn, and who did not want to talk."),
    decision=_("No answer and refusals stay in the denominator: whom we do not hear may have another opinion."),
)

KPIS = (COVERAGE, RATING, POSITIVE, COMPLETION)
