"""What Asterisk, Amazon Connect and Twilio send, as their documentation has it: what becomes of it, in any order and twice."""

from __future__ import annotations

import asyncio
import json
import random
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import urlencode

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command
from django.test import override_settings
from hypothesis import given
from hypothesis import strategies as st

from tests.factories import make_customer, make_queue, make_source, make_user
from tickets import telephone
from tickets.channels.phone import amazon_connect, ami, queue_log, twilio
from tickets.channels.phone.ami_listener import Listener
from tickets.channels.phone.told import Rules, Told, UnreadableError
from tickets.models import Connector, Contact, QuarantinedRow, Segment

PAYLOADS = Path(__file__).parent / "payloads"
NOW = datetime(2025, 10, 7, tzinfo=UTC)
TOKEN = "a token of the tests"


def lines_of(name):
    return [json.loads(line) for line in (PAYLOADS / name).read_text().splitlines()]


def make_connector(kind, **fields):
    make_queue("first-line")
    make_queue("sales")
    make_user("anna")
    make_user("bo")
    return Connector.objects.create(kind=kind, code=kind, name=kind, source=make_source(f"telephone:{kind}"), **fields)


def seconds(moment, since):
    return moment and (moment - since).total_seconds()


# ---- The queue log, line by line -------------------------------------------------------------------------------------
TABLE = {
    "T|c|q|NONE|ENTERQUEUE||+46701740605|1": [("queued", "", "q", "", 0)],
    "T|c|q|NONE|ENTERQUEUE||anonymous|1": [("queued", "", "q", "", 0)],
    "T|c|q|SIP/1|CONNECT|12|17.2|4": [("ringing", "SIP/1", "q", "", -4), ("answered", "SIP/1", "q", "", 0)],
    "T|c|q|SIP/1|CONNECT|12|17.2|0": [("answered", "SIP/1", "q", "", 0)],
    "T|c|q|SIP/1|COMPLETEAGENT|12|90|1": [("ended", "", "", "", 0)],
    "T|c|q|SIP/1|COMPLETECALLER|12|90|1": [("ended", "", "", "", 0)],
    "T|c|q|NONE|ABANDON|1|2|30": [("ended", "", "", "", 0)],
    "T|c|q|SIP/1|AGENTDUMP": [("ended", "", "", "", 0)],
    "T|c|q|NONE|EXITWITHTIMEOUT|1|2|60": [("overflowed", "", "q", "voicemail", 0)],
    "T|c|q|NONE|EXITWITHKEY|1|1|2|60": [("overflowed", "", "q", "callback_requested", 0)],
    "T|c|q|NONE|EXITEMPTY|1|2|60": [("overflowed", "", "q", "", 0)],
    "T|c|q|SIP/1|BLINDTRANSFER|8009|internal|12|90|1": [("transferred", "SIP/1", "", "8009", 0), ("ended", "", "", "", 0)],
    "T|c|q|SIP/1|ATTENDEDTRANSFER|BRIDGE|0c5d|12|90|1": [("transferred", "SIP/1", "", "0c5d", 0), ("ended", "", "", "", 0)],
    "T|c|q|SIP/1|TRANSFER|8009|internal|12|90|1": [("transferred", "SIP/1", "", "8009", 0), ("ended", "", "", "", 0)],
    "T|c|q|SIP/1|RINGNOANSWER|15000": [],
    "T|c|q|NONE|DID|0851000": [],
    "T|NONE|q|SIP/1|PAUSE|lunch": [],
    "T|NONE|NONE|NONE|QUEUESTART|": [],
}  # fmt: skip


@pytest.mark.parametrize("text", TABLE)
def test_each_line_of_a_queue_log_means_what_the_table_says(text):
    at = 1759824000
    line = queue_log.read(text.replace("T", str(at), 1))
    told = queue_log.translate(line, Rules("voicemail", "callback_requested"))
    begin = datetime.fromtimestamp(at, UTC)
    assert [(one.kind, one.agent, one.queue, one.target, seconds(one.at, begin)) for one in told] == TABLE[text]
    assert len({one.event_id for one in told}) == len(told)


