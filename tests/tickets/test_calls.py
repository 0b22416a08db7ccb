"""The agent's side of calls and states over HTTP: the pop, the call's page, her state, her day."""

from datetime import timedelta
from uuid import uuid4

import pytest
from django.utils import timezone

from tests.factories import (
    PASSWORD,
    make_case,
    make_contact,
    make_customer,
    make_queue,
    make_source,
    make_team,
    make_topic,
    make_user,
)
from tickets.intake import finish
from tickets.models import AgentState, CallEvent, Contact, Queue

pytestmark = pytest.mark.django_db


@pytest.fixture
def anna(client):
    anna = make_user("anna", first_name="Anna", last_name="Berg")
    make_queue()
    client.force_login(anna)
    return anna


def tell(kind, agent=None, call="c1", ago=0, **fields):
    """One event of a telephone system, so many seconds ago."""
    source = make_source("pbx-1")
    event = CallEvent(
        event_id=str(uuid4()),
        call_id=call,
        kind=kind,
        agent=agent,
        at=timezone.now() - timedelta(seconds=ago),
        **fields,
    )
    CallEvent.take_in(source, [event])
    return Contact.objects.get(source=source, external_id=call)


def ring(agent, call="c1", number="+46701234567", **fields):
    tell("queued", call=call, ago=10, queue=Queue.objects.get(code="first-line"), caller=number)
    return tell("ringing", agent, call, 5, **fields)


def pop(client):
    return client.get("/calls/ringing/").content.decode()


# ---- The pop ---------------------------------------------------------------------------------------------------------
def test_the_pop_says_who_calls_what_is_open_what_was_promised_and_how_often_she_came(client, anna):
    maja = make_customer("Maja Lind", phone="+46701234567")
    case = make_case(customer=maja, subject="Router without light")
    case.promise(due_at=timezone.now() + timedelta(hours=3), by=anna)
    make_contact(customer=maja, agent=anna, at=timezone.now() - timedelta(days=2))
    make_contact(customer=maja, agent=anna, at=timezone.now() - timedelta(days=20))
    contact = ring(anna)
    html = pop(client)
    for words in ("Incoming call", "Maja Lind", "Router without light", "Promised last:", "2 contacts in 10 days"):
        assert words in html
    assert contact.get_absolute_url() in html


def test_an_unknown_number_is_shown_as_it_came(client, anna):
    ring(anna, number="+46709999999")
    assert "+46709999999" in pop(client)
    assert "Nobody that we know." in pop(client)


def test_nothing_pops_for_somebody_else(client, anna):
    ring(make_user("bo"))
    assert "pop" not in pop(client)


@pytest.mark.parametrize("kind", ["ended", "answered", "callback_requested", "voicemail"])
def test_the_pop_goes_when_it_rings_no_more(client, anna, kind):
    other = make_user("bo")
    ring(anna)
    tell(kind, other if kind == "answered" else None)
    assert "pop" not in pop(client)


def test_the_pop_goes_when_it_rings_at_the_next_phone(client, anna):
    ring(anna)
    tell("ringing", make_user("bo"))
    assert "pop" not in pop(client)


def test_a_phone_that_was_never_said_to_stop_rings_three_minutes(client, anna, time_machine):
    ring(anna)
    time_machine.move_to(timezone.now() + timedelta(minutes=4))
    assert "pop" not in pop(client)


def test_a_call_that_she_answered_is_marked_so_that_her_page_opens_it(client, anna):
    ring(anna)
    tell("answered", anna)
    assert "data-answered" in pop(client)


def test_an_agent_opens_a_call_that_rings_for_her_though_its_queue_is_not_hers(client, anna):
    elsewhere = make_queue("elsewhere", teams=[make_team("others")])
    tell("queued", call="c1", queue=elsewhere)
    contact = tell("ringing", anna)
    assert client.get(contact.get_absolute_url()).status_code == 200
    client.force_login(make_user("bo"))
    assert client.get(contact.get_absolute_url()).status_code == 404


