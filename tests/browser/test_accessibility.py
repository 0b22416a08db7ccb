"""Every page, in light and dark, on a desk and on a phone, looked over by axe: no serious fault may be found."""

from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from django.conf import settings
from django.contrib.auth import get_user_model
from django.utils import timezone

from metrics.boards.models import Dashboard
from metrics.boards.standard import STANDARD
from metrics.reports.models import Report
from metrics.wallboard.models import Wallboard
from surveys.models import CallBack, InterviewDraw, Invitation, Questionnaire, Theme
from tests.browser.chromium import watched_page
from tests.factories import (
    make_agreement,
    make_case,
    make_chat_widget,
    make_contact,
    make_customer,
    make_queue,
    make_topic,
    make_user,
)
from tickets import merging, status_links, teamwork
from tickets.models import Article, Chat, Contact, Macro, SavedReply, WebForm

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

AXE = Path(settings.NODE_MODULES) / "axe-core/axe.min.js"
# The rules of WCAG 2.2 at the levels A and AA.
ASK = """async () => {
  const found = await axe.run(document, {runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]});
  return found.violations.filter(one => ["serious", "critical"].includes(one.impact))
    .map(one => `${one.id}: ${one.nodes.slice(0, 3).map(node => node.html.slice(0, 160)).join(" | ")}`);
}"""
AGENT = ["/cases/", "{case}", "{case}#reply", "{case}#picker", "{merged}", "{case}merge/", "{customer}", "{contact}"]
AGENT += [
    "/contacts/new/",
    "/notices/",
    "/password/",
    "/search/?q=parcel",
    "/day/",
    "/incidents/",
    "/cases/?whose=all#bulk",
]
AGENT += ["/cases/#palette", "{case}#sheet", "{case}#consult"]
AGENT += ["/settings/replies/", "/settings/macros/", "/articles/", "{article}"]
MANAGER = ["/metrics/", "/metrics/definitions/", "/metrics/definitions/fcr/", "/settings/agreements/", "/outbox/"]
MANAGER += ["/callbacks/", "/settings/telephone/", "/settings/telephone/new/"]
MANAGER += ["/settings/", "/settings/queues/", "/settings/queues/new/", "/settings/teams/", "/settings/people/"]
MANAGER += ["/settings/people/new/", "/settings/skills/", "/settings/topics/", "/settings/topics/new/"]
MANAGER += ["/settings/replies/", "/settings/replies/new/", "/settings/macros/", "/settings/macros/new/"]
MANAGER += ["/settings/articles/", "/settings/articles/new/", "/settings/hours/", "/settings/hours/new/", "{hours}"]
MANAGER += ["/quarantine/", "/metrics/audit/", "/reports/", "/reports/schedules/new/", "{report}"]
MANAGER += ["/causes/?weight=contacts&area=&depth=2", "/causes/actions/new/"]
MANAGER += [
    "/settings/wallboards/",
    "/settings/wallboards/new/",
    "{wallboard}",
    "/morning/",
    "/boards/",
    "/settings/targets/",
    "/settings/notes/",
    "{board}",
    "{composer}",
]
MANAGER += [f"/boards/{slug}/" for slug in STANDARD]
MANAGER += ["/settings/surveys/", "/settings/surveys/new/", "/settings/themes/", "/surveys/follow-ups/"]
MANAGER += ["/surveys/comments/", "/surveys/praise/", "/surveys/bias/", "/surveys/decisions/?decision=asked"]
AGENT += ["/pulse/"]
MANAGER += ["/settings/pulse/", "/pulse/results/"]
MANAGER += ["/surveys/interviews/", "/surveys/interviews/results/", "{interview}"]
MANAGER += ["/settings/survey-forms/", "/settings/survey-forms/new/", "/surveys/questions/", "{survey_form}"]
MANAGER += [
    "{survey_form}questions/new/",
    "{survey_form}questions/csat/",
    "{survey_form}questions/nps/",
    "{survey_form}page/",
]
CLIENT = ["/metrics/", "/boards/accessibility/", "/reports/", "/company/cases/", "{company}", "/company/agreement/"]
AGENT += ["{customer}merge/?q=Maja", "{form}", "{status}"]
AGENT += ["/chats/?waiting=1", "{chat}", "{widget}"]
MANAGER += ["/settings/chat/", "/settings/chat/new/", "{widget_setup}"]
MANAGER += ["/settings/forms/", "/settings/forms/new/", "/settings/rules/", "/settings/rules/new/", "/settings/spam/"]


