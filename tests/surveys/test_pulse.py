"""The employees' pulse: one answer a person, none that leads back to her, and none that counts while others may come."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from django.db import IntegrityError, transaction
from django.test import Client as Browser
from django.utils import timezone

from surveys.models import PulseAnswer, PulseBallot, PulseHeadcount, PulsePlan, PulseRound, PulseVoter
from surveys.pulse import go_on
from tests.factories import make_team, make_user
from tickets.models import OutgoingMail

pytestmark = pytest.mark.django_db

FIRST = datetime(2026, 3, 2, 8, tzinfo=UTC)


def planned(**fields) -> PulsePlan:
    return PulsePlan.objects.create(pk=1, **{"is_on": True, "day": 1, "days_open": 7, **fields})


def signed_in(user) -> Browser:
    browser = Browser()
    browser.force_login(user)
    return browser


def test_a_round_opens_on_its_day_and_only_once() -> None:
    planned(day=10, days_open=3)
    make_user("anna", email="anna@example.org")
    assert go_on(FIRST) == (0, 0)
    assert go_on(FIRST.replace(day=10)) == (1, 0)
    assert go_on(FIRST.replace(day=11)) == (0, 0)
    assert PulseRound.objects.get().month_on == date(2026, 3, 1)
    mail = OutgoingMail.objects.get(key__startswith="pulse:")
    # The link is the same for everybody: it says nothing of who follows it.
    assert mail.text.count("/pulse/\n") == 1


def test_no_round_without_a_plan_or_after_its_days() -> None:
    assert go_on(FIRST) == (0, 0)
    planned(day=1, days_open=3, is_on=False)
    assert go_on(FIRST) == (0, 0)
    PulsePlan.objects.update(is_on=True)
    assert go_on(FIRST.replace(day=20)) == (0, 0)


def test_there_is_one_plan() -> None:
    planned()
    with pytest.raises(IntegrityError), transaction.atomic():
        PulsePlan.objects.create(pk=2)


def test_those_in_teams_are_asked_and_nobody_else() -> None:
    planned()
    make_user("anna")
    make_user("lead", role="lead")
    make_user("boss", role="manager")
    make_user("gone", is_active=False)
    make_user("alone", team=None)
    go_on(FIRST)
    assert sorted(PulseVoter.objects.values_list("user__username", flat=True)) == ["anna", "lead"]


def test_one_answers_once_and_nothing_counts_before_the_round_closes() -> None:
    planned()
    anna = make_user("anna")
    go_on(timezone.now().replace(day=1))
    PulseRound.objects.update(closes_at=timezone.now() + timedelta(days=1))
    browser = signed_in(anna)
    assert browser.post("/pulse/", {"enps": ""}).status_code == 422
    assert browser.post("/pulse/", {"enps": "11"}).status_code == 422
    assert browser.post("/pulse/", {"enps": "9"}).status_code == 302
    assert browser.post("/pulse/", {"enps": "0"}).status_code == 200
    assert list(PulseBallot.objects.values_list("enps", flat=True)) == [9]
    assert not PulseAnswer.objects.exists()
    assert 'type="radio"' not in browser.get("/pulse/").content.decode()


def test_a_closed_round_counts_and_nothing_leads_back() -> None:
    planned()
    people = [make_user(f"p{n}") for n in range(8)]
    other = make_user("other", team=make_team("billing"))
    go_on(FIRST)
    for n, person in enumerate(people[:6]):
        assert PulseVoter.objects.get(user=person).answer(n, FIRST)
    assert go_on(FIRST + timedelta(days=6)) == (0, 0)
    assert go_on(FIRST + timedelta(days=8)) == (0, 1)
    assert sorted(PulseAnswer.objects.values_list("enps", flat=True)) == [0, 1, 2, 3, 4, 5]
    assert not PulseVoter.objects.exists()
    assert not PulseBallot.objects.exists()
    counts = dict(PulseHeadcount.objects.values_list("team__code", "headcount"))
    assert counts == {people[0].team.code: 8, other.team.code: 1}
    assert go_on(FIRST + timedelta(days=8)) == (0, 0)
    assert PulseAnswer.objects.count() == 6
    # No column of an answer names a person, or a moment.
    names = {field.name for field in PulseAnswer._meta.get_fields()}
    assert names == {"id", "source", "team", "respondent", "enps", "month_on"}


def test_the_order_of_the_answers_is_not_kept() -> None:
    planned()
    people = [make_user(f"p{n}") for n in range(11)]
    orders = set()
    for month in range(1, 13):
        at = FIRST.replace(month=month)
        go_on(at)
        for n, person in enumerate(people):
            PulseVoter.objects.get(user=person).answer(n, at)
        go_on(at + timedelta(days=8))
        rows = PulseAnswer.objects.filter(month_on=date(2026, month, 1)).order_by("pk")
        orders.add(tuple(rows.values_list("enps", flat=True)))
    # Twelve times the same order out of 39,916,800, or twice, would be a shuffle that is none.
    assert len(orders) == 12
    assert tuple(range(11)) not in orders


def test_who_comes_late_is_told_so() -> None:
    planned()
    anna = make_user("anna")
    go_on(FIRST)
    voter = PulseVoter.objects.get(user=anna)
    assert not voter.answer(5, FIRST + timedelta(days=8))
    assert not PulseBallot.objects.exists()
    assert "radio" not in signed_in(anna).get("/pulse/").content.decode()


def test_the_results_stand_month_by_month_and_hide_the_few() -> None:
    planned(days_open=21)
    big, small = make_team("big"), make_team("small")
    people = [make_user(f"b{n}", team=big) for n in range(12)] + [make_user(f"s{n}", team=small) for n in range(3)]
    at = timezone.now().replace(day=1)
    go_on(at)
    for person in people:
        assert PulseVoter.objects.get(user=person).answer(10, at)
    # Before it closes nothing is told, whatever has been answered.
    boss = signed_in(make_user("boss", role="manager"))
    assert "+100" not in boss.get("/pulse/results/").content.decode()
    PulseRound.objects.update(closes_at=at + timedelta(minutes=1))
    assert PulseRound.objects.get().seal(at + timedelta(minutes=2))
    assert "+100" in boss.get("/pulse/results/").content.decode()
    # Three are hidden, and so are the twelve from whom, with all, the three would follow.
    for team in ("big", "small"):
        shown = boss.get(f"/pulse/results/?team={team}").content.decode()
        assert "+100" not in shown
        assert "too few answers" in shown
        file = boss.get(f"/pulse/results/?team={team}&export=csv").content.decode()
        hidden = [line.split(",") for line in file.splitlines() if "too few answers" in line]
        assert hidden
        assert all(not cell for line in hidden for cell in line[3:8])
    assert "+100" in boss.get("/pulse/results/?export=csv").content.decode()
    assert boss.get("/pulse/results/?team=none").status_code == 400
    assert signed_in(people[0]).get("/pulse/results/").status_code == 404


def test_the_plan_is_for_those_in_charge() -> None:
    boss = signed_in(make_user("boss", role="manager"))
    assert boss.post("/settings/pulse/", {"is_on": "on", "day": "29", "days_open": "7"}).status_code == 422
    assert boss.post("/settings/pulse/", {"is_on": "on", "day": "3", "days_open": "5"}).status_code == 302
    plan = PulsePlan.now()
    assert (plan.is_on, plan.day, plan.days_open) == (True, 3, 5)
    assert signed_in(make_user("anna")).get("/settings/pulse/").status_code == 404
