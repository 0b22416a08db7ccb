"""Files of strangers are looked over by clamd, where one is set (`CLAMD_URL`). Until it has said that one is clean, nobody gets it.

The protocol is clamd's INSTREAM: the file in pieces, each with its length before it, and one line of answer.
"""

from __future__ import annotations

import logging
import socket
import struct
from typing import IO
from urllib.parse import urlsplit

from django.conf import settings
from django.utils import timezone
from django.utils.translation import gettext as _

from tickets.models import Attachment

log = logging.getLogger(__name__)

PIECE, TIMEOUT = 1 << 16, 30
BATCH = 50
Verdict = Attachment.Verdict


class ScannerError(Exception):
    """The scanner is away, or did not understand."""


def holds_back(attachment: Attachment) -> bool:
    """Whether nobody may have the file: it is infected, or a scanner is set that has not looked yet."""
    if attachment.verdict == Verdict.INFECTED:
        return True
    return bool(settings.CLAMD_URL) and attachment.verdict == Verdict.NONE


def why(attachment: Attachment) -> str:
    if attachment.verdict == Verdict.INFECTED:
        return _("The scanner found %(what)s in this file. It is held back.") % {"what": attachment.finding or "?"}
    return _("This file has not been checked for viruses yet. Try again in a minute.")


def scan_waiting(limit: int = BATCH) -> int:
    """Have the files looked over that nobody has looked at. Return how many were. With the scanner away they wait."""
    if not settings.CLAMD_URL:
        return 0
    done = 0
    for one in Attachment.objects.filter(verdict=Verdict.NONE).order_by("created_at")[:limit]:
        try:
            with one.file.open() as file:
                finding = scan(file)
        except (OSError, ScannerError) as error:
            log.warning("Files wait for the scanner: %s", type(error).__name__)
            break
        verdict = Verdict.INFECTED if finding else Verdict.CLEAN
        Attachment.objects.filter(pk=one.pk).update(verdict=verdict, finding=finding[:200], scanned_at=timezone.now())
        done += 1
    return done


def scan(file: IO[bytes]) -> str:
    """What is wrong with the file, in the scanner's words; "" where it is clean.

    Raises:
        OSError: The scanner cannot be reached.
        ScannerError: It answered something else than that.
    """
    with _connected() as connection:
        connection.sendall(b"zINSTREAM\0")
        while piece := file.read(PIECE):
            connection.sendall(struct.pack(">I", len(piece)) + piece)
        connection.sendall(struct.pack(">I", 0))
        answer = b""
        while part := connection.recv(4096):
            answer += part
    words = answer.rstrip(b"\0\n").decode("utf-8", "replace")
    if words.endswith(" OK"):
        return ""
    if words.endswith(" FOUND"):
        return words.removeprefix("stream: ").removesuffix(" FOUND")
    raise ScannerError(words[:200])


def _connected() -> socket.socket:
    url = urlsplit(settings.CLAMD_URL)
    if url.scheme == "unix":
        connection = socket.socket(socket.AF_UNIX)
        connection.settimeout(TIMEOUT)
        connection.connect(url.path)
        return connection
    return socket.create_connection((url.hostname or "127.0.0.1", url.port or 3310), timeout=TIMEOUT)
