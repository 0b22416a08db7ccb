"""Workers are woken once by a change, and not by one that was taken back."""

from __future__ import annotations

from contextlib import suppress

import pytest
from django.db import transaction

from tickets.doorbell import once_on_commit

rings: list[str] = []


def ring() -> None:
    rings.append("ring")


def take_it_back() -> None:
    raise ValueError


@pytest.fixture(autouse=True)
def _quiet() -> None:
    rings.clear()


@pytest.mark.django_db(transaction=True)
def test_four_events_ring_once() -> None:
    with transaction.atomic():
        for _event in range(4):
            with transaction.atomic():
                once_on_commit(ring)
        assert rings == []
    assert rings == ["ring"]


@pytest.mark.django_db(transaction=True)
def test_a_part_that_was_taken_back_takes_nobody_elses_ring_with_it() -> None:
    with transaction.atomic():
        with suppress(ValueError), transaction.atomic():
            once_on_commit(ring)
            take_it_back()
        once_on_commit(ring)
    assert rings == ["ring"]


@pytest.mark.django_db(transaction=True)
def test_an_earlier_part_that_may_yet_be_taken_back_is_not_relied_on() -> None:
    with transaction.atomic():
        with suppress(ValueError), transaction.atomic():
            with transaction.atomic():
                once_on_commit(ring)
            once_on_commit(ring)
            take_it_back()
        once_on_commit(ring)
    assert rings == ["ring"]


@pytest.mark.django_db(transaction=True)
def test_outside_a_transaction_it_rings_at_once() -> None:
    once_on_commit(ring)
    assert rings == ["ring"]
