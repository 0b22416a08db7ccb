"""A contact as the API shows it: the columns of contacts.csv and segments.csv, and our own keys beside them."""

from __future__ import annotations

from typing import Any

from django.db.models import Prefetch
from rest_framework import serializers

from tickets.api.fields import InstantField, Strict
from tickets.models import Channel, Contact, Customer, Demand, Direction, Flag, Identity, Outcome, Role, Segment
from tickets.models.contact import ContactQuerySet

MICROSECONDS = 1_000_000


class SegmentSerializer(Strict):
    """One agent's part in a contact; as in segments.csv."""

    segment_id = serializers.CharField(
        max_length=500, required=False, help_text="Left out: made from the contact's id and the place in the list."
    )
    agent_id = serializers.CharField(max_length=120)
    role = serializers.ChoiceField(Role.choices)
    started_at = InstantField()
    ended_at = InstantField(required=False, allow_null=True)
    talk_s = serializers.FloatField(min_value=0, required=False)
    hold_s = serializers.FloatField(min_value=0, required=False)
    acw_s = serializers.FloatField(min_value=0, required=False)


class ContactSerializer(Strict):
    """As in contacts.csv. `contact_id` is unique within its source; `id`, `customer` and `case` are our own keys."""

    id = serializers.IntegerField(read_only=True)
    source = serializers.CharField(max_length=120, required=False, help_text="The system whose ids these are.")  # type: ignore[assignment]  # a field, not the attribute
    contact_id = serializers.CharField(max_length=500, required=False)
    channel = serializers.ChoiceField(Channel.choices)
    direction = serializers.ChoiceField(Direction.choices)
    outcome = serializers.ChoiceField(Outcome.choices, required=False, allow_null=True)
    customer_id = serializers.CharField(
        max_length=320, required=False, allow_null=True, help_text="What the source calls the customer."
    )
    customer = serializers.IntegerField(read_only=True, allow_null=True)
    customer_name = serializers.CharField(max_length=200, required=False, allow_null=True)
    customer_email = serializers.CharField(max_length=320, required=False, allow_null=True)
    customer_phone = serializers.CharField(max_length=60, required=False, allow_null=True)
    language = serializers.CharField(max_length=8, required=False, allow_null=True)
    case_id = serializers.CharField(
        max_length=500, required=False, allow_null=True, help_text="What the source calls the case."
    )
    case = serializers.IntegerField(
        read_only=True, allow_null=True, help_text="The number of the case that it counts for."
    )
    topic = serializers.CharField(max_length=500, required=False, allow_null=True)
    demand = serializers.ChoiceField(Demand.choices, required=False, allow_null=True)
    cause = serializers.CharField(max_length=120, required=False, allow_null=True)
    queue = serializers.CharField(max_length=200, required=False, allow_null=True)
    client = serializers.CharField(max_length=120, required=False, allow_null=True)
    subject = serializers.CharField(max_length=500, required=False, allow_null=True)
    body = serializers.CharField(
        write_only=True, required=False, allow_null=True, help_text="Becomes a message on the contact's case."
    )
    started_at = InstantField()
    queued_at = InstantField(required=False, allow_null=True)
    answered_at = InstantField(required=False, allow_null=True)
    ended_at = InstantField(required=False, allow_null=True)
    parent_id = serializers.CharField(max_length=500, required=False, allow_null=True)
    duplicate_of = serializers.CharField(max_length=500, required=False, allow_null=True)
    flags = serializers.ListField(child=serializers.ChoiceField(Flag.choices), required=False)
    owner = serializers.CharField(
        read_only=True, allow_null=True, help_text="The agent who owns it: the last primary leg's."
    )
    is_handled = serializers.BooleanField(read_only=True)
    is_valid = serializers.BooleanField(read_only=True)  # type: ignore[assignment]  # a field, not the method
    segments = SegmentSerializer(many=True, required=False)

    def to_representation(self, instance: Contact) -> dict[str, Any]:
        return shown(instance)


