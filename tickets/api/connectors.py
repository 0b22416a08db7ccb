"""What the makers of telephone systems send by themselves, in their own words."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import parse_qsl

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from tickets import telephone
from tickets.api import problems
from tickets.api.permissions import OVERSEERS
from tickets.api.views import Resource
from tickets.channels.phone import amazon_connect, contact_records, twilio
from tickets.channels.phone.log_file import keep_unreadable
from tickets.channels.phone.told import UnreadableError
from tickets.models import Connector

MOST = 500
WHICH = OpenApiParameter("connector", str, description="Code of the telephone system; needed where there are several.")


class ContactRecordsAnswer(serializers.Serializer[Any]):
    stored = serializers.IntegerField(help_text="Events taken in, or known already.")
    waiting = serializers.IntegerField(help_text="Events that wait until somebody says whom a name means.")
    rejected = serializers.ListField(child=serializers.CharField(), help_text="What was expected, for each record.")


class ContactRecords(Resource):
    """Contact records of Amazon Connect, as EventBridge, a stream or a function hands them on."""

    serializer_class = ContactRecordsAnswer
    writers = OVERSEERS

    @extend_schema(
        operation_id="calls_connectors_amazon_connect",
        parameters=[WHICH],
        request={"application/json": {"description": "One contact record, or a list", "type": ["object", "array"]}},
        responses={200: ContactRecordsAnswer},
    )
    def create(self, request: Request) -> Response:
        """Tell of calls by contact records of Amazon Connect: one, a list of up to 500, or one in an event's `detail`.

        As late and as often as needed. A record that is not understood is kept in the quarantine list.
        """
        connector = connector_of(request.query_params.get("connector", ""))
        try:
            records = amazon_connect.records_in(request.data)
        except UnreadableError as error:
            raise ValidationError([_("Expected %(expected)s.") % {"expected": error}]) from error
        if len(records) > MOST:
            raise ValidationError([_("Expected at most %(most)s records.") % {"most": MOST}])
        taken, wrong = contact_records.take_in(connector, records)
        return Response({"stored": taken.stored, "waiting": taken.waiting, "rejected": wrong})


def connector_of(code: str) -> Connector:
    found = Connector.objects.filter(kind=Connector.Kind.AMAZON_CONNECT, is_active=True).select_related("source")
    few = list((found.filter(code=code) if code else found)[:2])
    if len(few) != 1:
        raise ValidationError({"connector": [_("Say which telephone system: the code of one that is set up.")]})
    return few[0]


@csrf_exempt
@require_POST
def task_router(request: HttpRequest, code: str) -> HttpResponse:
    """An event callback of Twilio TaskRouter. Nothing but its signature says who sent it."""
    connector = get_object_or_404(Connector.objects.select_related("source"), code=code, kind="twilio", is_active=True)
    fields = parse_qsl(request.body.decode("utf-8", "replace"), keep_blank_values=True, max_num_fields=200)
    url = settings.PUBLIC_URL + request.get_full_path()
    if not twilio.is_signed(request.headers.get("X-Twilio-Signature", ""), connector.secret, url, fields):
        connector.went_wrong("X-Twilio-Signature")
        body = problems.body("permission_denied", 403, _("The signature is not right for this address."))
        return JsonResponse(body, status=403, content_type="application/problem+json")
    clean = {name: value.replace("\0", "") for name, value in fields}
    try:
        telephone.take_in(connector, twilio.translate(clean, connector.rules))
    except UnreadableError as error:
        keep_unreadable(connector, "TaskRouter", json.dumps(clean)[:4000], error)
    return HttpResponse(status=204, content_type="application/json")
