"""Agents' legs, and the calls that we make ourselves."""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING

from helpdesk.simulation.desk import SECOND, Agent, milliseconds, moment
from helpdesk.simulation.plan import ContactBegins, ContactEnds, Leg
from helpdesk.simulation.state import CaseState

if TYPE_CHECKING:
    from helpdesk.simulation.traffic import Traffic


def done_at(leg: Leg) -> int:
    return milliseconds(leg.ended_at) + leg.acw_us // 1000


def make_leg(
    random: Random, agent: Agent, start: int, talk: float, *, role: str = "primary", duty: str = "phone"
) -> Leg:
    """One leg with its wrap-up; the agent is taken until that is done."""
    talk_ms = round(talk * SECOND)
    hold_ms = round(random.lognormvariate(3.7, 0.6) * SECOND) if duty == "phone" and random.random() < 0.16 else 0
    acw_ms = round(random.lognormvariate(3.6 if duty == "phone" else 3.0, 0.6) * SECOND)
    agent.take(duty, start + talk_ms + hold_ms + acw_ms)
    return Leg(
        agent=agent.code,
        role=role,
        started_at=moment(start),
        ended_at=moment(start + talk_ms + hold_ms),
        talk_us=talk_ms * 1000,
        hold_us=hold_ms * 1000,
        acw_us=acw_ms * 1000,
    )


def outbound(
    traffic: Traffic, client: str, case: CaseState, key: str, at: int, leg: Leg | None, ring: int, parent: str = ""
) -> int | None:
    """We call the customer. Return when the agent is done, or None where that lies in the future."""
    answered = at + ring
    done = done_at(leg) if leg else answered
    if done > traffic.until:
        return None
    traffic.plan.add(
        ContactBegins(
            at=moment(at),
            key=key,
            client=client,
            channel="phone",
            direction="outbound",
            queue=case.queue,
            person=case.person,
            topic=case.topic.path,
            flags=("callback",) if parent else (),
            parent=parent,
        )
    )
    traffic.plan.add(
        ContactEnds(
            at=moment(done),
            key=key,
            outcome="answered" if leg else "no_answer",
            answered_at=moment(answered) if leg else None,
            ended_at=leg.ended_at if leg else moment(answered),
            case=case.key,
            topic=case.topic.path,
            flags=("callback",) if parent else (),
            legs=(leg,) if leg else (),
        )
    )
    return done
