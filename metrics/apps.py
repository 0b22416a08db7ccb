from __future__ import annotations

from typing import Any

from django.apps import AppConfig
from django.db.models.signals import post_migrate


class MetricsConfig(AppConfig):
    name = "metrics"

    def ready(self) -> None:
        from metrics import receivers  # noqa: F401 - connects itself; models are ready only now

        post_migrate.connect(make_tables, sender=self)


def make_tables(**_kwargs: Any) -> None:
    """Give records and cells the columns that the catalogue asks for."""
    from metrics import store

    store.sync_tables()
