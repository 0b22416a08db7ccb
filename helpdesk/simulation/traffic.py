"""From a seed to everything that happens at the desk over some days. Pure: no database and no clock but its own.

Whatever happens later because of something is put on one agenda and happens when its time comes, so that the state of
a case is the same here as where the steps are carried out. Each contact draws from its own source of chance: a run that
ends later goes on as an earlier one did.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Container, Mapping, Sequence
from datetime import date, datetime, timedelta
from math import exp, log
from random import Random

from helpdesk.simulation import calls, mails
from helpdesk.simulation.catalogue import (
    CHANNELS,
    CLIENTS,
    LIVE_PROFILE,
    MAIL_PROFILE,
    PROFILE_STARTS_AT,
    TOPICS,
    WEEKDAY,
    TopicSpec,
)
from helpdesk.simulation.desk import Agent, Desk, local_slot, milliseconds, moment
from helpdesk.simulation.people import make_people
from helpdesk.simulation.plan import Plan
from helpdesk.simulation.state import Arrival, CaseState
from tickets.clock import Hours

# What part of the contacts comes again because of an earlier one, and is therefore not drawn as new.
AFTERMATH = 0.14
OUTAGE_EVERY_DAYS = 60


class Traffic:
    def __init__(
        self,
        *,
        seed: int,
        days: int,
        contacts_per_day: float,
        until: datetime,
        hours: Mapping[str, Hours],
        taken_numbers: Container[str] = (),
    ) -> None:
        self.seed = seed
        self.hours = hours
        self.first = until.astimezone(hours["tallvik"].zone).date() - timedelta(days=days)
        self.days = days
        self.contacts_per_day = contacts_per_day
        self.until = milliseconds(until)
        self.plan = Plan(until=until)
        self.desk = Desk(hours["tallvik"], contacts_per_day)
        self.people = make_people(seed, max(60, round(days * contacts_per_day / 1.9)), taken_numbers)
        self.by_client = {spec.code: [p for p in self.people if p.client == spec.code] for spec in CLIENTS}
        # Open and closed cases of a customer on a topic: who comes again comes about the same thing.
        self.cases: dict[tuple[str, str], CaseState] = {}
        self._agenda: list[tuple[int, int, Callable[[int], None]]] = []
        self._count = 0

    def run(self) -> Plan:
        for day in range(self.days + 1):
            for arrival in self._arrivals(self.first + timedelta(days=day)):
                self.expect(arrival)
        while self._agenda and self._agenda[0][0] <= self.until:
            at, _order, happen = heapq.heappop(self._agenda)
            happen(at)
        return self.plan

    def later(self, at: int, happen: Callable[[int], None]) -> None:
        """Put on the agenda what happens at a later moment."""
        if at <= self.until:
            self._count += 1
            heapq.heappush(self._agenda, (at, self._count, happen))

    def expect(self, arrival: Arrival) -> None:
        handle = calls.arrive if arrival.is_live else mails.arrive
        self.later(arrival.at, lambda _at: handle(self, arrival))

    def when_free(self, team: str, duty: str, at: int, begin: Callable[[Agent, int], None]) -> None:
        """Begin as soon as somebody on duty is free. Nobody is kept free for it: who calls meanwhile goes first."""

        def look(at: int) -> None:
            found = self.desk.find(team, duty, at)
            if found and found[1] > at:
                self.later(found[1], look)
            elif found:
                begin(found[0], at)

        self.later(at, look)

    def random(self, key: str) -> Random:
        return Random(f"{self.seed}:{key}")

    def is_open(self, client: str, at: int) -> bool:
        """Whether a client's lines are open and somebody is there."""
        day = moment(at).astimezone(self.hours[client].zone).date()
        windows = self.hours[client].windows_of(day)
        return any(opens <= moment(at) < closes for opens, closes in windows) and self.desk.is_open(at)

    # --- who comes when

    def _arrivals(self, day: date) -> list[Arrival]:
        random = Random(f"{self.seed}:{day}")
        found: list[tuple[int, str, TopicSpec | None]] = []
        for channel, share in CHANNELS:
            mean = self.contacts_per_day * share * (1 - AFTERMATH) * self._busyness(day, channel)
            found += [(self._time_of(random, day, channel), channel, None) for _ in range(poisson(random, mean))]
        found += self._outage(random, day)
        found.sort(key=lambda one: one[0])
        return [self._arrival(random, day, n, *one) for n, one in enumerate(found)]

    def _arrival(self, random: Random, day: date, n: int, at: int, channel: str, topic: TopicSpec | None) -> Arrival:
        key = f"{self.seed}-{day:%y%m%d}-{n:03}"
        client = topic.client if topic else random.choices(CLIENTS, [spec.share for spec in CLIENTS])[0].code
        person = random.choice(self.by_client[client])
        if topic is None:
            topics = [spec for spec in TOPICS if spec.client == client]
            topic = random.choices(topics, [spec.weight for spec in topics])[0]
        why = "new"
        if channel == "email" and random.random() < 0.035:
            why = "spam"
        elif channel == "phone" and random.random() < 0.004:
            why = "test"
        return Arrival(at=at, key=key, channel=channel, topic=topic, person=person, why=why)

    def _busyness(self, day: date, channel: str) -> float:
        weekday = WEEKDAY[day.weekday()]
        quiet = 0.3 if self.hours["tallvik"].is_closed(day) else 1.0
        if channel in {"phone", "chat"}:
            return weekday * quiet
        return (weekday + 0.9) / 2 * (0.5 + quiet / 2)

    def _time_of(self, random: Random, day: date, channel: str) -> int:
        is_live = channel in {"phone", "chat"}
        profile: Sequence[float] = LIVE_PROFILE if is_live else MAIL_PROFILE
        slot = random.choices(range(len(profile)), profile)[0] + (PROFILE_STARTS_AT if is_live else 0)
        return local_slot(day, slot + random.random(), self.desk.hours.zone)

    def outage_day(self, day: date) -> bool:
        """A line breaks now and then: a Tuesday to Thursday, three to four weeks before the end of each stretch."""
        back = (self.first + timedelta(days=self.days) - day).days
        return back % OUTAGE_EVERY_DAYS in range(22, 29) and day.weekday() == 1 + self.seed % 3

    def _outage(self, random: Random, day: date) -> list[tuple[int, str, TopicSpec | None]]:
        """The spike while the line is down, from nine until two, and what is left of it the day after."""
        topic = next(spec for spec in TOPICS if spec.path == "internet/outage")
        strength = 1.1 if self.outage_day(day) else 0.2 if self.outage_day(day - timedelta(days=1)) else 0.0
        if self.hours["tallvik"].is_closed(day):
            strength = 0.0
        found: list[tuple[int, str, TopicSpec | None]] = []
        for _ in range(poisson(random, strength * self.contacts_per_day)):
            channel = random.choices(("phone", "chat", "email"), (0.72, 0.18, 0.10))[0]
            half_hour = random.triangular(18.2, 28, 20)
            found.append((local_slot(day, half_hour, self.desk.hours.zone), channel, topic))
        return found


def poisson(random: Random, mean: float) -> int:
    if mean > 60:
        return max(0, round(random.gauss(mean, mean**0.5)))
    limit, product, count = exp(-mean), random.random(), 0
    while product > limit:
        product *= random.random()
        count += 1
    return count


def lognormal(random: Random, median: float, spread: float = 0.5) -> float:
    return random.lognormvariate(log(median), spread)
