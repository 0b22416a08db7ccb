"""Seventeen ways in which helpdesks count wrong. Each shows our value, and that the naive formula gives another."""

from __future__ import annotations

import csv
import io
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.db.models import Avg, F, Max, Q
from django.http import QueryDict
from django.test import Client
from django.utils import timezone

from metrics import compute, rows
from metrics.catalog import KPIS
from metrics.compute import Query
from metrics.definition import Unit
from metrics.period import Period
from metrics.question import read
from metrics.refresh import refresh
from surveys.links import token_for
from surveys.models import Invitation, Response
from tests.factories import make_agreement, make_case, make_client, make_contact, make_source, make_team, make_user
from tests.metrics.test_golden import ask
from tests.metrics.test_ledgers import span
from tickets.models import Agreement, ApiToken, Case, CaseEvent, Contact, Message, Queue, Status
from tickets.windows import bring_up_to_date

OCTOBER = span(date(2025, 10, 1), date(2025, 11, 1))
# A Monday, 8 in Stockholm.
T0 = datetime(2025, 10, 6, 6, tzinfo=UTC)
LATER = datetime(2026, 3, 1, tzinfo=UTC)


def hours(n: float) -> timedelta:
    return timedelta(hours=n)


def value(key: str, **query: Any) -> compute.Value:
    """The value by both engines, before and after a refresh."""
    query = {"as_of": LATER, "period": OCTOBER} | query
    found = {str(engine): _value(key, engine, query) for engine in ("facts", "auto")}
    refresh()
    found["refreshed"] = _value(key, "auto", query)
    assert len(set(found.values())) == 1, found
    return found["auto"]


def _value(key: str, engine: str, query: dict[str, Any]) -> compute.Value:
    (row,) = compute.values([KPIS[key]], Query(engine=engine, **query))
    return row.values[key]


def invite(contact: Contact, *, sent_at: datetime = T0, **answer: Any) -> Invitation:
    invitation = Invitation.objects.create(
        source=make_source(), client=contact.client, contact=contact, case=contact.case, sent_at=sent_at
    )
    if answer:
        invitation.responses.create(**({"responded_at": sent_at + hours(1)} | answer))
    return invitation


pytestmark = pytest.mark.django_db


def test_1_breached_cases_are_in_the_average() -> None:
    for taken in (1, 100):
        make_case(at=T0, resolution_due_at=T0 + hours(10)).resolve(by=None, at=T0 + hours(taken))
    assert value("time-to-resolution:calendar").value == 50.5 * 3600
    assert value("sla:resolution").value == 0.5
    met = [hours(1)]
    assert sum(met, timedelta()) / len(met) != hours(50.5)
    naive = Case.objects.filter(resolved_at__lte=F("resolution_due_at")).aggregate(
        m=Avg(F("resolved_at") - F("created_at"))
    )
    assert naive["m"] == hours(1)


def test_2_an_answer_after_twenty_minutes_is_twenty_minutes() -> None:
    evening = datetime(2025, 10, 6, 21, 50, tzinfo=UTC)
    case = make_case(at=evening, channel="email")
    case.log_message("Done.", kind=Message.Kind.OUTGOING, by=make_user(), at=evening + timedelta(minutes=20))
    assert value("first-response-time:calendar").value == 1200
    replied = evening + timedelta(minutes=20)
    zone = ZoneInfo("Europe/Stockholm")
    assert (replied - evening).total_seconds() // 3600 == 0
    assert (replied.astimezone(zone).date() - evening.astimezone(zone).date()).days == 1


def test_3_what_a_machine_says_or_a_colleague_notes_is_no_first_response() -> None:
    agent, case = make_user(), make_case(at=T0, channel="email")
    case.record(CaseEvent.Kind.AUTO_ACK, by=None, at=T0 + timedelta(seconds=5))
    case.assign(to=agent, by=None, at=T0 + timedelta(minutes=1))
    case.write_note("Who knows this?", by=agent, at=T0 + timedelta(minutes=2))
    case.escalate(by=agent, at=T0 + timedelta(minutes=3))
    case.wait(on=Status.WAITING_THIRD_PARTY, by=agent, at=T0 + timedelta(minutes=4))
    case.log_message("Here you are.", kind=Message.Kind.OUTGOING, by=agent, at=T0 + hours(5))
    assert value("first-response-time:calendar").value == 5 * 3600
    first = case.events.exclude(kind=CaseEvent.Kind.CREATED).order_by("at").first()
    assert first is not None
    assert first.at - T0 == timedelta(seconds=5)