def test_the_pop_takes_the_same_queries_however_long_the_history(client, anna, django_assert_num_queries):
    maja = make_customer("Maja Lind", phone="+46701234567")
    for number in range(8):
        make_case(customer=maja).promise(due_at=timezone.now(), by=anna)
        make_contact(customer=maja, agent=anna, at=timezone.now() - timedelta(days=number + 1))
    ring(anna)
    pop(client)
    # user; what rings; what she just answered; the contact with its customer; its number; the open cases; the last
    # promise; the contacts of ten days; how many chats wait.
    with django_assert_num_queries(9):
        pop(client)


def test_nothing_rings_costs_four_queries(client, anna, django_assert_num_queries):
    pop(client)
    # user; what rings; what she just answered; how many chats wait.
    with django_assert_num_queries(4):
        pop(client)


# ---- The call's page -------------------------------------------------------------------------------------------------
def test_the_page_of_a_known_caller_has_her_latest_open_case_chosen_and_its_topic_first(client, anna):
    maja = make_customer("Maja Lind", phone="+46701234567")
    make_case(customer=maja, topic=make_topic("delivery/late"))
    contact = ring(anna)
    make_contact(agent=anna, topic=make_topic("billing/invoice"))
    page = client.get(contact.get_absolute_url())
    case = maja.cases.get()
    assert page.context["form"]["case"].value() == str(case.pk)
    assert f'value="{case.pk}" checked' in page.content.decode()
    assert page.context["topics"][0].path == "delivery/late"


def test_a_case_on_which_nothing_happened_for_long_is_not_chosen_by_itself(client, anna):
    maja = make_customer("Maja Lind", phone="+46701234567")
    case = make_case(customer=maja)
    type(case).objects.update(updated_at=timezone.now() - timedelta(days=40))
    assert client.get(ring(anna).get_absolute_url()).context["form"]["case"].value() == "new"


def test_the_queues_usual_topics_come_before_those_of_the_agent(client, anna):
    for path, count in (("a", 1), ("b", 3), ("c", 2)):
        for _ in range(count):
            make_contact(topic=make_topic(path))
    make_contact(agent=anna, topic=make_topic("d"), queue=make_queue("other"))
    topics = client.get(ring(anna).get_absolute_url()).context["topics"]
    assert [topic.path for topic in topics] == ["b", "c", "a", "d"]


def test_an_unknown_number_is_already_in_the_form_for_a_new_customer(client, anna):
    html = client.get(ring(anna, number="+46709999999").get_absolute_url()).content.decode()
    assert 'name="phone" value="+46709999999"' in html


def test_the_buttons_of_a_call_told_by_events_are_not_there_and_its_bar_follows(client, anna):
    contact = ring(anna)
    bar = f"{contact.get_absolute_url()}call/"
    states = []
    for kind in ("answered", "held", "resumed", "ended", "after_call_ended"):
        tell(kind, anna)
        html = client.get(bar, headers={"HX-Request": "true"}).content.decode()
        states.append(html.split('data-state="')[1].split('"')[0])
        assert "/hold/" not in html
        assert "/end/" not in html
    assert states == ["talking", "held", "talking", "wrapping", "done"]


def test_queue_and_direction_of_such_a_call_are_not_for_the_agent_to_change(client, anna):
    contact = ring(anna)
    assert "id_queue" not in client.get(contact.get_absolute_url()).content.decode()
    client.post(f"{contact.get_absolute_url()}details/", {"queue": make_queue("other").pk, "direction": "outbound"})
    contact.refresh_from_db()
    assert (contact.queue.code, contact.direction) == ("first-line", "inbound")


def test_done_writes_it_up_while_the_wrap_up_runs_and_even_while_she_talks(client, anna):
    for call, kinds in (("c1", ["answered", "ended"]), ("c2", ["answered"])):
        contact = ring(anna, call)
        for kind in kinds:
            contact = tell(kind, anna, call)
        client.post(f"{contact.get_absolute_url()}wrap-up/", {"case": "new", "solved": "no", "note": "Will call back."})
        leg = contact.segments.get()
        assert leg.is_complete
        assert leg.is_running is (call == "c2")
    tell("ended", call="c2")
    leg.refresh_from_db()
    assert (leg.is_running, leg.acw_us) == (False, 0)


