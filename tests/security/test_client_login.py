"""A client company's own manager sees her company, and nothing of another: every page, API path, export and chart.

Two companies with data of every kind. The first one's manager asks for everything that there is, by name and by number.
"""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Iterator
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from django.core.files.base import ContentFile
from django.db import IntegrityError, transaction
from django.test import Client
from django.urls import get_resolver
from django.utils import timezone

from helpdesk.live import listener
from metrics import door
from metrics.catalog import KPIS
from metrics.reports import making, sending
from metrics.reports.models import Report
from surveys.models import Invitation, Response
from tests.factories import (
    make_agreement,
    make_case,
    make_client,
    make_contact,
    make_customer,
    make_queue,
    make_source,
    make_team,
    make_topic,
    make_user,
)
from tests.security.client_routes import CLOSED, OPEN, PUBLIC
from tickets.models import ApiToken, Article, Attachment, Case, Contact, Customer, Incident, Queue, SavedView, User

pytestmark = pytest.mark.django_db
METHODS = ("get", "post", "put", "patch", "delete")


def routes(resolver: Any = None, prefix: str = "") -> Iterator[str]:
    for one in (resolver or get_resolver()).url_patterns:
        address = prefix + str(one.pattern)
        if hasattr(one, "url_patterns"):
            yield from routes(one, address)
        else:
            yield address


def make_company(code: str, secret: str) -> SimpleNamespace:
    """A company with one of everything; each name and text has the word `secret` in it."""
    company = make_client(code, name=f"{secret} company", language="en")
    make_agreement(company)
    team = make_team(f"{code}-team", name=f"{secret} team")
    agent = make_user(f"{code}-agent", first_name=f"{secret}agent", last_name="Hidden", team=team)
    queue = make_queue(f"{code}-queue", client=company, name=f"{secret} queue", teams=[team])
    topic = make_topic(f"{code}/{secret}topic")
    customer = make_customer(f"{secret} customer", email=f"{secret}@example.com", client=company)
    case = make_case(
        by=agent,
        client=company,
        queue=queue,
        topic=topic,
        customer=customer,
        subject=f"{secret} subject",
        channel="email",
    )
    case.log_message(f"{secret} written", kind="incoming", by=None)
    note = case.log_message(f"{secret} INTERNAL", kind="note", by=agent)
    letter = case.log_message(f"{secret} answered", kind="outgoing", by=agent)
    at = timezone.now() - timedelta(days=2)
    contact = make_contact(
        at=at, agent=agent, client=company, queue=queue, topic=topic, customer=customer, case=case,
        demand="failure", cause=f"{secret} cause", external_id=f"{secret}-contact", subject=f"{secret} call",
    )  # fmt: skip
    make_contact(at=at, outcome="abandoned", client=company, queue=queue, topic=topic, customer=customer, wait=90)
    case.promise(kind=f"{secret} promise", due_at=timezone.now() + timedelta(hours=1), by=agent)
    case.resolve(by=agent)
    asked = Invitation.objects.create(
        source=make_source(), client=company, contact=contact, case=case, customer=customer
    )
    Response.objects.create(invitation=asked, csat=2, comment=f"{secret} comment", responded_at=timezone.now())
    files = [
        Attachment.keep(ContentFile(b"x"), name=f"{secret}.txt", content_type="text/plain", message=one)
        for one in (note, letter)
    ]
    Incident.objects.create(title=f"{secret} incident", client=company, made_by=agent)
    report = Report.objects.order(company, timezone.localdate().replace(day=1), "en", by=None)
    assert making.make(report)
    report.refresh_from_db()
    sending.send(report, to=[f"{secret}@example.com"], formats=["pdf"], by=None)
    return SimpleNamespace(
        client=company, team=team, agent=agent, queue=queue, topic=topic, customer=customer, case=case,
        contact=contact, note_file=files[0], letter_file=files[1], secret=secret,
        report=report,
    )  # fmt: skip


