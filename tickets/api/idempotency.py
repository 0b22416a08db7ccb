"""Every write is one transaction, and with an Idempotency-Key it happens once.

The key's row is inserted in the transaction of the write. Two that come at once meet at its unique constraint: the
second waits, and then finds either the answer of the first or, where that one failed, nothing and does the work.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any, cast

from django.core.exceptions import RequestDataTooBig
from django.db import OperationalError, transaction
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils.translation import gettext as _
from rest_framework.exceptions import ValidationError
from rest_framework.permissions import SAFE_METHODS
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from tickets.api.problems import KeyReused, StillRunning, TooLarge
from tickets.models import IdempotentAnswer, User

if TYPE_CHECKING:
    _View = APIView
else:
    _View = object

HEADER = "Idempotency-Key"
LONGEST = 255


class Replay(Exception):  # noqa: N818 - it is not an error
    """The request was answered before: say the same again."""

    def __init__(self, answer: IdempotentAnswer) -> None:
        super().__init__(answer.key)
        self.answer = answer


class WritesOnce(_View):
    """Mixin of every view that writes."""

    kept: IdempotentAnswer | None = None
    replayed: HttpResponse | None = None

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if request.method in SAFE_METHODS:
            return super().dispatch(request, *args, **kwargs)
        with transaction.atomic():
            self.before_work = transaction.savepoint_create()
            response = super().dispatch(request, *args, **kwargs)
            if response.status_code >= 500:
                transaction.set_rollback(True)
                return response
            if response.status_code >= 400:
                transaction.savepoint_rollback(self.before_work)
                transaction.set_rollback(False)
            if self.kept is not None:
                keep(self.kept, response)
        return self.replayed or response

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        writes = request.method not in SAFE_METHODS
        content = whole_body(request) if writes else b""
        super().initial(request, *args, **kwargs)
        if writes and HEADER in request.headers:
            self.kept = claim(request, content)
            self.before_work = transaction.savepoint_create()

    def handle_exception(self, exc: Exception) -> Response:
        if isinstance(exc, Replay):
            self.replayed = said_again(exc.answer)
            return Response(status=exc.answer.status)
        return super().handle_exception(exc)


def whole_body(request: Request) -> bytes:
    """Read the body where Django's limit applies, and before anything reads it as a stream: the CSRF check does."""
    try:
        return request._request.body  # noqa: SLF001 - the raw body has no public name
    except RequestDataTooBig as error:
        raise TooLarge from error


def claim(request: Request, content: bytes) -> IdempotentAnswer:
    """Put the request's key down as taken. Raise `Replay` if the same request was answered before."""
    key = request.headers[HEADER]
    if not key.isascii() or not key.isprintable() or not 1 <= len(key) <= LONGEST:
        raise ValidationError({HEADER: [_("Expected 1 to 255 printable ASCII characters.")]})
    digest = hashlib.sha256(f"{request.method} {request.get_full_path()}\n".encode() + content).hexdigest()
    row = IdempotentAnswer(user=cast("User", request.user), key=key, request_digest=digest)
    try:
        # A savepoint, so that waiting too long for the first request does not spoil the transaction.
        with transaction.atomic():
            IdempotentAnswer.objects.bulk_create([row], ignore_conflicts=True)
    except OperationalError as error:
        raise StillRunning from error
    found = IdempotentAnswer.objects.get(user=request.user.pk, key=key)
    if found.request_digest != digest:
        raise KeyReused
    if found.status is not None:
        raise Replay(found)
    return found


def keep(row: IdempotentAnswer, response: HttpResponseBase) -> None:
    """Store the answer as it goes over the wire."""
    assert isinstance(response, Response)
    response.render()
    row.status = response.status_code
    row.body = response.content.decode()
    row.content_type = response.headers.get("Content-Type", "")
    row.location = response.headers.get("Location", "")
    row.save(update_fields=["status", "body", "content_type", "location"])


def said_again(answer: IdempotentAnswer) -> HttpResponse:
    response = HttpResponse(answer.body, status=answer.status, content_type=answer.content_type or None)
    if answer.location:
        response["Location"] = answer.location
    if not answer.content_type:
        del response["Content-Type"]
    response["Idempotent-Replayed"] = "true"
    return response
