"""Compile the translations: every `django.po` under a `locale` folder becomes the `django.mo` that Django reads.

Run by `make env` as `python -m helpdesk.translations`. Only the .po files are kept in git, so that the two cannot
disagree. Django's own `compilemessages` wants gettext's programs, which a bare machine does not have.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import polib

PROJECT = Path(__file__).resolve().parent.parent


def catalogues() -> Iterator[Path]:
    for pattern in ("locale/*/LC_MESSAGES/*.po", "*/locale/*/LC_MESSAGES/*.po"):
        yield from PROJECT.glob(pattern)


def compile_stale() -> int:
    """Compile what has no .mo or one older than its .po. Return how many were compiled."""
    stale = [
        po
        for po in catalogues()
        if not po.with_suffix(".mo").exists() or po.with_suffix(".mo").stat().st_mtime < po.stat().st_mtime
    ]
    for po in stale:
        # Written beside and renamed: a process that starts meanwhile reads the old file or the new one, never half.
        draft = po.with_suffix(".mo.draft")
        polib.pofile(str(po), check_for_duplicates=True).save_as_mofile(str(draft))
        draft.rename(po.with_suffix(".mo"))
    return len(stale)


if __name__ == "__main__":
    compile_stale()
    sys.exit(0)
