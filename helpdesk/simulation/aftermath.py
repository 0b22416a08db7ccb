"""What becomes of a contact: its case, promises, further work, coming back, and what the customer says when asked."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random
from typing import TYPE_CHECKING, Any

from helpdesk.simulation import words
from helpdesk.simulation.desk import DAY, HOUR, MINUTE, SECOND, Agent, milliseconds, moment
from helpdesk.simulation.legs import make_leg, outbound
from helpdesk.simulation.plan import (
    Answered,
    Asked,
    CaseOpens,
    CaseStep,
    PromiseKept,
    PromiseMade,
    PromiseMoved,
    Verb,
)
from helpdesk.simulation.state import Arrival, CaseState
from tickets.clock import add_business_seconds

if TYPE_CHECKING:
    from helpdesk.simulation.traffic import Traffic


@dataclass(frozen=True)
class Verdict:
    """What the agent notes at wrap-up."""

    solved: bool | None = None
    demand: str = ""
    cause: str = ""
    flags: tuple[str, ...] = ()

    def as_fields(self) -> dict[str, Any]:
        return {"solved": self.solved, "demand": self.demand, "cause": self.cause, "flags": self.flags}


def judge(arrival: Arrival, random: Random) -> Verdict:
    topic, chance = arrival.topic, random.random()
    match arrival.why:
        case "test":
            return Verdict(flags=("test",))
        case "status":
            return Verdict(chance < 0.12, "failure", "no_update", ("status_enquiry",))
        case "answer":
            return Verdict(chance < 0.8, "failure", "incomplete_info")
        case "repeat":
            return Verdict(chance < (0.7 if topic.is_resolvable else 0.3), "failure", "not_resolved")
    demand = random.choices((topic.demand, "unclear", ""), (0.92, 0.04, 0.04))[0]
    return Verdict(chance < topic.solved, demand, topic.cause if demand == "failure" else "")


# --- the case


def do(traffic: Traffic, case: CaseState, verb: Verb, at: int, by: str = "", **more: str) -> bool:
    return traffic.plan.add(CaseStep(at=moment(at), case=case.key, verb=verb, by=by, **more))


def case_of(traffic: Traffic, arrival: Arrival, by: str, at: int, *, text: str = "") -> CaseState:
    """Return the case that a contact is about: the customer's on this topic, or a new one."""
    assert arrival.person is not None
    known = arrival.case or traffic.cases.get((arrival.person.key, arrival.topic.path))
    if known and known.is_open:
        case = known
    elif known and arrival.why == "repeat" and at - known.opened < 30 * DAY and _reopens(traffic, arrival):
        case = known
        do(traffic, case, "reopen", at + 4 * SECOND, by)
        case.status = "open"
    else:
        case = _open(traffic, arrival, by, at, text)
    case.contacts += 1
    return case


def _reopens(traffic: Traffic, arrival: Arrival) -> bool:
    return traffic.random(f"{arrival.key}:reopen").random() < 0.6


def _open(traffic: Traffic, arrival: Arrival, by: str, at: int, text: str) -> CaseState:
    assert arrival.person is not None
    random = traffic.random(f"{arrival.key}:case")
    opened = at + random.randint(3, 15) * SECOND if by else at
    case = CaseState(
        key=arrival.key,
        topic=arrival.topic,
        person=arrival.person,
        channel=arrival.channel,
        queue=arrival.queue,
        opened=opened,
        owner=by,
    )
    traffic.cases[arrival.person.key, arrival.topic.path] = case
    traffic.plan.add(
        CaseOpens(
            at=moment(opened),
            case=case.key,
            client=arrival.topic.client,
            channel=arrival.channel,
            queue=case.queue,
            topic=arrival.topic.path,
            subject=words.subject(arrival.topic.path, arrival.person.language),
            person=arrival.person,
            by=by,
            priority=random.choices(("low", "normal", "high", "urgent"), (0.08, 0.78, 0.11, 0.03))[0],
            text=text,
            contact=arrival.key if text else "",
        )
    )
    if by:
        do(traffic, case, "assign", opened + SECOND, by, to=by)
    return case


