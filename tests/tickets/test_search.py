"""What is found by what somebody types, and by whom."""

import pytest
from django.db import connection

from tests.factories import make_case, make_contact, make_customer, make_queue, make_source, make_team, make_user
from tickets.models import Article, Case, CaseWords, Identity, Message, SavedView, User
from tickets.models.search import common_words
from tickets.search import Typed, search

pytestmark = pytest.mark.django_db


@pytest.fixture
def agent():
    return make_user("anna")


def case_with(*bodies, **fields):
    fields.setdefault("subject", "Nothing that is looked for")
    fields.setdefault("customer", make_customer("Nobody"))
    case = make_case(**fields)
    for body in bodies:
        Message.objects.create(case=case, kind="incoming", body=body)
    return case


def found(text, user):
    return [one.case for one in search(text, user=user).cases]


# ---- Languages, beginnings, several words ----------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("written", "typed"),
    [
        # Swedish
        ("Fakturorna kom aldrig", "faktura"),
        ("Min faktura", "fakturorna"),
        ("Beställningarna", "beställning"),
        ("ÅTERBETALNINGEN", "återbetalning"),
        # Finnish
        ("Laskussa on virhe", "laskut"),
        ("Laskujen summa", "lasku"),
        ("Tilaukset puuttuvat", "tilauksen"),
        # English
        ("Two invoices were wrong", "invoice"),
        ("I was charged", "charging"),
        ("Our companies", "company"),
        # The last word as far as it is typed
        ("Invoices", "inv"),
        ("Reklamation", "rekl"),
        ("Order ORD-77812 is late", "ORD-77812"),
        ("Order ORD-77812 is late", "7781"),
        ("Write to maja@example.com", "example.com"),
        ("Write to maja@example.com", "maja@example.com"),
        ("https://shop.example.org/orders/123?x=1", "shop.example"),
        ("Router “blinks” – red", "blinks"),
    ],
)
def test_a_word_is_found_in_its_other_forms_in_each_language(agent, written, typed):
    case = case_with(written)
    assert found(typed, agent) == [case]


@pytest.mark.parametrize(
    ("written", "typed"), [("Invoices", "voices"), ("Two words", "two others"), ("inv", "inv oice"), ("to", "x")]
)
def test_what_is_not_written_is_not_found(agent, written, typed):
    case_with(written)
    assert found(typed, agent) == []


def test_a_word_that_is_not_the_last_is_whole(agent):
    case_with("invoice late")
    assert found("inv late", agent) == []


def test_words_of_two_messages_the_subject_and_the_customer_find_the_case(agent):
    case = case_with("The router", "It blinks", subject="Broadband", customer=make_customer("Maja Lind"))
    case_with("The router")
    assert found("router blinks broadband maja", agent) == [case]


def test_the_newest_case_comes_first_and_one_with_the_word_in_its_subject_before_it(agent):
    about = case_with(subject="Router without light")
    first, second = case_with("My router"), case_with("My router")
    assert found("router", agent) == [about, second, first]


# ---- Numbers and addresses -------------------------------------------------------------------------------------------
def test_a_number_finds_that_case_first_with_and_without_its_sign(agent):
    case = case_with()
    case_with(f"As in {case.number}", f"#{case.number}", subject=f"{case.number}")
    for typed in (str(case.number), f"#{case.number}", f" #{case.number} "):
        assert found(typed, agent)[0] == case


@pytest.mark.parametrize(
    "typed", ["070-123 45 67", "0701234567", "+46 70 123 45 67", "0046701234567", "(070) 123", "07012", "+46701"]
)
def test_a_phone_number_in_any_form_finds_its_customer_and_her_cases(agent, typed):
    maja = make_customer("Maja Lind", phone="+46701234567")
    case = case_with(customer=maja)
    result = search(typed, user=agent)
    assert result.customers == [maja]
    if not typed.startswith(("(070", "07012", "+46701")):
        assert [one.case for one in result.cases] == [case]


@pytest.mark.parametrize("typed", ["maja.lind@example.com", "MAJA.LIND@EXAMPLE.COM", "maja.lind@"])
def test_an_address_or_its_beginning_finds_its_customer_and_her_cases(agent, typed):
    maja = make_customer("Somebody", email="maja.lind@example.com")
    case = case_with(customer=maja)
    result = search(typed, user=agent)
    assert result.customers == [maja]
    assert [one.case for one in result.cases] == [case]