@pytest.mark.parametrize(
    "text",
    ["a", "T|c|q|NONE", "x|c|q|NONE|ABANDON", "T|c|q|NONE|abandon", "T|c|q|NONE|NEWEVENT", "T|c|q|NONE|CONNECT|1|2|3"],
)
def test_what_is_no_line_of_a_queue_log_says_what_was_expected(text):
    with pytest.raises(UnreadableError):
        queue_log.translate(queue_log.read(text.replace("T", "1759824000", 1)), Rules())


@given(st.text(max_size=200), st.dictionaries(st.text(max_size=12), st.text(max_size=30), max_size=6))
def test_rubbish_is_refused_or_says_nothing_but_never_breaks(text, fields):
    try:
        line = queue_log.read(text)
        if line:
            queue_log.translate(line, Rules())
    except UnreadableError:
        pass
    ami.translate(ami.read(text), Rules(), NOW)
    for translate, given_fields in ((twilio.translate, fields), (amazon_connect.translate, fields)):
        with suppress(UnreadableError):
            translate(given_fields, Rules())


def test_what_waits_is_kept_as_it_was_told():
    told = Told("e1", "c1", "answered", NOW, agent="anna", queue="q", caller="+4670")
    assert Told.from_data("e1", json.loads(json.dumps(told.as_data()))) == told


# ---- The manager interface -------------------------------------------------------------------------------------------
def messages():
    return [block for block in (PAYLOADS / "ami_call.txt").read_text().split("\n\n") if block.strip()]


@pytest.mark.django_db
def test_a_call_heard_by_the_manager_interface_has_hold_and_end_and_no_other_call_is_made():
    connector = make_connector("asterisk", wraps_up_on_desk=False)
    told = [one for block in messages() for one in ami.translate(ami.read(block), connector.rules, NOW)]
    telephone.take_in(connector, told)
    telephone.take_in(connector, told)
    contact = Contact.objects.get()
    assert seconds(contact.answered_at, contact.queued_at) == 12.5
    leg = Segment.objects.get()
    assert (leg.talk_us, leg.hold_us, leg.acw_us, leg.agent.username) == (90_000_000, 10_000_000, 0, "anna")
    assert contact.outcome == "answered"
    assert not leg.is_running


@pytest.mark.django_db(transaction=True)
def test_the_listener_logs_in_with_the_secret_of_the_environment_and_takes_in_what_it_hears(monkeypatch, settings):
    settings.INTERNAL_HOSTS = ["127.0.0.1"]
    monkeypatch.setenv("TELEPHONE_SECRET_ASTERISK", TOKEN)
    heard = []

    async def serve(reader, writer):
        writer.write(b"Asterisk Call Manager/9.0.0\r\n")
        heard.append(ami.read((await reader.readuntil(b"\r\n\r\n")).decode()))
        writer.write(b"Response: Success\r\nMessage: Authentication accepted\r\n\r\n")
        for block in messages():
            writer.write(block.replace("\n", "\r\n").encode() + b"\r\n\r\n")
        await writer.drain()
        writer.close()

    async def play():
        server = await asyncio.start_server(serve, "127.0.0.1", 0)
        connector.host, connector.port = "127.0.0.1", server.sockets[0].getsockname()[1]
        with pytest.raises(asyncio.IncompleteReadError):
            await Listener(connector).listen()
        server.close()

    connector = make_connector("asterisk", wraps_up_on_desk=False, user="desk")
    asyncio.run(play())
    assert (heard[0]["Action"], heard[0]["Username"], heard[0]["Secret"]) == ("Login", "desk", TOKEN)
    assert Contact.objects.get().outcome == "answered"


@pytest.mark.django_db
def test_without_a_secret_nobody_listens():
    make_connector("asterisk", host="127.0.0.1")
    with pytest.raises(CommandError, match="TELEPHONE_SECRET_ASTERISK"):
        call_command("listen_ami")


