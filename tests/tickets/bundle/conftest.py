"""A log to write by hand and take in."""

from __future__ import annotations

import pytest


@pytest.fixture
def desk(db, tmp_path):
    from tests.tickets.bundle.logs import Desk

    return Desk(tmp_path / "log")
