"""The targets that a case is given when it is opened."""

from __future__ import annotations

from datetime import datetime

import pytest

from tests.factories import make_agreement, make_calendar, make_case, make_client
from tickets.models import Agreement, Channel, OpeningHours

pytestmark = pytest.mark.django_db


def at(text: str) -> datetime:
    return datetime.fromisoformat(f"{text}+01:00")


def agree(valid_from: str = "2020-01-01T00:00", **fields) -> Agreement:
    fields = {
        "first_response_business_seconds": 4 * 3600,
        "first_response_channels": [Channel.EMAIL],
        "resolution_business_seconds": 16 * 3600,
        **fields,
    }
    return make_agreement(valid_from=at(valid_from), **fields)


def test_targets_are_counted_in_opening_hours():
    agree()
    # Tuesday 15:00; open 8 to 17: two hours today, the rest on the days after.
    case = make_case(channel=Channel.EMAIL, at=at("2026-11-24T15:00"))
    assert case.first_response_due_at == at("2026-11-25T10:00")
    assert case.resolution_due_at == at("2026-11-26T13:00")


def test_a_channel_without_a_promised_first_response_has_only_the_other_target():
    agree()
    case = make_case(channel=Channel.PHONE, at=at("2026-11-24T15:00"))
    assert case.first_response_due_at is None
    assert case.resolution_due_at is not None


def test_the_agreement_in_force_at_opening_decides():
    agree("2020-01-01T00:00", resolution_business_seconds=3600)
    agree("2026-06-01T00:00", resolution_business_seconds=7200)
    agree("2027-01-01T00:00", resolution_business_seconds=10_800)
    assert make_case(at=at("2026-05-29T09:00")).resolution_due_at == at("2026-05-29T10:00")
    assert make_case(at=at("2026-11-24T09:00")).resolution_due_at == at("2026-11-24T11:00")


def test_another_clients_agreement_does_not_count():
    agree(client=make_client("other"))
    assert make_case(at=at("2026-11-24T09:00")).resolution_due_at is None


def test_changing_the_agreement_later_does_not_move_a_target():
    agreement = agree()
    case = make_case(at=at("2026-11-24T09:00"))
    before = case.resolution_due_at
    Agreement.objects.filter(pk=agreement.pk).update(resolution_business_seconds=60)
    case.resolve(by=None, at=at("2026-11-24T12:00"))
    case.refresh_from_db()
    assert case.resolution_due_at == before


def test_a_target_that_the_caller_brings_wins():
    agree()
    due = at("2026-12-01T12:00")
    assert make_case(at=at("2026-11-24T09:00"), resolution_due_at=due).resolution_due_at == due


def test_nothing_promised_is_no_target():
    agree(resolution_business_seconds=None)
    assert make_case(at=at("2026-11-24T09:00")).resolution_due_at is None


def test_hours_that_never_open_promise_nothing():
    calendar = make_calendar("Empty")
    OpeningHours.objects.filter(calendar=calendar).delete()
    agree(calendar=calendar)
    assert make_case(at=at("2026-11-24T09:00")).resolution_due_at is None


def test_closing_days_and_public_holidays_of_the_calendar_are_closed():
    calendar = make_calendar()
    calendar.closed_days.create(closed_on="2026-12-28", name="Stocktaking")
    agree(calendar=calendar, resolution_business_seconds=3600)
    # Thursday before Christmas, after closing; Friday is Christmas Day, Monday the closing day.
    assert make_case(at=at("2026-12-24T18:00")).resolution_due_at == at("2026-12-29T09:00")
