"""The servers that come with the project: made once, shared, and up again after anything that happens to them."""

import contextlib
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import psycopg
import pytest
import redis

from helpdesk import embedded
from tests.running import release

pytestmark = pytest.mark.heavy
PROJECT = Path(__file__).resolve().parents[2]
USE = """
import sys
from pathlib import Path
from helpdesk import embedded
from tests.running import release
for server in (embedded.Postgres(Path(sys.argv[1])), embedded.Redis(Path(sys.argv[1]))):
    print(embedded.ensure(server), flush=True)
sys.stdin.read()
"""


class User:
    """Another process that needs the servers until it is told to end."""

    def __init__(self, home: Path) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", USE, str(home)],
            cwd=PROJECT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip

    def urls(self) -> list[str]:
        return [self.process.stdout.readline().strip() for _ in range(2)]

    def end(self) -> None:
        _, faults = self.process.communicate("", timeout=30)
        assert not faults


@contextlib.contextmanager
def used(home: Path):
    user = User(home)
    try:
        yield user.urls()
    finally:
        user.end()


def pid_of(server: embedded.Server) -> int:
    pid = server.running_pid()
    assert pid is not None
    return pid


def wait_until(condition, seconds: float = 20) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.05)


def is_gone(pid: int) -> bool:
    """It ended, though its parent may not have looked yet."""
    return not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE


def kill(pid: int) -> None:
    os.kill(pid, signal.SIGKILL)
    wait_until(lambda: is_gone(pid))


def processes_with(*words: str) -> int:
    """How many processes were started with all of these words."""
    lines = [process.info["cmdline"] or [] for process in psutil.process_iter(["cmdline"])]
    return sum(set(words) <= set(line) for line in lines)


def test_processes_that_start_at_once_get_the_same_servers(tmp_path):
    home = tmp_path / "home"
    users = [User(home) for _ in range(4)]
    answers = [user.urls() for user in users]
    assert answers[0][0].startswith("postgresql://")
    assert all(answer == answers[0] for answer in answers)
    # A keeper that was not the first leaves as soon as it sees that.
    wait_until(lambda: processes_with("helpdesk.embedded", str(home)) == 2)
    assert processes_with("-D", str(home / "postgres")) == 1
    for user in users:
        user.end()
    release(home)


def test_what_was_committed_is_there_after_every_process_was_killed(home):
    postgres, cache = embedded.Postgres(home), embedded.Redis(home)
    with used(home) as (database_url, _):
        with psycopg.connect(database_url, autocommit=True) as connection:
            connection.execute("CREATE TABLE kept (what text)")
            connection.execute("INSERT INTO kept VALUES ('this')")
            assert connection.execute("SHOW fsync").fetchone() == ("on",)
        with redis.Redis.from_url(cache.url) as client:
            client.set("kept", "this")
            # The log of Redis is written every second.
            time.sleep(1.5)
        kill(int(postgres.keeper.read_text()))
        kill(int(cache.keeper.read_text()))
        kill(pid_of(postgres))
        kill(pid_of(cache))
    with used(home):
        with psycopg.connect(postgres.url) as connection:
            assert connection.execute("SELECT what FROM kept").fetchone() == ("this",)
        with redis.Redis.from_url(cache.url) as client:
            assert client.get("kept") == b"this"


def test_a_server_that_is_killed_comes_back_by_itself(home):
    with used(home):
        for server in (embedded.Redis(home), embedded.Postgres(home)):
            before = pid_of(server)
            kill(before)
            wait_until(server.is_up)
            assert pid_of(server) != before


def test_an_old_pid_file_that_names_another_process_is_no_obstacle(home):
    postgres = embedded.Postgres(home)
    with used(home):
        left_behind = (postgres.data / "postmaster.pid").read_text()
    embedded.release(postgres)
    # As after a crash and a restart of the machine, where the number belongs to somebody else: to us.
    (postgres.data / "postmaster.pid").write_text("\n".join([str(os.getpid()), *left_behind.splitlines()[1:]]))
    with used(home):
        assert postgres.is_up()


def test_a_server_outlives_its_keeper_and_gets_a_new_one(home):
    cache = embedded.Redis(home)
    with used(home):
        server = pid_of(cache)
        kill(int(cache.keeper.read_text()))
        assert cache.is_up()
    kill(server)
    with used(home):
        assert cache.is_up()


def test_servers_in_use_are_not_stopped_by_who_leaves(home):
    cache = embedded.Redis(home)
    with used(home):
        server = pid_of(cache)
        embedded.release(cache)
        assert pid_of(cache) == server
    embedded.release(cache)
    assert cache.running_pid() is None


def test_a_home_with_a_path_too_long_for_sockets_works(tmp_path, made_home):
    home = tmp_path / ("long " * 30).strip()
    subprocess.run(["cp", "-a", str(made_home), str(home)], check=True)
    with used(home) as (database_url, _):
        assert len(str(embedded.Postgres(home).socket_path)) <= embedded.LONGEST_SOCKET_PATH
        psycopg.connect(database_url).close()
    release(home)
    for server in (embedded.Postgres(home), embedded.Redis(home)):
        server.sockets.rmdir()


def test_a_folder_for_sockets_that_somebody_else_made_is_refused(tmp_path):
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "sockets").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(embedded.EmbeddedServerError, match="somebody else"):
        embedded.private_folder(tmp_path / "sockets")


def test_servers_stop_when_their_home_is_removed(tmp_path, made_home):
    home = tmp_path / "home"
    subprocess.run(["cp", "-a", str(made_home), str(home)], check=True)
    cache = embedded.Redis(home)
    with used(home):
        server = pid_of(cache)
        postgres = pid_of(embedded.Postgres(home))
        home.rename(tmp_path / "gone")
        wait_until(lambda: is_gone(server) and is_gone(postgres))


@pytest.mark.skipif(os.geteuid() != 0, reason="only root needs another user for PostgreSQL")
def test_root_may_have_its_home_in_a_private_folder(tmp_path, made_home):
    private = tmp_path / "private"
    private.mkdir(mode=0o700)
    subprocess.run(["cp", "-a", str(made_home), str(private / "home")], check=True)
    with used(private / "home") as (database_url, _):
        psycopg.connect(database_url).close()
        process = psutil.Process(pid_of(embedded.Postgres(private / "home")))
        assert process.uids().effective != 0
    release(private / "home")
