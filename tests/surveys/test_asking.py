"""What is decided of each resolution is written down, and what is planned is asked when it is due."""

from __future__ import annotations

from datetime import time, timedelta

import pytest
from django.db import connection
from django.utils import timezone

from surveys import invite
from surveys.asking import OptOut, SurveyRequest, SurveyRule
from surveys.models import Invitation
from tests.factories import make_case, make_client, make_contact, make_customer, make_user
from tickets.models import OutgoingMail

pytestmark = pytest.mark.django_db


def ruled(**fields) -> SurveyRule:
    fields = {"quiet_from": None, "quiet_to": None, "cool_down_days": 0, **fields}
    return SurveyRule.objects.create(**fields)


def resolved(name: str = "maja", **fields):
    customer = fields.pop("customer", None) or make_customer(name.title(), email=f"{name}@example.org")
    case = make_case(customer=customer, **fields)
    case.resolve(by=fields.get("owner") or make_user())
    return case


def decision(case) -> str:
    return SurveyRequest.objects.get(case=case).decision


def test_what_was_decided_is_written_down_with_its_reason() -> None:
    assert decision(resolved()) == "asked"
    silent = make_case(customer=make_customer(phone="+46701234567"))
    silent.resolve(by=None)
    assert decision(silent) == "no_address"
    OptOut.wish("No@Example.org")
    assert decision(resolved("no")) == "opted_out"
    assert SurveyRequest.objects.filter(decision="asked", invitation__isnull=False).count() == 1


def test_the_clients_rule_goes_before_the_one_for_all() -> None:
    ruled(is_on=False)
    other = make_client("other")
    ruled(client=other)
    assert decision(resolved("a")) == "off"
    assert decision(resolved("b", client=other)) == "asked"


def test_exactly_the_share_is_asked() -> None:
    rule = ruled(percent=30)
    cases = [resolved(f"p{n}") for n in range(100)]
    found = [decision(case) for case in cases]
    assert (found.count("asked"), found.count("not_sampled")) == (30, 70)
    rule.refresh_from_db()
    assert rule.drawn == 100


def test_who_may_not_be_asked_takes_no_place_in_the_draw() -> None:
    rule = ruled(percent=50)
    make_case(customer=make_customer(phone="+46701234567")).resolve(by=None)
    rule.refresh_from_db()
    assert rule.drawn == 0


def test_nobody_is_asked_twice_within_the_cool_down_whatever_about() -> None:
    ruled(cool_down_days=30)
    maja = make_customer("Maja", email="maja@example.org")
    assert decision(resolved(customer=maja)) == "asked"
    assert decision(resolved(customer=maja)) == "cooled_down"
    Invitation.objects.update(sent_at=timezone.now() - timedelta(days=30))
    assert decision(resolved(customer=maja)) == "asked"


def test_what_is_planned_counts_for_the_cool_down() -> None:
    ruled(cool_down_days=30, delay="days", days=3)
    maja = make_customer("Maja", email="maja@example.org")
    assert [decision(resolved(customer=maja)) for _n in range(2)] == ["planned", "cooled_down"]


def test_a_planned_invitation_leaves_when_it_is_due_and_counts_from_then() -> None:
    ruled(delay="days", days=2, at=time(10))
    case = resolved()
    request = SurveyRequest.objects.get(case=case)
    assert not OutgoingMail.objects.exists()
    assert invite.ask_due(request.due_at - timedelta(seconds=1)) == 0
    assert invite.ask_due(request.due_at) == 1
    assert invite.ask_due(request.due_at) == 0
    invitation = Invitation.objects.get()
    assert invitation.sent_at == request.due_at
    assert invitation.expires_at - invitation.sent_at == timedelta(days=14)
    assert decision(case) == "asked"


def test_what_was_opened_again_or_refused_meanwhile_is_not_asked() -> None:
    ruled(delay="next_day")
    again, refused = resolved("again"), resolved("refused")
    again.reopen(by=None)
    OptOut.wish("refused@example.org")
    assert invite.ask_due(timezone.now() + timedelta(days=2)) == 0
    assert (decision(again), decision(refused)) == ("reopened", "opted_out")
    assert not Invitation.objects.exists()


def test_a_rule_that_became_quiet_moves_what_is_planned() -> None:
    rule = ruled(delay="next_day", at=time(19))
    case = resolved()
    due = SurveyRequest.objects.get(case=case).due_at
    rule.quiet_from, rule.quiet_to = time(18), time(8)
    rule.save()
    assert invite.ask_due(due) == 0
    moved = SurveyRequest.objects.get(case=case).due_at
    assert moved > due
    assert invite.ask_due(moved) == 1


def test_everybody_who_took_part_is_kept_as_it_was_when_it_was_asked() -> None:
    anna, bo = make_user("anna"), make_user("bo")
    case = make_case(customer=make_customer(email="maja@example.org"))
    make_contact(case=case, agent=anna)
    case.log_message("Done.", kind="outgoing", by=bo)
    case.resolve(by=bo)
    make_contact(case=case, agent=make_user("late"))
    assert Invitation.objects.get().agents == sorted([anna.pk, bo.pk])


def test_an_address_that_is_not_asked_is_not_kept_in_words() -> None:
    OptOut.wish("maja@example.org")
    assert OptOut.holds(" MAJA@example.org")
    with connection.cursor() as cursor:
        cursor.execute("SELECT * FROM surveys_optout")
        assert "maja" not in str(cursor.fetchall())
    assert OptOut.take_back("maja@example.org")
    assert not OptOut.take_back("maja@example.org")