@pytest.fixture(autouse=True)
def _files(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path / "uploads"


@pytest.fixture
def own() -> SimpleNamespace:
    return make_company("alpha", "Aurora")


@pytest.fixture
def other(own) -> SimpleNamespace:
    return make_company("zeta", "Zeppelin")


@pytest.fixture
def reader(own, other) -> User:
    return make_user("mia", role="client", client=own.client)


@pytest.fixture
def pages(reader) -> Client:
    browser = Client(raise_request_exception=True)
    browser.force_login(reader)
    return browser


@pytest.fixture
def program(reader) -> Client:
    return Client(headers={"Authorization": f"Bearer {ApiToken.issue(reader)}"})


def body_of(answer: Any) -> str:
    """All that an answer says, what is packed in it included."""
    content = b"".join(answer.streaming_content) if answer.streaming else answer.content
    for closing in answer._resource_closers if answer.streaming else []:
        closing()
    if content.startswith(b"PK"):
        with zipfile.ZipFile(io.BytesIO(content)) as packed:
            content = b"\n".join(packed.read(name) for name in packed.namelist())
    elif content.startswith(b"%PDF"):
        from pypdf import PdfReader

        return "\n".join(page.extract_text() for page in PdfReader(io.BytesIO(content)).pages)
    return content.decode(errors="replace") + str(answer.headers)


def tells(text: str, company: SimpleNamespace) -> list[str]:
    """What of the company a text says."""
    words = [
        company.secret,
        company.client.code,
        f"/{company.case.pk}/",
        f"#{company.case.pk}",
        company.contact.external_id,
    ]
    return [word for word in words if word.lower() in text.lower()]


def filled(address: str, company: SimpleNamespace, **more: str) -> str:
    """The address with the company's own numbers and names in it."""
    numbers = {"number": company.case.pk, "pk": company.contact.pk, "message": company.case.messages.first().pk, **more}

    def value(match: re.Match[str]) -> str:
        kind, _colon, name = match[1].rpartition(":")
        if name in more:
            return more[name]
        if kind == "uuid":
            return str(company.letter_file.pk)
        if name in numbers:
            return str(numbers[name])
        return (
            str(company.client.pk) if kind == "int" else {"way": "survey", "log": "yes", "other": "no"}.get(name, "x")
        )

    plain = re.sub(r"<([^>]+)>", value, address.removeprefix("^"))
    return "/" + re.sub(r"\^|\$|\\Z|\(\?P.*?\)", "", plain)


# --- the first lock: what is open at all


def test_every_address_is_classified():
    found = {address for address in routes() if not address.startswith("admin/")}
    assert found - OPEN - PUBLIC - CLOSED == set(), "new addresses: open, public or closed to clients' managers?"
    assert (OPEN | PUBLIC | CLOSED) - found == set(), "addresses that are gone"
    assert not OPEN & CLOSED
    assert not PUBLIC & (OPEN | CLOSED)


def test_what_is_closed_is_not_there_whoever_it_belongs_to_and_whatever_is_done(pages, program, own, other):
    before = Case.objects.get(pk=own.case.pk).events.count(), Contact.objects.count(), Customer.objects.count()
    admin = {address for address in routes() if address.startswith("admin/") and "<" not in address}
    for address in sorted(CLOSED | admin):
        for company in (own, other):
            path = filled(address, company)
            for method in METHODS:
                answer = getattr(pages, method)(path)
                assert answer.status_code == 404, (method, path, answer.status_code)
                assert not tells(body_of(answer), other), path
                if path.startswith("/api/") and "docs" not in path:  # a page, which knows no tokens
                    answer = getattr(program, method)(path, content_type="application/json")
                    assert answer.status_code == 404, (method, path, answer.status_code)
    after = Case.objects.get(pk=own.case.pk).events.count(), Contact.objects.count(), Customer.objects.count()
    assert after == before


def test_the_live_stream_is_not_there(reader, pages):
    assert listener(reader) is None
    assert listener(make_user(role="manager")) is not None
    assert "data-topics" not in body_of(pages.get("/metrics/"))


# --- the second lock: what is open tells of her company alone

CHANGES = [
    "",
    "?period=7d",
    "?start=2020-01-01&end=2030-01-01",
    "?period=28d&chart=csat",
    "?by=queue&start=2020-01-01&end=2030-01-01",
]
KPI = "start=2020-01-01&end=2030-01-01"


def open_addresses(company: SimpleNamespace) -> Iterator[str]:  # noqa: C901 - a table of cases
    # One KPI a kind of rows: the others have the same columns.
    slugs = sorted({kpi.fact.code: key for key, kpi in KPIS.items()}.values())
    for address in sorted(OPEN):
        if "<str:slug>" in address:
            yield from (
                f"{filled(address, company, slug=slug)}?{KPI}{extra}" for slug in slugs for extra in _sets(address)
            )
        elif address.startswith("reports/<"):
            kinds = ["pdf", "xlsx", "csv"] if "kind" in address else [""]
            yield from (filled(address, company, pk=str(company.report.pk), kind=kind) for kind in kinds)
        elif "<str:name>" in address:
            names = ["chart", "queues", "figures", "asa", "csat"]
            yield from (f"{filled(address, company, name=name)}?{KPI}" for name in names)
        elif "three-ways/<" in address:
            for way in ("survey", "agent"):
                for log in ("yes", "no"):
                    yield f"{filled(address, company, way=way, log=log, other='yes')}?{KPI}"
                    yield f"{filled(address, company, way=way, log=log, other='no')}?{KPI}"
        elif "kpis/values" in address:
            for by in ("client", "queue", "team", "topic", "channel", "day"):
                for kpi in ("offered", "csat", "fcr", "sla", "promises-kept"):
                    yield f"/{address}?kpi={kpi}&{KPI if by != 'day' else 'start=2026-01-01&end=2027-01-01'}&by={by}"
        else:
            yield from (filled(address, company) + change for change in CHANGES)


def _sets(address: str) -> list[str]:
    return ["", "&set=denominator", "&set=excluded"] if "rows" in address else [""]


def test_what_is_open_says_nothing_of_another_company(pages, program, own, other):
    seen = set()
    for path in open_addresses(own):
        if path.startswith(("/logout/", "/language/", "/password/")):
            continue
        answer = pages.get(path)
        assert answer.status_code in {200, 301, 302, 400, 404, 405}, (path, answer.status_code)
        text = body_of(answer)
        assert not tells(text, other), (path, tells(text, other))
        assert "INTERNAL" not in text, path
        assert "auroraagent" not in text.lower(), path
        assert "alpha-agent" not in text, path
        if answer.status_code == 200:
            seen.add(path.partition("?")[0])
        if path.startswith("/api/"):
            text = body_of(program.get(path))
            assert not tells(text, other), path
            assert "alpha-agent" not in text, path
    # It does tell her of her own.
    assert {f"/reports/{own.report.pk}/", f"/reports/{own.report.pk}/pdf/", "/metrics/export/figures.xlsx"} <= seen
    assert {"/metrics/", "/company/cases/", f"/company/cases/{own.case.pk}/", "/api/v1/kpis/values/"} <= seen
    assert "Aurora" in body_of(pages.get("/company/cases/"))
    assert "Aurora-contact" in body_of(pages.get(f"/metrics/answered/rows/?{KPI}"))


def test_the_other_companys_numbers_and_names_are_not_there(pages, program, other):
    for address in sorted(OPEN):
        if not re.search(r"<(int|uuid)", address):
            continue
        pk = other.report.pk if "reports" in address else other.contact.pk
        answer = pages.get(filled(address, other, pk=str(pk), kind="pdf"))
        assert answer.status_code == 404, (address, answer.status_code)
    for file in (other.letter_file, other.note_file):
        assert pages.get(f"/attachments/{file.pk}/").status_code == 404
    asked = {
        "queue": "zeta-queue",
        "client": "zeta",
        "team": "zeta-team",
        "topic": "zeta/Zeppelintopic",
        "agent": "zeta-agent",
    }
    for dimension, code in asked.items():
        known = program.get(f"/api/v1/kpis/values/?kpi=offered&{KPI}&{dimension}={code}")
        unknown = program.get(f"/api/v1/kpis/values/?kpi=offered&{KPI}&{dimension}=nobody")
        assert known.status_code == unknown.status_code == 400
        assert known.content.decode().replace(code, "nobody") == unknown.content.decode()


def test_only_what_was_written_to_and_by_the_customer_is_read_and_its_files(pages, own):
    text = body_of(pages.get(f"/company/cases/{own.case.pk}/"))
    assert "Aurora written" in text
    assert "Aurora answered" in text
    assert "INTERNAL" not in text
    assert body_of(pages.get(f"/attachments/{own.letter_file.pk}/")).startswith("x")
    assert pages.get(f"/attachments/{own.note_file.pk}/").status_code == 404


def test_figures_count_her_contacts_alone(program, pages, own):
    for extra in ("", "&engine=facts"):
        (row,) = program.get(f"/api/v1/kpis/values/?kpi=offered&kpi=answered&{KPI}{extra}").json()["rows"]
        assert {key: value["value"] for key, value in row["kpis"].items()} == {"offered": 2, "answered": 1}
    rows = program.get(f"/api/v1/kpis/values/?kpi=offered&{KPI}&by=client").json()["rows"]
    assert [row["by"]["client"] for row in rows] == ["alpha"]


def test_a_contact_of_hers_in_anothers_queue_does_not_name_the_queue(program, pages, own, other):
    make_contact(client=own.client, queue=other.queue, topic=own.topic, agent=other.agent, customer=own.customer)
    for path in (
        f"/api/v1/kpis/values/?kpi=offered&{KPI}&by=queue",
        f"/api/v1/kpis/offered/rows/?{KPI}",
        f"/metrics/offered/rows/?{KPI}",
        f"/metrics/offered/rows.csv?{KPI}",
        f"/metrics/?{KPI}",
        f"/metrics/export/queues.csv?{KPI}",
    ):
        answer = (program if path.startswith("/api") else pages).get(path)
        assert answer.status_code == 200
        assert not tells(body_of(answer), other), path


def test_who_served_is_told_only_where_that_is_agreed(pages, program, own, other):
    path = f"/api/v1/kpis/values/?kpi=answered&{KPI}&by=agent"
    assert program.get(path).status_code == 400
    assert program.get(f"/api/v1/kpis/values/?kpi=answered&{KPI}&agent=alpha-agent").status_code == 400
    assert "Agent" not in body_of(pages.get(f"/metrics/answered/rows.csv?{KPI}")).partition("\n")[0]
    own.client.shows_agents = True
    own.client.save()
    assert [row["by"]["agent"] for row in program.get(path).json()["rows"]] == ["alpha-agent"]
    assert "Auroraagent" in body_of(pages.get(f"/metrics/answered/rows/?{KPI}"))
    assert "Auroraagent" in body_of(pages.get(f"/company/cases/{own.case.pk}/"))


def test_what_we_cost_and_how_our_people_are_does_not_exist_for_her(program, pages):
    hidden = {key for key, kpi in KPIS.items() if not door.shows(User(role="client"), kpi)}
    assert {"cost-per-contact", "occupancy", "utilisation", "enps", "call-back-coverage"} <= hidden
    listed = {one["key"] for one in program.get("/api/v1/kpis/").json()}
    assert listed == set(KPIS) - hidden
    for key in sorted(hidden):
        assert program.get(f"/api/v1/kpis/values/?kpi={key}&{KPI}").status_code == 400
        assert program.get(f"/api/v1/kpis/{key}/rows/?{KPI}").status_code == 404
        assert pages.get(f"/metrics/{key}/rows/?{KPI}").status_code == 404
        assert pages.get(f"/metrics/definitions/{key}/").status_code == 404
        assert pages.get(f"/metrics/?chart={key}").status_code == 400


def test_every_door_to_rows_is_narrowed(reader, own, other):
    assert set(Case.objects.visible_to(reader)) == {own.case}
    assert {one.client_id for one in Contact.objects.visible_to(reader)} == {own.client.pk}
    assert list(Queue.objects.visible_to(reader)) == [own.queue]
    assert list(Customer.objects.visible_to(reader)) == [own.customer]
    assert list(Attachment.objects.visible_to(reader)) == [own.letter_file]
    assert [one.invitation.client_id for one in Response.objects.visible_to(reader)] == [own.client.pk]
    assert [one.client_id for one in Incident.objects.visible_to(reader)] == [own.client.pk]
    Article.objects.create(title="Ours", html="<p>x</p>", language="en")
    SavedView.objects.create(name="All", scope="everyone", owner=other.agent)
    assert not Article.objects.visible_to(reader).exists()
    assert not SavedView.objects.visible_to(reader).exists()


def test_following_every_link_leads_nowhere_closed(pages, own, other):
    todo, seen = ["/"], set()
    while todo and len(seen) < 250:
        path = todo.pop(0)
        answer = pages.get(path, follow=True)
        assert answer.status_code == 200, path
        text = body_of(answer)
        assert not tells(text, other), path
        for found in re.findall(r'(?:href|action|hx-get)="(/[^"]*)"', text):
            link = found.replace("&amp;", "&").partition("#")[0]
            kind = re.sub(r"\d+|=[^&]*", "", link)
            if kind not in seen and not link.startswith(("/static/", "/logout/", "/language/")):
                seen.add(kind)
                todo.append(link)
    assert len(seen) > 30


# --- who has such a login


def test_an_administrator_gives_such_a_login_and_nobody_else(client, own, other):
    form = {
        "username": "vera",
        "password": "a long enough pass phrase",
        "first_name": "Vera",
        "role": "client",
        "email": "",
    }
    client.force_login(make_user("chief", role="manager"))
    assert client.post("/settings/people/new/", {**form, "client": own.client.pk}).status_code == 422
    client.force_login(make_user("root", role="admin"))
    without = client.post("/settings/people/new/", form)
    assert without.status_code == 422
    assert "belongs to a company" in without.content.decode()
    assert client.post("/settings/people/new/", {**form, "client": own.client.pk}).status_code == 302
    made = User.objects.get(username="vera")
    assert (made.role, made.client, made.team, made.is_staff) == ("client", own.client, None, False)
    person = {"username": "ola", "password": "a long enough pass phrase", "role": "manager", "client": own.client.pk}
    assert client.post("/settings/people/new/", person).status_code == 422


def test_no_row_can_make_a_client_login_more_than_that(own):
    for wrong in ({"client": None}, {"is_superuser": True}, {"is_staff": True}):
        with pytest.raises(IntegrityError), transaction.atomic():
            make_user(role="client", **{"client": own.client, **wrong})
    with pytest.raises(IntegrityError), transaction.atomic():
        make_user(role="manager", client=own.client)


def test_nobody_gives_a_case_to_a_clients_manager(client, reader, own):
    client.force_login(make_user("root", role="admin"))
    assert "mia" not in client.get(f"/cases/{own.case.pk}/options/owner/").content.decode()
    client.post(f"/cases/{own.case.pk}/details/owner/", {"owner": reader.pk})
    caller = Client(headers={"Authorization": f"Bearer {ApiToken.issue(make_user(role='manager'))}"})
    sent = caller.post(f"/api/v1/cases/{own.case.pk}/assignment/", {"agent": "mia"}, content_type="application/json")
    assert sent.status_code == 400
    own.case.refresh_from_db()
    assert own.case.owner != reader