def test_4_a_customer_who_asks_again_does_not_reset_the_clock() -> None:
    agent, case = make_user(), make_case(at=T0, channel="email")
    case.log_message("Hello.", kind=Message.Kind.OUTGOING, by=agent, at=T0 + hours(1))
    for asked in (2, 20):
        case.log_message("And now?", kind=Message.Kind.INCOMING, by=None, at=T0 + hours(asked))
    case.log_message("Now.", kind=Message.Kind.OUTGOING, by=agent, at=T0 + hours(24))
    found = value("next-reply-time:calendar")
    assert (found.value, found.denominator) == (22 * 3600, 1)
    last = case.events.filter(kind=CaseEvent.Kind.CUSTOMER_MESSAGE).aggregate(at=Max("at"))["at"]
    assert T0 + hours(24) - last == hours(4)


def test_5_editing_a_closed_case_changes_no_figure() -> None:
    agent, case = make_user(), make_case(at=T0, channel="email")
    make_contact(at=T0, case=case, customer=case.customer, agent=agent)
    case.log_message("Solved.", kind=Message.Kind.OUTGOING, by=agent, at=T0 + hours(1))
    case.resolve(by=agent, at=T0 + hours(2))

    def everything() -> dict[str, compute.Value]:
        (row,) = compute.values(KPIS.values(), Query(OCTOBER, as_of=LATER))
        return row.values

    before, modified = everything(), Case.objects.get(pk=case.pk).updated_at
    case.change(by=agent, subject="Another subject")
    case.write_note("For the record.", by=agent)
    assert everything() == before
    refresh()
    assert everything() == before
    case.refresh_from_db()
    assert case.updated_at != modified  # what `modified - created` would have counted
    assert before["time-to-resolution:calendar"].value == 2 * 3600


def test_6_a_reopening_keeps_the_first_resolution_and_its_rating() -> None:
    agent, case = make_user(), make_case(at=T0)
    contact = make_contact(at=T0, case=case, customer=case.customer, agent=agent)
    case.resolve(by=agent, at=T0 + hours(1))
    invite(contact, sent_at=T0 + hours(1), csat=5)
    case.reopen(by=agent, at=T0 + hours(3))
    assert value("csat").numerator == 1
    case.resolve(by=agent, at=T0 + hours(50))
    assert value("time-to-resolution:first-calendar").value == 3600
    assert value("time-to-resolution:calendar").value == 50 * 3600
    assert value("csat").numerator == 1
    case.refresh_from_db()
    assert case.resolved_at == T0 + hours(50)  # the column of the case has forgotten the first


@pytest.mark.parametrize("zone", ["Europe/Stockholm", "Asia/Kolkata", "UTC"])
@pytest.mark.parametrize(("start", "end"), [("2025-10-26", "2025-10-27"), ("2025-10-31", "2025-11-01")])
def test_7_screen_file_api_and_rows_count_alike(golden: Path, zone: str, start: str, end: str) -> None:
    reader = Client()
    reader.force_login(make_user(role="manager"))
    asked = f"start={start}&end={end}&tz={zone}&channel=phone&as_of=2025-11-05T12:00:00Z"
    query = read(QueryDict(f"kpi=offered&{asked}"), make_user(role="manager")).query
    n = value("offered", period=query.period, filters=PHONE).value
    page = reader.get(f"/metrics/offered/rows/?{asked}").content.decode()
    file = b"".join(reader.get(f"/metrics/offered/rows.csv?{asked}")).decode()  # type: ignore[arg-type]
    caller = Client(headers={"Authorization": f"Bearer {ApiToken.issue(make_user(role='manager'))}"})
    ids = [row["contact_id"] for row in caller.get(f"/api/v1/kpis/offered/rows/?{asked}").json()["results"]]
    figure = caller.get(f"/api/v1/kpis/values/?kpi=offered&{asked}").json()["rows"][0]["kpis"]["offered"]["value"]
    assert len(list(csv.reader(io.StringIO(file.lstrip("\ufeff"))))) - 1 == n == len(ids) == figure
    assert all(f">{name}<" in page for name in ids)


