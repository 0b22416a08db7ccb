"""The golden log, taken in once a test that asks for it."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.core.management import call_command

GOLDEN = Path(__file__).resolve().parent.parent / "data" / "golden"


@pytest.fixture
def golden(db) -> Path:
    call_command("import_bundle", str(GOLDEN), verbosity=0)
    return GOLDEN
