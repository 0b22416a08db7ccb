"""The list of cases over HTTP: what is shown, in which order, to whom, and how much it costs."""

from datetime import timedelta

import pytest
from django.utils import timezone

from tests.factories import make_case, make_client, make_customer, make_queue, make_team, make_topic, make_user
from tickets import paging, teamwork
from tickets.models import Case, Draft, Incident, Notice, Presence, SavedView, Status, User

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


@pytest.fixture
def manager(client):
    """A browser in which a manager is logged in."""
    make_queue()
    client.force_login(make_user("maria", role=User.Role.MANAGER))
    return client


def hidden_case(**fields):
    return make_case(queue=make_queue("elsewhere", teams=[make_team("others")]), **fields)


def numbers(desk, query="", **asked):
    return [case.pk for case in desk.get(f"/cases/?{query}", asked or None).context["cases"]]


def shown(desk, **asked):
    return set(numbers(desk, **asked))


def walk(desk, query):
    """Every page from the first to the last by its link, and back again."""
    forth, back, address = [], [], f"/cases/?{query}"
    while address:
        context = desk.get(address).context
        forth += [case.pk for case in context["cases"]]
        last = context
        address = f"/cases/?{query}&after={context['page'].next}".replace("+", "%2B") if context["page"].next else ""
    back = [case.pk for case in last["cases"]]
    while last["page"].previous:
        last = desk.get(f"/cases/?{query}&before={last['page'].previous}".replace("+", "%2B")).context
        back = [case.pk for case in last["cases"]] + back
    return forth, back


# ---- Which ones ------------------------------------------------------------------------------------------------------
def test_each_filter_keeps_what_it_names_and_nothing_else(desk, agent):
    incident = Incident.objects.create(title="No network", made_by=agent)
    other = make_user("olle")
    one = make_case(
        owner=agent,
        topic=make_topic("tech/router"),
        subject="No light on the router",
        customer=make_customer("Päivi Niemi"),
        priority="urgent",
        channel="email",
        client=make_client("acme"),
        incident=incident,
        flags=["callback"],
    )
    two = make_case(owner=other, topic=make_topic("billing"), subject="Invoice charged twice")
    Case.objects.filter(pk=two.pk).update(team=make_team("second"))
    done = make_case(owner=agent)
    done.resolve(by=agent)
    hidden_case()
    two.promise(due_at=timezone.now() - timedelta(hours=1), by=agent)
    Notice.objects.create(user=agent, case=one, kind="mentioned")
    Draft.objects.create(case=one, author=agent, kind="reply", html="<p>Half")
    table = [
        ({}, {one.pk, two.pk}),
        ({"status": "all"}, {one.pk, two.pk, done.pk}),
        ({"status": "resolved"}, {done.pk}),
        ({"q": "ROUTER"}, {one.pk}),
        ({"q": "niemi"}, {one.pk}),
        ({"q": f"#{two.pk}"}, {two.pk}),
        ({"q": "9" * 40}, set()),
        ({"q": "' | \\ !"}, set()),
        ({"topic": make_topic("tech").pk}, {one.pk}),
        ({"topic": make_topic("tech").pk, "status": "all"}, {one.pk}),
        ({"queue": make_queue().pk}, {one.pk, two.pk}),
        ({"owner": agent.pk}, {one.pk}),
        ({"team": make_team("second").pk}, {two.pk}),
        ({"client": make_client("acme").pk}, {one.pk}),
        ({"channel": "email"}, {one.pk}),
        ({"priority": "urgent"}, {one.pk}),
        ({"flag": "callback"}, {one.pk}),
        ({"incident": incident.pk}, {one.pk}),
        ({"promise": "overdue"}, {two.pk}),
        ({"promise": "some"}, {two.pk}),
        ({"promise": "none"}, {one.pk}),
        ({"late": "on"}, {two.pk}),
        ({"unread": "on"}, {one.pk}),
        ({"draft": "on"}, {one.pk}),
        (
            {"status": "nonsense", "queue": "x", "sort": "y", "after": "z", "before": "1~", "owner": "?"},
            {one.pk, two.pk},
        ),
    ]
    for asked, expected in table:
        assert shown(desk, whose="all", **asked) == expected, asked


