"""Generated traffic: the same from the same seed, the same in bulk as through the verbs, and like a real desk's."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from io import StringIO

import phonenumbers
import pytest
import time_machine
from django.contrib.auth import authenticate
from django.core.management import CommandError, call_command
from django.db import connection, transaction
from django.db.models import F, Sum
from django.utils import timezone

from helpdesk.simulation import demo, ledgers, world
from helpdesk.simulation.people import phone_numbers
from helpdesk.simulation.plan import CaseStep, ContactBegins, ContactEnds
from helpdesk.simulation.run import simulate
from helpdesk.simulation.traffic import Traffic
from metrics.check import check
from metrics.refresh import refresh
from surveys.models import Invitation, Response
from tickets import settle
from tickets.models import (
    AgentTime,
    Case,
    CaseEvent,
    Contact,
    Cost,
    Customer,
    Identity,
    OutgoingMail,
    Promise,
    Segment,
    User,
)

UNTIL = datetime(2025, 11, 5, 13, 7, tzinfo=UTC)

# Every table that traffic writes, with keys that differ from run to run replaced by names, in the order of writing.
LOG = {
    "customers": """
        SELECT c.name, c.language, cl.code, array_agg(i.kind || ':' || i.value ORDER BY i.kind, i.value)
        FROM tickets_customer c JOIN tickets_client cl ON cl.id = c.client_id JOIN tickets_identity i ON i.customer_id = c.id
        GROUP BY c.id, cl.code ORDER BY c.id""",
    "contacts": """
        SELECT c.external_id, cl.code, c.channel, c.direction, c.outcome, cu.name, k.external_id, lk.external_id, t.path,
            q.code, c.demand, c.cause, c.solved, c.subject, c.started_at, c.queued_at, c.answered_at, c.ended_at,
            p.external_id, d.external_id, c.flags, c.is_void, c.is_valid, c.is_handled, c.handled_end_at, u.code, te.code,
            c.talk_us, c.hold_us, c.acw_us, c.engaged_us, c.elapsed_us, c.legs, c.transfers
        FROM tickets_contact c JOIN tickets_client cl ON cl.id = c.client_id
        LEFT JOIN tickets_customer cu ON cu.id = c.customer_id LEFT JOIN tickets_case k ON k.number = c.case_id
        LEFT JOIN tickets_case lk ON lk.number = c.logged_case_id LEFT JOIN tickets_topic t ON t.id = c.topic_id
        LEFT JOIN tickets_queue q ON q.id = c.queue_id LEFT JOIN tickets_contact p ON p.id = c.parent_id
        LEFT JOIN tickets_contact d ON d.id = c.duplicate_of_id LEFT JOIN tickets_user u ON u.id = c.owner_id
        LEFT JOIN tickets_team te ON te.id = c.team_id
        ORDER BY c.id""",
    "legs": """
        SELECT c.external_id, u.code, t.code, s.role, s.started_at, s.ended_at, s.talk_us, s.hold_us, s.acw_us
        FROM tickets_segment s JOIN tickets_contact c ON c.id = s.contact_id JOIN tickets_user u ON u.id = s.agent_id
        JOIN tickets_team t ON t.id = s.team_id ORDER BY s.id""",
    "cases": """
        SELECT k.external_id, cl.code, cu.name, t.path, q.code, u.code, te.code, k.channel, k.priority, k.status, k.subject,
            k.fcr_eligible, k.flags, k.created_at, k.resolved_at, k.updated_at, k.first_response_due_at, k.resolution_due_at
        FROM tickets_case k JOIN tickets_client cl ON cl.id = k.client_id JOIN tickets_customer cu ON cu.id = k.customer_id
        JOIN tickets_topic t ON t.id = k.topic_id JOIN tickets_queue q ON q.id = k.queue_id
        LEFT JOIN tickets_user u ON u.id = k.owner_id LEFT JOIN tickets_team te ON te.id = k.team_id
        ORDER BY k.number""",
    "events": """
        SELECT k.external_id, e.kind, e.at, e.occurrence, u.code, e.actor_label, e.is_valid, e.note,
            e.data - 'message' - 'promise' - 'owner', m.body, p.due_at,
            (SELECT array_agg(o.code ORDER BY x.place) FROM jsonb_array_elements_text(e.data -> 'owner')
                WITH ORDINALITY x(id, place) LEFT JOIN tickets_user o ON o.id = x.id::bigint)
        FROM tickets_caseevent e JOIN tickets_case k ON k.number = e.case_id LEFT JOIN tickets_user u ON u.id = e.actor_id
        LEFT JOIN tickets_message m ON m.id = (e.data ->> 'message')::bigint
        LEFT JOIN tickets_promise p ON p.id = (e.data ->> 'promise')::bigint
        ORDER BY e.id""",
    "messages": """
        SELECT k.external_id, c.external_id, m.kind, u.code, m.body, m.at
        FROM tickets_message m JOIN tickets_case k ON k.number = m.case_id LEFT JOIN tickets_contact c ON c.id = m.contact_id
        LEFT JOIN tickets_user u ON u.id = m.author_id ORDER BY m.id""",
    "promises": """
        SELECT k.external_id, p.kind, u.code, p.made_at, p.original_due_at, p.due_at, p.fulfilled_at, p.rescheduled_by,
            p.cancelled_by
        FROM tickets_promise p JOIN tickets_case k ON k.number = p.case_id LEFT JOIN tickets_user u ON u.id = p.made_by_id
        ORDER BY p.id""",
    "surveys": """
        SELECT i.external_id, cl.code, k.external_id, c.external_id, cu.name, i.language, i.sent_at, i.is_delivered,
            i.expires_at, r.responded_at, r.csat, r.csat_scale, r.ces, r.nps, r.fcr_resolved, r.fcr_contacts, r.comment
        FROM surveys_invitation i JOIN tickets_client cl ON cl.id = i.client_id JOIN tickets_case k ON k.number = i.case_id
        LEFT JOIN tickets_contact c ON c.id = i.contact_id JOIN tickets_customer cu ON cu.id = i.customer_id
        LEFT JOIN surveys_response r ON r.invitation_id = i.id ORDER BY i.id, r.id""",
}


def read_log() -> dict[str, list[tuple]]:
    with connection.cursor() as cursor:
        found = {}
        for name, sql in LOG.items():
            cursor.execute(sql)
            found[name] = cursor.fetchall()
    return found


def make_traffic(*, days: int = 30, contacts_per_day: float = 60, until: datetime = UNTIL, seed: int = 1) -> Traffic:
    return Traffic(seed=seed, days=days, contacts_per_day=contacts_per_day, until=until, hours=world.build().hours())


@pytest.mark.django_db
def test_bulk_writes_the_rows_that_the_verbs_write():
    start = transaction.savepoint_create()
    simulate(seed=3, days=6, contacts_per_day=12, until=UNTIL, in_bulk=False)
    through_verbs = read_log()
    transaction.savepoint_rollback(start)
    simulate(seed=3, days=6, contacts_per_day=12, until=UNTIL, in_bulk=True)
    in_bulk = read_log()
    assert all(through_verbs.values()), "every table must have rows, or the comparison says nothing"
    for name, rows in through_verbs.items():
        assert in_bulk[name] == rows, name


@pytest.mark.django_db
def test_sums_and_cells_agree_with_what_was_written():
    simulate(seed=5, days=10, contacts_per_day=20, until=UNTIL, in_bulk=True)
    assert settle.differences() == []
    refresh()
    assert check() == ([], 0)


@pytest.mark.django_db
def test_the_same_seed_makes_the_same_traffic_and_another_one_another():
    assert make_traffic().run().steps == make_traffic().run().steps
    assert make_traffic().run().steps != make_traffic(seed=2).run().steps


@pytest.mark.django_db
def test_a_run_that_ends_later_goes_on_as_the_earlier_one_did():
    later = UNTIL + timedelta(hours=3)
    short = {step.key: step for step in make_traffic().run().steps if isinstance(step, ContactEnds)}
    long = {step.key: step for step in make_traffic(until=later).run().steps if isinstance(step, ContactEnds)}
    assert len(long) > len(short)
    assert {key: long[key] for key in short} == short


@pytest.mark.django_db
def test_nothing_lies_in_the_future():
    simulate(seed=4, days=4, contacts_per_day=60, until=UNTIL, in_bulk=True)
    moments = [
        *Contact.objects.values_list("started_at", "answered_at", "ended_at", "handled_end_at"),
        *CaseEvent.objects.values_list("at"),
        *Invitation.objects.values_list("sent_at"),
        *Response.objects.values_list("responded_at"),
        *Promise.objects.values_list("made_at", "fulfilled_at"),
    ]
    assert max(at for row in moments for at in row if at) <= UNTIL


@pytest.mark.django_db
def test_the_traffic_is_that_of_a_real_desk():
    steps = make_traffic(days=60).run().steps
    begins = {step.key: step for step in steps if isinstance(step, ContactBegins)}
    ends = [step for step in steps if isinstance(step, ContactEnds)]
    outcomes = {step.outcome for step in ends}
    assert outcomes == {
        "answered", "abandoned", "ivr_abandoned", "callback_requested", "voicemail", "no_answer", "received", "blocked",
    }  # fmt: skip
    assert {flag for step in ends for flag in step.flags} == {"test", "spam", "thanks", "status_enquiry", "callback"}
    assert {leg.role for step in ends for leg in step.legs} == {"primary", "transfer", "consult", "conference"}
    assert {step.verb for step in steps if isinstance(step, CaseStep)} >= {"resolve", "reopen", "escalate", "wait"}
    assert any(begins[step.key].duplicate_of for step in ends)
    queued = [step for step in ends if begins[step.key].channel == "phone" and begins[step.key].queued_at]
    assert 0.02 < sum(step.outcome == "abandoned" for step in queued) / len(queued) < 0.25


@pytest.mark.django_db
def test_an_outage_day_stands_out_and_a_public_holiday_is_quiet():
    traffic = make_traffic(days=60, until=datetime(2026, 1, 30, 16, tzinfo=UTC))
    by_day: dict = {}
    for step in traffic.run().steps:
        if isinstance(step, ContactBegins) and step.direction == "inbound":
            by_day[step.at.date()] = by_day.get(step.at.date(), 0) + 1
    usual = sorted(by_day.values())[len(by_day) // 2]
    outages = [day for day in by_day if traffic.outage_day(day)]
    assert len(outages) == 1
    assert by_day[outages[0]] > 1.5 * usual
    # Epiphany, a Tuesday.
    assert by_day[datetime(2026, 1, 6, tzinfo=UTC).date()] < 0.6 * usual


def test_phone_numbers_belong_to_nobody():
    swedish, british = (list(numbers) for numbers in phone_numbers().values())
    assert len(set(swedish)) == 495
    assert len(set(british)) == len(british) > 10_000
    assert all(phonenumbers.is_possible_number(phonenumbers.parse(number)) for number in swedish + british[::100])


@pytest.mark.django_db
def test_a_second_seed_comes_beside_the_first_and_the_same_one_is_refused():
    call_command("simulate", days=5, contacts_per_day=10, seed=1, fast=True, until=UNTIL, stdout=StringIO())
    before = Contact.objects.count()
    call_command("simulate", days=5, contacts_per_day=10, seed=2, fast=True, until=UNTIL, stdout=StringIO())
    assert Contact.objects.count() > before
    with pytest.raises(CommandError, match="already"):
        call_command("simulate", days=5, contacts_per_day=10, seed=1, fast=True, until=UNTIL, stdout=StringIO())


@pytest.mark.django_db
def test_live_traffic_of_today_asks_through_the_outbox():
    with time_machine.travel(UNTIL, tick=False):
        simulate(seed=6, days=1, contacts_per_day=15, until=UNTIL, in_bulk=False)
    resolved = Case.objects.filter(status="resolved", resolved_at__gt=UNTIL - timedelta(hours=20))
    assert resolved.exists()
    assert OutgoingMail.objects.filter(case__in=resolved).count() == resolved.count()
    assert Invitation.objects.values("case").distinct().count() == Invitation.objects.count()


@pytest.mark.django_db
def test_the_demo_fills_an_empty_installation_once(monkeypatch):
    monkeypatch.setattr(demo, "DAYS", 10)
    call_command("load_demo", stdout=StringIO())
    contacts = Contact.objects.count()
    assert contacts > 200
    for name in ("agent", "lead", "manager", "admin", "integration"):
        assert authenticate(username=name, password=name), name
    assert Contact.objects.filter(owner__username="agent").exists()
    assert Case.objects.visible_to(User.objects.get(username="agent")).open().exists()
    assert Customer.objects.count() == Identity.objects.filter(kind="email").count()
    call_command("load_demo", stdout=StringIO())
    assert Contact.objects.count() == contacts


@pytest.mark.django_db
def test_the_months_of_the_demo_have_what_other_systems_tell(monkeypatch):
    """Every whole month, and no part of one."""
    with time_machine.travel(datetime(2026, 3, 10, 12, tzinfo=UTC), tick=False):
        simulate(seed=1, days=45, contacts_per_day=8, until=timezone.now(), in_bulk=True)
        ledgers.book(timezone.now() - timedelta(days=45), timezone.now(), seed=1)
    assert set(Cost.objects.values_list("month_on", flat=True)) == {date(2026, 2, 1)}
    assert set(AgentTime.objects.values_list("month_on", flat=True)) == {date(2026, 2, 1)}
    worked = Segment.objects.filter(started_at__gte="2026-02-01 00:00+01", started_at__lt="2026-03-01 00:00+01")
    sums = worked.aggregate(us=Sum(F("talk_us") + F("hold_us") + F("acw_us")))["us"]
    assert AgentTime.objects.aggregate(us=Sum("handling_us"))["us"] == sums
    assert all(one.paid_us > one.handling_us + one.available_us + one.aux_us for one in AgentTime.objects.all())
    assert all(cost.amount > 900 for cost in Cost.objects.all())


@pytest.mark.django_db
def test_the_demo_leaves_an_installation_alone_that_has_an_account():
    User.objects.create_user("somebody")
    call_command("load_demo", stdout=StringIO())
    assert not Contact.objects.exists()
