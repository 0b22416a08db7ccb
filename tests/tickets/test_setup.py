"""The pages of the set-up: who may do what, what is refused and in which words, and how many queries a long list takes."""

from __future__ import annotations

from datetime import date, time, timedelta

import pytest
from django.contrib.admin.models import LogEntry
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from tests.factories import make_agreement, make_calendar, make_case, make_queue, make_team, make_topic, make_user
from tickets import setup, setup_hours
from tickets.models import Article, Calendar, Macro, Queue, SavedReply, Skill, Team, Topic, User
from tickets.setup_hours_forms import read_windows

pytestmark = pytest.mark.django_db
ROLES = ("integration", "agent", "lead", "manager", "admin")


@pytest.fixture
def one_of_each():
    """The ids that stand in the addresses. What a lead may touch is her team's; the other things are somebody else's."""
    own, other = make_team(), make_team("others")
    home = make_queue("home", team=own)
    make_queue("taken")
    Queue.objects.create(code="far", name="Far", team=other)
    far = make_calendar("Far")
    return {
        "home": home.pk,
        "taken": Queue.objects.get(code="taken").pk,
        "far": Queue.objects.get(code="far").pk,
        "team": own.pk,
        "skill": Skill.objects.create(code="fi", name="Finnish").pk,
        "mate": make_user("mate").pk,
        "stranger": make_user("stranger", team=other).pk,
        "boss": make_user("boss", role="manager").pk,
        "root": make_user("root", role="admin").pk,
        "topic": make_topic("billing").pk,
        "own_reply": SavedReply.objects.create(shortcut="own", name="Own", html="<div>a</div>", team=own).pk,
        "reply": SavedReply.objects.create(shortcut="all", name="All", html="<div>a</div>").pk,
        "own_macro": Macro.objects.create(name="Own", html="<div>a</div>", team=own).pk,
        "macro": Macro.objects.create(name="All", html="<div>a</div>").pk,
        "article": Article.objects.create(title="Delivery", html="<div>a</div>").pk,
        "calendar": far.pk,
    }


# Every address, and what each role gets: integration, agent, lead, manager, administrator.
READS = [
    ("/settings/", "no yes yes yes yes"),
    ("/settings/queues/", "no no yes yes yes"),
    ("/settings/queues/new/", "no no no yes yes"),
    ("/settings/queues/{home}/", "no no yes yes yes"),
    ("/settings/queues/{taken}/", "no no no yes yes"),
    ("/settings/queues/{far}/", "no no no yes yes"),
    ("/settings/teams/", "no no no yes yes"),
    ("/settings/teams/new/", "no no no yes yes"),
    ("/settings/teams/{team}/", "no no no yes yes"),
    ("/settings/people/", "no no yes yes yes"),
    ("/settings/people/new/", "no no no yes yes"),
    ("/settings/people/{mate}/", "no no yes yes yes"),
    ("/settings/people/{stranger}/", "no no no yes yes"),
    ("/settings/people/{boss}/", "no no no yes yes"),
    ("/settings/people/{root}/", "no no no no yes"),
    ("/settings/skills/", "no no no yes yes"),
    ("/settings/skills/new/", "no no no yes yes"),
    ("/settings/skills/{skill}/", "no no no yes yes"),
    ("/settings/topics/", "no no no yes yes"),
    ("/settings/topics/new/", "no no no yes yes"),
    ("/settings/topics/{topic}/", "no no no yes yes"),
    ("/settings/replies/", "no yes yes yes yes"),
    ("/settings/replies/new/", "no no yes yes yes"),
    ("/settings/replies/{own_reply}/", "no no yes yes yes"),
    ("/settings/replies/{reply}/", "no no no yes yes"),
    ("/settings/macros/", "no yes yes yes yes"),
    ("/settings/macros/new/", "no no yes yes yes"),
    ("/settings/macros/{own_macro}/", "no no yes yes yes"),
    ("/settings/macros/{macro}/", "no no no yes yes"),
    ("/settings/articles/", "no no no yes yes"),
    ("/settings/articles/new/", "no no no yes yes"),
    ("/settings/articles/{article}/", "no no no yes yes"),
    ("/settings/hours/", "no no no yes yes"),
    ("/settings/hours/new/", "no no no yes yes"),
    ("/settings/hours/{calendar}/", "no no no yes yes"),
    ("/articles/", "yes yes yes yes yes"),
    ("/articles/{article}/", "yes yes yes yes yes"),
]
WRITES = [
    ("/settings/preview/", "no no yes yes yes"),
    ("/settings/hours/{calendar}/closed-days/", "no no no yes yes"),
    ("/settings/hours/{calendar}/closed-days/1/removal/", "no no no no no"),  # there is no such day
    ("/settings/hours/{calendar}/removal/", "no no no yes yes"),
]


