"""What few people answered is not shown, nor anything that would tell it by subtraction."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from itertools import chain, combinations
from pathlib import Path

import pytest

from metrics import compute, rows
from metrics.catalog import KPIS
from metrics.compute import Query
from metrics.gates import kept_together
from surveys.models import PulseAnswer, PulseHeadcount
from tests.factories import make_source, make_team, make_user
from tests.metrics.test_analysis import EXPECTED, get
from tests.metrics.test_golden import ask
from tests.metrics.test_ledgers import AUTUMN, span
from tickets.models import Team

ENPS = KPIS["enps"]
PEOPLE = EXPECTED["people"]


def answers(team: str, month: int, *scores: int | None) -> None:
    for n, score in enumerate(scores):
        PulseAnswer.objects.create(
            source=make_source(), team=make_team(team), respondent=str(n), enps=score, month_on=date(2025, month, 1)
        )


def shown(period=AUTUMN, **query) -> compute.Value:
    (row,) = compute.values([ENPS], Query(period, **query))
    return row.values["enps"]


def test_the_total_is_shown_and_no_team_of_the_two(golden: Path) -> None:
    (row,) = compute.values([ENPS], ask("enps").query)
    total = row.values["enps"]
    assert total.value == pytest.approx(PEOPLE["enps_total"]["value"], abs=1e-6)
    assert total.denominator == PEOPLE["enps_total"]["n"]
    teams = compute.values([ENPS, KPIS["pulse-response-rate"]], ask("enps", "by=team").query)
    visible = [row for row in teams if row.values["enps"].value is not None]
    assert visible == PEOPLE["enps_visible_teams"]
    assert len(teams) == len(PEOPLE["enps_suppressed"])
    for row in teams:
        for value in row.values.values():
            assert (value.value, value.numerator, value.denominator, value.low) == (None, None, None, None)
            assert value.is_hidden
    for team in ("X", "Y"):
        assert shown(ask("enps").query.period, filters={"team": [Team.objects.get(code=team).pk]}).value is None
    both = ask("enps", "team=X&team=Y").query
    assert compute.values([ENPS], both)[0].values["enps"].value == total.value


def test_rows_tell_no_more_than_the_value(golden: Path) -> None:
    hidden = ask("enps", "team=Y").query
    assert [rows.count(ENPS, hidden, which) for which in rows.SETS] == [0, 0, 0, 0]
    assert rows.excluded_by_reason(ENPS, hidden) == {}
    assert rows.page(ENPS, ask("enps").query, "numerator").rows == []
    assert rows.count(ENPS, ask("enps").query, "denominator") == 9


def test_the_api_says_that_it_is_suppressed(golden: Path) -> None:
    value = get("values/", "kpi=enps&team=Y").json()["rows"][0]["kpis"]["enps"]
    assert (value["value"], value["denominator"], value["suppressed"]) == (None, None, True)
    assert "suppressed" not in get("values/", "kpi=enps").json()["rows"][0]["kpis"]["enps"]
    cost = get("values/", "kpi=cost-per-contact").json()["rows"][0]["kpis"]["cost-per-contact"]
    assert (cost["value"], cost["currency"]) == (50, "EUR")


@pytest.mark.parametrize(
    ("teams", "together"),
    [
        ({"X": 6, "Y": 3}, {"X", "Y"}),
        ({"X": 6, "Y": 3, "Z": 9}, {"X", "Y"}),
        ({"Y": 3, "Z": 3, "X": 9}, {"Y", "Z"}),
        ({"X": 6, "Z": 9}, set()),
        ({"X": 2}, {"X"}),
        ({}, set()),
    ],
)
def test_the_small_are_kept_with_the_next_smallest_until_they_are_enough(teams: dict, together: set) -> None:
    assert kept_together(teams, 5) == together


def subsets(items: list) -> Iterator[tuple]:
    return chain.from_iterable(combinations(items, n) for n in range(1, len(items) + 1))


SIZES = {9: {"a": 6, "b": 3, "c": 8}, 10: {"a": 5, "b": 7, "c": 2}, 11: {"a": 2}}


def everything_shown() -> dict[frozenset, float]:
    """Which answers stand behind each value that is shown, for every choice of teams and of months."""
    ids = {code: make_team(code).pk for code in "abc"}
    seen: dict[frozenset, float] = {}
    for first, end in combinations((9, 10, 11, 12), 2):
        for chosen in subsets(list("abc")):
            period = span(date(2025, first, 1), date(2025, end, 1))
            found = shown(period, filters={"team": [ids[code] for code in chosen]})
            if found.denominator:
                pieces = {(month, code) for month in range(first, end) for code in SIZES[month] if code in chosen}
                seen[frozenset(pieces)] = found.denominator
    return seen


def test_what_is_left_of_a_value_less_others_is_nothing_or_five_answers_at_least(db) -> None:
    for month, teams in SIZES.items():
        for team, n in teams.items():
            answers(team, month, *[9] * n)
    seen = everything_shown()
    assert len(seen) >= 5
    for whole, n in seen.items():
        assert n >= 5
        parts = [part for part in seen if part < whole]
        for others in chain(combinations(parts, 1), combinations(parts, 2), combinations(parts, 3)):
            if sum(map(len, others)) == len(frozenset().union(*others)):
                left = n - sum(seen[part] for part in others)
                assert left == 0 or left >= 5, (whole, others)


def test_a_month_of_four_answers_hides_every_period_that_would_tell_it(db) -> None:
    answers("a", 9, 9, 9, 9, 9, 9)
    answers("a", 10, 1, 1, 1, 1)
    assert shown(span(date(2025, 9, 1), date(2025, 10, 1))).value == 100
    assert shown(span(date(2025, 10, 1), date(2025, 11, 1))).is_hidden
    assert shown().is_hidden
    months = compute.values([ENPS], Query(AUTUMN, ("month",)))
    assert [row.values["enps"].value for row in months] == [100, None]


def test_skipped_and_impossible_answers_are_not_counted(db) -> None:
    answers("a", 10, 10, 10, 10, 10, 0, None, 11)
    found = shown()
    assert (found.numerator, found.denominator) == (3, 5)


def test_a_silent_team_lowers_the_response_rate_and_a_month_without_a_pulse_does_not(db) -> None:
    answers("a", 10, *[9] * 6)
    for team, month, n in (("a", 10, 8), ("b", 10, 4), ("a", 11, 8)):
        PulseHeadcount.objects.create(team=make_team(team), month_on=date(2025, month, 1), headcount=n)
    (row,) = compute.values([KPIS["pulse-response-rate"]], Query(AUTUMN))
    value = row.values["pulse-response-rate"]
    assert (value.numerator, value.denominator) == (6, 12)


def test_a_lead_sees_no_pulse(golden: Path) -> None:
    value = get("values/", "kpi=enps", role="lead").json()["rows"][0]["kpis"]["enps"]
    assert value["value"] is None
    assert make_user(role="lead").sees_numbers