def test_each_tab_holds_what_its_name_says_and_snoozed_cases_only_the_last(desk, agent):
    mine, waiting = make_case(owner=agent), make_case()
    waiting.wait(on=Status.WAITING_CUSTOMER, by=agent)
    team = make_case(by=agent)
    snoozed = make_case(owner=agent)
    snoozed.snooze(until=timezone.now() + timedelta(days=1), by=agent)
    back = make_case(owner=agent)
    Case.objects.filter(pk=back.pk).update(snoozed_until=timezone.now() - timedelta(minutes=1))
    assert shown(desk) == shown(desk, whose="mine") == {mine.pk, back.pk}
    assert shown(desk, whose="unassigned") == {waiting.pk, team.pk}
    assert shown(desk, whose="team") == {team.pk}
    assert shown(desk, whose="all") == {mine.pk, waiting.pk, team.pk, back.pk}
    assert shown(desk, whose="waiting") == {waiting.pk}
    assert shown(desk, whose="snoozed") == {snoozed.pk}
    assert shown(desk, whose="all", status="all") >= {snoozed.pk}


def test_nobody_sees_a_queue_of_others_by_any_filter_and_everybody_sees_her_own_case(desk, agent):
    hidden, own = hidden_case(subject="Secret"), hidden_case(owner=agent)
    question = hidden_case()
    teamwork.ask(question, asked=agent, question="Do you know?", by=make_user("olle"))
    elsewhere = hidden.queue_id
    for asked in ({}, {"q": "Secret"}, {"status": "all"}, {"queue": elsewhere}, {"q": str(hidden.pk)}, {"late": "on"}):
        assert hidden.pk not in shown(desk, whose="all", **asked), asked
    assert {own.pk, question.pk} <= shown(desk, whose="all")
    assert numbers(desk, "whose=all").count(question.pk) == 1
    assert str(hidden.pk) not in desk.get(f"/cases/?rows={hidden.pk}", headers=HTMX).content.decode()


def test_a_manager_sees_every_queue_and_those_without_one(manager):
    made = {make_case().pk, hidden_case().pk, make_case(queue=None).pk}
    assert shown(manager) == made
    assert shown(manager, sort="priority") == made


# ---- In which order --------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("sort", [f"{sign}{name}" for name in paging.ORDERS for sign in ("", "-")])
@pytest.mark.parametrize("who", ["agent", "manager"])
def test_walking_there_and_back_meets_every_case_once_though_many_are_equal(client, monkeypatch, sort, who):
    monkeypatch.setattr(paging, "PAGE", 4)
    user = make_user("walker", role=who)
    client.force_login(user)
    queues = [make_queue(f"queue-{number}") for number in range(3)]
    at = timezone.now() - timedelta(days=1)
    for number in range(23):
        case = make_case(queue=queues[number % 3], at=at, priority=["low", "urgent"][number % 2])
        if number % 3:
            case.promise(due_at=at + timedelta(days=number % 2 + 1), by=user)
        due = at if number % 4 else None
        Case.objects.filter(pk=case.pk).update(updated_at=at, resolution_due_at=due)
    own = hidden_case(owner=user, at=at)
    forth, back = walk(client, f"whose=all&sort={sort}")
    assert sorted(forth) == sorted(Case.objects.values_list("pk", flat=True))
    assert own.pk in forth
    assert back == forth


def test_an_order_puts_first_what_it_says_and_last_what_has_none(desk, agent):
    now = timezone.now()
    a, b, c = (make_case(owner=agent, at=now - timedelta(hours=number)) for number in (3, 2, 1))
    a.promise(due_at=now + timedelta(hours=2), by=agent)
    b.promise(due_at=now + timedelta(hours=1), by=agent)
    Case.objects.filter(pk=c.pk).update(priority="urgent")
    assert numbers(desk, "sort=promise") == [b.pk, a.pk, c.pk]
    assert numbers(desk, "sort=-promise") == [a.pk, b.pk, c.pk]
    assert numbers(desk, "sort=created") == [c.pk, b.pk, a.pk]
    assert numbers(desk, "sort=-created") == [a.pk, b.pk, c.pk]
    assert numbers(desk, "sort=priority")[0] == c.pk
    assert numbers(desk, "sort=-priority")[-1] == c.pk
    assert numbers(desk)[0] == b.pk


def test_a_case_knows_its_earliest_pending_promise_through_everything_that_happens_to_promises(agent):
    case, now = make_case(), timezone.now()
    soon, late = (case.promise(due_at=now + timedelta(hours=hours), by=agent) for hours in (1, 5))

    def known():
        return Case.objects.values_list("next_promise_at", flat=True).get()

    assert known() == soon.due_at
    case.move_promise(soon, due_at=now + timedelta(hours=9), moved_by="us", by=agent)
    assert known() == late.due_at
    case.keep(late, by=agent)
    assert known() == now + timedelta(hours=9)
    case.promises.all().delete()
    assert known() is None


