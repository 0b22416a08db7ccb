"""What a file is, by its first bytes. Names and headers say what their sender likes."""

from __future__ import annotations

from typing import Any

import puremagic
from django.core.files.base import File

# Shown in the page: no script can be in them.
PICTURES = {"image/png", "image/jpeg", "image/gif", "image/webp"}
UNKNOWN = "application/octet-stream"


def sniff(file: File[Any]) -> str:
    """Return the type that the content shows, plain text where it is that, else the type of just any bytes."""
    file.seek(0)
    head = file.read(8192)
    file.seek(0)
    try:
        if found := puremagic.from_string(head, mime=True):
            return str(found)
    except (puremagic.PureError, ValueError):
        pass  # Nothing that is known by its beginning.
    try:
        text = head[:4096].decode("utf-8")
    except UnicodeDecodeError as error:
        # Only the last letter may be cut in two.
        return "text/plain" if error.start > 4090 and b"\0" not in head else UNKNOWN
    return UNKNOWN if "\0" in text else "text/plain"
