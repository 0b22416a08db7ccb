"""Events of telephone systems in: one form for all makers, in any order, as often as they like."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from dataclasses import field as dataclass_field
from typing import Any

from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from tickets.api import problems
from tickets.api.contacts import body_of, source_of
from tickets.api.fields import InstantField, Strict, expectations
from tickets.api.permissions import OVERSEERS
from tickets.api.problems import Refused, clean
from tickets.api.views import Resource
from tickets.models import CallEvent, Contact, Direction, QuarantinedRow, Queue, Source, User

MOST = 1000
FILE = "calls/events"
AGENT = "the code or user name of an existing agent"
QUEUE = "the code of an existing queue"


class CallEventSerializer(Strict):
    """One thing that happened in a call. `agent` is whom it is about; `target` to whom a call is handed, or who is asked."""

    event_id = serializers.CharField(max_length=200)
    call_id = serializers.CharField(max_length=400)
    kind = serializers.ChoiceField(CallEvent.Kind.choices)
    at = InstantField()
    agent = serializers.CharField(max_length=150, required=False, allow_null=True, help_text=AGENT)
    queue = serializers.CharField(max_length=200, required=False, allow_null=True, help_text=QUEUE)
    target = serializers.CharField(
        max_length=200, required=False, allow_null=True, help_text="An agent; or a queue or number, kept as it is."
    )
    to = serializers.CharField(max_length=120, required=False, allow_null=True, source="callee")
    direction = serializers.ChoiceField(Direction.choices, required=False, allow_null=True)
    callback_of = serializers.CharField(
        max_length=400, required=False, allow_null=True, help_text="The call in which this callback was asked for."
    )
    recording_url = serializers.URLField(max_length=1000, required=False, allow_null=True)

    def get_fields(self) -> dict[str, Any]:
        # A word of Python's own.
        called = serializers.CharField(max_length=120, required=False, allow_null=True, source="caller")
        return {**super().get_fields(), "from": called}

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if attrs["kind"] == CallEvent.Kind.ANSWERED and not attrs.get("agent"):
            raise serializers.ValidationError({"agent": [_("Somebody answered: say who.")]})
        if "#" in attrs["call_id"]:
            raise serializers.ValidationError({"call_id": [_("May not contain “#”.")]})
        return attrs


class CallEventsSerializer(Strict):
    source = serializers.CharField(max_length=120)  # type: ignore[assignment]  # a field, not the attribute
    events = serializers.ListField(child=CallEventSerializer(), max_length=MOST)


class CallEventResult(serializers.Serializer[Any]):
    event_id = serializers.CharField(allow_null=True)
    status = serializers.ChoiceField(["stored", "unchanged", "rejected"])
    contact = serializers.IntegerField(allow_null=True, help_text="Our own key of the call's contact.")
    problem = serializers.DictField(required=False, help_text="Only where it was rejected: problem details.")


class CallEventsAnswer(serializers.Serializer[Any]):
    results = CallEventResult(many=True)


@dataclass
class Item:
    """One event on its way in."""

    raw: Any
    event: CallEvent | None = None
    names: dict[str, str] = dataclass_field(default_factory=dict)
    status: str = "rejected"
    field: str = ""
    message: str = ""
    reason: str = ""

    @property
    def event_id(self) -> str:
        given = self.raw.get("event_id") if isinstance(self.raw, Mapping) else None
        return clean(given)[:200] if isinstance(given, str) else ""

    def refuse(self, field: str, message: str, reason: str) -> None:
        self.event, self.field, self.message, self.reason = None, field, message, reason


class CallEvents(Resource):
    """What happens in calls, as the telephone system tells it."""

    serializer_class = CallEventsSerializer
    writers = OVERSEERS

    @extend_schema(operation_id="calls_events", request=CallEventsSerializer, responses={200: CallEventsAnswer})
    def create(self, request: Request) -> Response:
        """Tell up to 1,000 events of calls. There is one result an event, in order; one that is rejected stops no other.

        In any order, as late and as often as needed: (`source`, `event_id`) names an event, and a call's contact with
        its segments follows from all events known of its `call_id`. A single event may also be the body itself, beside
        `source`. What an agent wrote on the contact is never changed. A rejected event is kept in the quarantine list.
        """
        source_name, given = envelope(body_of(request))
        items = [read(raw) for raw in given]
        with transaction.atomic():
            source, _made = Source.objects.get_or_create(name=source_name)
            find_names(items)
            compare(source, items)
            CallEvent.take_in(source, [item.event for item in items if item.event and item.status == "stored"])
            keep_rejected(source, items)
            keys = contacts_of(source, items)
        expected = dict(expectations(CallEventSerializer())) | {"agent": AGENT, "queue": QUEUE}
        return Response({"results": [result_of(item, keys, expected) for item in items]})


def envelope(fields: dict[str, Any]) -> tuple[str, list[Any]]:
    if "source" not in fields:
        raise ValidationError({"source": [_("This field is required.")]})
    source = source_of(fields)
    if "events" not in fields:
        if not fields:
            raise ValidationError({"events": [_("This field is required.")]})
        return source, [fields]
    given = fields.pop("events")
    if fields:
        raise ValidationError({str(name): [_("Unknown field. Known are: events, source.")] for name in fields})
    if not isinstance(given, list) or len(given) > MOST:
        expected = _("a list of at most %(most)s events") % {"most": MOST}
        raise Refused({"events": [_("Expected %(expected)s.") % {"expected": expected}]}, {"events": expected})
    return source, given


def read(raw: Any) -> Item:
    """Check one event as it came; who and what it names is looked up for all at once."""
    item = Item(raw)
    if not isinstance(raw, Mapping):
        item.refuse("", _("Expected an object."), "fields")
        return item
    try:
        told = CallEventSerializer().run_validation(dict(raw))
    except ValidationError as error:
        field, message = next(problems.flat(error.detail), ("", ""))
        item.refuse(field, message, reason_of(field, raw))
        return item
    told = {name: value for name, value in told.items() if value is not None}
    item.names = {name: told.pop(name, "") for name in ("agent", "queue", "target")}
    item.event = CallEvent(**told, target_text=item.names["target"])
    return item


def reason_of(field: str, raw: Mapping[str, Any]) -> str:
    value = raw.get(field)
    if value is None or value == "":
        return "missing"
    return {"at": "instant", "kind": "enum", "direction": "enum"}.get(field, "fields")


def find_names(items: Sequence[Item]) -> None:
    """Put agents and queues in place of their codes, with one look at each table."""
    read_ones = [item for item in items if item.event]
    names = {item.names[key] for item in read_ones for key in ("agent", "target")} - {""}
    people: dict[str, User] = {}
    for user in User.objects.filter(Q(username__in=names) | Q(code__in=names)):
        people.setdefault(user.username, user)
    # The code is what other systems know an agent by, so it wins over a user name.
    people |= {user.code: user for user in people.values() if user.code}
    queues = {queue.code: queue for queue in Queue.objects.filter(code__in={item.names["queue"] for item in read_ones})}
    for item in read_ones:
        assert item.event is not None
        agent, queue = item.names["agent"], item.names["queue"]
        item.event.agent, item.event.queue = people.get(agent), queues.get(queue)
        item.event.target = people.get(item.names["target"])
        if agent and item.event.agent is None:
            item.refuse("agent", _("There is no agent “%(name)s”.") % {"name": agent}, "reference")
        elif queue and item.event.queue is None:
            item.refuse("queue", _("There is no queue “%(name)s”.") % {"name": queue}, "reference")


def compare(source: Source, items: Sequence[Item]) -> None:
    """What was told before is not stored again; what says something else under the same name is refused."""
    ids = [item.event.event_id for item in items if item.event]
    known = {event.event_id: event for event in CallEvent.objects.filter(source=source, event_id__in=ids)}
    for item in items:
        if item.event is None:
            continue
        before = known.setdefault(item.event.event_id, item.event)
        if before is item.event:
            item.status = "stored"
        elif before.says_the_same_as(item.event):
            item.status = "unchanged"
        else:
            item.refuse("event_id", _("Another event with this id was told before."), "duplicate")


def keep_rejected(source: Source, items: Sequence[Item]) -> None:
    """Rejected events wait in the quarantine; one that is sent again and is right now waits no longer."""
    rows = {}
    for item in items:
        if item.event is None:
            raw = item.raw if isinstance(item.raw, Mapping) else {"event": item.raw}
            column = clean(item.field)[:60]
            rows[item.event_id, column] = QuarantinedRow(
                source=source, file=FILE, row_id=item.event_id, column=column, reason=item.reason,
                message=clean(item.message), raw={clean(str(key)): clean(str(value)) for key, value in raw.items()},
            )  # fmt: skip
    QuarantinedRow.objects.bulk_create(
        rows.values(),
        update_conflicts=True,
        unique_fields=["source", "file", "line", "row_id", "column"],
        update_fields=["reason", "message", "raw", "settled_at", "settled_by"],
    )
    right = [item.event.event_id for item in items if item.event]
    waiting = QuarantinedRow.objects.open().filter(source=source, file=FILE, row_id__in=right)
    waiting.update(settled_at=timezone.now())


def contacts_of(source: Source, items: Sequence[Item]) -> dict[str, int]:
    calls = {item.event.call_id for item in items if item.event}
    return dict(Contact.objects.filter(source=source, external_id__in=calls).values_list("external_id", "pk"))


def result_of(item: Item, keys: Mapping[str, int], expected: Mapping[str, Any]) -> dict[str, Any]:
    if item.event is not None:
        return {"event_id": item.event_id, "status": item.status, "contact": keys.get(item.event.call_id)}
    error = problems.with_expected(item.field, item.message, expected) | {"reason": item.reason}
    detail = f"{item.field}: {item.message}" if item.field else item.message
    problem = problems.body("validation", 400, detail, [error])
    return {"event_id": item.event_id or None, "status": "rejected", "contact": None, "problem": problem}
