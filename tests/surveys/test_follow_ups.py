"""The closed loop, comments and what the team reads: for whom, once, and not lost."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from surveys import comments
from surveys.asking import SurveyRule
from surveys.comments import CommentTheme, Praise, Theme
from surveys.follow_ups import FollowUp
from surveys.models import Invitation, Response
from tests.factories import make_case, make_client, make_customer, make_queue, make_source, make_team, make_user
from tickets.models import Case, Notice

pytestmark = pytest.mark.django_db


def invited(case: Case | None = None) -> Invitation:
    case = case or make_case(customer=make_customer())
    return Invitation.objects.create(source=make_source(), client=case.client, case=case, customer=case.customer)


@pytest.mark.parametrize(
    ("answer", "reasons"),
    [
        ({"csat": 2}, ["csat"]),
        ({"csat": 3}, None),
        ({"ces": 3}, ["ces"]),
        ({"nps": 6}, ["nps"]),
        ({"nps": 7}, None),
        ({"fcr_resolved": "no"}, ["unsolved"]),
        ({"fcr_resolved": "unsure"}, None),
        ({"csat": 1, "fcr_resolved": "no", "nps": 9}, ["csat", "unsolved"]),
    ],
)
def test_a_low_score_makes_a_follow_up(answer: dict[str, Any], reasons: list[str] | None) -> None:
    invited().answer(**answer)
    assert [one.reasons for one in FollowUp.objects.all()] == ([reasons] if reasons else [])


def test_the_rule_says_what_is_low_and_how_long_there_is() -> None:
    SurveyRule.objects.create(csat_up_to=None, nps_up_to=3, follow_up_hours=4, follows_unsolved=False)
    invited().answer(csat=1, nps=4, fcr_resolved="no")
    assert not FollowUp.objects.exists()
    at = timezone.now()
    invited().answer(nps=3, at=at)
    assert FollowUp.objects.get().due_at == at + timedelta(hours=4)


def test_it_is_the_leads_and_she_is_told() -> None:
    lead = make_user("lead", role="lead")
    invitation = invited(make_case(queue=make_queue(), customer=make_customer(email="m@example.org")))
    invitation.answer(csat=1)
    assert FollowUp.objects.get().owner == lead
    assert Notice.objects.get().kind == Notice.Kind.LOW_SCORE


def test_answering_again_makes_no_second_and_a_better_answer_ends_it() -> None:
    invitation = invited()
    now = timezone.now()
    invitation.answer(csat=1, at=now)
    invitation.answer(csat=2, fcr_resolved="no", at=now + timedelta(minutes=1))
    assert FollowUp.objects.get().reasons == ["csat", "unsolved"]
    invitation.answer(csat=5, at=now + timedelta(minutes=2))
    assert FollowUp.objects.get().result == "The customer changed her answer."
    # What was done stays done.
    done = invited()
    done.answer(csat=1, at=now)
    FollowUp.objects.get(invitation=done).finish(by=make_user(), result="Called")
    done.answer(csat=5, at=now + timedelta(minutes=2))
    assert FollowUp.objects.get(invitation=done).result == "Called"


def test_the_case_shows_what_was_answered_to_who_reads_answers_and_to_who_follows_up(client: Client) -> None:
    invitation = invited()
    case = invitation.case
    at = f"/surveys/cases/{case.pk}/"
    client.force_login(make_user("boss", role="manager"))
    assert f'hx-get="{at}"' in client.get(f"/cases/{case.pk}/").content.decode()
    assert client.get(at).status_code == 204
    invitation.answer(csat=1, fcr_resolved="no", comment="<b>Nobody</b> called me")
    shown = client.get(at).content.decode()
    assert "&lt;b&gt;Nobody&lt;/b&gt; called me" in shown
    assert "Nobody sees to it" in shown
    # An agent reads no answers, but for the one that she is to see to.
    anna = make_user("anna")
    client.force_login(anna)
    assert client.get(at).status_code == 204
    FollowUp.objects.get().give(anna)
    assert "called me" in client.get(at).content.decode()
    FollowUp.objects.get().finish(by=anna, result="Called and refunded")
    assert "Called and refunded" in client.get(at).content.decode()


def test_it_is_given_finished_and_taken_back_by_posts(client: Client) -> None:
    invited().answer(csat=1, comment="Nobody called me")
    one = FollowUp.objects.get()
    boss, anna = make_user("boss", role="manager"), make_user("anna")
    client.force_login(boss)
    page = client.get("/surveys/follow-ups/").content.decode()
    assert "Nobody called me" in page
    client.post(f"/surveys/follow-ups/{one.pk}/owner/", {"owner": anna.pk})
    client.post(f"/surveys/follow-ups/{one.pk}/result/", {"result": "  "})
    assert FollowUp.objects.open().get().owner == anna
    client.force_login(anna)
    assert "Nobody called me" in client.get("/surveys/follow-ups/?tab=mine").content.decode()
    client.post(f"/surveys/follow-ups/{one.pk}/result/", {"result": "Called and refunded"})
    assert not FollowUp.objects.open().exists()
    assert not FollowUp.objects.get().finish(by=boss, result="Again")
    assert "Called and refunded" in client.get("/surveys/follow-ups/?tab=done").content.decode()
    client.post(f"/surveys/follow-ups/{one.pk}/result/", {"again": "1"})
    assert FollowUp.objects.open().exists()


def test_who_may_not_see_the_case_sees_no_follow_up(client: Client) -> None:
    others = make_queue("others", teams=[make_team("other")])
    invited(make_case(queue=others, customer=make_customer(email="m@example.org"))).answer(csat=1, comment="Secret")
    one, response = FollowUp.objects.get(), Response.objects.get()
    for role in ("agent", "lead", "client"):
        fields = {"client": make_client()} if role == "client" else {}
        client.force_login(make_user(role=role, **fields))
        for path in ("/surveys/follow-ups/", "/surveys/comments/", "/surveys/praise/"):
            assert b"Secret" not in client.get(path).content, (role, path)
        assert client.post(f"/surveys/follow-ups/{one.pk}/result/", {"result": "x"}).status_code == 404
        assert client.post(f"/surveys/comments/{response.pk}/praise/", {"text": "x"}).status_code == 404
        for path in ("/settings/surveys/", "/settings/themes/"):
            assert client.get(path).status_code == 404, (role, path)


# --- comments


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Thanks Anna, 070-123 45 67 is right", "Thanks Anna, ••• is right"),
        ("mail maja.lind@example.org or +46 70 123 45 67!", "mail ••• or •••!"),
        ("case 1234 took 20 minutes", "case 1234 took 20 minutes"),
        ("card 4111 1111 1111 1111", "card •••"),
    ],
)
def test_what_may_name_somebody_is_masked(text: str, shown: str) -> None:
    assert comments.masked(text) == shown


def test_words_suggest_a_theme_and_a_person_decides(client: Client) -> None:
    waiting = Theme.objects.create(name="Waiting", words="vänta\nodot\nwait")
    Theme.objects.create(name="Empty", words="\n ")
    for text, holds in (("Fick VÄNTA länge", True), ("Jouduin odottamaan", True), ("await", False), ("Bra", False)):
        assert waiting.is_in(text) is holds, text
    invited().answer(csat=2, comment="I had to wait")
    response = Response.objects.get()
    client.force_login(make_user("boss", role="manager"))
    assert "Waiting?" in client.get("/surveys/comments/").content.decode()
    client.post(f"/surveys/comments/{response.pk}/theme/", {"theme": waiting.pk, "holds": "0"})
    assert "Waiting?" not in client.get("/surveys/comments/").content.decode()
    assert f"r{response.pk}" not in client.get(f"/surveys/comments/?theme={waiting.pk}").content.decode()
    client.post(f"/surveys/comments/{response.pk}/theme/", {"theme": waiting.pk, "holds": "1"})
    assert CommentTheme.objects.get().holds
    assert f"r{response.pk}" in client.get(f"/surveys/comments/?theme={waiting.pk}").content.decode()


def test_the_team_reads_the_words_that_were_looked_through_and_no_others(client: Client) -> None:
    invited().answer(csat=5, comment="Anna was great, call me at 070-123 45 67")
    response = Response.objects.get()
    client.force_login(make_user("boss", role="manager"))
    assert "call me at •••" in client.get("/surveys/comments/").content.decode()
    client.post(f"/surveys/comments/{response.pk}/praise/", {"text": "Anna was great"})
    client.force_login(make_user("colleague"))
    Case.objects.update(queue=make_queue("others", teams=[make_team("other")]))
    page = client.get("/surveys/praise/").content.decode()
    assert "Anna was great" not in page  # of a queue that she does not work in
    Case.objects.update(queue=make_queue())
    page = client.get("/surveys/praise/").content.decode()
    assert "Anna was great" in page
    assert "070" not in page
    client.force_login(make_user("boss2", role="manager"))
    client.post(f"/surveys/comments/{response.pk}/praise/", {"hide": "1"})
    assert not Praise.objects.exists()


def test_only_the_last_answer_is_listed() -> None:
    invitation = invited()
    invitation.answer(csat=1, comment="Bad", at=timezone.now() - timedelta(hours=1))
    invitation.answer(csat=5, comment="Good after all")
    client = Client()
    client.force_login(make_user("boss", role="manager"))
    page = client.get("/surveys/comments/").content.decode()
    assert "Good after all" in page
    assert ">Bad<" not in page


# --- rules on their page


def test_a_rule_is_set_and_what_it_decided_is_counted_and_opened(client: Client) -> None:
    client.force_login(make_user("boss", role="manager"))
    data = {
        "is_on": "on", "percent": "100", "cool_down_days": "30", "delay": "now", "days": "3", "at": "09:00",
        "quiet_from": "", "quiet_to": "", "csat_up_to": "2", "follow_up_hours": "24",
    }  # fmt: skip
    assert client.post("/settings/surveys/new/", {**data, "percent": "0"}).status_code == 422
    assert client.post("/settings/surveys/new/", {**data, "quiet_from": "20:00"}).status_code == 422
    assert client.post("/settings/surveys/new/", data).status_code == 302
    assert client.post("/settings/surveys/new/", data).status_code == 422  # there is one for all
    maja = make_customer("Maja", email="maja@example.org")
    cases = [make_case(customer=maja, subject=f"number {n}") for n in range(3)]
    for case in cases:
        case.resolve(by=None)
    page = client.get("/settings/surveys/").content.decode()
    assert "Asked not long ago" in page
    behind = client.get("/surveys/decisions/?decision=cooled_down").content.decode()
    assert "number 1" in behind
    assert "number 0" not in behind
    assert client.get("/surveys/decisions/?decision=mood").status_code == 404
