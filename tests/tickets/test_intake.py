"""Who is it: reading what was typed, finding, making."""

import pytest
from django.core.exceptions import ValidationError

from tests.factories import make_agreement, make_calendar, make_client, make_customer, make_user
from tickets.intake import add_address, find_or_make, read_address, region_of, suggest
from tickets.models import Customer


@pytest.mark.parametrize(
    ("text", "region", "value"),
    [
        ("070-123 45 67", "SE", "+46701234567"),
        ("0046 70 123 45 67", "SE", "+46701234567"),
        ("+358 40 1234567", "SE", "+358401234567"),
        ("040 1234567", "FI", "+358401234567"),
        (" Maja@Example.COM ", "SE", "maja@example.com"),
        ("maja@", "SE", None),
        ("Maja Lind", "SE", None),
        ("12", "SE", None),
        ("", "SE", None),
    ],
)
def test_an_address_is_read_into_the_form_in_which_it_is_compared(text, region, value):
    address = read_address(text, region)
    assert (address.value if address else None) == value


@pytest.fixture
def agent(db):
    return make_user()


@pytest.fixture
def maja(db):
    return make_customer("Maja Lindström", phone="+46701234567", email="maja@example.com")


@pytest.mark.parametrize(
    "typed",
    ["070 123", "0701234567", "+46 70", "0046701", "maja@ex", "MAJA@", "maj", "linds", "Maja Lind", "lind maja"],
)
def test_a_customer_is_suggested_by_the_beginning_of_anything_known_of_her(agent, maja, typed):
    make_customer("Eino Laine", phone="+358401234567", email="eino@example.com")
    assert list(suggest(typed, user=agent)) == [maja]


@pytest.mark.parametrize("typed", ["", "  ", "'", "a & | !", "::*", "\\", "07", "%", "_", "x" * 400, "Eino'); --"])
def test_whatever_is_typed_the_search_answers(agent, maja, typed):
    assert len(suggest(typed, user=agent)) == 0


def test_a_caller_who_is_known_is_found_and_gets_what_she_lacked(maja):
    Customer.objects.filter(pk=maja.pk).update(name="")
    found = find_or_make(name="Maja L", phone="070-1234567", email="maja.work@example.com")
    assert found == maja
    assert found.name == "Maja L"
    assert found.identities.filter(value="maja.work@example.com").exists()


def test_an_address_that_belongs_to_somebody_else_stays_hers(maja):
    other = make_customer("Other", phone="+46709999999")
    assert find_or_make(phone="+46709999999", email="maja@example.com") == other
    assert maja.identities.filter(value="maja@example.com").exists()
    with pytest.raises(ValidationError):
        add_address(other, "maja@example.com")


@pytest.mark.django_db
def test_the_same_number_makes_one_customer():
    assert find_or_make(phone="0701234567") == find_or_make(phone="+46 70 123 45 67")
    assert Customer.objects.count() == 1


@pytest.mark.django_db
def test_a_number_without_country_code_is_read_in_the_clients_country():
    finnish = make_client("finnish")
    make_agreement(finnish, calendar=make_calendar("Helsinki", country="FI"))
    assert region_of(finnish) == "FI"
    assert find_or_make(client=finnish, phone="040 1234567").identities.get().value == "+358401234567"
