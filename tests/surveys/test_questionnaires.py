"""Forms that the desk puts together: whose form is asked, its versions, its own questions, and the KPIs' untouched."""

from __future__ import annotations

import pytest
from django.test import Client as Browser
from django.utils import translation

from surveys import links
from surveys.models import Invitation, OwnAnswer, Question, Questionnaire, Response
from surveys.questions import USUAL, Item, languages_missing, moved, without
from tests.factories import make_case, make_client, make_customer, make_queue, make_user

pytestmark = pytest.mark.django_db


def signed_in(**fields) -> Browser:
    browser = Browser()
    browser.force_login(make_user("boss", role="manager", **fields))
    return browser


def asked(**fields) -> Invitation:
    number = Invitation.objects.count()
    customer = make_customer(f"P{number}", email=f"p{number}@example.org", language=fields.pop("language", "en"))
    case = make_case(customer=customer, **fields)
    case.resolve(by=None)
    return case.invitations.get()


def own(form: Questionnaire, kind: str, **texts) -> Question:
    options = max((len(said.get("options", [])) for said in texts.values()), default=0)
    question = Question.objects.create(questionnaire=form, kind=kind, texts=texts, options=options)
    form.keep([*form.items, question.item])
    return question


def page(invitation: Invitation, language: str = "en", query: str = "") -> str:
    return Browser().get(f"/s/{links.token_for(invitation)}?lang={language}{query}").content.decode()


def send(invitation: Invitation, **answers):
    return Browser().post(f"/s/{links.token_for(invitation)}", answers)


# --- pure


def test_a_question_moves_by_one_and_stays_at_the_ends() -> None:
    def keys(items) -> list[str]:
        return [one.key for one in items]

    assert keys(moved(USUAL, "ces", -1))[:2] == ["ces", "csat"]
    assert keys(moved(USUAL, "csat", -1)) == keys(USUAL) == keys(moved(USUAL, "comment", 1))
    assert "nps" not in keys(without(USUAL, "nps"))


def test_words_fall_back_by_whole_questions() -> None:
    mine = Item("q1", "1-5", {"sv": {"label": "Hur?", "low": "Dåligt"}, "fi": {"low": "Huono"}})
    assert mine.words("fi", "sv")["label"] == "Hur?"
    assert mine.words("fi", "sv")["low"] == "Dåligt"
    assert languages_missing(mine, ["sv", "fi", "en"]) == ["fi", "en"]
    standard = Item("csat", "1-5", {"sv": {"label": "Hur nöjd?"}})
    with translation.override("fi"):
        assert "Hur nöjd" not in str(standard.words("fi", "sv")["label"])


# --- which form


def test_the_most_specific_form_is_asked() -> None:
    client, queue = make_client("second"), make_queue("billing")
    made = {}
    for name, fields in {
        "all": {},
        "channel": {"channel": "chat"},
        "client": {"client": client},
        "client and channel": {"client": client, "channel": "chat"},
        "queue": {"queue": queue},
    }.items():
        made[name] = Questionnaire.objects.create(name=name, **fields)
        made[name].publish(None)

    def form_of(**fields) -> str:
        return asked(**fields).version.questionnaire.name

    assert form_of(channel="email") == "all"
    assert form_of(channel="chat") == "channel"
    assert form_of(client=client, channel="email") == "client"
    assert form_of(client=client, channel="chat") == "client and channel"
    assert form_of(client=client, queue=queue, channel="chat") == "queue"


def test_a_draft_or_a_form_out_of_use_is_not_asked() -> None:
    form = Questionnaire.objects.create(name="draft")
    assert asked().version is None
    form.publish(None)
    assert asked().version is not None
    Questionnaire.objects.update(is_on=False)
    assert asked().version is None


# --- versions


