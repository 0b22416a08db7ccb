"""What a field may hold."""

from __future__ import annotations

import pytest

from tickets.bundle import columns
from tickets.bundle.columns import Reason, Wrong


@pytest.mark.parametrize(
    ("given", "staged"),
    [
        ("0", "0"),
        ("300", "300000000"),
        ("20.4", "20400000"),
        ("0.000001", "1"),
        ("0.1", "100000"),
        ("000000007", "7000000"),
        ("1000000000", "1000000000000000"),
        ("2.5000005", "2500000"),
    ],
)
def test_seconds_become_microseconds_exactly(given, staged):
    assert int(columns.seconds(given)) == int(staged)


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        ("-1", Reason.NEGATIVE),
        ("-0.5", Reason.NEGATIVE),
        ("abc", Reason.NUMBER),
        ("1e5", Reason.NUMBER),
        ("NaN", Reason.NUMBER),
        ("Infinity", Reason.NUMBER),
        ("1,5", Reason.NUMBER),
        ("٣", Reason.NUMBER),
        ("²", Reason.NUMBER),
        (" 5", Reason.NUMBER),
        ("99999999999", Reason.NUMBER),
    ],
)
def test_seconds_that_cannot_be_right(given, reason):
    with pytest.raises(Wrong) as caught:
        columns.seconds(given)
    assert caught.value.reason == reason


@pytest.mark.parametrize(
    ("given", "staged"),
    [
        ("2025-10-06T07:00:20.4Z", "2025-10-06T07:00:20.400000+00:00"),
        ("1999-01-01T00:00:31+02:00", "1999-01-01T00:00:31+02:00"),
        ("2025-10-06 07:00:20+0530", "2025-10-06T07:00:20+05:30"),
    ],
)
def test_an_instant_keeps_its_microseconds_and_offset(given, staged):
    assert columns.instant(given) == staged


@pytest.mark.parametrize(
    "given",
    ["2025-10-06T07:00:20", "2025-10-06", "06.10.2025 07:00", "2025-02-30T00:00:00Z", "0", "2025-10-06T25:00:00Z",
     "9999-12-31T23:59:59Z", "0001-01-01T00:00:00+14:00", "2025-10-06T07:00:60Z"],
)  # fmt: skip
def test_an_instant_that_cannot_be_read_or_means_two_moments(given):
    with pytest.raises(Wrong) as caught:
        columns.instant(given)
    assert caught.value.reason == Reason.INSTANT


@pytest.mark.parametrize(
    ("check", "given", "reason"),
    [
        (columns.whole(), "4.5", Reason.NUMBER),
        (columns.whole(), "40000", Reason.NUMBER),
        (columns.whole(0), "-1", Reason.NEGATIVE),
        (columns.money, "-1", Reason.NEGATIVE),
        (columns.money, "1.005", Reason.NUMBER),
        (columns.month, "2025-13", Reason.INSTANT),
        (columns.month, "10/2025", Reason.INSTANT),
        (columns.yes_no, "maybe", Reason.ENUM),
        (columns.flags(["test", "spam"]), "test|ham", Reason.ENUM),
        (columns.text(3), "long", Reason.LENGTH),
        (columns.text(3), "a\0", Reason.FIELDS),
        (columns.topic_path, "/ /", Reason.ENUM),
        (columns.topic_path, "x" * 201, Reason.LENGTH),
    ],
)
def test_other_fields_that_cannot_be_right(check, given, reason):
    with pytest.raises(Wrong) as caught:
        check(given)
    assert caught.value.reason == reason


def test_a_topic_path_loses_the_blanks_around_its_names():
    assert columns.topic_path("billing / invoice/wrong amount/") == "billing/invoice/wrong amount"
