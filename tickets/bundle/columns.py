"""What one field of a bundle may hold. Pure: text in, text for COPY out, or `Wrong` with the class of the mistake.

A field is checked and never repaired: what is not understood is a mistake, and the row goes to the quarantine.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from functools import lru_cache

from tickets.models.quarantine import QuarantinedRow

Reason = QuarantinedRow.Reason
Clean = Callable[[str], str]


class Wrong(ValueError):  # noqa: N818 - it says what the row is
    """A field that cannot be right: the class of the mistake and a sentence about it."""

    def __init__(self, reason: Reason, message: str, column: str = "") -> None:
        super().__init__(message)
        self.reason, self.message, self.column = reason, message, column


class Makes(StrEnum):
    """What a column names that is made when it is not known yet."""

    CLIENT = "client"
    QUEUE = "queue"
    TOPIC = "topic"
    AGENT = "agent"
    ACTOR = "actor"
    TEAM = "team"
    CUSTOMER = "customer"


@dataclass(frozen=True)
class Column:
    """One column of a file.

    Attributes:
        name: As in the header.
        clean: Checks a field that is not empty and returns what COPY gets.
        sql: The type that it is staged as.
        filled: An empty field is a mistake.
        optional: The whole column may be missing from the file.
        makes: What the field names, where that is made when it is unknown.
    """

    name: str
    clean: Clean
    sql: str = "text"
    filled: bool = False
    optional: bool = False
    makes: Makes | None = None


def shorten(text: str, length: int = 60) -> str:
    return repr(text if len(text) <= length else text[: length - 1] + "…")


def text(longest: int) -> Clean:
    """Any text of at most so many characters."""

    def clean(value: str) -> str:
        if len(value) > longest:
            raise Wrong(Reason.LENGTH, f"{len(value)} characters, {longest} are the most")
        if "\0" in value:
            raise Wrong(Reason.FIELDS, "holds a NUL character")
        return value

    return clean


def identifier(longest: int = 500) -> Clean:
    return text(longest)


class Choice:
    """One of a fixed set of codes."""

    def __init__(self, values: Iterable[str]) -> None:
        self.values = tuple(values)
        self._known = frozenset(self.values)

    def __call__(self, value: str) -> str:
        if value not in self._known:
            raise Wrong(Reason.ENUM, f"{shorten(value)} is not one of: {', '.join(sorted(self.values))}")
        return value


def choice(values: Iterable[str]) -> Clean:
    return Choice(values)


def flags(values: Iterable[str]) -> Clean:
    """Codes separated by `|`, staged as an array."""
    known = frozenset(values)
    expected = ", ".join(sorted(known))

    @lru_cache(maxsize=1024)
    def clean(value: str) -> str:
        given = list(dict.fromkeys(value.split("|")))
        for flag in given:
            if flag not in known:
                raise Wrong(Reason.ENUM, f"{shorten(flag)} is not one of: {expected}")
        return "{" + ",".join(given) + "}"

    return clean


_YES_NO = {"1": "t", "0": "f", "true": "t", "false": "f"}


def yes_no(value: str) -> str:
    try:
        return _YES_NO[value]
    except KeyError:
        raise Wrong(Reason.ENUM, f"{shorten(value)} is neither 1 nor 0") from None


def moment_of(value: str) -> datetime:
    """Read an instant. It must carry its offset from UTC: a naive one could mean two moments."""
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        raise Wrong(Reason.INSTANT, f"{shorten(value)} is not an ISO 8601 instant") from None
    if moment.tzinfo is None:
        raise Wrong(Reason.INSTANT, f"{shorten(value)} does not say its offset from UTC")
    if not 1900 <= moment.year <= 2200:
        raise Wrong(Reason.INSTANT, f"{shorten(value)} is not between the years 1900 and 2200")
    return moment


def instant(value: str) -> str:
    return moment_of(value).isoformat()


_DECIMAL = re.compile(r"-?[0-9]{1,15}(\.[0-9]{1,15})?")
# Thirty years: a longer talk is a mistake, and no sum of such will leave a bigint.
_MOST_SECONDS = 1_000_000_000


def seconds(value: str) -> str:
    """Seconds with any fraction, staged as whole microseconds, computed exactly."""
    if len(value) <= 9 and value.isascii() and value.isdigit():
        return value + "000000"
    number = _decimal(value)
    if number < 0:
        raise Wrong(Reason.NEGATIVE, f"{value} seconds")
    if number > _MOST_SECONDS:
        raise Wrong(Reason.NUMBER, f"{value} seconds is more than thirty years")
    return str(int((number * 1_000_000).to_integral_value()))


def whole(low: int = -32_768, high: int = 32_767) -> Clean:
    """A whole number that the database can hold."""

    def clean(value: str) -> str:
        number = _decimal(value)
        if number != int(number):
            raise Wrong(Reason.NUMBER, f"{value} is not a whole number")
        if low == 0 and number < 0:
            raise Wrong(Reason.NEGATIVE, f"{value} is negative")
        if not low <= number <= high:
            raise Wrong(Reason.NUMBER, f"{value} is not between {low} and {high}")
        return str(int(number))

    return clean


def money(value: str) -> str:
    number = _decimal(value)
    if number < 0:
        raise Wrong(Reason.NEGATIVE, f"{value} is negative")
    if number >= 10**12 or number != number.quantize(Decimal("0.01")):
        raise Wrong(Reason.NUMBER, f"{value} is not an amount with at most two decimals")
    return str(number)


def _decimal(value: str) -> Decimal:
    if not value.isascii() or not _DECIMAL.fullmatch(value):
        raise Wrong(Reason.NUMBER, f"{shorten(value)} is not a number")
    return Decimal(value)


@lru_cache(maxsize=512)
def month(value: str) -> str:
    """A month as `2025-10`, staged as its first day."""
    if not re.fullmatch(r"[0-9]{4}-[0-9]{2}", value):
        raise Wrong(Reason.INSTANT, f"{shorten(value)} is not a month such as 2025-10")
    try:
        return date(int(value[:4]), int(value[5:]), 1).isoformat()
    except ValueError:
        raise Wrong(Reason.INSTANT, f"{shorten(value)} is not a month such as 2025-10") from None


@lru_cache(maxsize=4096)
def topic_path(value: str) -> str:
    """A path of names separated by `/`, without the blanks around them."""
    names = [name.strip() for name in value.split("/") if name.strip()]
    path = "/".join(names)
    if not names:
        raise Wrong(Reason.ENUM, f"{shorten(value)} names no topic")
    if len(path) > 500 or max(map(len, names)) > 200:
        raise Wrong(Reason.LENGTH, "a topic's path has at most 500 characters, each name in it 200")
    return text(500)(path)
