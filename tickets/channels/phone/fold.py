"""What a telephone system's events say about one call. PURE: events in, the call with its legs out.

The call is a function of the set of its events: they are put in order of time first, so that neither the order in which
they arrive nor how often matters. What no event says stays unknown; nothing is guessed from the moment of arrival.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from tickets.models.codes import Direction, Outcome, Role

# Of events of one instant the earlier kind here comes first: a call is handed over before the next agent answers it.
KINDS = (
    "ivr_entered",
    "queued",
    "ringing",
    "consulted",
    "conferenced",
    "transferred",
    "answered",
    "resumed",
    "held",
    "overflowed",
    "callback_requested",
    "voicemail",
    "ended",
    "after_call_ended",
)
_PLACE = {kind: place for place, kind in enumerate(KINDS)}
# The customer leaves the queue without having been served, and is called back.
FLOW_OUTS = {"callback_requested": Outcome.CALLBACK_REQUESTED, "voicemail": Outcome.VOICEMAIL}
# Who was consulted or listened in has nothing to write up, unless she says so.
_HELPERS = (Role.CONSULT, Role.CONFERENCE)
# Systems hang the participants of a call up one after the other. Who is there for longer than this stayed with the customer.
LEFT_ALONE = timedelta(seconds=5)


@dataclass(frozen=True, slots=True)
class Event:
    """One event of one call. Agents, queues and targets are known by our own keys."""

    event_id: str
    kind: str
    at: datetime
    agent: int | None = None
    queue: int | None = None
    target: int | None = None
    caller: str = ""
    callee: str = ""
    direction: str = ""
    # The target as the telephone system wrote it.
    target_text: str = ""


@dataclass(slots=True)
class Leg:
    """One agent's part. `name` is hers alone within the call and stays the same when earlier events become known."""

    agent: int
    role: Role
    name: str
    started_at: datetime
    ended_at: datetime | None = None
    held_since: datetime | None = None
    hold: timedelta = timedelta()
    # When she was done with the wrap-up; None while she talks or writes.
    done_at: datetime | None = None

    @property
    def talk(self) -> timedelta:
        return self.ended_at - self.started_at - self.hold if self.ended_at else timedelta()

    @property
    def after_call(self) -> timedelta:
        return self.done_at - self.ended_at if self.ended_at and self.done_at else timedelta()

    @property
    def is_running(self) -> bool:
        return self.done_at is None

    def take_back(self, at: datetime) -> None:
        if self.held_since:
            self.hold += at - self.held_since
            self.held_since = None

    def stop(self, at: datetime) -> None:
        self.take_back(at)
        self.ended_at = at


@dataclass(slots=True)
class Call:
    """One attempt to reach us or by us, as far as the events tell."""

    started_at: datetime
    direction: str = Direction.INBOUND
    caller: str = ""
    callee: str = ""
    queue: int | None = None
    queued_at: datetime | None = None
    answered_at: datetime | None = None
    ended_at: datetime | None = None
    flow_out: str = ""
    # Taken out of the queue by the system, and what waits there: a flow-out, unless she comes into a queue again.
    overflow: str = ""
    # In how many queues she is: leaving one and entering the next often share an instant, in no order that is told.
    entrances: int = 0
    saw_menu: bool = False
    saw_line: bool = False
    ringing: list[int] = field(default_factory=list)
    legs: list[Leg] = field(default_factory=list)
    # Who is to answer next, and as what; None stands for whoever does.
    awaited: dict[int | None, Role] = field(default_factory=dict)
    # The calls by which a callback asked for in the queue, or a voicemail, was answered.
    callbacks: list[Call] = field(default_factory=list)

    @property
    def outcome(self) -> str:
        """What became of it; empty while the customer waits."""
        if self.answered_at:
            return Outcome.ANSWERED
        if self.flow_out:
            return self.flow_out
        if self.ended_at is None:
            return ""
        if self.direction != Direction.INBOUND:
            return Outcome.NO_ANSWER
        return Outcome.IVR_ABANDONED if self.saw_menu and not self.saw_line else Outcome.ABANDONED

    def active(self) -> list[Leg]:
        return [leg for leg in self.legs if leg.ended_at is None]

    def leg_of(self, agent: int | None) -> Leg | None:
        """The leg that an event speaks of: the named agent's, else the one that began last."""
        return next((leg for leg in reversed(self.active()) if agent in {None, leg.agent}), None)

    def begin_leg(self, agent: int, role: Role, at: datetime) -> None:
        number = sum(leg.agent == agent for leg in self.legs) + 1
        self.legs.append(Leg(agent, role, f"{agent}/{number}", at))


