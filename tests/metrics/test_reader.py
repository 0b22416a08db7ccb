"""Figures from a replica: asked there, and true for the moment that its data have reached."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from django.db import connections
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from metrics.models import Heartbeat
from metrics.reader import REPLICA, data_until, reader
from metrics.tasks import beat
from tests.factories import make_contact, make_user


@pytest.fixture
def replica(monkeypatch):
    """A second connection to the tests' database, as Django's mirrors are: what is committed is there at once."""
    monkeypatch.setitem(connections.settings, REPLICA, connections.settings["default"])
    copy = connections["default"].copy(alias=REPLICA)
    # Django's tests know the databases of the settings alone, and let no test connect to another.
    copy.ensure_connection = lambda: copy.connection or copy.connect()
    monkeypatch.setattr(connections._connections, REPLICA, copy, raising=False)
    yield copy
    copy.close()


@pytest.mark.django_db(transaction=True)
def test_without_a_replica_figures_know_what_happens_now():
    assert reader().alias == "default"
    assert timezone.now() - data_until() < timedelta(minutes=1)


@pytest.mark.django_db(transaction=True)
def test_figures_are_asked_of_the_replica_as_of_its_last_heartbeat(replica):
    make_contact()
    beat()
    hour_ago = timezone.now() - timedelta(hours=1)
    Heartbeat.objects.update(at=hour_ago)
    client = Client()
    client.force_login(make_user("manager", role="manager"))
    with CaptureQueriesContext(replica) as there, CaptureQueriesContext(connections["default"]) as here:
        today = timezone.localdate()
        answer = client.get(
            "/api/v1/kpis/values/",
            {"kpi": "offered", "start": today - timedelta(days=7), "end": today + timedelta(days=1)},
        ).json()
    assert answer["rows"][0]["kpis"]["offered"]["value"] == 1
    assert datetime.fromisoformat(answer["as_of"]) == hour_ago
    assert any("metrics_cell_contact" in query["sql"] for query in there.captured_queries)
    assert not any("metrics_cell_contact" in query["sql"] for query in here.captured_queries)


@pytest.mark.django_db(transaction=True)
def test_who_has_just_written_reads_what_she_wrote(replica):
    from django.db import transaction

    with transaction.atomic():
        assert reader().alias == "default"
    assert reader() is replica
