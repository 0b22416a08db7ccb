"""Cases, customers and what both are sorted by, as they are read and written."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from tickets.api.fields import CodeField, InstantField, Strict
from tickets.intake import read_address
from tickets.models import (
    DESK,
    Channel,
    Client,
    Customer,
    Demand,
    Identity,
    Priority,
    Queue,
    Status,
    Team,
    Topic,
    User,
)


class ClientField(CodeField):
    what = gettext_lazy("the code of a client")

    def candidates(self, user: User) -> QuerySet[Client]:
        return Client.objects.all()


class QueueField(CodeField):
    what = gettext_lazy("the code of a queue that is yours")

    def candidates(self, user: User) -> QuerySet[Queue]:
        return Queue.objects.visible_to(user)


class TopicField(CodeField):
    what = gettext_lazy("the path of a topic, for example billing/invoice")

    def __init__(self, **kwargs: Any) -> None:
        super().__init__("path", **kwargs)

    def candidates(self, user: User) -> QuerySet[Topic]:
        return Topic.objects.all()


class TeamField(CodeField):
    what = gettext_lazy("the code of a team")

    def candidates(self, user: User) -> QuerySet[Team]:
        return Team.objects.all()


class AgentField(CodeField):
    what = gettext_lazy("the code of an agent with an open account")

    def candidates(self, user: User) -> QuerySet[User]:
        return User.objects.filter(is_active=True).exclude(role__in=User.NO_COLLEAGUES)

    def to_representation(self, value: User) -> str:
        return value.code or value.username


@extend_schema_field(OpenApiTypes.INT)
class CustomerKey(serializers.PrimaryKeyRelatedField[Customer]):
    """A customer by our own number."""

    def get_queryset(self) -> QuerySet[Customer]:
        return Customer.objects.visible_to(self.context["request"].user)


class IdentitySerializer(Strict):
    kind = serializers.ChoiceField(Identity.Kind.choices)
    value = serializers.CharField(max_length=320)
    source = serializers.CharField(  # type: ignore[assignment]  # a field, not the attribute
        max_length=120, required=False, allow_null=True, help_text="Only for kind external: the system that says so."
    )

    def to_representation(self, instance: Identity) -> dict[str, Any]:
        return {"kind": instance.kind, "value": instance.value, "source": instance.source and instance.source.name}

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if attrs["kind"] == Identity.Kind.EXTERNAL:
            if not attrs.get("source"):
                raise serializers.ValidationError({"source": [_("An external id needs its source.")]})
            return attrs
        if attrs.get("source"):
            raise serializers.ValidationError({"source": [_("Only an external id has a source.")]})
        address = read_address(attrs["value"])
        if address is None or address.kind != attrs["kind"]:
            raise serializers.ValidationError({"value": [_("It cannot be read as one.")]})
        return {"kind": attrs["kind"], "value": address.value, "source": None}


class CustomerSerializer(Strict):
    id = serializers.IntegerField(read_only=True)
    name = serializers.CharField(max_length=200, allow_blank=True, required=False)
    language = serializers.CharField(max_length=8, allow_blank=True, required=False)
    client = ClientField(required=False, allow_null=True)
    identities = IdentitySerializer(many=True, required=False)
    created_at = InstantField(read_only=True)

    def validate_identities(self, identities: list[dict[str, Any]]) -> list[dict[str, Any]]:
        if len(identities) > 50:
            raise serializers.ValidationError(_("At most %(most)s are taken.") % {"most": 50})
        return identities


class CaseSerializer(Strict):
    number = serializers.IntegerField(read_only=True)
    source = serializers.CharField(source="source.name", read_only=True)  # type: ignore[assignment]  # a field, not the attribute
    case_id = serializers.CharField(source="external_id", read_only=True, help_text="What the source calls it.")
    client = ClientField(required=False)
    customer = CustomerKey(required=False, allow_null=True)
    topic = TopicField(required=False, allow_null=True)
    queue = QueueField(required=False, allow_null=True)
    owner = AgentField(read_only=True, allow_null=True)
    team = TeamField(read_only=True, allow_null=True)
    channel = serializers.ChoiceField(Channel.choices)
    priority = serializers.ChoiceField(Priority.choices, required=False)
    status = serializers.ChoiceField(Status.choices, read_only=True)
    subject = serializers.CharField(max_length=500, allow_blank=True, required=False)
    fcr_eligible = serializers.BooleanField(read_only=True)
    merged_into = serializers.IntegerField(source="merged_into_id", read_only=True, allow_null=True)
    flags = serializers.ListField(child=serializers.CharField(), read_only=True)
    created_at = InstantField(read_only=True)
    resolved_at = InstantField(read_only=True, allow_null=True)
    updated_at = InstantField(read_only=True)
    first_response_due_at = InstantField(read_only=True, allow_null=True)
    resolution_due_at = InstantField(read_only=True, allow_null=True)

    def validate_queue(self, queue: Queue | None) -> Queue | None:
        user: User = self.context["request"].user
        if queue is None and not user.sees_everything:
            raise serializers.ValidationError(_("A case without a queue would be out of your sight."))
        return queue

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if self.instance is None and attrs.get("queue") is None:
            self.validate_queue_given()
        return attrs

    def validate_queue_given(self) -> None:
        if not self.context["request"].user.sees_everything:
            raise serializers.ValidationError({"queue": [_("This field is required.")]})


class NewCase(CaseSerializer):
    """What a case is opened with. Another system may say what it calls the case."""

    source = serializers.CharField(source="source.name", max_length=120, required=False)
    case_id = serializers.CharField(source="external_id", max_length=500, required=False)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        attrs = super().validate(attrs)
        name = attrs.pop("source", {}).get("name", DESK)
        foreign = "external_id" in attrs or name != DESK
        if foreign and not self.context["request"].user.sees_everything:
            raise serializers.ValidationError({"source": [_("Only a system may name a case.")]})
        return attrs | {"source": name}


class CaseChanges(CaseSerializer):
    """What may be changed on a case by hand; its state has resources of its own."""

    client = ClientField(read_only=True)
    channel = serializers.ChoiceField(Channel.choices, read_only=True)


class MessageSerializer(Strict):
    id = serializers.IntegerField(read_only=True)
    kind = serializers.ChoiceField(["incoming", "outgoing", "note"], required=False, default="note")
    author = AgentField(read_only=True, allow_null=True)
    contact = serializers.IntegerField(source="contact_id", read_only=True, allow_null=True)
    body = serializers.CharField(max_length=1_000_000, trim_whitespace=False)
    at = InstantField(read_only=True)


class AssignmentSerializer(Strict):
    agent = AgentField()


class EscalationSerializer(Strict):
    reason = serializers.CharField(max_length=10_000, required=False, allow_blank=True)
    agent = AgentField(required=False, allow_null=True)


class PromiseSerializer(Strict):
    promise_id = serializers.CharField(source="external_id", read_only=True)
    kind = serializers.CharField(max_length=60, required=False)
    made_by = AgentField(read_only=True, allow_null=True)
    made_at = InstantField(read_only=True)
    original_due_at = InstantField(read_only=True)
    due_at = InstantField()
    fulfilled_at = InstantField(read_only=True, allow_null=True)
    rescheduled_by = serializers.CharField(read_only=True)
    cancelled_by = serializers.CharField(read_only=True)


class Nothing(Strict):
    """A body without fields."""


class TopicSerializer(Strict):
    id = serializers.IntegerField(read_only=True)
    path = serializers.CharField(max_length=500)
    name = serializers.CharField(read_only=True)
    demand = serializers.ChoiceField(Demand.choices, required=False, allow_blank=True)
    business_area = serializers.CharField(max_length=120, required=False, allow_blank=True)
    first_contact_resolvable = serializers.BooleanField(required=False)
    is_active = serializers.BooleanField(required=False)

    def validate_path(self, path: str) -> str:
        names = [name.strip() for name in path.split("/") if name.strip()]
        if not names or max(map(len, names)) > 200:
            raise serializers.ValidationError(_("Expected names of at most 200 characters with / between them."))
        path = "/".join(names)
        if self.instance is not None and path != self.instance.path:
            raise serializers.ValidationError(_("A topic keeps its path: the log refers to it."))
        return path


class QueueSerializer(Strict):
    id = serializers.IntegerField(read_only=True)
    code = serializers.CharField(max_length=200)
    name = serializers.CharField(max_length=200)
    client = ClientField(required=False, allow_null=True)
    team = TeamField(required=False, allow_null=True)
    teams = serializers.ListField(child=TeamField(), required=False, max_length=500)

    def to_representation(self, instance: Queue) -> dict[str, Any]:
        return {
            "id": instance.pk,
            "code": instance.code,
            "name": instance.name,
            "client": instance.client and instance.client.code,
            "team": instance.team and instance.team.code,
            "teams": [team.code for team in instance.teams.all()],
        }


class ClientSerializer(Strict):
    id = serializers.IntegerField(read_only=True)
    code = serializers.CharField(max_length=120)
    name = serializers.CharField(max_length=200)
    language = serializers.ChoiceField(["sv", "fi", "en"], required=False)


class AgentSerializer(Strict):
    """A colleague. Roles, accounts and passwords are not this resource's business."""

    id = serializers.IntegerField(read_only=True)
    agent_id = serializers.CharField(source="code", max_length=120)
    name = serializers.CharField(source="first_name", max_length=150, required=False, allow_blank=True)
    team = TeamField(required=False, allow_null=True)
    role = serializers.ChoiceField(User.Role.choices, read_only=True)
    is_active = serializers.BooleanField(read_only=True)

    def to_representation(self, instance: User) -> dict[str, Any]:
        return {
            "id": instance.pk,
            "agent_id": instance.code or instance.username,
            "name": instance.get_full_name(),
            "team": instance.team and instance.team.code,
            "role": instance.role,
            "is_active": instance.is_active,
        }
