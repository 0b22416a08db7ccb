"""A real IMAP server of the test's own: Dovecot on loopback, with a folder of mails and a certificate that nobody signed."""

from __future__ import annotations

import imaplib
import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.browser.chromium import alone_with, apt_get

PACKAGE = "dovecot-imapd"
PASSWORD = "a-long-enough-pass-phrase"
# Whom Debian's packages bring along to own mail.
OWNER = 8
SETTINGS = """
base_dir = {folder}/run
state_dir = {folder}/run
log_path = {folder}/log
protocols = imap
listen = 127.0.0.1
ssl = yes
ssl_cert = <{folder}/certificate.pem
ssl_key = <{folder}/key.pem
disable_plaintext_auth = no
auth_failure_delay = 0
first_valid_uid = 1
mail_location = maildir:{folder}/mail/%u
passdb {{
  driver = static
  args = password={password}
}}
userdb {{
  driver = static
  args = uid={owner} gid={owner} home={folder}/mail/%u
}}
service imap-login {{
  inet_listener imap {{
    port = {port}
  }}
  inet_listener imaps {{
    port = {tls_port}
    ssl = yes
  }}
}}
service stats {{
  chroot =
}}
"""


class NoServerError(RuntimeError):
    """There is no Dovecot and none could be had."""


def program() -> str:
    """Return where Dovecot is, installed from Debian's packages where we may."""
    path = os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin", "/sbin"])
    why = "only root may run it on users of its own"
    if os.geteuid() == 0:
        why = "there is no apt-get on this system"
        if shutil.which("apt-get"):
            with alone_with(Path("/etc/apt")):
                if not (shutil.which("dovecot", path=path) and Path("/usr/lib/dovecot/imap").exists()):
                    apt_get("update")
                    why = apt_get("install", "--yes", "--no-install-recommends", PACKAGE)
        if (found := shutil.which("dovecot", path=path)) and Path("/usr/lib/dovecot/imap").exists():
            return found
    raise NoServerError(f"The tests of IMAP need Dovecot (Debian: apt-get install {PACKAGE}), and there is none: {why}")


def free_ports(count: int) -> list[int]:
    sockets = [socket.create_server(("127.0.0.1", 0)) for _number in range(count)]
    ports = [one.getsockname()[1] for one in sockets]
    for one in sockets:
        one.close()
    return ports


@dataclass
class Dovecot:
    port: int
    tls_port: int

    def client(self) -> imaplib.IMAP4:
        client = imaplib.IMAP4("127.0.0.1", self.port, timeout=10)
        client.login("support", PASSWORD)
        return client

    def put(self, *mails: bytes) -> None:
        client = self.client()
        for mail in mails:
            client.append("INBOX", "", "", mail.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n"))
        client.logout()

    def numbers(self, criterion: str) -> list[int]:
        client = self.client()
        client.select("INBOX", readonly=True)
        _status, found = client.uid("search", criterion)
        client.logout()
        return [int(number) for number in found[0].split()]

    def mails(self) -> list[bytes]:
        """All mails as the server hands them out. It keeps a few strange bytes its own way."""
        client = self.client()
        client.select("INBOX", readonly=True)
        _status, found = client.uid("fetch", "1:*", "(BODY.PEEK[])")
        client.logout()
        return [part[1] for part in found if isinstance(part, tuple)]

    def count_anew(self) -> None:
        """Have the server give all mails new numbers, as after a move to another machine."""
        client = self.client()
        client.create("Old")
        client.select("INBOX")
        client.uid("copy", "1:*", "Old")
        client.close()
        client.delete("INBOX")
        client.logout()


@contextmanager
def running() -> Iterator[Dovecot]:
    dovecot = program()
    folder = Path(tempfile.mkdtemp(prefix="dovecot-"))
    folder.chmod(0o755)
    (folder / "mail").mkdir()
    os.chown(folder / "mail", OWNER, OWNER)
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost",
         "-keyout", str(folder / "key.pem"), "-out", str(folder / "certificate.pem")],
        check=True, capture_output=True,
    )  # fmt: skip
    port, tls_port = free_ports(2)
    settings = SETTINGS.format(folder=folder, password=PASSWORD, owner=OWNER, port=port, tls_port=tls_port)
    (folder / "dovecot.conf").write_text(settings)
    process = subprocess.Popen([dovecot, "-F", "-c", str(folder / "dovecot.conf")])
    try:
        yield wait_for(Dovecot(port, tls_port), folder)
    finally:
        process.terminate()
        process.wait(10)
        shutil.rmtree(folder, ignore_errors=True)


def wait_for(server: Dovecot, folder: Path) -> Dovecot:
    for _try in range(200):
        try:
            server.client().logout()
        except OSError:
            time.sleep(0.05)
        else:
            return server
    raise NoServerError("Dovecot does not answer: " + (folder / "log").read_text()[-1000:])