# ---- The page --------------------------------------------------------------------------------------------------------
def test_every_filter_that_is_set_is_a_chip_that_can_be_taken_away(desk, agent):
    make_case(owner=agent, priority="urgent", channel="email")
    chips = desk.get("/cases/?whose=all&priority=urgent&channel=email").context["form"].chips()
    assert [chip.label for chip in chips] == ["Channel: E-mail", "Priority: Urgent"]
    assert chips[0].address == "priority=urgent&whose=all"
    page = desk.get("/cases/?whose=all&priority=urgent").content.decode()
    assert '<input type="hidden" name="priority" value="urgent">' in page


def test_more_filters_are_a_part_of_the_page_or_a_page_of_their_own(desk):
    assert "id_incident" in desk.get("/cases/?more=1", headers=HTMX).content.decode()
    assert "<html" in desk.get("/cases/?more=1").content.decode()
    assert "id_incident" in desk.get("/cases/?more=1").content.decode()
    assert "id_incident" not in desk.get("/cases/").content.decode()


def test_chosen_columns_are_shown_and_kept_on_the_device(desk, agent):
    make_case(owner=agent, channel="email")
    assert "Solution due" in desk.get("/cases/?column=due&column=channel&column=nonsense").content.decode()
    page = desk.get("/cases/").context
    assert page["chosen"] == ["case", "channel", "due"]


def test_home_is_the_list_used_last(desk):
    assert desk.get("/")["Location"] == "/cases/"
    desk.get("/cases/?whose=team&q=secret")
    assert desk.get("/")["Location"] == "/cases/"
    desk.get("/cases/?whose=team&priority=high")
    assert desk.get("/")["Location"] == "/cases/?priority=high&whose=team"


def test_counts_come_apart_from_the_page_and_stop_at_the_cap(desk, agent, monkeypatch):
    monkeypatch.setattr(paging, "CAP", 2)
    monkeypatch.setattr("tickets.views.case_lists.CAP", 2)
    for _ in range(4):
        make_case()
    make_case(owner=agent)
    hidden_case()
    lines = desk.get("/cases/counts/?whose=mine").context["entries"]
    counts = {line.label: count for line, count in lines}
    assert counts["Mine"] == "1"
    assert counts["All"] == counts["Nobody's"] == "2+"
    assert counts["Snoozed"] == "0"


@pytest.mark.parametrize(
    ("query", "words"),
    [("", "No open case is yours."), ("whose=snoozed", "Nothing is snoozed."), ("q=zzz", "Nothing found."), ("whose=all", "No cases here.")],
)  # fmt: skip
def test_an_empty_list_says_what_to_do(desk, query, words):
    assert words in desk.get(f"/cases/?{query}").content.decode()


# ---- Fresh rows ------------------------------------------------------------------------------------------------------
def test_fresh_rows_say_who_is_there_what_left_and_how_many_are_new(desk, agent):
    stays, leaves = make_case(owner=agent), make_case(owner=agent)
    leaves.resolve(by=agent)
    olle = make_user("olle", first_name="Olle", last_name="Ek")
    Presence.objects.create(case=stays, user=olle, state="typing")
    Presence.objects.create(case=stays, user=agent, state="looking")
    make_case(owner=agent)
    both = f"{stays.pk},{leaves.pk}"
    answer = desk.get(f"/cases/?whose=mine&rows={both}&known={both}", headers=HTMX)
    page = answer.content.decode()
    assert answer["X-New"] == "1"
    assert f'id="case-{leaves.pk}" data-number="{leaves.pk}" class="is-gone"' in page
    assert "Olle Ek is writing" in page
    assert "Anna Berg" not in page.replace('<td class="nowrap">Anna Berg</td>', "")


def test_what_moves_up_from_the_next_page_is_not_new(desk, agent, monkeypatch):
    monkeypatch.setattr(paging, "PAGE", 3)
    made = [make_case(owner=agent).pk for _ in range(5)][::-1]
    Case.objects.get(pk=made[1]).resolve(by=agent)
    known = ",".join(map(str, made[:3]))
    assert desk.get(f"/cases/?rows=&known={known}", headers=HTMX)["X-New"] == "0"
    make_case(owner=agent)
    assert desk.get(f"/cases/?rows=&known={known}", headers=HTMX)["X-New"] == "1"


