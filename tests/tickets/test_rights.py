"""Every address of the desk, asked by who may not: nobody learns that a case, contact or customer's file is there."""

from __future__ import annotations

from uuid import uuid4

import pytest
from django.core.files.base import ContentFile
from django.urls import URLPattern

from tests.factories import make_case, make_customer, make_queue, make_team, make_user
from tickets import teamwork
from tickets.models import Attachment, Contact, Draft, Macro
from tickets.urls import urlpatterns

pytestmark = pytest.mark.django_db

# Open to whoever is not logged in.
PUBLIC = {"login", "set_language", "logout"}
# What stands in an address, other than numbers of a case or contact.
FILLED = {"field": "owner"}


def addresses(kind: str) -> list[URLPattern]:
    return [one for one in urlpatterns if str(one.pattern).startswith(f"{kind}/<int:")]


@pytest.fixture
def hidden(django_user_model):
    """A case of another team with one of everything, and somebody who works elsewhere."""
    other = make_user("other", team=make_team("others"))
    case = make_case(queue=make_queue("elsewhere", teams=[make_team("others")]), customer=make_customer(), owner=other)
    contact = Contact.take(by=other)
    contact.describe(by=other, case=case)
    message = case.log_message("Secret.", kind="incoming", by=None)
    draft = Draft.objects.create(case=case, author=other, kind="reply", html="<div>Unsent words.</div>")
    return {
        "case": case,
        "contact": contact,
        "file": Attachment.keep(ContentFile(b"x"), name="a.txt", content_type="text/plain", message=message),
        "pk": {
            "taking_back": draft.pk,
            "case_split": message.pk,
            "consultation_answer": teamwork.ask(
                case, asked=other, question="?", by=make_user("boss", role="manager")
            ).pk,
            "checklist_item": case.checklist.create(text="Secret.").pk,
            "case_macro": Macro.objects.create(name="Any").pk,
        },
    }


def filled(one: URLPattern, hidden, number: int) -> str:
    text = f"/{one.pattern}"
    values = {"<int:number>": number, "<int:pk>": hidden["pk"].get(one.name, 1), "<uuid:pk>": uuid4(), "<int:other>": 1}
    values |= {f"<slug:{name}>": value for name, value in FILLED.items()}
    for place, value in values.items():
        text = text.replace(place, str(value))
    return text


def test_no_address_of_a_case_is_there_for_another_team_and_none_changes_it(client, hidden):
    client.force_login(make_user("anna", team=make_team("support")))
    case = hidden["case"]
    events, version = list(case.events.all()), Draft.objects.get().version
    for one in addresses("cases"):
        path = filled(one, hidden, case.pk)
        answers = {
            client.get(path).status_code,
            client.post(path, {"kind": "note", "text": "x", "on": "1"}).status_code,
        }
        assert answers <= {404, 405}, path
        assert 404 in answers, path
    assert list(case.events.all()) == events
    assert Draft.objects.get().version == version


def test_no_address_of_a_contact_is_there_for_another_team(client, hidden):
    client.force_login(make_user("anna", team=make_team("support")))
    for one in addresses("contacts"):
        path = f"/{one.pattern}".replace("<int:pk>", str(hidden["contact"].pk))
        answers = {client.get(path).status_code, client.post(path, {}).status_code}
        assert answers <= {404, 405}, path
        assert 404 in answers, path


def test_a_file_is_given_to_who_may_read_its_case_alone_and_runs_nothing(client, hidden):
    path = hidden["file"].get_absolute_url()
    client.force_login(make_user("anna", team=make_team("support")))
    assert client.get(path).status_code == 404
    client.force_login(make_user("bo", team=make_team("others")))
    answer = client.get(path)
    assert answer.status_code == 200
    assert answer["Content-Disposition"].startswith("attachment")
    assert b"".join(answer.streaming_content) == b"x"
    answer.close()
    assert "sandbox" in answer["Content-Security-Policy"]


def test_a_colleagues_draft_cannot_be_taken_back_or_read(client, hidden):
    client.force_login(make_user("bo", team=make_team("others")))
    case, draft = hidden["case"], Draft.objects.get()
    assert client.post(f"/cases/{case.pk}/drafts/{draft.pk}/taking-back/").status_code == 404
    assert b"Unsent words." not in client.get(f"/cases/{case.pk}/composer/?kind=reply").content


def test_without_a_log_in_every_address_leads_to_it(client, hidden):
    for one in urlpatterns:
        # Links of customers have tests of their own.
        if "<" in str(one.pattern) or "^" in str(one.pattern) or one.name in PUBLIC or not str(one.pattern):
            continue
        answer = client.get(f"/{one.pattern}")
        assert answer.status_code in {302, 405}, one.pattern
        assert answer.status_code == 405 or answer["Location"].startswith("/login/"), one.pattern
    for one in addresses("cases"):
        assert client.post(filled(one, hidden, hidden["case"].pk))["Location"].startswith("/login/"), one.pattern