def after_service(
    traffic: Traffic, random: Random, case: CaseState, agent: str, at: int, verdict: Verdict, contact: str
) -> None:
    """The agent has served the customer: the case is solved, or work on it goes on."""
    if not case.is_open:
        return
    if random.random() < 0.5:
        do(traffic, case, "note", at - SECOND, agent, text=random.choice(words.NOTES), contact=contact)
    if verdict.solved:
        # Solving it is telling: what was promised is done with.
        keep_promise(traffic, case, agent, at)
        resolve(traffic, random, case, agent, at + random.randint(0, 20) * SECOND, contact)
        return
    if "status_enquiry" in verdict.flags:
        return
    if not case.is_escalated and random.random() < (0.25 if not case.topic.is_resolvable else 0.14):
        case.is_escalated = True
        case.owner = traffic.desk.least_busy("second-line").code
        do(traffic, case, "escalate", at, agent, text=random.choice(words.REASONS), to=case.owner)
    elif random.random() < 0.12:
        do(traffic, case, "wait", at, agent, text="waiting_third_party")
        case.status = "waiting_third_party"
    plan_work(traffic, random, case, agent, at)


def resolve(traffic: Traffic, random: Random, case: CaseState, by: str, at: int, contact: str) -> None:
    def happen(at: int) -> None:
        if not case.is_open or not do(traffic, case, "resolve", at, by):
            return
        case.status = "resolved"
        case.rounds += 1
        _ask(traffic, random, case, at, contact)
        chance = 0.085 + 0.05 * (case.topic.path == "internet/slow connection") + 0.04 * case.is_promise_broken
        if random.random() < chance:
            _repeat(traffic, random, case, at)
        elif random.random() < 0.04:
            traffic.expect(case.comes_back(at + random.randint(10, 600) * MINUTE, f"t{case.rounds}", "email", "thanks"))

    traffic.later(at, happen)


def _repeat(traffic: Traffic, random: Random, case: CaseState, at: int) -> None:
    when = _in_daytime(traffic, random, case, at + round(random.lognormvariate(0.6, 0.8) * DAY))
    channel = random.choices(("phone", "chat", "email"), (0.6, 0.15, 0.25))[0]
    traffic.expect(case.comes_back(when, str(case.contacts), channel, "repeat"))


def _in_daytime(traffic: Traffic, random: Random, case: CaseState, at: int) -> int:
    """The first open moment from then on, and a while into it."""
    hours = traffic.hours[case.topic.client]
    return milliseconds(add_business_seconds(moment(at), random.uniform(60, 9_000), hours))


# --- promises and further work


def promise(traffic: Traffic, case: CaseState, by: str, at: int, due: int, kind: str = "update") -> None:
    if case.promise:
        return
    key = f"{case.key}-p{case.rounds}"
    if traffic.plan.add(PromiseMade(moment(at), key, case.key, by, moment(due), kind)):
        case.promise = key
        traffic.later(due + 1, lambda _at: _note_broken(case, key))


def _note_broken(case: CaseState, key: str) -> None:
    case.is_promise_broken = case.is_promise_broken or case.promise == key


def keep_promise(traffic: Traffic, case: CaseState, by: str, at: int) -> None:
    if case.promise:
        traffic.plan.add(PromiseKept(moment(at), case.promise, by))
        case.promise = ""


def plan_work(traffic: Traffic, random: Random, case: CaseState, agent: str, at: int) -> None:
    """Promise when the customer hears from us, in most cases, and go on working: mostly in time, sometimes not."""
    hours = traffic.hours[case.topic.client]
    case.rounds += 1
    promised = random.choice((4, 9, 9, 18, 27)) * 3600
    takes = promised * (random.uniform(0.15, 0.97) if random.random() < 0.84 else random.uniform(1.05, 2.6))
    due = milliseconds(add_business_seconds(moment(at), promised, hours))
    done = milliseconds(add_business_seconds(moment(at), takes, hours))
    if random.random() < 0.72:
        promise(traffic, case, agent, at, due)
        if random.random() < 0.1:
            _move_promise(traffic, random, case, agent, at, due)
    number = case.rounds
    team = traffic.desk.agents[case.owner].team if case.owner else "second-line"
    traffic.when_free(team, "cases", done, lambda agent, at: _work(traffic, random, case, number, agent, at))
    chance = 0.12 + 0.3 * (done > due) + 0.15 * (takes > 10 * 3600)
    if random.random() < chance:
        when = _in_daytime(traffic, random, case, at + round((done - at) * random.uniform(0.5, 0.95)))
        channel = random.choices(("phone", "chat", "email"), (0.65, 0.15, 0.2))[0]
        if when < done:
            traffic.expect(case.comes_back(when, f"s{number}", channel, "status"))