class BatchSerializer(Strict):
    source = serializers.CharField(max_length=120)  # type: ignore[assignment]  # a field, not the attribute
    contacts = serializers.ListField(child=ContactSerializer(), max_length=1000)


class BatchResult(serializers.Serializer[Any]):
    contact_id = serializers.CharField(allow_null=True)
    status = serializers.ChoiceField(["created", "unchanged", "updated", "rejected"])
    id = serializers.IntegerField(allow_null=True, help_text="Our own key; null where it was rejected.")
    problem = serializers.DictField(required=False, help_text="Only where it was rejected: problem details.")


class BatchAnswer(serializers.Serializer[Any]):
    results = BatchResult(many=True)


def for_api(contacts: ContactQuerySet) -> ContactQuerySet:
    """Load everything that `shown` reads, in a number of queries that does not grow with the list."""
    identities = Prefetch("customer__identities", Identity.objects.order_by("id"))
    segments = Prefetch("segments", Segment.objects.select_related("agent").order_by("started_at", "id"))
    return contacts.select_related(
        "source", "client", "customer", "case", "logged_case", "topic", "queue", "owner", "parent", "duplicate_of"
    ).prefetch_related(identities, segments)


def shown(contact: Contact) -> dict[str, Any]:
    """One contact as it goes out."""
    logged = contact.logged_case or contact.case
    return {
        "id": contact.pk,
        "source": contact.source.name,
        "contact_id": contact.external_id,
        "channel": contact.channel,
        "direction": contact.direction,
        "outcome": contact.outcome or None,
        **customer_fields(contact.customer, contact.source_id),
        "case_id": logged and logged.external_id,
        "case": contact.case_id,
        "topic": contact.topic and contact.topic.path,
        "demand": contact.demand or None,
        "cause": contact.cause or None,
        "queue": contact.queue and contact.queue.code,
        "client": contact.client.code,
        "subject": contact.subject or None,
        "started_at": contact.started_at.isoformat(),
        "queued_at": contact.queued_at and contact.queued_at.isoformat(),
        "answered_at": contact.answered_at and contact.answered_at.isoformat(),
        "ended_at": contact.ended_at and contact.ended_at.isoformat(),
        "parent_id": contact.parent and contact.parent.external_id,
        "duplicate_of": contact.duplicate_of and contact.duplicate_of.external_id,
        "flags": list(contact.flags),
        "owner": contact.owner and (contact.owner.code or contact.owner.username),
        "is_handled": contact.is_handled,
        "is_valid": contact.is_valid,
        "segments": [shown_segment(segment) for segment in contact.segments.all()],
    }


def customer_fields(customer: Customer | None, source_id: int) -> dict[str, Any]:
    if customer is None:
        return dict.fromkeys(
            ("customer_id", "customer", "customer_name", "customer_email", "customer_phone", "language")
        )
    first: dict[str, str] = {}
    for identity in customer.identities.all():
        if identity.kind != Identity.Kind.EXTERNAL or identity.source_id == source_id:
            first.setdefault(identity.kind, identity.value)
    return {
        "customer_id": first.get("external"),
        "customer": customer.pk,
        "customer_name": customer.name or None,
        "customer_email": first.get("email"),
        "customer_phone": first.get("phone"),
        "language": customer.language or None,
    }


def shown_segment(segment: Segment) -> dict[str, Any]:
    return {
        "segment_id": segment.external_id,
        "agent_id": segment.agent.code or segment.agent.username,
        "role": segment.role,
        "started_at": segment.started_at.isoformat(),
        "ended_at": segment.ended_at and segment.ended_at.isoformat(),
        "talk_s": segment.talk_us / MICROSECONDS,
        "hold_s": segment.hold_us / MICROSECONDS,
        "acw_s": segment.acw_us / MICROSECONDS,
    }