PHONE = {"channel": ["phone"]}


def test_7_a_day_is_a_local_day(golden: Path) -> None:
    day = span(date(2025, 10, 31), date(2025, 11, 1))
    assert value("offered", period=day, filters=PHONE).value == 1
    midnights = (datetime(2025, 10, 31, tzinfo=UTC), datetime(2025, 11, 1, tzinfo=UTC))
    by_utc = Contact.objects.filter(started_at__range=midnights, is_valid=True, channel="phone")
    assert by_utc.count() == 2


def test_8_a_rate_never_exceeds_one_and_nothing_is_cut_off() -> None:
    agent, case = make_user(), make_case(at=T0)
    case.resolve(by=agent, at=T0 + hours(1))
    for n in range(3):
        case.reopen(by=agent, at=T0 + hours(2 + 2 * n))
        case.resolve(by=agent, at=T0 + hours(3 + 2 * n))
    found = value("reopen-rate")
    assert (found.numerator, found.denominator, found.value) == (1, 1, 1)
    assert case.events.filter(kind=CaseEvent.Kind.REOPENED).count() / 1 == 3


def test_9_an_answer_is_a_share_of_the_questions_it_answers() -> None:
    contact = make_contact(at=T0)
    invite(contact, sent_at=T0 - hours(24 * 7), responded_at=T0, csat=5)  # asked in September
    invite(contact, sent_at=T0, responded_at=T0 + hours(1), csat=5)
    found = value("response-rate")
    assert (found.numerator, found.denominator) == (1, 1)
    october = Q(responded_at__gte=OCTOBER.start, responded_at__lt=OCTOBER.end)
    sent = Invitation.objects.filter(sent_at__gte=OCTOBER.start, sent_at__lt=OCTOBER.end).count()
    assert Response.objects.filter(october).count() / sent == 2


def test_9_the_numerator_lies_within_the_denominator(golden: Path) -> None:
    """Of all rows, and of those of a filter: another one of each share, since the condition is the same everywhere."""
    client = Queue.objects.get(code="mail").client.code
    narrow = ["channel=phone", "channel=email", "queue=mail", "agent=A1", f"client={client}"]
    shares = [kpi for kpi in KPIS.values() if kpi.unit is Unit.SHARE and not kpi.fact.anonymous_below]
    assert len(shares) > 30
    for n, kpi in enumerate(shares):
        for filters in ("", narrow[n % len(narrow)]):
            query = ask(kpi.key, filters).query
            top, base = (rows.page(kpi, query, which, limit=1000).rows for which in ("numerator", "denominator"))
            assert {str(row) for row in top} <= {str(row) for row in base}, (kpi.key, filters)


def test_10_closed_in_the_period_are_also_those_opened_before_it() -> None:
    make_case(at=T0 - hours(24 * 10)).resolve(by=None, at=T0)
    make_case(at=T0).resolve(by=None, at=T0 + hours(1))
    assert value("resolved").value == 2
    assert Case.objects.filter(created_at__gte=OCTOBER.start, resolved_at__isnull=False).count() == 1


def test_11_a_rating_belongs_to_the_agent_at_the_contact() -> None:
    served, later = make_user(), make_user(team=make_team("other"))
    case = make_case(at=T0)
    contact = make_contact(at=T0, case=case, customer=case.customer, agent=served)
    invite(contact, csat=1)
    case.assign(to=later, by=later, at=T0 + hours(1))
    assert value("csat", filters={"agent": [served.pk]}).denominator == 1
    assert value("csat", filters={"agent": [later.pk]}).denominator == 0
    assert value("csat", filters={"team": [later.team_id]}).denominator == 0
    assert Response.objects.filter(invitation__case__owner=later).count() == 1


