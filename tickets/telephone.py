"""What telephone systems tell, taken in: their names become ours, and what names somebody unknown waits, with its call."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from urllib.parse import urlsplit

from django.db import connection, transaction
from django.db.models import Count, Q
from django.db.models.fields.json import KeyTextTransform
from django.utils import timezone

from tickets.channels.phone.told import Told
from tickets.models import CallEvent, Connector, Contact, PhoneName, Queue, User, WaitingCallEvent

Key = tuple[str, str]
# So long something is kept of calls that are not ours.
LEFT_OUT_FOR = timedelta(days=30)
AGENT, QUEUE = PhoneName.What.AGENT.value, PhoneName.What.QUEUE.value


@dataclass
class Names:
    """What a connector's names mean."""

    agents: dict[str, PhoneName] = field(default_factory=dict)
    queues: dict[str, PhoneName] = field(default_factory=dict)

    def is_known(self, told: Told) -> bool:
        agent, queue = self.agents.get(told.agent), self.queues.get(told.queue)
        return (not told.agent or bool(agent and agent.agent_id)) and (not told.queue or bool(queue and queue.queue_id))

    def is_left_out(self, told: Told) -> bool:
        queue = self.queues.get(told.queue)
        return bool(told.queue and queue and queue.is_left_out)


@dataclass(frozen=True, slots=True)
class Taken:
    """How many events were stored, wait for a name, and are of calls that are not ours."""

    stored: int = 0
    waiting: int = 0
    left_out: int = 0


def take_in(connector: Connector, told: Iterable[Told]) -> Taken:
    """Store these events, each once, in whatever order they come; what cannot be understood yet waits with its call."""
    fresh = list({one.event_id: one for one in told}.values())
    with transaction.atomic():
        _one_at_a_time(connector)
        fresh = _of_known_calls(connector, fresh)
        names = _names(connector, fresh)
        left_out = _left_out_calls(connector, names, fresh)
        ours = [one for one in fresh if one.call_id not in left_out]
        held = _waiting_calls(connector, ours) | {one.call_id for one in ours if not names.is_known(one)}
        waiting = [one for one in ours if one.call_id in held]
        _keep(connector, waiting)
        _keep(connector, [one for one in fresh if one.call_id in left_out], is_left_out=True)
        ready = [_event(one, names) for one in ours if one.call_id not in held]
        if ready:
            CallEvent.take_in(connector.source, ready)
    connector.was_heard()
    return Taken(len(ready), len(waiting), len(fresh) - len(ours))


def settle_waiting(connector: Connector) -> Taken:
    """Take in what waited, as far as its names are known now."""
    with transaction.atomic():
        _one_at_a_time(connector)
        connector.waiting.filter(is_left_out=True, received_at__lt=timezone.now() - LEFT_OUT_FOR).delete()
        rows = list(connector.waiting.all())
        told = [Told.from_data(row.event_id, row.told) for row in rows]
        connector.waiting.all().delete()
        return take_in(connector, told)


def unknown_counts(connector: Connector) -> dict[Key, int]:
    """In how many waiting calls each unknown name occurs."""
    counts: dict[Key, int] = {}
    for what in (AGENT, QUEUE):
        named = (
            connector.waiting.filter(is_left_out=False)
            .annotate(said=KeyTextTransform(what, "told"))
            .filter(said__isnull=False)
        )
        rows = named.order_by().values("said").annotate(n=Count("call_id", distinct=True))
        counts |= {(what, row["said"]): row["n"] for row in rows}
    return counts


def shown_recording(contact: Contact) -> str:
    """The address of the recording, where it is on a server that its telephone system's set-up names; else nothing.

    Only ever a link: nothing here fetches it. What comes by the neutral API has no connector, and so any server by https.
    """
    recorded = CallEvent.objects.of(contact).exclude(recording_url="").order_by("-at")
    url = recorded.values_list("recording_url", flat=True).first() or ""
    connector = Connector.objects.filter(source=contact.source_id).first()
    return url if url and is_allowed_recording(url, connector) else ""


def is_allowed_recording(url: str, connector: Connector | None) -> bool:
    parts = urlsplit(url)
    if parts.scheme != "https" or not parts.hostname or parts.username or parts.password:
        return False
    return connector is None or parts.hostname.lower() in {host.lower() for host in connector.recording_hosts}


