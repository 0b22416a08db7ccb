"""Who asks to be called back: from the request, through the attempts, to the figure and the rows behind it."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core.management import call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from tests.factories import make_customer, make_queue, make_source, make_team, make_user
from tickets import telephone
from tickets.channels.phone.told import Told
from tickets.dialling import dial_url
from tickets.models import Callback, Case, Connector, Contact, PhoneName, Queue

pytestmark = pytest.mark.django_db
NUMBER = "+46701740605"


@pytest.fixture
def anna(client):
    team = make_team()
    make_queue(teams=[team])
    client.force_login(anna := make_user("anna", team=team))
    return anna


@pytest.fixture
def connector(anna):
    return Connector.objects.create(kind="asterisk", code="pbx", name="Exchange", source=make_source("telephone:pbx"))


def request_callback(connector, call="c1", kind="callback_requested", ago=600, **fields):
    at = timezone.now() - timedelta(seconds=ago)
    told = [
        Told(f"{call}-1", call, "queued", at, queue="first-line", caller=NUMBER),
        Told(f"{call}-2", call, kind, at + timedelta(seconds=40), **fields),
    ]
    telephone.take_in(connector, told)
    return Contact.objects.get(external_id=call)


def kept(client):
    """The figure, and the rows behind its two parts."""
    call_command("refresh_metrics")
    client.force_login(make_user(f"boss{timezone.now().timestamp()}", role="manager"))
    today = timezone.localdate()
    when = f"start={today - timedelta(days=2)}&end={today + timedelta(days=2)}"
    answer = client.get(f"/api/v1/kpis/values/?kpi=queue-callbacks-kept&{when}").json()
    figure = answer["rows"][0]["kpis"]["queue-callbacks-kept"]
    behind = {
        part: {
            row["contact_id"]
            for row in client.get(f"/api/v1/kpis/queue-callbacks-kept/rows/?set={part}&{when}").json()["results"]
        }
        for part in ("numerator", "denominator")
    }
    return figure["value"], behind["numerator"], behind["denominator"]


def test_from_the_request_over_two_attempts_to_the_figure_and_its_rows(client, anna, connector):
    maja = make_customer("Maja Lind", phone=NUMBER)
    asked = request_callback(connector)
    request_callback(connector, "c2")
    one = Callback.objects.get(contact=asked)
    assert (one.number, asked.customer) == (NUMBER, maja)
    page = client.get("/callbacks/").content.decode()
    assert "Maja Lind" in page
    assert "Not tried yet" in page

    answer = client.post(f"/callbacks/{one.pk}/attempt/")
    first = Contact.objects.get(parent=asked)
    assert answer["Location"] == f"{first.get_absolute_url()}?number=%2B46701740605"
    assert 'href="tel:+46701740605"' in client.get(answer["Location"]).content.decode()
    assert client.post(f"/contacts/{first.pk}/no-answer/")["Location"] == "/callbacks/"
    first.refresh_from_db()
    assert (first.outcome, first.answered_at) == ("no_answer", None)
    assert "Tried 1 time" in client.get("/callbacks/").content.decode()
    assert Callback.objects.open().filter(pk=one.pk).exists()

    client.post(f"/callbacks/{one.pk}/attempt/")
    second = Contact.objects.get(parent=asked, outcome="")
    client.post(f"/contacts/{second.pk}/connection/")
    one.refresh_from_db()
    assert (one.end, one.closed_by) == ("reached", anna)
    client.post(f"/contacts/{second.pk}/end/")
    second.wrap_up(by=anna)
    assert kept(client) == (0.5, {"c1"}, {"c1", "c2"})


def test_a_callback_made_by_the_telephone_system_itself_closes_the_request(client, anna, connector):
    asked = request_callback(connector)
    at = timezone.now() - timedelta(seconds=60)
    back = {"direction": "outbound", "callback_of": "c1"}
    telephone.take_in(
        connector,
        [
            Told("b1", "back", "ringing", at, agent="anna", callee=NUMBER, **back),
            Told("b2", "back", "answered", at + timedelta(seconds=5), agent="anna", **back),
            Told("b3", "back", "ended", at + timedelta(seconds=50)),
        ],
    )
    assert Callback.objects.get(contact=asked).end == "reached"
    assert kept(client)[0] == 1.0


def test_a_customer_who_calls_first_is_not_kept_and_one_who_withdraws_does_not_count(client, anna, connector):
    make_customer("Maja Lind", phone=NUMBER)
    asked = request_callback(connector)
    gone = request_callback(connector, "c2")
    client.post(f"/callbacks/{Callback.objects.get(contact=gone).pk}/closing/", {"end": "withdrawn"})
    at = timezone.now() - timedelta(seconds=100)
    telephone.take_in(
        connector,
        [
            Told("n1", "c3", "queued", at, queue="first-line", caller=NUMBER),
            Told("n2", "c3", "answered", at + timedelta(seconds=5), agent="anna"),
        ],
    )
    assert Callback.objects.get(contact=asked).end == "came_first"
    assert kept(client) == (0.0, set(), {"c1"})


def test_a_voice_message_is_a_case_with_the_task_to_listen_and_call_back(client, anna, connector):
    Connector.objects.update(recording_hosts=["recordings.example"])
    asked = request_callback(connector, kind="voicemail", recording_url="https://recordings.example/7.wav")
    case = Case.objects.get()
    assert asked.outcome == "voicemail"
    assert (asked.case, case.queue.code) == (case, "first-line")
    assert [item.text for item in case.checklist.all()] == ["Listen and call back"]
    assert "https://recordings.example/7.wav" in client.get(asked.get_absolute_url()).content.decode()
    assert Callback.objects.get().contact == asked
    request_callback(connector, kind="voicemail")
    assert Case.objects.count() == 1


def test_an_agent_puts_somebody_on_the_list_with_a_window(client, anna):
    maja = make_customer("Maja Lind", phone=NUMBER)
    queue = Queue.objects.get()
    begin = timezone.localtime() + timedelta(hours=1)
    form = {"number": "+46 70-174 06 05", "queue": queue.pk, "note": "About the invoice"}
    form |= {"from_at": f"{begin:%Y-%m-%dT%H:%M}", "until_at": f"{begin + timedelta(hours=2):%Y-%m-%dT%H:%M}"}
    assert client.post("/callbacks/", form).status_code == 302
    one = Callback.objects.get()
    assert (one.contact.customer, one.contact.outcome, one.note) == (maja, "callback_requested", "About the invoice")
    assert not one.is_due
    for wrong in ({"number": "maja"}, {"until_at": "2020-01-01T10:00"}, {"until_at": "2999-01-01T10:00"}, {"queue": 0}):
        assert client.post("/callbacks/", form | wrong).status_code == 422
    assert Callback.objects.count() == 1


def test_what_is_late_is_marked_and_two_cannot_take_the_same(client, anna, connector):
    request_callback(connector, ago=6 * 3600)
    one = Callback.objects.get()
    assert "overdue" in client.get("/callbacks/").content.decode()
    client.post(f"/callbacks/{one.pk}/taking/")
    assert not one.take(by=make_user("bo"))
    one.refresh_from_db()
    assert one.taken_by == anna
    assert "Maja" not in client.get("/callbacks/?whose=me").content.decode()


def test_while_somebody_calls_nobody_else_does(client, anna, connector):
    asked = request_callback(connector)
    one = Callback.objects.get()
    first = client.post(f"/callbacks/{one.pk}/attempt/")
    client.force_login(make_user("bo", team=anna.team))
    assert client.post(f"/callbacks/{one.pk}/attempt/")["Location"] == first["Location"]
    assert asked.follow_ups.count() == 1


def test_the_requests_of_other_queues_do_not_exist(client, anna, connector):
    far = Queue.objects.create(code="far", name="Far")
    PhoneName.objects.create(connector=connector, what="queue", name="first-line", queue=far)
    request_callback(connector)
    one = Callback.objects.get()
    assert NUMBER not in client.get("/callbacks/").content.decode()
    for what in ("taking", "attempt", "closing"):
        assert client.post(f"/callbacks/{one.pk}/{what}/", {"end": "withdrawn"}).status_code == 404
    assert Callback.objects.open().exists()


def test_a_long_list_takes_no_query_a_row(client, anna, connector):
    request_callback(connector, "c0")
    with CaptureQueriesContext(
        connection,
    ) as few:
        client.get("/callbacks/")
    for number in range(1, 6):
        request_callback(connector, f"c{number}")
    with CaptureQueriesContext(connection) as many:
        client.get("/callbacks/")
    assert len(many) == len(few)


# ---- Dialling --------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("number", "template", "url"),
    [
        ("+46 70-174 06 05", "tel:{number}", "tel:+46701740605"),
        ("08 555 10 00", "sip:{number}@pbx.example", "sip:085551000@pbx.example"),
        ("+4670", "https://phone.example/call?to={number}", "https://phone.example/call?to=%2B4670"),
        ("+4670", "javascript:alert({number})", ""),
        ("+4670", "http://phone.example/{number}", ""),
        ("+4670", "tel:112", ""),
        ("javascript:1", "tel:{number}", ""),
        ("+4670;phone-context=x", "tel:{number}", ""),
        ("", "tel:{number}", ""),
    ],
)
def test_a_number_is_dialled_by_an_allowed_link_or_not_at_all(number, template, url):
    assert dial_url(number, template) == url


def test_a_call_from_the_customers_page_is_logged_from_its_first_second(client, anna):
    maja = make_customer("Maja Lind", phone=NUMBER)
    Contact.objects.create(
        source=make_source(), client=Queue.objects.get().client or maja.client or make_contact_client(),
        channel="phone", customer=maja, queue=Queue.objects.get(),
    )  # fmt: skip
    page = client.get(maja.get_absolute_url()).content.decode()
    assert 'action="/calls/dialling/"' in page
    answer = client.post("/calls/dialling/", {"number": NUMBER, "customer": maja.pk})
    contact = Contact.objects.get(direction="outbound")
    assert answer["Location"].startswith(contact.get_absolute_url())
    assert (contact.customer, contact.outcome, contact.segments.get().is_running) == (maja, "", True)
    assert client.get("/calls/dialling/").status_code == 405
    assert client.post("/calls/dialling/", {"number": "x", "customer": maja.pk}).status_code == 302
    assert client.post("/calls/dialling/", {"number": NUMBER, "customer": "9" * 30}).status_code == 302
    assert Contact.objects.filter(direction="outbound").count() == 1


def make_contact_client():
    from tickets.models import Client

    return Client.objects.default()
