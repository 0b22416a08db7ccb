"""Root causes: the board by business area, a sample that anybody can draw again, and whether an action helped."""

from __future__ import annotations

import csv
import io
from datetime import datetime, timedelta

import pytest
from django.utils import timezone

from metrics.causes import board, effect, sample
from metrics.causes.effect import helped
from metrics.causes.models import CauseAction
from metrics.change import Verdict
from metrics.compute import Query
from metrics.period import Period
from tests.factories import make_client, make_contact, make_queue, make_team, make_topic, make_user
from tickets.models import Cost

pytestmark = pytest.mark.django_db
ZONE = timezone.get_default_timezone()
START = datetime(2026, 3, 2, tzinfo=ZONE)


def query(days: int = 30, as_of: datetime | None = None) -> Query:
    return Query(Period(START, START + timedelta(days=days), ZONE), as_of=as_of or START + timedelta(days=200))


@pytest.fixture
def log():
    """Invoicing causes most failures; delivery takes the most time; a topic below has the area of the one above."""
    make_topic("billing", business_area="Invoicing")
    make_topic("delivery", business_area="Logistics")
    for path, n, failures, talk in (
        ("billing/amount", 12, 9, 60),
        ("billing", 4, 3, 60),
        ("delivery", 6, 2, 600),
        ("other", 5, 4, 60),
    ):
        for k in range(n):
            make_contact(
                at=START + timedelta(hours=10 + k),
                topic=make_topic(path),
                talk=talk,
                acw=0,
                demand="failure" if k < failures else "value",
            )


def test_areas_stand_in_order_of_their_failures_and_other_never_ranks(log):
    found = board.causes(query())
    assert [(bar.name, bar.sums.tops["failure-demand"]) for bar in found.bars] == [
        ("Invoicing", 12),
        ("Logistics", 2),
        ("", 4),
    ]
    invoicing = found.bars[0].sums.rate("failure-demand")
    assert (invoicing.numerator, invoicing.denominator) == (12, 16)
    assert invoicing.low < 0.75 < invoicing.high
    assert found.bars[0].share == pytest.approx(12 / 18)
    assert found.total.contacts == 27


def test_by_time_another_area_leads_and_within_one_its_topics_stand(log):
    found = board.causes(query(), weight="time")
    assert found.bars[0].name == "Logistics"
    assert found.bars[0].sums.seconds == 6 * 600
    within = board.causes(query(), area="Invoicing", depth=2)
    assert [(bar.path, bar.sums.contacts) for bar in within.bars] == [("billing/amount", 12), ("billing", 4)]
    assert [(bar.path, bar.sums.contacts) for bar in board.causes(query(), area="Invoicing", depth=1).bars] == [
        ("billing", 16)
    ]


def test_cost_is_shared_out_by_time_and_without_a_ledger_time_takes_its_place(log):
    assert board.causes(query(), weight="cost").weight == "time"
    Cost.objects.create(client=make_client(), month_on=START.date().replace(day=1), amount=1000, currency="EUR")
    month = Query(Period(START.replace(day=1), START.replace(month=4, day=1), ZONE), as_of=START + timedelta(days=200))
    found = board.causes(month, weight="cost")
    assert found.weight == "cost"
    assert sum(bar.cost for bar in found.bars) == pytest.approx(1000)
    assert found.bars[0].cost == pytest.approx(1000 * 3600 / found.total.seconds)


def test_the_same_number_draws_the_same_sample_and_another_draws_others(log):
    topics = board.topic_ids("billing")
    first = sample.drawn(query(), topics, 7)
    assert first == sample.drawn(query(), topics, 7)
    assert len(first) == len(set(first)) == sample.SIZE
    assert any(sample.drawn(query(), topics, seed) != first for seed in range(5))
    assert all(one.demand == "failure" and one.topic.path.startswith("billing") for one in sample.contacts(first))
    draws = [key for seed in range(60) for key in sample.drawn(query(), topics, seed, size=3)]
    assert len(set(draws)) == 12  # every failure is drawn sooner or later


def action(**more) -> CauseAction:
    agent = make_user()
    fields = {"topic": make_topic("billing"), "title": "New invoice", "owner": agent, "made_by": agent, "weeks": 2}
    return CauseAction.objects.create(**{**fields, "from_on": (START + timedelta(days=14)).date(), **more})


