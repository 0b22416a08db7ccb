"""What nobody needs any more: files of drafts that were thrown away, who was where yesterday, notices read long ago."""

from __future__ import annotations

from datetime import timedelta

from django.utils import timezone

from tickets.models import Attachment, Notice, Presence

# Longer than a page with a draft is left open.
ORPHANED = timedelta(days=1)
READ_LONG_AGO = timedelta(days=90)
BATCH = 1000


def forget() -> int:
    """Delete what is over. Return how many rows went. Safe to run twice and side by side."""
    now = timezone.now()
    gone = Presence.objects.filter(seen_at__lt=now - ORPHANED).delete()[0]
    gone += Notice.objects.filter(read_at__lt=now - READ_LONG_AGO).delete()[0]
    orphans = Attachment.objects.filter(message=None, draft=None, created_at__lt=now - ORPHANED)
    for attachment in orphans[:BATCH]:
        # The row first: a row without its file would be an error on a page, a file without its row is only space.
        attachment.delete()
        attachment.file.delete(save=False)
        gone += 1
    return gone
