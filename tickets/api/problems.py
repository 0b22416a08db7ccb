"""Errors as RFC 9457 problem details: what is wrong, in which field, and what was expected there."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from http import HTTPStatus
from typing import Any

from django.utils.encoding import force_str
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from rest_framework import status
from rest_framework.exceptions import APIException, ValidationError

TYPE = "urn:helpdesk:problem:"


class Refused(ValidationError):  # noqa: N818 - it says what was done with the body
    """A body that was not understood. `expected` says for a field what may stand there."""

    def __init__(self, detail: Any, expected: Mapping[str, Any] | None = None) -> None:
        super().__init__(detail)
        self.expected = expected or {}


class KeyReused(APIException):
    status_code = status.HTTP_422_UNPROCESSABLE_ENTITY
    default_code = "idempotency-key-reused"
    default_detail = gettext_lazy("This Idempotency-Key was used for another request.")


class StillRunning(APIException):
    status_code = status.HTTP_409_CONFLICT
    default_code = "request-in-progress"
    default_detail = gettext_lazy(
        "The first request with this Idempotency-Key is still being worked on. Try again soon."
    )


class Conflict(APIException):
    status_code = status.HTTP_409_CONFLICT
    default_code = "conflict"
    default_detail = gettext_lazy("The state of the resource does not allow this.")


class Busy(APIException):
    status_code = status.HTTP_503_SERVICE_UNAVAILABLE
    default_code = "busy"
    default_detail = gettext_lazy("Somebody else is writing what this request needs. Try again in a moment.")
    wait = 2


class TooLarge(APIException):
    status_code = status.HTTP_413_REQUEST_ENTITY_TOO_LARGE
    default_code = "too-large"
    default_detail = gettext_lazy("The body is too large.")


def titles() -> dict[str, str]:
    """What each kind of problem is called, in the reader's language."""
    return {
        "validation": _("Some fields could not be understood"),
        "idempotency-key-reused": _("Idempotency-Key used twice"),
        "request-in-progress": _("Still being worked on"),
        "conflict": _("Not possible in this state"),
        "busy": _("Busy"),
        "too-large": _("Too large"),
        "parse": _("Not JSON"),
        "not-found": _("Not found"),
        "forbidden": _("Not allowed"),
        "unauthenticated": _("Not signed in"),
        "method-not-allowed": _("Method not allowed"),
        "internal": _("The server made a mistake"),
    }


_KINDS = {
    "parse_error": "parse",
    "not_found": "not-found",
    "permission_denied": "forbidden",
    "not_authenticated": "unauthenticated",
    "authentication_failed": "unauthenticated",
    "method_not_allowed": "method-not-allowed",
}


def body(code: str, http_status: int, detail: str, errors: list[dict[str, Any]] | None = None) -> dict[str, Any]:
    """One problem as it is sent."""
    kind = _KINDS.get(code, code)
    title = titles().get(kind)
    problem: dict[str, Any] = {
        "type": TYPE + kind if title else "about:blank",
        "title": title or HTTPStatus(http_status).phrase,
        "status": http_status,
        "detail": clean(detail),
    }
    if errors:
        problem["errors"] = errors
    return problem


def of(error: APIException) -> dict[str, Any]:
    """The problem that an exception of the framework is."""
    if isinstance(error, ValidationError):
        expected = getattr(error, "expected", {})
        errors = [with_expected(field, detail, expected) for field, detail in flat(error.detail)]
        fields = ", ".join(dict.fromkeys(entry["field"] for entry in errors if entry["field"]))
        detail = _("Look at: %(fields)s") % {"fields": fields} if fields else errors[0]["detail"]
        return body("validation", error.status_code, detail, errors)
    code = error.detail.code if hasattr(error.detail, "code") else error.default_code
    return body(str(code), error.status_code, force_str(error.detail))


def with_expected(field: str, detail: str, expected: Mapping[str, Any]) -> dict[str, Any]:
    entry: dict[str, Any] = {"field": clean(field), "detail": clean(detail)}
    general = ".".join("*" if part.isdigit() else part for part in field.split("."))
    if general in expected:
        entry["expected"] = expected[general]
    return entry


def clean(text: str) -> str:
    """Text that can be sent and stored: half of a surrogate pair, from a text that was cut, can be neither."""
    return text.encode("utf-8", "replace").decode().replace("\0", "\ufffd")


def flat(detail: Any, path: str = "") -> Iterator[tuple[str, str]]:
    """Walk the framework's nested errors and give each with the path of its field: `segments.0.talk_s`."""
    if isinstance(detail, Mapping):
        for name, inner in detail.items():
            yield from flat(inner, path if name == "non_field_errors" else joined(path, str(name)))
    elif isinstance(detail, list):
        nested = any(isinstance(inner, Mapping | list) for inner in detail)
        for index, inner in enumerate(detail):
            if inner:
                yield from flat(inner, joined(path, str(index)) if nested else path)
    else:
        yield path, force_str(detail)


def joined(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name
