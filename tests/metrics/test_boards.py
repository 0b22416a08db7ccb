"""Dashboards: every widget shows figures that agree with the engine and open onto their rows, for who may see them."""

from __future__ import annotations

import csv
import io
import json
import re
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client

from metrics.boards.forms import WidgetForm
from metrics.boards.models import Annotation, Dashboard, Target
from metrics.boards.standard import STANDARD
from metrics.boards.widgets import Widget, check
from metrics.cards import Mark, changes_for
from metrics.catalog import KPIS
from tests.factories import make_client, make_user
from tickets.models import Queue, User

NOW = "start=2025-10-01&end=2025-11-01"
OCTOBER = f"{NOW}&as_of=2025-11-05T12:00:00Z"


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


# --- figures


def lines_of(client: Client, path: str) -> list[list[str]]:
    response = client.get(path)
    assert response.status_code == 200, path
    return list(csv.reader(io.StringIO(response.content.decode("utf-8-sig"))))


def made(kind: str, *kpis: str, by: str = "", **more: Any) -> Dashboard:
    """A dashboard of one widget."""
    owner = User.objects.filter(username="boss").first() or make_user("boss", role="manager")
    widget = check(Widget("w1", kind, kpis, by))
    return Dashboard.objects.create(owner=owner, name="One", widgets=[widget.plain()], **more)


def api_values(client: Client, key: str, more: str = "") -> list[dict[str, Any]]:
    rows = client.get(f"/api/v1/kpis/values/?{OCTOBER}&kpi={key}{more}").json()["rows"]
    return [row["kpis"][key] for row in rows]


def api_rows(client: Client, key: str, query: str) -> list[Any]:
    return client.get(f"/api/v1/kpis/{key}/rows/?{query}&limit=1000").json()["results"]


@pytest.mark.parametrize(("key", "by"), [("fcr", "queue"), ("asa", "channel"), ("offered", "topic"), ("csat", "agent")])
def test_a_split_has_the_values_of_the_api_for_each_group(golden, manager: Client, key: str, by: str) -> None:
    board = made("split", key, by=by)
    lines = lines_of(manager, f"/boards/{board.pk}/widgets/w1.csv?{OCTOBER}")
    values = api_values(manager, key, f"&by={by}")
    at = lines[0].index(f"{KPIS[key].name}: Value") if KPIS[key].unit.value != "count" else 1
    assert len(values) > 1
    shown = sorted(float(line[at]) for line in lines[1:] if line[at])
    assert shown == pytest.approx(sorted(float(one["value"]) for one in values if one["value"] is not None))


def test_a_heatmap_adds_up_and_each_cell_opens_onto_its_rows(golden, manager: Client) -> None:
    board = made("heat", "service-level")
    html = page(manager, f"/boards/{board.pk}/widgets/w1/?{OCTOBER}")
    lines = lines_of(manager, f"/boards/{board.pk}/widgets/w1.csv?{OCTOBER}")
    at = lines[0].index("Denominator")
    (whole,) = api_values(manager, "service-level")
    assert sum(float(line[at]) for line in lines[1:]) == whole["denominator"]
    cells = re.findall(r'href="(/metrics/service-level/rows/[^"]*slot=[^"]*)"[^>]*title="([^"]*)"', html)
    assert len(cells) == len(lines) - 1
    for link, words in cells[:6]:
        rows = page(manager, link.replace("&amp;", "&") + "&set=denominator")
        assert words.split(": ")[0] in rows


def test_a_distribution_counts_the_rows_that_it_opens_onto(golden, manager: Client) -> None:
    for key in ("asa", "csat:mean", "time-to-resolution:p50"):
        board = made("spread", key)
        html = page(manager, f"/boards/{board.pk}/widgets/w1/?{OCTOBER}")
        links = re.findall(rf'href="(/metrics/{key}/rows/[^"]*between=[^"]*)">(\d+)</a>', html)
        assert links, key
        for link, count in links:
            rows = page(manager, link.replace("&amp;", "&"))
            assert re.search(rf"Counted.*?\b{count}\b", rows, re.DOTALL), (key, link)
        total = sum(int(count) for _link, count in links)
        assert len(api_rows(manager, key, OCTOBER)) == total, key