def test_a_link_keeps_the_words_it_was_sent_with() -> None:
    form = Questionnaire.objects.create(name="all")
    question = own(form, "1-5", en={"label": "Old words?"}, sv={"label": "Gamla ord?"})
    first = form.publish(None)
    before = asked()
    question.texts = {"en": {"label": "New words?"}, "sv": {"label": "Nya ord?"}}
    question.save()
    form.keep([question.item])
    assert "Old words?" in page(asked())
    second = form.publish(None)
    after = asked()
    assert (first.number, second.number) == (1, 2)
    assert "Old words?" in page(before)
    assert "New words?" not in page(before)
    assert "New words?" in page(after)
    assert form.publish(None) is None


# --- answers


def test_own_answers_are_kept_beside_the_standard_ones_and_change_none() -> None:
    form = Questionnaire.objects.create(name="all")
    scale = own(form, "0-10", en={"label": "How clear?", "low": "Not", "high": "Very"})
    yes = own(form, "yes-no", en={"label": "Was it free?"})
    choice = own(form, "choice", en={"label": "Which?", "options": ["Red", "Blue"]})
    text = own(form, "text", en={"label": "What else?"})
    form.publish(None)
    invitation = asked()
    answers = {scale.key: "0", yes.key: "0", choice.key: "2", text.key: "More light", "csat": "4"}
    assert send(invitation, **answers).status_code == 302
    response = Response.objects.get()
    assert (response.csat, response.csat_scale, response.nps) == (4, "1-5", None)
    assert response.own_values() == {scale.pk: 0, yes.pk: 0, choice.pk: 2, text.pk: "More light"}
    # The same again is no other answer; another own answer alone is one.
    send(invitation, **answers)
    assert Response.objects.count() == 1
    send(invitation, **answers | {yes.key: "1"})
    assert Response.objects.count() == 2
    shown = page(invitation)
    assert "More light" in shown
    assert shown.count(" checked") == 4


@pytest.mark.parametrize(
    ("kind", "wrong"), [("1-5", "6"), ("1-7", "0"), ("0-10", "11"), ("yes-no", "2"), ("choice", "3")]
)
def test_what_is_not_on_the_scale_is_refused(kind: str, wrong: str) -> None:
    form = Questionnaire.objects.create(name="all")
    question = own(form, kind, en={"label": "How?", "options": ["A", "B"] if kind == "choice" else []})
    form.publish(None)
    answer = send(asked(), **{question.key: wrong})
    assert answer.status_code == 200
    assert 'aria-invalid="true"' in answer.content.decode()
    assert not OwnAnswer.objects.exists()


def test_a_question_that_was_not_asked_is_not_answered() -> None:
    form = Questionnaire.objects.create(name="all")
    form.keep([one for one in USUAL if one.key != "nps"])
    form.publish(None)
    send(asked(), csat="5", nps="10")
    assert Response.objects.get().nps is None


def test_satisfaction_on_seven_is_kept_with_its_scale() -> None:
    form = Questionnaire.objects.create(name="all")
    form.keep([Item("csat", "1-7")])
    form.publish(None)
    invitation = asked()
    assert "?csat=7" in invitation.mail.html
    send(invitation, csat="7")
    assert (Response.objects.get().csat, Response.objects.get().csat_scale) == (7, "1-7")


def test_the_mail_has_the_first_rated_question_in_her_language() -> None:
    form = Questionnaire.objects.create(name="all")
    form.keep([])
    own(form, "text", sv={"label": "Vad?"}, en={"label": "What?"})
    rated = own(form, "0-10", sv={"label": "Hur tydligt?", "low": "Inte"}, en={"label": "How clear?"})
    form.publish(None)
    mail = asked(language="sv").mail
    assert "Hur tydligt?" in mail.html
    assert mail.html.count(f"?{rated.key}=") == 11
    assert 'value="7" checked' in page(asked(), query=f"&{rated.key}=7")


def test_four_of_seven_is_not_among_the_satisfied() -> None:
    form = Questionnaire.objects.create(name="all")
    form.keep([Item("csat", "1-7"), Item("comment")])
    form.publish(None)
    send(asked(), csat="4", comment="So and so")
    send(asked(), csat="6", comment="Very fine")
    shown = signed_in().get("/surveys/comments/?score=high").content.decode()
    assert "Very fine" in shown
    assert "So and so" not in shown
    assert "6 (1-7)" in shown


# --- at the desk


