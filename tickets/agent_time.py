"""Agents' months from our own log: how long each was busy with contacts, free for them, or at work with something else.

The arithmetic is PURE and in whole microseconds; `book` reads the log and writes the ledger.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from fractions import Fraction
from itertools import pairwise
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from tickets.models import AgentState, AgentTime, Client, Segment, User

# Half-open, in microseconds since the epoch.
Span = tuple[int, int]
# No shift is longer: a state that lasts beyond was left on by somebody who went home.
LONGEST_STATE = timedelta(hours=16)
# No leg is longer: how far back to look for one that reaches into a month.
LONGEST_LEG = timedelta(days=1)


@dataclass(frozen=True)
class Month:
    """Microseconds of one agent's month, by client where that is known."""

    handling: Mapping[int, int]
    available: int
    aux: int


def union(spans: Iterable[Span]) -> list[Span]:
    """The same time with no moment twice, in order."""
    merged: list[Span] = []
    for start, end in sorted(span for span in spans if span[0] < span[1]):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return merged


def length(spans: Iterable[Span]) -> int:
    return sum(end - start for start, end in union(spans))


def shared(work: Sequence[tuple[int, Span]]) -> dict[int, Fraction]:
    """How much of the busy time each client had: a moment with several contacts is shared equally by them."""
    changes: dict[int, dict[int, int]] = {}
    for client, (start, end) in work:
        if start < end:
            for at, by in ((start, 1), (end, -1)):
                here = changes.setdefault(at, {})
                here[client] = here.get(client, 0) + by
    found: dict[int, Fraction] = {}
    open_contacts: dict[int, int] = {}
    moments = sorted(changes)
    for at, following in pairwise(moments):
        for client, by in changes[at].items():
            open_contacts[client] = open_contacts.get(client, 0) + by
        total = sum(open_contacts.values())
        for client, count in open_contacts.items():
            if count:
                found[client] = found.get(client, Fraction()) + Fraction(count * (following - at), total)
    return found


def whole(parts: Mapping[int, Fraction], total: int) -> dict[int, int]:
    """Whole numbers in these proportions whose sum is the total: what is left over goes to the largest remainders."""
    weight = sum(parts.values(), Fraction())
    exact = {key: part * total / weight for key, part in parts.items()}
    found = {key: int(part) for key, part in exact.items()}
    left = total - sum(found.values())
    for key in sorted(exact, key=lambda key: (found[key] - exact[key], key))[:left]:
        found[key] += 1
    return found


def month_of(work: Sequence[tuple[int, Span]], available: Sequence[Span], paid: Sequence[Span]) -> Month:
    """One agent's month.

    Args:
        work: Client and span of every contact that she was in, wrap-up included.
        available: When she was free for contacts.
        paid: When she was at work in any state but away.

    Returns:
        Busy time counts once however many contacts ran at a time; what is both busy and free is busy.

    Source:
        metrics/DECISIONS.md, "Agents' time from our own log".
    """
    spans = [span for _client, span in work]
    busy = length(spans)
    free = length([*spans, *available]) - busy
    everything = length([*spans, *available, *paid])
    parts = shared(work)
    return Month(whole(parts, busy) if parts else {}, free, everything - busy - free)


def book(month_on: date, *, now: datetime | None = None) -> int:
    """Write the ledger of a month for everybody whose states we keep. Return how many agents. Run again, it changes nothing.

    A month that another system sent for an agent is hers; nothing is worked out beside it.
    """
    now = now or timezone.now()
    zone = ZoneInfo(settings.TIME_ZONE)
    start = datetime(month_on.year, month_on.month, 1, tzinfo=zone)
    end = min((start + timedelta(days=32)).replace(day=1), now)
    if end <= start:
        return 0
    states = AgentState.objects.filter(started_at__lt=end).filter(Q(ended_at=None) | Q(ended_at__gt=start))
    agents = sorted(set(states.values_list("agent", flat=True)))
    for agent in User.objects.filter(pk__in=agents).select_related("team"):
        with transaction.atomic():
            _write(agent, month_on.replace(day=1), _read(agent, start, end))
    return len(agents)


