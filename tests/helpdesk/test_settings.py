"""Settings come from the environment, and what is not understood stops the start."""

import os
import runpy
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any
from unittest import mock

import pytest
from django.core.exceptions import ImproperlyConfigured

from helpdesk.environment import Environment, broker_from_url, database_from_url, mail_from_url, redis_from_url

PROJECT = Path(__file__).resolve().parents[2]


def loaded(home: Path, **variables: str) -> dict[str, Any]:
    """Run the file of the settings under these variables alone, and return what it set."""
    alone = {"PATH": os.environ["PATH"], "HELPDESK_HOME": str(home), "EMBEDDED": "0", **variables}
    with mock.patch.dict(os.environ, alone, clear=True):
        return runpy.run_path(str(PROJECT / "helpdesk" / "settings.py"))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PORT", "eighty"),
        ("PORT", "70000"),
        ("DEMO", "perhaps"),
        ("DEBUG", "2"),
        ("TIME_ZONE", "Europe/Atlantis"),
        ("DATABASE_URL", "mysql://u@h/d"),
        ("DATABASE_URL", "postgresql://u@h"),
        ("REDIS_URL", "http://localhost"),
        ("EMAIL_URL", "smpt://localhost"),
        ("EMAIL_URL", "smtp://localhost:port"),
        ("DEFAULT_FROM_EMAIL", "nobody"),
        ("PUBLIC_URL", "helpdesk.example.org"),
        ("SECRET_KEY", "short"),
        ("LOG_LEVEL", "LOUD"),
    ],
)
def test_a_value_that_is_not_understood_is_named(tmp_path, name, value):
    with pytest.raises(ImproperlyConfigured, match=name):
        loaded(tmp_path, **{name: value})


def test_a_value_that_is_not_understood_stops_the_start(tmp_path):
    started = subprocess.run(
        [sys.executable, "manage.py", "check"],
        cwd=PROJECT, capture_output=True, text=True, check=False,
        env={"PATH": os.environ["PATH"], "HELPDESK_HOME": str(tmp_path), "EMBEDDED": "0", "PORT": "eighty"},
    )  # fmt: skip
    assert started.returncode != 0
    last_line = started.stderr.strip().splitlines()[-1]
    assert "ImproperlyConfigured" in last_line
    assert "PORT" in last_line


def test_an_empty_variable_is_one_that_is_not_set(tmp_path):
    assert loaded(tmp_path, PORT="", DATABASE_URL="")["PORT"] == 8000


def test_the_secret_key_is_made_once_and_is_for_us_alone(tmp_path):
    first = loaded(tmp_path)["SECRET_KEY"]
    assert len(first) > 50
    assert loaded(tmp_path)["SECRET_KEY"] == first
    assert stat.S_IMODE((tmp_path / "secret_key").stat().st_mode) == 0o600
    assert loaded(tmp_path / "other")["SECRET_KEY"] != first


def test_https_closes_the_cookies(tmp_path):
    def closed(**variables: str) -> list[bool]:
        settings = loaded(tmp_path, **variables)
        return [settings["SESSION_COOKIE_SECURE"], settings["CSRF_COOKIE_SECURE"], settings["SECURE_HSTS_SECONDS"] > 0]

    assert closed(PUBLIC_URL="https://helpdesk.example.org") == [True, True, True]
    assert closed() == [False, False, False]


def test_two_installations_on_one_machine_do_not_share_a_session(tmp_path):
    names = {loaded(tmp_path, PORT=port)["SESSION_COOKIE_NAME"] for port in ("8000", "8001")}
    assert len(names) == 2


def test_a_database_url_is_taken_apart():
    settings = database_from_url("postgresql://me:p%40ss@db.example:5433/desk?sslmode=require")
    assert settings["USER"] == "me"
    assert settings["PASSWORD"] == "p@ss"
    assert (settings["HOST"], settings["PORT"], settings["NAME"]) == ("db.example", "5433", "desk")
    assert settings["OPTIONS"] == {"sslmode": "require"}


@pytest.mark.parametrize(
    ("url", "host"),
    [
        ("postgresql://helpdesk@%2Fsrv%2FMy%20Home%2Frun/helpdesk", "/srv/My Home/run"),
        ("postgresql://helpdesk@/helpdesk?host=/var/run/postgresql", "/var/run/postgresql"),
        ("postgresql://helpdesk@[::1]:5432/helpdesk", "::1"),
        ("postgres://localhost/helpdesk", "localhost"),
    ],
)
def test_a_database_may_be_reached_through_a_socket(url, host):
    assert database_from_url(url)["HOST"] == host


def test_the_broker_and_the_cache_have_a_database_each():
    assert redis_from_url("redis://:secret@redis:6379/5", database=1) == "redis://:secret@redis:6379/1"
    assert redis_from_url("unix:///run/redis.sock", database=1) == "unix:///run/redis.sock?db=1"
    assert broker_from_url("unix:///run/redis.sock") == "redis+socket:///run/redis.sock?virtual_host=0"
    assert broker_from_url("redis://redis:6379") == "redis://redis:6379/0"


def test_a_mail_server_may_want_a_name_and_a_password():
    options = mail_from_url("smtp://me%40example.org:p%3Ass@mail.example:587?tls=1")["OPTIONS"]
    assert options["username"] == "me@example.org"
    assert options["password"] == "p:ss"
    assert (options["host"], options["port"], options["use_tls"], options["use_ssl"]) == (
        "mail.example",
        587,
        True,
        False,
    )


def test_what_was_expected_is_said():
    with pytest.raises(ImproperlyConfigured, match="a whole number from 1 to 10"):
        Environment({"N": "11"}).number("N", 1, least=1, most=10)
