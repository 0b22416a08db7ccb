"""Agents' months: by hand, by rule, and from the log to the figure."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.factories import make_client, make_contact, make_queue, make_segment, make_user
from tickets import agent_time
from tickets.models import AgentState, AgentTime
from tickets.settle import settle

OWN, OTHER = 1, 2
OCTOBER = date(2025, 10, 1)
# Local midnight in Stockholm.
NINE = datetime(2025, 10, 6, 7, tzinfo=UTC)
MICRO = 1_000_000


def minutes(number):
    return NINE + timedelta(minutes=number)


# ---- By hand ---------------------------------------------------------------------------------------------------------
def test_parallel_contacts_count_once_and_are_shared_by_their_clients():
    # Busy from 0 to 30: alone 10, both 10, the other alone 10. Free from 30 to 50, logged in to 60.
    month = agent_time.month_of([(OWN, (0, 20)), (OTHER, (10, 30))], [(25, 50)], [(0, 60)])
    assert month == agent_time.Month({OWN: 15, OTHER: 15}, available=20, aux=10)


def test_three_contacts_of_two_clients_share_each_second_by_contact():
    month = agent_time.month_of([(OWN, (0, 30)), (OWN, (0, 30)), (OTHER, (0, 30))], [], [])
    assert month.handling == {OWN: 20, OTHER: 10}


def test_rounding_loses_nothing():
    month = agent_time.month_of([(client, (0, 10)) for client in (1, 2, 3)], [(10, 21)], [])
    assert sorted(month.handling.values()) == [3, 3, 4]
    assert sum(month.handling.values()) == 10


SPANS = st.lists(st.tuples(st.integers(0, 50), st.integers(0, 50)), max_size=8)


@given(
    st.lists(st.tuples(st.sampled_from([1, 2, 3]), st.tuples(st.integers(0, 50), st.integers(0, 50))), max_size=8),
    SPANS,
    SPANS,
)
def test_the_parts_of_a_month_are_its_moments_counted_one_by_one(work, free, paid):
    busy = {second for _client, (start, end) in work for second in range(start, end)}
    waiting = {second for start, end in free for second in range(start, end)} - busy
    there = {second for start, end in paid for second in range(start, end)} | busy | waiting
    month = agent_time.month_of(work, free, paid)
    assert sum(month.handling.values()) == len(busy)
    assert month.available == len(waiting)
    assert month.aux == len(there) - len(busy) - len(waiting)


# ---- From the log ----------------------------------------------------------------------------------------------------
@pytest.fixture
def anna(db):
    """Available 9-10, break 10-10:15, available to 11, away for lunch to 12, training to 12:30; 20 minutes with customers."""
    anna = make_user("anna")
    make_queue()
    for state, start, end in [
        ("available", 0, 60), ("break", 60, 75), ("available", 75, 120), ("away", 120, 180), ("training", 180, 210),
    ]:  # fmt: skip
        AgentState.objects.create(agent=anna, state=state, started_at=minutes(start), ended_at=minutes(end))
    make_contact(agent=anna, at=minutes(10), wait=0, talk=500, hold=40, acw=60)
    make_contact(agent=anna, at=minutes(80), wait=0, talk=500, hold=40, acw=60, client=make_client("other"))
    return anna


def ledger(agent):
    rows = AgentTime.objects.filter(agent=agent).order_by("client__code")
    return [
        (row.client.code, *(us // MICRO // 60 for us in (row.paid_us, row.handling_us, row.available_us, row.aux_us)))
        for row in rows
    ]


def test_a_month_is_booked_from_states_and_legs(anna):
    agent_time.book(OCTOBER)
    # Busy 20, free 60 + 45 - 20 = 85, other 15 + 30 = 45, paid 150; half of it for each client.
    assert ledger(anna) == [("other", 75, 10, 42, 22), ("own", 75, 10, 42, 22)]
    rows = AgentTime.objects.all()
    assert sum(row.paid_us for row in rows) == 150 * 60 * MICRO
    assert sum(row.available_us for row in rows) == 85 * 60 * MICRO


def test_booking_again_changes_nothing_and_a_late_leg_is_taken_in(anna):
    agent_time.book(OCTOBER)
    before = ledger(anna)
    agent_time.book(OCTOBER)
    assert ledger(anna) == before
    make_contact(agent=anna, at=minutes(30), wait=0, talk=600, acw=0)
    agent_time.book(OCTOBER)
    assert [row[2] for row in ledger(anna)] == [10, 20]


def test_a_month_that_came_from_another_system_is_not_touched(anna):
    AgentTime.objects.create(
        agent=anna, client=make_client("third"), month_on=OCTOBER, paid_us=7, handling_us=5, available_us=2
    )
    agent_time.book(OCTOBER)
    assert [(row.client.code, row.paid_us) for row in AgentTime.objects.all()] == [("third", 7)]


def test_a_month_that_comes_by_import_takes_the_place_of_the_booked_one(anna, tmp_path):
    from tests.tickets.bundle.logs import CONTACT, Desk

    agent_time.book(OCTOBER)
    desk = Desk(tmp_path / "log")
    sent = {"agent_id": "anna", "period": "2025-10", "paid_s": "60", "handling_s": "60", "available_s": "0"}
    desk.write("contacts", CONTACT)
    desk.write("agent_time", sent)
    desk.load()
    agent_time.book(OCTOBER)
    (row,) = AgentTime.objects.all()
    assert (row.is_booked, row.paid_us) == (False, 60 * MICRO)
    # Sent again with what was booked, it is theirs all the same.
    AgentTime.objects.update(is_booked=True)
    desk.load()
    assert not AgentTime.objects.get().is_booked


def test_parallel_chats_are_counted_once(anna):
    AgentTime.objects.all().delete()
    for start in (20, 25):
        chat = make_contact(agent=anna, at=minutes(start), wait=0, talk=600, acw=0, channel="chat")
        settle([chat.pk])
    agent_time.book(OCTOBER)
    assert sum(row[2] for row in ledger(anna)) == 20 + 15


def test_time_belongs_to_the_month_in_which_it_passed(db):
    bo = make_user("bo")
    midnight = datetime(2025, 10, 31, 23, tzinfo=UTC)
    AgentState.objects.create(
        agent=bo, state="available", started_at=midnight - timedelta(hours=1), ended_at=midnight + timedelta(hours=2)
    )
    agent_time.book(OCTOBER)
    agent_time.book(date(2025, 11, 1))
    assert [row.available_us // MICRO // 3600 for row in AgentTime.objects.order_by("month_on")] == [1, 2]


def test_who_has_served_nobody_is_there_for_her_teams_client(db):
    bo = make_user("bo")
    make_queue(client=make_client("theirs"))
    AgentState.objects.create(agent=bo, state="available", started_at=minutes(0), ended_at=minutes(60))
    agent_time.book(OCTOBER)
    assert ledger(bo) == [("theirs", 60, 0, 60, 0)]


def test_a_state_left_on_overnight_ends_with_the_last_thing_done(anna):
    AgentState.objects.create(agent=anna, state="available", started_at=minutes(240))
    make_contact(agent=anna, at=minutes(300), wait=0, talk=60, acw=60)
    assert agent_time.end_forgotten_states(now=minutes(600)) == 0
    assert agent_time.end_forgotten_states(now=minutes(240 + 17 * 60)) == 1
    assert AgentState.objects.order_by("-started_at").first().ended_at == minutes(302)


def test_running_legs_count_until_now(anna):
    leg = make_segment(
        make_contact(agent=anna, at=minutes(200), outcome="abandoned"), agent=anna, started_at=minutes(200)
    )
    type(leg).objects.filter(pk=leg.pk).update(ended_at=None, is_running=True)
    agent_time.book(OCTOBER, now=minutes(205))
    assert sum(row[2] for row in ledger(anna)) == 25


def test_the_figures_follow_from_the_booked_months(anna, client):
    agent_time.book(OCTOBER)
    client.force_login(make_user("maria", role="manager"))
    query = "kpi=occupancy&kpi=utilisation&kpi=utilisation:presence&start=2025-10-01&end=2025-11-01"
    (row,) = client.get(f"/api/v1/kpis/values/?{query}").json()["rows"]
    assert row["kpis"]["occupancy"]["value"] == pytest.approx(20 / 105)
    assert row["kpis"]["utilisation"]["value"] == pytest.approx(20 / 150)
    assert row["kpis"]["utilisation:presence"]["value"] == pytest.approx(105 / 150)
