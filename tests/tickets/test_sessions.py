"""Logging in: no guessing, no telling who has an account."""

import pytest

from tests.factories import PASSWORD, make_user

pytestmark = pytest.mark.django_db


def guess(client, name, password=None, address="10.0.0.1"):
    return client.post("/login/", {"username": name, "password": password or "wrong"}, REMOTE_ADDR=address)


def errors(response):
    return [str(error) for error in response.context["form"].non_field_errors()]


def test_the_right_password_logs_in_and_the_wrong_one_does_not(client):
    make_user("anna")
    assert guess(client, "anna").status_code == 200
    assert guess(client, "anna", PASSWORD).status_code == 302


def test_a_name_that_does_not_exist_gets_the_same_answer_as_one_that_does(client):
    make_user("anna")
    assert errors(guess(client, "anna")) == errors(guess(client, "nobody"))


def test_after_ten_guesses_even_the_right_password_is_refused(client):
    make_user("anna")
    for _ in range(10):
        guess(client, "anna")
    refused = guess(client, "ANNA", PASSWORD)
    assert refused.status_code == 200
    assert "Too many attempts" in errors(refused)[0]
    assert guess(client, "anna", PASSWORD, address="10.0.0.2").status_code == 302


def test_guessing_at_names_that_do_not_exist_is_stopped_too(client):
    for _ in range(10):
        guess(client, "nobody")
    assert "Too many attempts" in errors(guess(client, "nobody"))[0]


def test_logging_in_forgives_the_slips_before_it(client):
    make_user("anna")
    for _ in range(3):
        for _ in range(8):
            guess(client, "anna")
        assert guess(client, "anna", PASSWORD).status_code == 302
        client.post("/logout/")


def test_logging_out_takes_a_post(client):
    client.force_login(make_user())
    assert client.get("/logout/").status_code == 405
    client.post("/logout/")
    assert client.get("/cases/").status_code == 302


def test_the_login_does_not_send_anybody_to_another_site(client):
    make_user("anna")
    answer = client.post("/login/?next=https://evil.example/", {"username": "anna", "password": PASSWORD})
    assert answer["Location"] == "/"


def test_managers_begin_with_what_needs_them_and_agents_with_the_cases(client):
    client.force_login(make_user())
    assert client.get("/")["Location"] == "/cases/"
    client.force_login(make_user(role="manager"))
    assert client.get("/")["Location"] == "/morning/"


def test_a_chosen_language_is_kept_with_the_account(client):
    anna = make_user("anna")
    client.force_login(anna)
    client.post("/language/", {"language": "fi", "next": "/cases/"})
    anna.refresh_from_db()
    assert anna.language == "fi"
    client.post("/logout/")
    client.cookies.clear()
    assert guess(client, "anna", PASSWORD).cookies["django_language"].value == "fi"
