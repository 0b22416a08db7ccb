"""Dashboards that many look at are counted and drawn once, for those who see the same, and never for anybody else."""

from __future__ import annotations

import re
from datetime import UTC, datetime

import pytest
import time_machine
from django.conf import settings
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from metrics.boards import page as boards_page
from metrics.boards import shared
from metrics.boards.standard import STANDARD
from tests.factories import make_user
from tests.metrics.test_boards import NOW, OCTOBER, page


@pytest.fixture
def manager(client: Client) -> Client:
    client.force_login(make_user("boss", role="manager"))
    return client


def test_what_is_dear_is_counted_once_for_all_who_see_the_same(golden, client: Client, monkeypatch) -> None:
    monkeypatch.setattr(shared, "DEAR_SECONDS", 0)
    cache.clear()
    address = "/boards/accessibility/widgets/w5/?start=2025-10-01&end=2025-11-01"
    made_of: list[int] = []
    for name, role in (("one", "manager"), ("two", "manager"), ("lead", "lead")):
        client.force_login(make_user(name, role=role))
        with CaptureQueriesContext(connection) as asked:
            page(client, address)
        made_of.append(sum("metrics_record" in query["sql"] or "metrics_cell" in query["sql"] for query in asked))
    # The second manager reads what the first one's was; a lead sees other figures and counts for herself.
    assert made_of[0] > 0
    assert made_of[1] == 0
    assert made_of[2] > 0
    client.force_login(make_user("three", role="manager"))
    english = page(client, address)
    client.cookies[settings.LANGUAGE_COOKIE_NAME] = "sv"
    assert page(client, address) != english


def test_what_is_asked_as_of_a_moment_is_never_kept(golden, manager: Client, monkeypatch) -> None:
    monkeypatch.setattr(shared, "DEAR_SECONDS", 0)
    cache.clear()
    page(manager, f"/boards/accessibility/widgets/w5/?{OCTOBER}")
    with CaptureQueriesContext(connection) as asked:
        page(manager, f"/boards/accessibility/widgets/w5/?{OCTOBER}")
    assert any("metrics_" in query["sql"] for query in asked)


def test_a_dashboard_that_was_slow_shows_its_frame_at_once(golden, manager: Client) -> None:
    cache.clear()
    shared.note_slow("accessibility")
    with CaptureQueriesContext(connection) as asked:
        html = page(manager, f"/boards/accessibility/?{OCTOBER}")
    assert not any("metrics_record" in query["sql"] or "metrics_cell" in query["sql"] for query in asked)
    assert html.count("Still counting") == len(STANDARD["accessibility"].widgets)
    cache.clear()


def test_the_frame_of_a_slow_dashboard_is_drawn_once_for_all(
    golden, manager: Client, client: Client, monkeypatch
) -> None:
    """Filters and empty widgets are the same for everybody with the same sight and language; names and tokens are not."""
    cache.clear()
    shared.note_slow("accessibility")
    first = page(manager, f"/boards/accessibility/?{NOW}")
    monkeypatch.setattr(boards_page, "first_cards", _no_more)
    two = make_user("two", role="manager")
    client.force_login(two)
    second = page(client, f"/boards/accessibility/?{NOW}")
    start, end = '<div class="offcanvas-lg', "</main>"
    assert second[second.index(start) : second.index(end)] == first[first.index(start) : first.index(end)]
    assert str(two) in second
    # Another state of the page, another language: not the same frame.
    with pytest.raises(AssertionError, match="drawn anew"):
        page(client, f"/boards/accessibility/?{NOW}&queue=support")
    client.cookies[settings.LANGUAGE_COOKIE_NAME] = "sv"
    with pytest.raises(AssertionError, match="drawn anew"):
        page(client, f"/boards/accessibility/?{NOW}")
    cache.clear()


def _no_more(*_arguments: object) -> list[object]:
    raise AssertionError("drawn anew")


def test_a_page_that_was_dear_says_of_which_moment_its_figures_are(golden, manager: Client, monkeypatch) -> None:
    cache.clear()
    monkeypatch.setattr(shared, "DEAR_SECONDS", 0)
    said = re.compile(r'id="as-of" class="number">([^<]+)<')
    with time_machine.travel(datetime(2026, 11, 2, 8, 0, tzinfo=UTC), tick=False):
        first = said.search(page(manager, f"/boards/accessibility/?{NOW}"))
    with time_machine.travel(datetime(2026, 11, 2, 8, 0, 1, tzinfo=UTC), tick=False):
        second = said.search(page(manager, f"/boards/accessibility/?{NOW}"))
    assert first
    assert second
    assert second[1] == first[1]
    cache.clear()