def test_a_form_is_put_together_and_published_by_post() -> None:
    boss = signed_in()
    boss.post("/settings/survey-forms/new/", {"name": "Mine", "is_on": "on"})
    form = Questionnaire.objects.get()
    at = f"/settings/survey-forms/{form.pk}/"
    for verb, key in (("up", "ces"), ("remove", "nps"), ("remove", "comment"), ("add", "comment")):
        assert boss.post(at + "change/", {"verb": verb, "key": key}).status_code == 302
    words = {"scale": "choice", "label_en": "Which?", "options_en": "Red\nBlue", "label_sv": "Vilken?"}
    words |= {"options_sv": "Röd\nBlå", "label_fi": "", "options_fi": ""}
    assert boss.post(at + "questions/new/", words).status_code == 302
    form.refresh_from_db()
    question = Question.objects.get()
    keys = ["ces", "csat", "fcr_resolved", "fcr_contacts", "comment", question.key]
    assert [one.key for one in form.items] == keys
    # Removed and put back, it is the same question.
    boss.post(at + "change/", {"verb": "remove", "key": question.key})
    boss.post(at + "change/", {"verb": "add", "key": question.key})
    boss.post(at + "publication/")
    assert Questionnaire.objects.get().newest.items[-1].texts["sv"]["options"] == ["Röd", "Blå"]
    shown = boss.get(at).content.decode()
    assert "Which?" in shown


def test_two_who_work_on_one_draft_do_not_undo_one_another() -> None:
    form = Questionnaire.objects.create(name="Mine")
    question = own(form, "1-5", en={"label": "How?"})
    hers, his = Questionnaire.objects.get(), Questionnaire.objects.get()
    hers.rework(lambda items: without(items, "nps"))
    his.rework(lambda items: moved(items, "ces", -1))
    assert Questionnaire.objects.get().items[0].key == "ces"
    assert "nps" not in [one.key for one in Questionnaire.objects.get().items]
    # The words of one question are the later one's only where she has seen the earlier one's.
    boss = signed_in()
    at = f"/settings/survey-forms/{form.pk}/questions/{question.key}/"
    was = boss.get(at).context["form"]["was"].value()
    assert boss.post(at, {"label_en": "How was it?", "was": was}).status_code == 302
    late = boss.post(at, {"label_en": "How did it go?", "was": was})
    assert late.status_code == 422
    assert "Somebody else has changed this" in late.content.decode()
    assert "How did it go?" in late.content.decode()
    question.refresh_from_db()
    assert question.texts["en"]["label"] == "How was it?"


def test_another_number_of_choices_is_another_question() -> None:
    boss, form = signed_in(), Questionnaire.objects.create(name="all")
    main = translation.get_language()
    question = own(form, "choice", **{main: {"label": "Which?", "options": ["Red", "Blue"]}})
    at = f"/settings/survey-forms/{form.pk}/questions/{question.key}/"
    for options, status in (("A\nB\nC", 422), ("A", 422), ("A\nB", 302)):
        answer = boss.post(at, {f"label_{main}": "Which?", f"options_{main}": options})
        assert answer.status_code == status
    # Nor can its scale be sent along.
    boss.post(at, {f"label_{main}": "Which?", f"options_{main}": "A\nB", "scale": "1-5"})
    assert Questionnaire.objects.get().items[-1].scale == "choice"
    assert boss.post(at, {f"label_{main}": "", f"options_{main}": "A\nB"}).status_code == 422


def test_a_look_at_page_and_mail_stores_nothing() -> None:
    boss, form = signed_in(), Questionnaire.objects.create(name="all")
    form.keep([])
    own(form, "1-7", en={"label": "How bright?"}, sv={"label": "Hur ljust?"}, fi={"label": "Kuinka kirkas?"})
    for language, words in (("en", "How bright?"), ("sv", "Hur ljust?"), ("fi", "Kuinka kirkas?")):
        for what in ("page", "mail"):
            answer = boss.get(f"/settings/survey-forms/{form.pk}/{what}/?lang={language}")
            assert answer.status_code == 200
            assert words in answer.content.decode()
    assert boss.post(f"/settings/survey-forms/{form.pk}/page/").status_code == 405
    assert not Invitation.objects.exists()
    assert boss.get(f"/settings/survey-forms/{form.pk}/page/?version=9").status_code == 404


