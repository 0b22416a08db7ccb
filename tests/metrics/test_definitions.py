"""The pages and the API that say how figures are computed, and three ways of asking the same question."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone, translation

from metrics import compute, definitions, formats, nothing, symbols, threeways
from metrics.catalog import KPIS
from metrics.compute import Query
from metrics.grains import zone
from metrics.period import Period
from tests.factories import make_case, make_contact, make_customer, make_user
from tickets.models import Agreement, Contact, User

OCTOBER = "start=2025-10-01&end=2025-11-01&as_of=2025-11-05T12:00:00Z"


@pytest.fixture
def manager(client: Client) -> Client:
    client.force_login(make_user("boss", role="manager"))
    return client


def page(client: Client, address: str) -> str:
    response = client.get(address)
    assert response.status_code == 200, address
    return response.content.decode()


# --- declarations


@pytest.mark.parametrize("key", KPIS)
def test_every_kpi_says_what_it_asks_how_it_is_computed_and_how_it_is_gamed(key: str) -> None:
    kpi = KPIS[key]
    for text in (kpi.question, kpi.formula, kpi.symbols, kpi.gamed, kpi.source.name):
        assert str(text).strip(), key
    assert "Watch" in str(kpi.gamed) or "watch" in str(kpi.gamed), "it says what to watch beside it"
    assert kpi.history[-1].number == kpi.definition_version
    assert [version.number for version in kpi.history] == list(range(1, kpi.definition_version + 1))


@pytest.mark.parametrize("key", KPIS)
def test_what_is_watched_beside_a_kpi_is_in_the_catalogue_and_another_one(key: str) -> None:
    assert KPIS[key].beside
    assert {*KPIS[key].beside} <= KPIS.keys() - {key}


def test_no_letter_is_explained_that_no_formula_has() -> None:
    written = {letter for kpi in KPIS.values() for letter, _meaning in symbols.letters(kpi.slug, kpi.symbols)}
    assert written == {*symbols.LETTERS, *(letter for own in symbols.OWN.values() for letter in own)}


def test_variants_differ_in_their_formula_and_their_letters_are_explained() -> None:
    for slug in {kpi.slug for kpi in KPIS.values()}:
        family = [kpi for kpi in KPIS.values() if kpi.slug == slug]
        formulas = [kpi.symbols for kpi in family]
        # The headline of the service level is the variant that is agreed unless agreed otherwise.
        same = 1 if slug == "service-level" else 0
        assert len(set(formulas)) == len(formulas) - same, slug
        for kpi in family:
            known = {letter for letter, _meaning in symbols.letters(kpi.slug, kpi.symbols)}
            used = set(re.findall(r"[A-Za-z]+(?:_[A-Za-z0-9]+)?", kpi.symbols)) - symbols.WORDS
            assert used == known, kpi.key


def test_the_terms_that_a_kpi_depends_on_are_terms_of_an_agreement() -> None:
    known = {*Agreement.TERMS, "calendar", "service_levels"}
    assert {term for kpi in KPIS.values() for term in kpi.terms} <= known
    assert "calendar" in KPIS["time-to-resolution"].terms
    assert not KPIS["time-to-resolution:calendar"].terms


def test_a_formula_in_letters_has_its_subscripts_low_and_nothing_runs() -> None:
    assert symbols.html("A_T / (A + B − B_s)") == "A<sub>T</sub> / (A + B − B<sub>s</sub>)"
    assert symbols.html("<b>_x") == "&lt;b&gt;_x"


# --- pages


@pytest.mark.django_db
def test_the_index_finds_by_every_word_and_shows_a_variant_under_its_kpi(manager: Client) -> None:
    html = page(manager, "/metrics/definitions/")
    assert html.count("list-group-item-action") == len({kpi.slug for kpi in KPIS.values()})
    found = page(manager, "/metrics/definitions/?q=ABANDONED+threshold&period=7d")
    assert "/metrics/definitions/service-level/?period=7d" in found
    assert "/metrics/definitions/csat/" not in found
    assert "Nothing found" in page(manager, "/metrics/definitions/?q=zzz")
    part = manager.get("/metrics/definitions/?q=wait", headers={"HX-Request": "true"}).content.decode()
    assert part.strip().startswith('<div id="found"')


@pytest.mark.django_db
def test_it_is_searched_in_the_readers_language() -> None:
    with translation.override("sv"):
        assert [kpi.slug for group in definitions.index("svarsfrekvens", User(role="manager")) for kpi in group.kpis][
            :1
        ] == ["response-rate"]


def test_a_page_shows_numerator_denominator_and_their_rows(golden: Path, manager: Client) -> None:
    html = page(manager, f"/metrics/definitions/service-level/?{OCTOBER}&queue=support")
    row = html[html.index("<code>service-level:sl3</code>") :]
    links = re.findall(r'<a href="([^"]+)">(\d+)</a>', row)[:2]
    assert [n for _url, n in links] == ["7", "13"]
    for url, n in links:
        assert f'badge ms-1 number">{n}<' in page(manager, url.replace("&amp;", "&"))
    assert "A<sub>T</sub> / (A + B − B<sub>s</sub>)" in html
    for words in ("How it can be made to look good", "Where authorities disagree", "Versions of the definition"):
        assert words in html


def test_a_page_says_what_is_left_out_and_how_many_of_each(golden: Path, manager: Client) -> None:
    html = page(manager, f"/metrics/definitions/asa/?{OCTOBER}&channel=phone")
    left = html[html.index("What is left out") :]
    found = re.search(r'<span>Short abandonment</span> <a class="number" href="([^"]+)">1</a>', left)
    assert found
    assert ">C04<" in page(manager, found[1].replace("&amp;", "&"))
    # What could be a reason and is none here is said too; what the figure counts is no reason.
    assert re.search(r'<span>Spam</span> <span class="number">0</span>', left)
    assert "<span>Answered</span>" not in left


@pytest.mark.django_db
def test_every_number_leads_to_how_it_is_computed(manager: Client) -> None:
    make_contact()
    html = page(manager, "/metrics/?period=7d")
    for element in ("tile-asa-how", "how-asa", "tile-csat-how"):
        assert re.search(rf'id="{element}" href="/metrics/definitions/(asa|csat)/\?', html), element
    assert "/metrics/definitions/asa/" in page(manager, "/metrics/asa/rows/?period=7d")
    for address in ("/metrics/export/figures.csv", "/metrics/export/queues.csv", "/metrics/asa/rows.csv"):
        link = manager.get(f"{address}?period=7d")["Link"]
        assert re.search(r'^<http.*/metrics/definitions/(asa/)?>; rel="describedby"$', link), address
    assert "/metrics/definitions/asa/" in manager.get("/metrics/export/figures.csv?period=7d").content.decode()


@pytest.mark.django_db
def test_the_address_of_before_leads_to_the_page_with_its_question(manager: Client) -> None:
    moved = manager.get("/metrics/asa/?period=7d&channel=phone")
    assert (moved.status_code, moved["Location"]) == (301, "/metrics/definitions/asa/?period=7d&channel=phone")


@pytest.mark.django_db
def test_no_kpi_is_called_as_a_page_is() -> None:
    assert not {"audit", "cards", "definitions", "export", "three-ways"} & {kpi.slug for kpi in KPIS.values()}


@pytest.mark.django_db
def test_more_contacts_take_no_more_queries(manager: Client) -> None:
    def count(address: str) -> int:
        with CaptureQueriesContext(connection) as captured:
            page(manager, address)
        return len(captured)

    for address in (
        "/metrics/definitions/fcr/?period=7d",
        "/metrics/definitions/",
        "/metrics/three-ways/agent/yes/no/",
    ):
        make_contact(customer=make_customer())
        count(address)
        before = count(address)
        for _ in range(3):
            make_contact(customer=make_customer())
        assert count(address) == before, address


# --- where there is nothing to count


def why_nothing(client: Client, key: str, question: str = "period=28d") -> str:
    html = page(client, f"/metrics/definitions/{key}/?{question}")
    found = re.search(r'id="nothing">(.*?)</p>', html, re.DOTALL)
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", "", found[1])).strip() if found else ""


@pytest.mark.django_db
def test_every_figure_that_shows_a_dash_says_why() -> None:
    asked = Query(october().period)
    (row,) = compute.values(KPIS.values(), asked)
    for key, value in row.values.items():
        said = nothing.why(KPIS[key], value, asked, {}, {})
        assert bool(said) == (formats.figure(KPIS[key], value) == formats.NOTHING), key


@pytest.mark.django_db
def test_a_log_of_contacts_alone_is_told_that_first_contact_resolution_needs_cases(manager: Client) -> None:
    make_contact()
    assert why_nothing(manager, "fcr").startswith("This log holds no cases")
    assert why_nothing(manager, "aht") == ""
    with translation.override("fi"):
        assert "ei ole tapauksia" in str(nothing.NO_LOG["case"])


@pytest.mark.django_db
def test_what_is_all_left_out_is_said_with_how_many_and_why(manager: Client) -> None:
    for flags in (["test"], ["spam"], ["spam"]):
        make_contact(flags=flags)
    found = why_nothing(manager, "aht")
    assert found == "No contact of this period can be counted. Left out are 3, by reason – Spam: 2; Test: 1."


@pytest.mark.django_db
def test_cases_whose_window_has_not_passed_are_said_to_be_provisional(manager: Client) -> None:
    customer, agent = make_customer(), make_user("anna")
    case = make_case(customer=customer)
    make_contact(customer=customer, case=case, agent=agent)
    assert "Provisional: the window has not passed: 1" in why_nothing(manager, "fcr")


@pytest.mark.django_db
def test_an_empty_period_is_told_apart_from_an_empty_log(manager: Client) -> None:
    make_contact(at=timezone.now() - timedelta(days=200))
    assert why_nothing(manager, "aht").startswith("In this period and with these filters there is nothing to count")


# --- API


@pytest.mark.django_db
def test_the_api_says_the_same_as_the_page(manager: Client) -> None:
    found = manager.get("/api/v1/kpis/service-level/").json()
    assert (found["symbols"], found["letters"]["B_s"][:9]) == ("A_T / (A + B − B_s)", "of these,")
    assert "late already" in found["gamed"]
    assert "Eight formulas" in found["decision"]
    assert found["history"] == [{"version": 1, "since": "2026-11-24", "change": "First definition"}]
    assert {"reason": "short_abandon", "label": "Short abandonment"} in found["excluded"]
    assert [one["key"] for one in found["variants"]][:3] == ["service-level", "service-level:sl1", "service-level:sl2"]
    assert manager.get("/api/v1/kpis/wait/").json()["variants"][0]["key"] == "wait:p50"
    assert manager.get("/api/v1/kpis/mood/").status_code == 404
    assert {"symbols", "gamed", "history"} <= set(manager.get("/api/v1/kpis/").json()[0])
    manager.force_login(make_user(role="agent"))
    assert manager.get("/api/v1/kpis/asa/").status_code == 404


# --- three ways


def october() -> Query:
    return Query(
        Period(datetime(2025, 9, 30, 22, tzinfo=UTC), datetime(2025, 10, 31, 23, tzinfo=UTC), zone()),
        as_of=datetime(2025, 11, 5, 12, tzinfo=UTC),
    )


def test_the_logs_way_is_the_kpi_and_the_cells_add_up(golden: Path) -> None:
    singles, counts = threeways.ways(october())
    fcr = compute.values([KPIS["fcr"]], october())[0].values["fcr"]
    log = singles[0]
    assert (log.solved, log.known) == (fcr.numerator, fcr.denominator) == (8, 16)
    survey = [n for (way, _log, _other), n in counts.items() if way == "survey"]
    assert sum(survey) == singles[2].known
    for (way, said, other), n in counts.items():
        assert len(threeways.cases(october(), way, log=said, other=other, limit=50)) == n


@pytest.mark.django_db
def test_what_the_agent_said_stands_beside_what_followed(manager: Client) -> None:
    agent, at = make_user("anna"), timezone.now() - timedelta(days=20)
    for said, returns in ((True, False), (True, True), (False, False), (None, False)):
        customer = make_customer()
        case = make_case(customer=customer, at=at)
        first = make_contact(customer=customer, case=case, agent=agent, at=at)
        Contact.objects.filter(pk=first.pk).update(solved=said)
        case.resolve(by=agent, at=first.handled_end_at + timedelta(minutes=1))
        if returns:
            make_contact(customer=customer, case=case, agent=agent, at=at + timedelta(days=2))
    html = page(manager, "/metrics/definitions/fcr/?period=28d")
    square = re.sub(r"<[^>]+>", " ", html[html.index("By the agent at wrap-up: 3 cases") :])
    assert re.search(
        r"Log: yes\s+1\s+1\s+The agent was more careful.*?Log: no\s+1\s+Called solved.*?0\s", square, re.DOTALL
    )
    link = re.search(r'href="(/metrics/three-ways/agent/no/yes/[^"]+)"', html)
    assert link
    assert page(manager, link[1].replace("&amp;", "&")).count('<td class="id">') == 1
    for wrong in ("agent/no/perhaps", "mood/yes/no", "log/yes/no"):
        assert manager.get(f"/metrics/three-ways/{wrong}/").status_code == 404
    assert manager.get("/metrics/three-ways/agent/no/yes/?page=x").status_code == 400