def test_a_customer_is_found_by_any_beginning_of_her_name_and_by_her_number_elsewhere(agent):
    maja = make_customer("Maja Åkerlind")
    maja.identities.create(kind=Identity.Kind.EXTERNAL, value="CRM-77", source=make_source("crm"))
    for typed in ("maj", "åker", "Maja Åkerlind", "CRM-77"):
        assert search(typed, user=agent).customers == [maja], typed


def test_articles_are_found_by_title_and_text_but_not_by_their_markup(agent):
    titled = Article.objects.create(title="Fakturor", html="<p class='hemlig'>Om papper.</p>")
    written = Article.objects.create(title="Papper", html="<p>Om <b>fakturan</b>.</p>")
    Article.objects.create(title="Faktura", html="", is_active=False)
    result = search("faktura", user=agent).articles
    assert [one.article for one in result] == [titled, written]
    assert result[1].excerpt == "Om <mark>fakturan</mark>."
    assert search("hemlig", user=agent).articles == []


# ---- Rights ----------------------------------------------------------------------------------------------------------
def test_the_case_of_another_team_is_found_by_nothing(agent):
    elsewhere = make_queue("elsewhere", teams=[make_team("others")])
    maja = make_customer("Maja Lind", email="maja@example.com", phone="+46701234567")
    case = case_with("The secret word is xylophone", subject="Zebra", customer=maja, queue=elsewhere)
    for typed in (
        f"{case.number}",
        f"#{case.number}",
        "zebra",
        "xylophone",
        "xylo",
        "maja",
        "maja@example.com",
        "0701234567",
    ):
        result = search(typed, user=agent)
        assert result.cases == [], typed
        assert not result.has_more_cases
    assert found("xylophone", make_user("mats", role=User.Role.MANAGER)) == [case]


def test_what_may_be_seen_is_found_by_everyone_who_may_see_it():
    """The doors beside the words are the same as the one door: nobody is kept from what is hers."""
    teams = [make_team("one"), make_team("two")]
    people = [make_user("a", team=teams[0]), make_user("b", team=teams[1]), make_user("c", team=None)]
    people += [make_user("m", role=User.Role.MANAGER), make_user("s", role=User.Role.INTEGRATION)]
    queues = [make_queue("q1", teams=teams[:1]), make_queue("q2", teams=teams), None]
    for queue in queues:
        for owner in (None, people[0], people[2]):
            case_with("needle", queue=queue, owner=owner)
    for person in people:
        visible = set(Case.objects.visible_to(person).values_list("pk", flat=True))
        assert {one.pk for one in found("needle", person)} == visible, person


def test_a_case_that_is_moved_or_taken_is_found_by_its_new_people_only(agent):
    other = make_user("olle", team=make_team("others"))
    case = case_with("needle")
    Case.objects.filter(pk=case.pk).update(queue=make_queue("elsewhere", teams=[other.team]))
    assert (found("needle", agent), found("needle", other)) == ([], [case])
    Case.objects.filter(pk=case.pk).update(owner=agent)
    assert (found("needle", agent), found("needle", other)) == ([case], [case])


# ---- What changes ----------------------------------------------------------------------------------------------------
def words_of(case):
    return CaseWords.objects.get(case=case).words


def test_what_is_changed_or_deleted_is_no_longer_found(agent):
    case = case_with("needle one", subject="alpha", customer=make_customer("Beta"))
    message = case.messages.get()
    Message.objects.filter(pk=message.pk).update(body="thread")
    Case.objects.filter(pk=case.pk).update(subject="gamma")
    case.customer.name = "Delta"
    case.customer.save()
    for typed in ("needle", "alpha", "beta"):
        assert found(typed, agent) == [], typed
    for typed in ("thread", "gamma", "delta"):
        assert found(typed, agent) == [case], typed
    message.delete()
    assert found("thread", agent) == []


def test_a_note_written_before_the_case_was_opened_is_found_with_it(agent):
    contact = make_contact(agent=agent)
    note = contact.messages.create(kind="note", body="needle")
    case = case_with()
    assert found("needle", agent) == []
    Message.objects.filter(pk=note.pk).update(case=case)
    assert found("needle", agent) == [case]


def test_messages_moved_to_another_case_are_found_there(agent):
    first, second = case_with("needle"), case_with()
    Message.objects.filter(case=first).update(case=second)
    assert found("needle", agent) == [second]


