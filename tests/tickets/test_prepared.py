"""A query that is put together once answers as one that is put together each time."""

from datetime import timedelta

import pytest
from django.utils import timezone

from tests.factories import make_case, make_client, make_customer, make_queue, make_team, make_user
from tickets.models import Case, Message, Queue, User
from tickets.prepared import Prepared

pytestmark = pytest.mark.django_db

CASES = Prepared(
    lambda user, before: Case.objects.visible_to(user).for_page().prefetch_related(None).filter(created_at__lt=before)
)


def test_each_user_gets_what_she_may_see_and_nobody_anothers():
    first, second = make_queue("first", teams=[make_team("a")]), make_queue("second", teams=[make_team("b")])
    here, there = make_case(queue=first, customer=make_customer()), make_case(queue=second)
    anna, bo = make_user("anna", team=make_team("a")), make_user("bo", team=make_team("b"))
    loner, boss = make_user("eva", team=None), make_user("boss", role=User.Role.MANAGER)
    later = timezone.now() + timedelta(hours=1)
    for user, expected in [(anna, {here}), (bo, {there}), (loner, set()), (boss, {here, there}), (anna, {here})]:
        assert set(CASES(user, later)) == expected
    assert CASES(boss, here.created_at - timedelta(days=1)) == []


def test_a_company_gets_what_is_its_own_and_never_what_was_put_together_for_another():
    one, two = make_client("one"), make_client("two")
    cases = {client: make_case(client=client, queue=make_queue(client.code, client=client)) for client in (one, two)}
    later = timezone.now() + timedelta(hours=1)
    for client in (one, two, one):
        boss = make_user(role=User.Role.CLIENT, client=client)
        assert CASES(boss, later) == [cases[client]]


def test_rows_are_whole_models_with_what_was_selected_along(django_assert_num_queries):
    case = make_case(queue=make_queue(), customer=make_customer("Maja"), owner=make_user("anna"))
    boss = make_user("boss", role=User.Role.MANAGER)
    CASES(boss, timezone.now())
    with django_assert_num_queries(1):
        one = CASES.first(boss, timezone.now())
        assert (one.customer.name, one.owner.username, one.queue.code) == ("Maja", "anna", "first-line")
    fresh = Case.objects.for_page().get(pk=case.pk)
    assert one.newest_event == fresh.newest_event
    assert one.__dict__.keys() - {"_state"} == fresh.__dict__.keys() - {"_state", "_prefetched_objects_cache"}


def test_constants_are_read_as_what_they_are_though_they_look_like_something_else():
    strange = "50% of 'it' %s %(x)s \\ {}"
    case, later = make_case(subject=strange), timezone.now() + timedelta(hours=1)
    make_case(subject="50 of it")
    named = Prepared(
        lambda before: Case.objects.filter(subject=strange, created_at__lt=before).only("number", "subject")
    )
    for _ in range(8):  # as SQL, and then as a statement whose plan PostgreSQL keeps
        assert named(later) == [case]
    assert named(case.created_at - timedelta(days=1)) == []


def test_without_a_row_there_is_none():
    nothing = Prepared(lambda number: Message.objects.filter(case=number))
    assert nothing(12) == []
    assert nothing.first(12) is None
    assert Prepared(lambda _number: Queue.objects.none())(1) == []


def test_what_it_cannot_carry_is_refused():
    with pytest.raises(TypeError):
        Prepared(lambda _text: Queue.objects.all())("text")
    with pytest.raises(TypeError):
        Prepared(lambda _number: Queue.objects.prefetch_related("teams"))(1)
