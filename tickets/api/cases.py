"""Cases, and their state as resources of its own. What a change means is decided by the verbs on Case."""

from __future__ import annotations

from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import mixins
from rest_framework.exceptions import PermissionDenied, ValidationError
from rest_framework.generics import get_object_or_404
from rest_framework.request import Request
from rest_framework.response import Response

from tickets.api import filters
from tickets.api.permissions import EVERYONE, OVERSEERS, has_role
from tickets.api.problems import Conflict
from tickets.api.serializers import (
    AssignmentSerializer,
    CaseChanges,
    CaseSerializer,
    EscalationSerializer,
    MessageSerializer,
    NewCase,
    Nothing,
    PromiseSerializer,
)
from tickets.api.views import Resource, located
from tickets.models import Case, Client, Message, Promise, Source, Status

CORRECTABLE = ("customer", "topic", "queue", "priority", "subject")
LOADED = ("source", "client", "customer", "topic", "queue", "owner", "team")


class CaseResource(Resource):
    """Anything of one case: it is there only for those who may see the case."""

    writers = EVERYONE

    def visible(self) -> QuerySet[Case]:
        return Case.objects.visible_to(self.user).select_related(*LOADED)

    def case(self) -> Case:
        return get_object_or_404(self.visible(), number=self.kwargs["number"])

    def shown(self, case: Case, *, status: int = 200, headers: dict[str, str] | None = None) -> Response:
        fresh = Case.objects.select_related(*LOADED).get(pk=case.pk)
        return Response(
            CaseSerializer(fresh, context=self.get_serializer_context()).data, status=status, headers=headers
        )

    def read_body(self, serializer_class: type[Any]) -> dict[str, Any]:
        serializer = serializer_class(data=self.request.data, context=self.get_serializer_context())
        serializer.is_valid(raise_exception=True)
        return dict(serializer.validated_data)


class Cases(mixins.ListModelMixin, mixins.RetrieveModelMixin, CaseResource):
    """One problem of one customer, from opened to resolved."""

    serializer_class = CaseSerializer
    filterset_class = filters.CaseFilter
    lookup_field = "number"
    queryset = Case.objects.none()

    def get_queryset(self) -> QuerySet[Case]:
        return self.visible()

    @extend_schema(request=NewCase, responses={200: CaseSerializer, 201: CaseSerializer})
    def create(self, request: Request) -> Response:
        """Open a case. A case without a client belongs to its queue's.

        A system may name it by `source` and `case_id`: sent again, its details are corrected and no second one is opened.
        """
        fields = self.read_body(NewCase)
        fields["source"] = Source.objects.get_or_create(name=fields["source"])[0]
        try:
            with transaction.atomic():
                case, made = self.open_or_correct(fields)
        except IntegrityError:
            # Another call with this name was quicker: now it is there to be corrected.
            case, made = self.open_or_correct(fields)
        return self.shown(case, status=201, headers=located(request, case.number)) if made else self.shown(case)

    def open_or_correct(self, fields: dict[str, Any]) -> tuple[Case, bool]:
        known = Case.objects.filter(source=fields["source"], external_id=fields.get("external_id")).first()
        if known is not None:
            known.change(by=self.user, **{name: fields[name] for name in CORRECTABLE if name in fields})
            return known, False
        queue = fields.get("queue")
        client = fields.get("client") or (queue and queue.client) or Client.objects.default()
        return Case.open_new(by=self.user, **fields | {"client": client}), True

    @extend_schema(request=CaseChanges, responses=CaseSerializer)
    def partial_update(self, request: Request, number: int) -> Response:
        """Correct subject, topic, queue, priority or customer."""
        case = self.case()
        serializer = CaseChanges(case, data=request.data, partial=True, context=self.get_serializer_context())
        serializer.is_valid(raise_exception=True)
        case.change(by=self.user, **serializer.validated_data)
        return self.shown(case)


