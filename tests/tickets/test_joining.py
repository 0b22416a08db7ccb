"""Two customers who are one: everything follows, and comes back exactly as it was."""

import pytest
from django.core.exceptions import ValidationError

from tests.factories import make_case, make_client, make_contact, make_customer, make_user
from tickets import joining, status_links
from tickets.intake import find_or_make, suggest
from tickets.models import Case, Contact, Customer, CustomerMerge, Identity, StatusLink

pytestmark = pytest.mark.django_db


@pytest.fixture
def agent():
    return make_user("anna")


@pytest.fixture
def pair():
    kept = make_customer("", email="maja@example.com", client=make_client())
    gone = make_customer("Maja Lind", phone="+46701234567", language="fi")
    return kept, gone


def everything():
    """Who belongs to whom, row by row."""
    return [
        list(Case.objects.order_by("pk").values_list("pk", "customer")),
        list(Contact.objects.order_by("pk").values_list("pk", "customer")),
        list(Identity.objects.order_by("pk").values_list("pk", "customer", "value")),
        list(StatusLink.objects.order_by("pk").values_list("pk", "customer")),
        list(Customer.objects.order_by("pk").values_list("pk", "name", "language", "client", "merged_into")),
    ]


def test_cases_contacts_addresses_and_links_follow_and_what_was_missing_is_given(agent, pair):
    kept, gone = pair
    case = make_case(customer=gone)
    contact = make_contact(customer=gone, case=case)
    status_links.give(case, is_proven=True)
    joining.join(gone, into=kept, by=agent)
    assert (Case.objects.get().customer, Contact.objects.get(pk=contact.pk).customer) == (kept, kept)
    assert {one.value for one in kept.identities.all()} == {"maja@example.com", "+46701234567"}
    assert (kept.name, kept.language, gone.merged_into) == ("Maja Lind", "fi", kept)
    assert StatusLink.objects.in_force().get().customer == kept


def test_taking_it_back_restores_every_row(agent, pair):
    kept, gone = pair
    for customer in pair:
        case = make_case(customer=customer)
        make_contact(customer=customer, case=case)
        status_links.give(case, is_proven=True)
    before = everything()
    merge = joining.join(gone, into=kept, by=agent)
    assert everything() != before
    assert joining.part(merge, by=agent)
    assert everything() == before
    assert joining.part(merge, by=agent) is False


def test_what_came_after_the_join_stays_with_the_one_that_was_kept(agent, pair):
    kept, gone = pair
    merge = joining.join(gone, into=kept, by=agent)
    later = make_case(customer=kept)
    joining.part(merge, by=agent)
    later.refresh_from_db()
    assert later.customer == kept


def test_every_place_that_points_to_a_customer_is_moved(agent):
    names = {name for name, _model, _field in joining._relations()}
    assert names == {
        "tickets.Identity.customer",
        "tickets.Contact.customer",
        "tickets.Case.customer",
        "tickets.StatusLink.customer",
        "surveys.Invitation.customer",
        "surveys.Interview.customer",
    }


def test_a_chain_is_taken_back_from_its_end(agent):
    a, b, c = make_customer("A"), make_customer("B"), make_customer("C")
    first = joining.join(a, into=b, by=agent)
    second = joining.join(b, into=c, by=agent)
    with pytest.raises(ValidationError):
        joining.part(first, by=agent)
    assert joining.part(second, by=agent)
    assert joining.part(first, by=agent)
    assert not Customer.objects.exclude(merged_into=None).exists()


def test_the_same_one_the_joined_one_and_another_clients_cannot_be_joined(agent, pair):
    kept, gone = pair
    other = make_customer("Other", client=make_client("other"))
    for one, into in ((kept, kept), (other, kept)):
        with pytest.raises(ValidationError):
            joining.join(one, into=into, by=agent)
    joining.join(gone, into=kept, by=agent)
    with pytest.raises(ValidationError):
        joining.join(gone, into=other, by=agent)
    assert CustomerMerge.objects.count() == 1


def test_a_joined_customer_is_found_no_more_and_her_number_finds_the_other(agent, pair):
    kept, gone = pair
    joining.join(gone, into=kept, by=agent)
    assert list(suggest("Maja", user=agent)) == [kept]
    assert find_or_make(phone="070-123 45 67") == kept


def test_namesakes_of_one_client_and_numbers_that_end_alike_may_be_the_same(agent):
    one = make_customer("Maja Lind", client=make_client(), phone="+46701234567")
    namesake = make_customer("maja lind", client=make_client())
    number = make_customer("M", phone="+358701234567")
    make_customer("Maja Lind", client=make_client("other"))
    make_customer("Maja Lindgren", client=make_client())
    make_customer("X", phone="+46709999999")
    assert list(joining.maybe_the_same(one, user=agent)) == [namesake, number]


def test_the_pages_show_preview_join_and_undo(client, agent):
    client.force_login(agent)
    kept, gone = make_customer("Maja Lind", client=make_client()), make_customer("Maja Lind", client=make_client())
    make_case(customer=gone)
    assert "maybe the same" in client.get(f"/customers/{kept.pk}/").content.decode()
    page = client.get(f"/customers/{kept.pk}/merge/?other={gone.pk}").content.decode()
    assert "1 case goes along" in page
    assert not CustomerMerge.objects.exists()
    client.post(f"/customers/{kept.pk}/merge/", {"other": gone.pk})
    merge = CustomerMerge.objects.get()
    assert (merge.by, merge.kept) == (agent, kept)
    assert client.get(f"/customers/{gone.pk}/")["Location"] == f"/customers/{kept.pk}/"
    client.post(f"/customers/{kept.pk}/merges/{merge.pk}/undoing/")
    gone.refresh_from_db()
    assert gone.merged_into is None
    assert Case.objects.get().customer == gone


def test_a_join_of_somebody_else_cannot_be_undone_from_here(client, agent, pair):
    kept, gone = pair
    merge = joining.join(gone, into=kept, by=agent)
    client.force_login(agent)
    assert client.post(f"/customers/{make_customer().pk}/merges/{merge.pk}/undoing/").status_code == 404


def test_the_customers_page_takes_the_same_queries_however_much_there_is(client, agent, django_assert_max_num_queries):
    client.force_login(agent)
    one = make_customer("Maja Lind", phone="+46701234567", client=make_client())
    for _number in range(5):
        make_customer("Maja Lind", client=make_client())
        make_case(customer=one)
    with django_assert_max_num_queries(16):
        client.get(f"/customers/{one.pk}/")
