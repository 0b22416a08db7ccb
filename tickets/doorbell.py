"""Rings that go out when a transaction is committed, each of them once, however often the transaction asks for it."""

from __future__ import annotations

from collections.abc import Callable

from django.db import connection, transaction


def once_on_commit(ring: Callable[[], None]) -> None:
    """Call `ring` after the commit. A change that writes four events wakes its workers once, not four times."""
    # What was asked for inside a savepoint that was taken back is no longer in the list. One that may yet be taken back
    # is around us too, and takes both.
    if not any(asked[1] is ring for asked in connection.run_on_commit):
        transaction.on_commit(ring, robust=True)
