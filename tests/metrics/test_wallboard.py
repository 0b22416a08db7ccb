"""The wallboard: what stands there is so, for whose eyes it is, and a hundred screens ask as much as one."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from metrics.wallboard import now
from metrics.wallboard.models import Wallboard
from tests.factories import make_agreement, make_client, make_contact, make_queue, make_team, make_user
from tickets.models import AgentState, Channel, Contact, Incident

pytestmark = pytest.mark.django_db
STOCKHOLM = ZoneInfo("Europe/Stockholm")


@pytest.fixture(autouse=True)
def _fresh_cache() -> None:
    cache.clear()


def boarded(**fields: Any) -> Wallboard:
    owner = fields.pop("owner", None) or make_user("boss", role="manager")
    return Wallboard.objects.create(name="Wall", owner=owner, language="en", **fields)


def waiting(queue: Any, *, ago: float, channel: str = Channel.PHONE) -> Contact:
    """A call that stands in the queue."""
    at = timezone.now() - timedelta(seconds=ago)
    return make_contact(
        queue=queue, at=at, channel=channel, outcome="", ended_at=None, answered_at=None, client=queue.client
    )


def shown(client: Client, board: Wallboard) -> dict[str, Any]:
    cache.clear()
    response = client.get(f"{board.get_absolute_url()}now/")
    assert response.status_code == 200
    found: dict[str, Any] = response.json()
    return found


def test_what_waits_is_counted_by_queue_and_counted_from_its_first_second(client: Client) -> None:
    first, second = make_queue("first-line"), make_queue("second-line")
    board = boarded()
    waiting(first, ago=75)
    waiting(first, ago=10)
    waiting(second, ago=30)
    make_contact(queue=first)
    found = shown(client, board)
    assert (found["waiting"], found["phone"], found["chat"]) == ("3", "3", "0")
    assert [(row["name"], row["waiting"]) for row in found["queues"]] == [("First-Line", "2"), ("Second-Line", "1")]
    longest = timezone.now() - datetime.fromisoformat(found["since"])
    assert timedelta(seconds=74) < longest < timedelta(seconds=90)
    board.queues.set([second])
    assert shown(client, board)["waiting"] == "1"


def test_a_call_that_nobody_ever_ended_does_not_wait_for_days(client: Client) -> None:
    waiting(make_queue(), ago=3 * 86_400)
    found = shown(client, boarded())
    assert (found["waiting"], found["since"]) == ("0", None)


def test_agents_are_counted_by_state_and_named_only_where_it_was_decided(client: Client) -> None:
    queue = make_queue()
    for name, state in (("Siri Solberg", "available"), ("Aino Salo", "break"), ("Bo Ek", "available")):
        agent = make_user(name.split()[0].lower(), first_name=name.split()[0], last_name=name.split()[1])
        AgentState.enter(agent, state)
    stranger = make_user("x", team=make_team("others"), first_name="Other", last_name="Team")
    AgentState.enter(stranger, "available")
    board = boarded()
    board.queues.set([queue])
    found = shown(client, board)
    assert (found["agents"]["available"], found["agents"]["break"], found["agents"]["away"]) == ("2", "1", "0")
    for path in (board.get_absolute_url(), f"{board.get_absolute_url()}now/"):
        body = client.get(path).content.decode()
        for name in ("Solberg", "Salo", "Siri", "Ek"):
            assert name not in body, path
    Wallboard.objects.update(shows_names=True)
    assert [one["name"] for one in shown(client, board)["names"]] == ["Aino Salo", "Bo Ek", "Siri Solberg"]


def test_the_service_level_is_that_of_the_dashboard(client: Client) -> None:
    queue = make_queue()
    agreement = make_agreement(queue.client)
    agreement.service_levels.create(channel="phone", target_share="0.8", threshold_seconds=20, short_abandon_seconds=5)
    board = boarded()
    assert shown(client, board)["level"]["figure"] == "–"
    start = timezone.localtime().replace(hour=0, minute=0, second=1, microsecond=0)
    for n in range(12):
        make_contact(queue=queue, at=start + timedelta(milliseconds=n), wait=5 if n < 9 else 60, talk=1, acw=0)
    level = shown(client, board)["level"]
    assert (level["parts"], level["target"].replace("\N{NO-BREAK SPACE}", " "), level["look"]) == (
        "9 of 12",
        "Target 80 %",
        "bad",
    )
    client.force_login(board.owner)
    day = start.date()
    (row,) = client.get(f"/api/v1/kpis/values/?kpi=service-level&start={day}&end={day + timedelta(days=1)}").json()[
        "rows"
    ]
    value = row["kpis"]["service-level"]
    assert (value["numerator"], value["denominator"]) == (9, 12)


def test_what_is_expected_adds_what_usually_comes_at_the_level_of_the_last_hours() -> None:
    at = datetime(2026, 3, 2, 12, 15, tzinfo=STOCKHOLM)
    scope = now.Scope({}, [], None, None, {20: 10, 24: 8, 30: 20}, "2026-03-02")
    few = {"in_time": 4, "of": 9, "soon_in_time": 0, "soon": 0}
    assert now.expected(scope, few, at) is None
    # Half of the half-hour that runs, and the later ones: 4 + 20 to come, 90 % of them in time.
    today = {"in_time": 70, "of": 100, "soon_in_time": 18, "soon": 20}
    assert now.expected(scope, today, at) == pytest.approx((70 + 24 * 0.9) / 124)
    slow = {"in_time": 70, "of": 100, "soon_in_time": 0, "soon": 9}
    assert now.expected(scope, slow, at) == pytest.approx((70 + 24 * 0.7) / 124)
    assert now.expected(now.Scope({}, [], None, None, {}, ""), today, at) is None


def test_what_usually_comes_is_the_mean_of_the_same_weekdays() -> None:
    queue = make_queue()
    at = timezone.localtime().replace(hour=23, minute=40, second=0, microsecond=0)
    for week, count in ((1, 3), (2, 1)):
        for n in range(count):
            make_contact(queue=queue, at=at - timedelta(weeks=week) + timedelta(seconds=n))
    make_contact(queue=queue, at=at - timedelta(days=1))
    assert now.scope_of(boarded(), timezone.now()).usual == {47: 2.0}


@pytest.mark.parametrize("moment", ["2026-03-29T03:30", "2026-10-25T02:30"])
def test_the_day_begins_at_midnight_on_days_when_the_clock_is_changed(moment: str) -> None:
    at = datetime.fromisoformat(moment).replace(tzinfo=STOCKHOLM)
    ((start, end),) = now._today(at)
    assert start.astimezone(STOCKHOLM).replace(tzinfo=None).isoformat() == f"{moment[:10]}T00:00:00"
    assert end == at


def test_incidents_that_are_not_over_are_named(client: Client) -> None:
    boss = make_user("boss", role="manager")
    other = make_client("other")
    Incident.objects.create(title="Network down", made_by=boss)
    Incident.objects.create(title="Of others", client=other, made_by=boss)
    Incident.objects.create(title="Over", ended_at=timezone.now(), made_by=boss)
    found = shown(client, boarded(owner=boss))
    assert {one["title"] for one in found["incidents"]} == {"Network down", "Of others"}
    Wallboard.objects.all().delete()
    found = shown(client, boarded(owner=boss, client=make_client()))
    assert {one["title"] for one in found["incidents"]} == {"Network down"}


def test_a_clients_board_knows_nothing_of_another(client: Client) -> None:
    ours, theirs = make_queue("ours"), make_queue("theirs", client=make_client("other"))
    waiting(ours, ago=5)
    waiting(theirs, ago=5)
    found = shown(client, boarded(client=theirs.client))
    assert [row["name"] for row in found["queues"]] == ["Theirs"]
    assert found["waiting"] == "1"


def test_a_lead_puts_up_only_what_she_sees(client: Client) -> None:
    make_queue("mine")
    make_queue("others", teams=[make_team("other")])
    found = shown(client, boarded(owner=make_user("lead", role="lead")))
    assert [row["name"] for row in found["queues"]] == ["Mine"]


def test_a_link_that_is_wrong_old_or_closed_opens_nothing(client: Client) -> None:
    board = boarded()
    path = board.get_absolute_url()
    answer = client.get(path)
    assert answer.status_code == 200
    assert (answer["Referrer-Policy"], answer["X-Robots-Tag"]) == ("no-referrer", "noindex, nofollow")
    board.renew()
    cache.clear()
    assert client.get(path).status_code == 404
    assert client.get(f"/wallboard/{board.pk}-{board.link_number}.AAAA/").status_code == 404
    assert client.get(board.get_absolute_url()).status_code == 200
    Wallboard.objects.update(is_open=False)
    cache.clear()
    assert client.get(board.get_absolute_url()).status_code == 404
    Wallboard.objects.update(is_open=True)
    board.owner.is_active = False
    board.owner.save()
    cache.clear()
    assert client.get(board.get_absolute_url()).status_code == 404
    assert client.post(board.get_absolute_url()).status_code == 405


def test_a_hundred_screens_ask_the_database_as_often_as_one(client: Client) -> None:
    waiting(make_queue(), ago=5)
    board = boarded()
    path = f"{board.get_absolute_url()}now/"
    client.get(path)
    with CaptureQueriesContext(connection) as asked:
        marks = {client.get(path)["ETag"] for _screen in range(100)}
    assert len(asked) <= 1, [query["sql"][:80] for query in asked]
    assert len(marks) == 1
    assert client.get(path, headers={"If-None-Match": marks.pop()}).status_code == 304
    # When a second has passed, one statement and no more.
    key = f"wallboard:{board.pk}:{board.link_number}"
    old = cache.get(key)
    cache.set(key, {**old, "at": (timezone.now() - timedelta(seconds=2)).isoformat()}, 60)
    with CaptureQueriesContext(connection) as asked:
        for _screen in range(20):
            client.get(path)
    assert len(asked) == 1, [query["sql"][:80] for query in asked]


def test_who_is_second_shows_what_was_true_a_moment_ago(client: Client) -> None:
    board = boarded()
    first = now.snapshot(board)
    key = f"wallboard:{board.pk}:{board.link_number}"
    cache.set(key, {**first, "at": (timezone.now() - timedelta(seconds=9)).isoformat()}, 60)
    cache.add(f"{key}:asking", 1, 5)
    with CaptureQueriesContext(connection) as asked:
        assert now.snapshot(board)["mark"] == first["mark"]
    assert not asked.captured_queries


def test_the_cache_holds_nothing_of_the_owner(client: Client) -> None:
    board = boarded()
    client.get(board.get_absolute_url())
    kept = cache.get(f"wallboard:link:{board.token}")
    assert set(kept) == {field.attname for field in Wallboard._meta.concrete_fields}  # and so is complete
    assert "password" not in json.dumps(kept, default=str)


def test_boards_are_set_up_by_who_sets_up_each_her_own(client: Client) -> None:
    board = boarded()
    for role, status in (("agent", 404), ("lead", 200), ("manager", 200)):
        client.force_login(make_user(role=role))
        assert client.get("/settings/wallboards/").status_code == status, role
        edit = client.get(f"/settings/wallboards/{board.pk}/").status_code
        assert edit == (200 if role == "manager" else 404), role
    client.post("/settings/wallboards/new/", {"name": "Two", "theme": "light", "language": "sv", "is_open": "on"})
    two = Wallboard.objects.get(name="Two")
    assert not two.shows_names
    link = two.get_absolute_url()
    client.post(f"/settings/wallboards/{two.pk}/link/")
    assert client.get(link).status_code == 404
    client.post(f"/settings/wallboards/{two.pk}/deletion/")
    assert not Wallboard.objects.filter(name="Two").exists()