def test_words_added_one_by_one_are_those_that_a_fresh_reading_gives(agent):
    case = case_with("Fakturorna och laskut", "The invoices", "maja@example.com 070-1", subject="Hej på dig")
    case_with("another", "one")
    with connection.cursor() as cursor:
        cursor.execute("SELECT words = desk_words_of_case(case_id) FROM tickets_casewords")
        assert {same for (same,) in cursor.fetchall()} == {True}
    assert "'faktur'" in words_of(case)


def test_a_message_of_many_words_is_kept_though_not_all_of_it_can_be_found(agent):
    case = case_with("needle", *(" ".join(f"{n}x{word}abcdefghij" for word in range(1_500)) for n in range(40)))
    assert case.messages.count() == 41
    assert found("needle", agent) == [case]


def test_the_words_of_cases_older_than_search_are_filled_in(agent):
    from importlib import import_module

    from django.apps import apps
    from django.db import connection as schema

    case = case_with("needle")
    CaseWords.objects.all().delete()
    assert found("needle", agent) == []
    filling = import_module("tickets.migrations.0006_search_old_cases")
    filling.fill(apps, type("Editor", (), {"connection": schema}))
    assert found("needle", agent) == [case]


def test_old_cases_are_found_behind_many_newer_ones_and_no_more_than_asked_for():
    manager = make_user("mats", role=User.Role.MANAGER)
    old = case_with("needle", "common")
    with connection.cursor() as cursor:
        cursor.execute("SELECT setval(pg_get_serial_sequence('tickets_case', 'number'), 1000000)")
    new = [case_with("common") for _ in range(3)]
    assert found("needle", manager) == [old]
    everything = {"user": manager, "enough": 10, "most": 10}
    assert CaseWords.objects.newest_cases("common", "common", **everything) == {old.pk, *(case.pk for case in new)}
    few = everything | {"enough": 2, "most": 2}
    assert CaseWords.objects.newest_cases("common", "common", **few) == {new[2].pk, new[1].pk}


def test_a_beginning_means_its_common_words_once_the_desk_knows_them(agent):
    for _ in range(60):
        case_with("needlework is common")
    seldom = case_with("needlessly")
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE tickets_casewords")
    common_words.forget()
    assert Typed.read("need").likely[:1] == ["needlework"]
    assert len(found("need", agent)) == 20
    # Enough of the common ones were found: one letter more shows the other.
    assert found("needles", agent) == [seldom]
    assert found("needless common", agent) == []
    assert search("is needlew", user=agent).has_more_cases


# ---- Whatever is typed -----------------------------------------------------------------------------------------------
HOSTILE = [
    "", " ", "\0", "a\0b", "'", "''", '"', '"unclosed', "\\", "\\'", "a' | 'b", "!&|<->():*", "a:*", "a & b | !c", "<-> x", "(((",
    "%", "_", "%%", "{}", "%s %(x)s", "😀", "👩‍👩‍👧", "é", "e\u0301", "\ud800", "\udfff", "\u200b", "\u202eabc", "x" * 10_000,
    "x " * 5_000, "#", "#" * 50, "9" * 18, "9" * 19, "9" * 400, "#9223372036854775808", "-1", "٣", "²", "①", "0", "+", "+46",
    "@", "@@", "a@", "@b", "a@b@c", "'; DROP TABLE tickets_case; --", "och", "the", "i", "ß", "İ", "１２３", "1e5", "1.2.3", "a-b",
    "-", "--", "a-", "-'", "\t\n", "名前", "привет", "مرحبا", "\N{COMBINING ACUTE ACCENT}", "a" + "\u0301" * 500,
]  # fmt: skip


@pytest.mark.parametrize("typed", HOSTILE, ids=lambda text: ascii(text)[:24])
@pytest.mark.parametrize("role", [User.Role.AGENT, User.Role.MANAGER])
def test_nothing_that_can_be_typed_is_an_error(typed, role):
    case_with("och the a b x 1e5")
    search(typed, user=make_user(role=role))


def test_reading_stops_after_what_a_person_types():
    typed = Typed.read("word " * 1_000)
    assert len(typed.text) <= 200
    assert len(typed.words) <= 8


# ---- The page --------------------------------------------------------------------------------------------------------
@pytest.fixture
def desk(client, agent):
    client.force_login(agent)
    return client


def test_the_page_works_without_scripts_and_shows_where_the_word_stands(desk):
    case = case_with("It is the router that blinks.", subject="Broken router")
    page = desk.get("/search/", {"q": "routers"}).content.decode()
    assert f'href="/cases/{case.number}/"' in page
    assert "Broken <mark>router</mark>" in page
    assert "It is the <mark>router</mark> that blinks." in page
    assert "</html>" in page


