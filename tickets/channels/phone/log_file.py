"""Reading a queue log from disk: from where it was left, past rotations, as often as one likes."""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from django.db import transaction

from tickets import telephone
from tickets.channels.phone import queue_log
from tickets.channels.phone.told import Told, UnreadableError, digest
from tickets.models import Connector, LogPlace, QuarantinedRow

BATCH = 500
# Asterisk writes no line that is nearly as long; a file without line ends must not fill the memory.
LONGEST = 65_536
PAUSE = 1.0


@dataclass(slots=True)
class Read:
    """What was read: lines, of which so many could not be understood, and what became of their events."""

    lines: int = 0
    unreadable: int = 0
    stored: int = 0
    waiting: int = 0


class LogReader:
    def __init__(self, connector: Connector, path: Path, *, again: bool = False) -> None:
        self.connector, self.path, self.read = connector, path.absolute(), Read()
        self.place, _made = LogPlace.objects.get_or_create(connector=connector, path=str(self.path)[:1000])
        if again:
            self.place.file, self.place.offset = "", 0

    def catch_up(self) -> Read:
        """Read to the end: first what was left of a file that has been rotated away since, then the file."""
        with self._opened() as log:
            self._read_on(log)
        return self.read

    def follow(self, *, is_over: Callable[[], bool] = lambda: False) -> None:
        """Read on until it is over. A file that is rotated is read to its end before the new one is begun."""
        log = self._opened()
        try:
            while not is_over():
                self._read_on(log)
                if self._was_rotated(log):
                    # What was written between the last look and the rotation.
                    self._read_on(log)
                    log.close()
                    log = self._opened()
                else:
                    time.sleep(PAUSE)
        finally:
            log.close()

    def _opened(self) -> BinaryIO:
        """The file, at the place where reading goes on; what was left of one that was rotated away since has been read."""
        log = self.path.open("rb")
        known, size = identity(log), os.fstat(log.fileno()).st_size
        if self.place.file and known != self.place.file:
            self._finish_rotated()
        if known != self.place.file or size < self.place.offset:
            self.place.file, self.place.offset = known, 0
        log.seek(self.place.offset)
        return log

    def _finish_rotated(self) -> None:
        for other in sorted(self.path.parent.glob(f"{self.path.name}*")):
            if other == self.path or not other.is_file():
                continue
            with other.open("rb") as log:
                if identity(log) == self.place.file:
                    log.seek(self.place.offset)
                    self._read_on(log)

    def _was_rotated(self, log: BinaryIO) -> bool:
        try:
            now, own = self.path.stat(), os.fstat(log.fileno())
        except FileNotFoundError:
            return False
        return (now.st_dev, now.st_ino) != (own.st_dev, own.st_ino) or now.st_size < log.tell()

    def _read_on(self, log: BinaryIO) -> None:
        if not self.place.file:
            self.place.file = identity(log)
        while batch := list(_lines(log)):
            with transaction.atomic():
                told = [one for line in batch for one in self._translated(line)]
                taken = telephone.take_in(self.connector, told)
                self.place.offset = log.tell()
                self.place.save(update_fields=["file", "offset"])
            self.read.lines += len(batch)
            self.read.stored += taken.stored
            self.read.waiting += taken.waiting

    def _translated(self, line: bytes) -> list[Told]:
        text = line.decode("utf-8", "replace").replace("\0", "")
        try:
            parsed = queue_log.read(text)
            return queue_log.translate(parsed, self.connector.rules) if parsed else []
        except UnreadableError as error:
            self.read.unreadable += 1
            keep_unreadable(self.connector, "queue_log", text.strip()[:4000], error)
            return []


def keep_unreadable(connector: Connector, file: str, text: str, error: UnreadableError) -> None:
    """What cannot be understood waits in the quarantine, once."""
    QuarantinedRow.objects.get_or_create(
        source=connector.source, file=file, line=0, row_id=digest(text), column="",
        defaults={"reason": QuarantinedRow.Reason.FIELDS, "message": str(error), "raw": {"line": text}},
    )  # fmt: skip
    connector.went_wrong(str(error))


def identity(log: BinaryIO) -> str:
    """Which file it is; empty while it has no first line yet."""
    at, status = log.tell(), os.fstat(log.fileno())
    log.seek(0)
    first = log.readline(LONGEST)
    log.seek(at)
    if not first.endswith(b"\n"):
        return ""
    return f"{status.st_dev}:{status.st_ino}:{hashlib.sha256(first).hexdigest()[:40]}"


def _lines(log: BinaryIO) -> Iterator[bytes]:
    """The next whole lines. One that is still being written is left for the next time."""
    for _number in range(BATCH):
        at = log.tell()
        line = log.readline(LONGEST)
        if not line:
            return
        if not line.endswith(b"\n") and len(line) < LONGEST:
            log.seek(at)
            return
        yield line
