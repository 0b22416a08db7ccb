"""Which database figures are read from: a replica where one is configured, else the one that everything is in.

A replica is behind by a moment, or by hours when it is cut off. So the moment that its figures are true for is read from
the replica's own data: a heartbeat that the scheduler writes into the database and that arrives like everything else.
"""

from __future__ import annotations

from datetime import datetime

from django.db import DEFAULT_DB_ALIAS, connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.utils import timezone

from metrics.models import Heartbeat

REPLICA = "replica"


def reader() -> BaseDatabaseWrapper:
    """The connection that figures are read from.

    Inside a transaction of the caller's it is hers: what she has just written she wants to see.
    """
    own = connections[DEFAULT_DB_ALIAS]
    if own.in_atomic_block or REPLICA not in connections.settings:
        return own
    return connections[REPLICA]


def data_until() -> datetime:
    """Until when the figures know what happened: now, or the last heartbeat that has reached the replica."""
    connection = reader()
    if connection.alias == DEFAULT_DB_ALIAS:
        return timezone.now()
    return Heartbeat.objects.using(connection.alias).values_list("at", flat=True).first() or timezone.now()