@pytest.mark.parametrize(("number", "role"), list(enumerate(ROLES)))
@pytest.mark.parametrize(("address", "who"), READS)
def test_a_page_is_there_for_whom_it_is_meant_and_for_nobody_else(client, one_of_each, address, who, number, role):
    may = who.split()[number] == "yes"
    client.force_login(make_user(role=role, team=None if role == "integration" else make_team()))
    url = address.format(**one_of_each)
    assert client.get(url).status_code == (200 if may else 404)
    assert client.get(url, headers={"HX-Request": "true"}).status_code == (200 if may else 404)
    if not may:
        assert client.post(url, {"name": "Taken over"}).status_code in {404, 405}


@pytest.mark.parametrize(("number", "role"), list(enumerate(ROLES)))
@pytest.mark.parametrize(("address", "who"), WRITES)
def test_a_write_is_open_to_those_whose_page_it_is(client, one_of_each, address, who, number, role):
    client.force_login(make_user(role=role))
    answer = client.post(address.format(**one_of_each))
    assert (answer.status_code != 404) == (who.split()[number] == "yes")


@pytest.mark.parametrize(("address", "_who"), READS)
def test_strangers_are_sent_to_the_login(client, one_of_each, address, _who):
    assert client.get(address.format(**one_of_each)).status_code == 302


@pytest.mark.parametrize("name", ["setup_closed_days", "setup_calendar_removal"])
def test_what_changes_something_needs_post(client, manager, name):
    assert client.get(reverse(name, args=[make_calendar().pk])).status_code == 405


@pytest.fixture
def manager(client):
    user = make_user("boss", role="manager")
    client.force_login(user)
    return user


@pytest.fixture
def lead(client):
    user = make_user("lea", role="lead")
    client.force_login(user)
    return user


def text_of(answer):
    return answer.content.decode()


def test_the_menu_leads_to_the_pages_of_the_own_role(client, lead):
    page = text_of(client.get("/settings/"))
    assert "/settings/replies/" in page
    assert "/settings/people/" in page
    assert "/settings/topics/" not in page
    assert "/settings/hours/" not in page


@pytest.mark.parametrize(
    ("address", "words"),
    [
        ("/settings/queues/", "No queues yet"),
        ("/settings/teams/", "No teams yet"),
        ("/settings/skills/", "No skills yet"),
        ("/settings/topics/", "No topics yet"),
        ("/settings/replies/", "No saved replies yet"),
        ("/settings/macros/", "No macros yet"),
        ("/settings/articles/", "No articles yet"),
        ("/settings/hours/", "No opening hours yet"),
        ("/articles/", "No articles yet"),
        ("/settings/topics/?q=nothing", "Nothing has these words"),
        ("/settings/replies/?q=nothing", "Nothing has these words"),
    ],
)
def test_an_empty_list_says_what_to_do(client, manager, address, words):
    assert words in text_of(client.get(address))


@pytest.mark.parametrize("asked", ["page=x", "page=999", "q=%00", "q=%25_", "team=99999999999999999999", "team=x"])
@pytest.mark.parametrize("section", ["queues", "people", "replies", "topics", "articles"])
def test_odd_questions_are_answered_by_a_page(client, manager, section, asked):
    assert client.get(f"/settings/{section}/?{asked}").status_code == 200


def test_a_place_below_no_topic_is_not_found(client, manager):
    assert client.get("/settings/topics/new/?below=99999999999999999999").status_code == 404


