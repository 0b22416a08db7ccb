"""What every test runs on: a real PostgreSQL and a real Redis of the tests' own, and a real browser for those that ask.

The tests never touch the servers of `make run`, nor those that DATABASE_URL and REDIS_URL name: they have homes of their own
in `test` inside HELPDESK_HOME, whose servers write nothing durably. Every process that runs tests has one to itself, be it
a worker of one run or another run beside it: before each test Redis is emptied, and the database belongs to one test.
"""

import fcntl
import os
import subprocess
import sys
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parent.parent


def free_home(folder: Path) -> Path:
    """Take the first home that no other process has, and keep it until this one ends."""
    for number in count(1):
        home = folder / str(number)
        home.mkdir(parents=True, exist_ok=True)
        lock = os.open(home / "taken", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(lock)
        else:
            return home
    raise AssertionError("unreachable")


def choose_services() -> None:
    """Point the settings at the tests' own servers, before anything reads them."""
    home = free_home(Path(os.environ.get("HELPDESK_HOME") or PROJECT / ".helpdesk").resolve() / "test")
    # Dozens of processes are started: where the environment forbids to keep what was compiled, each compiles all of Django.
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    sys.dont_write_bytecode = False
    for name in ("DATABASE_URL", "REDIS_URL", "EMAIL_URL", "PUBLIC_URL", "ALLOWED_HOSTS", "DEBUG", "TIME_ZONE", "PORT"):
        os.environ.pop(name, None)
    os.environ |= {
        "DJANGO_SETTINGS_MODULE": "helpdesk.settings",
        "HELPDESK_HOME": str(home),
        "HELPDESK_DURABLE": "0",
        "EMBEDDED": "1",
        # Playwright's synchronous API runs an event loop in this thread, which Django would take for async code.
        "DJANGO_ALLOW_ASYNC_UNSAFE": "1",
    }


def pytest_configure(config: pytest.Config) -> None:
    """Choose the services and set Django up; pytest-django's own moment was before this file was read."""
    import django
    from django.conf import settings

    if settings.configured:
        pytest.exit("DJANGO_SETTINGS_MODULE is set: the tests choose their services themselves. Unset it.", 4)
    if getattr(config.option, "numprocesses", None) and not hasattr(config, "workerinput"):
        # Only the workers run tests. They inherit our environment: a choice made here would be theirs, all on one Redis.
        return
    choose_services()
    django.setup()


# Last, since pytest-django orders too.
@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    # Begun at the end, a heavy one would have a worker to itself while the others have nothing left to do.
    items.sort(key=lambda item: item.get_closest_marker("heavy") is None)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log) -> object:
    from xdist.scheduler import LoadScopeScheduling

    class Spread(LoadScopeScheduling):
        """Gives the workers one test after the other, and to one worker those that share what takes seconds to make."""

        def _split_scope(self, nodeid: str) -> str:
            path, _, name = nodeid.partition("::")
            if path.startswith("tests/browser/"):  # a browser, and an installation
                return path
            if path == "tests/realdata/test_bundles.py":  # a log
                return f"{path}[{name.partition('[')[2]}"
            return nodeid

    return Spread(config, log)


@pytest.fixture(scope="session", autouse=True)
def _plain_static_files():
    """Serve static files as they lie in the project, so that a test sees a change without collecting them anew."""
    from django.conf import settings
    from django.test import override_settings

    plain = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
    with override_settings(STORAGES={**settings.STORAGES, "staticfiles": plain}, ALLOWED_HOSTS=["*"]):
        yield


@pytest.fixture(autouse=True)
def _cheap_passwords(settings):
    """Hash passwords in no time: the real hash is slow on purpose."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


@pytest.fixture(autouse=True)
def _empty_redis():
    """Leave no rate limit, cached value or queued task of one test to the next."""
    import redis
    from django.conf import settings

    with redis.Redis.from_url(settings.REDIS_URL) as connection:
        connection.flushall()


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup, django_db_blocker) -> Iterator[None]:
    """Let nobody keep the database from being dropped: a page that was closed may have had a last word on its way."""
    yield
    from django.db import connection

    with django_db_blocker.unblock():
        name = connection.settings_dict["NAME"]
        connection.close()
        # From another database: one cannot shut the one that one is in.
        with connection._nodb_cursor() as cursor:
            cursor.execute(f"ALTER DATABASE {connection.ops.quote_name(name)} ALLOW_CONNECTIONS false")
            cursor.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", [name])


# ---- The browser -----------------------------------------------------------------------------------------------------
@pytest.fixture(scope="module")
def browser():
    """A headless Chromium. When there is none to be had, the run fails and says so: it does not skip.

    For each module anew: as long as it is there, an event loop runs in this thread, and a test of async code cannot start one.
    """
    from tests.browser.chromium import launched

    with launched() as chromium:
        yield chromium


@pytest.fixture
def page(browser):
    """An empty page of 1440 × 900 that fails the test when a script raises an error or breaks the content policy."""
    from tests.browser.chromium import watched_page

    with watched_page(browser) as page:
        yield page


@pytest.fixture
def phone(browser):
    """The same on a phone: 390 px wide, touch."""
    from tests.browser.chromium import watched_page

    with watched_page(browser, width=390, height=844, has_touch=True) as page:
        yield page


# ---- The whole thing -------------------------------------------------------------------------------------------------
@pytest.fixture(scope="session")
def made_home(tmp_path_factory) -> Path:
    """A home with a migrated database and nothing running. Made once a run, by the worker that asks first."""
    from tests.running import make_home

    folder = tmp_path_factory.getbasetemp()
    folder = folder.parent if "PYTEST_XDIST_WORKER" in os.environ else folder
    with (folder / "made").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / "home").exists():
            make_home(folder / "unfinished")
            (folder / "unfinished").rename(folder / "home")
    return folder / "home"


@pytest.fixture
def home(made_home, tmp_path) -> Iterator[Path]:
    """A copy of it for one test."""
    from tests.running import release

    subprocess.run(["cp", "-a", str(made_home), str(tmp_path / "home")], check=True)
    yield tmp_path / "home"
    release(tmp_path / "home")


@pytest.fixture(scope="session")
def running_helpdesk(made_home, tmp_path_factory) -> Iterator:
    """The whole product, empty, with nothing replaced: for the stories that need its worker and its live stream."""
    from tests.running import RunningHelpdesk

    home = tmp_path_factory.mktemp("helpdesk") / "home"
    subprocess.run(["cp", "-a", str(made_home), str(home)], check=True)
    helpdesk = RunningHelpdesk(home, DEMO="0")
    helpdesk.start()
    yield helpdesk
    helpdesk.stop_at_once()
