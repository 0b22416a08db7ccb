"""Topics, causes, bounds, and where the log and the customer disagree: the lists worked out by hand."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from django.test import Client

from metrics import agreement, pareto, rows
from metrics.refresh import refresh
from tests.factories import make_contact, make_topic, make_user
from tests.metrics.test_golden import AS_OF, OCTOBER, ask, ids
from tickets.models import ApiToken

EXPECTED = json.loads((Path(__file__).parent.parent / "data/golden/expected.json").read_text(encoding="utf-8"))
DEMAND = EXPECTED["demand"]


def query(parameters: str = "", engine: str = "auto"):
    return ask("offered", parameters, engine).query


def get(path: str, parameters: str = "", role: str = "manager"):
    caller = Client(headers={"Authorization": f"Bearer {ApiToken.issue(make_user(role=role))}"})
    return caller.get(f"/api/v1/kpis/{path}?{OCTOBER}&{AS_OF}&{parameters}")


def bars(found: pareto.Pareto) -> list[list]:
    return [[bar.name, bar.amount, pytest.approx(bar.cumulative, abs=1e-6)] for bar in found.bars]


@pytest.mark.parametrize("engine", ["facts", "auto"])
def test_topics_and_causes_in_order(golden: Path, engine: str) -> None:
    # The contact without a demand class has a topic; all 20 handled ones are there.
    topics, causes = pareto.topics(query(engine=engine)), pareto.causes(query(engine=engine))
    assert bars(topics) == DEMAND["topic_pareto"]
    assert topics.vital_few == DEMAND["topic_vital_few"]
    assert bars(causes) == DEMAND["cause_pareto"]
    assert causes.vital_few == DEMAND["cause_vital_few"]


def test_exactly_eighty_per_cent_is_enough() -> None:
    assert pareto.pareto({"a": 8, "b": 2}).vital_few == ["a"]
    assert pareto.pareto({"a": 79, "b": 20, "c": 1}).vital_few == ["a", "b"]
    assert pareto.pareto({}).bars == []


def test_other_never_ranks_and_much_of_it_says_that_the_classes_do_not_fit() -> None:
    found = pareto.pareto({"Other": 50, "a": 30, "": 10, "b": 10})
    assert [bar.name for bar in found.bars] == ["a", "b", "", "Other"]
    assert found.vital_few == ["a", "b"]
    assert found.is_taxonomy_weak
    assert not pareto.pareto({"a": 85, "other": 15}).is_taxonomy_weak


def test_topics_may_weigh_by_time_and_be_rolled_up(db) -> None:
    at = query().period.start
    make_contact(at=at, topic=make_topic("billing/invoice"), talk=100, acw=0)
    make_contact(at=at, topic=make_topic("billing/refund"), talk=100, acw=0)
    make_contact(at=at, topic=make_topic("outage"), talk=1000, acw=0)
    assert [bar.name for bar in pareto.topics(query(), depth=1).bars] == ["billing", "outage"]
    assert [(bar.name, bar.amount) for bar in pareto.topics(query(), weight="handle-time", depth=1).bars] == [
        ("outage", 1000),
        ("billing", 200),
    ]


def test_the_unclassified_leave_bounds(golden: Path) -> None:
    found = pareto.failure_bounds(query())
    assert [found.low, found.high] == DEMAND["failure_demand_bounds"]
    assert found.value == pytest.approx(9 / 19)
    assert not found.is_grey


@pytest.mark.parametrize("refreshed", [False, True])
def test_log_and_customer_two_by_two(golden: Path, *, refreshed: bool) -> None:
    if refreshed:
        refresh()
    for engine in ("facts", "auto"):
        found = agreement.agreement(query(engine=engine))
        assert {cell: found.counts[cell] for cell in agreement.CELLS} == EXPECTED["resolution"]["fcr_log_vs_survey"]
        assert found.counts[agreement.UNKNOWN] == 0
        assert found.share == 0.5
        behind = {
            cell: [row["case_id"] for row in agreement.cases(query(engine=engine), cell)] for cell in found.counts
        }
        assert behind == {
            "both_yes": ["S01", "S05", "S19"],
            "log_yes_survey_no": ["S12"],
            "log_no_survey_yes": ["S02", "S03", "S13", "S14"],
            "both_no": ["S04", "S16"],
            "log_unknown": [],
        }


def test_a_verdict_that_is_not_ripe_is_unknown(golden: Path) -> None:
    early = agreement.agreement(ask("offered", "as_of=2025-10-12T12:00:00Z").query)
    assert early.n == agreement.agreement(ask("offered", "as_of=2025-10-12T12:00:00Z", "facts").query).n


def test_the_two_by_two_is_filtered_and_paged(golden: Path) -> None:
    assert agreement.agreement(query("channel=chat")).counts["log_no_survey_yes"] == 2
    first = get("fcr/agreement/", "cell=log_no_survey_yes&page_size=3").json()
    assert first["cells"]["log_no_survey_yes"]["count"] == 4
    second = Client(headers={"Authorization": f"Bearer {ApiToken.issue(make_user(role='manager'))}"}).get(first["next"])
    both = [first, second.json()]
    assert [[case["case_id"] for case in page["cells"]["log_no_survey_yes"]["cases"]] for page in both] == [
        ["S02", "S03", "S13"],
        ["S14"],
    ]
    assert second.json()["next"] is None


def test_the_lists_over_http(golden: Path) -> None:
    topics = get("pareto/topics/").json()
    assert topics["vital_few"] == DEMAND["topic_vital_few"]
    assert (topics["bars"][0]["name"], topics["bars"][0]["share"]) == ("delivery", 0.25)
    assert [bar["name"] for bar in get("pareto/causes/").json()["bars"]] == [b[0] for b in DEMAND["cause_pareto"]]
    bounds = get("failure-demand/bounds/").json()
    assert [bounds["low"], bounds["high"]] == DEMAND["failure_demand_bounds"]
    found = get("fcr/agreement/").json()
    assert (found["n"], found["agreement"]) == (10, 0.5)


@pytest.mark.parametrize(
    ("path", "parameters", "field"),
    [
        ("pareto/topics/", "weight=gold", "weight"),
        ("pareto/topics/", "depth=0", "depth"),
        ("fcr/agreement/", "cell=all", "cell"),
        ("fcr/agreement/", "cursor=x", "cursor"),
        ("pareto/causes/", "channel=fax", "channel"),
    ],
)
def test_a_bad_question_names_its_parameter(db, path: str, parameters: str, field: str) -> None:
    answer = get(path, parameters)
    assert answer.status_code == 400
    assert [error["field"] for error in answer.json()["errors"]] == [field]


def test_promises_and_interviews_are_those_of_the_reasoning(golden: Path) -> None:
    assert ids("promises-kept", "numerator", "promise_id") == DEMAND["promises_kept_ids"]
    assert ids("promises-kept", "denominator", "promise_id") == sorted(
        DEMAND["promises_kept_ids"] + DEMAND["promises_broken_ids"]
    )
    question = ask("promises-kept")
    left_out = rows.page(question.kpis[0], question.query, "excluded").rows
    assert [(row["promise_id"], row["reason"]) for row in left_out] == [("P10", "withdrawn")]
    assert ids("call-back-rating", "denominator", "interview_id") == ["I1", "I2", "I4", "I6"]
    assert ids("call-back-rating:positive", "numerator", "interview_id") == ["I1", "I6"]
    assert ids("call-back-completion", "denominator", "interview_id") == ["I1", "I2", "I3", "I4", "I5", "I6"]
    assert ids("call-back-coverage", "denominator", "agent") == ["A1", "A2", "A3"]
    assert ids("queue-callbacks-kept", "numerator", "contact_id") == ["C11"]
    assert ids("cost-per-contact", "denominator", "contact_id") == ids("handled", "numerator", "contact_id")
