"""The dashboard and the pages below it, over HTTP."""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from datetime import UTC, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from metrics import compute, drill, rows, views
from metrics.board import CARDS
from metrics.catalog import KPIS
from metrics.period import Period
from tests.factories import make_contact, make_customer, make_queue, make_team, make_user
from tickets import tables

OCTOBER = "start=2025-10-01&end=2025-11-01&as_of=2025-11-05T12:00:00Z"


@pytest.fixture
def manager(client: Client) -> Client:
    client.force_login(make_user("boss", role="manager"))
    return client


def text_of(html: str, element: str) -> str:
    """The words inside the element of that id."""
    found = re.search(rf'<article[^>]*id="{element}".*?</article>', html, re.DOTALL)
    assert found, element
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", found[0])).replace("\N{NO-BREAK SPACE}", " ").strip()


def page(client: Client, path: str, **more: Any) -> str:
    response = client.get(path, **more)
    assert response.status_code == 200, (path, response.status_code)
    return response.content.decode()


# --- who


ADDRESSES = [
    "/metrics/",
    "/metrics/cards/",
    "/metrics/cards/asa/",
    "/metrics/export/figures.csv",
    "/metrics/definitions/",
    "/metrics/definitions/asa/",
    "/metrics/three-ways/survey/yes/no/",
    "/metrics/asa/rows/",
    "/metrics/asa/rows.csv",
]


@pytest.mark.django_db
@pytest.mark.parametrize("address", ADDRESSES)
def test_figures_exist_only_for_who_may_see_figures(client: Client, address: str) -> None:
    assert client.get(address).status_code == 302  # to the login page
    client.force_login(make_user(role="agent"))
    assert client.get(address).status_code == 404
    client.force_login(make_user(role="lead"))
    assert client.get(address).status_code == 200
    client.force_login(make_user(role="manager"))
    assert client.get(address).status_code == 200
    assert client.post(address).status_code == 405


@pytest.mark.django_db
def test_a_lead_sees_the_figures_rows_and_filters_of_her_queues_only(client: Client) -> None:
    mine, others = make_queue("mine"), make_queue("others", teams=[make_team("other")])
    make_contact(queue=mine, external_id="my-contact")
    make_contact(queue=others, external_id="their-contact")
    client.force_login(make_user(role="lead"))
    html = page(client, "/metrics/?period=7d")
    assert text_of(html, "tile-offered").startswith("Offered 1 ")
    assert "others" not in html.lower()
    rows = page(client, "/metrics/offered/rows/?period=7d")
    assert "my-contact" in rows
    assert "their-contact" not in rows
    assert "their-contact" not in b"".join(client.get("/metrics/offered/rows.csv?period=7d").streaming_content).decode()
    # Asking for the other queue by name gives nothing, not an error that tells that it exists with contacts.
    assert "their-contact" not in page(client, "/metrics/offered/rows/?period=7d&queue=others")


@pytest.mark.django_db
def test_what_is_not_in_the_catalogue_is_not_found(manager: Client) -> None:
    for address in ("/metrics/mood/", "/metrics/mood/rows/", "/metrics/cards/mood/", "/metrics/export/mood.csv"):
        assert manager.get(address).status_code == 404, address


@pytest.mark.django_db
def test_a_bad_address_says_which_part(manager: Client) -> None:
    response = manager.get("/metrics/?queue=nowhere")
    assert response.status_code == 400
    assert "<code>queue</code>" in response.content.decode()
    assert manager.get(f"/metrics/asa/rows/?{OCTOBER}&after=made-up").status_code == 400
    assert manager.get(f"/metrics/asa/rows/?{OCTOBER}&set=all").status_code == 400


# --- the same number everywhere


def test_cards_show_the_figures_that_were_derived_by_hand(golden: Path, manager: Client) -> None:
    html = page(manager, f"/metrics/?{OCTOBER}&queue=support")
    assert "53.8 % 7 of 13 95% sure: 29.1 % to 76.8 %" in text_of(html, "tile-service-level")
    assert "19.4 s 11 contacts" in text_of(html, "tile-asa")
    assert "13.3 % 2 of 15" in text_of(html, "tile-abandonment")
    html = page(manager, f"/metrics/?{OCTOBER}")
    assert "8 of 16" in text_of(html, "tile-fcr")
    assert "+ 2 provisional not compared: provisional" in text_of(html, "tile-fcr")
    # Eight answers: the fraction, no percentage.
    assert "6 of 8" in text_of(html, "tile-csat")
    assert "%" not in text_of(html, "tile-csat")
    assert "+10" in text_of(html, "tile-nps")


