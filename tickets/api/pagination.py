"""Cursor paging by (value, key): page 1,000 costs as much as page 1, and a row that is added moves no other."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db.models import Model, Q, QuerySet
from django.utils.translation import gettext as _
from rest_framework.exceptions import ValidationError
from rest_framework.pagination import BasePagination
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.utils.urls import replace_query_param
from rest_framework.views import APIView

SIZE = 50
MOST = 500
BIGINT = 2**63 - 1


class KeysetPagination(BasePagination):
    """Newest first by `view.newest_by` and then by key. A list may have a million rows of one second."""

    def paginate_queryset(  # type: ignore[override]  # a list in memory has nothing to page by
        self, queryset: QuerySet[Any], request: Request, view: APIView | None = None
    ) -> list[Any]:
        self.request = request
        self.field: str = getattr(view, "newest_by", "pk")
        size = page_size(request)
        backwards, mark = self.decoded(request.query_params.get("cursor"))
        order = [self.field, "pk"] if backwards else [f"-{self.field}", "-pk"]
        if mark is not None:
            queryset = queryset.filter(self.beyond(mark, "gt" if backwards else "lt"))
        found = list(queryset.order_by(*order)[: size + 1])
        self.more, rows = len(found) > size, found[:size]
        if backwards:
            rows.reverse()
        self.links(rows, backwards=backwards, moved=mark is not None)
        return rows

    def beyond(self, mark: Sequence[Any], side: str) -> Q:
        """Rows behind the mark, in a form whose first part is an index condition."""
        value, key = mark
        if self.field == "pk":
            return Q(**{f"pk__{side}": key})
        beside = Q(**{self.field: value, f"pk__{side}": key})
        return Q(**{f"{self.field}__{side}e": value}) & (Q(**{f"{self.field}__{side}": value}) | beside)

    def links(self, rows: list[Any], *, backwards: bool, moved: bool) -> None:
        self.next = self.previous = None
        if not rows:
            return
        if self.more or backwards:
            self.next = self.link("n", rows[-1])
        if (self.more and backwards) or (moved and not backwards):
            self.previous = self.link("p", rows[0])

    def link(self, way: str, row: Model) -> str:
        value = getattr(row, self.field)
        value = value.isoformat() if isinstance(value, datetime) else value
        text = json.dumps([way, value, row.pk])
        cursor = base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")
        return replace_query_param(self.request.build_absolute_uri(), "cursor", cursor)

    def decoded(self, cursor: str | None) -> tuple[bool, tuple[Any, int] | None]:
        if cursor is None:
            return False, None
        try:
            way, mark = read_cursor(cursor, dated=self.field != "pk")
        except (ValueError, TypeError, binascii.Error, RecursionError) as error:
            raise ValidationError({"cursor": [_("Take the cursor from `next` or `previous`.")]}) from error
        return way == "p", mark

    def get_paginated_response(self, data: Any) -> Response:
        return Response({"next": self.next, "previous": self.previous, "results": data})

    def get_paginated_response_schema(self, schema: dict[str, Any]) -> dict[str, Any]:
        link = {"type": ["string", "null"], "format": "uri"}
        return {
            "type": "object",
            "required": ["next", "previous", "results"],
            "properties": {"next": link, "previous": link, "results": schema},
        }

    def get_schema_operation_parameters(self, view: APIView) -> list[dict[str, Any]]:
        return [
            {
                "name": "cursor",
                "in": "query",
                "schema": {"type": "string"},
                "description": "From `next` or `previous`.",
            },
            {
                "name": "page_size",
                "in": "query",
                "schema": {"type": "integer", "minimum": 1, "maximum": MOST, "default": SIZE},
            },
        ]


def page_size(request: Request) -> int:
    text = request.query_params.get("page_size", str(SIZE))
    if not (text.isascii() and text.isdigit()) or len(text) > 6 or not 1 <= int(text) <= MOST:
        raise ValidationError({"page_size": [_("Expected a number from 1 to %(most)s.") % {"most": MOST}]})
    return int(text)


def read_cursor(cursor: str, *, dated: bool) -> tuple[str, tuple[Any, int]]:
    """Read a cursor. Raise ValueError or TypeError where it is none of ours."""
    way, value, key = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    moment = datetime.fromisoformat(value) if dated else key
    if way not in {"n", "p"} or type(key) is not int or not 0 <= key <= BIGINT:
        raise ValueError(cursor)
    if isinstance(moment, datetime) and (moment.tzinfo is None or not 1800 < moment.year < 3000):
        raise ValueError(cursor)
    return way, (moment, key)
