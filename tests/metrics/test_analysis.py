"""Topics, causes, bounds, and where the log and the customer disagree: the lists worked out by hand."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from django.test import Client

from metrics import pareto, rows, threeways
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
    wanted = {
        "both_yes": ["S01", "S05", "S19"],
        "log_yes_other_no": ["S12"],
        "log_no_other_yes": ["S02", "S03", "S13", "S14"],
        "both_no": ["S04", "S16"],
    }
    assert [len(cases) for cases in wanted.values()] == list(EXPECTED["resolution"]["fcr_log_vs_survey"].values())
    for engine in ("facts", "auto"):
        asked = query(engine=engine)
        _singles, counts = threeways.ways(asked)
        for cell, (log, other) in threeways.CELLS.items():
            behind = threeways.cases(asked, "survey", log=log, other=other, limit=100)
            assert sorted(case.external_id for case in behind) == wanted[cell]
            assert counts["survey", log, other] == len(wanted[cell])


def test_a_verdict_that_is_not_ripe_is_none(golden: Path) -> None:
    for engine in ("facts", "auto"):
        early, _counts = threeways.ways(replace(query(engine=engine), as_of=datetime(2025, 10, 16, 12, tzinfo=UTC)))
        late, _counts = threeways.ways(query(engine=engine))
        assert 0 < early[0].known < late[0].known


def test_the_two_by_two_is_filtered_and_paged(golden: Path) -> None:
    assert threeways.ways(query("channel=chat"))[1]["survey", False, True] == 2
    first = get("fcr/three-ways/", "cell=log_no_other_yes&page_size=3").json()
    assert first["cells"]["log_no_other_yes"]["count"] == 4
    second = Client(headers={"Authorization": f"Bearer {ApiToken.issue(make_user(role='manager'))}"}).get(first["next"])
    pages = [first, second.json()]
    found = [[case["case_id"] for case in page["cells"]["log_no_other_yes"]["cases"]] for page in pages]
    assert [len(cases) for cases in found] == [3, 1]
    assert sorted(found[0] + found[1]) == ["S02", "S03", "S13", "S14"]
    assert second.json()["next"] is None
    assert get("fcr/three-ways/", "way=agent").json()["way"] == "agent"


def test_the_lists_over_http(golden: Path) -> None:
    topics = get("pareto/topics/").json()
    assert topics["vital_few"] == DEMAND["topic_vital_few"]
    assert (topics["bars"][0]["name"], topics["bars"][0]["share"]) == ("delivery", 0.25)
    assert [bar["name"] for bar in get("pareto/causes/").json()["bars"]] == [b[0] for b in DEMAND["cause_pareto"]]
    bounds = get("failure-demand/bounds/").json()
    assert [bounds["low"], bounds["high"]] == DEMAND["failure_demand_bounds"]
    found = get("fcr/three-ways/").json()
    assert (found["n"], found["agreement"]) == (10, 0.5)
    assert found["ways"][0] == {"way": "log", "solved": 8, "known": 16}
    assert found["ways"][2] == {"way": "survey", "solved": 7, "known": 10}


@pytest.mark.parametrize(
    ("path", "parameters", "field"),
    [
        ("pareto/topics/", "weight=gold", "weight"),
        ("pareto/topics/", "depth=0", "depth"),
        ("fcr/three-ways/", "way=guess", "way"),
        ("fcr/three-ways/", "cell=all", "cell"),
        ("fcr/three-ways/", "cursor=x", "cursor"),
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
