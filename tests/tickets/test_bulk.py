"""One change to many cases: what it does, what it leaves alone, and how it is taken back."""

from datetime import timedelta

import pytest
from django.utils import timezone

from tests.factories import make_case, make_customer, make_queue, make_team, make_topic, make_user
from tickets import bulk, sending
from tickets.models import BulkChange, Case, Draft, Follower, Incident, OutgoingMail, Status

pytestmark = pytest.mark.django_db
HTMX = {"HX-Request": "true"}


@pytest.fixture
def agent():
    return make_user("anna", first_name="Anna", last_name="Berg")


@pytest.fixture
def desk(client, agent):
    make_queue()
    client.force_login(agent)
    return client


def do(desk, verb, cases, headers=None, **sent):
    data = {"verb": verb, "cases": ",".join(str(case.pk) for case in cases), **sent}
    return desk.post("/cases/bulk/", data, headers=headers, follow=True)


def kinds(case):
    return [event.kind for event in case.events.order_by("pk")]


def outcomes(change=None):
    change = change or BulkChange.objects.latest("pk")
    return dict(change.steps.values_list("case", "outcome"))


def state(case):
    fields = ["owner", "team", "queue", "topic", "priority", "status", "snoozed_until", "incident", "flags"]
    return Case.objects.filter(pk=case.pk).values(*fields).get()


def later():
    return (timezone.now() + timedelta(days=2)).strftime("%Y-%m-%dT%H:%M")


# (verb, what is sent, the event that each case gets, the event of taking it back)
VERBS = [
    ("assign", lambda agent: {"owner": agent.pk}, "assigned", "assigned"),
    ("queue", lambda _agent: {"to_queue": make_queue("second").pk}, "changed", "changed"),
    ("topic", lambda _agent: {"to_topic": make_topic("new/one").pk}, "changed", "changed"),
    ("priority", lambda _agent: {"to_priority": "urgent"}, "changed", "changed"),
    ("status", lambda _agent: {"to_status": "resolved"}, "resolved", "reopened"),
    ("status", lambda _agent: {"to_status": "waiting_customer"}, "waiting_customer", "changed"),
    ("snooze", lambda _agent: {"until": later()}, "snoozed", "woken"),
    ("incident", lambda _agent: {"title": "No network"}, "changed", "changed"),
    ("flag", lambda _agent: {"to_flag": "spam"}, "changed", "changed"),
]


@pytest.mark.parametrize(("verb", "sent", "event", "undone"), VERBS)
@pytest.mark.parametrize("headers", [None, HTMX], ids=["plain", "htmx"])
def test_every_verb_writes_its_event_on_each_case_and_undo_restores_what_stood_there(
    desk, agent, verb, sent, event, undone, headers
):
    olle = make_user("olle")
    cases = [make_case(by=olle) for _ in range(3)]
    before = [state(case) for case in cases]
    answer = do(desk, verb, cases, headers, **sent(agent))
    assert answer.status_code == 200
    for case, old in zip(cases, before, strict=True):
        assert kinds(case) == ["created", event]
        assert state(case) != old
    change = BulkChange.objects.get()
    assert change.done_at is not None
    desk.post(f"/cases/bulk/{change.pk}/undo/", headers=headers)
    for case, old in zip(cases, before, strict=True):
        assert state(case) == old
        assert kinds(case)[:3] == ["created", event, undone]
    assert set(outcomes().values()) == {"undone"}
    # The second time nothing happens.
    desk.post(f"/cases/bulk/{change.pk}/undo/", headers=headers)
    assert {len(kinds(case)) for case in cases} <= {3, 4}


def test_cases_that_are_so_already_stay_as_they_are(desk, agent):
    open_case, done = make_case(), make_case()
    done.resolve(by=agent)
    words = desk.post(
        "/cases/bulk/preview/", {"verb": "status", "to_status": "resolved", "cases": f"{open_case.pk},{done.pk}"}
    ).content.decode()
    assert "1 case changes." in words
    assert "1 stays as it is:" in words
    assert kinds(open_case) == ["created"]
    do(desk, "status", [open_case, done], to_status="resolved")
    assert outcomes() == {open_case.pk: "changed", done.pk: "kept"}
    assert kinds(done) == ["created", "resolved"]


def test_undo_leaves_alone_what_somebody_has_changed_since(desk, agent):
    touched, other = make_case(), make_case()
    do(desk, "priority", [touched, other], to_priority="high")
    touched.write_note("Called her.", by=make_user("olle"))
    desk.post(f"/cases/bulk/{BulkChange.objects.get().pk}/undo/")
    assert outcomes() == {touched.pk: "moved_on", other.pk: "undone"}
    touched.refresh_from_db()
    assert touched.priority == "high"