def in_order(events: Iterable[Event]) -> list[Event]:
    """Each event once, in order of time."""
    known = {event.event_id: event for event in events}
    return sorted(known.values(), key=lambda event: (event.at, _PLACE[event.kind], event.event_id))


def fold(events: Iterable[Event], answers_elsewhere: Mapping[int, Sequence[datetime]] | None = None) -> Call:
    """Work out the call from all that is known of it, in whatever order it is given.

    Args:
        events: At least one.
        answers_elsewhere: For each agent when she answered other calls, in order. A wrap-up whose end nobody told ends
            there: nobody writes up one call while she talks in the next.

    Source:
        metrics/DECISIONS.md, "Calls by events".
    """
    ordered = in_order(events)
    call = _walk(ordered)
    while (taken_over := _taken_over(call, ordered)) and taken_over not in ordered:
        ordered = in_order([*ordered, taken_over])
        call = _walk(ordered)
    _flow_out_of(call)
    for attempt in (call, *call.callbacks):
        _end_wrap_ups(attempt, ordered, answers_elsewhere or {})
    return call


def _walk(ordered: Sequence[Event]) -> Call:
    named = next((event.direction for event in ordered if event.direction), Direction.INBOUND)
    call = Call(ordered[0].at, direction=named)
    current = call
    for event in ordered:
        call.caller = call.caller or event.caller
        call.callee = call.callee or event.callee
        current = _attempt(call, current, event)
        _STEPS[event.kind](current, event)
    return call


def _taken_over(call: Call, ordered: Sequence[Event]) -> Event | None:
    """The hand-over that nobody told of: whose call it was left, and a colleague who had been asked or joined stayed."""
    for attempt in (call, *call.callbacks):
        owners = [leg for leg in attempt.legs if leg.role not in _HELPERS]
        left_at = max((leg.ended_at or ordered[-1].at for leg in owners), default=ordered[-1].at)
        for leg in reversed(attempt.legs):
            stayed_until = leg.ended_at or ordered[-1].at
            if leg.role in _HELPERS and leg.started_at <= left_at and stayed_until - left_at > LEFT_ALONE:
                return Event(f"taken over:{leg.name}:{left_at}", "transferred", left_at, target=leg.agent)
    return None


def _attempt(call: Call, current: Call, event: Event) -> Call:
    """After a request for a callback, whoever is rung or answers does so in a call of our own."""
    if not call.flow_out or event.kind not in {"ringing", "answered"}:
        return current
    if current is not call and current.ended_at is None:
        return current
    again = Call(event.at, direction=Direction.OUTBOUND, queue=call.queue)
    call.callbacks.append(again)
    return again


def _sign_of_life(call: Call, event: Event) -> None:
    """Somebody is rung, waits or talks: what was taken for the end was one participant's."""
    call.ended_at = None
    if event.queue and call.queue is None:
        call.queue = event.queue


def _ivr_entered(call: Call, _event: Event) -> None:
    call.saw_menu = True


def _queued(call: Call, event: Event) -> None:
    if call.flow_out:
        return
    _sign_of_life(call, event)
    call.saw_line = True
    call.overflow = ""
    call.entrances += 1
    if call.answered_at is None and call.queued_at is None and call.direction == Direction.INBOUND:
        call.queued_at = event.at


def _ringing(call: Call, event: Event) -> None:
    _sign_of_life(call, event)
    call.saw_line = True
    if event.queue and call.answered_at is None and call.queued_at is None and call.direction == Direction.INBOUND:
        # Ringing for a queue is the first that was heard of the wait in it.
        call.queued_at = event.at
    if event.agent:
        call.ringing = [*(agent for agent in call.ringing if agent != event.agent), event.agent]


def _answered(call: Call, event: Event) -> None:
    assert event.agent is not None
    _sign_of_life(call, event)
    call.ringing.clear()
    call.entrances = 0
    if any(leg.agent == event.agent for leg in call.active()):
        return
    awaited = call.awaited.pop(event.agent, None) or call.awaited.pop(None, None)
    call.begin_leg(event.agent, _role(call, event.agent, awaited), event.at)
    call.answered_at = call.answered_at or event.at


