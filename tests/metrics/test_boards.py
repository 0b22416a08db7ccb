"""Dashboards: every widget shows figures that agree with the engine and open onto their rows, for who may see them."""

from __future__ import annotations

import csv
import io
import re
from typing import Any

import pytest
from django.test import Client

from metrics.boards.standard import STANDARD
from tests.factories import make_user

OCTOBER = "start=2025-10-01&end=2025-11-01&as_of=2025-11-05T12:00:00Z"


@pytest.fixture
def manager(client: Client) -> Client:
    client.force_login(make_user("boss", role="manager"))
    return client


def page(client: Client, path: str, **more: Any) -> str:
    response = client.get(path, **more)
    assert response.status_code == 200, (path, response.status_code)
    return response.content.decode()


@pytest.mark.parametrize("slug", list(STANDARD))
def test_every_ready_dashboard_shows_all_its_widgets_and_each_link_opens(golden, manager: Client, slug: str) -> None:
    html = page(manager, f"/boards/{slug}/?{OCTOBER}")
    for widget in STANDARD[slug].widgets:
        part = page(manager, f"/boards/{slug}/widgets/{widget.id}/?{OCTOBER}")
        assert f'id="{widget.id}' in html
        assert "Still counting" not in part
        links = set(re.findall(r'href="(/metrics/[^"]+/rows/[^"]*)"', part))
        for link in sorted(links)[:4]:
            assert manager.get(link.replace("&amp;", "&")).status_code == 200, (widget, link)
        table = manager.get(f"/boards/{slug}/widgets/{widget.id}.csv?{OCTOBER}")
        assert table.status_code == 200
        lines = list(csv.reader(io.StringIO(table.content.decode("utf-8-sig"))))
        assert len({len(line) for line in lines}) <= 1, widget
        book = manager.get(f"/boards/{slug}/widgets/{widget.id}.xlsx?{OCTOBER}")
        assert b"".join(book.streaming_content).startswith(b"PK"), widget
