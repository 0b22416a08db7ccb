"""What a log names in passing: clients, queues, topics, agents and teams. One that is not known is made."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable

from django.contrib.auth.hashers import make_password
from django.db import connection

from tickets.bundle import config
from tickets.bundle.columns import Makes
from tickets.bundle.spec import all_specs
from tickets.bundle.staging import Stage
from tickets.models.client import Client
from tickets.models.people import Team, User
from tickets.models.queue import Queue
from tickets.models.topic import Topic

# Who acts in a log without being one of our people.
NOBODY = ("", "system", "customer", "bot", "automation")
_NOBODY_SQL = ", ".join(f"'{name}'" for name in NOBODY)


def make(stage: Stage) -> None:
    """Make every client, queue, topic, agent and team that the staged rows name and nobody knows yet."""
    makers: list[tuple[Makes, str, Callable[[Stage, list[str]], None]]] = [
        (Makes.CLIENT, "SELECT code FROM tickets_client", _make_clients),
        (Makes.QUEUE, "SELECT code FROM tickets_queue", _make_queues),
        (Makes.TOPIC, "SELECT path FROM tickets_topic", _make_topics),
        (Makes.TEAM, "SELECT code FROM tickets_team", _make_teams),
        (Makes.AGENT, "SELECT code FROM tickets_user WHERE code IS NOT NULL", _make_agents),
    ]
    for kind, known, maker in makers:
        missing = _missing(kind, known)
        if missing:
            maker(stage, missing)


def _missing(kind: Makes, known: str) -> list[str]:
    kinds = {kind, Makes.ACTOR} if kind == Makes.AGENT else {kind}
    named = [
        f"SELECT {column.name} AS name FROM {spec.stage} WHERE {column.name} IS NOT NULL"
        + (f" AND lower({column.name}) NOT IN ({_NOBODY_SQL})" if column.makes == Makes.ACTOR else "")
        for spec in all_specs()
        for column in spec.columns
        if column.makes in kinds
    ]
    if not named:
        return []
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT name FROM ({' UNION '.join(named)}) n WHERE name NOT IN ({known}) ORDER BY name")
        return [row[0] for row in cursor.fetchall()]


def _make_clients(_stage: Stage, codes: list[str]) -> None:
    """A client that no config speaks of gets an agreement of the defaults."""
    for code in codes:
        client, _made = Client.objects.get_or_create(code=code, defaults={"name": code})
        config.agree(client, None)


def _make_teams(_stage: Stage, codes: list[str]) -> None:
    Team.objects.bulk_create([Team(code=code, name=code) for code in codes], ignore_conflicts=True)


def _make_queues(stage: Stage, codes: list[str]) -> None:
    """A queue belongs to the client of the rows that name it, where that is one and the same."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT queue, min(client) FROM stage_contacts WHERE client IS NOT NULL GROUP BY queue"
            " HAVING count(DISTINCT client) = 1 AND count(*) = count(client)"
        )
        client_of = dict(cursor.fetchall())
        cursor.execute("SELECT DISTINCT queue FROM stage_contacts WHERE client IS NOT NULL")
        named = {row[0] for row in cursor.fetchall()}
    clients = Client.objects.in_bulk(client_of.values(), field_name="code")
    Queue.objects.bulk_create(
        [
            Queue(
                code=code,
                name=code,
                client=clients[client_of[code]] if code in client_of else None if code in named else stage.client,
            )
            for code in codes
        ],
        ignore_conflicts=True,
    )


def _make_topics(_stage: Stage, paths: Iterable[str]) -> None:
    for path in paths:
        Topic.objects.at_path(path)


def _make_agents(_stage: Stage, codes: list[str]) -> None:
    """An agent known only from a log has no password and so no login."""
    taken = set(User.objects.values_list("username", flat=True))
    users = []
    for code in codes:
        username = _free_username(code, taken)
        taken.add(username)
        users.append(User(code=code, username=username, password=make_password(None)))
    User.objects.bulk_create(users, ignore_conflicts=True)


def _free_username(code: str, taken: set[str]) -> str:
    plain = unicodedata.normalize("NFKD", code).encode("ascii", "ignore").decode().lower()
    base = re.sub(r"[^a-z0-9.+_-]+", "-", plain).strip("-")[:140] or "agent"
    username, number = base, 1
    while username in taken:
        number += 1
        username = f"{base}-{number}"
    return username
