"""Pages of ours within pages of theirs, so that a click meant for one lands on the other.

An embeddable form must not make everything embeddable: only the form, only where it was asked for, only within the sites that
were named for it.
"""

import pytest
from django.urls import reverse

from tests.factories import make_case, make_customer
from tests.security.web import make_form
from tickets import status_links

pytestmark = pytest.mark.django_db


def ancestors(answer):
    (rule,) = [rule for rule in answer["Content-Security-Policy"].split("; ") if rule.startswith("frame-ancestors")]
    return rule.removeprefix("frame-ancestors ")


def test_only_the_named_sites_may_show_the_form(client):
    make_form(origins=["https://www.example.com"])
    answer = client.get("/form/contact/?embed=1")
    assert ancestors(answer) == "'self' https://www.example.com"
    assert "X-Frame-Options" not in answer
    assert "unsafe" not in answer["Content-Security-Policy"]


@pytest.mark.parametrize("asked", ["", "?embed", "?embed=1"])
def test_a_form_without_sites_is_shown_nowhere(client, asked):
    make_form()
    answer = client.get(f"/form/contact/{asked}")
    assert ancestors(answer) == "'none'"
    assert answer["X-Frame-Options"] == "DENY"


def test_without_being_asked_for_it_the_form_stands_alone(client):
    make_form(origins=["https://www.example.com"])
    assert ancestors(client.get("/form/contact/")) == "'none'"


def test_the_page_of_a_case_is_never_shown_within_another(client):
    make_form(origins=["https://www.example.com"])
    token = status_links.token_for(status_links.give(make_case(customer=make_customer()), is_proven=True))
    for address in (reverse("case_status", args=[token]), "/login/", "/form/nothing/", "/c/x"):
        assert ancestors(client.get(f"{address}?embed=1")) == "'none'"
