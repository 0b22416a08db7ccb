"""Did the action help? The weeks before it against the weeks from it on, with the interval of the difference."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from metrics import compute, stats
from metrics.catalog import KPIS
from metrics.causes.board import topic_ids
from metrics.causes.models import CauseAction
from metrics.change import Change, Verdict, compare
from metrics.compute import Query, Value
from metrics.definition import Direction, Kpi
from metrics.fairness import around
from metrics.grains import zone
from metrics.period import Period, midnight

# The share of contacts that are about the topic: fewer is better, and it is a share of the same rows.
SHARE = replace(KPIS["failure-demand"], slug="share-of-contacts", direction=Direction.LOWER_IS_BETTER)


@dataclass(frozen=True)
class Test:
    """Both sides, and what the difference says. `ends_at`: when the weeks after are over; until then it may change."""

    kpi: Kpi
    before: Value
    after: Value | None
    change: Change | None
    ends_at: datetime
    is_over: bool
    periods: tuple[Period, Period | None]


def tested(action: CauseAction, query: Query) -> Test:
    """Compare as many weeks before the day as have passed since it, at most those agreed; only whole weeks are fair.

    Args:
        query: Whose filters hold, and as of when; its period does not matter.
    """
    start = midnight(action.from_on, zone())
    weeks = sum(_moved(start, n) <= query.as_of for n in range(1, action.weeks + 1))
    kpi = SHARE if action.measure == CauseAction.Measure.SHARE else KPIS[action.measure]
    ends_at = _moved(start, action.weeks)
    was = Period(_moved(start, -(weeks or action.weeks)), start, zone())
    before = _value(action, query, kpi, was)
    if not weeks:
        return Test(kpi, before, None, None, ends_at, False, (was, None))
    since = Period(start, _moved(start, weeks), zone())
    after = _value(action, query, kpi, since)
    circumstances = around(replace(query, period=since), replace(query, period=was))
    change = compare(kpi, after, before, circumstances=circumstances)
    return Test(kpi, before, after, change, ends_at, query.as_of >= ends_at, (was, since))


def _moved(moment: datetime, weeks: int) -> datetime:
    """Along the wall clock, so that a clock change in between does not move midnight."""
    return (moment.astimezone(zone()) + timedelta(weeks=weeks)).astimezone(UTC)


def _value(action: CauseAction, query: Query, kpi: Kpi, period: Period) -> Value:
    filters = dict(query.filters)
    if action.client_id:
        known = filters.get("client")
        filters["client"] = [action.client_id] if known is None or action.client_id in known else []
    whole = replace(query, period=period, by=(), filters=filters)
    narrow = replace(whole, filters={**filters, "topic": topic_ids(action.topic.path)})
    if kpi is not SHARE:
        return compute.values([kpi], narrow)[0].values[kpi.key]
    handled = KPIS["handled"]
    part, total = (compute.values([handled], one)[0].values["handled"].value or 0 for one in (narrow, whole))
    low, high = stats.wilson(part, total) or (None, None)
    return Value(part / total if total else None, part, total, low=low, high=high)


def helped(test: Test) -> bool | None:
    """Whether it is better beyond chance; None where nothing can be said."""
    if test.change is None or test.change.verdict in {Verdict.NONE, Verdict.UNTESTED}:
        return None
    return test.change.verdict is Verdict.BETTER
