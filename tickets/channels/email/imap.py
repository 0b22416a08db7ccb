"""Fetches mail from IMAP servers. A mail is stored before its server hears that it was seen.

Each mailbox has a thread of its own: it fetches what is new, then waits until the server says that there is more, or looks
again every half minute where the server cannot say so. Whatever goes wrong is written on the mailbox and tried again later.
"""

from __future__ import annotations

import contextlib
import logging
import socket
import ssl
import threading
import time
from collections.abc import Iterable

from django.db import close_old_connections
from imapclient import SEEN, IMAPClient, imap4, tls

from tickets import outward
from tickets.channels.email import envelope
from tickets.channels.email.receive import receive
from tickets.models import Mailbox

log = logging.getLogger(__name__)

TIMEOUT = 30
# Routers forget a connection on which nothing is said for longer.
IDLE_SECONDS = 240
POLL_SECONDS = 30
SHORTEST_PAUSE, LONGEST_PAUSE = 10, 300
HERE = {"localhost", "127.0.0.1", "::1"}


class UnsafeError(Exception):
    """The password would travel where others can read it."""


class _Plain(imap4.IMAP4WithTimeout):
    def _create_socket(self, timeout: float | None = None) -> socket.socket:
        return outward.connect(self.host, self.port, timeout or self._timeout)


class _Tls(tls.IMAP4_TLS):
    def _create_socket(self, timeout: float | None = None) -> socket.socket:
        # The certificate is for the name; the connection goes to the address that was judged.
        connection = outward.connect(self.host, self.port, timeout or self._timeout)
        opened: socket.socket = tls.wrap_socket(connection, self.ssl_context, self.host)
        return opened


class Server(IMAPClient):
    """A mail server that somebody has typed in."""

    def _create_IMAP4(self) -> _Plain | _Tls:  # noqa: N802 - the library's name
        if self.ssl:
            return _Tls(self.host, self.port, self.ssl_context, TIMEOUT)
        return _Plain(self.host, self.port, TIMEOUT)


def connect(mailbox: Mailbox) -> IMAPClient:
    """Log in. The server's certificate must be valid for its name."""
    if mailbox.security == Mailbox.Security.NONE and mailbox.host not in HERE:
        raise UnsafeError
    is_tls = mailbox.security == Mailbox.Security.TLS
    context = ssl.create_default_context()
    server = Server(mailbox.host, mailbox.port, ssl=is_tls, ssl_context=context if is_tls else None, timeout=TIMEOUT)
    # Moments with their offset, instead of in whatever zone this machine is.
    server.normalise_times = False
    try:
        if mailbox.security == Mailbox.Security.STARTTLS:
            server.starttls(context)
        server.login(mailbox.user or mailbox.address, mailbox.password)
    except Exception:
        with contextlib.suppress(OSError):
            server.shutdown()
        raise
    return server


def fetch_new(mailbox: Mailbox, server: IMAPClient) -> int:
    """Store what is new in the folder, one mail after the other. Return how many there were.

    Where we have been before, new is whatever came after the last one, read by somebody or not. In a folder that we do
    not know, or whose numbers the server has given anew, it is what nobody has seen.
    """
    mailbox.refresh_from_db(fields=["uid_validity", "last_uid"])
    folder = server.select_folder(mailbox.folder)
    validity, next_uid = int(folder[b"UIDVALIDITY"]), int(folder.get(b"UIDNEXT", 0))
    if mailbox.uid_validity != validity:
        count = store(mailbox, server, server.search(["UNSEEN"]))
        remember(mailbox, validity, max(0, next_uid - 1))
        return count
    # "7:*" names the last mail even where that is number 5.
    uids = [uid for uid in server.search(["UID", f"{mailbox.last_uid + 1}:*"]) if uid > mailbox.last_uid]
    return store(mailbox, server, uids, validity)


