"""What all views share, and the small lists: customers, topics, queues, agents and clients."""

from __future__ import annotations

import re
from typing import Any, ClassVar, cast

from django.contrib.auth.hashers import make_password
from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.utils.translation import gettext as _
from rest_framework import mixins
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import BaseSerializer
from rest_framework.viewsets import GenericViewSet

from tickets.api import filters
from tickets.api.idempotency import WritesOnce
from tickets.api.pagination import KeysetPagination
from tickets.api.permissions import EVERYONE, KEEPERS, ByRole
from tickets.api.serializers import (
    AgentSerializer,
    ClientSerializer,
    CustomerSerializer,
    QueueSerializer,
    TopicSerializer,
)
from tickets.models import Client, Customer, Identity, Queue, Source, Topic, User


class Resource(WritesOnce, GenericViewSet[Any]):
    """One resource: keyset-paged, strict filters, writers by role."""

    permission_classes = [ByRole]
    pagination_class = KeysetPagination
    filter_backends = [filters.Backend]
    lookup_value_converter = "int"
    writers: ClassVar[frozenset[str]] = frozenset()
    newest_by = "pk"

    @property
    def user(self) -> User:
        return cast("User", self.request.user)


class Editable(mixins.ListModelMixin, mixins.RetrieveModelMixin, Resource):
    """A list whose rows are made and changed by hand. What must be unique is seen to by the database."""

    taken_field: ClassVar[str] = "code"

    def create(self, request: Request) -> Response:
        """Make one."""
        return self.save(self.get_serializer(data=request.data), 201)

    def update(self, request: Request, **_kwargs: Any) -> Response:
        """Replace its fields."""
        return self.save(self.get_serializer(self.get_object(), data=request.data), 200)

    def partial_update(self, request: Request, **_kwargs: Any) -> Response:
        """Change some of its fields."""
        return self.save(self.get_serializer(self.get_object(), data=request.data, partial=True), 200)

    def save(self, serializer: BaseSerializer[Any], status: int) -> Response:
        serializer.is_valid(raise_exception=True)
        try:
            with transaction.atomic():
                instance = self.write(serializer.instance, dict(serializer.validated_data))
        except IntegrityError as error:
            raise ValidationError({self.taken_field: [_("Another one has this already.")]}) from error
        shown = self.get_serializer(self.get_queryset().get(pk=instance.pk)).data
        return Response(shown, status=status, headers=located(self.request, instance.pk) if status == 201 else None)

    def write(self, instance: Any, fields: dict[str, Any]) -> Any:
        """Make or change the row."""
        if instance is None:
            return self.get_queryset().model.objects.create(**fields)
        for name, value in fields.items():
            setattr(instance, name, value)
        if fields:
            instance.save(update_fields=list(fields))
        return instance


def located(request: Request, key: object) -> dict[str, str]:
    """Say where the new row is."""
    return {"Location": request.build_absolute_uri(f"{request.path.rstrip('/')}/{key}/")}


class Customers(Editable):
    """Customers and the addresses by which they are known."""

    serializer_class = CustomerSerializer
    filterset_class = filters.CustomerFilter
    writers = EVERYONE
    taken_field = "identities"
    queryset = Customer.objects.select_related("client").prefetch_related("identities__source")

    def get_queryset(self) -> QuerySet[Customer]:
        return super().get_queryset().visible_to(self.user)  # type: ignore[attr-defined, no-any-return]

    def write(self, instance: Customer | None, fields: dict[str, Any]) -> Customer:
        identities = fields.pop("identities", None)
        customer = super().write(instance, fields)
        if identities is not None:
            self.write_identities(customer, identities)
        return cast("Customer", customer)

    def write_identities(self, customer: Customer, given: list[dict[str, Any]]) -> None:
        """The list that was sent is the list that there is afterwards."""
        names = {entry["source"] for entry in given if entry["source"]}
        sources = {name: Source.objects.get_or_create(name=name)[0] for name in sorted(names)}
        wanted = {(entry["kind"], entry["value"], sources.get(entry["source"])) for entry in given}
        for identity in customer.identities.select_related("source"):
            key = (identity.kind, identity.value, identity.source)
            if key in wanted:
                wanted.remove(key)
            else:
                identity.delete()
        Identity.objects.bulk_create(
            [Identity(customer=customer, kind=kind, value=value, source=source) for kind, value, source in wanted]
        )


class Topics(Editable):
    """What customers contact us about, as paths. A topic is not deleted; `is_active: false` takes it out of use."""

    serializer_class = TopicSerializer
    queryset = Topic.objects.all()
    writers = KEEPERS
    taken_field = "path"

    def write(self, instance: Topic | None, fields: dict[str, Any]) -> Topic:
        path = fields.pop("path", None)
        if instance is None:
            if Topic.objects.filter(path=path).exists():
                raise IntegrityError(path)
            instance = Topic.objects.at_path(path)
        return cast("Topic", super().write(instance, fields))


class Queues(Editable):
    """The queues that you work in; managers and systems see all."""

    serializer_class = QueueSerializer
    queryset = Queue.objects.select_related("client", "team").prefetch_related("teams")
    writers = KEEPERS

    def get_queryset(self) -> QuerySet[Queue]:
        return super().get_queryset().visible_to(self.user)  # type: ignore[attr-defined, no-any-return]

    def write(self, instance: Queue | None, fields: dict[str, Any]) -> Queue:
        teams = fields.pop("teams", None)
        queue = cast("Queue", super().write(instance, fields))
        if teams is not None:
            queue.teams.set(teams)
        return queue


class Clients(Editable):
    """The companies that we serve."""

    serializer_class = ClientSerializer
    queryset = Client.objects.all()
    writers = KEEPERS


class Agents(Editable):
    """Those who serve. One made here has no login until an administrator gives her one."""

    serializer_class = AgentSerializer
    queryset = User.objects.exclude(role__in=User.NO_COLLEAGUES).select_related("team")
    writers = KEEPERS
    taken_field = "agent_id"

    def write(self, instance: User | None, fields: dict[str, Any]) -> User:
        if instance is None:
            username = re.sub(r"[^\w.@+-]", "-", fields["code"])
            instance = User.objects.create(username=username, password=make_password(None), code=fields["code"])
        if "first_name" in fields and instance.get_full_name() != fields["first_name"]:
            # One field here is two there.
            fields["last_name"] = ""
        return cast("User", super().write(instance, fields))
