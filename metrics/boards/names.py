"""What the groups of a split are called, for who may know them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from metrics import door
from tickets.models import Channel, Client, Team, Topic, User

NOBODY = {
    "queue": gettext_lazy("Without a queue"),
    "channel": gettext_lazy("Without a channel"),
    "client": gettext_lazy("Without a client"),
    "team": gettext_lazy("Without a team"),
    "topic": gettext_lazy("Without a topic"),
    "agent": gettext_lazy("Nobody"),
}


@dataclass(frozen=True)
class Name:
    """A group's name, the code by which it is filtered (empty: it cannot be), and of a queue its client."""

    label: str
    code: str = ""
    client: int | None = None
    pk: int | None = None


def names(dimension: str, keys: Iterable[Any], user: User) -> dict[Any, Name]:
    """The names of these groups: one query."""
    wanted = [key for key in keys if key is not None]
    if dimension == "channel":
        return {key: Name(str(Channel(key).label), key) for key in wanted if key in Channel.values}
    if dimension == "queue":
        found = door.queues(user).filter(pk__in=wanted).values_list("pk", "name", "code", "client_id")
        return {pk: Name(name, code, client, pk) for pk, name, code, client in found}
    if dimension == "client":
        clients = door.named("client", Client.objects.filter(pk__in=wanted), user)
        return {one.pk: Name(one.name, one.code, one.pk) for one in clients}
    if dimension == "team":
        return {
            one.pk: Name(one.name, one.code) for one in door.named("team", Team.objects.filter(pk__in=wanted), user)
        }
    if dimension == "topic":
        topics = door.named("topic", Topic.objects.filter(pk__in=wanted), user)
        return {one.pk: Name(one.path, one.path) for one in topics}
    people = door.named("agent", User.objects.filter(pk__in=wanted), user)
    return {one.pk: Name(str(one), one.code or one.username) for one in people}


def name_of(dimension: str, key: Any, known: dict[Any, Name]) -> Name:
    """Its name; a group that the reader may not know has none, and leads nowhere."""
    if key in {None, ""}:
        return Name(str(NOBODY[dimension]))
    return known.get(key) or Name(_("Others"))