def test_the_funnel_is_the_value_and_its_exclusions(golden, manager: Client) -> None:
    board = made("funnel")
    lines = lines_of(manager, f"/boards/{board.pk}/widgets/w1.csv?{OCTOBER}")
    counts = [int(line[1]) for line in lines[1:]]
    total, judged, missed, solved = counts[0], counts[-3], counts[-2], counts[-1]
    assert total == sum(counts[1:-3]) + judged
    assert judged == missed + solved
    (whole,) = api_values(manager, "fcr")
    assert (solved, judged) == (whole["numerator"], whole["denominator"])
    assert len(api_rows(manager, "fcr", f"{OCTOBER}&set=rest")) == missed


def test_a_cause_opens_onto_its_contacts(golden, manager: Client) -> None:
    board = made("order", by="causes")
    html = page(manager, f"/boards/{board.pk}/widgets/w1/?{OCTOBER}")
    links = re.findall(r'href="([^"]*cause=[^"]*)">(\d+)</a>', html)
    assert links
    for link, count in links:
        query = link.partition("?")[2].replace("&amp;", "&")
        assert len(api_rows(manager, "failure-demand", query)) == int(count)


def test_a_link_carries_the_period_and_a_board_has_one_of_its_own(golden, manager: Client) -> None:
    html = page(manager, "/boards/service-now/")
    assert 'value="today" selected' in html
    assert 'href="/boards/experience/"' in html
    html = page(manager, "/boards/service-now/?period=90d&queue=support")
    assert 'href="/boards/experience/?period=90d&amp;queue=support"' in html


def test_pages_ask_few_questions(golden, manager: Client, django_assert_max_num_queries) -> None:
    """Not more with more rows: the session and reader, tabs and filters, then a few for each widget."""
    made("table", "offered", "fcr", "asa", by="topic")
    with django_assert_max_num_queries(40):
        page(manager, f"/boards/{Dashboard.objects.get().pk}/?{OCTOBER}")


# --- for whom


def test_who_may_open_and_change_a_board(golden, client: Client) -> None:
    board = made("tile", "offered", roles=["lead"])
    lead, other = make_user("lead", role="lead"), make_user("other", role="manager")
    pages = {"board": f"/boards/{board.pk}/", "compose": f"/boards/{board.pk}/compose/"}
    allowed = {"boss": (200, 200), "lead": (200, 404), "other": (404, 404), "nobody": (404, 404)}
    people = {"boss": board.owner, "lead": lead, "other": other, "nobody": make_user("nobody", role="agent")}
    for name, (reads, writes) in allowed.items():
        client.force_login(people[name])
        assert client.get(pages["board"]).status_code == reads, name
        assert client.get(pages["compose"]).status_code == writes, name
        assert client.post(f"/boards/{board.pk}/compose/w1/removal/").status_code == (302 if writes == 200 else 404), (
            name
        )
    client.force_login(lead)
    assert client.post(f"/boards/{board.pk}/copy/").status_code == 302
    assert client.post(f"/boards/{board.pk}/deletion/").status_code == 404


def test_a_clients_manager_sees_no_money_no_people_and_only_her_company(golden, client: Client) -> None:
    company = make_client("theirs")
    board = made("table", "offered", "cost-per-contact", by="client", roles=["client"])
    her = make_user("her", role="client", client=company)
    client.force_login(her)
    for name in ("cost", "team", "boards-of-others", "9999"):
        assert client.get(f"/boards/{name}/").status_code == 404, name
    assert client.get("/boards/").status_code == 404
    html = page(client, f"/boards/{board.pk}/?{OCTOBER}")
    assert "Cost per contact" not in html
    assert client.post("/boards/accessibility/copy/").status_code == 404
    for name in STANDARD:
        if not STANDARD[name].ours:
            assert "cost-per-contact" not in page(client, f"/boards/{name}/?{OCTOBER}")


