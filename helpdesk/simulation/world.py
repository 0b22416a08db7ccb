"""The desk at which the simulated traffic happens: made once, found again by its codes."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal

from django.db import transaction

from helpdesk.simulation.catalogue import CLIENTS, QUEUES, TEAMS, TOPICS, ClientSpec
from helpdesk.simulation.desk import Agent
from tickets.clock import Hours
from tickets.models import (
    DESK,
    Agreement,
    Calendar,
    Channel,
    Client,
    OpeningHours,
    Queue,
    ServiceLevel,
    Source,
    Team,
    Topic,
    User,
)

VALID_FROM = datetime(2020, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class World:
    source: Source
    clients: dict[str, Client]
    teams: dict[str, Team]
    queues: dict[str, Queue]
    topics: dict[str, Topic]

    def hours(self) -> dict[str, Hours]:
        """Each client's opening hours in force now."""
        agreements = {
            code: Agreement.objects.filter(client=client).latest("valid_from") for code, client in self.clients.items()
        }
        return {code: agreement.calendar.hours() for code, agreement in agreements.items()}


@transaction.atomic
def build() -> World:
    """Make what is missing of the simulated desk; what is there stays as it is."""
    clients = {spec.code: _client(spec) for spec in CLIENTS}
    teams = {spec.code: Team.objects.get_or_create(code=spec.code, defaults={"name": spec.name})[0] for spec in TEAMS}
    return World(
        source=Source.objects.get_or_create(name=DESK)[0],
        clients=clients,
        teams=teams,
        queues=_queues(clients, teams),
        topics=_topics(),
    )


def agents(world: World, wanted: Iterable[Agent]) -> dict[str, User]:
    """Return the users who serve, by code. A new one has no password: she is somebody in a log until she is given one."""
    wanted = list(wanted)
    known = set(User.objects.filter(code__in=[agent.code for agent in wanted]).values_list("code", flat=True))
    new = [_user(world, agent) for agent in wanted if agent.code not in known]
    User.objects.bulk_create(new)
    return {
        user.code or "": user
        for user in User.objects.filter(code__in=[agent.code for agent in wanted]).select_related("team")
    }


def _user(world: World, agent: Agent) -> User:
    user = User(
        username=agent.code,
        code=agent.code,
        first_name=agent.first_name,
        last_name=agent.last_name,
        team=world.teams[agent.team],
    )
    user.set_unusable_password()
    return user


def _client(spec: ClientSpec) -> Client:
    client, _made = Client.objects.get_or_create(
        code=spec.code, defaults={"name": spec.name, "language": spec.language}
    )
    if not client.agreements.exists():
        agreement = Agreement.objects.create(
            client=client,
            valid_from=VALID_FROM,
            calendar=_calendar(spec),
            first_response_business_seconds=4 * 3600,
            first_response_channels=[Channel.EMAIL, Channel.WEB],
            resolution_business_seconds=16 * 3600,
        )
        for channel, seconds in ((Channel.PHONE, spec.phone_threshold), (Channel.CHAT, spec.chat_threshold)):
            ServiceLevel.objects.create(
                agreement=agreement, channel=channel, threshold_seconds=seconds, target_share=Decimal("0.8")
            )
    return client


def _calendar(spec: ClientSpec) -> Calendar:
    calendar, made = Calendar.objects.get_or_create(
        name=spec.name, defaults={"timezone": spec.timezone, "country": spec.country}
    )
    if made:
        windows = [(weekday, spec.weekdays) for weekday in range(5)]
        windows += [(5, spec.saturday)] if spec.saturday else []
        OpeningHours.objects.bulk_create(
            OpeningHours(calendar=calendar, weekday=weekday, opens_at=opens, closes_at=closes)
            for weekday, (opens, closes) in windows
        )
    return calendar


def _queues(clients: dict[str, Client], teams: dict[str, Team]) -> dict[str, Queue]:
    queues = {}
    for spec in QUEUES:
        queue, made = Queue.objects.get_or_create(
            code=spec.code, defaults={"name": spec.name, "client": clients[spec.client], "team": teams[spec.team]}
        )
        if made:
            # Second line sees everything: whatever is escalated goes there.
            queue.teams.set([teams[spec.team], teams["second-line"]])
        queues[spec.code] = queue
    return queues


def _topics() -> dict[str, Topic]:
    topics = {}
    for spec in TOPICS:
        topic = Topic.objects.at_path(spec.path)
        if not topic.business_area:
            topic.demand, topic.business_area = spec.demand, spec.area
            topic.first_contact_resolvable = spec.is_resolvable
            topic.save()
        topics[spec.path] = topic
    return topics
