"""The customer's page: looking writes nothing, an answer is one answer, and a wrong link tells nothing."""

from __future__ import annotations

from datetime import timedelta
from statistics import median
from time import perf_counter

import pytest
from django.core import signing
from django.test import Client as Browser
from django.utils import timezone

from surveys import links
from surveys.models import Invitation, Response
from tests.factories import make_case, make_client, make_customer

pytestmark = pytest.mark.django_db

EVERYTHING = {
    "csat": "5",
    "ces": "7",
    "nps": "10",
    "fcr_resolved": "yes",
    "fcr_contacts": "1",
    "comment": "Quick and kind.",
}


def make_invitation(email="maja@example.org", **customer) -> Invitation:
    case = make_case(customer=make_customer(email=email, **{"language": "en"} | customer))
    case.resolve(by=None)
    return case.invitations.get()


def path_of(invitation: Invitation) -> str:
    return f"/s/{links.token_for(invitation)}"


def test_opening_the_link_a_hundred_times_leaves_no_answer(client):
    path = path_of(make_invitation())
    for number in range(25):
        headers = {"Purpose": "prefetch", "Sec-Purpose": "prefetch;prerender", "User-Agent": f"scanner {number}"}
        for answer in (
            client.get(path, EVERYTHING, headers=headers),
            client.head(path, headers=headers),
            client.get(path + "/thanks", headers=headers),
            client.head(path + "/"),
        ):
            assert answer.status_code in {200, 302}
    assert not Response.objects.exists()


@pytest.mark.parametrize("method", ["put", "patch", "delete"])
def test_no_other_method_is_taken(client, method):
    assert getattr(client, method)(path_of(make_invitation())).status_code == 405


def test_an_answer_from_another_site_is_refused():
    browser = Browser(enforce_csrf_checks=True)
    path = path_of(make_invitation())
    assert browser.post(path, EVERYTHING).status_code == 403
    assert not Response.objects.exists()


def test_an_answer_is_stored_as_it_was_given(client):
    invitation = make_invitation()
    answer = client.post(path_of(invitation), EVERYTHING)
    assert answer["Location"] == path_of(invitation) + "/thanks"
    response = invitation.responses.get()
    assert (response.csat, response.csat_scale, response.ces, response.nps) == (5, "1-5", 7, 10)
    assert (response.fcr_resolved, response.fcr_contacts, response.comment) == ("yes", 1, "Quick and kind.")
    assert "Thank you!" in client.get(answer["Location"]).text


def test_a_changed_answer_is_a_new_row_and_the_form_shows_the_last_one(client):
    invitation = make_invitation()
    client.post(path_of(invitation), {"csat": "2", "comment": "Slow."})
    client.post(path_of(invitation), {"csat": "4", "nps": "0"})
    assert list(invitation.responses.values_list("csat", "nps", "comment")) == [(2, None, "Slow."), (4, 0, "")]
    page = client.get(path_of(invitation)).text
    assert '<input type="radio" name="csat" value="4" checked>' in page
    assert '<input type="radio" name="nps" value="0" checked>' in page
    assert 'name="csat" value="2" checked' not in page


def test_the_same_form_sent_twice_is_one_answer(client):
    invitation = make_invitation()
    client.post(path_of(invitation), EVERYTHING)
    client.post(path_of(invitation), EVERYTHING)
    assert invitation.responses.count() == 1


@pytest.mark.parametrize("name", EVERYTHING)
def test_any_question_may_be_answered_alone(client, name):
    invitation = make_invitation()
    client.post(path_of(invitation), {name: EVERYTHING[name]})
    response = invitation.responses.get()
    answered = {field: getattr(response, field) for field in EVERYTHING if getattr(response, field) not in {None, ""}}
    assert list(answered) == [name]


@pytest.mark.parametrize("answers", [{}, {"comment": "  \n "}, {"csat": "", "fcr_resolved": ""}])
def test_a_form_without_answers_is_not_an_answer(client, answers):
    invitation = make_invitation()
    page = client.post(path_of(invitation), answers)
    assert page.status_code == 200
    assert "Nothing is answered yet." in page.text
    assert not invitation.responses.exists()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("csat", "0"),
        ("csat", "6"),
        ("ces", "8"),
        ("ces", "0"),
        ("nps", "11"),
        ("nps", "-1"),
        ("nps", "9.5"),
        ("csat", "four"),
        ("fcr_resolved", "maybe"),
        ("fcr_contacts", "0"),
        ("fcr_contacts", "99999999999"),
        ("comment", "a\x00b"),
        ("comment", "x" * 4001),
    ],
)
def test_what_cannot_be_an_answer_is_refused_and_nothing_is_stored(client, name, value):
    invitation = make_invitation()
    assert client.post(path_of(invitation), EVERYTHING | {name: value}).status_code == 200
    assert not invitation.responses.exists()


