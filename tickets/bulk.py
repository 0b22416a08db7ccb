"""One change to many cases: what it would do, doing it case by case, and taking it back.

Each case is changed in a transaction of its own by the verbs that its own page uses, so that its log reads the same. A step
that was done is never done again, so a worker that dies leaves nothing half.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from time import monotonic
from typing import Any

from celery import current_app
from django.db import transaction
from django.db.models import Max, Q
from django.utils import timezone
from kombu.exceptions import OperationalError

from tickets import teamwork
from tickets.live import announce
from tickets.models import BulkChange, BulkStep, Case, Draft, Follower, Incident, Queue, Status, Topic, User
from tickets.models.case import CaseQuerySet
from tickets.models.draft import UNDO
from tickets.sending import address_of, cc_of

# So many are done while somebody waits for the page; more are done by a worker.
AT_ONCE = 50
MOST = 2000
# A worker leaves the rest to the next round before its time is up.
SECONDS = 40
log = logging.getLogger(__name__)
Verb, Outcome = BulkChange.Verb, BulkStep.Outcome


@dataclass(frozen=True, slots=True)
class Way:
    """How one verb is planned, done and taken back for one case."""

    would: Callable[[Case, str, User], bool]
    before: Callable[[Case], dict[str, Any]]
    do: Callable[[Case, str, User], bool]
    undo: Callable[[Case, dict[str, Any], User], object]
    # Whether it writes an event: then undo leaves alone what has another one since.
    has_event: bool = True


@dataclass(frozen=True, slots=True)
class Plan:
    """What would happen."""

    changing: list[Case]
    staying: list[Case]

    @property
    def total(self) -> int:
        return len(self.changing) + len(self.staying)


def chosen(numbers: Iterable[int], user: User) -> CaseQuerySet:
    return Case.objects.visible_to(user).filter(number__in=list(numbers)[:MOST]).for_list()


def plan(numbers: Iterable[int], verb: str, value: str, *, by: User) -> Plan:
    cases = chosen(numbers, by).prefetch_related("customer__identities").order_by("number")
    followed = set(Follower.objects.filter(user=by, case__in=cases).values_list("case", flat=True))
    changing: list[Case] = []
    staying: list[Case] = []
    for case in cases:
        does = case.pk not in followed if verb == Verb.FOLLOW else _would(case, verb, value, by)
        (changing if does else staying).append(case)
    return Plan(changing, staying)


def start(numbers: Iterable[int], verb: str, value: str, *, by: User) -> BulkChange | None:
    """Keep what is to be done. None where no case is there to do it to."""
    pks = list(chosen(numbers, by).values_list("pk", flat=True))
    if not pks:
        return None
    with transaction.atomic():
        change = BulkChange.objects.create(made_by=by, verb=verb, value=value, total=len(pks))
        change.steps.bulk_create(BulkStep(change=change, case_id=pk) for pk in sorted(pks))
    return change


def carry_out(change: BulkChange) -> bool:
    """Do the steps that are left, as many as time allows. Return whether all are done."""
    is_done = _each(change.steps.filter(outcome=Outcome.WAITING), lambda step: _do(change, step))
    if is_done:
        BulkChange.objects.filter(pk=change.pk, done_at=None).update(done_at=timezone.now())
    change.refresh_from_db()
    return is_done


def ask_to_undo(change: BulkChange) -> bool:
    """From now on it is being taken back. False where that was asked before, or it is not done yet."""
    asked = BulkChange.objects.filter(pk=change.pk, undo_asked_at=None, done_at__isnull=False)
    return bool(asked.update(undo_asked_at=timezone.now()))


def take_back(change: BulkChange) -> bool:
    """Take back the steps that are left, as many as time allows. Return whether all are."""
    is_done = _each(change.steps.filter(outcome=Outcome.CHANGED), lambda step: _undo(change, step))
    if is_done:
        BulkChange.objects.filter(pk=change.pk, undone_at=None).update(undone_at=timezone.now())
    change.refresh_from_db()
    return is_done


def carry_on_all() -> None:
    """Finish what is unfinished."""
    running = Q(done_at=None) | Q(undo_asked_at__isnull=False, undone_at=None)
    for change in BulkChange.objects.filter(running).order_by("made_at"):
        if change.done_at is None:
            carry_out(change)
        else:
            take_back(change)


def begin(change: BulkChange) -> None:
    """Do it, or take it back: a few at once, many by a worker."""
    if change.total > AT_ONCE:
        transaction.on_commit(_ring, robust=True)
    elif change.undo_asked_at is None:
        carry_out(change)
    else:
        take_back(change)


def _ring() -> None:
    try:
        # By name, since the task imports this module. With Redis down the schedule finds it a little later.
        current_app.send_task("tickets.tasks.carry_on_bulk_changes", retry=False)
    except OperationalError:
        log.warning("Redis does not answer: the schedule will carry on with the bulk changes")


def _each(steps: Any, work: Callable[[BulkStep], None]) -> bool:
    until = monotonic() + SECONDS
    for pk in list(steps.order_by("pk").values_list("pk", flat=True)):
        if monotonic() > until:
            return False
        with transaction.atomic():
            # Of two workers one does it.
            step = steps.select_for_update(skip_locked=True).filter(pk=pk).first()
            if step is not None:
                work(step)
    return not steps.exists()


def _would(case: Case, verb: str, value: str, by: User) -> bool:
    return case.status != Status.MERGED and WAYS[Verb(verb)].would(case, value, by)


def _do(change: BulkChange, step: BulkStep) -> None:
    by, way = change.made_by, WAYS[Verb(change.verb)]
    case = Case.objects.visible_to(by).select_for_update(no_key=True, of=("self",)).filter(pk=step.case_id).first()
    outcome = Outcome.REFUSED
    if case is not None:
        before = way.before(case)
        done = _would(case, change.verb, change.value, by) and way.do(case, change.value, by)
        outcome = Outcome.CHANGED if done else Outcome.KEPT
        step.before, step.event = before, _last_event(case)
    step.outcome = outcome
    step.save(update_fields=["outcome", "before", "event"])


def _undo(change: BulkChange, step: BulkStep) -> None:
    by, way = change.made_by, WAYS[Verb(change.verb)]
    case = Case.objects.visible_to(by).select_for_update(no_key=True, of=("self",)).filter(pk=step.case_id).first()
    stays = case is None or (way.has_event and _last_event(case) != step.event)
    if case is None or stays or not way.undo(case, step.before, by):
        step.outcome = Outcome.MOVED_ON
    else:
        step.outcome = Outcome.UNDONE
    step.save(update_fields=["outcome"])


def _last_event(case: Case) -> int:
    last: int | None = case.events.aggregate(last=Max("pk"))["last"]
    return last or 0


# ---- The verbs -------------------------------------------------------------------------------------------------------
def _key(value: str) -> int | None:
    return int(value) if value else None


def _assign(case: Case, value: str, by: User) -> bool:
    return case.assign(to=User.objects.get(pk=value) if value else None, by=by)


def _give_back(case: Case, before: dict[str, Any], by: User) -> bool:
    owner = User.objects.filter(pk=before["owner"] or 0).first()
    done = case.assign(to=owner, by=by)
    # Giving it to somebody moved it to her team.
    if case.team_id != before["team"]:
        case.change(by=by, team=_row("team", before["team"]))
    return done


def _row(field: str, pk: int | None) -> Any:
    model: Any = Case._meta.get_field(field).related_model  # noqa: SLF001 - Django's own public face of a model
    return model.objects.filter(pk=pk).first() if pk else None


def _field(name: str) -> Way:
    """A detail of the case that is another row."""
    return Way(
        would=lambda case, value, _by: getattr(case, f"{name}_id") != _key(value),
        before=lambda case: {name: getattr(case, f"{name}_id")},
        do=lambda case, value, by: case.change(by=by, **{name: _row(name, _key(value))}),
        undo=lambda case, before, by: case.change(by=by, **{name: _row(name, before[name])}),
    )


def _set_status(case: Case, value: str, by: User) -> bool:
    return case.resolve(by=by) if value == Status.RESOLVED else case.wait(on=Status(value), by=by)


def _status_back(case: Case, before: dict[str, Any], by: User) -> bool:
    was = Status(before["status"])
    if case.status == Status.RESOLVED:
        # Taken back, it was no reopening by a customer.
        done = case.reopen(by=by, is_valid=False)
        return done and (was == Status.OPEN or case.wait(on=was, by=by))
    return case.carry_on(by=by) if was == Status.OPEN else case.wait(on=was, by=by)


def _snooze(case: Case, value: str, by: User) -> bool:
    return case.snooze(until=datetime.fromisoformat(value), by=by)


def _wake(case: Case, before: dict[str, Any], by: User) -> bool:
    until = before["until"] and datetime.fromisoformat(before["until"])
    return case.snooze(until=until, by=by) if until and until > timezone.now() else case.wake(by=by)


def _reply(case: Case, value: str, by: User) -> bool:
    """Write to the customer as a single reply would: it leaves in a few seconds unless it is taken back."""
    address = address_of(case)
    if not address:
        return False
    Draft.objects.create(
        case=case,
        author=by,
        kind=Draft.Kind.REPLY,
        html=value,
        to=[address],
        cc=cc_of(case),
        seen=_last_event(case),
        send_at=timezone.now() + UNDO,
    )
    announce(f"case:{case.pk}")
    return True


def _stop(case: Case, _before: dict[str, Any], by: User) -> bool:
    """Only what has not left can be stopped. A draft in each of them would be in the way."""
    leaving = Draft.objects.leaving().filter(case=case, author=by, kind=Draft.Kind.REPLY, send_at__gt=timezone.now())
    last = leaving.order_by("-pk").first()
    announce(f"case:{case.pk}")
    return last is not None and bool(leaving.filter(pk=last.pk).delete()[0])


WAYS: dict[BulkChange.Verb, Way] = {
    Verb.ASSIGN: Way(
        would=lambda case, value, _by: case.owner_id != _key(value),
        before=lambda case: {"owner": case.owner_id, "team": case.team_id},
        do=_assign,
        undo=_give_back,
    ),
    Verb.QUEUE: _field("queue"),
    Verb.TOPIC: _field("topic"),
    Verb.INCIDENT: _field("incident"),
    Verb.PRIORITY: Way(
        would=lambda case, value, _by: case.priority != value,
        before=lambda case: {"priority": case.priority},
        do=lambda case, value, by: case.change(by=by, priority=value),
        undo=lambda case, before, by: case.change(by=by, **before),
    ),
    Verb.STATUS: Way(
        would=lambda case, value, _by: case.is_open and case.status != value,
        before=lambda case: {"status": case.status},
        do=_set_status,
        undo=_status_back,
    ),
    Verb.SNOOZE: Way(
        would=lambda case, value, _by: case.is_open and case.snoozed_until != datetime.fromisoformat(value),
        before=lambda case: {"until": case.snoozed_until and case.snoozed_until.isoformat()},
        do=_snooze,
        undo=_wake,
    ),
    Verb.FLAG: Way(
        would=lambda case, value, _by: value not in case.flags,
        before=lambda case: {"flags": case.flags},
        do=lambda case, value, by: case.change(by=by, flags=[*case.flags, value]),
        undo=lambda case, before, by: case.change(by=by, **before),
    ),
    Verb.FOLLOW: Way(
        would=lambda _case, _value, _by: True,
        before=lambda _case: {},
        do=lambda case, _value, by: teamwork.follow(case, user=by),
        undo=lambda case, _before, by: teamwork.unfollow(case, user=by),
        has_event=False,
    ),
    Verb.REPLY: Way(
        would=lambda case, _value, _by: bool(address_of(case)),
        before=lambda _case: {},
        do=_reply,
        undo=_stop,
        has_event=False,
    ),
}


def value_words(verb: str, value: str) -> str:
    """The new value as a person reads it."""
    rows: dict[str, Any] = {Verb.ASSIGN: User, Verb.QUEUE: Queue, Verb.TOPIC: Topic, Verb.INCIDENT: Incident}
    if verb in rows:
        return str(rows[verb].objects.filter(pk=value or 0).first() or "–")
    return value