# ---- Amazon Connect --------------------------------------------------------------------------------------------------
@pytest.fixture
def system(client):
    from tickets.models import ApiToken

    secret = ApiToken.issue(make_user("pbx", role="integration"))
    return {"headers": {"Authorization": f"Bearer {secret}"}, "content_type": "application/json"}


def send_records(client, system, body):
    return client.post("/api/v1/calls/connectors/amazon-connect/", json.dumps(body), **system)


@pytest.mark.django_db
@pytest.mark.parametrize("seed", range(3))
def test_a_transferred_call_of_amazon_connect_is_one_contact_with_two_legs(client, system, seed):
    make_connector("amazon_connect")
    make_customer("Maja Lind", phone="+46701740605")
    records = lines_of("connect_transfer.jsonl") * 2
    random.Random(seed).shuffle(records)
    for record in records:
        assert send_records(client, system, {"detail-type": "record", "detail": record}).status_code == 200
    contact = Contact.objects.get()
    assert seconds(contact.answered_at, contact.queued_at) == 20
    assert (contact.queue.code, contact.customer.name, contact.transfers) == ("first-line", "Maja Lind", 1)
    legs = Segment.objects.order_by("started_at").values_list("agent__username", "role", "talk_us", "hold_us", "acw_us")
    assert list(legs) == [
        ("anna", "primary", 100_000_000, 20_000_000, 20_000_000),
        ("bo", "transfer", 180_000_000, 0, 15_000_000),
    ]


@pytest.mark.django_db
def test_whoever_of_two_agents_stays_with_the_customer_of_amazon_connect_has_taken_over(client, system):
    make_connector("amazon_connect")
    send_records(client, system, lines_of("connect_warm_transfer.jsonl"))
    contact = Contact.objects.get()
    assert (contact.transfers, seconds(contact.ended_at, contact.started_at)) == (1, 400)
    assert parts() == [
        ("anna", "primary", 170_000_000, 20_000_000),
        ("bo", "conference", 80_000_000, 0),
        ("bo", "transfer", 200_000_000, 15_000_000),
    ]


@pytest.mark.django_db
@pytest.mark.parametrize("late", [False, True])
def test_somebody_outside_who_is_asked_leaves_direction_wait_and_end_of_the_call_alone(client, system, late):
    make_connector("amazon_connect")
    records = lines_of("connect_third_party.jsonl")
    for record in reversed(records) if late else records:
        send_records(client, system, record)
    contact = Contact.objects.get()
    assert (contact.direction, contact.outcome, contact.transfers) == ("inbound", "answered", 0)
    assert seconds(contact.answered_at, contact.queued_at) == 20
    assert (contact.talk_us, contact.hold_us, seconds(contact.ended_at, contact.started_at)) == (
        270_000_000,
        100_000_000,
        400,
    )


@pytest.mark.django_db
def test_a_call_that_is_handed_to_a_number_outside_is_over_for_us(client, system):
    make_connector("amazon_connect")
    send_records(client, system, lines_of("connect_transfer_out.jsonl"))
    contact = Contact.objects.get()
    assert (contact.direction, seconds(contact.ended_at, contact.started_at)) == ("inbound", 200)
    assert parts() == [("anna", "primary", 170_000_000, 20_000_000)]


@pytest.mark.django_db
@pytest.mark.parametrize("late", [False, True])
def test_the_wait_goes_on_in_the_queue_to_which_a_flow_of_amazon_connect_hands_on(client, system, late):
    make_connector("amazon_connect")
    records = lines_of("connect_queue_transfer.jsonl")
    for record in reversed(records) if late else records:
        send_records(client, system, record)
    contact = Contact.objects.get()
    assert (contact.outcome, contact.queue.code) == ("abandoned", "first-line")
    assert seconds(contact.ended_at, contact.queued_at) == 190


def parts():
    return list(Segment.objects.order_by("started_at").values_list("agent__username", "role", "talk_us", "acw_us"))