# --- putting together


def test_a_dashboard_is_put_together_by_posts_alone(db, manager: Client) -> None:
    answer = manager.post("/boards/new/", {"name": "Mine", "period": "7d", "roles": ["lead"]})
    board = Dashboard.objects.get()
    url = f"/boards/{board.pk}/compose/"
    assert answer["Location"] == url
    manager.post(url, {"kind": "tile", "kpi1": "fcr"})
    manager.post(url, {"kind": "trend", "kpi1": "csat", "kpi2": "nps", "width": "4", "title": "What they say"})
    manager.post(url, {"kind": "split", "kpi1": "aht", "by": "queue"})

    def order() -> list[tuple[str, int]]:
        return [(one.id, one.width) for one in Dashboard.objects.get().shown()]

    assert order() == [("w1", 1), ("w2", 4), ("w3", 2)]
    manager.post(f"{url}w3/earlier/")
    manager.post(f"{url}w1/wider/")
    manager.post(f"{url}w2/narrower/")
    assert order() == [("w1", 2), ("w3", 2), ("w2", 3)]
    manager.post(f"{url}w2/place/", {"to": "0"})
    manager.post(f"{url}w1/later/")
    manager.post(f"{url}w1/later/")
    assert order() == [("w2", 3), ("w3", 2), ("w1", 2)]
    manager.post(f"{url}w3/removal/")
    manager.post(url, {"kind": "tile", "kpi1": "nps"})
    assert [one for one, _width in order()] == ["w2", "w1", "w3"]
    manager.post(f"{url}restoration/")
    assert [one for one, _width in order()] == ["w2", "w4", "w1", "w3"]
    assert "There is nothing" in manager.post(f"{url}restoration/", headers={"HX-Request": "true"})["HX-Trigger"]
    manager.post(f"{url}w1/", {"kind": "spread", "kpi1": "aht"})
    assert Dashboard.objects.get().shown()[2].kind == "spread"
    manager.post(f"/boards/{board.pk}/deletion/")
    assert not Dashboard.objects.exists()
    manager.post("/boards/restoration/")
    assert [one.id for one in Dashboard.objects.get().shown()] == ["w2", "w4", "w1", "w3"]


@pytest.mark.parametrize(
    ("data", "field"),
    [
        ({"kind": "tile"}, "kpi1"),
        ({"kind": "tile", "kpi1": "mood"}, "kpi1"),
        ({"kind": "tile", "kpi1": "fcr", "kpi2": "asa"}, "kpi1"),
        ({"kind": "trend", "kpi1": "fcr", "kpi2": "asa", "kpi3": "nps"}, "kpi1"),
        ({"kind": "trend", "kpi1": "occupancy"}, "kpi1"),
        ({"kind": "heat", "kpi1": "backlog"}, "kpi1"),
        ({"kind": "spread", "kpi1": "fcr"}, "kpi1"),
        ({"kind": "split", "kpi1": "fcr"}, "by"),
        ({"kind": "split", "kpi1": "occupancy", "by": "queue"}, "by"),
        ({"kind": "tile", "kpi1": "fcr", "by": "queue"}, "by"),
        ({"kind": "order", "by": "queue"}, "by"),
        ({"kind": "order", "kpi1": "fcr", "by": "topics"}, "kpi1"),
        ({"kind": "tile", "kpi1": "fcr", "width": "9"}, "width"),
        ({"kind": "poem", "kpi1": "fcr"}, "kind"),
    ],
)
def test_a_widget_that_cannot_be_is_refused_by_field(db, data: dict[str, str], field: str) -> None:
    form = WidgetForm(data, user=make_user(role="manager"))
    assert not form.is_valid()
    assert field in form.errors


def test_every_kpi_has_a_kind_that_shows_it_and_every_standard_widget_is_allowed() -> None:
    for key in KPIS:
        check(Widget("w1", "tile", (key,), width=1))
    for one in STANDARD.values():
        for widget in one.widgets:
            check(widget)


# --- targets and notes


