"""The agents' time: who is on duty for what, and when the next one is free. Moments are milliseconds since 1970."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from functools import cache
from math import ceil
from random import Random
from zoneinfo import ZoneInfo

from helpdesk.simulation.catalogue import (
    CHANNELS,
    CLIENTS,
    LIVE_PROFILE,
    PROFILE_STARTS_AT,
    TEAMS,
    TOPICS,
    WEEKDAY,
    plain,
)
from tickets.clock import Hours

SECOND = 1000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR
SLOT = 30 * MINUTE
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

CHATS_AT_ONCE = 2
# Minutes that one contact takes an agent, wrap-up included; chats are shared.
MINUTES = {"phone": 7.8, "chat": 5.0, "mail": 6.5, "cases": 6.0}


def moment(ms: int) -> datetime:
    return EPOCH + timedelta(milliseconds=ms)


def milliseconds(at: datetime) -> int:
    return (at - EPOCH) // timedelta(milliseconds=1)


@dataclass
class Agent:
    code: str
    first_name: str
    last_name: str
    team: str
    busy_until: int = 0
    chats: list[int] = field(default_factory=lambda: [0] * CHATS_AT_ONCE)

    def free_for(self, duty: str) -> int:
        """From when she can take work of this kind: a second chat beside the first, but nothing beside a call."""
        return max(self.busy_until, min(self.chats) if duty == "chat" else max(self.chats))

    def take(self, duty: str, until: int) -> None:
        if duty == "chat":
            self.chats[self.chats.index(min(self.chats))] = until
        else:
            self.busy_until = max(self.busy_until, until)


class Desk:
    """Twelve agents in three teams, more where the traffic needs more."""

    def __init__(self, hours: Hours, contacts_per_day: float) -> None:
        self.hours = hours
        self.contacts_per_day = contacts_per_day
        self.teams = {team.code: self._make_agents(team.code) for team in TEAMS}
        self.agents = {agent.code: agent for team in self.teams.values() for agent in team}
        self._rosters: dict[tuple[str, int], dict[str, list[Agent]]] = {}
        self._open: dict[date, list[tuple[int, int]]] = {}

    def find(self, team: str, duty: str, ready: int, latest: int | None = None) -> tuple[Agent, int] | None:
        """Return who of a team is free first for this duty, and when; None if nobody before `latest`."""
        slot = ready - ready % SLOT
        latest = ready + 30 * DAY if latest is None else latest
        while slot <= latest:
            if self.is_open(slot):
                roster = self.roster(team, slot)[duty]
                agent = min(roster, key=lambda agent: max(agent.free_for(duty), ready, slot))
                start = max(agent.free_for(duty), ready, slot)
                if start < slot + SLOT:
                    return (agent, start) if start <= latest else None
            slot += SLOT
        return None

    def least_busy(self, team: str) -> Agent:
        return min(self.teams[team], key=lambda agent: agent.free_for("phone"))

    def is_open(self, at: int) -> bool:
        day = moment(at).astimezone(self.hours.zone).date()
        if day not in self._open:
            self._open[day] = [(milliseconds(a), milliseconds(b)) for a, b in self.hours.windows_of(day)]
        return any(opens <= at < closes for opens, closes in self._open[day])

    def roster(self, team: str, slot: int) -> dict[str, list[Agent]]:
        """Who of a team is on duty for what in a half-hour. Duties go round, morning and afternoon."""
        if (team, slot) not in self._rosters:
            local = moment(slot).astimezone(self.hours.zone)
            agents = self.teams[team]
            turn = Random(f"{team}:{local:%Y-%m-%d %p}")
            order = turn.sample(agents, len(agents))
            roster = {}
            for duty in MINUTES:
                count = self._need(team, duty, local.weekday(), local.hour * 2 + local.minute // 30)
                roster[duty], order = order[:count] or agents, order[count:]
            self._rosters[team, slot] = roster
        return self._rosters[team, slot]

    def _need(self, team: str, duty: str, weekday: int, half_hour: int) -> int:
        agents_busy = load(team, duty, weekday, half_hour) * self.contacts_per_day
        return ceil(agents_busy * 1.12 + 0.15) if agents_busy else 0

    def _make_agents(self, team: str) -> list[Agent]:
        spec = next(spec for spec in TEAMS if spec.code == team)
        peak = max(
            sum(self._need(team, duty, 0, half_hour) for duty in MINUTES) for half_hour in range(PROFILE_STARTS_AT, 40)
        )
        agents = []
        for n in range(max(len(spec.agents), peak + 1)):
            first, last = spec.agents[n % len(spec.agents)]
            again = n // len(spec.agents)
            last = f"{last} {again + 1}" if again else last
            agents.append(Agent(plain(f"{first}.{last}"), first, last, team))
        return agents


@cache
def load(team: str, duty: str, weekday: int, half_hour: int) -> float:
    """How many agents a half-hour would keep busy without a pause, for one contact a day."""
    share = sum(share for channel, share in CHANNELS if duty_of(channel) == duty)
    if duty == "mail":
        # Mails that came by night are worked off by day.
        return share * MINUTES[duty] / 30 / 18 if team == "frontline" else 0.0
    if duty == "cases":
        # What the first contact did not solve, with nobody waiting on the line.
        return 0.35 * team_share(team) * MINUTES[duty] / 30 / 18
    place = half_hour - PROFILE_STARTS_AT
    weight = LIVE_PROFILE[place] / sum(LIVE_PROFILE) if 0 <= place < len(LIVE_PROFILE) else 0
    return share * team_share(team) * WEEKDAY[weekday] * weight * MINUTES[duty] / 30


def duty_of(channel: str) -> str:
    return channel if channel in {"phone", "chat"} else "mail"


@cache
def team_share(team: str) -> float:
    """The share of live contacts that a team takes."""
    weights = {client.code: sum(topic.weight for topic in TOPICS if topic.client == client.code) for client in CLIENTS}
    shares = {client.code: client.share for client in CLIENTS}
    technical = sum(
        shares[topic.client] * topic.weight / weights[topic.client] for topic in TOPICS if topic.is_technical
    )
    return {"technical": technical, "frontline": 1 - technical}.get(team, 0.0)


def local_slot(day: date, half_hour: float, zone: ZoneInfo) -> int:
    """The moment so many half-hours after local midnight, as the clock on the wall counts."""
    wall = datetime.combine(day, datetime.min.time(), tzinfo=zone) + timedelta(minutes=30 * half_hour)
    return milliseconds(wall.astimezone(UTC))