@pytest.mark.django_db
def test_a_queued_callback_of_amazon_connect_hangs_on_its_request(tmp_path):
    make_connector("amazon_connect")
    file = tmp_path / "records.jsonl"
    file.write_text("\n".join(reversed((PAYLOADS / "connect_callback.jsonl").read_text().splitlines())))
    call_command("read_contact_records", str(file))
    call_command("read_contact_records", str(file))
    asked = Contact.objects.get(parent=None)
    again = Contact.objects.get(parent=asked)
    assert (asked.outcome, asked.is_handled) == ("callback_requested", True)
    assert (again.direction, again.outcome, again.owner.username) == ("outbound", "answered", "anna")
    assert asked.talk_us == 300_000_000


@pytest.mark.django_db
def test_a_callback_that_reached_nobody_keeps_the_request_open(client, system):
    make_connector("amazon_connect")
    asked, again = lines_of("connect_callback.jsonl")
    again["DisconnectReason"] = "OUTBOUND_DESTINATION_ENDPOINT_ERROR"
    send_records(client, system, [asked, again])
    assert not Contact.objects.get(parent=None).is_handled
    assert Contact.objects.exclude(parent=None).get().outcome == "no_answer"


@pytest.mark.django_db
def test_a_record_that_is_not_understood_waits_in_the_quarantine_and_a_chat_is_no_call(client, system):
    make_connector("amazon_connect")
    good, other = lines_of("connect_transfer.jsonl")
    answer = send_records(client, system, [{"ContactId": 7}, good, other | {"Channel": "CHAT", "ContactId": "x"}])
    assert answer.json()["rejected"] == ["ContactId: text"]
    assert QuarantinedRow.objects.count() == 1
    assert Contact.objects.count() == 1


@pytest.mark.django_db
def test_contact_records_need_a_token_with_the_right_and_a_connector(client, system):
    assert client.post("/api/v1/calls/connectors/amazon-connect/", "{}", "application/json").status_code in {401, 403}
    answer = send_records(client, system, {})
    assert answer.status_code == 400
    assert "connector" in answer.json()["errors"][0]["field"]
    client.force_login(make_user("anna"))
    assert client.post("/api/v1/calls/connectors/amazon-connect/", "{}", "application/json").status_code == 403


# ---- Twilio ----------------------------------------------------------------------------------------------------------
PATH = "/api/v1/calls/connectors/twilio/twilio/"


def call_back(client, fields, token=TOKEN, path=PATH):
    body = urlencode(fields)
    signature = twilio.signature(token, settings.PUBLIC_URL + path, list(fields.items()))
    return client.post(
        path, body, "application/x-www-form-urlencoded", headers={"X-Twilio-Signature": signature}
    )  # fmt: skip


def test_the_signature_is_the_one_of_the_makers_own_example():
    fields = {
        "CallSid": "CA1234567890ABCDE", "Caller": "+14158675309", "Digits": "1234", "From": "+14158675309",
        "To": "+18005551212",
    }  # fmt: skip
    url = "https://mycompany.com/myapp.php?foo=1&bar=2"
    assert twilio.signature("12345", url, list(fields.items())) == "RSOYDt4T1cUTdK1PDd93/VVr8B8="


@pytest.mark.django_db
@pytest.mark.parametrize("seed", range(3))
def test_the_callbacks_of_a_call_make_its_contact(client, monkeypatch, seed):
    monkeypatch.setenv("TELEPHONE_SECRET_TWILIO", TOKEN)
    make_connector("twilio")
    events = lines_of("twilio_call.jsonl") * 2
    random.Random(seed).shuffle(events)
    assert {call_back(client, fields).status_code for fields in events} == {204}
    contact = Contact.objects.get()
    assert seconds(contact.answered_at, contact.queued_at) == 18
    leg = Segment.objects.get()
    assert (leg.talk_us, leg.acw_us, leg.is_running) == (100_000_000, 30_000_000, False)
    assert contact.queue.code == "first-line"