# ---- How much it costs -----------------------------------------------------------------------------------------------
def test_the_list_takes_nine_queries_however_long_it_is(desk, agent, django_assert_num_queries):
    for number in range(50):
        case = make_case(owner=agent, topic=make_topic(f"topic/{number}"), customer=make_customer())
        case.promise(due_at=timezone.now() + timedelta(days=1), by=agent)
        teamwork.follow(case, user=agent)
        Presence.objects.create(case=case, user=make_user(), state="looking")
    desk.get("/cases/")
    # user; the saved views; the queues to choose from; the numbers of the page; their rows; who is at them; her own state; the bell;
    # the running bar.
    with django_assert_num_queries(9):
        desk.get("/cases/?whose=all")
    # The same lists; how many there are in each of them, all in one.
    with django_assert_num_queries(4):
        desk.get("/cases/counts/")
    # The user, the views and queues; which still belong here; their rows; who is at them.
    with django_assert_num_queries(6):
        desk.get(f"/cases/?rows={case.pk}", headers=HTMX)


# ---- Saved views -----------------------------------------------------------------------------------------------------
def saved(desk, name="Urgent ones", scope="own", query="priority=urgent&whose=all", columns="case,due"):
    sent = {"name": name, "scope": scope, "query": query, "columns": columns}
    return desk.post("/cases/views/", sent)


def test_a_view_keeps_filters_order_and_columns_under_a_name(desk, agent):
    urgent = make_case(priority="urgent")
    make_case()
    answer = saved(desk, query="priority=urgent&whose=all&sort=due&nonsense=1")
    view = SavedView.objects.get()
    assert answer["Location"] == f"/cases/?view={view.pk}"
    assert view.query == "priority=urgent&sort=due&whose=all"
    context = desk.get(answer["Location"]).context
    assert [case.pk for case in context["cases"]] == [urgent.pk]
    assert context["chosen"] == ["case", "due"]
    assert not context["is_changed"]
    assert desk.get(f"/cases/?view={view.pk}&priority=low&whose=all").context["is_changed"]
    desk.post(f"/cases/views/{view.pk}/", {"name": "Calm ones", "scope": "team", "query": "priority=low&whose=all"})
    view.refresh_from_db()
    assert (view.name, view.scope, view.team, view.query) == ("Calm ones", "team", agent.team, "priority=low&whose=all")


def test_a_deleted_view_can_be_had_back(desk):
    saved(desk)
    view = SavedView.objects.get()
    assert "Undo" in desk.post(f"/cases/views/{view.pk}/deletion/", follow=True).content.decode()
    assert not SavedView.objects.exists()
    desk.post("/cases/views/restoration/")
    back = SavedView.objects.get()
    assert (back.name, back.query, back.columns) == (view.name, view.query, view.columns)
    desk.post("/cases/views/restoration/")
    assert SavedView.objects.count() == 1


#        scope       owner            may see  may change
RIGHTS = [
    ("own", "anna", True, True),
    ("own", "olle", False, False),
    ("team", "olle", True, False),
    ("everyone", "olle", True, False),
    ("team", "stranger", False, False),
    ("everyone", "stranger", True, False),
]


@pytest.mark.parametrize(("scope", "owner", "sees", "changes"), RIGHTS)
def test_views_are_seen_and_changed_by_those_whom_they_are_for(desk, agent, scope, owner, sees, changes):
    people = {"anna": agent, "olle": make_user("olle"), "stranger": make_user("stranger", team=make_team("others"))}
    view = SavedView.objects.create(name="Theirs", scope=scope, owner=people[owner], team=people[owner].team)
    assert ("Theirs" in desk.get("/cases/").content.decode()) == sees
    answer = desk.post(f"/cases/views/{view.pk}/", {"name": "Mine now", "scope": scope})
    assert (answer.status_code == 302) == changes
    assert (desk.post(f"/cases/views/{view.pk}/deletion/").status_code == 302) == changes
    assert SavedView.objects.exists() != changes


def test_a_teams_view_is_changed_by_its_lead_and_everybodys_by_a_manager(client, agent):
    view = SavedView.objects.create(name="Theirs", scope="team", owner=agent, team=agent.team)
    client.force_login(make_user(role=User.Role.LEAD))
    assert client.post(f"/cases/views/{view.pk}/", {"name": "New", "scope": "team"}).status_code == 302
    client.force_login(make_user(role=User.Role.LEAD, team=make_team("others")))
    assert client.post(f"/cases/views/{view.pk}/", {"name": "No", "scope": "team"}).status_code == 404
    SavedView.objects.update(scope="everyone")
    client.force_login(make_user(role=User.Role.MANAGER))
    assert client.post(f"/cases/views/{view.pk}/", {"name": "Ours", "scope": "everyone"}).status_code == 302
