"""The self-audit: what it compares, what it finds, and who is told."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core.management import call_command
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from helpdesk.celery import app
from metrics import audit, tasks
from metrics.check import check
from metrics.invariants import invariants, little, offered, open_now, stock_and_flow
from metrics.models import Audit
from metrics.refresh import refresh
from tests.factories import make_case, make_contact, make_user
from tickets.models import Case

pytestmark = pytest.mark.django_db
NOW = timezone.now()


def spoil(table: str, change: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"UPDATE {table} SET {change}")


@pytest.fixture
def some_work() -> None:
    agent = make_user("anna")
    for days in (1, 5, 100):
        make_contact(agent=agent, at=NOW - timedelta(days=days))
    make_contact(outcome="abandoned", wait=40, at=NOW - timedelta(days=2))
    refresh()


def test_what_agrees_is_kept_as_agreeing(some_work: None) -> None:
    found = audit.run()
    assert (found.has_drift, found.differences, found.pending) == (False, [], 0)
    assert found.checked["metrics_record_contact"] == 3  # the one of long ago is not looked at
    assert found.checked["metrics_cell_contact_hour"] == 3
    assert {one["code"] for one in found.invariants} == {"stock_and_flow", "open_now", "offered", "little"}
    assert Audit.objects.get() == found


@pytest.mark.parametrize(
    ("table", "change"),
    [("metrics_record_contact", "wait_us = wait_us + 1"), ("metrics_cell_contact_month", "offered = offered + 1")],
)
def test_a_stored_figure_that_the_log_does_not_know_is_drift(some_work: None, table: str, change: str) -> None:
    spoil(table, change)
    found = audit.run()
    assert found.has_drift
    assert {one["table"] for one in found.differences} >= {table}
    assert {one["side"] for one in found.differences} == {"log", "stored"}


def test_what_is_older_is_left_to_the_full_check(some_work: None) -> None:
    with connection.cursor() as cursor:
        cursor.execute("UPDATE metrics_record_contact SET talk_us = 1 WHERE at < %s", [NOW - timedelta(days=93)])
    assert check(since=NOW - timedelta(days=60))[0] == []
    assert check()[0] != []


def test_a_row_that_only_one_side_has_is_found(some_work: None) -> None:
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM metrics_record_contact WHERE outcome = 'abandoned'")
    differences, _pending = check(since=NOW - timedelta(days=60))
    assert {(one.table, one.side) for one in differences} >= {("metrics_record_contact", "log")}


# --- invariants


def test_cases_that_come_go_and_come_back_add_up() -> None:
    start, agent = NOW - timedelta(days=30), make_user()
    old, fresh, back = (make_case(at=NOW - timedelta(days=days)) for days in (40, 20, 10))
    old.resolve(by=agent, at=NOW - timedelta(days=15))
    back.resolve(by=agent, at=NOW - timedelta(days=8))
    back.reopen(by=agent, at=NOW - timedelta(days=7))
    found = stock_and_flow(start, NOW)
    assert found.terms == {"start": 1, "created": 2, "resolved": 2, "reopened": 1}
    assert (found.left, found.right, found.holds) == (2, 2, True)
    assert (open_now(NOW).left, open_now(NOW).right) == (2, 2)
    assert fresh.status == "open"


def test_a_case_resolved_twice_or_behind_the_logs_back_is_found() -> None:
    case, other = make_case(at=NOW - timedelta(days=3)), make_case(at=NOW - timedelta(days=3))
    for hours in (5, 4):
        case.events.create(kind="resolved", at=NOW - timedelta(hours=hours))
    found = stock_and_flow(NOW - timedelta(days=30), NOW)
    assert (found.left, found.right, found.holds) == (0, 1, False)
    case.events.all()
    Case.objects.filter(pk=other.pk).update(status="resolved", resolved_at=NOW)
    assert (open_now(NOW).left, open_now(NOW).right) == (1, 1)
    Case.objects.filter(pk=case.pk).update(status="resolved", resolved_at=NOW)
    assert not open_now(NOW).holds


def test_offered_is_the_sum_of_how_contacts_left_the_queue() -> None:
    for outcome in ("answered", "abandoned", "callback_requested", "voicemail"):
        make_contact(outcome=outcome, at=NOW - timedelta(days=1))
    found = offered(NOW - timedelta(days=30), NOW)
    assert found.terms == {"answered": 1, "abandoned": 1, "flow_outs": 2, "waiting": 0}
    assert (found.left, found.holds) == (4, True)
    make_contact(outcome="no_answer", at=NOW - timedelta(days=1))
    assert not offered(NOW - timedelta(days=30), NOW).holds


def test_littles_law_holds_for_a_steady_stock_and_not_for_a_growing_one() -> None:
    agent = make_user()
    for days in range(1, 40):
        case = make_case(at=NOW - timedelta(days=days, hours=5))
        case.resolve(by=agent, at=NOW - timedelta(days=days))
    found = little(NOW - timedelta(days=30), NOW)
    assert found.left == pytest.approx(5 / 24, rel=0.05)
    assert found.holds
    for days in range(1, 30):
        make_case(at=NOW - timedelta(days=days))
    growing = little(NOW - timedelta(days=30), NOW)
    assert not growing.holds
    assert not growing.must  # a sign, not an error: no drift
    assert not audit.run().has_drift


def test_on_the_log_that_was_worked_out_by_hand_everything_fits(golden) -> None:
    from datetime import UTC, datetime

    refresh()
    found = {
        one.code: one for one in invariants(datetime(2025, 10, 1, tzinfo=UTC), datetime(2025, 11, 5, 12, tzinfo=UTC))
    }
    assert [code for code, one in found.items() if one.must and not one.holds] == []
    assert found["offered"].left == 20  # 19 in October, one in November


# --- running it


def test_the_command_says_what_differs_and_fails(some_work: None, capsys: pytest.CaptureFixture[str]) -> None:
    call_command("refresh_metrics", "--audit")
    assert "Stored figures and log agree" in capsys.readouterr().out
    spoil("metrics_record_contact", "wait_us = wait_us + 1")
    with pytest.raises(SystemExit):
        call_command("refresh_metrics", "--audit")
    assert "metrics_record_contact stored" in capsys.readouterr().out


def test_two_schedulers_make_one_run_a_night() -> None:
    tasks.audit_figures()
    tasks.audit_figures()
    assert Audit.objects.count() == 1
    assert app.conf.beat_schedule["audit-figures"]["task"] == tasks.audit_figures.name


# --- the page


def test_the_page_is_for_those_in_charge(client: Client) -> None:
    assert client.get("/metrics/audit/").status_code == 302
    for role, status in (("agent", 404), ("lead", 404), ("integration", 404), ("manager", 200), ("admin", 200)):
        client.force_login(make_user(role=role))
        assert client.get("/metrics/audit/").status_code == status, role
    assert "No audit has run yet" in client.get("/metrics/audit/").content.decode()
    assert client.get("/metrics/audit/?run=99").status_code == 404
    assert client.post("/metrics/audit/").status_code == 405


def test_drift_is_told_on_the_dashboard_of_those_in_charge(client: Client, some_work: None) -> None:
    audit.run()
    told = "do not agree with the log"
    client.force_login(make_user(role="manager"))
    assert told not in client.get("/metrics/?period=7d").content.decode()
    spoil("metrics_record_contact", "wait_us = wait_us + 1")
    drifted = audit.run()
    assert told in client.get("/metrics/?period=7d").content.decode()
    html = client.get("/metrics/audit/").content.decode()
    assert "does not agree" in html
    assert "metrics_record_contact" in html
    client.force_login(make_user(role="lead"))
    assert told not in client.get("/metrics/?period=7d").content.decode()
    # Once it is put right, the banner goes.
    call_command("refresh_metrics", "--rebuild", verbosity=0)
    audit.run()
    client.force_login(make_user(role="manager"))
    assert told not in client.get("/metrics/?period=7d").content.decode()
    assert "does not agree" in client.get(f"/metrics/audit/?run={drifted.pk}").content.decode()


def test_more_runs_take_no_more_queries(client: Client) -> None:
    client.force_login(make_user(role="manager"))

    def count() -> int:
        with CaptureQueriesContext(connection) as captured:
            client.get("/metrics/audit/")
        return len(captured)

    audit.run()
    count()
    before = count()
    audit.run()
    audit.run()
    assert count() == before
