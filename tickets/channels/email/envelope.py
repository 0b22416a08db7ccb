"""What can be said of a raw mail without reading it: a few headers, a digest, and whether it is too much. Pure, linear."""

from __future__ import annotations

import hashlib
import re

LARGEST = 25 << 20
LARGEST_HEAD = 64 << 10
LARGEST_HEADER = 16 << 10
MOST_HEADERS = 200
MOST_PARTS = 100
_BOUNDARY = re.compile(rb"""boundary[ \t]{0,9}=[ \t]{0,9}(?:"([^"\r\n]{1,200})"|([^\s";]{1,200}))""", re.IGNORECASE)


class TooMuchError(Exception):
    """The mail is made to cost more than a mail may, or is larger than we read."""


def split(raw: bytes) -> tuple[bytes, bytes]:
    """Cut the headers from the body at the first empty line."""
    ends = [(found, length) for mark, length in ((b"\r\n\r\n", 4), (b"\n\n", 2)) if (found := raw.find(mark)) >= 0]
    if not ends:
        return raw[:LARGEST_HEAD], b""
    end, length = min(ends)
    return raw[: min(end, LARGEST_HEAD)], raw[end + length :]


def header(head: bytes, name: str) -> bytes:
    """Return the first header of that name with its folded lines, as it is written; empty where there is none."""
    found = re.search(rb"(?im)^" + name.encode() + rb"[ \t]*:([^\n]*(?:\n[ \t][^\n]*)*)", head)
    return found[1].strip()[:LARGEST_HEADER] if found else b""


def message_id(head: bytes) -> str:
    text = header(head, "Message-ID").replace(b"\0", b"").decode("ascii", "replace")
    return " ".join(text.split())[:255]


WROTE = ("From", "To", "Date", "Subject", "Content-Type")


def digest(raw: bytes) -> str:
    """A fingerprint of what the sender wrote. It stays the same whichever way the mail came.

    Without an id all of it counts: two mails that look alike may be two, and only the very same bytes are one.
    """
    head, body = split(raw)
    wrote = [header(head, name) for name in WROTE] if message_id(head) else [head]
    # A pipe writes line ends its own way.
    return hashlib.sha256(b"\0".join([*wrote, body]).replace(b"\r\n", b"\n").rstrip()).hexdigest()


def check(raw: bytes) -> None:
    """Refuse what would cost too much to read.

    Raises:
        TooMuchError: It is too large, or has too many headers or parts.
    """
    if len(raw) > LARGEST:
        raise TooMuchError(f"larger than {LARGEST >> 20} MB")
    head, _body = split(raw)
    if len(head) >= LARGEST_HEAD:
        raise TooMuchError(f"more than {LARGEST_HEAD >> 10} KB of headers")
    if len(re.findall(rb"(?m)^[^\s:]{1,200}[ \t]*:", head)) > MOST_HEADERS:
        raise TooMuchError(f"more than {MOST_HEADERS} headers")
    marks = {quoted or plain for quoted, plain in _BOUNDARY.findall(raw)}
    if len(marks) > MOST_PARTS or sum(raw.count(b"\n--" + mark) for mark in marks) > 2 * MOST_PARTS:
        raise TooMuchError(f"more than {MOST_PARTS} parts")
