"""Connections to servers that somebody has typed in: to the outside, and within only to those that the installation names.

A team lead sets up the server of a mailbox. Were every address allowed, she could have this machine knock on the doors of the
network that it stands in, its own Redis among them (SSRF: Zammad CVE-2021-42091, osTicket CVE-2020-24881, Canarytokens
GHSA-g6h5-pf7p-qmvj). A name is looked up once and the connection goes to the address that was judged: a name whose answer
changes in between (DNS rebinding) gains nothing.
"""

from __future__ import annotations

import contextlib
import ipaddress
import socket
from collections.abc import Sequence

from django.conf import settings

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
# IPv6 addresses in whose last 32 bits an IPv4 address lies, which is where the connection ends (RFC 6052).
TRANSLATED = ipaddress.ip_network("64:ff9b::/96")


class InsideError(OSError):
    """The server is within a network of ours, and INTERNAL_HOSTS does not name it."""


def addresses(host: str, port: int) -> list[str]:
    """The addresses of a server, all of them allowed.

    Raises:
        OSError: Nobody knows the name.
        InsideError: One of its addresses is within a network that is not everybody's.
    """
    try:
        known = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except UnicodeError as error:
        raise socket.gaierror(f"no name of a server: {host!r}") from error
    found = list(dict.fromkeys(str(one[4][0]) for one in known))
    if not found or not all(_is_allowed(host, one) for one in found):
        raise InsideError(f"{host} is not among INTERNAL_HOSTS")
    return found


def connect(host: str, port: int, timeout: float | None = None) -> socket.socket:
    """A connection to the first address that answers.

    Raises:
        OSError: As `addresses`, or none answers.
    """
    problem: OSError | None = None
    for address in addresses(host, port):
        try:
            return socket.create_connection((address, port), timeout)
        except OSError as error:
            problem = error
    raise problem or socket.gaierror(host)


def is_inside(host: str) -> bool:
    """Whether a server may not be connected to. A name that nobody knows today may be known tomorrow."""
    try:
        addresses(host, 0)
    except InsideError:
        return True
    except OSError:
        return False
    return False


def _is_allowed(host: str, address: str) -> bool:
    found = _real(ipaddress.ip_address(address.partition("%")[0]))
    if found.is_global and not found.is_multicast:
        return True
    return host.rstrip(".").lower() in settings.INTERNAL_HOSTS or any(found in one for one in _networks())


def _real(address: Address) -> Address:
    """Where a connection to this address ends: of an IPv4 address written as one of IPv6 that one."""
    if isinstance(address, ipaddress.IPv4Address):
        return address
    if address in TRANSLATED:
        return ipaddress.IPv4Address(int(address) & 0xFFFF_FFFF)
    within = address.ipv4_mapped or address.sixtofour or (address.teredo and address.teredo[1])
    return within or address


def _networks() -> Sequence[ipaddress.IPv4Network | ipaddress.IPv6Network]:
    found = []
    for word in settings.INTERNAL_HOSTS:
        with contextlib.suppress(ValueError):
            found.append(ipaddress.ip_network(word, strict=False))
    return found
