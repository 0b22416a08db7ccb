"""Pictures of strangers, drawn anew before a page shows them: what is not picture in a file is lost on the way.

Done in a process that has ten seconds and 512 MB (`tickets.channels.email.drawing`), as mails are read: a picture of a few bytes may
open into gigabytes. What cannot be drawn is not shown; it can be saved all the same.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from django.core.files.base import ContentFile
from django.core.files.storage import default_storage

from tickets.filetypes import PICTURES
from tickets.models import Attachment

PROJECT = Path(__file__).resolve().parent.parent
PATIENCE = 30
PNG, JPEG = "image/png", "image/jpeg"


def drawn(attachment: Attachment) -> tuple[bytes, str] | None:
    """The picture as pages show it, and its type; None where it is none. Drawn once and kept."""
    if attachment.content_type not in PICTURES:
        return None
    path = f"drawn/{attachment.pk.hex[:2]}/{attachment.pk.hex}"
    if not default_storage.exists(path):
        with attachment.file.open() as file:
            default_storage.save(path, ContentFile(_drawn_by_a_child(file.read())))
    with default_storage.open(path) as file:
        content: bytes = file.read()
    # Kept empty where it could not be drawn, so that it is not tried at every look.
    return (content, PNG if content.startswith(b"\x89PNG") else JPEG) if content else None


def _drawn_by_a_child(content: bytes) -> bytes:
    try:
        ran = subprocess.run(
            [sys.executable, "-m", "tickets.channels.email.drawing"],
            cwd=PROJECT,
            env={"PYTHONDONTWRITEBYTECODE": "1", "LANG": "C.UTF-8", "MALLOC_ARENA_MAX": "2"},
            input=content,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            timeout=PATIENCE,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return b""
    return ran.stdout if ran.returncode == 0 else b""
