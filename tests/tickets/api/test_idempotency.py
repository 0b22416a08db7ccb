from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier

import pytest
from django.db import connection
from django.utils import timezone

from tests.factories import make_case
from tests.tickets.api.calling import Caller, contact
from tickets.models import Case, Contact, IdempotentAnswer
from tickets.tasks import forget_idempotent_answers

KEY = {"Idempotency-Key": "b2c1"}
NEW = {"channel": "phone"}


def test_a_repeated_write_answers_to_the_byte_as_the_first_time_and_changes_nothing(system):
    first = system.post("cases/", NEW, **KEY)
    again = system.post("cases/", NEW, **KEY)
    assert again.content == first.content
    assert (again.status_code, again["Location"], again["Content-Type"]) == (
        201,
        first["Location"],
        first["Content-Type"],
    )
    assert again["Idempotent-Replayed"] == "true"
    assert Case.objects.count() == 1


def test_the_same_key_for_another_request_is_refused(system):
    system.post("cases/", NEW, **KEY)
    answer = system.post("cases/", NEW | {"subject": "x"}, **KEY)
    assert answer.status_code == 422
    assert answer.json()["type"].endswith("idempotency-key-reused")
    assert system.post("contacts/", contact(), **KEY).status_code == 422
    assert Case.objects.count() == 1


def test_a_refusal_is_repeated_too(system):
    answers = [system.post("cases/", {"channel": "fax"}, **KEY) for _ in range(2)]
    assert answers[0].content == answers[1].content
    assert [answer["Content-Type"] for answer in answers] == ["application/problem+json"] * 2
    assert [answer.status_code for answer in answers] == [400, 400]


def test_another_users_key_is_another_key(system, manager):
    assert system.post("cases/", NEW, **KEY).json()["number"] != manager.post("cases/", NEW, **KEY).json()["number"]


def test_a_failure_of_ours_is_not_kept_and_leaves_nothing(system, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(Case, "record", lambda *_args, **_kwargs: 1 / 0)
        answer = system.post("cases/", NEW, **KEY)
    assert answer.status_code == 500
    assert answer["Content-Type"] == "application/problem+json"
    assert "division" not in answer.content.decode()
    assert not Case.objects.exists()
    assert not IdempotentAnswer.objects.exists()
    assert system.post("cases/", NEW, **KEY).status_code == 201


def test_a_refused_write_leaves_nothing_of_what_it_had_done(system):
    answer = system.post("customers/", {"name": "Maja", "identities": [{"kind": "email", "value": "a@b.se"}]})
    assert answer.status_code == 201
    answer = system.post("customers/", {"name": "Other", "identities": [{"kind": "email", "value": "a@b.se"}]}, **KEY)
    assert answer.status_code == 400
    assert len(system.get("customers/").json()["results"]) == 1


@pytest.mark.parametrize("key", ["", "x" * 256, "ö"])
def test_a_key_that_is_none_is_refused(system, key):
    assert system.post("cases/", NEW, **{"Idempotency-Key": key}).status_code == 400
    assert not Case.objects.exists()


def test_a_delete_is_kept_as_well(system):
    case = make_case()
    case.resolve(by=None)
    first = system.delete(f"cases/{case.number}/resolution/", **KEY)
    case.resolve(by=None)
    assert system.delete(f"cases/{case.number}/resolution/", **KEY).content == first.content
    case.refresh_from_db()
    assert case.status == "resolved"


def test_answers_are_kept_for_a_week(system):
    system.post("cases/", NEW, **KEY)
    IdempotentAnswer.objects.update(created_at=timezone.now() - timedelta(days=6, hours=23))
    forget_idempotent_answers()
    assert IdempotentAnswer.objects.count() == 1
    IdempotentAnswer.objects.update(created_at=timezone.now() - timedelta(days=7, seconds=1))
    forget_idempotent_answers()
    assert not IdempotentAnswer.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_two_that_come_at_once_are_done_once(system):
    caller: Caller = system
    gate = Barrier(4)

    def send(_number):
        try:
            gate.wait(5)
            return caller.post(
                "contacts/", {name: value for name, value in contact().items() if name != "contact_id"}, **KEY
            )
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(send, range(4)))
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.content for answer in answers}) == 1
    assert Contact.objects.count() == 1
    assert sum("Idempotent-Replayed" in answer.headers for answer in answers) == 3
