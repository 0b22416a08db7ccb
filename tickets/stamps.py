"""The stamp in a public form: when the page was made and for what, signed. It cannot be made up, and names one filling-in."""

from __future__ import annotations

import secrets
import time
from dataclasses import dataclass

from django.core import signing

# Nobody reads, writes and sends in less.
LEAST_SECONDS = 3
MOST_SECONDS = 24 * 3600


@dataclass(frozen=True, slots=True)
class Stamp:
    """`key` is the same each time that one page is sent."""

    key: str
    age: float

    @property
    def is_too_quick(self) -> bool:
        return self.age < LEAST_SECONDS

    @property
    def is_too_old(self) -> bool:
        return self.age > MOST_SECONDS


def make(purpose: str, *, at: float | None = None) -> str:
    """Return a new stamp. `at` is for tests."""
    return signing.dumps([purpose, secrets.token_urlsafe(16), at or time.time()], salt="tickets.stamp")


def read(text: str, purpose: str) -> Stamp | None:
    """Read a stamp; None where it was not made here for this."""
    try:
        said, key, at = signing.loads(text[:500], salt="tickets.stamp")
    except (signing.BadSignature, ValueError, TypeError):
        return None
    return Stamp(key, time.time() - at) if said == purpose else None
