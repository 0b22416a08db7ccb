"""Why do customers contact us? Dated by arrival; over handled contacts, classified at wrap-up."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from metrics.catalog.accessibility import HANDLED, OURS
from metrics.definition import Direction, Kpi, Measure, Reason, Source, Unit
from metrics.facts.contacts import CONTACTS, HANDLED_REASONS

CLASSIFIED = "is_handled AND demand <> ''"
VANGUARD = Source("Vanguard, failure demand", "https://vanguard-method.net/library/misguided-behaviour/activity-cost/")
classified = Measure("classified", CLASSIFIED)
CLASSIFIED_REASONS = (
    *(reason for reason in HANDLED_REASONS if reason.code != "anonymous"),
    Reason("unclassified", "demand = ''", _("Not classified")),
)

FAILURE_DEMAND = Kpi(
    slug="failure-demand",
    name=_("Failure demand"),
    question=_("How many contacts exist because something was not done, or not done right?"),
    formula=_("Handled contacts classified as failure demand, divided by classified handled contacts."),
    fact=CONTACTS,
    numerator=Measure("failure_demand", "is_handled AND demand = 'failure'"),
    denominator=classified,
    unit=Unit.SHARE,
    direction=Direction.LOWER_IS_BETTER,
    source=VANGUARD,
    reasons=CLASSIFIED_REASONS,
    beside=("unclassified", "fcr"),
    symbols="D_f / D",
    gamed=_(
        "Call failure value. Watch what is not classified, and let a second person classify a sample without "
        "seeing the first answer."
    ),
)
UNCLASSIFIED = Kpi(
    slug="unclassified",
    name=_("Not classified"),
    question=_("How many handled contacts have no demand class?"),
    formula=_("Handled contacts without a demand class, divided by handled contacts."),
    fact=CONTACTS,
    numerator=Measure("unclassified", "is_handled AND demand = ''"),
    denominator=HANDLED.numerator,
    unit=Unit.SHARE,
    direction=Direction.LOWER_IS_BETTER,
    source=OURS,
    reasons=HANDLED_REASONS,
    beside=("failure-demand",),
    symbols="(H − D) / H",
    gamed=_(
        "Choose the same class for everything to be done with it. Watch failure demand by topic and by agent's team."
    ),
)
STATUS_ENQUIRIES = Kpi(
    slug="status-enquiries",
    name=_("Status enquiries"),
    question=_("How many ask what is happening with their case?"),
    formula=_("Handled contacts that only ask where the case stands, divided by classified handled contacts."),
    fact=CONTACTS,
    numerator=Measure("status_enquiries", f"{CLASSIFIED} AND is_status_enquiry"),
    denominator=classified,
    unit=Unit.SHARE,
    direction=Direction.LOWER_IS_BETTER,
    source=OURS,
    reasons=CLASSIFIED_REASONS,
    beside=("failure-demand",),
    symbols="D_q / D",
    gamed=_("Call it something else. Watch failure demand and repeat contacts."),
)

KPIS = (FAILURE_DEMAND, UNCLASSIFIED, STATUS_ENQUIRIES)
