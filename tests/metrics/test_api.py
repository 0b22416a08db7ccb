"""The KPIs over HTTP, as other systems ask for them."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from django.test import Client

from metrics.catalog import KPIS
from tests.factories import make_contact, make_queue, make_team, make_user
from tickets.models import ApiToken

OCTOBER = "start=2025-10-01&end=2025-11-01&tz=Europe/Stockholm&as_of=2025-11-05T12:00:00Z"


def caller(role: str = "manager") -> Client:
    return Client(headers={"Authorization": f"Bearer {ApiToken.issue(make_user(role=role))}"})


def values(client: Client, question: str) -> dict:
    answer = client.get(f"/api/v1/kpis/values/?{question}&{OCTOBER}")
    assert answer.status_code == 200, answer.content
    return answer.json()


def test_the_catalogue_says_how_each_figure_is_computed(db) -> None:
    found = caller().get("/api/v1/kpis/").json()
    assert {kpi["key"] for kpi in found} == set(KPIS)
    for kpi in found:
        assert all([kpi["name"], kpi["question"], kpi["formula"], kpi["dated_by"], kpi["source"]["name"]]), kpi


def test_values_by_day_have_parts_interval_and_what_is_provisional(golden) -> None:
    answer = values(caller(), "kpi=service-level&kpi=fcr&channel=phone&by=day")
    rows = {row["by"]["day"]: row["kpis"] for row in answer["rows"]}
    level = rows["2025-10-06"]["service-level"]
    assert (level["value"], level["numerator"], level["denominator"]) == (pytest.approx(1 / 3), 2, 6)
    assert (level["low"], level["high"]) == (pytest.approx(0.0968, abs=1e-4), pytest.approx(0.7, abs=1e-4))
    assert rows["2025-10-31"]["fcr"] == {
        "value": None, "numerator": 0, "denominator": 0, "low": None, "high": None, "provisional": 1, "definition": 1,
    }  # fmt: skip
    assert "2025-10-12" not in rows
    assert answer["start"] == "2025-10-01T00:00:00+02:00"
    assert answer["end"] == "2025-11-01T00:00:00+01:00"


def test_without_a_split_there_is_one_row_even_when_nothing_happened(db) -> None:
    answer = values(caller(), "kpi=asa&kpi=offered&kpi=wait:p90")
    assert [row["by"] for row in answer["rows"]] == [{}]
    kpis = answer["rows"][0]["kpis"]
    assert kpis["asa"]["value"] is None
    assert kpis["offered"]["value"] == 0
    assert (kpis["wait:p90"]["value"], kpis["wait:p90"]["n"]) == (None, 0)


def test_rows_are_paged_and_an_excluded_one_says_why(golden) -> None:
    client = caller()
    seen, url = [], f"/api/v1/kpis/asa/rows/?set=denominator&channel=phone&page_size=4&{OCTOBER}"
    while url:
        page = client.get(url).json()
        seen += [row["contact_id"] for row in page["results"]]
        url = page["next"]
    assert seen == ["C01", "C02", "C03", "C07", "C09", "C08", "C13", "C23", "C36", "C14", "C15"]
    excluded = client.get(f"/api/v1/kpis/asa/rows/?set=excluded&channel=phone&reason=flow_out&{OCTOBER}").json()
    assert [(row["contact_id"], row["reason"]) for row in excluded["results"]] == [
        ("C11", "flow_out"),
        ("C19", "flow_out"),
    ]


def test_a_variant_has_its_own_rows(golden) -> None:
    page = caller().get(f"/api/v1/kpis/longest-wait:answered/rows/?channel=phone&{OCTOBER}").json()
    assert len(page["results"]) == 11


@pytest.mark.parametrize(
    ("path", "field"),
    [
        ("values/?kpi=nonsense", "kpi"),
        ("values/?kpi=offered&by=colour", "by"),
        ("values/?kpi=offered&channel=fax", "channel"),
        ("offered/rows/?set=everything", "set"),
        ("offered/rows/?page_size=0", "page_size"),
        ("offered/rows/?cursor=made-up", "cursor"),
    ],
)
def test_a_bad_question_is_a_problem_that_names_the_parameter(db, path: str, field: str) -> None:
    answer = caller().get(f"/api/v1/kpis/{path}&{OCTOBER}")
    assert answer.status_code == 400
    assert answer["Content-Type"] == "application/problem+json"
    assert [error["field"] for error in answer.json()["errors"]] == [field]


def test_figures_do_not_exist_for_agents_and_strangers(db) -> None:
    for path in ("", "values/?kpi=offered", "offered/rows/"):
        url = f"/api/v1/kpis/{path}{'&' if '?' in path else '?'}{OCTOBER}"
        assert caller("agent").get(url).status_code == 404
        assert Client().get(url).status_code == 401


def test_a_lead_sees_the_queues_of_her_team_only(db) -> None:
    theirs = make_team("other")
    at = datetime(2025, 10, 6, 8, tzinfo=UTC)
    make_contact(at=at, queue=make_queue("mine"))
    make_contact(at=at, queue=make_queue("others", teams=[theirs]))
    assert values(caller("lead"), "kpi=offered")["rows"][0]["kpis"]["offered"]["value"] == 1
    assert values(caller("manager"), "kpi=offered")["rows"][0]["kpis"]["offered"]["value"] == 2
    assert values(caller("lead"), "kpi=offered&queue=others")["rows"][0]["kpis"]["offered"]["value"] == 0


def test_a_figure_costs_the_same_queries_however_many_rows_it_has(golden, django_assert_max_num_queries) -> None:
    client = caller()
    # The token, its user, marks of two kinds, cells or log for two facts, names of queues; and what a transaction takes.
    with django_assert_max_num_queries(12):
        values(client, "kpi=offered&kpi=asa&kpi=csat&by=queue&by=day")
