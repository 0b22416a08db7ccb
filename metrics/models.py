"""What the numbers keep besides the logs: marks that say which objects must be judged again.

The records and cells themselves are not models: their columns follow the catalogue, see `metrics.store`.
"""

from __future__ import annotations

from django.db import models


class Mark(models.Model):
    """One object of the log whose stored record may no longer agree with it. Written by triggers, with the change."""

    record = models.CharField(max_length=16)
    row_id = models.BigIntegerField()

    class Meta:
        verbose_name = "mark"
        verbose_name_plural = "marks"
        # Which objects of a kind are pending, for readers; claiming them, for the refresh.
        indexes = [models.Index(fields=["record", "row_id"], name="mark_record_row")]

    def __str__(self) -> str:
        return f"{self.record} {self.row_id}"