def test_every_question_has_a_page_for_its_words() -> None:
    boss, form = signed_in(), Questionnaire.objects.create(name="all")
    for kind in Question.Kind.values:
        own(form, kind, en={"label": f"How {kind}?", "options": ["A", "B"] if kind == "choice" else []})
    for item in form.items:
        answer = boss.get(f"/settings/survey-forms/{form.pk}/questions/{item.key}/")
        assert answer.status_code == 200, item.key
        assert ('name="scale"' in answer.content.decode()) is (item.key == "csat")
    assert boss.get(f"/settings/survey-forms/{form.pk}/questions/q0/").status_code == 404
    # Reworded in one language, a standard question keeps the product's words in the others.
    boss.post(f"/settings/survey-forms/{form.pk}/questions/nps/", {"label_sv": "Skulle du rekommendera oss?"})
    form.refresh_from_db()
    nps = next(one for one in form.items if one.key == "nps")
    assert nps.texts == {"sv": {"label": "Skulle du rekommendera oss?"}}
    assert nps.scale == "0-10"


def test_two_forms_for_the_same_are_refused_and_a_seen_one_is_kept() -> None:
    boss = signed_in()
    form = Questionnaire.objects.create(name="all")
    assert boss.post("/settings/survey-forms/new/", {"name": "Too", "is_on": "on"}).status_code == 422
    form.publish(None)
    boss.post(f"/settings/survey-forms/{form.pk}/deletion/")
    form.refresh_from_db()
    assert not form.is_on


def test_an_agent_finds_no_forms() -> None:
    browser = Browser()
    browser.force_login(make_user("kim"))
    form = Questionnaire.objects.create(name="all")
    for at in ("", "new/", f"{form.pk}/", f"{form.pk}/page/", f"{form.pk}/questions/csat/"):
        assert browser.get(f"/settings/survey-forms/{at}").status_code == 404
    assert browser.get("/surveys/questions/").status_code == 404


# --- what was answered


def test_the_results_count_the_last_answer_and_say_how_sure_they_are() -> None:
    form = Questionnaire.objects.create(name="all")
    question = own(form, "yes-no", en={"label": "Was it free?"})
    text = own(form, "text", en={"label": "=cmd"})
    form.publish(None)
    for n in range(10):
        send(asked(), **{question.key: "1" if n < 7 else "0"})
    again = asked()
    send(again, **{question.key: "0"})
    send(again, **{question.key: "1", text.key: "=1+1"})
    boss = signed_in()
    shown = boss.get("/surveys/questions/?days=28").content.decode()
    # 8 of 11 by Wilson: 43.4 to 90.3 per cent.
    assert "72.7" in shown
    assert "43.4" in shown
    assert "90.3" in shown
    lines = b"".join(boss.get("/surveys/questions/?export=csv")).decode()
    assert lines.count("\r\n") == 1 + 11 + 1
    assert "'=1+1" in lines


def test_of_few_answers_only_the_fraction_is_shown() -> None:
    form = Questionnaire.objects.create(name="all")
    question = own(form, "yes-no", en={"label": "Was it free?"})
    form.publish(None)
    send(asked(), **{question.key: "1"})
    shown = signed_in().get("/surveys/questions/").content.decode()
    assert "1 of 1" in shown
    assert "95% sure" not in shown


def test_own_answers_are_in_the_api() -> None:
    from tests.tickets.api.calling import Caller

    form = Questionnaire.objects.create(name="all")
    question = own(form, "1-5", en={"label": "How bright?"})
    form.publish(None)
    send(asked(), **{question.key: "3", "csat": "5"})
    (row,) = Caller(make_user("api", role="manager")).get("surveys/responses/").json()["results"]
    (answer,) = row["own"]
    assert answer == {"question": question.key, "label": "How bright?", "scale": "1-5", "answer": 3}
    assert row["form_version"] == f"{form.pk}/1"
