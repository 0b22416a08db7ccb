"""E-mail and web forms: received at any hour, worked off in sessions by those on duty for mail."""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING

from helpdesk.simulation import aftermath, words
from helpdesk.simulation.desk import DAY, HOUR, MINUTE, SECOND, Agent, milliseconds, moment
from helpdesk.simulation.plan import ContactBegins, ContactEnds, Leg
from helpdesk.simulation.state import Arrival, CaseState

if TYPE_CHECKING:
    from helpdesk.simulation.traffic import Traffic

TEXTS = {
    "answer": words.ANSWERS,
    "status": words.CHASERS,
    "repeat": words.COMPLAINTS,
    "thanks": words.THANKS,
}


def arrive(traffic: Traffic, arrival: Arrival) -> None:
    random = traffic.random(arrival.key)
    _begin(traffic, arrival, random)
    if arrival.why in {"spam", "thanks", "duplicate"}:
        _put_aside(traffic, arrival, random)
        return
    case = _take_in(traffic, arrival, random)
    ready = arrival.at + round(random.lognormvariate(4.2, 1.0) * MINUTE)
    traffic.when_free("frontline", "mail", ready, lambda agent, at: _work(traffic, arrival, random, case, agent, at))
    if arrival.why == "new" and random.random() < 0.02:
        _send_again(traffic, arrival, random, case)


def _begin(traffic: Traffic, arrival: Arrival, random: Random) -> None:
    person = arrival.person
    assert person is not None
    is_spam = arrival.why == "spam"
    traffic.plan.add(
        ContactBegins(
            at=moment(arrival.at),
            key=arrival.key,
            client=arrival.topic.client,
            channel=arrival.channel,
            queue=arrival.queue,
            outcome="received",
            person=None if is_spam else person,
            queued_at=moment(arrival.at),
            topic="" if is_spam else arrival.topic.path,
            subject=random.choice(words.SPAM) if is_spam else words.subject(arrival.topic.path, person.language),
            flags=(arrival.why,) if arrival.why in {"spam", "thanks"} else (),
            duplicate_of=arrival.original,
        )
    )


def _take_in(traffic: Traffic, arrival: Arrival, random: Random) -> CaseState:
    """Open a case for the mail, or add it to the one that it is about."""
    assert arrival.person is not None
    name, language = arrival.person.name, arrival.person.language
    about = words.subject(arrival.topic.path, language)
    text = words.written(random, TEXTS.get(arrival.why, words.MAILS), language, name=name, about=about)
    case = aftermath.case_of(traffic, arrival, "", arrival.at, text=text)
    if case.key == arrival.key:
        aftermath.do(traffic, case, "acknowledge", arrival.at + 3 * SECOND)
    else:
        aftermath.do(traffic, case, "hear", arrival.at + SECOND, text=text, contact=arrival.key)
        if case.status == "waiting_customer":
            case.status = "open"
    return case


def _put_aside(traffic: Traffic, arrival: Arrival, random: Random) -> None:
    """Seen by somebody, and nothing to do."""
    seconds = random.randint(10, 50)

    def put_aside(agent: Agent, at: int) -> None:
        done = at + seconds * SECOND
        agent.take("mail", done)
        traffic.plan.add(
            ContactEnds(
                at=moment(done),
                key=arrival.key,
                outcome="received",
                ended_at=moment(done),
                case=arrival.case.key if arrival.case else "",
                topic="" if arrival.why == "spam" else arrival.topic.path,
                flags=(arrival.why,) if arrival.why != "duplicate" else (),
            )
        )

    traffic.when_free("frontline", "mail", arrival.at + random.randint(5, 60) * MINUTE, put_aside)


def _send_again(traffic: Traffic, arrival: Arrival, random: Random, case: CaseState) -> None:
    at = arrival.at + random.randint(60, 720) * SECOND
    key = f"{arrival.key}d"
    traffic.expect(
        Arrival(at, key, arrival.channel, arrival.topic, arrival.person, "duplicate", case, original=arrival.key)
    )


def _work(traffic: Traffic, arrival: Arrival, random: Random, case: CaseState, agent: Agent, at: int) -> None:
    """One session of work or two, and the reply at the end of the last."""
    legs = [_session(random, agent, at, arrival.topic.talk_seconds)]
    if not case.owner and aftermath.do(traffic, case, "assign", at, agent.code, to=agent.code):
        case.owner = agent.code
    done = milliseconds(legs[0].ended_at)

    def take_up(agent: Agent, at: int) -> None:
        legs.append(_session(random, agent, at, arrival.topic.talk_seconds * 0.5))
        reply_at(milliseconds(legs[-1].ended_at))

    def reply_at(at: int) -> None:
        traffic.later(at, lambda at: _reply(traffic, arrival, random, case, legs, legs[-1].agent, at))

    if random.random() < 0.13:
        traffic.when_free("frontline", "mail", done + random.randint(20, 200) * MINUTE, take_up)
    else:
        reply_at(done)


def _session(random: Random, agent: Agent, at: int, seconds: float) -> Leg:
    work = round(max(40.0, random.lognormvariate(0, 0.5) * seconds * 0.9) * SECOND)
    wrap_up = random.randint(0, 25) * SECOND
    agent.take("mail", at + work + wrap_up)
    return Leg(agent.code, "primary", moment(at), moment(at + work), work * 1000, 0, wrap_up * 1000)


def _reply(
    traffic: Traffic, arrival: Arrival, random: Random, case: CaseState, legs: list[Leg], agent: str, at: int
) -> None:
    assert arrival.person is not None
    verdict = aftermath.judge(arrival, random)
    traffic.plan.add(
        ContactEnds(
            at=moment(at),
            key=arrival.key,
            outcome="answered",
            answered_at=moment(at),
            ended_at=moment(at),
            case=case.key,
            topic=arrival.topic.path,
            legs=tuple(legs),
            **verdict.as_fields(),
        )
    )
    asks = not verdict.solved and arrival.why == "new" and case.is_open and random.random() < 0.45
    texts = words.REPLIES if verdict.solved else words.QUESTIONS if asks else words.PROMISES
    text = words.written(random, texts, arrival.person.language, name=arrival.person.name.split()[0])
    aftermath.do(traffic, case, "reply", at, agent, text=text, contact=arrival.key)
    if asks:
        _await_answer(traffic, random, case, agent, at)
    else:
        aftermath.after_service(traffic, random, case, agent, at + 2 * SECOND, verdict, arrival.key)


def _await_answer(traffic: Traffic, random: Random, case: CaseState, agent: str, at: int) -> None:
    """We need something from the customer. Most answer within a day or two; the rest is closed after a while."""
    aftermath.do(traffic, case, "wait", at + SECOND, agent, text="waiting_customer")
    case.status = "waiting_customer"
    case.rounds += 1
    number = case.rounds
    if random.random() < 0.85:
        when = at + round(random.lognormvariate(2.0, 1.0) * HOUR)
        traffic.expect(case.comes_back(when, f"a{number}", "email", "answer"))

    def close(at: int) -> None:
        if case.status == "waiting_customer" and case.rounds == number:
            aftermath.resolve(traffic, random, case, agent, at, "")

    traffic.later(at + 7 * DAY, close)
