"""Finds a Chromium and starts it so that it talks to nobody but the pages under test."""

import fcntl
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, ConsoleMessage, Page, Playwright, expect, sync_playwright
from playwright.sync_api import Error as PlaywrightError

PACKAGE = "chromium"  # Debian's name for the package and for the program in it
NAMES = (PACKAGE, "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
QUIET = [
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-default-apps",
    "--disable-extensions",
    "--disable-gpu",
    "--disable-quic",
    "--disable-sync",
    "--metrics-recording-only",
    "--no-default-browser-check",
    "--no-first-run",
    # A container's /dev/shm is often 64 MB, which a page with charts outgrows.
    "--disable-dev-shm-usage",
]


# A wait ends as soon as what is waited for is there: this is for a machine that has much else to do. Shorter than the
# minute after which an open page asks by itself, so that what appears was told by the stream.
PATIENCE = 40_000
expect.set_options(timeout=PATIENCE)


class NoBrowserError(RuntimeError):
    """There is no Chromium and none could be had."""


def on_path() -> str:
    for name in NAMES:
        if found := shutil.which(name):
            return found
    raise NoBrowserError("none")


def from_apt() -> str:
    """Install Debian's Chromium where we may: as root, on a system that has apt. The last line of apt says why it did not.

    The workers of a run ask at the same moment and apt refuses all but the first: so the others wait here, and then find it.
    """
    if os.geteuid() != 0:
        raise NoBrowserError("only root may install")
    if not shutil.which("apt-get"):
        raise NoBrowserError("not on this system")
    # A folder of apt's own carries the lock: one for the whole machine, it ends with the process, and no file is left.
    with alone_with(Path("/etc/apt")):
        # A name on PATH of which only this one is known to be whole: another may be what could not be started.
        if not shutil.which(PACKAGE):
            # One package source out of order, or a list that somebody else is just fetching, need not matter.
            apt_get("update")
            if complaint := apt_get("install", "--yes", "--no-install-recommends", PACKAGE):
                raise NoBrowserError(complaint)
    return shutil.which(PACKAGE) or PACKAGE


@contextmanager
def alone_with(folder: Path) -> Iterator[None]:
    """Hold a lock on the folder, and wait for it as long as it takes."""
    number = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(number, fcntl.LOCK_EX)
        yield
    finally:
        os.close(number)


def apt_get(*words: str) -> str:
    """Run apt-get without a question and return what it complained about last, or nothing when it did what it was told."""
    # dpkg refuses to work where these are not on PATH, as they are not for everybody who became root.
    path = os.pathsep.join([os.environ.get("PATH", ""), "/usr/local/sbin", "/usr/sbin", "/sbin"])
    ran = subprocess.run(
        ["apt-get", "-qq", "-o", "DPkg::Lock::Timeout=300", *words],
        env={**os.environ, "PATH": path, "DEBIAN_FRONTEND": "noninteractive", "LC_ALL": "C.UTF-8"},
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, check=False,
    )  # fmt: skip
    if not ran.returncode:
        return ""
    return next(reversed(ran.stderr.strip().splitlines()), f"apt-get {words[0]} ended with {ran.returncode}")


def launch(playwright: Playwright) -> Browser:
    """Start the first Chromium that runs: the one on PATH, the one that Playwright brought, the one that apt can bring."""
    arguments = QUIET + (["--no-sandbox"] if os.geteuid() == 0 else [])
    tried = []
    for name, find in (("PATH", on_path), ("Playwright's own download", lambda: None), ("apt-get", from_apt)):
        try:
            return playwright.chromium.launch(executable_path=find(), args=arguments)
        except (NoBrowserError, PlaywrightError) as error:
            tried.append(f"{name}: {str(error).splitlines()[0]}")
    raise NoBrowserError(
        "The browser tests need Chromium and there is none: install it (Debian: apt-get install chromium; elsewhere: "
        ".venv/bin/playwright install chromium). Tried " + "; ".join(tried)
    )


@contextmanager
def launched() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = launch(playwright)
        yield browser
        browser.close()


@contextmanager
def watched_page(browser: Browser, *, width: int = 1440, height: int = 900, **options: Any) -> Iterator[Page]:
    """A page in a context of its own. A script's error or a broken content policy fails whoever used it."""
    faults: list[str] = []
    context = browser.new_context(viewport={"width": width, "height": height}, **options)
    page = context.new_page()
    page.set_default_timeout(PATIENCE)

    def note(message: ConsoleMessage) -> None:
        if message.type == "error" and ("Content Security Policy" in message.text or "Uncaught" in message.text):
            faults.append(message.text)

    page.on("console", note)
    page.on("pageerror", lambda error: faults.append(str(error)))
    yield page
    # A page that is closed has a last word: who has left, and the draft as it stands. By then the test's rows are gone.
    context.set_offline(True)
    context.close()
    assert not faults, faults