# ---- Queues, teams, skills -------------------------------------------------------------------------------------------
def test_a_queue_gets_its_code_from_its_name_and_is_taken_by_its_teams(client, manager):
    team = make_team()
    assert client.post("/settings/queues/new/", {"name": "Returns & claims", "teams": [team.pk]}).status_code == 302
    queue = Queue.objects.get()
    assert (queue.code, list(queue.teams.all()), queue.is_active) == ("returns-claims", [team], True)
    assert LogEntry.objects.get().user == manager


def test_a_code_that_is_taken_is_refused_beside_its_field(client, manager):
    make_queue("returns")
    answer = client.post("/settings/queues/new/", {"name": "Returns"})
    assert answer.status_code == 422
    assert "The code “returns” is taken" in answer.context["form"].errors["code"][0]
    assert Queue.objects.count() == 1


def test_the_code_of_a_queue_stays_whatever_is_sent(client, manager):
    queue = make_queue()
    client.post(f"/settings/queues/{queue.pk}/", {"name": "New name", "code": "other", "is_active": "on"})
    queue.refresh_from_db()
    assert (queue.name, queue.code) == ("New name", "first-line")


def test_a_queue_out_of_use_keeps_its_cases_and_is_not_offered(client, manager):
    case = make_case()
    queue = case.queue
    assert client.post(f"/settings/queues/{queue.pk}/", {"name": queue.name}).status_code == 302
    queue.refresh_from_db()
    case.refresh_from_db()
    assert not queue.is_active
    assert case.queue == queue
    assert queue not in Queue.objects.offered()
    assert queue in Queue.objects.offered(queue.pk)


def test_the_list_of_queues_counts_the_open_cases(client, manager):
    make_case()
    make_case().resolve(by=manager)
    assert [one.open_cases for one in client.get("/settings/queues/").context["page"]] == [1]


def test_a_team_lead_says_which_teams_take_her_queue_and_nothing_else(client, lead):
    queue, other = make_queue(team=lead.team), make_team("others")
    sent = {"teams": [lead.team_id, other.pk], "name": "Renamed", "is_active": ""}
    assert client.post(f"/settings/queues/{queue.pk}/", sent).status_code == 302
    queue.refresh_from_db()
    assert set(queue.teams.all()) == {lead.team, other}
    assert (queue.name, queue.is_active) == ("First-Line", True)


def test_a_team_with_people_is_not_taken_out_of_use(client, manager):
    team = make_user().team
    answer = client.post(f"/settings/teams/{team.pk}/", {"name": "Support"})
    assert "Move its people" in answer.context["form"].errors["is_active"][0]
    User.objects.filter(team=team).update(is_active=False)
    assert client.post(f"/settings/teams/{team.pk}/", {"name": "Support"}).status_code == 302
    assert not Team.objects.get().is_active


def test_what_somebody_else_has_changed_meanwhile_is_not_overwritten(client, manager):
    queue = make_queue()
    page = client.get(f"/settings/queues/{queue.pk}/")
    Queue.objects.update(name="By somebody else")
    sent = {"name": "Mine", "is_active": "on", "was": page.context["form"]["was"].value()}
    answer = client.post(f"/settings/queues/{queue.pk}/", sent)
    assert answer.status_code == 422
    assert "Somebody else has changed this" in text_of(answer)
    assert Queue.objects.get().name == "By somebody else"


# ---- People ----------------------------------------------------------------------------------------------------------
def person_as(**changes):
    return {"first_name": "Mia", "last_name": "Ek", "email": "", "role": "agent", "is_active": "on", **changes}


def test_a_new_person_can_log_in_with_the_first_password(client, manager):
    sent = person_as(username="mia", password="correct horse battery", team=make_team().pk)
    assert client.post("/settings/people/new/", sent).status_code == 302
    assert client.login(username="mia", password="correct horse battery")


@pytest.mark.parametrize(
    ("changes", "field"),
    [({"password": "123"}, "password"), ({"username": "boss"}, "username"), ({"team": ""}, "team")],
)
def test_what_is_wrong_with_a_new_person_is_said_beside_its_field(client, manager, changes, field):
    sent = person_as(username="mia", password="correct horse battery", team=make_team().pk) | changes
    answer = client.post("/settings/people/new/", sent)
    assert answer.status_code == 422
    assert list(answer.context["form"].errors) == [field]


