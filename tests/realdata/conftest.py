"""The real logs, each taken in once for all tests on it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.realdata.shared import shared


@pytest.fixture(scope="module")
def log(request, django_db_setup, django_db_blocker) -> Iterator:
    """The log that the parameter names: its import, and what it said of the rows of each file.

    Committed like any import. Rolled back, some hundred thousand dead rows would lie in the way of the tests that follow;
    and nobody's statistics see rows that are not committed, so that every query on them is planned as if there were none.
    """
    folder = shared(f"data/{request.param}")
    if folder is None:
        pytest.skip(f"data/{request.param} is not beside the checkout")
    from django.core.management import call_command

    from tests.tickets.bundle.logs import Desk

    with django_db_blocker.unblock():
        desk = Desk(folder)
        counts = desk.load(request.param)
    yield desk, counts
    with django_db_blocker.unblock():
        call_command("flush", interactive=False, verbosity=0)
