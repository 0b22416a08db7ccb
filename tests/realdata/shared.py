"""Where the material for tests on real data lies: beside the checkout, or where HELPDESK_SHARED says."""

from __future__ import annotations

import os
from pathlib import Path

_ROOT = Path(os.environ.get("HELPDESK_SHARED") or Path(__file__).resolve().parents[3] / "shared")


def shared(path: str) -> Path | None:
    """Return the file or folder at `path`, or None where it is absent and the tests on it have to be skipped."""
    found = _ROOT / path
    return found if found.exists() else None
