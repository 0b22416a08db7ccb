"""`make shots OUT=folder`: a picture of every page, on a desk and on a phone, in light and in dark.

The pages are walked on demo data of their own, which is kept, so that the second time is fast. A new page is one line in
PAGES. The files are named so that they sort by page: agent-case-390-dark.png.
"""

import os
import re
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import Browser, Page, StorageState

from tests.browser.chromium import launched
from tests.running import PROJECT, RunningHelpdesk


@dataclass(frozen=True)
class Shot:
    """One page. `role` is also the demo account's name and password; a customer has none and comes by a link."""

    role: str
    name: str
    url: str
    # Followed before the picture is taken: the first link on the page that matches.
    follow: str = ""


PAGES = [
    Shot("customer", "login", "/login/"),
    Shot("customer", "survey", "{survey}"),
    Shot("customer", "mail", "{mail}"),
    Shot("customer", "form", "/form/tallvik/?lang=sv"),
    Shot("customer", "status", "{status}"),
    Shot("agent", "home", "/"),
    Shot("agent", "contact-form", "/contacts/new/"),
    Shot("agent", "cases", "/cases/"),
    Shot("agent", "case", "/cases/", follow="main a[href^='/cases/'][href$='/']:not([href='/cases/'])"),
    Shot("agent", "all-cases", "/cases/?whose=all&more=1"),
    Shot("agent", "callbacks", "/callbacks/"),
    Shot("agent", "incidents", "/incidents/"),
    Shot("agent", "search", "/search/?q=faktura"),
    Shot("agent", "search-empty", "/search/"),
    Shot("agent", "articles", "/articles/"),
    Shot("agent", "setup-replies", "/settings/replies/"),
    Shot("agent", "password", "/password/"),
    Shot("manager", "home", "/"),
    Shot("manager", "dashboard", "/metrics/"),
    *(
        Shot("manager", f"board-{slug}", f"/boards/{slug}/?period=90d")
        for slug in ("service-now", "accessibility", "resolution", "experience", "demand", "cost", "team")
    ),
    Shot("manager", "morning", "/morning/"),
    Shot("manager", "follow-ups", "/surveys/follow-ups/"),
    Shot("manager", "comments", "/surveys/comments/"),
    Shot("manager", "survey-bias", "/surveys/bias/?period=90d"),
    Shot("manager", "praise", "/surveys/praise/"),
    Shot("manager", "setup-surveys", "/settings/surveys/"),
    Shot("manager", "setup-survey-rule", "/settings/surveys/new/"),
    Shot("manager", "setup-survey-forms", "/settings/survey-forms/"),
    Shot("manager", "setup-survey-form-new", "/settings/survey-forms/new/"),
    Shot("agent", "pulse", "/pulse/"),
    Shot("manager", "pulse-results", "/pulse/results/"),
    Shot("manager", "setup-pulse", "/settings/pulse/"),
    Shot("manager", "interviews", "/surveys/interviews/"),
    Shot("manager", "interview-results", "/surveys/interviews/results/"),
    Shot("manager", "own-questions", "/surveys/questions/"),
    Shot("manager", "setup-themes", "/settings/themes/"),
    Shot("manager", "boards", "/boards/"),
    Shot("manager", "wallboards", "/settings/wallboards/"),
    Shot("manager", "targets", "/settings/targets/"),
    Shot("manager", "notes-on-time", "/settings/notes/"),
    Shot("manager", "kpi", "/metrics/definitions/service-level/"),
    Shot("manager", "kpi-fcr", "/metrics/definitions/fcr/"),
    Shot("manager", "definitions", "/metrics/definitions/"),
    Shot("manager", "reports", "/reports/"),
    Shot("manager", "causes", "/causes/?weight=contacts"),
    Shot("client", "home", "/"),
    Shot("client", "cases", "/company/cases/"),
    Shot("client", "case", "/company/cases/", follow="main td a"),
    Shot("client", "agreement", "/company/agreement/"),
    Shot("manager", "three-ways", "/metrics/three-ways/survey/yes/no/"),
    Shot("manager", "audit", "/metrics/audit/"),
    Shot("manager", "agreements", "/settings/agreements/"),
    Shot("manager", "agreement-new", "/settings/agreements/", follow="main a[href$='/new/']"),
    Shot("manager", "setup", "/settings/"),
    Shot("manager", "setup-telephone", "/settings/telephone/"),
    Shot("manager", "setup-connector-new", "/settings/telephone/new/"),
    Shot("manager", "setup-queues", "/settings/queues/"),
    Shot("manager", "setup-queue", "/settings/queues/", follow="#setup-list a"),
    Shot("manager", "setup-teams", "/settings/teams/"),
    Shot("manager", "setup-people", "/settings/people/"),
    Shot("manager", "setup-person", "/settings/people/", follow="#setup-list a"),
    Shot("manager", "setup-skills", "/settings/skills/"),
    Shot("manager", "setup-topics", "/settings/topics/"),
    Shot("manager", "setup-replies", "/settings/replies/"),
    Shot("manager", "setup-reply", "/settings/replies/new/"),
    Shot("manager", "setup-macros", "/settings/macros/"),
    Shot("manager", "setup-macro", "/settings/macros/new/"),
    Shot("manager", "setup-articles", "/settings/articles/"),
    Shot("manager", "setup-hours", "/settings/hours/"),
    Shot("manager", "setup-calendar", "/settings/hours/", follow=".setup-calendars h2 a"),
    Shot("manager", "rows", "/metrics/service-level/rows/"),
    Shot("manager", "cases", "/cases/"),
    Shot("manager", "outbox", "/outbox/"),
    Shot("manager", "forms", "/settings/forms/"),
    Shot("manager", "form", "/settings/forms/", follow="main table a"),
    Shot("agent", "chats", "/chats/"),
    Shot("customer", "chat", "/chat/tallvik/?lang=sv"),
    Shot("manager", "chat-widgets", "/settings/chat/"),
    Shot("manager", "chat-widget", "/settings/chat/", follow="main table a"),
    Shot("manager", "rules", "/settings/rules/"),
    Shot("manager", "rule-new", "/settings/rules/new/"),
    Shot("manager", "spam", "/settings/spam/"),
    Shot("manager", "quarantine", "/quarantine/"),
    Shot("admin", "home", "/"),
    Shot("admin", "dashboard", "/metrics/"),
    Shot("admin", "admin", "/admin/"),
    Shot("admin", "api-docs", "/api/v1/docs/"),
]
SIZES = {1440: 900, 390: 844}
SCHEMES = ("light", "dark")