@pytest.fixture
def desk():
    """One of everything, on which the pages stand."""
    queue = make_queue()
    anna = make_user("anna", first_name="Anna", last_name="Berg")
    make_user("boss", role=get_user_model().Role.MANAGER)
    make_user("mia", role=get_user_model().Role.CLIENT, client=queue.client)
    bo = make_user("bo", first_name="Bo", last_name="Ek")
    topic = make_topic("billing/invoice")
    maja = make_customer("Maja Lind", email="maja@example.com", phone="+46701234567")
    case = make_case(customer=maja, owner=anna, queue=queue, topic=topic, subject="Where is my parcel?")
    other = make_case(customer=maja, owner=anna, queue=queue, subject="The same again")
    for number in range(3):
        make_contact(
            case=case, customer=maja, agent=anna, queue=queue, topic=topic, at=timezone.now() - timedelta(days=number)
        )
    case.log_message("Where is it?", kind="incoming", by=None)
    case.write_note("Looked into it.", by=anna)
    case.promise(due_at=timezone.now() + timedelta(days=1), by=anna)
    case.checklist.create(text="Call the carrier")
    teamwork.follow(case, user=bo)
    teamwork.ask(case, asked=anna, question="Is it covered?", by=bo)
    merging.merge(other, into=case, by=anna)
    SavedReply.objects.create(shortcut="hello", name="Hello", html="<div>Hello</div>")
    Macro.objects.create(name="Late", html="<div>Sorry</div>", changes={"priority": "high"})
    article = Article.objects.create(title="Delivery times", html="<div>Two days.</div>", is_public=True)
    form = WebForm.objects.create(name="Contact us", slug="contact", client=case.client, queue=queue)
    widget = make_chat_widget()
    chat, _key = Chat.begin(widget, text="Where is my parcel?", language="en", name="Maja", email="maja@example.com")
    chat.take(by=anna)
    chat.say("agent", "On its way", by=anna)
    Chat.begin(widget, text="Hello?", language="en")
    status = status_links.url_for(status_links.give(case, is_proven=True))
    call = Contact.take(by=anna, queue=queue)
    urls = {"case": case, "merged": other, "contact": call}
    hours = make_agreement().calendar
    report = Report.objects.order(case.client, timezone.localdate().replace(day=1), "en", by=None)
    widgets = [one.plain() for one in STANDARD["resolution"].widgets]
    board = Dashboard.objects.create(
        owner=get_user_model().objects.get(username="boss"), name="Mondays", widgets=widgets
    )
    Theme.objects.create(name="Waiting", words="wait")
    asked = Invitation.objects.create(source=case.source, client=case.client, case=case, customer=maja)
    asked.answer(csat=1, comment="I had to wait")
    draw = InterviewDraw.objects.create(agent=anna, seed="0", candidates=[])
    spoken = maja.contacts.first()
    call_back = CallBack.objects.create(draw=draw, agent=anna, customer=maja, contact=spoken)
    survey_form = Questionnaire.objects.create(name="Usual")
    survey_form.publish(board.owner)
    wallboard = Wallboard.objects.create(name="Wall", owner=board.owner, language="en", shows_names=True)
    others = {
        "wallboard": wallboard.get_absolute_url(),
        "interview": f"/surveys/interviews/{call_back.pk}/",
        "survey_form": f"/settings/survey-forms/{survey_form.pk}/",
        "board": board.get_absolute_url(),
        "composer": f"{board.get_absolute_url()}compose/",
        "status": urlsplit(status).path,
        "form": form.get_absolute_url(),
        "customer": f"/customers/{maja.pk}/",
        "article": f"/articles/{article.pk}/",
        "chat": chat.get_absolute_url(),
        "widget": widget.get_absolute_url(),
        "widget_setup": f"/settings/chat/{widget.pk}/",
        "hours": f"/settings/hours/{hours.pk}/",
        "report": report.get_absolute_url(),
        "company": f"/company/cases/{case.pk}/",
    }
    return {name: one.get_absolute_url() for name, one in urls.items()} | others


def faults_of(page, address):
    page.goto(address.partition("#")[0])
    state = address.partition("#")[2]
    if state == "reply":
        page.click("[data-composer=reply]")
        page.wait_for_selector("trix-editor")
    elif state == "bulk":
        page.keyboard.press("x")
    elif state == "palette":
        page.keyboard.press("Control+k")
        page.wait_for_selector("[role=option]")
    elif state == "sheet":
        page.keyboard.press("?")
    elif state == "consult":
        page.click("[aria-keyshortcuts=u]")
        page.click("text=Ask a colleague")
        page.wait_for_selector("#id_question")
    elif state == "picker":
        page.click("#case-fields [data-pick] >> nth=1")
        page.wait_for_selector("#picker-q")
    # Not through the page's own scripts, which its content policy would rightly refuse.
    page.evaluate(AXE.read_text())
    return [f"{address}: {fault}" for fault in page.evaluate(ASK)]


@pytest.mark.parametrize(("width", "scheme"), [(1440, "light"), (1440, "dark"), (390, "light")])
@pytest.mark.parametrize(("name", "pages"), [("anna", AGENT), ("boss", MANAGER), ("mia", CLIENT)])
def test_no_page_has_a_serious_fault(browser, live_server, client, desk, name, pages, width, scheme):
    client.force_login(get_user_model().objects.get(username=name))
    cookie = {"name": settings.SESSION_COOKIE_NAME, "value": client.cookies[settings.SESSION_COOKIE_NAME].value}
    with watched_page(browser, width=width, color_scheme=scheme) as page:
        page.context.add_cookies([{**cookie, "url": live_server.url}])
        faults = [fault for path in pages for fault in faults_of(page, live_server.url + path.format(**desk))]
    assert not faults, "\n".join(faults)
