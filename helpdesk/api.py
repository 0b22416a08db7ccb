"""The REST API: every address under /api/v1/, its description, and how errors are told."""

from __future__ import annotations

import logging
from http import HTTPMethod
from typing import Any

from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.core.signals import got_request_exception
from django.db import OperationalError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import URLPattern, URLResolver, include, path, re_path, reverse
from django.utils.translation import gettext as _
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.views import SpectacularAPIView
from rest_framework import exceptions
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from surveys.api import Responses
from tickets.api import calls, cases, connectors, contacts, problems, views
from tickets.api.idempotency import HEADER, LONGEST

log = logging.getLogger(__name__)

LIST: dict[str, Any] = {"get": "list", "post": "create"}
ONE: dict[str, Any] = {"get": "retrieve", "put": "update", "patch": "partial_update"}


def problem_response(error: Exception, context: dict[str, Any]) -> Response:
    """Every error of the API as problem details; what we did not foresee is logged and told without detail."""
    if isinstance(error, Http404):
        error = exceptions.NotFound(_("There is nothing here, or not for you."))
    elif isinstance(error, PermissionDenied):
        error = exceptions.PermissionDenied()
    elif isinstance(error, OperationalError):
        # The database did not answer in time: somebody holds what this request needs, an import for example.
        log.warning("The API gave up waiting for the database", exc_info=error)
        error = problems.Busy()
    if isinstance(error, exceptions.APIException):
        body = problems.of(error)
    else:
        log.error("The API failed", exc_info=error)
        got_request_exception.send(sender=None, request=getattr(context.get("request"), "_request", None))
        body = problems.body("internal", 500, _("The mistake is ours and was written down. Trying again may help."))
    response = Response(body, status=body["status"], content_type="application/problem+json")
    if header := getattr(error, "auth_header", None):
        response["WWW-Authenticate"] = header
    if wait := getattr(error, "wait", None):
        response["Retry-After"] = str(int(wait))
    return response


class NotHere(APIView):
    """Addresses that do not exist answer as the others do."""

    schema = None

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        raise Http404


class Schema(SpectacularAPIView):
    """The description of this API, as OpenAPI 3.1."""

    permission_classes = [IsAuthenticated]


@login_required
def docs(request: HttpRequest) -> HttpResponse:
    """Show the page to try the API at."""
    return render(request, "api/docs.html", {"schema_url": reverse("api:schema")})


def with_problems(
    result: dict[str, Any],
    generator: SchemaGenerator,
    request: Request | None,
    public: bool,  # noqa: FBT001 - the library's signature
) -> dict[str, Any]:
    """Describe what every operation has: errors as problem details, and for a write the Idempotency-Key."""
    schemas = result.setdefault("components", {}).setdefault("schemas", {})
    schemas["Problem"] = PROBLEM
    answer = {"description": "Problem details", "content": {"application/problem+json": {"schema": REFERENCE}}}
    for operations in result["paths"].values():
        for method, operation in operations.items():
            if method.upper() not in set(HTTPMethod):
                continue
            operation["responses"]["default"] = answer
            # The first line of what a view says about itself is what a list of operations shows.
            summary, _line, rest = operation.get("description", "").partition("\n")
            operation |= {"summary": summary.rstrip("."), "description": rest.strip()}
            if method != "get":
                operation.setdefault("parameters", []).append(KEY_PARAMETER)
    return result


REFERENCE = {"$ref": "#/components/schemas/Problem"}
PROBLEM = {
    "type": "object",
    "description": "RFC 9457 problem details",
    "required": ["type", "title", "status", "detail"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["field", "detail"],
                "properties": {
                    "field": {"type": "string", "description": "Its path, for example segments.0.talk_s"},
                    "detail": {"type": "string"},
                    "expected": {
                        "description": "What may stand there: words, or the list of codes",
                        "type": ["string", "array"],
                        "items": {"type": "string"},
                    },
                },
            },
        },
    },
}
KEY_PARAMETER = {
    "name": HEADER,
    "in": "header",
    "required": False,
    "description": "Repeated with the same request it answers as the first time and changes nothing. Kept for a week.",
    "schema": {"type": "string", "minLength": 1, "maxLength": LONGEST, "pattern": "^[!-~]+$"},
}

app_name = "api"
CASE = "cases/<int:number>/"
urlpatterns: list[URLPattern | URLResolver] = [
    path("schema/", Schema.as_view(), name="schema"),
    path("docs/", docs, name="docs"),
    path("contacts/", contacts.Contacts.as_view(LIST), name="contacts"),
    path("contacts/batch/", contacts.Batch.as_view({"post": "create"}), name="contacts-batch"),
    path("contacts/<int:pk>/", contacts.Contacts.as_view(ONE), name="contact"),
    path("calls/events/", calls.CallEvents.as_view({"post": "create"}), name="calls-events"),
    path(
        "calls/connectors/amazon-connect/",
        connectors.ContactRecords.as_view({"post": "create"}),
        name="calls-amazon-connect",
    ),
    path("calls/connectors/twilio/<slug:code>/", connectors.task_router, name="calls-twilio"),
    path("customers/", views.Customers.as_view(LIST), name="customers"),
    path("customers/<int:pk>/", views.Customers.as_view(ONE), name="customer"),
    path("cases/", cases.Cases.as_view(LIST), name="cases"),
    path(CASE, cases.Cases.as_view({"get": "retrieve", "patch": "partial_update"}), name="case"),
    path(f"{CASE}messages/", cases.Messages.as_view(LIST), name="case-messages"),
    path(
        f"{CASE}resolution/", cases.Resolution.as_view({"post": "create", "delete": "destroy"}), name="case-resolution"
    ),
    path(
        f"{CASE}assignment/", cases.Assignment.as_view({"post": "create", "delete": "destroy"}), name="case-assignment"
    ),
    path(f"{CASE}escalation/", cases.Escalation.as_view({"post": "create"}), name="case-escalation"),
    path(f"{CASE}promises/", cases.Promises.as_view(LIST), name="case-promises"),
    path("surveys/responses/", Responses.as_view({"get": "list"}), name="survey-responses"),
    path("surveys/responses/<int:pk>/", Responses.as_view({"get": "retrieve"}), name="survey-response"),
    path("topics/", views.Topics.as_view(LIST), name="topics"),
    path("topics/<int:pk>/", views.Topics.as_view(ONE), name="topic"),
    path("queues/", views.Queues.as_view(LIST), name="queues"),
    path("queues/<int:pk>/", views.Queues.as_view(ONE), name="queue"),
    path("agents/", views.Agents.as_view(LIST), name="agents"),
    path("agents/<int:pk>/", views.Agents.as_view(ONE), name="agent"),
    path("clients/", views.Clients.as_view(LIST), name="clients"),
    path("clients/<int:pk>/", views.Clients.as_view(ONE), name="client"),
    path("", include("metrics.api")),
    path("", include("metrics.analysis_api")),
    re_path("", NotHere.as_view(), name="not-here"),
]