def store(mailbox: Mailbox, server: IMAPClient, uids: Iterable[int], validity: int | None = None) -> int:
    count = 0
    for uid in sorted(uids):
        known = server.fetch([uid], ["RFC822.SIZE", "INTERNALDATE"]).get(uid)
        if known is None:
            continue  # Somebody has deleted it meanwhile.
        # Of one that is too large only its headers: its sender is not left waiting unseen.
        is_large = known[b"RFC822.SIZE"] > envelope.LARGEST
        part = "HEADER" if is_large else ""
        raw = server.fetch([uid], [f"BODY.PEEK[{part}]"])[uid][f"BODY[{part}]".encode()]
        problem = f"larger than {envelope.LARGEST >> 20} MB" if is_large else ""
        _mail, is_new = receive(raw, mailbox=mailbox, at=known[b"INTERNALDATE"], problem=problem)
        server.add_flags([uid], [SEEN], silent=True)
        # Last, so that one that was not flagged is looked at again; it is stored once all the same.
        if validity is not None:
            remember(mailbox, validity, uid)
        count += is_new
    return count


def remember(mailbox: Mailbox, validity: int, uid: int) -> None:
    Mailbox.objects.filter(pk=mailbox.pk).update(uid_validity=validity, last_uid=uid)


def fetch_once() -> int:
    """Look into every mailbox once. Return how many new mails there were."""
    count = 0
    for mailbox in Mailbox.objects.fetched():
        try:
            with connect(mailbox) as server:
                count += fetch_new(mailbox, server)
        except Exception as error:  # noqa: BLE001 - the other mailboxes are to be looked into all the same
            went_wrong(mailbox, error)
        else:
            mailbox.went_well()
    return count


def went_wrong(mailbox: Mailbox, error: Exception) -> None:
    """Say what kind of fault it was, and no more: a server's words can hold a password or show what else is there."""
    log.warning("The mailbox %s could not be read: %s", mailbox.code, type(error).__name__)
    mailbox.went_wrong(type(error).__name__)


# ---- For as long as the helpdesk runs --------------------------------------------------------------------------------
class Watch(threading.Thread):
    """Looks after one mailbox until it is told to stop."""

    def __init__(self, mailbox: Mailbox) -> None:
        super().__init__(name=f"mailbox {mailbox.code}", daemon=True)
        self.mailbox = mailbox
        self.is_over = threading.Event()

    def run(self) -> None:
        pause = SHORTEST_PAUSE
        while not self.is_over.is_set():
            began = time.monotonic()
            try:
                close_old_connections()
                self.look_after()
            except Exception as error:  # noqa: BLE001 - written on the mailbox, and tried again
                self.say(error)
            # A connection that lasted was a good one.
            pause = SHORTEST_PAUSE if time.monotonic() - began > LONGEST_PAUSE else min(pause * 2, LONGEST_PAUSE)
            self.is_over.wait(pause)

    def look_after(self) -> None:
        with connect(self.mailbox) as server:
            can_idle = server.has_capability("IDLE")
            while not self.is_over.is_set():
                close_old_connections()
                fetch_new(self.mailbox, server)
                self.mailbox.went_well()
                if can_idle:
                    server.idle()
                    server.idle_check(timeout=IDLE_SECONDS)
                    server.idle_done()
                else:
                    self.is_over.wait(POLL_SECONDS)

    def say(self, error: Exception) -> None:
        try:
            went_wrong(self.mailbox, error)
        except Exception:  # noqa: BLE001 - the database is away; there is nothing to write it on
            log.warning("The mailbox %s could not be read, and the database not be told", self.mailbox.code)


# What the thread was begun with: one that was changed begins anew.
def _set_up(mailbox: Mailbox) -> tuple[object, ...]:
    return (mailbox.host, mailbox.port, mailbox.security, mailbox.user, mailbox.address, mailbox.folder)


def watch_all(*, every: float = 30) -> None:
    """Look after all mailboxes, those that are set up later too. Does not return."""
    watches: dict[int, Watch] = {}
    while True:
        try:
            close_old_connections()
            wanted = {mailbox.pk: mailbox for mailbox in Mailbox.objects.fetched()}
        except Exception as error:  # noqa: BLE001 - the database is away; the threads find out for themselves
            log.warning("The mailboxes could not be listed: %s", type(error).__name__)
            time.sleep(every)
            continue
        for pk, watch in list(watches.items()):
            if pk not in wanted or _set_up(wanted[pk]) != _set_up(watch.mailbox) or not watch.is_alive():
                watch.is_over.set()
                del watches[pk]
        for pk in wanted.keys() - watches.keys():
            watches[pk] = Watch(wanted[pk])
            watches[pk].start()
        time.sleep(every)
