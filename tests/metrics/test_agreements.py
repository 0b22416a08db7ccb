"""Versions of agreements: the past keeps its verdicts, until somebody restates them in sight of all."""

from __future__ import annotations

import re
from collections import Counter
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.db import IntegrityError, connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from metrics import agreements, compute, store
from metrics.catalog import KPIS
from metrics.models import Restatement
from metrics.period import Period, midnight
from metrics.refresh import refresh
from metrics.sql import computed
from tests.factories import (
    make_agreement,
    make_calendar,
    make_case,
    make_client,
    make_contact,
    make_customer,
    make_user,
)
from tickets import windows
from tickets.models import Agreement, Calendar

pytestmark = pytest.mark.django_db
ZONE = ZoneInfo("Europe/Stockholm")
TODAY = timezone.now().astimezone(ZONE).date()


def day(days: int) -> datetime:
    """The midnight that many days from today."""
    return midnight(TODAY + timedelta(days=days), ZONE)


def promise(agreement: Agreement, seconds: int) -> Agreement:
    agreement.service_levels.create(channel="phone", threshold_seconds=seconds, target_share="0.8")
    return agreement


def level(start: int, end: int) -> tuple[float | None, float | None]:
    """Numerator and denominator of the service level from one day to another, the same by both engines."""
    found = []
    for engine in ("auto", "facts"):
        query = compute.Query(Period(day(start), day(end), ZONE), engine=engine)
        value = compute.values([KPIS["service-level"]], query)[0].values["service-level"]
        found.append((value.numerator, value.denominator))
    assert found[0] == found[1]
    return found[0]


@pytest.fixture
def old_and_new() -> Agreement:
    """20 seconds until ten days ago, 60 seconds since; and calls that waited 30 seconds, before and after."""
    promise(make_agreement(valid_from=day(-100)), 20)
    newer = promise(make_agreement(valid_from=day(-10)), 60)
    agent = make_user()
    for days in (-30, -20, -15, -5):
        make_contact(wait=30, at=day(days) + timedelta(hours=10), agent=agent)
    refresh()
    return newer


def test_a_new_version_leaves_the_past_its_verdicts(old_and_new: Agreement) -> None:
    assert level(-40, -10) == (0, 3)
    assert level(-10, 0) == (1, 1)
    promise(make_agreement(valid_from=day(-7)), 10)
    assert level(-40, -10) == (0, 3)
    assert level(-10, 0) == (0, 1)


def test_restating_changes_the_past_and_writes_down_what_and_why(old_and_new: Agreement) -> None:
    boss = make_user(role="manager")
    foreseen = agreements.effect(old_and_new, day(-25))
    assert (foreseen.judged["contact"], foreseen.changed["contact"]) == (2, 2)
    assert foreseen.figures["service-level"] == ((0, 2), (2, 2))
    assert level(-40, -10) == (0, 3)  # to foresee changes nothing
    written = agreements.restate(old_and_new, day(-25), by=boss, reason="The contract said 60 s all along")
    assert level(-40, -10) == (2, 3)  # what lies before keeps its verdict
    refresh()
    assert level(-40, -10) == (2, 3)
    assert (written.by, written.reason, written.since) == (boss, "The contract said 60 s all along", day(-25))
    assert written.effect["changed"]["contact"] == 2
    assert written.effect["figures"]["service-level"] == ((0, 2), (2, 2))
    assert [version["service_levels"][0]["threshold_seconds"] for version in written.before] == [20, 60]
    assert [datetime.fromisoformat(version["valid_from"]) for version in written.after] == [day(-100), day(-25)]


def test_the_first_version_holds_for_everything_before_it_too(old_and_new: Agreement) -> None:
    foreseen = agreements.effect(old_and_new, day(-101))
    assert (foreseen.changed["contact"], foreseen.figures["service-level"]) == (3, ((0, 3), (3, 3)))
    agreements.restate(old_and_new, day(-101), by=make_user(role="manager"), reason="Never was 20 s")
    assert level(-40, -10) == (3, 3)
    assert Agreement.objects.count() == 1


def test_what_is_foreseen_of_cases_is_what_comes(old_and_new: Agreement) -> None:
    old_and_new.fcr_window_days = 3
    old_and_new.save()
    customer = make_customer()
    first_at = day(-20) + timedelta(hours=9)
    case = make_case(customer=customer, at=first_at)
    first = make_contact(customer=customer, case=case, at=first_at)
    case.resolve(by=make_user(), at=first.handled_end_at + timedelta(minutes=5))
    make_contact(customer=customer, case=case, at=first_at + timedelta(days=5))

    def fcr() -> tuple[Any, Any]:
        value = compute.values([KPIS["fcr"]], compute.Query(Period(day(-25), day(-10), ZONE)))[0].values["fcr"]
        return value.numerator, value.denominator

    assert fcr() == (0, 1)  # it came back within seven days
    foreseen = agreements.effect(old_and_new, day(-25))
    assert foreseen.figures["fcr"] == ((0, 1), (1, 1))
    agreements.restate(old_and_new, day(-25), by=make_user(role="manager"), reason="Three days were agreed")
    assert fcr() == (1, 1)


