"""What the numbers keep besides the logs: marks that say which hours must be computed again.

The cells themselves are not models: their columns follow the catalogue, see `metrics.cells`.
"""

from __future__ import annotations

from django.db import models


class DirtyHour(models.Model):
    """One hour (UTC) whose cells may no longer agree with the log. Written by triggers in the change's transaction."""

    kind = models.CharField(max_length=12)
    hour = models.DateTimeField()

    class Meta:
        verbose_name = "dirty hour"
        verbose_name_plural = "dirty hours"
        indexes = [models.Index(fields=["kind", "hour"], name="dirty_hour_kind")]

    def __str__(self) -> str:
        return f"{self.kind} {self.hour:%Y-%m-%d %H}"
