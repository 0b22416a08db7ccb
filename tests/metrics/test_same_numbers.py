"""Screen, rows, CSV, XLSX, PDF and API say the same number, for whatever period, zone and filters it is asked with.

200 random states over nights on which clocks change, one of them by half an hour. The seed is fixed: a failure comes back.
"""

from __future__ import annotations

import csv
import io
import random
import re
from datetime import UTC, date, datetime, timedelta
from html import unescape
from typing import Any

import pytest
from django.test import Client
from openpyxl import load_workbook
from pypdf import PdfReader

from metrics import formats
from metrics.catalog import KPIS
from metrics.compute import Value
from metrics.refresh import refresh
from metrics.reports import document
from metrics.reports.figures import report_figures
from tests.factories import make_agreement, make_calendar, make_client, make_contact, make_queue, make_topic, make_user
from tickets.models import ApiToken, Contact

pytestmark = pytest.mark.django_db
STATES = 200
ZONES = ["Europe/Stockholm", "Australia/Lord_Howe", "Asia/Kolkata", "America/St_Johns"]
# Stockholm puts its clock back in the night to 26 October, Lord Howe puts it on by half an hour in that to 5 October.
NIGHTS = [datetime(2025, 10, day, 12, tzinfo=UTC) for day in (3, 4, 24, 25, 31)]
CHECKED = (
    "offered",
    "answered",
    "service-level",
    "abandonment",
    "asa",
    "aht",
    "transfer-rate",
    "failure-demand",
    "handled",
)
AS_OF = "2026-03-01T00:00:00Z"


@pytest.fixture
def log() -> None:
    """Two clients' contacts around the nights; one counts its days on Lord Howe Island."""
    draw = random.Random(1)
    island = make_calendar("Island", timezone="Australia/Lord_Howe", country="AU")
    for code in ("north", "island"):
        one = make_client(code, language="en")
        agreement = make_agreement(one, **({"calendar": island} if code == "island" else {}))
        agreement.service_levels.create(channel="phone", threshold_seconds=20, target_share="0.8")
    queues = [make_queue(f"{code}-{n}", client=make_client(code)) for code in ("north", "island") for n in (1, 2)]
    topics = [make_topic(path) for path in ("billing", "billing/invoice", "delivery")]
    agents = [make_user(f"agent{n}") for n in range(3)]
    for n in range(160):
        queue = draw.choice(queues)
        make_contact(
            at=draw.choice(NIGHTS) + timedelta(seconds=draw.randrange(18 * 3600)),
            agent=draw.choice(agents),
            outcome=draw.choice(["answered"] * 3 + ["abandoned"]),
            wait=draw.choice([1, 4.9, 5, 20, 20.4, 60, 300]),
            talk=draw.choice([30, 90.5, 600]),
            queue=queue,
            client=queue.client,
            channel=draw.choice(["phone", "phone", "chat"]),
            topic=draw.choice(topics),
            demand=draw.choice(["failure", "value", "unclear", ""]),
            flags=draw.choice([[], [], [], ["test"]]),
            external_id=draw.choice(["=1+1", "@x", "-5", "plain"]) + f" {n}",
        )
    refresh()


def state(draw: random.Random) -> dict[str, list[str]]:
    """A period in some zone, by dates or by instants, and filters, each of one value or several or none."""
    zone = draw.choice(ZONES)
    if draw.random() < 0.7:
        first = date(2025, 10, draw.randint(1, 30))
        start, end = first.isoformat(), (first + timedelta(days=draw.choice([1, 1, 2, 7, 31]))).isoformat()
    else:
        moment = draw.choice(NIGHTS) + timedelta(minutes=15 * draw.randrange(60))
        start, end = moment.isoformat(), (moment + timedelta(hours=draw.choice([1, 3, 24]))).isoformat()
    asked = {"start": [start], "end": [end], "tz": [zone], "as_of": [AS_OF]}
    choices = {
        "client": ["north", "island"],
        "queue": ["north-1", "north-2", "island-1", "island-2"],
        "channel": ["phone", "chat"],
        "topic": ["billing", "billing/invoice", "delivery"],
    }
    for name, values in choices.items():
        if draw.random() < 0.3:
            asked[name] = draw.sample(values, draw.randint(1, 2))
    return asked


def cells_of_csv(content: bytes) -> list[list[str]]:
    return list(csv.reader(io.StringIO(content.decode("utf-8-sig"))))


def cells_of_workbook(content: bytes) -> list[tuple[Any, ...]]:
    book = load_workbook(io.BytesIO(content), read_only=True)
    return list(book.worksheets[0].iter_rows(values_only=True))


def body(answer: Any) -> bytes:
    assert answer.status_code == 200, answer.content
    content = b"".join(answer.streaming_content) if answer.streaming else answer.content
    for closing in answer._resource_closers if answer.streaming else []:
        closing()
    return content


def same_cell(text: str, cell: Any) -> bool:
    """Whether both files say the same; the CSV marks a text that looks like a formula, the workbook need not."""
    if cell is None:
        return text == ""
    if isinstance(cell, bool):
        return text == str(cell)
    if isinstance(cell, int | float):
        return abs(float(text) - cell) <= 1e-9 * max(1, abs(cell))
    if isinstance(cell, datetime):
        return True  # the wall clock of the period's zone; the CSV names the offset
    return text.removeprefix("'") == cell


