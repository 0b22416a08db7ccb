"""A screen on a wall shows a call as soon as it waits, says when it hears nothing, and goes dark when its link is taken back."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.core.cache import cache
from django.utils import timezone
from playwright.sync_api import expect

from metrics.wallboard.models import Wallboard
from tests.factories import make_contact, make_queue, make_user

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def test_a_queued_call_stands_on_the_screen_and_its_wait_is_counted(page, live_server) -> None:
    cache.clear()
    queue = make_queue()
    board = Wallboard.objects.create(name="Wall", owner=make_user("boss", role="manager"), language="en")
    page.goto(live_server.url + board.get_absolute_url())
    expect(page.locator("#waiting")).to_have_text("0")
    call = make_contact(
        queue=queue, at=timezone.now() - timedelta(seconds=62), outcome="", ended_at=None, answered_at=None
    )
    expect(page.locator("#waiting")).to_have_text("1")
    expect(page.locator("#longest")).to_have_text(re.compile(r"^1:\d\d$"))
    first = page.locator("#longest").inner_text()
    expect(page.locator("#longest")).not_to_have_text(first)
    type(call).objects.filter(pk=call.pk).update(outcome="abandoned", ended_at=timezone.now())
    expect(page.locator("#waiting")).to_have_text("0")
    page.context.set_offline(True)
    expect(page.locator("#lost")).to_be_visible()
    expect(page.locator("#lost")).to_contain_text("No connection")
    page.context.set_offline(False)
    expect(page.locator("#lost")).to_be_hidden()