def _one_at_a_time(connector: Connector) -> None:
    """Two processes that hold events of one call would each think that the other's do not exist."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"connector:{connector.pk}"])


def _of_known_calls(connector: Connector, told: Sequence[Told]) -> list[Told]:
    doubtful = {one.call_id for one in told if one.only_of_known}
    if not doubtful:
        return list(told)
    known = {one.call_id for one in told if not one.only_of_known} | _waiting_calls(connector, told)
    events = CallEvent.objects.filter(source=connector.source_id, call_id__in=doubtful)
    known |= set(events.values_list("call_id", flat=True))
    return [one for one in told if not one.only_of_known or one.call_id in known]


def _names(connector: Connector, told: Sequence[Told]) -> Names:
    """What is named, each with its row; a new name that is the code of one of ours means that one."""
    agents, queues = {one.agent for one in told} - {""}, {one.queue for one in told} - {""}
    wanted = Q(what=AGENT, name__in=agents) | Q(what=QUEUE, name__in=queues)
    rows = {(row.what, row.name): row for row in connector.names.filter(wanted)}
    new = [(AGENT, name) for name in agents if (AGENT, name) not in rows]
    new += [(QUEUE, name) for name in queues if (QUEUE, name) not in rows]
    if new:
        _make_names(connector, new)
        rows = {(row.what, row.name): row for row in connector.names.filter(wanted)}
    connector.names.filter(pk__in=[row.pk for row in rows.values()]).update(seen_at=timezone.now())
    return Names(
        {name: row for (what, name), row in rows.items() if what == AGENT},
        {name: row for (what, name), row in rows.items() if what == QUEUE},
    )


def _make_names(connector: Connector, new: Sequence[Key]) -> None:
    said = [name for _what, name in new]
    people: dict[str, User] = {}
    for user in User.objects.exclude(role=User.Role.INTEGRATION).filter(Q(username__in=said) | Q(code__in=said)):
        people.setdefault(user.username, user)
        if user.code:
            people[user.code] = user
    queues = {queue.code: queue for queue in Queue.objects.filter(code__in=said)}
    rows = [
        PhoneName(
            connector=connector, what=what, name=name, agent=people.get(name) if what == AGENT else None,
            queue=queues.get(name) if what == QUEUE else None,
        )
        for what, name in sorted(new)
    ]  # fmt: skip
    PhoneName.objects.bulk_create(rows, ignore_conflicts=True)


def _left_out_calls(connector: Connector, names: Names, told: Sequence[Told]) -> set[str]:
    """Calls that came first into a queue that is not ours, and are not known from one that is."""
    found = {one.call_id for one in told if names.is_left_out(one)}
    calls = {one.call_id for one in told}
    found |= set(connector.waiting.filter(is_left_out=True, call_id__in=calls).values_list("call_id", flat=True))
    if not found:
        return found
    return found - set(
        CallEvent.objects.filter(source=connector.source_id, call_id__in=found).values_list("call_id", flat=True)
    )


def _waiting_calls(connector: Connector, told: Sequence[Told]) -> set[str]:
    calls = {one.call_id for one in told}
    return set(connector.waiting.filter(is_left_out=False, call_id__in=calls).values_list("call_id", flat=True))


def _keep(connector: Connector, told: Sequence[Told], *, is_left_out: bool = False) -> None:
    known = set(
        CallEvent.objects.filter(source=connector.source_id, event_id__in=[one.event_id for one in told]).values_list(
            "event_id", flat=True
        )
    )
    rows = [
        WaitingCallEvent(
            connector=connector,
            event_id=one.event_id,
            call_id=one.call_id,
            at=one.at,
            told=one.as_data(),
            is_left_out=is_left_out,
        )
        for one in told
        if one.event_id not in known
    ]
    WaitingCallEvent.objects.bulk_create(rows, ignore_conflicts=True)


def _event(told: Told, names: Names) -> CallEvent:
    agent, queue = names.agents.get(told.agent), names.queues.get(told.queue)
    target = names.agents.get(told.target)
    return CallEvent(
        event_id=told.event_id, call_id=told.call_id, kind=told.kind, at=told.at,
        agent_id=agent.agent_id if agent else None, queue_id=queue.queue_id if queue else None,
        target_id=target.agent_id if target else None, target_text=told.target,
        caller=told.caller, callee=told.callee, direction=told.direction, callback_of=told.callback_of,
        recording_url=told.recording_url,
    )  # fmt: skip