def test_a_case_is_resolved_though_the_answer_was_saved_while_done_was_on_its_way(client, anna):
    contact = Contact.take(by=anna)
    case = make_case(customer=make_customer())
    # As the page's request read it, before the other one was done.
    stale = Contact.objects.get(pk=contact.pk)
    contact.describe(by=anna, customer=case.customer, case=case, solved=True)
    assert not stale.describe(by=anna, case=case, solved=True)
    finish(stale, by=anna, opens_case=False)
    case.refresh_from_db()
    assert case.status == "resolved"


def test_take_call_opens_the_call_that_rings_and_makes_no_second_one(client, anna):
    contact = ring(anna)
    answer = client.post("/contacts/new/", {"channel": "phone", "key": uuid4()})
    assert answer["Location"] == contact.get_absolute_url()
    assert Contact.objects.count() == 1


def test_a_number_typed_first_pops_who_it_is_and_is_on_the_call_that_is_taken(client, anna):
    maja = make_customer("Maja Lind", phone="+46701234567")
    assert "Maja Lind" in client.get("/calls/caller/?number=070-123 45 67").content.decode()
    client.post("/contacts/new/", {"channel": "phone", "key": uuid4(), "number": "070-123 45 67"})
    assert Contact.objects.get().customer == maja


def test_an_unknown_number_typed_first_is_in_the_form_for_a_new_customer(client, anna):
    answer = client.post("/contacts/new/", {"channel": "phone", "key": uuid4(), "number": "070-999 99 99"}, follow=True)
    assert 'name="phone" value="070-999 99 99"' in answer.content.decode()


# ---- Her state -------------------------------------------------------------------------------------------------------
def states_of(agent):
    return [(state.state, state.ended_at is None) for state in AgentState.objects.filter(agent=agent)]


def log_in(client, name):
    client.post("/login/", {"username": name, "password": PASSWORD})


def test_logging_in_makes_an_agent_available_and_logging_out_ends_it(client):
    anna = make_user("anna")
    log_in(client, "anna")
    assert states_of(anna) == [("available", True)]
    client.post("/logout/")
    assert states_of(anna) == [("available", False)]


def test_who_wants_to_say_so_herself_logs_in_without_a_state(client, anna):
    client.post("/state/starting/", {"available": "no"})
    client.post("/logout/")
    log_in(client, "anna")
    assert states_of(anna) == []
    assert "Not available" in client.get("/cases/").content.decode()


def test_a_manager_has_no_state(client):
    maria = make_user("maria", role="manager")
    log_in(client, "maria")
    assert states_of(maria) == []
    assert "agent-state" not in client.get("/cases/").content.decode()


def test_a_state_is_picked_from_the_menu_and_only_one_of_the_four(client, anna):
    for picked in ("break", "busy", "x", ""):
        client.post("/state/", {"state": picked})
    assert states_of(anna) == [("break", True)]
    assert "Break" in client.get("/state/", headers={"HX-Request": "true"}).content.decode()


def test_a_call_taken_by_hand_is_busy_then_after_call_work_then_what_was_before(client, anna):
    AgentState.enter(anna, "training")
    contact = Contact.take(by=anna)
    contact.hold(by=anna)
    contact.resume(by=anna)
    contact.end(by=anna)
    contact.wrap_up(by=anna)
    assert [state for state, _running in states_of(anna)] == ["training", "busy", "after_call", "training"]


def test_what_is_picked_in_a_call_comes_after_it(client, anna):
    AgentState.enter(anna, "available")
    contact = Contact.take(by=anna)
    client.post("/state/", {"state": "break"})
    assert states_of(anna)[-1] == ("busy", True)
    contact.wrap_up(by=anna)
    assert states_of(anna)[-1] == ("break", True)


def test_who_was_in_no_state_is_in_none_after_the_call(client, anna):
    Contact.take(by=anna).wrap_up(by=anna)
    assert states_of(anna)[-1] == ("after_call", False)


