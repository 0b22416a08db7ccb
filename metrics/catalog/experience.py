"""What do customers say? Dated by the sending of the survey; one response an invitation, the last in its window."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from metrics.catalog.accessibility import OURS
from metrics.definition import Direction, Kpi, Measure, Source, Unit
from metrics.facts.surveys import INVITATIONS
from surveys.scales import CES as CES_SCALE

ASKED = "NOT is_void"
ANSWERED = f"{ASKED} AND is_delivered AND has_answer"
CSAT_ANSWERS = f"{ANSWERED} AND has_csat"
CES_ANSWERS = f"{ANSWERED} AND ces IS NOT NULL"
NPS_ANSWERS = f"{ANSWERED} AND nps IS NOT NULL"
SQM = Source(
    "SQM Group, first call resolution",
    "https://www.sqmgroup.com/resources/library/blog/fcr-metric-operating-philosophy",
)
BAIN = Source(
    "Bain, Measuring your Net Promoter Score",
    "https://www.netpromotersystem.com/about/measuring-your-net-promoter-score",
)
GARTNER = Source(
    "Gartner, Customer Effort Score",
    "https://blogs.gartner.com/smarterwithgartner/unveiling-the-new-and-improved-customer-effort-score/",
)
KICUE = Source("Kicue, How to calculate CSAT", "https://kicue.com/en/blog/how-to-calculate-csat")

csat_answers = Measure("csat_answers", CSAT_ANSWERS)
ces_answers = Measure("ces_answers", CES_ANSWERS)

CSAT = Kpi(
    slug="csat",
    name=_("Customer satisfaction"),
    question=_("What share of those who answered is satisfied?"),
    formula=_("Answers of 4 or 5 on a scale of 5, or 6 or 7 on a scale of 7, divided by valid answers."),
    fact=INVITATIONS,
    numerator=Measure("csat_satisfied", f"{CSAT_ANSWERS} AND is_satisfied"),
    denominator=csat_answers,
    unit=Unit.SHARE,
    direction=Direction.HIGHER_IS_BETTER,
    source=KICUE,
    beside=("response-rate", "csat:dissatisfied"),
    symbols="n_s / n",
    gamed=_(
        "Choose whom to ask, ask for a high mark, or ask after good calls only. Invitations are drawn by the "
        "system; watch the response rate and the dissatisfied."
    ),
    decision=_(
        "The share of satisfied answers, each scale with its own limits: 4 of 5 is satisfied, 5 of 7 is not. "
        "A mean is shown as a variant and never called satisfaction."
    ),
    terms=("survey_window_days",),
)
CSAT_DISSATISFIED = CSAT.variant_of(
    "dissatisfied",
    name=_("Dissatisfied customers"),
    formula=_("Answers of 1 or 2, divided by valid answers."),
    numerator=Measure("csat_dissatisfied", f"{CSAT_ANSWERS} AND is_dissatisfied"),
    direction=Direction.LOWER_IS_BETTER,
    symbols="n_d / n",
)
CSAT_MEAN = CSAT.variant_of(
    "mean",
    name=_("Satisfaction, mean of 100"),
    formula=_("Answers on a scale from 0 to 100, divided by valid answers."),
    numerator=Measure("csat_normalised", CSAT_ANSWERS, "csat_normalised", scale=1_000_000),
    squares=Measure(
        "csat_normalised_squares",
        CSAT_ANSWERS,
        "(csat_normalised / 1000) * (csat_normalised / 1000)",
        scale=1_000_000,
        column_type="numeric",
    ),
    unit=Unit.SCORE,
    symbols="Σ 100 (x − x_min) / (x_max − x_min) / n",
)
CES = Kpi(
    slug="ces",
    name=_("Customer effort: easy"),
    question=_("What share found it easy to get the matter solved?"),
    formula=_("Answers of 5 to 7 on a scale from 1 (very difficult) to 7 (very easy), divided by valid answers."),
    fact=INVITATIONS,
    numerator=Measure("ces_easy", f"{CES_ANSWERS} AND ces >= {CES_SCALE.good_from}"),
    denominator=ces_answers,
    unit=Unit.SHARE,
    direction=Direction.HIGHER_IS_BETTER,
    source=GARTNER,
    beside=("response-rate",),
    symbols="n_e / n",
    gamed=_(
        "Choose whom to ask, or ask before the matter is over. Watch the response rate and contacts that come back."
    ),
    decision=_(
        "The share of 5 to 7; the mean is a variant. The older scale, on which 1 is easy, is another scale "
        "and never mixed with it."
    ),
    terms=("survey_window_days",),
)
CES_MEAN = CES.variant_of(
    "mean",
    name=_("Customer effort, mean of 7"),
    formula=_("Sum of the answers from 1 to 7, divided by their number."),
    numerator=Measure("ces_sum", CES_ANSWERS, "ces"),
    squares=Measure("ces_squares", CES_ANSWERS, "ces * ces"),
    unit=Unit.SCORE,
    symbols="Σ x / n",
)
NPS = Kpi(
    slug="nps",
    name=_("Net Promoter Score"),
    question=_("Would customers recommend us?"),
    formula=_("Share of 9 and 10 minus share of 0 to 6, in points, on a scale from 0 to 10."),
    fact=INVITATIONS,
    numerator=Measure("nps_balance", NPS_ANSWERS, "promotion"),
    denominator=Measure("nps_answers", NPS_ANSWERS),
    squares=Measure("nps_squares", NPS_ANSWERS, "promotion * promotion"),
    factor=100,
    unit=Unit.POINTS,
    direction=Direction.HIGHER_IS_BETTER,
    source=BAIN,
    beside=("response-rate",),
    symbols="100 (P − D) / n",
    gamed=_(
        "Ask for a ten, or ask only those who are content. Watch the response rate. With few answers the "
        "interval is wide: most changes are chance."
    ),
    decision=_("Only the scale from 0 to 10, always with its interval."),
    terms=("survey_window_days",),
)
FCR_SURVEY = Kpi(
    slug="fcr-survey",
    name=_("First contact resolution by survey"),
    question=_("What share says that it was solved, with one contact?"),
    formula=_("Answers with solved and one contact, divided by those who answered both questions."),
    fact=INVITATIONS,
    numerator=Measure("fcr_survey", f"{ANSWERED} AND has_fcr AND is_fcr"),
    denominator=Measure("fcr_survey_answers", f"{ANSWERED} AND has_fcr"),
    unit=Unit.SHARE,
    direction=Direction.HIGHER_IS_BETTER,
    source=SQM,
    beside=("fcr",),
    symbols="Y_1 / Y",
    gamed=_(
        "Ask before the customer can know, or only those who were content. Watch the response rate and first "
        "contact resolution by the log."
    ),
    decision=_(
        "Two questions, solved and how many contacts, as SQM asks them. Log and survey are both shown, with "
        "the cases on which they disagree: neither is the truth alone."
    ),
    terms=("survey_window_days",),
)
RESPONSE_RATE = Kpi(
    slug="response-rate",
    name=_("Response rate"),
    question=_("What share of those we asked answered?"),
    formula=_("Invitations answered within the window, divided by invitations delivered."),
    fact=INVITATIONS,
    numerator=Measure("survey_answers", ANSWERED),
    denominator=Measure("survey_delivered", f"{ASKED} AND is_delivered"),
    unit=Unit.SHARE,
    direction=Direction.HIGHER_IS_BETTER,
    source=OURS,
    beside=("csat", "ces", "nps"),
    symbols="n / S",
    gamed=_("Ask only those who will answer. Watch how many contacts led to an invitation at all."),
    terms=("survey_window_days",),
)
COMMENT_SHARE = Kpi(
    slug="comment-share",
    name=_("Answers with a comment"),
    question=_("How many take the time to write?"),
    formula=_("Answers with a comment that says something, divided by answers."),
    fact=INVITATIONS,
    numerator=Measure("survey_comments", f"{ANSWERED} AND has_comment"),
    denominator=RESPONSE_RATE.numerator,
    unit=Unit.SHARE,
    direction=Direction.NONE,
    source=OURS,
    beside=("response-rate", "csat"),
    symbols="n_c / n",
    gamed=_("Make the comment compulsory. Watch the response rate."),
    terms=("survey_window_days",),
)

KPIS = (
    CSAT,
    CSAT_DISSATISFIED,
    CSAT_MEAN,
    CES,
    CES_MEAN,
    NPS,
    FCR_SURVEY,
    RESPONSE_RATE,
    COMMENT_SHARE,
)
