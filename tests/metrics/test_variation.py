"""Signal or noise, provisional or firm, comparable or not: what the pages say beside the figures."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.test import Client
from django.utils import timezone

from metrics import charts, mixes
from metrics.board import read_board
from metrics.catalog import KPIS
from metrics.change import Verdict, Why, compare
from metrics.compute import Value
from metrics.period import midnight
from metrics.trend import trend
from metrics.variation import Point, in_full, point, variation
from tests.factories import make_agreement, make_case, make_client, make_contact, make_customer, make_queue, make_user

SL, OFFERED = KPIS["service-level"], KPIS["offered"]
ZONE = ZoneInfo("Europe/Stockholm")
STEADY = [0.68, 0.71, 0.66, 0.70, 0.69, 0.72, 0.67, 0.70, 0.68, 0.71, 0.69, 0.70]


def firm(*values: float) -> list[Point]:
    return [Point(value) for value in values]


def share(numerator: int, denominator: int, **more: int) -> Value:
    return Value(numerator / denominator, numerator, denominator, **more)


@pytest.fixture
def manager(client: Client) -> Client:
    client.force_login(make_user("boss", role="manager"))
    return client


# --- series


def test_a_point_of_few_rows_is_not_drawn_and_a_provisional_one_is_no_evidence() -> None:
    assert point(SL, share(6, 9)) == Point(None, is_few=True)
    assert point(SL, share(6, 10)) == Point(0.6)
    assert point(SL, share(6, 10, provisional=2)) == Point(0.6, is_provisional=True)
    assert (point(OFFERED, None), point(SL, None)) == (Point(0), Point(None))
    wild = [*firm(*STEADY), Point(0.05, is_provisional=True)]
    assert variation(SL, "day", wild).signals == {}


def test_within_normal_variation_is_a_result_and_a_signal_says_by_which_rule() -> None:
    calm = variation(SL, "day", firm(*STEADY))
    assert (calm.text, calm.signals) == ("Within normal variation", {})
    assert (calm.stretches[0].low, calm.stretches[0].high) == (
        pytest.approx(0.6151, abs=1e-4),
        pytest.approx(0.7699, abs=1e-4),
    )
    drop = variation(SL, "day", firm(*(STEADY * 2), 0.30))
    assert drop.signals[24] == [1]
    assert drop.text == "1 signal: beyond the limits"
    assert in_full(SL, drop).startswith("Service level: 1 signal: beyond the limits. Limits 61.")


def test_eight_on_one_side_are_a_signal() -> None:
    found = variation(SL, "week", firm(*(STEADY * 2), *[0.71] * 8))
    assert 2 in found.signals[31]
    assert "eight in a row on one side of the mean" in found.text


def test_few_points_have_no_limits_and_say_so() -> None:
    found = variation(SL, "day", firm(*STEADY[:5]))
    assert not found.is_tested
    assert found.text == "Too few points to tell signal from noise"
    assert "still provisional" in variation(SL, "day", firm(*STEADY[:8])).text


def test_what_follows_the_clock_or_the_week_is_not_tested() -> None:
    assert variation(SL, "hour", firm(*STEADY)).text == ""
    assert variation(OFFERED, "day", firm(*range(20))).text == ""
    assert variation(OFFERED, "week", firm(*range(20))).is_tested


def test_limits_stay_within_what_can_be() -> None:
    found = variation(SL, "day", firm(0.99, 0.6, 0.98, 0.7, 0.99, 0.65, 0.97))
    assert found.stretches[0].high == 1


def test_limits_begin_anew_only_at_a_recorded_change() -> None:
    series = firm(*(STEADY * 2), *[value + 0.25 for value in STEADY])
    assert variation(SL, "day", series).signals
    anew = variation(SL, "day", series, changes=[24])
    assert [stretch.start for stretch in anew.stretches] == [0, 24]
    assert anew.signals == {}


def test_the_small_line_has_rings_for_what_is_provisional_and_a_band_for_the_limits() -> None:
    drawn = trend([1, 2, 3, 2], hollow=[3], signals=[2], limits=(0.5, 5))
    assert drawn is not None
    assert drawn.hollow == "M120 14 h0.01"
    assert drawn.signals == "M80 2 h0.01"
    assert drawn.band == (2, 24)


# --- comparing


def test_periods_under_other_terms_are_not_compared_where_the_figure_hangs_on_them() -> None:
    now, before = share(800, 1000), share(700, 1000)
    refused = compare(SL, now, before, changed_terms={"service_levels"})
    assert (refused.verdict, refused.why) == (Verdict.NONE, Why.AGREEMENT)
    assert compare(SL, now, before, changed_terms={"silence_hours"}).verdict is Verdict.BETTER
    assert compare(KPIS["csat"], now, before, changed_terms={"service_levels"}).verdict is Verdict.BETTER


def test_a_total_that_falls_while_every_channel_rises_is_told_apart() -> None:
    found = mixes.split({"phone": (720, 900), "email": (40, 100)}, {"phone": (410, 500), "email": (210, 500)})
    assert found is not None
    assert (found.rate_effect, found.mix_effect) == (pytest.approx(0.02), pytest.approx(-0.16))
    assert mixes.split({"phone": (70, 100)}, {"phone": (80, 100)}) is None
    assert mixes.split(None, {"phone": (80, 100)}) is None


# --- on the page


def calls(start: datetime, n: int, wait: float, **fields: object) -> None:
    agent = make_user()
    for i in range(n):
        make_contact(at=start + timedelta(minutes=i), wait=wait, agent=agent, **fields)


def today() -> datetime:
    return midnight(timezone.now().astimezone(ZONE).date(), ZONE)


@pytest.mark.django_db
def test_the_card_tells_rate_from_mix(manager: Client) -> None:
    queue = make_queue()
    now, earlier = today() - timedelta(days=3), today() - timedelta(days=10)
    week = [(timezone.now().astimezone(ZONE).date() - timedelta(days=days)).isoformat() for days in (7, 1)]
    # Calls are answered in time, chats are not; now more of them are chats. Within the channels nothing changed.
    for start, phone, chat in ((earlier, 60, 12), (now, 24, 48)):
        calls(start, phone, 5, channel="phone", queue=queue)
        calls(start + timedelta(hours=3), chat, 500, channel="chat", queue=queue)
    html = (
        manager.get(f"/metrics/cards/service-level/?from={week[0]}&to={week[1]}")
        .content.decode()
        .replace("\N{NO-BREAK SPACE}", " ")
    )
    assert "worse" in html
    assert "within channels 0 pp, by their mix −50 pp" in html


@pytest.mark.django_db
def test_the_chart_marks_a_new_agreement_and_the_card_refuses_to_compare(manager: Client) -> None:
    client = make_client()
    for days, seconds in ((-100, 20), (-3, 60)):
        agreement = make_agreement(client, valid_from=today() + timedelta(days=days))
        agreement.service_levels.create(channel="phone", threshold_seconds=seconds)
    for days in (-9, -2):
        calls(today() + timedelta(days=days, hours=9), 12, 30)
    html = manager.get("/metrics/?period=7d&chart=service-level").content.decode()
    assert "not compared: agreed anew" in html
    assert '"marks": [{"at": 3, "label": "New agreement: Own"}]' in html
    assert '<small class="d-block text-secondary">New agreement: Own</small>' in html
    # Handle time hangs on no agreement.
    tile = manager.get("/metrics/cards/aht/?period=7d").content.decode()
    assert "agreed anew" not in tile


@pytest.mark.django_db
def test_a_chart_leaves_out_points_of_few_rows_and_says_so(manager: Client) -> None:
    calls(today() - timedelta(days=2), 12, 5)
    calls(today() - timedelta(days=1), 3, 5)
    board = read_board(
        manager.get("/metrics/?period=7d&chart=service-level").wsgi_request.GET, make_user(role="manager")
    )
    chart = charts.make_chart(board)
    assert [value for value in chart.data["series"][0]["points"] if value is not None] == [1.0]
    assert "Service level: 1 point rests on fewer than 10 and is not drawn" in chart.statements
    assert "3 of 3" in [cell.figure for line in chart.lines for cell in line.cells]


@pytest.mark.django_db
def test_provisional_values_are_hollow_and_said_beside(manager: Client) -> None:
    agent, customer = make_user(), make_customer()
    for days in (20, 2):
        for i in range(12):
            at = today() - timedelta(days=days) + timedelta(hours=9, minutes=i)
            case = make_case(customer=customer, at=at)
            first = make_contact(customer=make_customer(), case=case, at=at, agent=agent)
            case.resolve(by=agent, at=first.handled_end_at)
    html = manager.get("/metrics/?period=28d&chart=fcr").content.decode()
    assert re.search(r'"hollow": \[2[0-9]\]', html)
    table = html[html.index('id="chart-table"') :]
    assert "+ 12 provisional" in table
    assert "Hollow: provisional" not in html  # nothing of it is known yet, so nothing hollow is drawn
