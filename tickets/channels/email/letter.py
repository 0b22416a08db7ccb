"""Reads a raw mail into plain values. Runs in the child process only: anybody may send anything. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from email import message_from_bytes
from email.message import Message
from typing import Any

from tickets.channels.email import envelope, folding, headers, layout, verdict

LONGEST_TEXT = 500_000
DEEPEST = 20
MOST_FILES = 50
LONGEST_NAME = 200


def read(raw: bytes) -> tuple[dict[str, Any], list[bytes]]:
    """Return what the mail says, and the files in it in the order of `files`.

    Raises:
        TooMuchError: It is made to cost more than a mail may.
    """
    envelope.check(raw)
    message = message_from_bytes(raw)
    texts, pages, files = _sort(message)
    html = "\n".join(pages)[: layout.LONGEST + 1]
    cleaned = layout.clean(html) if html.strip() else ""
    if html.strip() and layout.is_too_much(html):
        # Shown as text, and kept as the file that it is.
        files.append(("message.html", "", html.encode()))
    text = "\n\n".join(part.strip("\n") for part in texts if part.strip()) or layout.to_text(html)
    text = text[:LONGEST_TEXT].rstrip()
    kind = verdict.classify(message, raw)
    new = folding.new_text(text)
    name, address = headers.mailbox(message, "From")
    found = {
        "kind": kind,
        "name": name,
        "sender": address,
        "subject": headers.text(message, "Subject", 500),
        "to": headers.addresses(message, "To"),
        "cc": headers.addresses(message, "Cc"),
        "recipients": headers.addresses(message, "To", "Cc", "Delivered-To", "X-Original-To", "Envelope-To"),
        "ids": headers.ids(message, "In-Reply-To", "References"),
        "checks": [headers.one_line(str(value))[:1_000] for value in message.get_all("Authentication-Results", [])[:5]],
        "text": text,
        "new": "" if new.strip() == text.strip() else new,
        "html": cleaned,
        "outside": layout.has_outside_pictures(cleaned),
        "report": verdict.report(message, raw) if kind == verdict.BOUNCE else None,
        "files": [{"name": name, "id": content_id} for name, content_id, _content in files],
    }
    return found, [content for _name, _content_id, content in files]


File = tuple[str, str, bytes]


def _sort(message: Message) -> tuple[list[str], list[str], list[File]]:
    """Tell the parts that are the letter from those that came with it."""
    texts: list[str] = []
    pages: list[str] = []
    files: list[File] = []
    for part, alternative in _leaves(message):
        kind = part.get_content_type()
        is_file = part.get_content_disposition() == "attachment" or bool(_name(part))
        if kind == "text/plain" and not is_file and not (alternative and texts):
            texts.append(_text(part))
        elif kind == "text/html" and not is_file:
            pages.append(_text(part))
        elif len(files) < MOST_FILES and (content := _content(part)):
            files.append((_name(part) or _made_up_name(kind, len(files)), _content_id(part), content))
    return texts, pages, files


def _leaves(message: Message, depth: int = 0, *, alternative: bool = False) -> Iterator[tuple[Message, bool]]:
    if message.get_content_maintype() == "multipart" and message.is_multipart():
        if depth >= DEEPEST:
            raise envelope.TooMuchError(f"more than {DEEPEST} parts within each other")
        inside = message.get_content_subtype() == "alternative"
        for part in message.get_payload():
            if isinstance(part, Message):
                yield from _leaves(part, depth + 1, alternative=inside)
    else:
        yield message, alternative


def _content(part: Message) -> bytes:
    """The bytes of a file. A mail within the mail is a file too."""
    if part.is_multipart():
        return b"\n".join(bytes(one) for one in part.get_payload() if isinstance(one, Message))
    content = part.get_payload(decode=True)
    return content if isinstance(content, bytes) else b""


def _text(part: Message) -> str:
    charset = part.get_content_charset()
    return headers.decode(_content(part), charset).replace("\r\n", "\n").replace("\r", "\n")


def _name(part: Message) -> str:
    try:
        name = part.get_filename("") or ""
    except (ValueError, LookupError, TypeError, UnicodeError):
        return "file"
    # Encoded words in a parameter are forbidden, and usual.
    holder = Message()
    holder["Name"] = "".join(letter for letter in str(name) if letter >= " ")[:1_000]
    return headers.text(holder, "Name", LONGEST_NAME)


def _made_up_name(kind: str, number: int) -> str:
    ending = {"message/rfc822": ".eml", "text/plain": ".txt", "text/html": ".html", "text/calendar": ".ics"}.get(
        kind, ""
    )
    return f"file-{number + 1}{ending}"


def _content_id(part: Message) -> str:
    return str(part.get("Content-ID", "")).strip().strip("<>")[:200]
