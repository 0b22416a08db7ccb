"""Who answers: the groups are those of the log, and weights put them back to what all cases are."""

from __future__ import annotations

from datetime import timedelta

import pytest
import time_machine
from django.test import Client
from django.utils import timezone

from metrics import compute
from metrics.bias import Cell, bias, estimates, strata
from metrics.catalog import KPIS
from metrics.compute import Query
from metrics.period import Period
from surveys.models import Invitation
from tests.factories import make_case, make_contact, make_customer, make_queue, make_source, make_user


def cell(cases: int, answered: int, satisfied: int, name: str = "x") -> Cell:
    return Cell(name, "yes", cases, answered, answered, satisfied)


def test_weights_by_hand() -> None:
    # Solved: 800 cases, 40 answers, all content. Not solved: 200 cases, 60 answers, a tenth of them content.
    raw, weighted, count = estimates([cell(800, 40, 40), cell(200, 60, 6)])
    assert raw is not None
    assert weighted is not None
    assert raw.value == pytest.approx(46 / 100)
    assert weighted.value == pytest.approx(0.8 * 1 + 0.2 * 0.1)
    assert weighted.low < weighted.value < weighted.high <= 1
    assert (weighted.n, count) == (100, 2)


def test_where_all_answer_alike_the_weighted_is_the_raw() -> None:
    raw, weighted, _count = estimates([cell(100, 20, 15), cell(300, 60, 45)])
    assert raw is not None
    assert weighted is not None
    assert weighted.value == pytest.approx(raw.value)


def test_small_groups_are_put_together_and_none_is_lost() -> None:
    cells = [cell(100, 20, 15, "a"), cell(10, 3, 1, "b"), cell(10, 3, 2, "c"), cell(5, 0, 0, "d")]
    found = strata(cells)
    assert [one.answered for one in found] == [20, 6]
    assert sum(one.cases for one in found) == 125
    found = strata([cell(100, 20, 15), cell(50, 9, 3), cell(5, 1, 0)])
    assert sorted(one.answered for one in found) == [10, 20]


def test_too_few_are_not_weighted() -> None:
    assert estimates([cell(10, 0, 0)])[:2] == (None, None)
    raw, weighted, _count = estimates([cell(10, 3, 2)])
    assert raw is not None
    assert weighted is None


@pytest.mark.django_db
def test_groups_are_counted_from_the_log(client: Client) -> None:
    queue, now = make_queue(), timezone.now()
    for n in range(12):
        at = now - timedelta(days=10, minutes=n)
        with time_machine.travel(at, tick=False):
            case = make_case(queue=queue, customer=make_customer(f"C {n}"))
        make_contact(case=case, queue=queue, customer=case.customer, at=at, wait=10 + n, talk=10, acw=0)
        case.resolve(by=None, at=at + timedelta(minutes=2))
        if n < 8:
            asked = Invitation.objects.create(
                source=make_source(), client=case.client, case=case, sent_at=at + timedelta(minutes=3)
            )
            if n < 6:
                asked.answer(csat=5 if n < 4 else 1, at=at + timedelta(minutes=9))
    period = Period(now - timedelta(days=12), now, timezone.get_current_timezone())
    query = Query(period)
    found = bias(query)
    every, asked_about, answered = found.groups
    assert (every.count, asked_about.count, answered.count) == (12, 8, 6)
    (row,) = compute.values([KPIS["csat"], KPIS["fcr"], KPIS["resolved"]], query)
    csat = row.values["csat"]
    assert found.raw is not None
    assert (found.raw.value, found.raw.n) == (csat.value, csat.denominator)
    assert every.count == row.values["resolved"].value
    assert (every.solved, every.judged) == (row.values["fcr"].numerator, row.values["fcr"].denominator)
    assert every.wait == pytest.approx(15.5)
    client.force_login(make_user("boss", role="manager"))
    page = client.get("/surveys/bias/?period=28d").content.decode()
    assert "6 answers" in page
    for role, status in (("agent", 404), ("lead", 200)):
        client.force_login(make_user(role=role))
        assert client.get("/surveys/bias/").status_code == status