@extend_schema_view(
    list=extend_schema(operation_id="cases_messages_list"), create=extend_schema(operation_id="cases_messages_create")
)
class Messages(mixins.ListModelMixin, CaseResource):
    """What was written on a case: the customer's messages, ours to her, and internal notes."""

    serializer_class = MessageSerializer
    newest_by = "at"
    queryset = Message.objects.none()

    def get_queryset(self) -> QuerySet[Message]:
        return self.case().messages.select_related("author")

    def create(self, request: Request, number: int) -> Response:
        """Write a note, or keep a message that another system has carried."""
        case = self.case()
        fields = self.read_body(MessageSerializer)
        if fields["kind"] == Message.Kind.NOTE:
            message = case.write_note(fields["body"], by=self.user)
        elif has_role(self.user, OVERSEERS):
            message = case.log_message(fields["body"], kind=fields["kind"], by=self.user)
        else:
            raise PermissionDenied(_("Only a system that has carried a message may log it; you may write a note."))
        return Response(self.get_serializer(message).data, status=201)


class Resolution(CaseResource):
    """Whether a case is resolved."""

    serializer_class = Nothing

    @extend_schema(
        operation_id="cases_resolution_create", request=Nothing, responses={200: CaseSerializer, 201: CaseSerializer}
    )
    def create(self, request: Request, number: int) -> Response:
        """Resolve the case. 201 when that changed it, 200 when it was resolved already."""
        case = self.case()
        self.read_body(Nothing)
        if case.status == Status.MERGED:
            raise Conflict(_("The case was merged into %(number)s.") % {"number": case.merged_into_id})
        return self.shown(case, status=201 if case.resolve(by=self.user) else 200)

    @extend_schema(operation_id="cases_resolution_destroy", responses={200: CaseSerializer})
    def destroy(self, request: Request, number: int) -> Response:
        """Open a resolved case again."""
        case = self.case()
        if case.status == Status.MERGED:
            raise Conflict(_("The case was merged into %(number)s.") % {"number": case.merged_into_id})
        case.reopen(by=self.user)
        return self.shown(case)


class Assignment(CaseResource):
    """Who works on a case."""

    serializer_class = AssignmentSerializer

    @extend_schema(
        operation_id="cases_assignment_create",
        request=AssignmentSerializer,
        responses={200: CaseSerializer, 201: CaseSerializer},
    )
    def create(self, request: Request, number: int) -> Response:
        """Give the case to an agent. 201 when that changed it, 200 when it was hers already."""
        case = self.case()
        changed = case.assign(to=self.read_body(AssignmentSerializer)["agent"], by=self.user)
        return self.shown(case, status=201 if changed else 200)

    @extend_schema(operation_id="cases_assignment_destroy", responses={200: CaseSerializer})
    def destroy(self, request: Request, number: int) -> Response:
        """Give the case back to its queue."""
        case = self.case()
        case.assign(to=None, by=self.user)
        return self.shown(case)


class Escalation(CaseResource):
    """Handing a case to a higher tier."""

    serializer_class = EscalationSerializer

    @extend_schema(
        operation_id="cases_escalation_create",
        request=EscalationSerializer,
        responses={200: CaseSerializer, 201: CaseSerializer},
    )
    def create(self, request: Request, number: int) -> Response:
        """Escalate an open case. 201 when that changed it, 200 when it is escalated already."""
        case = self.case()
        fields = self.read_body(EscalationSerializer)
        if not case.is_open:
            raise Conflict(_("Only an open case can be escalated."))
        changed = case.escalate(by=self.user, reason=fields.get("reason", ""), to=fields.get("agent"))
        return self.shown(case, status=201 if changed else 200)


@extend_schema_view(
    list=extend_schema(operation_id="cases_promises_list"), create=extend_schema(operation_id="cases_promises_create")
)
class Promises(mixins.ListModelMixin, CaseResource):
    """What the customer was promised, and by when."""

    serializer_class = PromiseSerializer
    newest_by = "due_at"
    queryset = Promise.objects.none()

    def get_queryset(self) -> QuerySet[Promise]:
        return self.case().promises.select_related("made_by")

    def create(self, request: Request, number: int) -> Response:
        """Promise something by a moment that is still to come. The same promise again is not made twice."""
        case = self.case()
        fields = self.read_body(PromiseSerializer)
        if fields["due_at"] <= timezone.now():
            raise ValidationError({"due_at": [_("Expected a moment that is still to come.")]})
        kind = fields.get("kind") or "update"
        standing = case.promises.pending().filter(kind=kind, due_at=fields["due_at"]).select_related("made_by").first()
        promise = standing or case.promise(due_at=fields["due_at"], kind=kind, by=self.user)
        promise.refresh_from_db()
        return Response(self.get_serializer(promise).data, status=200 if standing else 201)