def worked_out() -> dict[tuple[str, int], tuple[Any, ...]]:
    """Every row that is judged by agreements or by opening hours, as the log has it now."""
    found = {}
    with connection.cursor() as cursor:
        for code, record in store.STORED.items():
            cursor.execute(f"SELECT * FROM {computed(record, 'true')} r")
            found |= {(code, row[0]): row for row in cursor.fetchall()}
    return found


def test_every_row_that_other_terms_and_hours_change_is_foreseen(old_and_new: Agreement) -> None:
    long_hours = Calendar.objects.create(name="Long hours", timezone="Europe/Stockholm")
    for weekday in range(7):
        long_hours.opening_hours.create(weekday=weekday, opens_at=time(6), closes_at=time(22))
    old_and_new.calendar, old_and_new.silence_hours, old_and_new.reopen_window_days = long_hours, 1, 1
    old_and_new.save()
    customer, agent = make_customer(), make_user()
    # Opened before the span and resolved in it; all in it; resolved after it; not resolved; over before it.
    for opened, resolved in ((-30, -20), (-20, -18), (-15, -5), (-14, None), (-40, -38)):
        at = day(opened) + timedelta(hours=9)
        case = make_case(customer=customer, at=at, channel="email")
        for hours in (1, 30):
            case.record("customer_message", by=None, at=at + timedelta(hours=hours))
            case.record("agent_reply", by=agent, at=at + timedelta(hours=hours + 20))
        if resolved is not None:
            case.resolve(by=agent, at=day(resolved) + timedelta(hours=9))
            if resolved == -18:
                case.reopen(by=agent, at=day(-16))
                case.resolve(by=agent, at=day(-15))
    windows.bring_up_to_date()
    before = worked_out()
    foreseen = agreements.effect(old_and_new, day(-25))
    agreements.restate(old_and_new, day(-25), by=make_user(role="manager"), reason="Agreed so")
    windows.bring_up_to_date()
    after = worked_out()
    changed = Counter(code for code, pk in before if before[code, pk] != after[code, pk])
    assert changed["case"] == 4
    assert changed["reply"] >= 4
    assert {code: n for code, n in foreseen.changed.items() if n} == changed
    assert foreseen.figures["silence"][0] != foreseen.figures["silence"][1]


def test_only_the_past_of_this_client_is_touched(old_and_new: Agreement) -> None:
    other = make_client("other")
    promise(make_agreement(other, valid_from=day(-100)), 20)
    make_contact(client=other, wait=30, at=day(-20) + timedelta(hours=11))
    assert agreements.effect(old_and_new, day(-25)).judged["contact"] == 2
    agreements.restate(old_and_new, day(-25), by=make_user(role="manager"), reason="x")
    assert level(-40, -10) == (2, 4)


@pytest.mark.parametrize("since", [-10, -3, 2])
def test_a_moment_that_makes_no_sense_is_refused(old_and_new: Agreement, since: int) -> None:
    with pytest.raises(agreements.RestatementError):
        agreements.restate(old_and_new, day(since), by=make_user(role="manager"), reason="x")


def test_what_was_written_down_cannot_be_changed(old_and_new: Agreement) -> None:
    written = agreements.restate(old_and_new, day(-25), by=make_user(role="manager"), reason="x")
    for change in (lambda: Restatement.objects.update(reason="y"), written.delete):
        with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
            change()


# --- pages


@pytest.fixture
def manager(client: Client) -> Client:
    client.force_login(make_user("boss", role="manager"))
    return client


def test_the_pages_are_for_those_in_charge(client: Client, old_and_new: Agreement) -> None:
    addresses = [
        "/settings/agreements/",
        f"/settings/agreements/{old_and_new.client_id}/new/",
        f"/settings/agreements/versions/{old_and_new.pk}/restatement/",
    ]
    for address in addresses:
        client.logout()
        assert client.get(address).status_code == 302
        for role, status in (("agent", 404), ("lead", 404), ("integration", 404), ("manager", 200), ("admin", 200)):
            client.force_login(make_user(role=role))
            assert client.get(address).status_code == status, (address, role)
            if status == 404:
                assert client.post(address).status_code in {404, 405}


def test_the_list_says_what_changed_with_each_version(manager: Client, old_and_new: Agreement) -> None:
    html = manager.get("/settings/agreements/").content.decode().replace("\N{NO-BREAK SPACE}", " ")
    assert "<del>Phone: 80 % within 20 s, short up to 5 s</del> → <ins>Phone: 80 % within 60 s" in html
    assert "in force" in html
    assert "from the beginning" in html


