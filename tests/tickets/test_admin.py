"""Administration: administrators by role, nobody else, and never the log."""

import pytest
from django.contrib import admin

from tests.factories import make_agreement, make_user
from tickets.models import Case, CaseEvent, Contact, Topic, User

pytestmark = pytest.mark.django_db
PAGES = ["user", "team", "skill", "queue", "topic", "client", "agreement", "calendar"]


@pytest.mark.parametrize("page", PAGES)
def test_an_administrator_by_role_sets_up_the_desk(client, page):
    make_agreement()
    Topic.objects.at_path("billing/invoice")
    client.force_login(make_user(role="admin", is_superuser=False))
    assert client.get(f"/admin/tickets/{page}/").status_code == 200
    assert client.get(f"/admin/tickets/{page}/add/").status_code == 200


@pytest.mark.parametrize("role", ["agent", "lead", "manager", "integration"])
def test_nobody_else_does_even_with_a_foot_in_the_door(client, role):
    client.force_login(make_user(role=role, is_staff=True))
    for page in PAGES:
        assert client.get(f"/admin/tickets/{page}/").status_code == 403


def test_the_log_cannot_be_edited():
    assert not {Case, Contact, CaseEvent} & set(admin.site._registry)


def test_an_administrator_does_not_make_herself_a_superuser(client):
    boss = make_user(role="admin", is_superuser=False)
    client.force_login(boss)
    client.post(
        f"/admin/tickets/user/{boss.pk}/change/",
        {"username": boss.username, "role": "admin", "is_active": "on", "is_staff": "on", "is_superuser": "on"},
    )
    boss.refresh_from_db()
    assert not boss.is_superuser


def test_an_administrator_does_not_change_a_superusers_password(client):
    root = make_user("root", role="admin")
    client.force_login(make_user(role="admin", is_superuser=False))
    assert client.get(f"/admin/tickets/user/{root.pk}/password/").status_code == 403


def test_a_topic_is_made_with_its_parents(client):
    client.force_login(make_user(role="admin"))
    client.post("/admin/tickets/topic/add/", {"path": "delivery/late", "demand": "failure", "is_active": "on"})
    topic = Topic.objects.get(path="delivery/late")
    assert (topic.parent.path, topic.demand, topic.first_contact_resolvable) == ("delivery", "failure", False)


def test_whoever_leaves_is_not_deleted(client):
    client.force_login(make_user(role="admin"))
    gone = make_user()
    assert client.post(f"/admin/tickets/user/{gone.pk}/delete/", {"post": "yes"}).status_code == 403
    assert User.objects.filter(pk=gone.pk).exists()