def _move_promise(traffic: Traffic, random: Random, case: CaseState, agent: str, at: int, due: int) -> None:
    moved_by = random.choices(("us", "customer"), (0.65, 0.35))[0]
    key = case.promise
    when = at + round((due - at) * random.uniform(0.3, 0.8))

    def happen(at: int) -> None:
        if case.promise == key and case.is_open:
            traffic.plan.add(PromiseMoved(moment(at), key, agent, moment(due + DAY), moved_by))

    traffic.later(when, happen)


def _work(traffic: Traffic, random: Random, case: CaseState, number: int, agent: Agent, at: int) -> None:
    """Somebody takes the case up again: calls or writes to the customer, and mostly that settles it."""
    if not case.is_open or case.rounds != number:
        return
    name = case.person.name.split()[0]
    is_settled = random.random() < 0.78 or number > 3
    if case.channel == "phone" and random.random() < 0.6:
        ring = random.randint(6, 20) * SECOND
        leg = make_leg(random, agent, at + ring, random.lognormvariate(4.9, 0.5))
        done = outbound(traffic, case.topic.client, case, f"{case.key}-o{number}", at, leg, ring)
        if done is None:
            return
    else:
        done = at + random.randint(2, 9) * MINUTE
        agent.take("mail", done)
        texts = words.REPLIES if is_settled else words.PROMISES
        text = words.written(random, texts, case.person.language, name=name)
        if not do(traffic, case, "reply", done, agent.code, text=text):
            return
    traffic.later(done, lambda at: _worked(traffic, random, case, agent.code, at, is_settled=is_settled))


def _worked(traffic: Traffic, random: Random, case: CaseState, agent: str, at: int, *, is_settled: bool) -> None:
    if not case.is_open:
        return
    keep_promise(traffic, case, agent, at)
    if is_settled:
        resolve(traffic, random, case, agent, at + random.randint(20, 200) * SECOND, "")
    else:
        plan_work(traffic, random, case, agent, at)


# --- what the customer says


def _ask(traffic: Traffic, random: Random, case: CaseState, at: int, contact: str) -> None:
    if at < case.asked_until:
        return
    key = f"{case.key}-v{case.rounds}"
    is_delivered = random.random() < 0.98
    case.asked_until = at + 14 * DAY
    traffic.plan.add(Asked(moment(at), key, case.key, contact, is_delivered))
    if is_delivered and random.random() < 0.36:
        when = at + round(random.lognormvariate(1.1, 1.3) * HOUR)
        traffic.later(when, lambda at: _answer(traffic, random, case, key, at))


def _answer(traffic: Traffic, random: Random, case: CaseState, key: str, at: int) -> None:
    """Waits, coming back and broken promises cost goodwill; the rest is temper."""
    mood = 0.86 + random.gauss(0, 0.22)
    mood -= 0.12 * (case.worst_wait > 60) + 0.16 * (case.worst_wait > 240)
    mood -= 0.17 * min(3, case.contacts - 1) + 0.22 * case.is_promise_broken + 0.4 * case.is_open
    mood -= 0.08 * (case.topic.path == "internet/outage")

    def score(low: int, high: int) -> int:
        return max(low, min(high, round(low + (high - low) * (mood + random.gauss(0, 0.06)))))

    solved = "no" if case.is_open else random.choices(("yes", "unsure", "no"), (max(mood, 0.2), 0.08, 0.12))[0]
    comment = ""
    if random.random() < (0.5 if mood < 0.5 else 0.3):
        texts = words.GOOD_COMMENTS if mood > 0.6 else words.BAD_COMMENTS
        comment = words.written(random, texts, case.person.language)
    traffic.plan.add(
        Answered(
            at=moment(at),
            key=key,
            csat=score(1, 5),
            ces=score(1, 7) if random.random() < 0.95 else None,
            nps=score(0, 10) if random.random() < 0.93 else None,
            fcr_resolved=solved,
            fcr_contacts=max(1, case.contacts + (random.random() < 0.1)),
            comment=comment,
        )
    )