def test_a_piece_of_the_page_says_how_much_was_found(desk):
    case_with("needle")
    piece = desk.get("/search/", {"q": "needle"}, headers={"HX-Request": "true"}).content.decode()
    assert "</html>" not in piece
    assert "1 case," in piece


@pytest.mark.parametrize(("typed", "said"), [("", "What are you looking for?"), ("xyzzy", "Nothing found.")])
def test_an_empty_page_says_what_to_do(desk, typed, said):
    assert said in desk.get("/search/", {"q": typed}).content.decode()


def test_more_than_a_page_is_shown_on_request_and_then_narrowed(desk):
    for _ in range(23):
        case_with("needle")
    few = desk.get("/search/", {"q": "needle"})
    assert len(few.context["found"].cases) == 20
    assert "Show more" in few.content.decode()
    many = desk.get("/search/", {"q": "needle", "more": "1"})
    assert len(many.context["found"].cases) == 23
    assert "Show more" not in many.content.decode()


@pytest.mark.parametrize("address", ["/search/", "/palette/", "/articles/1/"])
def test_nobody_searches_before_logging_in(client, address):
    assert client.get(address, {"q": "a"})["Location"].startswith("/login/")
    assert client.post(address)["Location"].startswith("/login/")


@pytest.mark.parametrize("address", ["/search/", "/palette/"])
def test_search_is_only_read(desk, address):
    assert desk.post(address, {"q": "a"}).status_code == 405


@pytest.mark.parametrize("address", ["/search/", "/palette/"])
def test_what_strangers_wrote_is_shown_and_never_run(desk, address):
    evil = '<img src=x onerror="alert(1)"> needle </mark><script>alert(2)</script>'
    customer = make_customer(f"{evil[:150]}", email="evil@example.com")
    case_with(evil, subject=evil, customer=customer)
    Article.objects.create(title=f"{evil[:150]}", html=f"<p>{evil}</p>")
    for typed in ("needle", "evil@example.com", evil):
        page = desk.get(address, {"q": typed}).content.decode()
        assert "<img" not in page
        assert "<script>" not in page
        assert "&lt;img" in page
        assert "q=<" not in page


def test_an_article_is_read_and_one_out_of_use_is_not(desk):
    one = Article.objects.create(title="Invoices", html="<p>Look <script>x</script>here</p>", is_public=True)
    page = desk.get(one.get_absolute_url()).content.decode()
    assert "<p>Look here</p>" in page
    assert "<script>x" not in page
    Article.objects.update(is_active=False)
    assert desk.get(one.get_absolute_url()).status_code == 404


def test_the_palette_offers_the_views_that_are_mine_to_see(desk, agent):
    other = make_user("olle", team=make_team("others"))
    SavedView.objects.create(name="Urgent ones", owner=agent, query="status=open&sort=silent")
    SavedView.objects.create(name="Urgent theirs", owner=other)
    for typed in ("", "urg"):
        piece = desk.get("/palette/", {"q": typed}).content.decode()
        assert 'href="/cases/?status=open&amp;sort=silent"' in piece
        assert "theirs" not in piece
    assert "Urgent" not in desk.get("/palette/", {"q": "other"}).content.decode()


def test_the_palette_begins_with_the_case_of_the_number_and_ends_with_the_search_page(desk):
    case = case_with("needle")
    piece = desk.get("/palette/", {"q": f"#{case.number}"}).content.decode()
    assert piece.index(f"/cases/{case.number}/") < piece.index(f"/search/?q=%23{case.number}")


QUERIES_OF_A_SEARCH = [
    # The session is in the cache, and the process keeps the common words for some minutes.
    "the user",
    "the customers of that name",
    "the customers who are called that elsewhere",
    "the stems of the words",
    "the queues of the team",
    "the numbers of the newest cases that match",
    "what they are weighed by",
    "the cases shown, with customer, queue and owner",
    "the message of each in which the words stand",
    "the articles",
]


def test_a_search_takes_the_same_few_queries_however_much_is_found(desk, django_assert_num_queries):
    case_with("needle")
    common_words("read once")
    with django_assert_num_queries(len(QUERIES_OF_A_SEARCH)):
        desk.get("/search/", {"q": "needle"}, headers={"HX-Request": "true"})
    for _ in range(15):
        case_with("needle", customer=make_customer("Lind"))
    with django_assert_num_queries(len(QUERIES_OF_A_SEARCH)):
        desk.get("/search/", {"q": "needle"}, headers={"HX-Request": "true"})