def book_due(*, now: datetime | None = None) -> None:
    """Book this month so far and the one before, to which late events may have come."""
    now = now or timezone.now()
    end_forgotten_states(now=now)
    this = timezone.localtime(now, ZoneInfo(settings.TIME_ZONE)).date().replace(day=1)
    for month_on in ((this - timedelta(days=1)).replace(day=1), this):
        book(month_on, now=now)


def end_forgotten_states(*, now: datetime | None = None) -> int:
    """End the states that nobody ended, with the last thing that the agent did in them. Return how many."""
    now = now or timezone.now()
    count = 0
    for state in AgentState.objects.running().filter(started_at__lt=now - LONGEST_STATE):
        last = Segment.objects.filter(agent=state.agent_id, started_at__gte=state.started_at).order_by("-started_at")
        ends = [_span(leg, now)[1] for leg in last[:20] if not leg.is_running]
        ended_at = max([state.started_at, *(_moment(end) for end in ends)])
        count += AgentState.objects.running().filter(pk=state.pk).update(ended_at=ended_at)
    return count


def _read(agent: User, start: datetime, end: datetime) -> Month:
    window = (_micro(start), _micro(end))
    legs = Segment.objects.filter(agent=agent, started_at__lt=end, started_at__gte=start - LONGEST_LEG)
    work = [(leg.contact.client_id, _within(_span(leg, end), window)) for leg in legs.select_related("contact")]
    states = AgentState.objects.filter(agent=agent, started_at__lt=end).filter(Q(ended_at=None) | Q(ended_at__gt=start))
    spans = [
        (state.state, _within((_micro(state.started_at), _micro(state.ended_at or end)), window)) for state in states
    ]
    free = [span for state, span in spans if state == AgentState.State.AVAILABLE]
    return month_of(work, free, [span for state, span in spans if state != AgentState.State.AWAY])


def _write(agent: User, month_on: date, month: Month) -> None:
    rows = AgentTime.objects.select_for_update(no_key=True).filter(agent=agent, month_on=month_on)
    if any(not row.is_booked for row in rows):
        rows.filter(is_booked=True).delete()
        return
    parts = {client: Fraction(us) for client, us in month.handling.items() if us}
    parts = parts or {_usual_client(agent): Fraction(1)}
    free, aux = whole(parts, month.available), whole(parts, month.aux)
    for client in parts:
        handling = month.handling.get(client, 0)
        told = {"handling_us": handling, "available_us": free[client], "aux_us": aux[client]}
        AgentTime.objects.update_or_create(
            agent=agent, client_id=client, month_on=month_on,
            defaults={**told, "paid_us": sum(told.values()), "is_booked": True},
        )  # fmt: skip
    rows.exclude(client__in=parts).delete()


def _usual_client(agent: User) -> int:
    """Whom an agent is there for who has not served anybody yet: the client of her team's queues, if it is one."""
    clients = list(Client.objects.filter(queues__teams=agent.team_id).distinct()[:2]) if agent.team_id else []
    return clients[0].pk if len(clients) == 1 else Client.objects.default().pk


def _span(leg: Segment, end: datetime) -> Span:
    """From the answer to the end of the wrap-up, or until `end` where that runs."""
    begun = _micro(leg.started_at)
    if leg.is_running:
        return begun, _micro(end)
    over = _micro(leg.ended_at) if leg.ended_at else begun + leg.talk_us + leg.hold_us
    return begun, over + leg.acw_us


def _within(span: Span, window: Span) -> Span:
    return max(span[0], window[0]), min(span[1], window[1])


_EPOCH = datetime.fromisoformat("1970-01-01T00:00:00+00:00")


def _micro(at: datetime) -> int:
    return (at - _EPOCH) // timedelta(microseconds=1)


def _moment(microseconds: int) -> datetime:
    return _EPOCH + timedelta(microseconds=microseconds)
