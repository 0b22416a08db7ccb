"""How many keys and seconds two pieces of an agent's work take, from beginning to end, in a real browser.

"The mail is there" until it is answered, classified and the next one open; "the phone rings" until the call is logged, solved
and wrapped up. The text of the answer is a saved reply of three letters in every desk, so that what is measured is the desk.
The other desks' keys are counted from what their own documentation and code say (see the comments); a press of the mouse counts
as one key, and their seconds are not known: nobody has measured them here.

`python -m bench.stopwatch`, with a browser and an installation of its own.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

# Zammad: open the ticket (1), r (1), the text module :: and its three letters and Enter (6), Tab to the side bar and state, closed,
# by menus (2 + 2), a category field by menu (2), update with Ctrl+Enter (1); "next in overview" is remembered.
# Chatwoot: open (1), Alt+L (1), /abc and Enter (5), label by menu and search (4), Ctrl+Enter (1), Ctrl+Alt+E resolves and opens next (1).
# FreeScout: open (1), reply (1), saved reply by menu and search (5), tag by field (4), status by menu in the footer (2), send (1),
# "next active" is remembered.
MAIL = {"Zammad": 15, "Chatwoot": 13, "FreeScout": 14}
# Zammad: the caller log opens the new-ticket form filled (1), title (a word typed everywhere), group by menu (2), category (2), text (::abc
# and Enter: 6), state closed (2), create (1). It keeps no talk, hold or wrap-up time.
# Chatwoot: voice answers by a press (1), note Alt+P (1), /abc and Enter (5), label (4), Ctrl+Enter (1), Alt+E (1). Duration only.
# FreeScout: a phone conversation typed by hand: new (1), phone (1), customer by search and Enter (5), subject (1), text (5), tag (4), status (2),
# create (1). No times.
CALL = {"Zammad": 14, "Chatwoot": 13, "FreeScout": 20}


class Hand:
    """Presses keys and counts them."""

    def __init__(self, page: Any) -> None:
        self.page, self.keys, self.began = page, 0, time.perf_counter()

    def press(self, *keys: str) -> None:
        for key in keys:
            self.page.keyboard.press(key)
            self.keys += 1

    def type(self, text: str) -> None:
        self.page.keyboard.type(text)
        self.keys += len(text)

    def done(self) -> tuple[int, float]:
        return self.keys, time.perf_counter() - self.began


def answer_a_mail(page: Any, url: str, first: int, second: int) -> tuple[int, float]:
    page.goto(f"{url}/cases/")
    page.wait_for_selector(f'tr a[href="/cases/{first}/"]')
    page.evaluate("document.activeElement.blur()")
    page.wait_for_timeout(300)
    hand = Hand(page)
    hand.press("j", "Enter")
    page.wait_for_selector("[data-composer=reply]")
    hand.press("t")
    page.wait_for_selector("#picker-list button >> nth=1")
    hand.type("inv")
    page.wait_for_selector("#picker-list button:only-of-type")
    hand.press("Enter")
    page.wait_for_selector("#picker:not([open])", state="attached")
    hand.press("r")
    page.wait_for_selector("trix-editor:focus")
    hand.type("::abc")
    page.wait_for_selector("#compose-suggestions [role=option]")
    hand.press("Enter", "Control+Enter")
    page.wait_for_url(f"**/cases/{second}/")
    return hand.done()


def take_a_call(page: Any, url: str, ring: Any) -> tuple[int, float]:
    page.goto(f"{url}/cases/")
    page.wait_for_timeout(1_500)
    page.evaluate("document.activeElement.blur()")
    hand = Hand(page)
    ring("ringing")
    page.wait_for_selector(".pop", timeout=20_000)
    hand.press("a")
    page.wait_for_selector("#contact-form")
    ring("answered")
    page.wait_for_timeout(600)
    ring("ended")
    page.wait_for_timeout(600)
    page.evaluate("document.activeElement.blur()")
    hand.press("t")
    page.wait_for_timeout(200)
    hand.press("Enter", "y", "Control+Enter")
    page.wait_for_url("**/contacts/new/")
    return hand.done()


@contextmanager
def product() -> Iterator[Any]:
    from tests.running import RunningHelpdesk, make_home, release

    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder) / "home"
        make_home(home)
        helpdesk = RunningHelpdesk(home, DEMO="0")
        helpdesk.start()
        try:
            yield helpdesk
        finally:
            helpdesk.stop_at_once()
            release(home)


MAKE = """
from tests.factories import make_queue, make_user, make_customer, make_topic, make_case
from tickets.models import SavedReply
queue = make_queue(); anna = make_user("anna", first_name="Anna", code="anna"); make_topic("billing/invoice"); make_topic("delivery/late")
SavedReply.objects.create(shortcut="abc", name="Abc", html="<div>Thank you for your letter.</div>")
made = []
for n in range(2):
    case = make_case(customer=make_customer(f"Maja {n}", email=f"m{n}@example.com", phone=f"+4670123456{n}"), owner=anna, queue=queue, subject=f"Letter {n}")
    case.log_message("Where is my invoice?", kind="incoming", by=None)
    made.append(str(case.pk))
from tickets.models import ApiToken
from django.contrib.auth import get_user_model
system = make_user("pbx", role="integration")
from tests.factories import PASSWORD
print("MADE", *made[::-1], ApiToken.issue(system), PASSWORD.replace(" ", "_"))
"""


def main() -> None:
    argparse.ArgumentParser(prog="python -m bench.stopwatch", description=__doc__).parse_args()
    import httpx

    from tests.browser.chromium import launched

    with product() as helpdesk, launched() as browser:
        printed = helpdesk.manage("shell", "--no-imports", "-c", MAKE)
        _word, first, second, token, password = next(
            line for line in printed.splitlines() if line.startswith("MADE")
        ).split()
        page = browser.new_page()
        page.goto(f"{helpdesk.url}/login/")
        page.fill("#id_username", "anna")
        page.fill("#id_password", password.replace("_", " "))
        page.keyboard.press("Enter")
        page.wait_for_url("**/cases/")

        def ring(kind: str) -> None:
            event = {"event_id": f"e-{kind}", "call_id": "c-1", "kind": kind, "at": datetime.now(UTC).isoformat()}
            event |= {"agent": "anna", "queue": "first-line", "from": "+46701234560", "direction": "inbound"}
            sent = {"source": "pbx", "events": [event]}
            headers = {"Authorization": f"Bearer {token}"}
            httpx.post(f"{helpdesk.url}/api/v1/calls/events/", json=sent, headers=headers).raise_for_status()

        mail = answer_a_mail(page, helpdesk.url, int(first), int(second))
        call = take_a_call(page, helpdesk.url, ring)
    show("Mail is there - answered, classified, next one open", mail, MAIL)
    show("Phone rings - logged, solved, wrapped up (1.2 s of it is the call)", call, CALL)


def show(title: str, ours: tuple[int, float], others: dict[str, int]) -> None:
    print(f"\n{title}\n{'':<12}{'keys':>6}{'seconds':>10}")
    print(f"{'ours':<12}{ours[0]:>6}{ours[1]:>10.1f}")
    for name, keys in others.items():
        print(f"{name:<12}{keys:>6}{'-':>10}")


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
    main()
