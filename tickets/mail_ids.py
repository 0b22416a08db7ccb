"""Message-IDs and reply addresses of our own: by them, and by nothing else, an answer finds its case.

Both carry the case's number and a code that only this installation can make. A number in a subject, an id of somebody else
or one that was guessed leads nowhere. Who may write to the case is asked besides (`tickets.channels.email.threads`).
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterable

from django.conf import settings
from django.utils.crypto import constant_time_compare, salted_hmac

# A mail that belongs to no case has a signed id too, so that its bounce is known for one.
NO_CASE = 0
_ID = re.compile(r"<(\d{1,18})\.([0-9a-f]{16})\.([0-9a-f]{32})@[\w.-]{1,255}>", re.ASCII)
_ADDRESS = re.compile(r"[^@\s]{1,40}\+(\d{1,12})\.([0-9a-f]{20})@[\w.-]{1,255}", re.ASCII)


def new_message_id(case: int, domain: str) -> str:
    nonce = secrets.token_hex(8)
    return f"<{case}.{nonce}.{_code('message', f'{case}.{nonce}')[:32]}@{domain}>"


def case_of_id(message_id: str) -> int | None:
    """Return the number of the case in an id that we made, NO_CASE where it has none, None where we did not make it."""
    found = _ID.fullmatch(message_id.strip())
    if found is None:
        return None
    number, nonce, code = found.groups()
    return int(number) if _is_ours("message", f"{number}.{nonce}", code) else None


def reply_address(address: str, case: int) -> str:
    """The mailbox's address with the case in it: `support+123.…@example.org`."""
    name, _at, domain = address.rpartition("@")
    return f"{name}+{case}.{_code('address', str(case))[:20]}@{domain}"


def case_of_address(address: str) -> int | None:
    found = _ADDRESS.fullmatch(address.strip().lower())
    return int(found[1]) if found and _is_ours("address", found[1], found[2]) else None


def cases_named(message_ids: Iterable[str], addresses: Iterable[str]) -> list[int]:
    """Return the cases that a mail's references and recipients name by our own codes, the surest first."""
    named = [case_of_id(one) for one in message_ids] + [case_of_address(one) for one in addresses]
    return list(dict.fromkeys(case for case in named if case))


def _code(purpose: str, value: str, secret: str | None = None) -> str:
    return salted_hmac(f"tickets.mail_ids.{purpose}", value, secret=secret, algorithm="sha256").hexdigest()


def _is_ours(purpose: str, value: str, code: str) -> bool:
    secrets_known = [settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS]
    return any(constant_time_compare(_code(purpose, value, one)[: len(code)], code) for one in secrets_known)