ASK = """
from surveys.models import Invitation
from surveys.links import url_for
from tickets import status_links
from tickets.models import Case, OutgoingMail, User
if not OutgoingMail.objects.exclude(html="").exists():
    # The demo data come with their answers, not with their mails: one case more is resolved.
    case = Case.objects.open().filter(customer__identities__kind="email").order_by("number").last()
    case.resolve(by=User.objects.get(username="agent"))
invitation = Invitation.objects.order_by("-sent_at").first()
mail = OutgoingMail.objects.exclude(html="").order_by("-pk").first()
print("survey", url_for(invitation) if invitation else "-")
case = Case.objects.filter(customer__identities__kind="email", messages__kind="outgoing").order_by("number").last()
link = status_links.give(case, is_proven=True) if case else None
print("status", status_links.url_for(link) if link else "-")
open({mail!r}, "w").write(mail.html if mail else "No mail was sent.")
"""


def addresses(helpdesk: RunningHelpdesk, mail: Path) -> dict[str, str]:
    """Ask the running installation for the addresses that hang on its data."""
    printed = helpdesk.manage("shell", "--no-imports", "-c", ASK.format(mail=str(mail)))
    links = dict(re.findall(r"^(survey|status) (?:https?://[^/]+)?(\S+)$", printed, re.MULTILINE))
    return {"survey": links.get("survey", "-"), "status": links.get("status", "-"), "mail": mail.as_uri()}


def logged_in(browser: Browser, url: str, role: str) -> StorageState | None:
    if role == "customer":
        return None
    with browser.new_context() as context:
        page = context.new_page()
        page.goto(f"{url}/login/")
        page.fill("#id_username", role)
        page.fill("#id_password", role)
        page.press("#id_password", "Enter")
        page.wait_for_url(lambda address: "/login/" not in address)
        return context.storage_state()


def settle(page: Page) -> None:
    """Wait until the fragments of the page are there and its charts have stopped moving."""
    page.wait_for_function("!document.querySelector('.htmx-request, [hx-trigger*=load]:empty')", timeout=15_000)
    page.wait_for_timeout(700)


def take(page: Page, base: str, shot: Shot, known: dict[str, str], path: Path) -> str:
    """Take one picture. Return what is wrong with the page, or nothing."""
    address = shot.url.format(**known)
    if address == "-":
        return "the demo data has none"
    answer = page.goto(address if "://" in address else base + address, wait_until="load")
    if shot.follow:
        page.locator(shot.follow).first.click()
        page.wait_for_load_state("load")
    settle(page)
    page.screenshot(path=path, full_page=True)
    wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    if answer is not None and answer.status >= 400:
        return f"status {answer.status}"
    return f"{wide} px wider than the screen" if wide > 0 else ""


def walk(helpdesk: RunningHelpdesk, out: Path) -> int:
    faults = 0
    with tempfile.TemporaryDirectory() as folder, launched() as browser:
        known = addresses(helpdesk, Path(folder) / "mail.html")
        sessions = {role: logged_in(browser, helpdesk.url, role) for role in {shot.role for shot in PAGES}}
        for width, height in SIZES.items():
            for scheme in SCHEMES:
                for shot in PAGES:
                    path = out / f"{shot.role}-{shot.name}-{width}-{scheme}.png"
                    with browser.new_context(
                        viewport={"width": width, "height": height}, color_scheme=scheme, reduced_motion="reduce",
                        storage_state=sessions[shot.role], locale="en-GB", timezone_id="Europe/Stockholm",
                    ) as context:  # fmt: skip
                        try:
                            fault = take(context.new_page(), helpdesk.url, shot, known, path)
                        except Exception as error:  # noqa: BLE001 - one broken page must not cost the other pictures
                            fault = str(error).splitlines()[0]
                    faults += bool(fault)
                    print(f"{'FAIL' if fault else 'ok  '} {path.name} {fault}", flush=True)
    return faults


def main() -> int:
    out = Path(sys.argv[1] if len(sys.argv) > 1 else "shots").resolve()
    out.mkdir(parents=True, exist_ok=True)
    home = Path(os.environ.get("HELPDESK_HOME") or PROJECT / ".helpdesk").resolve() / "shots"
    helpdesk = RunningHelpdesk(home, DEMO="1")
    helpdesk.start(seconds=240)
    try:
        faults = walk(helpdesk, out)
    finally:
        helpdesk.stop()
    print(f"{len(list(out.glob('*.png')))} pictures in {out}" + (f", {faults} pages with faults" if faults else ""))
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