def test_the_target_of_the_queue_goes_before_the_clients_and_the_one_for_all(golden, manager: Client) -> None:
    boss = User.objects.get(username="boss")
    queue = Queue.objects.get(code="support")
    old, new = datetime(2025, 1, 1, tzinfo=UTC), datetime(2025, 10, 10, tzinfo=UTC)
    for scope, value, since in (
        ({}, "0.60", old),
        ({"client": queue.client}, "0.70", old),
        ({"queue": queue}, "0.80", old),
        ({"queue": queue}, "0.90", new),
        ({"queue": queue}, "0.99", datetime(2026, 1, 1, tzinfo=UTC)),
    ):
        Target.objects.create(kpi="service-level", value=value, valid_from=since, by=boss, **scope)
    board = made("tile", "service-level")

    def says(more: str) -> str:
        return page(manager, f"/boards/{board.pk}/widgets/w1/?{OCTOBER}{more}").replace("\N{NO-BREAK SPACE}", " ")

    assert "Target 60 %" in says("")
    assert "Target 70 %" in says(f"&client={queue.client.code}")
    assert "Target 90 %: not reached" in says("&queue=support")
    trend = made("trend", "service-level")
    html = page(manager, f"/boards/{trend.pk}/widgets/w1/?{OCTOBER}&queue=support")
    data = json.loads(re.search(r'id="w1-data"[^>]*>(.*?)</script>', html)[1])
    assert data["series"][0]["target"][0] == 0.8
    assert data["series"][0]["target"][-1] == 0.9


def test_a_note_is_marked_where_it_concerns_and_lets_limits_begin_anew(golden, manager: Client) -> None:
    boss, queue = User.objects.get(username="boss"), Queue.objects.get(code="support")
    at = datetime(2025, 10, 8, 9, tzinfo=UTC)
    Annotation.objects.create(text="New menu", at=at, queue=queue, by=boss)
    Annotation.objects.create(text="For all", at=at, by=boss)
    board = made("trend", "fcr")
    here = page(manager, f"/boards/{board.pk}/widgets/w1/?{OCTOBER}&queue=support")
    assert "New menu" in here
    assert "For all" in here
    other = Queue.objects.exclude(pk=queue.pk).first().code
    there = page(manager, f"/boards/{board.pk}/widgets/w1/?{OCTOBER}&queue={other}")
    assert "New menu" not in there
    assert changes_for(KPIS["csat"], [Mark(3, "noted", is_noted=True)]) == [3]
    assert changes_for(KPIS["asa"], [Mark(3, "noted", is_noted=True), Mark(5, "agreed")]) == [3]


def test_targets_and_notes_are_set_by_who_sets_up_each_for_what_she_sees(golden, manager: Client) -> None:
    assert manager.post("/settings/targets/", {"kpi": "fcr", "value": "101", "since": "2025-10-01"}).status_code == 422
    assert manager.post("/settings/targets/", {"kpi": "fcr", "value": "75", "since": "2025-10-01"}).status_code == 302
    target = Target.objects.get()
    assert target.value == Decimal("0.75")
    assert manager.post("/settings/notes/", {"text": "Moved", "at": "2025-10-05T10:00"}).status_code == 302
    note = Annotation.objects.get()
    lead = make_user("lead", role="lead")
    manager.force_login(lead)
    assert "75" in page(manager, "/settings/targets/")
    assert manager.post(f"/settings/targets/{target.pk}/deletion/").status_code == 404
    assert manager.post(f"/settings/notes/{note.pk}/deletion/").status_code == 404
    # Of a queue of hers she sets one, for all she does not.
    assert manager.post("/settings/targets/", {"kpi": "fcr", "value": "75", "since": "2025-11-01"}).status_code == 422
    manager.force_login(User.objects.get(username="boss"))
    manager.post(f"/settings/notes/{note.pk}/deletion/")
    assert not Annotation.objects.exists()
    manager.post("/settings/targets/restoration/")
    assert Annotation.objects.get().at == note.at
    manager.force_login(make_user("agent1", role="agent"))
    assert manager.get("/settings/targets/").status_code == 404