def test_a_waiting_case_that_was_resolved_waits_again_after_undo_and_the_reopening_counts_nowhere(desk, agent):
    case = make_case()
    case.wait(on=Status.WAITING_CUSTOMER, by=agent)
    do(desk, "status", [case], to_status="resolved")
    desk.post(f"/cases/bulk/{BulkChange.objects.get().pk}/undo/")
    case.refresh_from_db()
    assert case.status == Status.WAITING_CUSTOMER
    assert not case.events.get(kind="reopened").is_valid


def test_following_many_and_following_them_no_longer(desk, agent):
    cases = [make_case(), make_case()]
    do(desk, "follow", cases)
    assert Follower.objects.filter(user=agent).count() == 2
    desk.post(f"/cases/bulk/{BulkChange.objects.get().pk}/undo/")
    assert not Follower.objects.exists()


def test_one_text_goes_to_each_customer_by_a_mail_of_her_own(desk, agent):
    cases = [make_case(customer=make_customer(email=f"{name}@example.com")) for name in ("a", "b")]
    unknown = make_case(customer=make_customer())
    Draft.objects.create(case=cases[0], author=agent, kind="reply", html="<p>Half a sentence")
    do(desk, "reply", [*cases, unknown], text="It works again.\n<b>Sorry</b>")
    assert outcomes() == {cases[0].pk: "changed", cases[1].pk: "changed", unknown.pk: "kept"}
    assert not OutgoingMail.objects.exists()
    Draft.objects.leaving().update(send_at=timezone.now())
    assert sending.send_due() == 2
    assert sorted(mail.to for mail in OutgoingMail.objects.all()) == ["a@example.com", "b@example.com"]
    assert "&lt;b&gt;Sorry" in cases[0].messages.get().html
    assert kinds(cases[0])[:2] == ["created", "agent_reply"]
    # What she had begun to write there is still hers.
    assert Draft.objects.get().html == "<p>Half a sentence"


def test_mails_that_have_not_left_are_stopped_and_those_that_have_are_not(desk, agent):
    first, second = (make_case(customer=make_customer(email=f"{name}@example.com")) for name in ("a", "b"))
    do(desk, "reply", [first, second], text="It works again.")
    Draft.objects.filter(case=first).update(send_at=timezone.now())
    sending.send_due()
    desk.post(f"/cases/bulk/{BulkChange.objects.get().pk}/undo/")
    assert outcomes() == {first.pk: "moved_on", second.pk: "undone"}
    assert not Draft.objects.exists()
    assert OutgoingMail.objects.get().to == "a@example.com"


def test_cases_of_other_queues_are_neither_shown_nor_changed(desk, agent):
    hidden = make_case(queue=make_queue("elsewhere", teams=[make_team("others")]), subject="Secret")
    assert (
        "Secret"
        not in desk.post(
            "/cases/bulk/preview/", {"verb": "priority", "to_priority": "normal", "cases": str(hidden.pk)}
        ).content.decode()
    )
    do(desk, "priority", [hidden], to_priority="high")
    assert not BulkChange.objects.exists()
    assert kinds(hidden) == ["created"]


def test_a_change_is_there_only_for_whoever_made_it(desk, client, agent):
    do(desk, "priority", [make_case()], to_priority="high")
    change = BulkChange.objects.get()
    client.force_login(make_user("olle"))
    assert client.get(f"/cases/bulk/{change.pk}/").status_code == 404
    assert client.post(f"/cases/bulk/{change.pk}/undo/").status_code == 404
    assert change.undo_asked_at is None


@pytest.mark.parametrize(
    ("verb", "sent"),
    [("snooze", {"until": "2001-01-01T00:00"}), ("reply", {"text": " "}), ("queue", {"to_queue": ""}), ("nonsense", {})],
)  # fmt: skip
def test_what_cannot_be_done_is_said_and_not_done(desk, verb, sent):
    case = make_case(customer=make_customer(email="a@example.com"))
    assert do(desk, verb, [case], HTMX, **sent).status_code == 200
    assert not BulkChange.objects.exists()


def test_nothing_chosen_is_said(desk):
    words = desk.post("/cases/bulk/preview/", {"verb": "assign", "owner": "", "cases": ""}).content.decode()
    assert "Choose some cases first." in words


def test_ticks_without_scripts_are_read_too(desk):
    case = make_case()
    desk.post("/cases/bulk/preview/", {"verb": "priority", "to_priority": "high", "case": [case.pk]})
    desk.post("/cases/bulk/", {"verb": "priority", "to_priority": "high", "case": [case.pk]})
    assert outcomes() == {case.pk: "changed"}