def _role(call: Call, agent: int, awaited: Role | None) -> Role:
    if not call.legs:
        return Role.PRIMARY
    if awaited:
        return awaited
    if call.active():
        return Role.CONFERENCE
    return call.legs[-1].role if call.legs[-1].agent == agent else Role.TRANSFER


def _held(call: Call, event: Event) -> None:
    leg = call.leg_of(event.agent)
    if leg and leg.held_since is None:
        leg.held_since = event.at


def _resumed(call: Call, event: Event) -> None:
    if event.agent is None:
        held = [leg for leg in call.active() if leg.held_since]
        leg = held[-1] if held else None
    else:
        leg = call.leg_of(event.agent)
    if leg:
        leg.take_back(event.at)


def _consulted(call: Call, event: Event) -> None:
    call.awaited[event.target] = Role.CONSULT


def _conferenced(call: Call, event: Event) -> None:
    joined = call.leg_of(event.target) if event.target else None
    if joined and joined.role == Role.CONSULT:
        joined.role = Role.CONFERENCE
    elif joined is None:
        call.awaited[event.target] = Role.CONFERENCE


def _transferred(call: Call, event: Event) -> None:
    taker = call.leg_of(event.target) if event.target else None
    giver = next(
        (leg for leg in reversed(call.active()) if leg is not taker and event.agent in {None, leg.agent}), None
    )
    if giver:
        giver.stop(event.at)
    if taker and event.target:
        # She was asked first; from here on the customer is hers.
        taker.stop(event.at)
        call.begin_leg(event.target, Role.TRANSFER, event.at)
    else:
        call.awaited = {event.target: Role.TRANSFER}


def _left_the_queue(call: Call, event: Event) -> None:
    if call.answered_at or call.flow_out or call.direction != Direction.INBOUND:
        return
    call.flow_out = FLOW_OUTS[event.kind]
    call.ringing.clear()
    call.ended_at = event.at


def _overflowed(call: Call, event: Event) -> None:
    """The system took her out of the queue. Another queue is the same wait; what else comes is known when all is read."""
    if call.flow_out or call.direction != Direction.INBOUND:
        return
    call.entrances = max(0, call.entrances - 1)
    if call.entrances or call.active():
        return
    call.overflow = event.target_text
    call.ringing.clear()
    call.ended_at = event.at


def _flow_out_of(call: Call) -> None:
    if call.overflow and call.answered_at is None and not call.flow_out:
        call.flow_out = FLOW_OUTS.get(call.overflow, "")


def _ended(call: Call, event: Event) -> None:
    if call.ended_at:
        return
    others = [leg for leg in call.active() if leg.agent != event.agent]
    waits_for_the_next = Role.TRANSFER in call.awaited.values()
    if event.agent and (others or waits_for_the_next):
        if own := next((leg for leg in call.active() if leg.agent == event.agent), None):
            own.stop(event.at)
        return
    for leg in call.active():
        leg.stop(event.at)
    call.ended_at = event.at
    call.ringing.clear()
    call.awaited.clear()


def _nothing(_call: Call, _event: Event) -> None:
    """The end of a wrap-up is looked at when all legs are known."""


def _end_wrap_ups(call: Call, ordered: Sequence[Event], answers_elsewhere: Mapping[int, Sequence[datetime]]) -> None:
    for place, leg in enumerate(call.legs):
        if leg.ended_at is None:
            continue
        following = next((other for other in call.legs[place + 1 :] if other.agent == leg.agent), None)
        told = next(
            (
                event.at
                for event in ordered
                if event.kind == "after_call_ended"
                and event.agent in {None, leg.agent}
                and event.at >= leg.started_at
                and (following is None or event.at < following.started_at)
            ),
            None,
        )
        if told is None and (following or leg.role in _HELPERS):
            told = leg.ended_at
        if told is None:
            told = next((at for at in answers_elsewhere.get(leg.agent, ()) if at >= leg.ended_at), None)
        leg.done_at = told and max(told, leg.ended_at)


_STEPS = {
    "ivr_entered": _ivr_entered,
    "queued": _queued,
    "ringing": _ringing,
    "consulted": _consulted,
    "conferenced": _conferenced,
    "transferred": _transferred,
    "answered": _answered,
    "resumed": _resumed,
    "held": _held,
    "overflowed": _overflowed,
    "callback_requested": _left_the_queue,
    "voicemail": _left_the_queue,
    "ended": _ended,
    "after_call_ended": _nothing,
}