def test_every_wrong_link_gives_one_and_the_same_page(client):
    invitation, other = make_invitation(), make_invitation("sven@example.org")
    late = make_invitation("late@example.org")
    Invitation.objects.filter(pk=late.pk).update(expires_at=timezone.now())
    token, foreign = links.token_for(invitation), links.token_for(other)
    wrong = {
        "tampered signature": token[:-1] + ("A" if token[-1] != "A" else "B"),
        "another's number": foreign.split(".")[0] + "." + token.split(".")[1],
        "expired": links.token_for(late),
        "never given out": signing.Signer(salt="surveys.invitation", sep=".").sign("987654321"),
        "signed for another purpose": signing.Signer(salt="login", sep=".").sign(str(invitation.pk)),
        "number too big": signing.Signer(salt="surveys.invitation", sep=".").sign("9" * 30),
        "no number": signing.Signer(salt="surveys.invitation", sep=".").sign("abc"),
        "only a number": str(invitation.pk),
        "blank": "%20",
        "wildcard": "%25",
        "NUL": "%00",
        "long": "a" * 10_000,
        "dots": "..",
        "slashes": "a/b/c",
        "nothing": "",
    }
    answers = {why: client.get(f"/s/{value}") for why, value in wrong.items()}
    answers |= {why + ", posted": client.post(f"/s/{value}", EVERYTHING) for why, value in wrong.items()}
    answers |= {why + ", thanks": client.get(f"/s/{value}/thanks") for why, value in wrong.items()}
    bodies = {without_nonce(answer) for answer in answers.values()}
    assert {answer.status_code for answer in answers.values()} == {404}
    assert len(bodies) == 1
    assert not Response.objects.exists()


def without_nonce(answer) -> tuple[str, tuple[tuple[str, str], ...]]:
    headers = {name: value for name, value in answer.items() if name not in {"Content-Security-Policy", "Expires"}}
    return answer.text, tuple(sorted(headers.items()))


def test_a_forged_link_takes_as_long_as_an_expired_one(client):
    late = make_invitation()
    Invitation.objects.update(expires_at=timezone.now())
    token = links.token_for(late)
    times: dict[str, list[float]] = {token: [], token[:-1] + "_": [], "guess": []}
    for _ in range(60):
        for value, taken in times.items():
            began = perf_counter()
            links.invitation_of(value)
            taken.append(perf_counter() - began)
    slowest, fastest = max(map(median, times.values())), min(map(median, times.values()))
    assert slowest - fastest < 0.005


def test_the_link_works_until_the_moment_that_it_ends(client):
    invitation = make_invitation()
    Invitation.objects.update(expires_at=timezone.now() + timedelta(seconds=30))
    assert client.get(path_of(invitation)).status_code == 200
    Invitation.objects.update(expires_at=timezone.now() - timedelta(milliseconds=1))
    assert client.get(path_of(invitation)).status_code == 404


def test_a_link_outlives_a_change_of_the_secret_key(client, settings):
    path = path_of(make_invitation())
    old = settings.SECRET_KEY
    settings.SECRET_KEY = "another secret key, as long as it has to be"
    assert client.get(path).status_code == 404
    settings.SECRET_KEY_FALLBACKS = [old]
    assert client.get(path).status_code == 200


def test_the_link_leads_to_the_address_of_the_installation_whatever_host_was_asked(client, settings):
    settings.PUBLIC_URL = "https://desk.example.org"
    client.get("/s/x", headers={"Host": "evil.example", "X-Forwarded-Host": "evil.example"})
    assert links.url_for(make_invitation()).startswith("https://desk.example.org/s/")


def test_the_page_is_not_kept_not_indexed_and_does_not_pass_its_address_on(client):
    answer = client.get(path_of(make_invitation()))
    assert "no-store" in answer["Cache-Control"]
    assert answer["X-Robots-Tag"] == "noindex, nofollow"
    assert answer["Referrer-Policy"] == "same-origin"
    assert "http" not in answer.text.replace("http://www.w3.org", "")


@pytest.mark.parametrize(
    ("language", "title"), [("sv", "Hur gjorde vi?"), ("fi", "Miten onnistuimme?"), ("en", "How did we do?")]
)
def test_the_page_speaks_her_language_and_can_be_switched(client, language, title):
    hers = client.get(path_of(make_invitation("a@example.org", language=language)))
    switched = client.get(path_of(make_invitation("b@example.org", language="en")), {"lang": language})
    for answer in (hers, switched):
        assert f"<h1>{title}</h1>" in answer.text
        assert f'<html lang="{language}">' in answer.text
        assert answer["Content-Language"] == language


def test_the_language_that_she_chose_stays_with_her(client):
    invitation = make_invitation()
    answer = client.post(path_of(invitation) + "?lang=fi", EVERYTHING)
    assert "Kiitos!" in client.get(answer["Location"]).text


@pytest.mark.parametrize("language", ["xx", "sv/../..", "<script>", "sv\r\nX: 1", "\x00"])
def test_an_unknown_language_changes_nothing(client, language):
    answer = client.get(path_of(make_invitation()), {"lang": language})
    assert answer["Content-Language"] == "en"
    assert "<script>" not in answer.text


def test_what_a_stranger_wrote_is_shown_escaped(client):
    hostile = '</textarea><script>alert(1)</script>{{ 7|add:"7" }}'
    invitation = make_invitation(name=hostile)
    invitation.client = make_client("evil", name="<b>Evil</b>")
    invitation.save()
    client.post(path_of(invitation), {"comment": hostile})
    page = client.get(path_of(invitation)).text
    assert "<script>alert" not in page
    assert "<b>Evil" not in page
    assert "&lt;/textarea&gt;&lt;script&gt;" in page
    assert invitation.responses.get().comment == hostile


def test_the_page_shows_nothing_of_the_case(client):
    case = make_case(customer=make_customer("Maja Lind", email="m@example.org"), subject="Divorce papers")
    case.resolve(by=None)
    page = client.get(path_of(case.invitations.get())).text
    assert "Divorce" not in page
    assert "Maja" not in page


def test_an_answer_after_the_end_is_not_taken():
    invitation = make_invitation()
    assert not invitation.answer(at=invitation.expires_at, csat=5)
    assert invitation.answer(at=invitation.expires_at - timedelta(microseconds=1), csat=5)