def test_card_api_and_rows_agree_for_every_card(golden: Path, manager: Client) -> None:
    html = page(manager, f"/metrics/?{OCTOBER}")
    for key, kpi in CARDS.items():
        answer = manager.get(f"/api/v1/kpis/values/?kpi={key}&{OCTOBER}").json()["rows"][0]["kpis"][key]
        link = re.search(rf'id="tile-{key.replace(":", "-")}-rows" class="number" href="([^"]+)"', html)
        assert link, key
        rows = page(manager, link[1].replace("&amp;", "&"))
        tabs = {
            code: int(n) for code, n in re.findall(r'id="tab-(\w+)".*?<span class="badge ms-1 number">(\d+)<', rows)
        }
        listed = {
            which: exported(manager, f"/metrics/{key}/rows.csv?{OCTOBER}&set={which}") for which in tabs
        }  # every row of each set
        assert {which: len(lines) for which, lines in listed.items()} == tabs, key
        if kpi.denominator is None:
            n = answer["n"] if kpi.percentile else None
            assert tabs["numerator"] == (n if n is not None else answer["value"] if kpi.slug != "longest-wait" else 19)
        elif "denominator" in tabs:
            assert tabs["denominator"] == answer["denominator"], key
            if kpi.unit == "share":
                assert tabs["numerator"] == answer["numerator"], key
        else:
            assert tabs["numerator"] == answer["denominator"], key


def exported(client: Client, address: str) -> list[dict[str, str]]:
    body = b"".join(client.get(address).streaming_content).decode("utf-8-sig")
    return list(csv.DictReader(io.StringIO(body)))


def test_left_out_rows_are_grouped_by_their_reason(golden: Path, manager: Client) -> None:
    address = f"/metrics/asa/rows/?{OCTOBER}&channel=phone&set=excluded"
    html = page(manager, address)
    assert "Short abandonment" in html
    link = re.search(
        r'href="([^"]*reason=short_abandon[^"]*)"[^>]*>Short abandonment <span class="number ms-1">1<', html
    )
    assert link
    only = page(manager, link[1].replace("&amp;", "&"))
    assert ">C04<" in only
    assert ">C06<" not in only


def test_the_table_by_queue_adds_up_and_links_to_the_rows(golden: Path, manager: Client) -> None:
    html = page(manager, f"/metrics/?{OCTOBER}")
    table = html[html.index('id="queues-part"') :]
    links = re.findall(r'href="(/metrics/offered/rows/\?[^"]*queue=[^"]*)">(\d+)<', table)
    assert sum(int(n) for _link, n in links) == 25
    for link, n in links:
        assert f'badge ms-1 number">{n}<' in page(manager, link.replace("&amp;", "&"))