def test_many_are_done_by_a_worker_who_says_how_far_she_is_and_carries_on_where_another_stopped(
    desk, agent, monkeypatch, django_capture_on_commit_callbacks
):
    monkeypatch.setattr(bulk, "AT_ONCE", 2)
    cases = [make_case() for _ in range(5)]
    with django_capture_on_commit_callbacks() as rings:
        page = do(desk, "priority", cases, HTMX, to_priority="high").content.decode()
    assert "0 / 5" in page
    assert rings
    change = BulkChange.objects.get()
    monkeypatch.setattr(bulk, "SECONDS", -1)
    assert not bulk.carry_out(change)
    monkeypatch.setattr(bulk, "SECONDS", 40)
    bulk.carry_on_all()
    bulk.carry_on_all()
    change.refresh_from_db()
    assert change.done_at is not None
    assert [kinds(case) for case in cases] == [["created", "changed"]] * 5
    assert "data-done" in desk.get(f"/cases/bulk/{change.pk}/", headers=HTMX).content.decode()
    desk.post(f"/cases/bulk/{change.pk}/undo/", headers=HTMX)
    bulk.carry_on_all()
    assert set(outcomes().values()) == {"undone"}


# ---- Incidents -------------------------------------------------------------------------------------------------------
def test_an_incident_is_written_down_changed_ended_and_begun_again(desk, agent):
    desk.post("/incidents/", {"title": "No network", "client": "", "began_at": "2026-01-01T10:00"})
    one = Incident.objects.get()
    assert one.made_by == agent
    page = desk.get(one.get_absolute_url()).content.decode()
    assert "Goes on" in page
    desk.post(one.get_absolute_url(), {"title": "No network in Umeå", "client": "", "began_at": "2026-01-01T10:00"})
    desk.post(f"{one.get_absolute_url()}ending/")
    one.refresh_from_db()
    assert (one.title, one.ended_at is not None) == ("No network in Umeå", True)
    assert "Over" in desk.get("/incidents/").content.decode()
    desk.post(f"{one.get_absolute_url()}ending/", {"again": "1"})
    one.refresh_from_db()
    assert one.ended_at is None


def test_a_case_is_linked_to_an_incident_and_unlinked_and_its_log_says_so(desk, agent):
    one, case = Incident.objects.create(title="No network", made_by=agent), make_case()
    desk.post(f"/cases/{case.pk}/incident/", {"incident": one.pk})
    case.refresh_from_db()
    assert case.incident == one
    assert case.events.last().data == {"incident": [None, one.pk]}
    page = desk.get(one.get_absolute_url()).content.decode()
    assert f'id="case-{case.pk}"' in page
    desk.post(f"/cases/{case.pk}/incident/")
    case.refresh_from_db()
    assert case.incident is None
    desk.post(f"/cases/{case.pk}/incident/", {"title": "Another one"})
    case.refresh_from_db()
    assert case.incident.title == "Another one"


def test_an_incident_shows_and_counts_only_what_its_reader_may_see(desk, agent):
    one = Incident.objects.create(title="No network", made_by=agent)
    hidden = make_case(queue=make_queue("elsewhere", teams=[make_team("others")]), incident=one, subject="Secret")
    make_case(incident=one)
    assert "Secret" not in desk.get(one.get_absolute_url()).content.decode()
    assert desk.get("/incidents/").context["rows"][0][1]["all"] == 1
    assert desk.post(f"/cases/{hidden.pk}/incident/").status_code == 404
    hidden.refresh_from_db()
    assert hidden.incident == one


def test_the_incidents_pages_take_the_same_queries_however_many_cases(desk, agent, django_assert_num_queries):
    one = Incident.objects.create(title="No network", made_by=agent)
    for _ in range(20):
        make_case(incident=one, customer=make_customer())
    # user; the counts; the incidents; the clients to choose from; her own state; the bell; the running bar.
    with django_assert_num_queries(7):
        desk.get("/incidents/")
    # user; the incident; its maker; the numbers; those open; rows; who is there; how many; clients; the bell and the running bar.
    with django_assert_num_queries(12):
        desk.get(one.get_absolute_url())


ADDRESSES = ["/cases/", "/cases/counts/", "/incidents/"]
POSTS = [
    "/cases/bulk/",
    "/cases/bulk/preview/",
    "/cases/bulk/1/undo/",
    "/cases/views/",
    "/cases/views/1/",
    "/cases/views/1/deletion/",
    "/cases/views/restoration/",
    "/incidents/1/ending/",
    "/cases/1/incident/",
]


@pytest.mark.parametrize("address", [*ADDRESSES, *POSTS, "/incidents/1/", "/cases/bulk/1/"])
def test_who_is_not_logged_in_is_sent_to_the_login(client, address):
    assert client.get(address)["Location"].startswith("/login/")


@pytest.mark.parametrize("address", POSTS)
def test_reading_changes_nothing(desk, address):
    assert desk.get(address).status_code == 405