def filled_in(html: str) -> dict[str, Any]:
    """What a browser would send of the form as it came."""
    inputs = re.findall(r'<input type="(?!checkbox)[^>]*name="([^"]+)" value="([^"]*)"', html)
    values: dict[str, Any] = dict(inputs)
    for name, options in re.findall(r'<select[^>]*name="([^"]+)"[^>]*>(.*?)</select>', html, re.DOTALL):
        chosen = re.search(r'value="([^"]*)" selected', options)
        values[name] = chosen[1] if chosen else ""
    return values


def test_a_new_version_is_filled_in_with_the_last_and_begins_on_a_day_to_come(
    manager: Client, old_and_new: Agreement
) -> None:
    address = f"/settings/agreements/{old_and_new.client_id}/new/"
    values = filled_in(manager.get(address).content.decode())
    assert (values["level-0-threshold_seconds"], values["fcr_window_days"]) == ("60.000", "7")
    today = {**values, "begins_on": TODAY.isoformat()}
    refused = manager.post(address, today)
    assert refused.status_code == 422
    assert "a day to come" in refused.content.decode()
    tomorrow = {**values, "begins_on": (TODAY + timedelta(days=1)).isoformat(), "fcr_window_days": "14"}
    assert manager.post(address, tomorrow).status_code == 302
    newest = Agreement.objects.latest("valid_from")
    assert (newest.valid_from, newest.fcr_window_days) == (day(1), 14)
    assert agreements.differing(old_and_new.terms(), newest.terms()) == ["fcr_window_days"]
    assert manager.post(address, tomorrow).status_code == 422  # one version a day


def test_restating_shows_what_changes_asks_why_and_does_it(manager: Client, old_and_new: Agreement) -> None:
    address = f"/settings/agreements/versions/{old_and_new.pk}/restatement/"
    since = (TODAY - timedelta(days=25)).isoformat()
    html = manager.get(f"{address}?since={since}").content.decode()
    assert '<th scope="row">Contacts</th><td class="text-end number">2</td><td class="text-end number">2</td>' in html
    assert '<td class="text-end number">0 of 2</td><td class="text-end number">2 of 2</td>' in html
    assert manager.post(address, {"since": since, "reason": ""}).status_code == 422
    assert not Restatement.objects.exists()
    assert manager.post(address, {"since": since, "reason": "Agreed so"}).status_code == 302
    assert level(-40, -10) == (2, 3)
    html = manager.get("/settings/agreements/").content.decode()
    assert "Agreed so" in html
    assert "0 of 2 → 2 of 2" in html
    late = (TODAY - timedelta(days=2)).isoformat()
    assert "choose an earlier day" not in html
    assert manager.post(address, {"since": late, "reason": "x"}).status_code == 422


def test_more_versions_take_no_more_queries(manager: Client, old_and_new: Agreement) -> None:
    def count() -> int:
        with CaptureQueriesContext(connection) as captured:
            manager.get("/settings/agreements/")
        return len(captured)

    count()
    before = count()
    for days in (-9, -8, -6):
        promise(make_agreement(valid_from=day(days)), 30)
    promise(make_agreement(make_client("second")), 10)
    assert count() == before


# --- administration


def test_a_version_in_force_is_read_only_in_the_administration(client: Client, old_and_new: Agreement) -> None:
    client.force_login(make_user(role="admin"))
    address = f"/admin/tickets/agreement/{old_and_new.pk}/change/"
    assert "/settings/agreements/" in client.get(address).content.decode()
    client.post(address, {"fcr_window_days": "30"})
    assert client.post(f"/admin/tickets/agreement/{old_and_new.pk}/delete/", {"post": "yes"}).status_code == 403
    old_and_new.refresh_from_db()
    assert old_and_new.fcr_window_days == 7
    coming = make_agreement(valid_from=day(5))
    assert 'name="fcr_window_days"' in client.get(f"/admin/tickets/agreement/{coming.pk}/change/").content.decode()


def test_opening_hours_that_were_in_force_stay_but_closing_days_to_come_may_be_added(client: Client) -> None:
    used, free = make_calendar(), make_calendar("Free")
    make_agreement(valid_from=day(-5), calendar=used)
    client.force_login(make_user(role="admin"))
    assert 'name="timezone"' not in client.get(f"/admin/tickets/calendar/{used.pk}/change/").content.decode()
    assert 'name="timezone"' in client.get(f"/admin/tickets/calendar/{free.pk}/change/").content.decode()

    def close(on: date) -> int:
        client.post(
            f"/admin/tickets/calendar/{used.pk}/change/",
            {
                "name": used.name,
                "opening_hours-TOTAL_FORMS": "0",
                "opening_hours-INITIAL_FORMS": "0",
                "closed_days-TOTAL_FORMS": "1",
                "closed_days-INITIAL_FORMS": "0",
                "closed_days-0-calendar": str(used.pk),
                "closed_days-0-closed_on": on.isoformat(),
            },
        )
        return used.closed_days.count()

    assert close(TODAY - timedelta(days=1)) == 0
    assert close(TODAY + timedelta(days=30)) == 1