def test_paging_through_the_rows_shows_each_once(
    golden: Path, manager: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("metrics.drill.PAGE", 4)
    address, seen = f"/metrics/offered/rows/?{OCTOBER}", []
    while address:
        html = page(manager, address)
        seen += re.findall(r'href="/contacts/[^"]*">(C\d+)<', html)
        more = re.search(r'rel="next" href="([^"]+)"', html)
        address = more[1].replace("&amp;", "&") if more else ""
    assert len(seen) == len(set(seen)) == 25


def test_a_definition_page_puts_the_variants_side_by_side(golden: Path, manager: Client) -> None:
    html = page(manager, f"/metrics/definitions/service-level/?{OCTOBER}&channel=phone")
    for variant in range(1, 9):
        assert f"service-level:sl{variant}" in html
    cells = re.sub(r"<[^>]+>", " ", html)
    for top, base in ((7, 11), (7, 14), (7, 13), (7, 12), (9, 14), (8, 14), (9, 16), (7, 15)):
        assert re.search(rf"\s{top}\s+{base}\s", cells), (top, base)
    assert "Genesys" in html
    assert "Abandonment" in html[html.index("Watch beside it") :]
    assert manager.get("/metrics/definitions/wait/").status_code == 200  # a KPI that has only variants


@pytest.mark.django_db
def test_every_kpi_has_its_page_and_its_rows(manager: Client) -> None:
    make_contact(customer=make_customer())
    for slug in {kpi.slug for kpi in KPIS.values()}:  # a page shows all variants
        assert manager.get(f"/metrics/definitions/{slug}/?period=7d").status_code == 200, slug
    now = timezone.now()
    query = compute.Query(Period(now - timedelta(days=7), now, UTC))
    for n, (key, kpi) in enumerate(KPIS.items()):
        sets = [which for which in rows.SETS if which != "rest" or drill.has_rest(kpi)]
        which = sets[n % len(sets)]
        assert manager.get(f"/metrics/{key}/rows/?period=7d&set={which}").status_code == 200, key
        assert drill.has_rest(kpi) or manager.get(f"/metrics/{key}/rows/?period=7d&set=rest").status_code == 400, key
        for other in (one for one in sets if one != which):
            assert len(rows.page(kpi, query, other).rows) <= 1, (key, other)


# --- without enough, and without anything


@pytest.mark.django_db
def test_an_empty_period_says_what_to_do(manager: Client) -> None:
    html = page(manager, "/metrics/?period=7d")
    assert "import a log, or log a contact" in html
    assert text_of(html, "tile-asa") == "Average speed of answer – No contacts"
    assert 'id="chart-data"' not in html


@pytest.mark.django_db
def test_what_takes_too_long_does_not_hold_the_page(manager: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    make_contact()
    real = compute.values

    def slow(kpis: Any, query: Any) -> Any:
        if any(kpi.percentile for kpi in kpis):
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_sleep(5)")
        return real(kpis, query)

    monkeypatch.setattr(views, "PAGE_SECONDS", 2)
    monkeypatch.setattr(views, "CARD_SECONDS", 0.6)
    monkeypatch.setattr(compute, "values", slow)
    html = page(manager, "/metrics/?period=7d")
    assert "Still counting" in text_of(html, "tile-wait-p90")
    assert re.search(r'id="tile-wait-p90"[^>]*hx-get="/metrics/cards/wait:p90/\?period=7d" hx-trigger="load"', html)
    assert text_of(html, "tile-offered").startswith("Offered 1")
    # By itself it has more time; where that is not enough either, it says so and does not ask again.
    alone = page(manager, "/metrics/cards/wait:p90/?period=7d")
    assert "choose a shorter period" in alone
    assert "hx-get" not in alone


@pytest.mark.django_db
def test_a_card_is_one_fragment_and_a_refresh_is_those_that_changed(manager: Client) -> None:
    make_contact()
    fragment = page(manager, "/metrics/cards/asa/?period=7d")
    assert fragment.strip().startswith("<article")
    assert "10 s" in text_of(fragment, "tile-asa")
    surveys = page(manager, "/metrics/cards/?period=7d&kind=invitation")
    assert 'id="tile-csat"' in surveys
    assert 'id="tile-asa"' not in surveys
    assert 'id="chart-part"' not in surveys
    contacts = page(manager, "/metrics/cards/?period=7d&kind=contact")
    assert 'id="tile-csat"' not in contacts
    for part in ("tile-asa", "chart-part", "queues-part"):
        assert re.search(rf'id="{part}"[^>]*hx-swap-oob="true"', contacts), part
    assert 'id="tile-fcr"' in page(manager, "/metrics/cards/?period=7d&kind=case")
    assert page(manager, "/metrics/cards/?period=7d").count("<article") == len(CARDS)


@pytest.mark.django_db
def test_only_a_page_whose_period_includes_now_listens(manager: Client) -> None:
    assert 'data-live="/live/?topics=figures,me"' in page(manager, "/metrics/?period=today")
    for still in ("period=yesterday", f"{OCTOBER}", "period=today&as_of=2026-01-01"):
        assert 'data-live=""' in page(manager, f"/metrics/?{still}")


@pytest.mark.django_db
def test_the_table_is_sorted_by_the_server_and_few_rows_are_not_ranked(manager: Client) -> None:
    few, many, more = make_queue("few"), make_queue("many"), make_queue("more")
    agent = make_user()
    at = timezone.now() - timedelta(days=1)
    for queue, n, wait in ((few, 3, 100), (many, 30, 10), (more, 31, 50)):
        for i in range(n):
            make_contact(queue=queue, wait=wait, agent=agent, at=at + timedelta(minutes=i))

    def order(query: str) -> list[str]:
        table = page(manager, f"/metrics/?period=7d&{query}").partition('id="queues-part"')[2]
        return re.findall(r'<th scope="row"><a [^>]*>(\w+)</a>', table)

    assert order("sort=asa&dir=desc") == ["More", "Many", "Few"]
    assert order("sort=asa&dir=asc") == ["Many", "More", "Few"]
    assert order("sort=offered") == ["More", "Many", "Few"]
    assert order("sort=queue&dir=asc") == ["Few", "Many", "More"]
    assert "shown, but not ranked" in page(manager, "/metrics/?period=7d&sort=asa")


# --- CSV


@pytest.mark.parametrize("text", ["=1+1", "+358401234567", "-2", "@SUM(A1)", "\t=1", " =1", "%A"])
def test_text_that_a_spreadsheet_would_run_is_made_text(text: str) -> None:
    assert tables.safe(text) == f"'{text}"


def test_numbers_stay_numbers_and_nothing_stays_empty() -> None:
    assert [tables.safe(cell) for cell in (-4.5, 0, None, "a=b")] == [-4.5, 0, "", "a=b"]


def test_the_csv_holds_what_the_page_shows(golden: Path, manager: Client) -> None:
    response = manager.get(f"/metrics/export/figures.csv?{OCTOBER}&queue=support")
    assert response["Content-Disposition"] == 'attachment; filename="figures.csv"'
    lines = {line["Figure"]: line for line in csv.DictReader(io.StringIO(response.content.decode("utf-8-sig")))}
    assert len(lines) == len(CARDS)
    assert (lines["Service level"]["Numerator"], lines["Service level"]["Denominator"]) == ("7", "13")
    assert lines["Service level"]["Shown"].replace("\N{NO-BREAK SPACE}", " ") == "53.8 %"
    queues = manager.get(f"/metrics/export/queues.csv?{OCTOBER}").content.decode("utf-8-sig")
    assert {line["Code"]: line["Offered"] for line in csv.DictReader(io.StringIO(queues))} == {
        "support": "16",
        "mail": "6",
        "chat": "3",
    }
    chart = manager.get(f"/metrics/export/chart.csv?{OCTOBER}").content.decode("utf-8-sig")
    assert sum(int(line["Offered"]) for line in csv.DictReader(io.StringIO(chart))) == 25


# --- queries


def asked(client: Client, address: str) -> list[str]:
    with CaptureQueriesContext(
        connection,
    ) as captured:
        page(client, address)
    return [query["sql"] for query in captured.captured_queries]


def words(sql: str) -> str:
    for part, word in (
        ("django_session", "the session"),
        ("SAVEPOINT", "a limit of time"),
        ("statement_timeout", "a limit of time"),
        ("FROM tickets_contact", "what is pending, from the log"),
        ("metrics_cell_", "stored cells"),
        ("metrics_record_", "stored records"),
        ("metrics_mark", "whether anything is pending"),
        ('FROM "tickets_agreement"', "the agreements"),
        ("tickets_servicelevel", "what they promise"),
        ('FROM "tickets_user"', "the user"),
        ("metrics_annotation", "what happened"),
        ("metrics_target", "what is aimed at"),
    ):
        if part in sql:
            return word
    return sql


@pytest.mark.django_db
def test_a_card_asks_for_its_value_the_one_before_and_its_trend(manager: Client) -> None:
    make_contact()
    found = Counter(words(sql) for sql in asked(manager, "/metrics/cards/asa/?period=7d"))
    assert found.pop("a limit of time") % 3 == 0
    found.pop("the session", None)
    assert found == {
        "the user": 1,
        "the agreements": 2,  # whose opening hours were in force, now and before
        "whether anything is pending": 3,
        "what is pending, from the log": 3,
        "stored cells": 3,
        "what happened": 1,
        "what is aimed at": 1,
    }


@pytest.mark.django_db
def test_more_contacts_and_queues_take_no_more_queries(manager: Client) -> None:
    make_contact()
    for address in ("/metrics/?period=7d", "/metrics/offered/rows/?period=7d", "/metrics/cards/queues/?period=7d"):
        asked(manager, address)
    before = {
        address: len(asked(manager, address))
        for address in ("/metrics/?period=7d", "/metrics/offered/rows/?period=7d", "/metrics/cards/queues/?period=7d")
    }
    agent = make_user()
    for i in range(12):
        make_contact(queue=make_queue(f"queue-{i}"), agent=agent, customer=make_customer())
    assert {address: len(asked(manager, address)) for address in before} == before
