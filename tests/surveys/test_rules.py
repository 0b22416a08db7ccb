"""Who is asked and when, by table: ten thousand resolutions under rules hold shares, cool-down and quiet hours exactly."""

from __future__ import annotations

import random
from datetime import UTC, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest

from surveys.rules import BLOCK, About, Decision, Delay, Rule, decide, due_at, is_drawn, is_quiet

STOCKHOLM, KOLKATA = ZoneInfo("Europe/Stockholm"), ZoneInfo("Asia/Kolkata")
NOON = datetime(2026, 3, 2, 12, tzinfo=STOCKHOLM)


@pytest.mark.parametrize(
    ("rule", "about", "decision"),
    [
        ({}, {}, None),
        ({"window_days": 0}, {}, Decision.OFF),
        ({}, {"resolved_at": NOON - timedelta(days=1, seconds=1)}, Decision.OLD),
        ({}, {"is_test": True}, Decision.TEST),
        ({}, {"is_only_us": True}, Decision.ONLY_US),
        ({}, {"has_open_link": True}, Decision.OPEN_LINK),
        ({}, {"has_address": False}, Decision.NO_ADDRESS),
        ({}, {"is_opted_out": True}, Decision.OPTED_OUT),
        ({"cool_down_days": 30}, {"last_asked_at": NOON - timedelta(days=29, hours=23)}, Decision.COOLED_DOWN),
        ({"cool_down_days": 30}, {"last_asked_at": NOON - timedelta(days=30)}, None),
        ({"cool_down_days": 0}, {"last_asked_at": NOON}, None),
        # The first reason is named.
        ({"window_days": 0}, {"is_test": True, "is_opted_out": True}, Decision.OFF),
    ],
)
def test_the_first_reason_not_to_ask_is_named(rule, about, decision) -> None:
    assert decide(Rule(STOCKHOLM, **rule), About(**{"resolved_at": NOON, **about}), NOON) == decision


@pytest.mark.parametrize("percent", [1, 7, 10, 33, 50, 99, 100])
def test_of_ten_thousand_exactly_the_share_is_drawn_and_of_every_hundred(percent: int) -> None:
    drawn = [is_drawn(percent, place, b"key") for place in range(10_000)]
    assert sum(drawn) == percent * 100
    assert all(sum(drawn[at : at + BLOCK]) == percent for at in range(0, 10_000, BLOCK))


def test_the_draw_cannot_be_foreseen_without_the_key_and_is_the_same_with_it() -> None:
    one, other = ([is_drawn(50, place, key) for place in range(1000)] for key in (b"one", b"other"))
    assert one == [is_drawn(50, place, b"one") for place in range(1000)]
    assert 400 < sum(a == b for a, b in zip(one, other, strict=True)) < 600
    # More asked are the same ones and some besides: a share that is raised drops nobody.
    assert all(is_drawn(60, place, b"one") for place in range(1000) if is_drawn(50, place, b"one"))


def test_ten_thousand_customers_are_never_asked_twice_within_the_cool_down_nor_in_quiet_hours() -> None:
    rule = Rule(STOCKHOLM, percent=40, cool_down_days=21, delay=Delay.NOW, quiet_from=time(20), quiet_to=time(8))
    dice, asked, eligible, drawn = random.Random(7), {}, 0, 0
    at = datetime(2026, 1, 1, tzinfo=UTC)
    for _n in range(10_000):
        at += timedelta(minutes=dice.randint(1, 40))
        customer = dice.randint(1, 1500)
        times = asked.setdefault(customer, [])
        about = About(resolved_at=at, last_asked_at=times[-1] if times else None)
        if decide(rule, about, at):
            continue
        if is_drawn(rule.percent, eligible, b"key"):
            times.append(due_at(rule, at))
            drawn += 1
        eligible += 1
    sent = [moment for times in asked.values() for moment in times]
    assert len(sent) == drawn > 1000
    assert abs(drawn - eligible * 0.4) < 40  # the last block is not full
    assert not any(is_quiet(rule, moment) for moment in sent)
    assert all(8 <= moment.astimezone(STOCKHOLM).hour < 20 for moment in sent)
    gaps = [b - a for times in asked.values() for a, b in pairwise(times)]
    assert gaps
    assert min(gaps) >= timedelta(days=21)


@pytest.mark.parametrize(
    ("rule", "resolved", "due"),
    [
        ({}, "2026-03-02T12:00+01:00", "2026-03-02T12:00+01:00"),
        ({"delay": Delay.NEXT_DAY, "at": time(9, 30)}, "2026-03-02T23:59+01:00", "2026-03-03T09:30+01:00"),
        ({"delay": Delay.DAYS, "days": 7, "at": time(10)}, "2026-03-02T12:00+01:00", "2026-03-09T10:00+01:00"),
        # Days are counted along the calendar, over the night in which clocks are changed too.
        ({"delay": Delay.DAYS, "days": 1, "at": time(10)}, "2026-03-28T12:00+01:00", "2026-03-29T10:00+02:00"),
        ({"quiet_from": time(20), "quiet_to": time(8)}, "2026-03-02T22:00+01:00", "2026-03-03T08:00+01:00"),
        ({"quiet_from": time(20), "quiet_to": time(8)}, "2026-03-03T03:00+01:00", "2026-03-03T08:00+01:00"),
        ({"quiet_from": time(20), "quiet_to": time(8)}, "2026-03-03T08:00+01:00", "2026-03-03T08:00+01:00"),
        ({"quiet_from": time(12), "quiet_to": time(13)}, "2026-03-03T12:59+01:00", "2026-03-03T13:00+01:00"),
        ({"quiet_from": time(22), "quiet_to": time(2, 30)}, "2026-03-28T23:00+01:00", "2026-03-29T03:30+02:00"),
        (
            {"delay": Delay.NEXT_DAY, "at": time(7), "quiet_from": time(20), "quiet_to": time(8)},
            "2026-03-02T12:00+01:00",
            "2026-03-03T08:00+01:00",
        ),
    ],
)
def test_invitations_leave_after_the_delay_and_not_in_quiet_hours(rule, resolved, due) -> None:
    found = due_at(Rule(STOCKHOLM, **rule), datetime.fromisoformat(resolved))
    assert found == datetime.fromisoformat(due)


def test_quiet_hours_are_those_of_the_clients_zone() -> None:
    evening = datetime(2026, 3, 2, 16, tzinfo=UTC)
    quiet = {"quiet_from": time(21), "quiet_to": time(8)}
    assert due_at(Rule(STOCKHOLM, **quiet), evening) == evening
    assert due_at(Rule(KOLKATA, **quiet), evening) == datetime(2026, 3, 3, 8, tzinfo=KOLKATA)
