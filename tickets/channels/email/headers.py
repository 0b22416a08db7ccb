"""Headers as a person reads them, whatever is wrong with them. Pure; nothing here raises."""

from __future__ import annotations

import re
from email.errors import MessageError
from email.header import decode_header
from email.message import Message
from typing import Any

LONGEST = 4_000
_ADDRESS = re.compile(r"[^\s<>()\[\],;:\"@]{1,64}@[^\s<>()\[\],;:\"@]{1,255}")
_IN_BRACKETS = re.compile(r"<\s{0,9}([^\s<>()\[\],;:\"@]{1,64}@[^\s<>()\[\],;:\"@]{1,255})\s{0,9}>")
_ID = re.compile(r"<[^<>\s]{3,250}>")
MOST_ADDRESSES = 50
MOST_IDS = 50


def written(message: Message, name: str) -> str:
    """The first header of that name as it is written: bytes that no header may have are still in it."""
    return next((str(value) for key, value in message.raw_items() if key.lower() == name.lower()), "")


def text(message: Message, name: str, longest: int = LONGEST) -> str:
    """The header's words, decoded, on one line, without characters that nobody sees."""
    raw = written(message, name)[:longest]
    try:
        pieces = decode_header(raw)
    except (MessageError, ValueError):
        pieces = [(raw, None)]
    joined = "".join(_word(piece, charset) for piece, charset in pieces)
    return one_line(joined)[:longest]


def _word(piece: bytes | str, charset: str | None) -> str:
    if isinstance(piece, str):
        # Bytes that no header may have, as the parser hands them on.
        piece = piece.encode("utf-8", "surrogateescape")
    return decode(piece, charset)


def decode(data: bytes, charset: str | None) -> str:
    """Text in its charset; where there is none of that name, or it does not fit, in one that any bytes fit."""
    for name in (charset or "utf-8", "utf-8"):
        if name.lower() == "unknown-8bit":
            continue
        try:
            return data.decode(name).replace("\0", "")
        except (LookupError, UnicodeDecodeError, ValueError):
            continue
    return data.decode("latin-1").replace("\0", "")


def storable(value: Any) -> Any:
    """The same without what PostgreSQL does not take: bytes that are no letter, and the letter that is none."""
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode().replace("\0", "")
    if isinstance(value, list):
        return [storable(one) for one in value]
    if isinstance(value, dict):
        return {name: storable(one) for name, one in value.items()}
    return value


def one_line(words: str) -> str:
    return " ".join("".join(letter if letter.isprintable() else " " for letter in words).split())


def addresses(message: Message, *names: str) -> list[str]:
    """Every address in these headers, in small letters, each once."""
    found: list[str] = []
    for name in names:
        for value in message.get_all(name, [])[:10]:
            found += _ADDRESS.findall(str(value)[:16_384].lower())
    return list(dict.fromkeys(found))[:MOST_ADDRESSES]


def mailbox(message: Message, name: str) -> tuple[str, str]:
    """The name and the address of one sender. In doubt the address is what stands in angle brackets."""
    raw = written(message, name)[:LONGEST]
    found = _IN_BRACKETS.search(raw) or _ADDRESS.search(raw)
    address = (found[found.re.groups] if found else "").lower()
    before = text(message, name)
    before = before[: before.rfind("<")] if "<" in before else ""
    shown = before.strip().strip("\"'").strip()
    return ("" if shown.lower() == address else shown[:200]), address


def ids(message: Message, *names: str) -> list[str]:
    """The message ids in these headers; of many the last ones, which are the nearest."""
    found: list[str] = []
    for name in names:
        found += _ID.findall(written(message, name)[-16_384:])
    return list(dict.fromkeys(found))[-MOST_IDS:]
