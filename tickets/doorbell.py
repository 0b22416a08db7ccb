"""Rings that go out when a transaction is committed, each of them once, however often the transaction asks for it."""

from __future__ import annotations

from collections.abc import Callable

from django.db import connection, transaction


def once_on_commit(ring: Callable[[], None]) -> None:
    """Call `ring` after the commit. A change that writes four events wakes its workers once, not four times."""
    around = set(connection.savepoint_ids)
    # One asked for inside a savepoint that is over counts only where that savepoint's work is sure to stay.
    if not any(asked[1] is ring and set(asked[0]) <= around for asked in connection.run_on_commit):
        transaction.on_commit(ring, robust=True)