@pytest.mark.django_db
@pytest.mark.parametrize("seed", range(3))
def test_a_warm_transfer_is_the_colleagues_from_when_the_first_agent_leaves(client, monkeypatch, seed):
    monkeypatch.setenv("TELEPHONE_SECRET_TWILIO", TOKEN)
    make_connector("twilio")
    events = lines_of("twilio_warm_transfer.jsonl") * 2
    random.Random(seed).shuffle(events)
    assert {call_back(client, fields).status_code for fields in events} == {204}
    contact = Contact.objects.get()
    assert (contact.transfers, seconds(contact.ended_at, contact.started_at)) == (1, 200)
    assert parts() == [
        ("anna", "primary", 80_000_000, 10_000_000),
        ("bo", "consult", 30_100_000, 0),
        ("bo", "transfer", 110_000_000, 15_000_000),
    ]


@pytest.mark.django_db
@pytest.mark.parametrize("wrong", ["token", "field", "path", "none", "unset"])
def test_a_callback_that_is_not_signed_for_this_address_changes_nothing(client, monkeypatch, wrong):
    if wrong != "unset":
        monkeypatch.setenv("TELEPHONE_SECRET_TWILIO", TOKEN)
    connector = make_connector("twilio")
    fields = lines_of("twilio_call.jsonl")[1]
    signed = fields | ({"TaskSid": "WT99"} if wrong == "field" else {})
    url = settings.PUBLIC_URL + ("/other/" if wrong == "path" else PATH)
    token = {"token": "another", "unset": ""}.get(wrong, TOKEN)
    signature = "" if wrong == "none" else twilio.signature(token, url, list(signed.items()))
    answer = client.post(
        PATH, urlencode(fields), "application/x-www-form-urlencoded", headers={"X-Twilio-Signature": signature}
    )
    assert answer.status_code == 403
    assert not Contact.objects.exists()
    connector.refresh_from_db()
    assert connector.last_error


@pytest.mark.django_db
def test_the_signature_is_checked_on_the_address_that_the_world_knows(client, monkeypatch):
    monkeypatch.setenv("TELEPHONE_SECRET_TWILIO", TOKEN)
    make_connector("twilio")
    with override_settings(PUBLIC_URL="https://desk.example"):
        assert call_back(client, lines_of("twilio_call.jsonl")[1]).status_code == 204


# ---- Recordings ------------------------------------------------------------------------------------------------------
@pytest.mark.django_db
@pytest.mark.parametrize(
    ("url", "is_shown"),
    [
        ("https://recordings.example/0001.wav", True),
        ("https://RECORDINGS.example/0001.wav", True),
        ("http://recordings.example/0001.wav", False),
        ("https://elsewhere.example/0001.wav", False),
        ("https://recordings.example.evil.example/1", False),
        ("https://recordings.example@evil.example/1", False),
        ("javascript:alert(1)", False),
        ("https://169.254.169.254/latest/meta-data", False),
    ],
)
def test_a_recording_is_shown_only_from_a_server_of_the_set_up(url, is_shown):
    connector = make_connector("asterisk", recording_hosts=["recordings.example"])
    assert telephone.is_allowed_recording(url, connector) == is_shown


@pytest.mark.django_db
def test_the_recording_of_a_call_is_a_link_that_tells_the_server_nothing(client):
    connector = make_connector("asterisk", recording_hosts=["recordings.example"])
    at = datetime.now(UTC) - timedelta(minutes=5)
    told = [
        Told("1", "c1", "queued", at, queue="first-line"),
        Told(
            "2",
            "c1",
            "answered",
            at + timedelta(seconds=9),
            agent="anna",
            recording_url="https://recordings.example/1.wav",
        ),
        Told("3", "c1", "ended", at + timedelta(seconds=60)),
    ]
    telephone.take_in(connector, told)
    client.force_login(make_user("boss", role="manager"))
    page = client.get(Contact.objects.get().get_absolute_url()).content.decode()
    assert 'href="https://recordings.example/1.wav" rel="noopener noreferrer" target="_blank"' in page
    Connector.objects.update(recording_hosts=[])
    assert "recordings.example" not in client.get(Contact.objects.get().get_absolute_url()).content.decode()
