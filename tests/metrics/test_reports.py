"""Monthly reports: made with progress, sent by the outbox, frozen as sent, and sent again with what differs and why."""

from __future__ import annotations

import csv
import io
import zipfile
from datetime import date, datetime, timedelta
from email import message_from_bytes
from pathlib import Path

import pytest
from django.core.files.storage import default_storage
from django.core.management import CommandError, call_command
from django.db import IntegrityError, transaction
from django.utils import timezone
from openpyxl import load_workbook
from pypdf import PdfReader

from metrics.reports import document, making, sending
from metrics.reports.figures import month_before, next_month
from metrics.reports.models import LEASE, Report, ReportSchedule
from tests.factories import make_agreement, make_client, make_contact, make_queue, make_user
from tickets import outbox
from tickets.models import OutgoingMail
from tickets.tables import safe
from tickets.workbook import Sheet, write

pytestmark = pytest.mark.django_db
MONTH = date(2026, 3, 1)
NAME = '=HYPERLINK("http://evil.example") #let x = 1'


@pytest.fixture(autouse=True)
def _files(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path / "uploads"


@pytest.fixture
def company():
    """A client with a hostile name, an agreement, and 40 calls in March 2026."""
    client = make_client("nord", name=NAME, language="sv")
    make_agreement(client).service_levels.create(channel="phone", threshold_seconds=20, target_share="0.8")
    queue = make_queue("nord", client=client, name="@SUM(A1)")
    agent = make_user("anna")
    for n in range(40):
        call(client, queue, agent, day=1 + n % 28, wait=10 if n % 4 else 60)
    return client


def call(client, queue, agent, *, day: int, wait: float = 10, month: int = 3):
    at = datetime(2026, month, day, 10, tzinfo=timezone.get_current_timezone())
    return make_contact(at=at, client=client, queue=queue, agent=agent, wait=wait, demand="failure")


@pytest.fixture
def report(company) -> Report:
    return made(company)


def made(company, by=None, **more) -> Report:
    one = Report.objects.order(company, MONTH, "sv", by=by, **more)
    assert making.make(one)
    one.refresh_from_db()
    return one


def content(report: Report, kind: str) -> bytes:
    with default_storage.open(report.files[kind]["path"]) as file:
        return file.read()


# --- made


def test_it_says_in_the_clients_language_whether_the_promise_was_kept(report):
    text = " ".join(page.extract_text() for page in PdfReader(io.BytesIO(content(report, "pdf"))).pages)
    assert report.state == "ready"
    assert "mars 2026" in text
    assert "75 %" in text.replace("\N{NO-BREAK SPACE}", " ")
    assert report.figures["targets"][0]["met"] is False
    assert report.figures["findings"][0]["look"] == "bad"
    assert "75 %" in report.figures["findings"][0]["text"].replace("\N{NO-BREAK SPACE}", " ")


def test_names_are_data_in_every_file_and_never_markup_or_a_formula(report):
    first = PdfReader(io.BytesIO(content(report, "pdf"))).pages[0].extract_text()
    assert NAME in first.replace("\n", "")
    rows = list(csv.reader(io.StringIO(content(report, "csv").decode("utf-8-sig"))))
    assert any("'@SUM(A1)" in row for row in rows)
    assert not any(cell.startswith(("=", "@")) for row in rows for cell in row)
    with zipfile.ZipFile(io.BytesIO(content(report, "xlsx"))) as packed:
        assert not any(b"<f>" in packed.read(name) for name in packed.namelist())
    book = load_workbook(io.BytesIO(content(report, "xlsx")))
    assert book.worksheets[0]["B1"].value == NAME
    assert book.worksheets[0]["B1"].data_type == "s"


def test_numbers_are_numbers_in_the_workbook(report):
    book = load_workbook(io.BytesIO(content(report, "xlsx")))
    offered = next(row for row in book.worksheets[1].iter_rows(values_only=True) if row[2] == "offered")
    assert offered[5] == 40


def test_the_document_is_tagged_and_says_its_language(report):
    root = PdfReader(io.BytesIO(content(report, "pdf"))).trailer["/Root"]
    assert root["/MarkInfo"]["/Marked"]
    assert root["/Lang"] == "sv"


def test_letters_that_no_font_has_do_not_stop_it(company):
    company.name = "北方 🙂"
    company.save()
    assert made(company).files["pdf"]["size"] > 10_000


def test_the_layout_reads_nothing_outside_its_folder():
    with pytest.raises(document.typst.TypstError, match=r"escape|outside|denied|project root"):
        document.typst.compile(b'#read("../models.py")', root=str(document.LAYOUT.parent))


def test_what_fails_is_written_on_it_and_what_died_is_taken_up_again(company):
    one = Report.objects.order(company, MONTH, "sv", by=None)
    assert one.claim()
    assert not one.claim()  # somebody has it
    assert not making.make(one)
    Report.objects.update(claimed_at=timezone.now() - LEASE - timedelta(seconds=1))
    assert making.work_off() == 1
    broken = Report.objects.order(company, date(1, 1, 1), "sv", by=None)
    assert making.work_off() == 0
    broken.refresh_from_db()
    assert broken.state == "failed"
    assert broken.error


def test_the_command_makes_one_and_names_its_files(company, capsys):
    call_command("make_report", "nord", "2026-03")
    assert "nord-2026-03-sv.pdf" in capsys.readouterr().out
    for wrong in (["nobody", "2026-03"], ["nord", "March"]):
        with pytest.raises(CommandError):
            call_command("make_report", *wrong)


# --- sent, and frozen


def test_it_leaves_by_the_outbox_with_its_files_once(report, settings, tmp_path):
    settings.MAILERS = {
        "default": {
            "BACKEND": "django.core.mail.backends.filebased.EmailBackend",
            "OPTIONS": {"file_path": str(tmp_path / "mail")},
        }
    }
    assert sending.send(report, to=["ann@nord.example", "bo@nord.example"], formats=["pdf", "xlsx"], by=None)
    assert not sending.send(report, to=["other@nord.example"], formats=["pdf"], by=None)
    assert {mail.to for mail in OutgoingMail.objects.all()} == {"ann@nord.example", "bo@nord.example"}
    message = outbox.message_of(OutgoingMail.objects.first())
    sent = message_from_bytes(message.message().as_bytes())
    names = {part.get_filename() for part in sent.walk() if part.get_filename()}
    assert names == {"nord-2026-03-sv.pdf", "nord-2026-03-sv.xlsx"}
    assert "75 %" in message.body.replace("\N{NO-BREAK SPACE}", " ")


def test_large_files_become_a_link(report, monkeypatch):
    monkeypatch.setattr(sending, "LARGEST", 10)
    sending.send(report, to=["ann@nord.example"], formats=["pdf"], by=None)
    mail = OutgoingMail.objects.get()
    assert mail.files == []
    assert report.get_absolute_url() in mail.text


def test_what_was_sent_never_changes_whoever_writes_to_the_table(report):
    sending.send(report, to=["ann@nord.example"], formats=["pdf"], by=None)
    for change in ({"figures": {}}, {"sent_to": []}, {"sent_at": None}, {"state": "failed"}):
        with pytest.raises(IntegrityError), transaction.atomic():
            Report.objects.filter(pk=report.pk).update(**change)
    with pytest.raises(IntegrityError), transaction.atomic():
        Report.objects.filter(pk=report.pk).delete()


def test_sent_again_it_tells_what_differs_and_why(company, report):
    sending.send(report, to=["ann@nord.example"], formats=["pdf"], by=None)
    digest = report.files["pdf"]["sha256"]
    same = made(company)
    assert (same.version, same.replaces, same.differences) == (2, report, [])
    agent = make_user("late")
    for _n in range(3):
        call(company, make_queue("nord"), agent, day=30, wait=100)
    again = made(company)
    changed = {(one["part"], one["row"], one["key"]): one for one in again.differences}
    offered = changed["month", "", "offered"]
    assert (offered["before"], offered["after"]) == ("40", "43")
    assert "3" in offered["why"]
    assert changed["month", "", "service-level"]["parts"] == "30 / 40 → 30 / 43"
    assert changed["day", "2026-03-30", "offered"]["after"] == "3"
    sending.send(again, to=["ann@nord.example"], formats=["pdf"], by=None)
    mail = OutgoingMail.objects.order_by("pk").last()
    assert "40 → 43" in mail.text
    report.refresh_from_db()
    assert report.files["pdf"]["sha256"] == digest


# --- by itself


def test_a_schedule_asks_once_for_last_month_on_its_day_and_sends_it(company, time_machine_at):
    schedule = ReportSchedule.objects.create(
        client=company, language="sv", day=3, recipients=["ann@nord.example"], formats=["pdf"], made_by=make_user("m")
    )
    time_machine_at("2026-04-02T08:00:00+02:00")
    assert making.order_due() == 0
    time_machine_at("2026-04-05T08:00:00+02:00")  # the worker was down on the day itself
    assert making.order_due() == 1
    assert making.order_due() == 0
    assert making.work_off() == 1
    sent = Report.objects.get()
    assert (sent.month, sent.schedule, sent.sent_to) == (MONTH, schedule, ["ann@nord.example"])
    assert OutgoingMail.objects.get().is_automatic
    schedule.is_active = False
    schedule.save()
    time_machine_at("2026-05-05T08:00:00+02:00")
    assert making.order_due() == 0


@pytest.fixture
def time_machine_at():
    import time_machine

    travels = []

    def go(moment: str) -> None:
        travel = time_machine.travel(datetime.fromisoformat(moment), tick=False)
        travel.start()
        travels.append(travel)

    yield go
    for travel in reversed(travels):
        travel.stop()


def test_months_follow_each_other_over_new_year():
    assert next_month(date(2025, 12, 1)) == date(2026, 1, 1)
    assert month_before(date(2026, 1, 1)) == date(2025, 12, 1)


# --- the pages


@pytest.fixture
def manager(client):
    client.force_login(make_user("boss", role="manager"))
    return client


def test_a_manager_asks_for_one_watches_it_and_sends_it(manager, company):
    answer = manager.post("/reports/new/", {"client": "nord", "month": "2026-03", "language": ""})
    one = Report.objects.get()
    assert answer["Location"] == one.get_absolute_url()
    assert b"progress" in manager.get(one.get_absolute_url()).content
    making.work_off()
    done = manager.get(one.get_absolute_url(), headers={"HX-Request": "true"})
    assert done["HX-Refresh"] == "true"
    assert "75 %" in manager.get(one.get_absolute_url()).content.decode().replace("\N{NO-BREAK SPACE}", " ")
    wrong = manager.post(f"/reports/{one.pk}/sending/", {"to": "nonsense"})
    assert wrong.status_code == 422
    assert "nonsense" in wrong.content.decode()
    manager.post(f"/reports/{one.pk}/sending/", {"to": "ann@nord.example", "formats": ["pdf"]})
    assert OutgoingMail.objects.get().to == "ann@nord.example"
    manager.post(f"/reports/{one.pk}/again/")
    assert Report.objects.count() == 2


def test_an_order_that_cannot_be_says_what_was_expected(manager, company):
    for month in ("2026", "2026-13", "2999-01"):
        answer = manager.post("/reports/new/", {"client": "nord", "month": month})
        assert answer.status_code == 422
        assert "xpected" in answer.content.decode()


def test_a_schedule_is_made_and_changed_on_its_page(manager, company):
    form = {
        "client": company.pk,
        "language": "fi",
        "day": 5,
        "recipients": "a@b.example, c@d.example",
        "formats": ["pdf"],
    }
    assert manager.post("/reports/schedules/new/", form).status_code == 302
    one = ReportSchedule.objects.get()
    assert one.recipients == ["a@b.example", "c@d.example"]
    assert manager.post("/reports/schedules/new/", form).status_code == 422
    assert manager.post(f"/reports/schedules/{one.pk}/", {**form, "day": 29}).status_code == 422
    assert manager.get("/reports/").status_code == 200


def test_agents_and_leads_have_no_reports(client, report):
    for role in ("agent", "lead"):
        client.force_login(make_user(role=role))
        for path in ("/reports/", report.get_absolute_url(), f"/reports/{report.pk}/pdf/"):
            assert client.get(path).status_code == 404


def test_a_clients_manager_reads_what_was_sent_to_her_company_alone(client, report, company):
    client.force_login(make_user("mia", role="client", client=company))
    assert client.get(report.get_absolute_url()).status_code == 404
    sending.send(report, to=["ann@nord.example"], formats=["pdf"], by=None)
    page = client.get(report.get_absolute_url()).content.decode()
    assert "ann@nord.example" not in page
    assert client.get("/reports/").status_code == 200
    answer = client.get(f"/reports/{report.pk}/pdf/")
    assert b"".join(answer.streaming_content).startswith(b"%PDF")
    answer.file_to_stream.close() if answer.file_to_stream else None
    assert client.post(f"/reports/{report.pk}/again/").status_code == 404
    client.force_login(make_user("eve", role="client", client=make_client("other")))
    for path in (report.get_absolute_url(), f"/reports/{report.pk}/pdf/"):
        assert client.get(path).status_code == 404


# --- files for spreadsheets


HOSTILE = [
    "=1",
    "+1",
    "-1",
    "@x",
    "\t=1",
    "\r=1",
    "\n=1",
    "|x",
    "%x",
    " =1",
    "\xa0=1",
    '"=1',
    "'=1",
    ";=1",
    ",=1",
    "＝1",
    "＋1",
    "－1",
    "＠x",
]


@pytest.mark.parametrize("text", HOSTILE)
def test_a_text_that_looks_like_a_formula_is_marked_in_a_table(text):
    assert safe(text) == f"'{text}"


@pytest.mark.parametrize("cell", ["plain", "a=b", "5 - 3", "", -5, 0.25, "Å"])
def test_other_cells_are_left_as_they_are(cell):
    assert safe(cell) == cell


def test_a_workbook_keeps_hostile_texts_as_texts_and_long_lists_in_constant_memory(tmp_path: Path):
    target = tmp_path / "x.xlsx"
    write(
        target,
        [Sheet("[a]:*?/\\'" + "n" * 40, [["h"], *([text] for text in HOSTILE)]), Sheet("n", [[1], [-5], [None]])],
    )
    book = load_workbook(target)
    assert [row[0].data_type for row in book.worksheets[0].iter_rows()] == ["s"] * (len(HOSTILE) + 1)
    assert book.worksheets[1]["A2"].value == -5