def test_with_one_call_on_hold_and_another_taken_she_is_busy_until_both_are_over(client, anna):
    AgentState.enter(anna, "available")
    first = Contact.take(by=anna)
    first.hold(by=anna)
    second = Contact.take(by=anna)
    second.wrap_up(by=anna)
    assert states_of(anna)[-1] == ("busy", True)
    first.wrap_up(by=anna)
    assert states_of(anna)[-1] == ("available", True)


def test_a_mail_leaves_her_available(client, anna):
    AgentState.enter(anna, "available")
    Contact.take(by=anna, channel="email")
    assert states_of(anna) == [("available", True)]


def test_logging_out_ends_what_was_being_written_up(client, anna):
    AgentState.enter(anna, "available")
    contact = Contact.take(by=anna)
    contact.end(by=anna)
    client.post("/logout/")
    assert not contact.segments.get().is_running
    assert not AgentState.objects.running().exists()


# ---- Her day ---------------------------------------------------------------------------------------------------------
@pytest.fixture
def noon(time_machine):
    """A day with a beginning, whenever the tests are run."""
    at = timezone.localtime().replace(hour=12, minute=0, second=0, microsecond=0)
    time_machine.move_to(at, tick=False)
    return at


def test_an_empty_day_says_so(client, anna):
    html = client.get("/day/").content.decode()
    assert "Nothing yet today" in html


def test_the_day_counts_her_own_work_and_nobody_elses(client, noon):
    anna = make_user("anna")
    make_queue()
    client.force_login(anna)
    hour_ago = noon - timedelta(hours=1)
    maja = make_customer()
    solved, open_case, again = make_case(customer=maja), make_case(owner=anna), make_case()
    make_contact(agent=anna, at=hour_ago, case=solved, talk=100, hold=20, acw=30)
    make_contact(agent=anna, at=hour_ago, case=open_case, talk=100, channel="chat")
    make_contact(agent=anna, at=hour_ago, case=again, talk=60)
    make_contact(agent=anna, at=noon - timedelta(days=1), talk=999)
    make_contact(agent=make_user("bo"), at=hour_ago, talk=999)
    make_contact(agent=anna, at=hour_ago + timedelta(minutes=30), case=again, outcome="received", channel="email")
    solved.resolve(by=anna)
    again.resolve(by=anna)
    open_case.promise(due_at=noon + timedelta(hours=2), by=anna)
    open_case.promise(due_at=noon + timedelta(days=1), by=anna, at=hour_ago)
    open_case.messages.create(kind="outgoing", author=anna, body="x")
    AgentState.objects.create(agent=anna, state="available", started_at=noon - timedelta(hours=4), ended_at=hour_ago)
    AgentState.objects.create(agent=anna, state="break", started_at=hour_ago)
    day = client.get("/day/").context["day"]
    assert [(row.channel, row.contacts, row.talk, row.hold, row.wrap_up) for row in day.channels] == [
        ("phone", 2, 160, 20, 60), ("chat", 1, 100, 0, 30),
    ]  # fmt: skip
    assert (day.solved_at_once, day.first_contacts, day.replies) == (1, 3, 1)
    assert (len(day.today), len(day.tomorrow)) == (1, 1)
    assert [(row.state, row.seconds) for row in day.states] == [("available", 3 * 3600), ("break", 3600)]
    assert [(stripe.x, stripe.width) for stripe in day.stripes] == [(0, 75), (75, 25)]
    assert len(client.get("/day/?channel=chat").context["day"].legs) == 1


def test_the_day_takes_the_same_queries_however_much_was_done(client, anna, django_assert_num_queries):
    for _ in range(6):
        case = make_case(owner=anna, customer=make_customer())
        make_contact(agent=anna, at=timezone.now(), case=case, customer=case.customer)
        case.promise(due_at=timezone.now(), by=anna)
        AgentState.objects.create(agent=anna, state="break", started_at=timezone.now(), ended_at=timezone.now())
    client.get("/day/")
    # user; the channels; the contacts; first contacts and the solved ones; replies; states; promises; her own
    # state; the bell; the running bar.
    with django_assert_num_queries(10):
        client.get("/day/")
