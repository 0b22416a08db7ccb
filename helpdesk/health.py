"""Is it there, and can it work? For whoever restarts it or sends it traffic; strangers learn yes or no and nothing else."""

import logging

import redis
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, HttpResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from tickets.client_door import open_to_clients

logger = logging.getLogger(__name__)


@open_to_clients
@require_safe
@never_cache
def livez(request: HttpRequest) -> HttpResponse:
    """The process answers. Nothing else is asked, or a slow database would have every process restarted."""
    return HttpResponse("ok\n", content_type="text/plain")


@open_to_clients
@require_safe
@never_cache
def readyz(request: HttpRequest) -> HttpResponse:
    """Database, migrations and Redis are ready for a request. The log says what is not."""
    try:
        check_database()
        check_redis()
    except (DatabaseError, redis.RedisError, ImproperlyConfigured, OSError) as fault:
        logger.warning("Not ready: %s", fault)
        return HttpResponse("not ready\n", status=503, content_type="text/plain")
    return HttpResponse("ok\n", content_type="text/plain")


def check_database() -> None:
    executor = MigrationExecutor(connection)
    missing = executor.migration_plan(executor.loader.graph.leaf_nodes())
    if missing:
        raise ImproperlyConfigured(f"{len(missing)} migrations are not applied, the first of them {missing[0][0]}.")


def check_redis() -> None:
    with redis.Redis.from_url(settings.REDIS_URL, socket_timeout=1, socket_connect_timeout=1) as client:
        client.ping()
