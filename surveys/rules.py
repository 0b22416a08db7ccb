"""Who is asked, when, and why not. Pure: the same case at the same moment under the same rule is always decided alike.

Nothing that an agent does enters here but the resolution itself, so nobody chooses who is asked about her.
"""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta, tzinfo
from enum import StrEnum
from functools import lru_cache

# Of so many who may be asked, exactly the rule's per cent are, in an order that nobody can foresee.
BLOCK = 100
# A resolution entered later than this is history being recorded: a mail about it would only puzzle.
NEWS = timedelta(days=1)


class Decision(StrEnum):
    """What became of a resolution. The order is the one in which reasons are looked for."""

    OFF = "off"
    OLD = "old"
    TEST = "test"
    ONLY_US = "only_us"
    OPEN_LINK = "open_link"
    NO_ADDRESS = "no_address"
    OPTED_OUT = "opted_out"
    COOLED_DOWN = "cooled_down"
    NOT_SAMPLED = "not_sampled"
    PLANNED = "planned"
    ASKED = "asked"
    REOPENED = "reopened"


class Delay(StrEnum):
    NOW = "now"
    NEXT_DAY = "next_day"
    DAYS = "days"


@dataclass(frozen=True)
class Rule:
    """What a client's rule says.

    Attributes:
        window_days: How long a link takes answers; 0 asks nobody.
        percent: Of a hundred who may be asked, so many are.
        cool_down_days: Nobody is asked twice within them, whatever about.
        delay, days, at: At once; at that time of the next day; or of the day so many days later.
        quiet_from, quiet_to: Nothing leaves between them on the clock of `zone`; over midnight where the first is later.
    """

    zone: tzinfo
    window_days: int = 14
    percent: int = 100
    cool_down_days: int = 0
    delay: Delay = Delay.NOW
    days: int = 0
    at: time = time(9)
    quiet_from: time | None = None
    quiet_to: time | None = None


@dataclass(frozen=True)
class About:
    """What is known of one resolution. `place`: the how-manieth it is of those who may be asked, counted from 0."""

    resolved_at: datetime
    is_test: bool = False
    is_only_us: bool = False
    has_open_link: bool = False
    has_address: bool = True
    is_opted_out: bool = False
    last_asked_at: datetime | None = None


def decide(rule: Rule, about: About, now: datetime) -> Decision | None:
    """The first reason not to ask, or None: then the draw decides."""
    due = due_at(rule, about.resolved_at)
    cold_until = about.last_asked_at + timedelta(days=rule.cool_down_days) if about.last_asked_at else None
    reasons = {
        Decision.OFF: not rule.window_days or not rule.percent,
        Decision.OLD: about.resolved_at < now - NEWS,
        Decision.TEST: about.is_test,
        Decision.ONLY_US: about.is_only_us,
        Decision.OPEN_LINK: about.has_open_link,
        Decision.NO_ADDRESS: not about.has_address,
        Decision.OPTED_OUT: about.is_opted_out,
        Decision.COOLED_DOWN: bool(rule.cool_down_days and cold_until and due < cold_until),
    }
    return next((reason for reason, holds in reasons.items() if holds), None)


def is_drawn(percent: int, place: int, key: bytes) -> bool:
    """Whether the one at this place is asked: of each hundred in a row exactly `percent`, by a shuffle under our key."""
    block, within = divmod(place, BLOCK)
    return _shuffled(block, key)[within] < percent


@lru_cache(maxsize=64)
def _shuffled(block: int, key: bytes) -> tuple[int, ...]:
    """For each place of a block its rank in an order that depends on the key alone."""
    digests = [hmac.digest(key, f"{block}:{n}".encode(), hashlib.sha256) for n in range(BLOCK)]
    order = sorted(range(BLOCK), key=digests.__getitem__)
    ranks = [0] * BLOCK
    for rank, place in enumerate(order):
        ranks[place] = rank
    return tuple(ranks)


def due_at(rule: Rule, resolved_at: datetime) -> datetime:
    """When the invitation leaves: after the rule's delay, and not in quiet hours."""
    local = resolved_at.astimezone(rule.zone)
    if rule.delay is not Delay.NOW:
        days = 1 if rule.delay is Delay.NEXT_DAY else max(1, rule.days)
        local = _at(local, days, rule.at, rule.zone)
    return _out_of_quiet(rule, local).astimezone(UTC)


def is_quiet(rule: Rule, moment: datetime) -> bool:
    """Whether nothing may leave then."""
    if rule.quiet_from is None or rule.quiet_to is None or rule.quiet_from == rule.quiet_to:
        return False
    clock = moment.astimezone(rule.zone).time().replace(tzinfo=None)
    if rule.quiet_from < rule.quiet_to:
        return rule.quiet_from <= clock < rule.quiet_to
    return clock >= rule.quiet_from or clock < rule.quiet_to


def _out_of_quiet(rule: Rule, local: datetime) -> datetime:
    if not is_quiet(rule, local) or rule.quiet_to is None:
        return local
    end = _at(local, 0, rule.quiet_to, rule.zone)
    end = end if end > local else _at(local, 1, rule.quiet_to, rule.zone)
    # In the night when clocks are put back an end may still lie within the quiet hour that comes twice.
    while is_quiet(rule, end):
        end += timedelta(minutes=30)
    return end


def _at(local: datetime, days: int, clock: time, zone: tzinfo) -> datetime:
    """That time of a day counted along the calendar. A time that the clock skips is the moment at which it would be."""
    day = local.date() + timedelta(days=days)
    return datetime.combine(day, clock, zone)
