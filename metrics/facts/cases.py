"""Cases, dated by what happened to them: opened, first contact, first and last resolution, when a target was due."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.utils.translation import gettext_lazy as _

from metrics.definition import Fact, Maturity, Reason
from metrics.facts.case_record import CASE

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise

CASE_LEFT_OUT = (
    Reason("merged", "left_out = 'merged'", _("Merged into another case")),
    Reason("test", "left_out = 'test'", _("Test")),
    Reason("spam", "left_out = 'spam'", _("Spam")),
)
REAL_CASE = "left_out = ''"

FIRST_CONTACTS = Fact(
    code="first_contact",
    name=_("Cases by their first contact"),
    dated_by=_("Arrival of the case's first contact"),
    record=CASE,
    at="first_contact_at",
    dimensions={
        "client": "client_id",
        "queue": "first_queue_id",
        "channel": "first_channel",
        "team": "first_team_id",
        "agent": "first_agent_id",
        "topic": "first_topic_id",
    },
    candidates="k.number IN (SELECT s.case_id FROM tickets_contact s WHERE {within})",
    candidates_at="s.started_at",
    shows="""k.external_id AS case_id, x.id AS case_number, c.external_id AS contact_id, c.id AS contact_pk,
        x.first_channel AS channel, x.first_contact_at AS started_at, x.first_handled_at AS handled_end_at,
        x.first_resolved_at, x.again_at, x.is_escalated, q.code AS queue, coalesce(u.code, u.username) AS agent,
        t.path AS topic""",
    joins="JOIN tickets_case k ON k.number = x.id LEFT JOIN tickets_contact c ON c.id = x.first_contact_id",
    reasons=(
        *CASE_LEFT_OUT,
        Reason("anonymous", "NOT is_known", _("Customer unknown: cannot be matched")),
        Reason("not_resolvable", "NOT fcr_eligible", _("Topic cannot be solved at first contact")),
    ),
)

FCR_WINDOW = Maturity(
    code="fcr",
    at="mature_at",
    explanation=_("Provisional until the repeat window after the first contact has passed."),
)
FCR_WINDOW_14 = Maturity(code="fcr_14", at="mature_14_at", explanation=_("Provisional for 14 days."))
FCR_WINDOW_30 = Maturity(code="fcr_30", at="mature_30_at", explanation=_("Provisional for 30 days."))

CASE_JOIN = "JOIN tickets_case k ON k.number = x.id"
CASE_DIMENSIONS = {
    "client": "client_id",
    "queue": "queue_id",
    "channel": "channel",
    "team": "team_id",
    "agent": "agent_id",
    "topic": "topic_id",
}

RESOLVED_CASES = Fact(
    code="resolved_case",
    name=_("Cases by their last resolution"),
    dated_by=_("Last valid resolution of the case"),
    record=CASE,
    at="last_resolved_at",
    dimensions=CASE_DIMENSIONS,
    candidates="k.number IN (SELECT s.case_id FROM tickets_caseevent s WHERE s.kind = 'resolved' AND {within})",
    candidates_at="s.at",
    shows="""k.external_id AS case_id, x.id AS case_number, x.channel, x.created_at, x.last_resolved_at AS resolved_at,
        extract(epoch FROM x.last_resolved_at - x.created_at) AS open_seconds,
        x.resolved_business_us / 1e6 AS business_seconds, x.waited_us / 1e6 AS waited_seconds,
        x.silence_us / 1e6 AS silence_seconds, x.contacts, q.code AS queue, coalesce(u.code, u.username) AS agent, t.path AS topic""",
    joins=CASE_JOIN,
    reasons=CASE_LEFT_OUT,
)

CREATED_CASES = Fact(
    code="created_case",
    name=_("Cases by their opening"),
    dated_by=_("Opening of the case"),
    record=CASE,
    at="created_at",
    dimensions=CASE_DIMENSIONS,
    candidates="{within}",
    candidates_at="k.created_at",
    shows="""k.external_id AS case_id, x.id AS case_number, x.channel, x.created_at, x.first_reply_at,
        extract(epoch FROM x.first_reply_at - x.created_at) AS reply_seconds,
        x.reply_business_us / 1e6 AS reply_business_seconds, x.contacts, x.escalated_at,
        q.code AS queue, coalesce(u.code, u.username) AS agent, t.path AS topic""",
    joins=CASE_JOIN,
    reasons=CASE_LEFT_OUT,
)

FIRST_RESOLVED_CASES = Fact(
    code="first_resolved",
    name=_("Cases by their first resolution"),
    dated_by=_("First valid resolution of the case"),
    record=CASE,
    at="first_resolved_at",
    dimensions=CASE_DIMENSIONS,
    candidates=RESOLVED_CASES.candidates,
    candidates_at="s.at",
    shows="""k.external_id AS case_id, x.id AS case_number, x.channel, x.created_at,
        x.first_resolved_at, x.reopened_raw_at AS reopened_at,
        q.code AS queue, coalesce(u.code, u.username) AS agent, t.path AS topic""",
    joins=CASE_JOIN,
    reasons=CASE_LEFT_OUT,
)
REOPEN_WINDOW = Maturity(
    code="reopen",
    at="reopen_mature_at",
    explanation=_("Provisional until the reopen window after the first resolution has passed."),
)


def _targets(code: str, name: _StrPromise, due_at: str, done_at: str) -> Fact:
    return Fact(
        code=code,
        name=name,
        dated_by=_("When it was due"),
        record=CASE,
        at=due_at,
        dimensions=CASE_DIMENSIONS,
        candidates="{within}",
        candidates_at=f"k.{due_at}",
        shows=f"""k.external_id AS case_id, x.id AS case_number, x.channel, x.created_at, x.{due_at} AS due_at,
            x.{done_at} AS done_at, q.code AS queue, coalesce(u.code, u.username) AS agent, t.path AS topic""",
        joins=CASE_JOIN,
        reasons=CASE_LEFT_OUT,
    )


FIRST_RESPONSES_DUE = _targets(
    "response_due", _("First responses that were due"), "first_response_due_at", "first_reply_at"
)
RESOLUTIONS_DUE = _targets("resolution_due", _("Resolutions that were due"), "resolution_due_at", "first_resolved_at")
RESPONSE_DUE = Maturity("response_due", "first_response_due_at", _("Counts from when it is due."), is_due=True)
RESOLUTION_DUE = Maturity("resolution_due", "resolution_due_at", _("Counts from when it is due."), is_due=True)
