"""How often something may be done from outside: counted in Redis, in windows that begin with the first time."""

from __future__ import annotations

import hashlib
import ipaddress
import logging

from django.conf import settings
from django.core.cache import cache
from django.http import HttpRequest
from redis.exceptions import RedisError

log = logging.getLogger(__name__)
HOUR = 3600


def is_over(what: str, who: str, *, most: int, seconds: int = HOUR) -> bool:
    """Count once more and say whether that is too often. Counted before it is done, so that many at once are seen too.

    With Redis down nothing is counted and nobody is kept out: a customer who cannot write is worse than one more who can.
    """
    # Addresses are other people's: what is kept of them is a digest.
    key = f"limit:{what}:{hashlib.sha256(who.encode()).hexdigest()}"
    try:
        cache.add(key, 0, seconds)
        return bool(cache.incr(key) > most)
    except ValueError:
        # It ended between the two.
        return False
    except RedisError as error:
        log.warning("Nothing is counted: %s", type(error).__name__)
        return False


def address_of(request: HttpRequest) -> str:
    """Where the request came from: told by the outermost proxy of ours, never by what came in with the request."""
    hops = [part.strip() for part in request.META.get("HTTP_X_FORWARDED_FOR", "").split(",")]
    if settings.PROXIES and len(hops) >= settings.PROXIES:
        return str(hops[-settings.PROXIES])
    return str(request.META.get("REMOTE_ADDR", ""))


def network_of(request: HttpRequest) -> str:
    """The network that the request came from: one line has many addresses."""
    try:
        address = ipaddress.ip_address(address_of(request))
    except ValueError:
        return ""
    address = getattr(address, "ipv4_mapped", None) or address
    return str(ipaddress.ip_network(f"{address}/{24 if address.version == 4 else 64}", strict=False))
