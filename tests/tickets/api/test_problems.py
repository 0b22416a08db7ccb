from datetime import timedelta

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from tests.factories import make_user
from tests.tickets.api.calling import Caller
from tickets.models import ApiToken

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    "header", ["", "Bearer", "Bearer ", "Bearer x", "Bearer %", "Bearer \x00", "Basic YTpi", "bearer " + "x" * 10000]
)
def test_a_token_that_is_none_opens_nothing(client, header):
    answer = client.get("/api/v1/cases/", headers={"Authorization": header})
    assert answer.status_code == 401
    assert answer["WWW-Authenticate"] == 'Bearer realm="api"'
    assert answer.json()["type"] == "urn:helpdesk:problem:unauthenticated"


def test_a_token_is_kept_as_a_digest_only(capsys):
    make_user("pbx", role="integration")
    call_command("api_token", "pbx")
    token = capsys.readouterr().out
    assert token.endswith("\n")
    assert len(token.strip()) >= 43
    row = ApiToken.objects.get()
    assert token.strip() not in str(vars(row))
    assert row.digest == ApiToken.digest_of(token.strip())


@pytest.mark.parametrize("name", ["nobody", "closed"])
def test_no_token_is_made_for_who_cannot_use_it(name):
    make_user("closed", is_active=False)
    with pytest.raises(CommandError):
        call_command("api_token", name)


def test_the_use_of_a_token_is_noted_now_and_then(agent):
    agent.get("cases/")
    token = ApiToken.objects.get(user=agent.user)
    first = token.last_used_at
    assert first is not None
    agent.get("cases/")
    token.refresh_from_db()
    assert token.last_used_at == first
    ApiToken.objects.update(last_used_at=timezone.now() - timedelta(minutes=6))
    agent.get("cases/")
    token.refresh_from_db()
    assert token.last_used_at > first


@pytest.mark.parametrize(
    ("path", "status", "kind"),
    [
        ("nothing/", 404, "not-found"),
        ("cases/99999999999999999999999/", 404, "not-found"),
        ("contacts/0/", 404, "not-found"),
    ],
)
def test_what_is_not_there_is_told_as_a_problem(system, path, status, kind):
    answer = system.get(path)
    assert (answer.status_code, answer["Content-Type"]) == (status, "application/problem+json")
    assert answer.json()["type"].endswith(kind)
    assert set(answer.json()) == {"type", "title", "status", "detail"}


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"\xff",
        b"NaN",
        b'{"name": NaN}',
        b'{"name": 1e999}',
        b"[" * 100_000,
        b"1" * 10_000,
        "é".encode("latin-1"),
    ],
)
def test_a_body_that_is_not_json_is_refused(system, body):
    answer = system.send("POST", "customers/", body)
    assert (answer.status_code in {400, 201}) if body == b"" else answer.status_code == 400
    if answer.status_code == 400:
        assert answer["Content-Type"] == "application/problem+json"


def test_another_content_type_is_refused(system):
    answer = system.http.post("/api/v1/customers/", {"name": "x"})
    assert (answer.status_code, answer["Content-Type"]) == (415, "application/problem+json")


def test_a_body_beyond_all_measure_is_refused(system, settings):
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 1000
    answer = system.post("customers/", {"name": "x" * 2000})
    assert (answer.status_code, answer["Content-Type"]) == (413, "application/problem+json")


def test_the_users_language_wins_over_the_programs():
    caller = Caller(make_user("aino", language="fi"))
    assert caller.get("cases/", **{"Accept-Language": "sv"})["Content-Language"] == "fi"
    other = Caller(make_user("maja"))
    assert other.get("cases/", **{"Accept-Language": "sv"})["Content-Language"] == "sv"


def test_all_wrong_fields_are_named_at_once(system):
    answer = system.post("cases/", {"channel": "fax", "priority": "x", "topic": 3})
    assert {error["field"] for error in answer.json()["errors"]} == {"channel", "priority", "topic"}
    assert all("expected" in error for error in answer.json()["errors"])
