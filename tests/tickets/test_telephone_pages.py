"""Setting up a telephone system over HTTP: who may, what is refused, and that what waited counts once its names are known."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from tests.factories import make_queue, make_source, make_team, make_user
from tickets import telephone
from tickets.channels.phone.told import Told
from tickets.models import Connector, Contact

pytestmark = pytest.mark.django_db
NEW = {
    "name": "Exchange", "code": "exchange", "kind": "asterisk", "wraps_up_on_desk": "on", "port": "5038",
    "on_timeout": "voicemail", "on_key": "callback_requested", "is_active": "on",
    "recording_hosts": "Recordings.example\n",
}  # fmt: skip


@pytest.fixture
def boss(client):
    client.force_login(boss := make_user("boss", role="manager"))
    return boss


def make_connector():
    return Connector.objects.create(kind="asterisk", code="pbx", name="Exchange", source=make_source("telephone:pbx"))


@pytest.mark.parametrize(
    ("path", "who"),
    [
        ("/settings/telephone/", "no no yes yes yes"),
        ("/settings/telephone/new/", "no no no yes yes"),
        ("/settings/telephone/{pk}/", "no no no yes yes"),
        ("/settings/telephone/{pk}/names/", "no no yes yes yes"),
    ],
)
def test_each_page_exists_for_whom_it_is(client, path, who):
    one, team = make_connector(), make_team()
    for role, may in zip(("integration", "agent", "lead", "manager", "admin"), who.split(), strict=True):
        client.force_login(make_user(role, role=role, team=team))
        assert client.get(path.format(pk=one.pk)).status_code == (200 if may == "yes" else 404), role


def test_an_agent_says_nothing_about_names(client):
    one = make_connector()
    client.force_login(make_user("anna"))
    assert client.post(f"/settings/telephone/{one.pk}/meanings/").status_code == 404


def test_without_a_telephone_system_the_page_says_what_to_do(client, boss):
    assert "No telephone system yet" in client.get("/settings/telephone/").content.decode()


def test_a_telephone_system_is_added_with_a_source_of_its_own(client, boss):
    assert client.post("/settings/telephone/new/", NEW).status_code == 302
    one = Connector.objects.get()
    assert (one.source.name, one.recording_hosts, one.on_key) == (
        "telephone:exchange", ["recordings.example"], "callback_requested",
    )  # fmt: skip
    client.post(f"/settings/telephone/{one.pk}/", NEW | {"code": "other", "name": "The exchange"})
    one.refresh_from_db()
    assert (one.code, one.name) == ("exchange", "The exchange")


@pytest.mark.parametrize(
    "wrong",
    [
        {"code": "Ex change"},
        {"port": "0"},
        {"recording_hosts": "https://a.example/x"},
        {"user": "a\r\nAction: x"},
        {"kind": "x"},
    ],
)
def test_what_cannot_be_right_is_refused_by_field(client, boss, wrong):
    answer = client.post("/settings/telephone/new/", NEW | wrong)
    assert answer.status_code == 422
    assert set(answer.context["form"].errors) == set(wrong)
    assert not Connector.objects.exists()


def test_a_call_with_unknown_names_waits_and_counts_as_soon_as_they_are_mapped(client, boss):
    one, queue, anna = make_connector(), make_queue(), make_user("anna")
    at = timezone.now() - timedelta(minutes=9)
    told = [
        Told("1", "c1", "queued", at, queue="4001"),
        Told("2", "c1", "answered", at + timedelta(seconds=7), agent="SIP/8001", queue="4001"),
        Told("3", "c1", "ended", at + timedelta(seconds=60)),
        Told("4", "c2", "queued", at, queue="private"),
    ]
    telephone.take_in(one, told)
    telephone.take_in(one, told)
    assert not Contact.objects.exists()
    page = client.get(f"/settings/telephone/{one.pk}/names/").content.decode()
    assert page.count("tag-warn") == 3
    assert "2 calls wait" in client.get("/settings/telephone/").content.decode()
    by_name = {name.name: name.pk for name in one.names.all()}
    said = {
        f"name-{by_name['4001']}": queue.pk,
        f"name-{by_name['SIP/8001']}": anna.pk,
        f"name-{by_name['private']}": "none",
    }
    assert client.post(f"/settings/telephone/{one.pk}/meanings/", said).status_code == 302
    contact = Contact.objects.get()
    assert (contact.outcome, contact.queue, contact.segments.get().agent) == ("answered", queue, anna)
    assert one.waiting.all().calls() == 0
    telephone.take_in(one, [Told("5", "c2", "ended", timezone.now())])
    assert Contact.objects.count() == 1
    client.post(f"/settings/telephone/{one.pk}/meanings/", {f"name-{by_name['private']}": queue.pk})
    assert Contact.objects.get(external_id="c2").outcome == "abandoned"
    client.post(f"/settings/telephone/{one.pk}/meanings/", {f"name-{by_name['4001']}": "99999999999999999999"})
    assert one.names.get(name="4001").queue is None
