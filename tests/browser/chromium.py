"""Finds a Chromium and starts it so that it talks to nobody but the pages under test."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from playwright.sync_api import Browser, ConsoleMessage, Page, Playwright, sync_playwright
from playwright.sync_api import Error as PlaywrightError

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
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


class NoBrowserError(RuntimeError):
    """There is no Chromium and none could be had."""


def on_path() -> str | None:
    return next((path for name in NAMES if (path := shutil.which(name))), None)


def from_apt() -> str | None:
    """Install Debian's Chromium where we may: as root, on a system that has apt."""
    if os.geteuid() != 0 or not shutil.which("apt-get"):
        return None
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for words in (["update", "-qq"], ["install", "-qq", "-y", "--no-install-recommends", "chromium"]):
        if subprocess.run(["apt-get", *words], env=environment, stdout=subprocess.DEVNULL, check=False).returncode:
            return None
    return on_path()


def launch(playwright: Playwright) -> Browser:
    """Start the first Chromium that runs: the one on PATH, the one that Playwright brought, the one that apt can bring."""
    arguments = QUIET + (["--no-sandbox"] if os.geteuid() == 0 else [])
    tried = []
    for name, find in (("PATH", on_path), ("Playwright's own download", lambda: ""), ("apt-get", from_apt)):
        path = find()
        if path is None:
            tried.append(f"{name}: none")
            continue
        try:
            return playwright.chromium.launch(executable_path=path or None, args=arguments)
        except PlaywrightError as error:
            tried.append(f"{name}: {error.message.splitlines()[0]}")
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
    page.set_default_timeout(10_000)

    def note(message: ConsoleMessage) -> None:
        if message.type == "error" and ("Content Security Policy" in message.text or "Uncaught" in message.text):
            faults.append(message.text)

    page.on("console", note)
    page.on("pageerror", lambda error: faults.append(str(error)))
    yield page
    context.close()
    assert not faults, faults
