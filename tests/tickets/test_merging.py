"""Merge, take back, split, link: nothing is lost, and the contacts count where they belong."""

import pytest
from django.core.exceptions import ValidationError

from tests.factories import make_case, make_client, make_contact, make_customer, make_user
from tickets import merging
from tickets.models import CaseEvent, Contact, Draft, Status

pytestmark = pytest.mark.django_db


@pytest.fixture
def agent():
    return make_user("anna")


def kinds(case):
    return [event.kind for event in case.events.order_by("id")]


def counts_for(*contacts):
    return [Contact.objects.get(pk=contact.pk).case_id for contact in contacts]


def test_contacts_of_a_merged_case_count_for_the_other_and_come_back(agent):
    one, other = make_case(), make_case()
    first, second = make_contact(case=one), make_contact(case=other)
    merging.merge(one, into=other, by=agent)
    assert (one.status, one.merged_into_id) == ("merged", other.pk)
    assert counts_for(first, second) == [other.pk, other.pk]
    assert merging.unmerge(one, by=agent)
    assert (one.status, one.merged_into_id) == ("open", None)
    assert counts_for(first, second) == [one.pk, other.pk]
    assert kinds(one) == ["created", "merged", "unmerged"]
    assert kinds(other) == ["created"]


def test_a_chain_of_merges_counts_at_its_end_and_is_taken_back_link_by_link(agent):
    a, b, c = make_case(), make_case(), make_case()
    of_a, of_b = make_contact(case=a), make_contact(case=b)
    merging.merge(a, into=b, by=agent)
    merging.merge(b, into=c, by=agent)
    assert counts_for(of_a, of_b) == [c.pk, c.pk]
    merging.unmerge(b, by=agent)
    assert counts_for(of_a, of_b) == [b.pk, b.pk]
    merging.unmerge(a, by=agent)
    assert counts_for(of_a, of_b) == [a.pk, b.pk]


def test_a_resolved_case_is_resolved_again_after_the_merge_is_taken_back(agent):
    one, other = make_case(), make_case()
    one.resolve(by=agent)
    merging.merge(one, into=other, by=agent)
    merging.unmerge(one, by=agent)
    assert one.status == Status.RESOLVED


def test_taking_back_twice_is_one_event(agent):
    one = make_case()
    merging.merge(one, into=make_case(), by=agent)
    assert merging.unmerge(one, by=agent)
    assert not merging.unmerge(one, by=agent)
    assert kinds(one).count("unmerged") == 1


def test_promises_go_along_and_come_back_unless_they_were_kept(agent, settings):
    from datetime import timedelta

    from django.utils import timezone

    one, other = make_case(), make_case()
    kept = one.promise(due_at=timezone.now() + timedelta(days=1), by=agent)
    open_one = one.promise(due_at=timezone.now() + timedelta(days=2), by=agent)
    merging.merge(one, into=other, by=agent)
    assert set(other.promises.all()) == {kept, open_one}
    other.keep(kept, by=agent)
    merging.unmerge(one, by=agent)
    assert list(one.promises.all()) == [open_one]


@pytest.mark.parametrize("wrong", ["itself", "merged already", "into a merged one", "another client"])
def test_what_cannot_be_merged_is_refused_with_a_reason_and_changes_nothing(agent, wrong):
    one, other = make_case(), make_case()
    if wrong == "itself":
        other = one
    elif wrong == "merged already":
        merging.merge(one, into=make_case(), by=agent)
    elif wrong == "into a merged one":
        merging.merge(other, into=make_case(), by=agent)
    else:
        other = make_case(client=make_client("elsewhere"))
    before = kinds(one)
    assert merging.preview(one, other).problem
    with pytest.raises(ValidationError):
        merging.merge(one, into=other, by=agent)
    assert kinds(one) == before


def test_a_contact_merged_into_a_spam_case_counts_nowhere_until_it_comes_back(agent):
    one, spam = make_case(), make_case(flags=["spam"])
    contact = make_contact(case=one)
    merging.merge(one, into=spam, by=agent)
    assert not Contact.objects.get(pk=contact.pk).is_valid
    merging.unmerge(one, by=agent)
    assert Contact.objects.get(pk=contact.pk).is_valid


def test_an_unsent_text_goes_along(agent):
    one, other = make_case(), make_case()
    draft = Draft.objects.create(case=one, author=agent, kind="reply", html="<div>half a th</div>")
    merging.merge(one, into=other, by=agent)
    draft.refresh_from_db()
    assert draft.case == other


def test_a_split_message_is_a_case_dated_by_the_message_and_linked(agent):
    case = make_case(customer=make_customer())
    message = case.log_message("Also, my invoice is wrong.", kind="incoming", by=None)
    made = merging.split(message, by=agent)
    message.refresh_from_db()
    assert message.case == made
    assert made.created_at == message.at
    assert made.subject == "Also, my invoice is wrong."
    assert merging.linked_to(case, agent) == [made]
    assert CaseEvent.Kind.SPLIT in kinds(case)
    with pytest.raises(ValidationError):
        merging.split(type(message).objects.get(pk=case.write_note("no", by=agent).pk), by=agent)


def test_a_link_is_one_whichever_way_it_is_made(agent):
    one, other = make_case(), make_case()
    assert merging.link(one, other, by=agent)
    assert not merging.link(other, one, by=agent)
    assert merging.unlink(other, one, by=agent)
    assert not merging.unlink(one, other, by=agent)
    assert kinds(one) == ["created", "linked", "unlinked"]
