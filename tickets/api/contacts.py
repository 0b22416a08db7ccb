"""Contacts in and out. The rules for what may come in are the import's."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import uuid4

from django.db.models import QuerySet
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework import mixins
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from tickets.api import filters, items
from tickets.api.contact_fields import BatchAnswer, BatchSerializer, ContactSerializer, for_api, shown
from tickets.api.own_contacts import refuse_what_is_not_hers
from tickets.api.partial import change
from tickets.api.permissions import EVERYONE, OVERSEERS
from tickets.api.problems import Refused
from tickets.api.views import Resource, located
from tickets.models import DESK, Client, Contact, Queue

MOST = 1000


class Contacts(mixins.ListModelMixin, mixins.RetrieveModelMixin, Resource):
    """One attempt to reach us or by us, with the legs of the agents who were in it."""

    serializer_class = ContactSerializer
    filterset_class = filters.ContactFilter
    writers = EVERYONE
    newest_by = "started_at"
    queryset = Contact.objects.none()

    def get_queryset(self) -> QuerySet[Contact]:
        return for_api(Contact.objects.visible_to(self.user))

    @extend_schema(responses={200: ContactSerializer, 201: ContactSerializer})
    def create(self, request: Request) -> Response:
        """Log a contact. 201 when it is new; 200 when the source has sent it before, and then it is updated.

        What is left out is empty; `segments` left out stay as they are. Without `contact_id` it is always a new one.
        """
        fields = body_of(request)
        source = source_of(fields)
        fields.setdefault("contact_id", str(uuid4()))
        item = self.take_in(source, fields)
        status = 201 if item.status == "created" else 200
        return self.answer(item.id, status, located(request, item.id) if status == 201 else None)

    def update(self, request: Request, pk: int) -> Response:
        """Replace what is written about a contact. What is left out is emptied, but for `segments`."""
        contact = self.get_object()
        self.take_in(contact.source.name, named_as(contact, body_of(request)))
        return self.answer(contact.pk, 200)

    def partial_update(self, request: Request, pk: int) -> Response:
        """Change what is given and nothing else."""
        contact = self.get_object()
        given = body_of(request)
        row = named_as(contact, given)
        refuse_what_is_not_hers(self.user, contact.source.name, row)
        change(
            contact, {name: row[name] for name in row if name in given}, client=default_client(contact.source.name, row)
        )
        return self.answer(contact.pk, 200)

    def take_in(self, source: str, fields: dict[str, Any]) -> items.Item:
        item = items.read(fields)
        if item.wrong is None:
            refuse_what_is_not_hers(self.user, source, fields)
            items.take_in(source, [item], client=default_client(source, fields), keep_rejected=False)
        if item.wrong is not None:
            refuse(item)
        return item

    def answer(self, key: Any, status: int, headers: dict[str, str] | None = None) -> Response:
        contact = for_api(Contact.objects.filter(pk=key)).get()
        return Response(shown(contact), status=status, headers=headers)


class Batch(Resource):
    """Many contacts at once."""

    serializer_class = BatchSerializer
    writers = OVERSEERS

    @extend_schema(operation_id="contacts_batch", request=BatchSerializer, responses={200: BatchAnswer})
    def create(self, request: Request) -> Response:
        """Log up to 1,000 contacts. There is one result a contact, in order; one that is rejected stops no other.

        (`source`, `contact_id`) names a contact: sent again it is updated, never doubled. A rejected one is kept in the
        quarantine list. A contact whose segment is wrong is rejected as a whole.
        """
        fields = body_of(request)
        source, given = envelope(fields)
        taken = [items.read(raw) for raw in given]
        items.take_in(source, taken, client=Client.objects.default() if source == DESK else None)
        expected = items.expected()
        results = []
        for item in taken:
            result: dict[str, Any] = {"contact_id": item.contact_id or None, "status": item.status, "id": item.id}
            if item.wrong is not None:
                result |= {"status": "rejected", "id": None, "problem": item.problem(expected)}
            results.append(result)
        return Response({"results": results})


def body_of(request: Request) -> dict[str, Any]:
    if not isinstance(request.data, Mapping):
        raise ValidationError([_("Expected an object.")])
    return dict(request.data)


def source_of(fields: dict[str, Any]) -> str:
    """Take the source out of a body: the desk where nothing is said."""
    source = fields.pop("source", DESK)
    if not isinstance(source, str) or not source.isprintable() or not 1 <= len(source.strip()) <= 120:
        raise Refused({"source": [_("Expected the name of a system.")]}, {"source": _("1 to 120 characters")})
    return source.strip()


def envelope(fields: dict[str, Any]) -> tuple[str, list[Any]]:
    if "source" not in fields:
        raise ValidationError({"source": [_("This field is required.")]})
    source = source_of(fields)
    given = fields.pop("contacts", None)
    if fields:
        raise ValidationError({str(name): [_("Unknown field. Known are: contacts, source.")] for name in fields})
    if not isinstance(given, list) or len(given) > MOST:
        expected = _("a list of at most %(most)s contacts") % {"most": MOST}
        raise Refused({"contacts": [_("Expected %(expected)s.") % {"expected": expected}]}, {"contacts": expected})
    return source, given


def named_as(contact: Contact, fields: dict[str, Any]) -> dict[str, Any]:
    """A contact keeps its name: what the body says of it must be what it is."""
    names = {"source": contact.source.name, "contact_id": contact.external_id}
    wrong = {name: [_("A contact keeps its name.")] for name in names if fields.get(name, names[name]) != names[name]}
    if wrong:
        raise ValidationError(wrong)
    fields.pop("source", None)
    return fields | {"contact_id": contact.external_id}


def default_client(source: str, fields: Mapping[str, Any]) -> Client | None:
    """Whom a contact of our own desk counts for when it does not say so: its queue's client."""
    if source != DESK:
        return None
    code = fields.get("queue")
    queue = Queue.objects.select_related("client").filter(code=code).first() if isinstance(code, str) else None
    return (queue and queue.client) or Client.objects.default()


def refuse(item: items.Item) -> None:
    assert item.wrong is not None
    path, problem = item.wrong
    raise Refused(nested(path, problem.message), items.expected())


def nested(path: str, message: str) -> Any:
    return {path: [message]} if path else [message]
