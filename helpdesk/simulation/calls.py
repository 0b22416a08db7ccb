"""Calls and chats: the voice menu, the queue, and the agents' legs."""

from __future__ import annotations

from dataclasses import replace
from random import Random
from typing import TYPE_CHECKING

from helpdesk.simulation import aftermath
from helpdesk.simulation.desk import HOUR, MINUTE, SECOND, Agent, milliseconds, moment
from helpdesk.simulation.legs import done_at, make_leg, outbound
from helpdesk.simulation.plan import ContactBegins, ContactEnds, Leg
from helpdesk.simulation.state import Arrival, CaseState

if TYPE_CHECKING:
    from helpdesk.simulation.traffic import Traffic


def arrive(traffic: Traffic, arrival: Arrival) -> None:
    random = traffic.random(arrival.key)
    if not traffic.is_open(arrival.topic.client, arrival.at):
        if arrival.channel == "phone":
            _leave_menu(traffic, arrival, arrival.at + random.randint(12, 40) * SECOND)
        return
    if arrival.channel == "phone" and random.random() < 0.002:
        _block(traffic, arrival)
    elif arrival.channel == "phone" and random.random() < 0.03:
        _leave_menu(traffic, arrival, arrival.at + random.randint(8_000, 45_000))
    else:
        _queue(traffic, arrival, random)


def _begin(traffic: Traffic, arrival: Arrival, *, queued: int | None, is_known: bool) -> None:
    is_test = arrival.why == "test"
    traffic.plan.add(
        ContactBegins(
            at=moment(arrival.at),
            key=arrival.key,
            client=arrival.topic.client,
            channel=arrival.channel,
            queue=arrival.queue,
            person=arrival.person if is_known and not is_test else None,
            queued_at=None if queued is None else moment(queued),
            flags=("test",) if is_test else (),
        )
    )


def _leave_menu(traffic: Traffic, arrival: Arrival, left: int) -> None:
    if left <= traffic.until:
        _begin(traffic, arrival, queued=None, is_known=traffic.random(f"{arrival.key}:known").random() < 0.6)
        _end(traffic, arrival, left, "ivr_abandoned")


def _block(traffic: Traffic, arrival: Arrival) -> None:
    _begin(traffic, arrival, queued=None, is_known=False)
    _end(traffic, arrival, arrival.at, "blocked")


def _end(traffic: Traffic, arrival: Arrival, at: int, outcome: str) -> None:
    traffic.plan.add(ContactEnds(at=moment(at), key=arrival.key, outcome=outcome, ended_at=moment(at)))


def _queue(traffic: Traffic, arrival: Arrival, random: Random) -> None:
    queued = arrival.at + (random.randint(8_000, 35_000) if arrival.channel == "phone" else 0)
    patience = _patience(random)
    found = traffic.desk.find(arrival.team, arrival.channel, queued, queued + patience)
    ring = random.randint(1_500, 6_000)
    wait = found[1] + ring - queued if found else patience
    if arrival.channel == "phone" and wait > 75 * SECOND and random.random() < 0.2:
        _ask_for_callback(traffic, arrival, random, queued, "callback_requested", random.randint(40, 70) * SECOND)
    elif arrival.channel == "phone" and wait > 110 * SECOND and random.random() < 0.08:
        _ask_for_callback(traffic, arrival, random, queued, "voicemail", random.randint(70, 105) * SECOND)
    elif found is None or wait > patience:
        _give_up(traffic, arrival, random, queued, patience)
    else:
        _serve(traffic, arrival, random, queued, queued + wait, found[0])


def _patience(random: Random) -> int:
    """Some hang up at once; the others wait a few minutes."""
    if random.random() < 0.03:
        return random.randint(1_000, 6_000)
    return round(random.weibullvariate(330, 1.3) * SECOND) + 4 * SECOND


def _give_up(traffic: Traffic, arrival: Arrival, random: Random, queued: int, patience: int) -> None:
    left = queued + patience
    if left > traffic.until:
        return
    is_known = random.random() < 0.8
    _begin(traffic, arrival, queued=queued, is_known=is_known)
    _end(traffic, arrival, left, "abandoned")
    if random.random() < 0.6 and not arrival.key.endswith("rrr"):
        again = left + random.randint(90, 2400) * SECOND
        traffic.expect(replace(arrival, at=again, key=f"{arrival.key}r"))


