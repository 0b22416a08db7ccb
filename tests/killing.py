"""A process that is killed outright at a step of its work."""

from __future__ import annotations

import contextlib
import os
import signal
from collections.abc import Callable, Iterator
from typing import Any

from django.db import connection, connections


def lives(work: Callable[[], object], last: int | None, *, steps: tuple[tuple[Any, str], ...] = ()) -> bool:
    """Do the work in a process of its own. True where it came to the end, False where it was killed at its step `last`.

    A step is before and after each statement to the database, and each call of the functions that `steps` names.
    """
    connections.close_all()
    pid = os.fork()
    if pid == 0:
        code = 1
        try:
            with _counted(last, steps):
                work()
            code = 0
        finally:
            os._exit(code)
    _pid, status = os.waitpid(pid, 0)
    if os.WIFSIGNALED(status):
        assert os.WTERMSIG(status) == signal.SIGKILL
        return False
    assert os.WEXITSTATUS(status) == 0, "the process failed by itself"
    return True


@contextlib.contextmanager
def _counted(last: int | None, steps: tuple[tuple[Any, str], ...]) -> Iterator[None]:
    done = 0

    def step() -> None:
        nonlocal done
        done += 1
        if done == last:
            os.kill(os.getpid(), signal.SIGKILL)

    def around(do: Callable[..., Any]) -> Callable[..., Any]:
        def counted(*words: Any, **more: Any) -> Any:
            step()
            answer = do(*words, **more)
            step()
            return answer

        return counted

    # The process ends with its work: what is put in place of these need not be put back.
    for owner, name in steps:
        setattr(owner, name, around(getattr(owner, name)))
    with connection.execute_wrapper(lambda execute, *words: around(execute)(*words)):
        yield