def test_12_a_skipped_question_is_in_no_denominator() -> None:
    contact = make_contact(at=T0)
    invite(contact, nps=10)
    invite(contact, csat=4)
    found = value("nps")
    assert (found.denominator, found.value) == (1, 100)
    assert 100 * 1 / Response.objects.count() == 50


def test_13_a_scanner_that_opens_the_link_answers_nothing() -> None:
    now = timezone.now()
    invitation, scanner = invite(make_contact(at=now - hours(2)), sent_at=now - hours(1)), Client()
    Invitation.objects.update(expires_at=now + hours(24))
    period, path = Period(now - hours(24), now + hours(24), UTC), f"/s/{token_for(invitation)}"
    opened = [getattr(scanner, method)(path, {"csat": "5"}).status_code for method in ("get", "head", "get")]
    assert opened == [200, 200, 200]  # had opening been answering, three of one would have
    assert value("response-rate", period=period, as_of=now).numerator == 0
    assert scanner.post(path, {"csat": "5"}).status_code == 302
    found = value("response-rate", period=period, as_of=now)
    assert (found.numerator, found.denominator) == (1, 1)


def test_14_tomorrows_agreement_leaves_yesterdays_verdict() -> None:
    client = make_client()
    first = make_agreement(client, resolution_business_seconds=8 * 3600)
    bring_up_to_date(T0)
    make_case(at=T0, client=client).resolve(by=None, at=T0 + hours(6))
    assert value("sla:resolution").value == 1
    Agreement.objects.create(
        client=client, calendar=first.calendar, valid_from=T0 + hours(24), resolution_business_seconds=3600
    )
    bring_up_to_date(T0)
    assert value("sla:resolution").value == 1
    today = Agreement.objects.in_force(client, LATER)
    assert today is not None
    due = today.resolution_due_at(T0, today.calendar.hours())
    assert due is not None
    assert T0 + hours(6) > due  # judged by what is agreed today it would be broken


def test_15_our_own_opening_message_is_no_reply() -> None:
    agent = make_user()
    case = make_case(at=T0, by=agent, channel="email")
    case.log_message("We have found a fault.", kind=Message.Kind.OUTGOING, by=agent, at=T0)
    assert value("first-response-time:calendar").value is None
    case.log_message("It is mended.", kind=Message.Kind.OUTGOING, by=agent, at=T0 + hours(4))
    found = value("first-response-time:calendar")
    assert (found.value, found.denominator) == (4 * 3600, 1)
    first = case.events.filter(kind=CaseEvent.Kind.AGENT_REPLY).earliest("at")
    assert first.at - case.created_at == timedelta()


def test_16_the_machines_time_and_ours_are_two_figures() -> None:
    contact = make_contact(at=T0, queued_at=T0 + timedelta(seconds=60), wait=70, talk=100)
    assert value("asa").value == 10
    assert value("asa:from-ivr").value == 70
    assert value("aht").value == 130  # talk and wrap-up, no menu
    assert contact.answered_at is not None
    assert contact.answered_at - contact.started_at == timedelta(seconds=70)


def test_17_what_is_still_open_shows_its_age_beside_every_resolution_time() -> None:
    make_case(at=T0).resolve(by=None, at=T0 + hours(1))
    make_case(at=T0 - hours(24 * 40))
    assert value("time-to-resolution:calendar").value == 3600
    age = value("backlog-age", at=T0 + hours(2))
    assert (age.value, age.denominator) == ((40 * 24 + 2) * 3600, 1)
    for kpi in KPIS.values():
        if kpi.slug == "time-to-resolution":
            assert "backlog-age" in kpi.beside, kpi.key
    times = [case.resolved_at - case.created_at for case in Case.objects.all() if case.resolved_at]
    assert times == [hours(1)]  # of what is closed alone, the 40 days do not show
