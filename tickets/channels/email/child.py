"""The process in which mails are read: `python -m tickets.channels.email.child`.

It knows no database and opens no file: mails come in and what they say goes out by its pipes, each with its length in front. One
that takes more than ten seconds of the processor ends the process, and so does one that needs too much memory; whoever started
it begins a new one.
"""

from __future__ import annotations

import json
import resource
import struct
import sys
from typing import IO

from tickets.channels.email import headers, letter

LENGTH = struct.Struct(">Q")
SECONDS = 10
MEMORY = 512 << 20


def main() -> None:
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    # No file may be written, whatever a library should try.
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    for raw in iter(lambda: read_block(sys.stdin.buffer), None):
        allow_seconds(SECONDS)
        for block in answer(raw):
            sys.stdout.buffer.write(LENGTH.pack(len(block)) + block)
        sys.stdout.buffer.flush()


def allow_seconds(seconds: int) -> None:
    """Let the process have so much more of the processor than it has had."""
    usage = resource.getrusage(resource.RUSAGE_SELF)
    used = int(usage.ru_utime + usage.ru_stime)
    resource.setrlimit(resource.RLIMIT_CPU, (used + seconds, resource.RLIM_INFINITY))


def answer(raw: bytes) -> list[bytes]:
    """What the mail says and then its files; where it cannot be read, only why."""
    try:
        found, files = letter.read(raw)
        return [json.dumps(headers.storable(found)).encode(), *files]
    except Exception as error:  # noqa: BLE001 - whatever is wrong with a mail, it is that mail's fault alone
        return [json.dumps({"problem": f"{type(error).__name__}: {error}"[:500]}).encode()]


def read_block(pipe: IO[bytes]) -> bytes | None:
    """Read one block; None at the end."""
    size = pipe.read(LENGTH.size)
    if len(size) < LENGTH.size:
        return None
    (length,) = LENGTH.unpack(size)
    block: bytes = pipe.read(length)
    return block if len(block) == length else None


if __name__ == "__main__":
    main()