def test_a_manager_makes_no_administrators(client, manager):
    mate = make_user("mate")
    answer = client.post(f"/settings/people/{mate.pk}/", person_as(role="admin", team=mate.team_id))
    assert "role" in answer.context["form"].errors
    mate.refresh_from_db()
    assert (mate.role, mate.is_staff) == ("agent", False)


def test_an_administrator_who_becomes_an_agent_leaves_the_administration(client):
    client.force_login(make_user("root", role="admin"))
    other = make_user("ada", role="admin", is_superuser=False, is_staff=True)
    client.post(f"/settings/people/{other.pk}/", person_as(team=make_team().pk))
    other.refresh_from_db()
    assert (other.role, other.is_staff) == ("agent", False)


def test_nobody_locks_herself_out(client, manager):
    client.post(f"/settings/people/{manager.pk}/", person_as(role="agent", is_active="", team=make_team().pk))
    manager.refresh_from_db()
    assert (manager.role, manager.is_active, manager.first_name) == ("manager", True, "Mia")


def test_a_team_lead_gives_skills_and_neither_roles_nor_teams(client, lead):
    mate, skill = make_user("mate"), Skill.objects.create(code="fi", name="Finnish")
    sent = person_as(role="manager", team=make_team("others").pk, skills=[skill.pk], is_active="")
    assert client.post(f"/settings/people/{mate.pk}/", sent).status_code == 302
    mate.refresh_from_db()
    assert (mate.role, mate.team, mate.is_active) == ("agent", lead.team, True)
    assert list(mate.skills.all()) == [skill]


def test_a_team_lead_sees_only_her_own_people(client, lead):
    make_user("mate")
    make_user("stranger", team=make_team("others"))
    assert {one.username for one in client.get("/settings/people/").context["page"]} == {"lea", "mate"}


def test_systems_are_no_people(client, manager):
    system = make_user("robot", role="integration")
    assert system not in client.get("/settings/people/").context["page"].object_list
    assert client.get(f"/settings/people/{system.pk}/").status_code == 404


# ---- Topics ----------------------------------------------------------------------------------------------------------
def test_a_topic_is_added_below_another(client, manager):
    parent = make_topic("billing")
    sent = {"name": "Invoice", "demand": "failure", "first_contact_resolvable": "on"}
    assert client.post(f"/settings/topics/new/?below={parent.pk}", sent).status_code == 302
    topic = Topic.objects.get(name="Invoice")
    assert (topic.path, topic.parent, topic.demand, topic.is_active) == ("billing/Invoice", parent, "failure", True)


@pytest.mark.parametrize(
    ("name", "words"), [("a/b", "no slash"), ("invoice", "“billing/invoice” already"), ("", "required")]
)
def test_a_topic_that_cannot_be_is_refused(client, manager, name, words):
    parent = make_topic("billing/invoice").parent
    answer = client.post(f"/settings/topics/new/?below={parent.pk}", {"name": name})
    assert words in answer.context["form"].errors["name"][0]


def test_renaming_a_topic_leaves_its_path_to_which_history_is_matched(client, manager):
    topic = make_topic("billing/invoice")
    client.post(f"/settings/topics/{topic.pk}/", {"name": "Wrong invoice", "path": "x", "parent": ""})
    topic.refresh_from_db()
    assert (topic.name, topic.path, topic.is_active) == ("Wrong invoice", "billing/invoice", False)
    assert topic.parent.path == "billing"


def test_the_tree_is_drawn_with_what_is_above_a_found_topic():
    for path in ("a/b/c", "a/d", "e"):
        make_topic(path)
    drawn = [(line.topic.path, line.below, len(line.ends)) for line in setup.topic_lines()]
    assert drawn == [("a", 2, 0), ("a/b", 1, 0), ("a/b/c", 0, 1), ("a/d", 0, 1), ("e", 0, 0)]
    assert [line.topic.path for line in setup.topic_lines("C a")] == ["a", "a/b", "a/b/c"]