def _serve(traffic: Traffic, arrival: Arrival, random: Random, queued: int, answered: int, agent: Agent) -> None:
    legs = _legs(traffic, arrival, random, answered, agent)
    done = max(done_at(leg) for leg in legs)
    if done > traffic.until:
        return
    is_known = random.random() < 0.97
    _begin(traffic, arrival, queued=queued, is_known=is_known)
    case = None
    if is_known and arrival.why != "test":
        case = aftermath.case_of(traffic, arrival, agent.code, answered)
        case.worst_wait = max(case.worst_wait, (answered - queued) / SECOND)
    verdict = aftermath.judge(arrival, random)
    last = [leg for leg in legs if leg.role in {"primary", "transfer"}][-1]

    def finish(at: int) -> None:
        traffic.plan.add(
            ContactEnds(
                at=moment(at),
                key=arrival.key,
                outcome="answered",
                answered_at=moment(answered),
                ended_at=max(leg.ended_at for leg in legs),
                case=case.key if case else "",
                topic=arrival.topic.path,
                legs=tuple(legs),
                **verdict.as_fields(),
            )
        )
        if case:
            aftermath.after_service(traffic, random, case, last.agent, at, verdict, arrival.key)

    traffic.later(done, finish)


def talk_seconds(arrival: Arrival, random: Random) -> float:
    usual = {"status": 0.45, "answer": 0.6, "test": 0.1}.get(arrival.why, 1.0)
    return max(20.0, random.lognormvariate(0, 0.55) * arrival.topic.talk_seconds * 0.86 * usual)


def _legs(traffic: Traffic, arrival: Arrival, random: Random, answered: int, agent: Agent) -> list[Leg]:
    talk = talk_seconds(arrival, random)
    if arrival.channel == "chat":
        return [make_leg(random, agent, answered, talk * 1.5, duty="chat")]
    chance = random.random()
    second = traffic.desk.least_busy("second-line")
    if chance < 0.07:
        first = make_leg(random, agent, answered, talk * random.uniform(0.2, 0.5))
        handed_over = milliseconds(first.ended_at)
        return [first, make_leg(random, second, handed_over, talk * 0.8, role="transfer")]
    first = make_leg(random, agent, answered, talk)
    if chance < 0.12 and talk > 120:
        role = "consult" if chance < 0.11 else "conference"
        begun = answered + round(talk * random.uniform(0.2, 0.4)) * SECOND
        return [first, make_leg(random, second, begun, talk * random.uniform(0.2, 0.5), role=role)]
    return [first]


def _ask_for_callback(
    traffic: Traffic, arrival: Arrival, random: Random, queued: int, outcome: str, after: int
) -> None:
    """The customer leaves the queue with our word that we call back: one contact, of which the callback is the answer."""
    left = queued + after
    if left > traffic.until:
        return
    _begin(traffic, arrival, queued=queued, is_known=True)
    case = aftermath.case_of(traffic, arrival, "", left)
    case.worst_wait = max(case.worst_wait, after / SECOND)
    verdict = aftermath.judge(arrival, random)
    traffic.plan.add(
        ContactEnds(
            at=moment(left),
            key=arrival.key,
            outcome=outcome,
            ended_at=moment(left),
            case=case.key,
            topic=arrival.topic.path,
            demand=verdict.demand,
            cause=verdict.cause,
            flags=verdict.flags,
        )
    )
    aftermath.promise(traffic, case, "", left, left + 2 * HOUR, kind="callback")
    _call_back(traffic, arrival, random, case, verdict, left + random.randint(8, 100) * MINUTE, 1)


def _call_back(
    traffic: Traffic,
    arrival: Arrival,
    random: Random,
    case: CaseState,
    verdict: aftermath.Verdict,
    at: int,
    attempt: int,
) -> None:
    def dial(agent: Agent, at: int) -> None:
        is_reached = random.random() < 0.86
        ring = random.randint(6, 24) * SECOND
        leg = make_leg(random, agent, at + ring, talk_seconds(arrival, random) if is_reached else 1)
        key = f"{arrival.key}c{attempt}"
        done = outbound(traffic, arrival.topic.client, case, key, at, leg if is_reached else None, ring, arrival.key)
        if done is None:
            return
        if is_reached:
            traffic.later(done, lambda at: served(at, agent, key))
        elif attempt == 1:
            again = at + random.randint(40, 120) * MINUTE
            _call_back(traffic, arrival, random, case, verdict, again, 2)

    def served(at: int, agent: Agent, key: str) -> None:
        aftermath.keep_promise(traffic, case, agent.code, at)
        aftermath.after_service(traffic, random, case, agent.code, at, verdict, key)

    traffic.when_free(arrival.team, "phone", at, dial)
