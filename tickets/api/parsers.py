"""What comes in: JSON in UTF-8, and nothing that only looks like it."""

from __future__ import annotations

from collections.abc import Mapping
from math import isfinite
from typing import IO, Any

from django.utils.translation import gettext as _
from rest_framework.exceptions import ParseError
from rest_framework.parsers import BaseParser
from rest_framework.utils import json


class JSONParser(BaseParser):
    """JSON is UTF-8 whatever the header's charset says, without NaN, and not nested without end."""

    media_type = "application/json"

    def parse(
        self, stream: IO[Any], media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> Any:
        try:
            return json.loads(stream.read().decode(), parse_constant=json.strict_constant, parse_float=finite)
        except (ValueError, RecursionError) as error:
            raise ParseError(_("The body is not JSON: %(error)s") % {"error": str(error)[:200]}) from error


def finite(text: str) -> float:
    """1e999 is a number in JSON and infinity in here."""
    number = float(text)
    if not isfinite(number):
        raise ValueError(_("%(text)s is too large") % {"text": text[:20]})
    return number