def test_a_deep_last_branch_closes_every_list_that_ends_with_it(client, manager):
    make_topic("a/b/c")
    page = text_of(client.get("/settings/topics/"))
    assert page.count("<details") == page.count("</details>") == 2
    assert page.count("<ul") == page.count("</ul>")
    assert page.count("<li>") + page.count("<li ") == page.count("</li>")


# ---- Texts -----------------------------------------------------------------------------------------------------------
def reply_as(**changes):
    return {"shortcut": "hello", "name": "Hello", "html": "<div>Hello {customer}</div>", "language": "en", **changes}


def test_a_saved_reply_is_cleaned_before_it_is_kept(client, manager):
    dirty = '<div onclick="x()">Hi<script>alert(1)</script> <a href="javascript:x">y</a></div>'
    assert client.post("/settings/replies/new/", reply_as(html=dirty, shortcut="Hello")).status_code == 302
    one = SavedReply.objects.get()
    assert (one.shortcut, one.team) == ("hello", None)
    assert "script" not in one.html
    assert "onclick" not in one.html


def test_a_team_leads_reply_belongs_to_her_team_whatever_is_sent(client, lead):
    client.post("/settings/replies/new/", reply_as(team=make_team("others").pk))
    assert SavedReply.objects.get().team == lead.team


@pytest.mark.parametrize("role", ["lead", "manager"])
def test_a_shortcut_that_is_there_already_is_refused_and_says_whose_it_is(client, role):
    user = make_user(role=role)
    client.force_login(user)
    SavedReply.objects.create(shortcut="hello", name="Good day", html="x", language="en", team=user.team)
    answer = client.post("/settings/replies/new/", reply_as())
    assert "“Good day” has this shortcut" in answer.context["form"].errors["shortcut"][0]
    assert client.post("/settings/replies/new/", reply_as(language="sv")).status_code == 302


@pytest.mark.parametrize("html", ["", "<div><br></div>"])
def test_an_empty_text_is_refused(client, manager, html):
    assert "html" in client.post("/settings/replies/new/", reply_as(html=html)).context["form"].errors


def test_an_agent_reads_what_she_may_use(client):
    client.force_login(make_user())
    for name, team in (("Ours", make_team()), ("Theirs", make_team("others")), ("Everybody's", None)):
        SavedReply.objects.create(shortcut=name[:4].lower(), name=name, html="<div>x</div>", team=team)
    SavedReply.objects.create(shortcut="gone", name="Gone", html="x", is_active=False)
    page = client.get("/settings/replies/")
    assert {one.name for one in page.context["page"]} == {"Ours", "Everybody's"}
    assert "/settings/replies/new/" not in text_of(page)


def test_the_preview_fills_in_the_names_and_says_the_changes(client, manager):
    queue = make_queue()
    sent = {
        "html": "<div>Dear {customer}<script>x</script></div>",
        "status": "resolved",
        "queue": queue.pk,
        "owner": "nobody",
    }
    said = text_of(client.post("/settings/preview/", sent))
    for words in ("Dear Maja Lind", "Status: Resolved", "Queue: First-Line", "Assign to: nobody"):
        assert words in said
    assert "<script" not in said


def test_a_macro_keeps_its_changes_in_the_form_in_which_they_are_made(client, manager):
    topic = make_topic()
    sent = {"name": "Close", "html": "", "status": "resolved", "owner": "me", "topic": topic.pk, "priority": ""}
    assert client.post("/settings/macros/new/", sent).status_code == 302
    macro = Macro.objects.get()
    assert macro.changes == {"status": "resolved", "owner": "me", "topic": topic.pk}
    client.post(f"/settings/macros/{macro.pk}/", {"name": "Close", "html": "", "owner": "nobody", "is_active": "on"})
    macro.refresh_from_db()
    assert macro.changes == {"owner": ""}
    assert client.get(f"/settings/macros/{macro.pk}/").context["form"]["owner"].value() == "nobody"


def test_changing_only_what_a_macro_does_is_saved(client, manager):
    macro = Macro.objects.create(name="Close", html="<div>x</div>", changes={"status": "resolved"})
    page = client.get(f"/settings/macros/{macro.pk}/").context["form"]
    sent = {"name": "Close", "html": macro.html, "status": "open", "is_active": "on", "was": page["was"].value()}
    assert client.post(f"/settings/macros/{macro.pk}/", sent).status_code == 302
    macro.refresh_from_db()
    assert macro.changes == {"status": "open"}


