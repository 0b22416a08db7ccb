"""Has mails read by a child process that may not take long (`child`), and starts a new one where one dies of a mail."""

from __future__ import annotations

import atexit
import contextlib
import json
import os
import subprocess
import sys
import threading
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

from tickets.channels.email.child import LENGTH, read_block

PROJECT = Path(__file__).resolve().parents[3]
# The child's limit is in seconds of the processor; on a machine that has none to spare this one ends it.
PATIENCE = 30
LONGEST_ANSWER = 16 << 20
# Then a new one: what many mails leave behind in its memory is not to be counted against the next.
MAILS_A_CHILD = 500


class UnreadableError(Exception):
    """The mail cannot be read; the words say why."""


@dataclass(slots=True)
class Letter:
    said: dict[str, Any]
    files: list[bytes] = field(default_factory=list)


class Reader:
    """Reads mails one after the other. Use it in a `with`, so that its child ends."""

    def __init__(self) -> None:
        self.child: subprocess.Popen[bytes] | None = None
        self.asked = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self.end()

    def end(self) -> None:
        if self.child is None:
            return
        self.child.kill()
        self.child.wait()
        for pipe in (self.child.stdin, self.child.stdout):
            if pipe:
                # What was still on its way to a child that has died.
                with contextlib.suppress(OSError):
                    pipe.close()
        self.child, self.asked = None, 0

    def read(self, raw: bytes) -> Letter:
        """Read one mail.

        Raises:
            UnreadableError: It is broken beyond reading, or made to take long.
        """
        # It may have died of something else while it waited, and that is not this mail's fault.
        if self.child and (self.asked >= MAILS_A_CHILD or self.child.poll() is not None):
            self.end()
        self.asked += 1
        child = self.child = self.child or subprocess.Popen(
            [sys.executable, "-m", "tickets.channels.email.child"],
            cwd=PROJECT,
            # It is given no secret that a fault in a library could give away.
            env={"PYTHONDONTWRITEBYTECODE": "1", "LANG": "C.UTF-8", "MALLOC_ARENA_MAX": "2"},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        watch = threading.Timer(PATIENCE, child.kill)
        watch.start()
        try:
            return self._ask(child, raw)
        except (OSError, ValueError) as error:
            self.end()
            raise UnreadableError("it took too long or too much memory") from error
        finally:
            watch.cancel()

    def _ask(self, child: subprocess.Popen[bytes], raw: bytes) -> Letter:
        assert child.stdin
        assert child.stdout
        child.stdin.write(LENGTH.pack(len(raw)) + raw)
        child.stdin.flush()
        answer = read_block(child.stdout)
        if answer is None or len(answer) > LONGEST_ANSWER:
            raise ValueError("no answer")
        said = json.loads(answer)
        if problem := said.get("problem"):
            raise UnreadableError(problem)
        files = []
        for _file in said["files"]:
            content = read_block(child.stdout)
            if content is None:
                raise ValueError("a file is missing")
            files.append(content)
        return Letter(said, files)


_standing: dict[int, Reader] = {}


def standing_reader() -> Reader:
    """The one of this process. Its child stays for the next mails: starting one takes longer than reading twenty.

    A child ends by itself where its parent is killed: nothing more comes by its pipe.
    """
    if (mine := _standing.get(os.getpid())) is None:
        # After a fork the parent's is not ours to ask.
        mine = _standing[os.getpid()] = Reader()
        atexit.register(mine.end)
    return mine
