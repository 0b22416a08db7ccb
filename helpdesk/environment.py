"""Reading settings from the environment: a value that is not understood stops the start and names the variable."""

import os
from collections.abc import Callable, Mapping
from email.utils import parseaddr
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit
from zoneinfo import ZoneInfo

from django.core.exceptions import ImproperlyConfigured

YES = {"1", "true", "yes", "on"}
NO = {"0", "false", "no", "off"}


class Environment:
    """The variables of this process. An empty variable counts as one that is not set."""

    def __init__(self, variables: Mapping[str, str] = os.environ) -> None:
        self.variables = variables

    def text(self, name: str, default: str = "") -> str:
        return self.variables.get(name, "").strip() or default

    def _parsed[T](self, name: str, default: T, parse: Callable[[str], T], expected: str) -> T:
        value = self.text(name)
        if not value:
            return default
        try:
            return parse(value)
        except (ValueError, KeyError, OSError) as error:
            raise ImproperlyConfigured(f"{name}={value!r} is not understood; expected {expected}.") from error

    def yes(self, name: str, *, default: bool) -> bool:
        def parse(value: str) -> bool:
            if value.lower() not in YES | NO:
                raise ValueError(value)
            return value.lower() in YES

        return self._parsed(name, default, parse, "1 or 0")

    def number(self, name: str, default: int, *, least: int, most: int) -> int:
        def parse(value: str) -> int:
            if not least <= int(value) <= most:
                raise ValueError(value)
            return int(value)

        return self._parsed(name, default, parse, f"a whole number from {least} to {most}")

    def choice(self, name: str, default: str, choices: set[str]) -> str:
        def parse(value: str) -> str:
            if value not in choices:
                raise ValueError(value)
            return value

        return self._parsed(name, default, parse, "one of " + ", ".join(sorted(choices)))

    def choice_of_schemes(self, name: str, schemes: set[str]) -> str:
        """An address with one of these schemes; "" where there is none."""

        def parse(value: str) -> str:
            if urlsplit(value).scheme not in schemes:
                raise ValueError(value)
            return value

        return self._parsed(
            name, "", parse, "an address that begins with " + " or ".join(f"{one}://" for one in sorted(schemes))
        )

    def words(self, name: str, default: list[str]) -> list[str]:
        return [word.strip() for word in self.text(name).split(",") if word.strip()] or default

    def zone(self, name: str, default: str) -> str:
        return self._parsed(name, default, lambda value: ZoneInfo(value).key, "a time zone such as Europe/Stockholm")

    def folder(self, name: str, default: Path) -> Path:
        return Path(self.text(name, str(default))).expanduser().resolve()

    def address(self, name: str, default: str) -> str:
        def parse(value: str) -> str:
            if "@" not in parseaddr(value)[1]:
                raise ValueError(value)
            return value

        return self._parsed(name, default, parse, "an e-mail address, with or without a name")

    def origins(self, name: str) -> list[str]:
        values = self.words(name, [])
        for value in values:
            parts = urlsplit(value)
            if parts.scheme not in {"http", "https"} or not parts.netloc or parts.path not in {"", "/"}:
                raise ImproperlyConfigured(f"{name}: {value!r} is not understood; expected https://name[:port].")
        return [value.rstrip("/") for value in values]


def database_from_url(url: str) -> dict[str, Any]:
    """Translate postgresql://user:password@host:port/name?option=… into Django's words; a host may be a socket folder."""
    parts = urlsplit(url)
    name = unquote(parts.path.lstrip("/"))
    if parts.scheme not in {"postgres", "postgresql"} or not name:
        raise ImproperlyConfigured(
            "DATABASE_URL is not understood; expected postgresql://user:password@host:port/name."
        )
    options: dict[str, Any] = dict(parse_qsl(parts.query, strict_parsing=bool(parts.query)))
    # A socket folder in place of the host has its slashes quoted, which urlsplit leaves, lower-cased, as they are.
    host = parts.netloc.rsplit("@", 1)[-1]
    host, _, port = (
        host.rpartition(":") if host.rpartition(":")[2].isdigit() and not host.endswith("]") else (host, "", "")
    )
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": name,
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": options.pop("host", unquote(host).strip("[]")),
        "PORT": port,
        "OPTIONS": options,
    }


def redis_from_url(url: str, *, database: int) -> str:
    """Check a Redis URL and point it at one of the databases of that server."""
    parts = urlsplit(url)
    if parts.scheme in {"redis", "rediss"} and parts.hostname:
        return parts._replace(path=f"/{database}").geturl()
    if parts.scheme == "unix" and parts.path:
        # Written out: urlunsplit drops the two slashes of a scheme that it does not know.
        return f"unix://{parts.path}?db={database}"
    raise ImproperlyConfigured("REDIS_URL is not understood; expected redis://host:port, rediss://… or unix:///path.")


def broker_from_url(url: str) -> str:
    """Return a Redis URL in the words of Celery, which names sockets in its own way."""
    parts = urlsplit(redis_from_url(url, database=0))
    if parts.scheme == "unix":
        return f"redis+socket://{parts.path}?virtual_host=0"
    return parts.geturl()


def mail_from_url(url: str) -> dict[str, Any]:
    """Translate smtp://user:password@host:port (smtps:// for TLS from the start, ?tls=1 for STARTTLS) into Django's settings."""
    parts = urlsplit(url)
    if parts.scheme not in {"smtp", "smtps"} or not parts.hostname:
        raise ImproperlyConfigured("EMAIL_URL is not understood; expected smtp://user:password@host:port or smtps://….")
    options = dict(parse_qsl(parts.query))
    try:
        port = parts.port or (465 if parts.scheme == "smtps" else 25)
        tls = Environment(options).yes("tls", default=False)
    except ValueError as error:
        raise ImproperlyConfigured("EMAIL_URL: the port is not a number.") from error
    return {
        "BACKEND": "django.core.mail.backends.smtp.EmailBackend",
        "OPTIONS": {
            "host": parts.hostname,
            "port": port,
            "username": unquote(parts.username or ""),
            "password": unquote(parts.password or ""),
            "use_ssl": parts.scheme == "smtps",
            "use_tls": tls,
            "timeout": 20,
        },
    }