def test_a_macro_that_does_nothing_is_refused(client, manager):
    answer = client.post("/settings/macros/new/", {"name": "Nothing", "html": ""})
    assert "would do nothing" in text_of(answer)


def test_articles_are_found_by_words_of_their_text_and_not_of_their_markup(client):
    client.force_login(make_user())
    one = Article.objects.create(title="Delivery", html="<blockquote>Two working days</blockquote>")
    assert list(client.get("/articles/?q=days work").context["page"]) == [one]
    assert not list(client.get("/articles/?q=blockquote").context["page"])
    assert "Two working days" in text_of(client.get(f"/articles/{one.pk}/"))
    Article.objects.update(is_active=False)
    assert client.get(f"/articles/{one.pk}/").status_code == 404


# ---- Opening hours ---------------------------------------------------------------------------------------------------
def week(**changes):
    return {"name": "Office", "timezone": "Europe/Stockholm", "country": "se", "day0": "8-12, 13.00–17:30", **changes}


@pytest.mark.parametrize(
    ("text", "windows"),
    [
        ("", []),
        ("8-17", [(time(8), time(17))]),
        ("13:00 – 17.30; 8-12", [(time(8), time(12)), (time(13), time(17, 30))]),
        ("0-24", [(time(0), time(0))]),
        ("22-6", [(time(22), time(6))]),
    ],
)
def test_hours_are_read_as_people_write_them(text, windows):
    assert read_windows(text) == windows


@pytest.mark.parametrize("text", ["8", "25-26", "8:75-9", "open", "8-12, 11-13", "8-12 13-17", "22-6, 23-24"])
def test_hours_that_cannot_be_are_refused(text):
    with pytest.raises(ValueError, match=r"overlap|as 8:00–17:00"):
        read_windows(text)


def test_a_week_is_written_and_read_again(client, manager):
    assert client.post("/settings/hours/new/", week(day6="0-24")).status_code == 302
    calendar = Calendar.objects.get()
    assert calendar.country == "SE"
    assert calendar.hours().week[0] == ((time(8), time(12)), (time(13), time(17, 30)))
    form = client.get(f"/settings/hours/{calendar.pk}/").context["form"]
    assert [form[f"day{n}"].value() for n in (0, 1, 6)] == ["08:00–12:00, 13:00–17:30", "", "00:00–24:00"]


@pytest.mark.parametrize(
    ("changes", "field", "words"),
    [
        ({"day2": "morning"}, "day2", "Wednesday: write “morning” as 8:00–17:00"),
        ({"country": "ZZZ"}, "country", "“ZZZ”"),
        ({"timezone": "Mars"}, "timezone", "Mars"),
    ],
)
def test_what_is_wrong_with_a_week_is_said_beside_its_day(client, manager, changes, field, words):
    answer = client.post("/settings/hours/new/", week(**changes))
    assert answer.status_code == 422
    assert words in answer.context["form"].errors[field][0]
    assert not Calendar.objects.exists()


def test_hours_that_have_been_in_force_keep_all_but_their_name(client, manager):
    calendar = make_agreement().calendar
    before = calendar.hours()
    assert client.post(f"/settings/hours/{calendar.pk}/", week(name="Renamed", country="")).status_code == 302
    calendar.refresh_from_db()
    assert calendar.name == "Renamed"
    assert calendar.hours() == before


def test_hours_of_an_agreement_to_come_may_still_be_changed(client, manager):
    calendar = make_agreement(valid_from=timezone.now() + timedelta(days=3)).calendar
    client.post(f"/settings/hours/{calendar.pk}/", week())
    assert calendar.hours().week[1] == ()


def test_new_hours_are_made_from_old_ones(client, manager):
    calendar = make_calendar()
    form = client.get(f"/settings/hours/new/?like={calendar.pk}").context["form"]
    assert (form["day0"].value(), form["name"].value()) == ("08:00–17:00", None)