def contacts(path: str, day: int, n: int, failures: int = 0) -> None:
    for k in range(n):
        at = START + timedelta(days=day, hours=9, minutes=k)
        make_contact(at=at, topic=make_topic(path), demand="failure" if k < failures else "value")


def test_an_action_that_takes_most_of_its_contacts_away_helped_beyond_chance():
    for day in range(28):
        contacts("billing", day, 4 if day < 14 else 1)
        contacts("delivery", day, 4)
    found = effect.tested(action(), query(as_of=START + timedelta(days=28)))
    assert found.is_over
    assert (found.before.numerator, found.before.denominator) == (56, 112)
    assert (found.after.numerator, found.after.denominator) == (14, 70)
    assert found.change.verdict is Verdict.BETTER
    assert found.change.low < found.change.difference < found.change.high < 0
    assert helped(found)


def test_one_that_changes_nothing_beyond_chance_is_not_said_to_have_helped():
    for day in range(28):
        contacts("billing", day, 2)
        contacts("delivery", day, 2)
    found = effect.tested(action(), query(as_of=START + timedelta(days=28)))
    assert found.change.verdict is Verdict.SAME
    assert helped(found) is False


def test_before_a_whole_week_has_passed_nothing_is_said_and_then_as_many_weeks_are_compared_as_have_passed():
    for day in range(28):
        contacts("billing", day, 2, failures=1)
    assert effect.tested(action(), query(as_of=START + timedelta(days=20))).change is None
    found = effect.tested(action(measure="failure-demand"), query(as_of=START + timedelta(days=22)))
    assert not found.is_over
    assert (found.before.denominator, found.after.denominator) == (14, 14)  # a week each


def test_doing_and_opening_it_again_happens_once():
    one = action()
    assert one.finish()
    assert not one.finish()
    assert one.reopen()
    assert not one.reopen()


# --- the pages


def test_the_board_its_files_the_sample_and_an_action_over_http(client, log):
    client.force_login(make_user("boss", role="manager"))
    asked = "start=2026-03-02&end=2026-04-01&as_of=2026-09-01T00:00:00Z"
    page = client.get(f"/causes/?{asked}").content.decode()
    assert page.index("Invoicing") < page.index("Logistics")
    within = client.get(f"/causes/?{asked}&area=Invoicing&depth=2").content.decode()
    assert "billing/amount" in within
    assert "/causes/sample/?" in within
    table = list(csv.reader(io.StringIO(client.get(f"/causes/export.csv?{asked}").content.decode("utf-8-sig"))))
    assert [row[0] for row in table[1:]] == ["Invoicing", "Logistics", ""]
    book = client.get(f"/causes/export.xlsx?{asked}")
    assert b"".join(book.streaming_content).startswith(b"PK")
    drawn = client.get(f"/causes/sample/?{asked}&topic=billing&seed=7")
    assert drawn.status_code == 200
    assert drawn.content.count(b"list-group-item") == sample.SIZE
    for wrong in ("&weight=x", "&depth=9"):
        assert client.get(f"/causes/?{asked}{wrong}").status_code == 400
    assert client.get(f"/causes/sample/?{asked}&topic=billing&seed=x").status_code == 400
    owner = make_user("ola")
    form = {"topic": make_topic("billing").pk, "title": "New invoice", "owner": owner.pk, "from_on": "2026-03-16"}
    made = client.post("/causes/actions/new/", {**form, "measure": "share", "weeks": 2})
    one = CauseAction.objects.get()
    assert made["Location"] == one.get_absolute_url()
    assert client.get(one.get_absolute_url()).status_code == 200
    assert "New invoice" in client.get(f"/causes/?{asked}").content.decode()
    client.post(f"/causes/actions/{one.pk}/state/", {"state": "done"})
    one.refresh_from_db()
    assert one.is_done
    assert client.post("/causes/actions/new/", {**form, "measure": "share", "weeks": 99}).status_code == 422


def test_agents_have_no_board_and_a_lead_sees_her_queues_alone(client, log):
    client.force_login(make_user(role="agent"))
    assert client.get("/causes/").status_code == 404
    assert client.post("/causes/actions/new/").status_code == 404
    client.force_login(make_user(role="lead", team=make_team("elsewhere")))
    make_queue("theirs", teams=[make_team("elsewhere")])
    page = client.get("/causes/?start=2026-03-02&end=2026-04-01").content.decode()
    assert "Invoicing" not in page
