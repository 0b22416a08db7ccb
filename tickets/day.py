"""An agent's own day in numbers: what she did, what she promised, and where the time went. Nobody else is in it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Count, Exists, OuterRef, Q, Sum
from django.utils import timezone

from tickets.models import AgentState, Case, CaseEvent, Channel, Contact, Message, Promise, Segment, Status, User

MOST_ROWS = 60


@dataclass(frozen=True)
class ChannelRow:
    """What she did on one channel, in seconds."""

    channel: Channel
    contacts: int
    talk: int
    hold: int
    wrap_up: int


@dataclass(frozen=True)
class StateRow:
    state: AgentState.State
    seconds: int


@dataclass(frozen=True)
class Stripe:
    """A stretch of the day in one state; place and width in percent of the bar."""

    state: str
    label: str
    since: datetime
    until: datetime
    x: float
    width: float


@dataclass(frozen=True)
class Day:
    """Everything on the page."""

    channels: Sequence[ChannelRow] = field(default_factory=list)
    legs: Sequence[Segment] = field(default_factory=list)
    first_contacts: int = 0
    solved_at_once: int = 0
    replies: int = 0
    today: Sequence[Promise] = field(default_factory=list)
    tomorrow: Sequence[Promise] = field(default_factory=list)
    states: Sequence[StateRow] = field(default_factory=list)
    stripes: Sequence[Stripe] = field(default_factory=list)

    @property
    def contacts(self) -> int:
        return sum(row.contacts for row in self.channels)

    @property
    def is_empty(self) -> bool:
        return not (self.contacts or self.replies or self.today or self.tomorrow or self.states)


def day_of(user: User, *, channel: str = "", now: datetime | None = None) -> Day:
    """The day so far.

    Args:
        user: Whose day; everything is narrowed to her own work.
        channel: Whose contacts to list; all where empty.
        now: Anything but now is for tests.
    """
    now = now or timezone.now()
    start = timezone.localtime(now).replace(hour=0, minute=0, second=0, microsecond=0)
    noon = start + timedelta(hours=36)
    end = noon.replace(hour=0)
    own = Segment.objects.filter(agent=user, started_at__gte=start, started_at__lt=end)
    legs = own.filter(contact__channel=channel) if channel else own
    states = list(
        AgentState.objects.filter(agent=user, started_at__lt=end).filter(Q(ended_at=None) | Q(ended_at__gt=start))
    )
    promises = list(_promises(user, end + timedelta(hours=24)))
    return Day(
        channels=_channels(own),
        legs=list(legs.select_related("contact__customer", "contact__topic").order_by("-started_at")[:MOST_ROWS]),
        **_solved(user, start, end),
        replies=Message.objects.filter(author=user, kind=Message.Kind.OUTGOING, at__gte=start, at__lt=end).count(),
        today=[promise for promise in promises if promise.due_at < end],
        tomorrow=[promise for promise in promises if promise.due_at >= end],
        states=_state_rows(states, start, now),
        stripes=_stripes(states, start, now),
    )


def _channels(own: Any) -> list[ChannelRow]:
    rows = own.values("contact__channel").annotate(
        contacts=Count("contact", distinct=True), talk=Sum("talk_us"), hold=Sum("hold_us"), wrap_up=Sum("acw_us")
    )
    found = {
        row["contact__channel"]: ChannelRow(
            Channel(row["contact__channel"]), row["contacts"],
            *(row[name] // 1_000_000 for name in ("talk", "hold", "wrap_up")),
        )
        for row in rows
    }  # fmt: skip
    return [found[channel] for channel in Channel if channel in found]


def _solved(user: User, start: datetime, end: datetime) -> dict[str, int]:
    """Of the cases whose first contact was hers today: how many are solved, and nobody has had to come back."""
    on_case = Contact.objects.valid().filter(case=OuterRef("case")).exclude(pk=OuterRef("pk"))
    firsts = Contact.objects.valid().filter(
        owner=user, started_at__gte=start, started_at__lt=end, is_handled=True, case__isnull=False
    )
    firsts = firsts.exclude(Exists(on_case.filter(started_at__lt=OuterRef("started_at"))))
    again = Exists(on_case.filter(started_at__gt=OuterRef("started_at")))
    escalated = Exists(CaseEvent.objects.filter(case=OuterRef("case"), kind=CaseEvent.Kind.ESCALATED))
    return firsts.aggregate(
        first_contacts=Count("pk"),
        solved_at_once=Count("pk", filter=Q(case__status=Status.RESOLVED) & ~escalated & ~again),
    )


def _promises(user: User, before: datetime) -> Any:
    """What is to be kept by her: on her own cases, and what she promised on a case that nobody has."""
    hers = Case.objects.filter(Q(owner=user) | Q(owner=None))
    mine = Q(case__owner=user) | Q(made_by=user, case__in=hers.values("pk"))
    pending = Promise.objects.pending().filter(mine, due_at__lt=before)
    return pending.select_related("case__customer").order_by("due_at")[:MOST_ROWS]


def _state_rows(states: Sequence[AgentState], start: datetime, now: datetime) -> list[StateRow]:
    seconds: dict[str, float] = {}
    for state in states:
        length = ((state.ended_at or now) - max(state.started_at, start)).total_seconds()
        seconds[state.state] = seconds.get(state.state, 0) + max(0.0, length)
    return [StateRow(state, int(seconds[state])) for state in AgentState.State if state in seconds]


def _stripes(states: Sequence[AgentState], start: datetime, now: datetime) -> list[Stripe]:
    """From her first state of the day until now."""
    if not states:
        return []
    begun = max(states[0].started_at, start)
    whole = max(1.0, (now - begun).total_seconds())
    found = []
    for state in states:
        since, until = max(state.started_at, start), state.ended_at or now
        width = max(0.0, (until - since).total_seconds())
        place = (since - begun).total_seconds()
        found.append(
            Stripe(
                state.state,
                state.get_state_display(),
                since,
                until,
                round(100 * place / whole, 3),
                round(100 * width / whole, 3),
            )
        )
    return found