def test_days_to_come_are_closed_and_what_was_stays(client, manager):
    calendar = make_agreement().calendar
    today = timezone.localdate()
    url = f"/settings/hours/{calendar.pk}/closed-days/"
    assert (
        client.post(url, {"closing-closed_on": today + timedelta(days=3), "closing-name": "Staff day"}).status_code
        == 302
    )
    day = calendar.closed_days.get()
    answer = client.post(url, {"closing-closed_on": today - timedelta(days=3)})
    assert "only days to come" in answer.context["day_form"].errors["closed_on"][0]
    assert "closed already" in text_of(client.post(url, {"closing-closed_on": day.closed_on}))
    assert client.post(f"{url}{day.pk}/removal/").status_code == 404
    assert calendar.closed_days.count() == 1


def test_the_next_two_weeks_say_when_and_why_closed():
    calendar = make_calendar()
    calendar.closed_days.create(closed_on=date(2026, 12, 23), name="Staff day")
    days = {one.day.day: one for one in setup_hours.days_ahead(calendar, date(2026, 12, 21))}
    assert len(days) == 14
    assert days[21].windows == ["08:00–17:00"]
    assert days[23].why_closed == "Staff day"
    assert days[25].why_closed == "Public holiday"
    assert (days[27].windows, days[27].why_closed) == ([], "")  # a Sunday, on which these hours are never open


def test_hours_that_an_agreement_names_are_not_taken_away(client, manager):
    named, free = make_agreement().calendar, make_calendar("Free")
    for one in (named, free):
        client.post(f"/settings/hours/{one.pk}/removal/")
    assert list(Calendar.objects.all()) == [named]


# ---- Queries ---------------------------------------------------------------------------------------------------------
def fill(number):
    team, skill = make_team(f"t{number}"), Skill.objects.create(code=f"s{number}", name=f"S{number}")
    queue = make_queue(f"q{number}", teams=[team], team=team)
    queue.skills.set([skill])
    make_user(f"u{number}", team=team).skills.set([skill])
    topic = make_topic(f"a/b{number % 7}/c{number}")
    SavedReply.objects.create(shortcut=f"r{number}", name="R", html="x", team=team)
    Macro.objects.create(name=f"M{number}", html="x", team=team, changes={"queue": queue.pk, "topic": topic.pk})
    Article.objects.create(title=f"A{number}", html="x")
    make_agreement(calendar=make_calendar(f"C{number}"), valid_from=timezone.now() - timedelta(days=number + 1))


FRAME = ["user", "calls of mine", "notices"]


@pytest.mark.parametrize(
    ("address", "queries"),
    [
        ("/settings/queues/", ["which I may edit", "count", "queues", "their teams", "their skills"]),
        ("/settings/teams/", ["count", "teams", "their queues"]),
        ("/settings/people/", ["whom I may edit", "count", "people", "their skills", "teams to choose from"]),
        ("/settings/skills/", ["count", "skills"]),
        ("/settings/topics/", ["topics"]),
        ("/settings/replies/", ["which I may edit", "count", "replies"]),
        ("/settings/macros/", ["which I may edit", "count", "macros", "queues they name", "topics they name"]),
        ("/settings/articles/", ["count", "articles"]),
        ("/settings/hours/", ["calendars", "their hours", "agreements that name them"]),
        ("/articles/", ["count", "articles"]),
    ],
)
def test_a_long_list_takes_as_many_queries_as_a_short_one(client, manager, address, queries):
    for number in range(30):
        fill(number)
    with CaptureQueriesContext(connection) as captured:
        assert client.get(address).status_code == 200
    assert len(captured) == len(FRAME + queries), [one["sql"][:160] for one in captured]


def test_a_thousand_topics_are_drawn_from_one_query_and_found_again(client, manager):
    make_topic("root")
    root = Topic.objects.get()
    Topic.objects.bulk_create(Topic(path=f"root/t{n}", name=f"t{n}", parent=root) for n in range(1000))
    with CaptureQueriesContext(connection) as captured:
        page = client.get("/settings/topics/")
    assert len(captured) == len(FRAME) + 1
    assert text_of(page).count('class="topic-name"') == 1001
    assert [line.topic.name for line in client.get("/settings/topics/?q=t999").context["lines"]] == ["root", "t999"]