def test_screen_rows_csv_workbook_and_api_agree_in_200_random_states(client, log):
    client.force_login(make_user("boss", role="manager"))
    program = Client(headers={"Authorization": f"Bearer {ApiToken.issue(make_user(role='manager'))}"})
    draw, seen = random.Random(2), 0
    for number in range(STATES):
        asked, kpi = state(draw), KPIS[draw.choice(CHECKED)]
        which = draw.choice(["numerator", "denominator", "excluded"]) if kpi.denominator else "numerator"
        where = (number, kpi.key, which, asked)
        (row,) = program.get("/api/v1/kpis/values/", {**asked, "kpi": kpi.key}).json()["rows"]
        said = row["kpis"][kpi.key]
        value = Value(said["value"], said.get("numerator"), said.get("denominator"))
        page = body(client.get(f"/metrics/{kpi.key}/rows/", {**asked, "set": which})).decode()
        figure = re.search(r'class="tile-figure number">([^<]*)<', page)
        assert figure is not None
        assert unescape(figure[1]) == formats.figure(kpi, value), where
        tabs = re.findall(r'id="tab-(\w+)".*?</a>', page)
        badges = dict(zip(tabs, re.findall(r'badge ms-1 number">([^<]*)<', page), strict=False))
        table = cells_of_csv(body(client.get(f"/metrics/{kpi.key}/rows.csv", {**asked, "set": which})))
        book = cells_of_workbook(body(client.get(f"/metrics/{kpi.key}/rows.xlsx", {**asked, "set": which})))
        assert len(table) == len(book), where
        for line, cells in zip(table, book, strict=True):
            assert all(same_cell(text, cell) for text, cell in zip(line, cells, strict=True)), (where, line, cells)
        if which in badges and len(badges) == len(tabs):
            assert badges[which] == formats.number(len(table) - 1), where
        counted = {"numerator": said.get("numerator", said["value"]), "denominator": said.get("denominator")}.get(which)
        if counted is not None and not (kpi.numerator.value and which == "numerator"):
            assert len(table) - 1 == counted, where
        seen += bool(said["value"])
    assert seen > STATES / 3  # most states have something to count


def test_cards_and_their_files_say_what_the_api_says(client, log):
    client.force_login(make_user("boss", role="manager"))
    program = Client(headers={"Authorization": f"Bearer {ApiToken.issue(make_user(role='manager'))}"})
    draw = random.Random(3)
    for _number in range(4):
        asked = state(draw)
        table = cells_of_csv(body(client.get("/metrics/export/figures.csv", {**asked, "compare": "none"})))
        book = cells_of_workbook(body(client.get("/metrics/export/figures.xlsx", {**asked, "compare": "none"})))
        assert next(list(line) for line in table) == list(book[0])
        for line, cells in zip(table[1:], book[1:], strict=True):
            key = line[-1].rpartition("definitions/")[2].strip("/")
            (row,) = program.get("/api/v1/kpis/values/", {**asked, "kpi": key}).json()["rows"]
            value = row["kpis"][key]["value"]
            assert (float(line[3]) if line[3] else None) == pytest.approx(value), (key, asked)
            assert cells[3] == pytest.approx(value), (key, asked)


def test_the_document_says_what_the_api_says_on_the_island_too(client, log):
    program = Client(headers={"Authorization": f"Bearer {ApiToken.issue(make_user(role='manager'))}"})
    as_of = datetime.fromisoformat(AS_OF)
    for code, zone in (("north", "Europe/Stockholm"), ("island", "Australia/Lord_Howe")):
        figures = report_figures(make_client(code), date(2025, 10, 1), "en", as_of)
        assert figures["period"]["tz"] == zone
        text = " ".join(page.extract_text() for page in PdfReader(io.BytesIO(document.pdf(figures))).pages)
        text = re.sub(r"\s+", " ", text)
        month = {"start": "2025-10-01", "end": "2025-11-01", "tz": zone, "client": code, "as_of": AS_OF}
        for key in ("offered", "answered", "service-level", "abandonment", "asa", "aht", "failure-demand"):
            (row,) = program.get("/api/v1/kpis/values/", {**month, "kpi": key}).json()["rows"]
            said = row["kpis"][key]
            value = Value(said["value"], said["numerator"], said["denominator"])
            assert f"{KPIS[key].name} {formats.figure(KPIS[key], value)}".replace("\xa0", " ") in text, (code, key)
        days = program.get("/api/v1/kpis/values/", {**month, "kpi": "offered", "by": "day"}).json()["rows"]
        by_day = {row["by"]["day"]: row["kpis"]["offered"]["value"] for row in days}
        shown = {row["key"]: row["cells"][0]["value"] for row in figures["days"]["rows"]}
        assert {day: n for day, n in shown.items() if n} == by_day
        assert (
            sum(by_day.values())
            == Contact.objects.filter(
                client__code=code, is_valid=True, direction="inbound", outcome__in=["answered", "abandoned"]
            )
            .filter(started_at__gte=figures["period"]["start"], started_at__lt=figures["period"]["end"])
            .count()
        )
