"""What the fields of a case may become, and the verb behind each choice."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Q
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from tickets import learning, teamwork
from tickets.models import Case, Priority, Queue, Status, Topic, User

MOST = 40
TITLES = {
    "status": gettext_lazy("Status"),
    "owner": gettext_lazy("Assign to"),
    "queue": gettext_lazy("Queue"),
    "topic": gettext_lazy("Topic"),
    "priority": gettext_lazy("Priority"),
    "snooze": gettext_lazy("Snooze until"),
}


class ChangedMeanwhileError(Exception):
    """Somebody else has changed the field since it was shown."""


@dataclass(frozen=True, slots=True)
class Option:
    value: str
    label: str
    hint: str = ""
    is_now: bool = False


def options(case: Case, field: str, text: str, *, user: User) -> list[Option]:
    """What the field may become, as far as every typed word is in it.

    Raises:
        KeyError: It is no field that can be chosen.
    """
    return _OPTIONS[field](case, text.split(), user)


def choose(case: Case, field: str, value: str, *, by: User, was: str | None = None) -> bool:
    """Set a field by its verb. A value that it cannot have changes nothing.

    Raises:
        KeyError: It is no field that can be chosen.
        ChangedMeanwhileError: It is no longer what it was when it was shown.
    """
    choose_one = _CHOOSE[field]
    now = shown_value(case, field)
    if was is not None and now not in {was, value}:
        raise ChangedMeanwhileError(
            _("“%(field)s” was changed by somebody else meanwhile. Look again.") % {"field": TITLES[field]}
        )
    return choose_one(case, value, by)


def shown_value(case: Case, field: str) -> str:
    if field == "snooze":
        return case.snoozed_until.isoformat() if case.snoozed_until else ""
    value = getattr(case, field if field in {"status", "priority"} else f"{field}_id")
    return "" if value is None else str(value)


# ---- What can be chosen ----------------------------------------------------------------------------------------------
def _fits(words: list[str], label: str) -> bool:
    return all(word.casefold() in label.casefold() for word in words)


def _statuses(case: Case, words: list[str], _user: User) -> list[Option]:
    found = [Status.OPEN, Status.WAITING_CUSTOMER, Status.WAITING_THIRD_PARTY, Status.RESOLVED]
    return [Option(one, str(one.label), is_now=one == case.status) for one in found if _fits(words, str(one.label))]


def _priorities(case: Case, words: list[str], _user: User) -> list[Option]:
    return [
        Option(one, str(one.label), is_now=one == case.priority)
        for one in reversed(Priority)
        if _fits(words, str(one.label))
    ]


def _owners(case: Case, words: list[str], user: User) -> list[Option]:
    people = teamwork.colleagues(case)
    for word in words:
        people = people.filter(
            Q(first_name__icontains=word) | Q(last_name__icontains=word) | Q(username__icontains=word)
        )
    found = [
        Option(str(one.pk), str(one), str(one.team or ""), is_now=one.pk == case.owner_id)
        for one in people.exclude(pk=user.pk).select_related("team")[:MOST]
    ]
    own = [Option(str(user.pk), _("Me"), str(user), is_now=user.pk == case.owner_id)]
    nobody = [Option("", _("Nobody"), is_now=case.owner_id is None)]
    return [one for one in own + nobody if _fits(words, f"{one.label} {one.hint}")] + found


def _queues(case: Case, words: list[str], user: User) -> list[Option]:
    # A case may be handed to a queue whose work one does not see.
    queues = Queue.objects.filter(Q(client=case.client_id) | Q(client=None)).offered(case.queue_id).order_by("name")
    for word in words:
        queues = queues.filter(name__icontains=word)
    return [Option(str(one.pk), one.name, is_now=one.pk == case.queue_id) for one in queues[:MOST]]


def _topics(case: Case, words: list[str], _user: User) -> list[Option]:
    topics = Topic.objects.filter(is_active=True)
    for word in words:
        topics = topics.filter(path__icontains=word)
    # Before anything is typed, first what the customer's own words speak for.
    likely = [] if words else learning.likely_topics(learning.text_of(case))
    found = [
        Option(str(one.pk), one.name, _("%(path)s – likely") % {"path": one.path}, is_now=one.pk == case.topic_id)
        for one in likely
    ]
    others = topics.exclude(pk__in=[one.pk for one in likely])[:MOST]
    return found + [Option(str(one.pk), one.name, one.path, is_now=one.pk == case.topic_id) for one in others]


def _snoozes(case: Case, words: list[str], _user: User) -> list[Option]:
    now = timezone.localtime()
    morning = now.replace(hour=8, minute=0, second=0, microsecond=0)
    monday = morning + timedelta(days=7 - now.weekday())
    moments = [
        (_("In an hour"), now + timedelta(hours=1)),
        (_("In three hours"), now + timedelta(hours=3)),
        (_("Tomorrow morning"), morning + timedelta(days=1)),
        (_("In two days"), morning + timedelta(days=2)),
        (_("Monday morning"), monday),
        (_("In a week"), morning + timedelta(days=7)),
    ]
    found = [Option(at.isoformat(), label, f"{date_format(at, 'D j.n.')} {at:%H:%M}") for label, at in moments]
    if case.snoozed_until:
        found.insert(0, Option("", _("Bring it back now")))
    return [one for one in found if _fits(words, f"{one.label} {one.hint}")]


_OPTIONS: dict[str, Callable[[Case, list[str], User], list[Option]]] = {
    "status": _statuses,
    "owner": _owners,
    "queue": _queues,
    "topic": _topics,
    "priority": _priorities,
    "snooze": _snoozes,
}


# ---- The verbs behind them -------------------------------------------------------------------------------------------
def _choose_status(case: Case, value: str, by: User) -> bool:
    if value == Status.RESOLVED:
        return case.resolve(by=by)
    if case.status == Status.RESOLVED:
        case.reopen(by=by)
    if value in {Status.WAITING_CUSTOMER, Status.WAITING_THIRD_PARTY}:
        return case.wait(on=Status(value), by=by)
    return case.carry_on(by=by) if value == Status.OPEN else False


def _choose_priority(case: Case, value: str, by: User) -> bool:
    return value in Priority.values and case.change(by=by, priority=value)


def _choose_owner(case: Case, value: str, by: User) -> bool:
    to = teamwork.colleagues(case).filter(pk=value).first() if value.isdecimal() else None
    if value == str(by.pk):
        to = by
    return (to is not None or value == "") and case.assign(to=to, by=by)


def _choose_queue(case: Case, value: str, by: User) -> bool:
    found = Queue.objects.filter(Q(client=case.client_id) | Q(client=None)).offered(case.queue_id)
    queue = found.filter(pk=value).first() if value.isdecimal() else None
    return queue is not None and case.change(by=by, queue=queue)


def _choose_topic(case: Case, value: str, by: User) -> bool:
    topic = Topic.objects.filter(is_active=True, pk=value).first() if value.isdecimal() else None
    return (topic is not None or value == "") and case.change(by=by, topic=topic)


def _choose_snooze(case: Case, value: str, by: User) -> bool:
    if not value:
        return case.wake(by=by)
    try:
        until = datetime.fromisoformat(value)
    except ValueError:
        return False
    return until.tzinfo is not None and case.snooze(until=until, by=by)


_CHOOSE: dict[str, Callable[[Case, str, User], bool]] = {
    "status": _choose_status,
    "owner": _choose_owner,
    "queue": _choose_queue,
    "topic": _choose_topic,
    "priority": _choose_priority,
    "snooze": _choose_snooze,
}
