"""Who gets what, in one table. An address that is not in it fails."""

import pytest
from django.db import transaction

from helpdesk import api
from tests.factories import PASSWORD, make_case, make_contact, make_customer, make_topic, make_user
from tests.tickets.api.calling import Caller, contact, description
from tickets.models import ApiToken, Case, Client, Contact, Customer, Queue, Topic, User

pytestmark = pytest.mark.django_db

ROLES = ["nobody", "closed", "stranger", "agent", "lead", "manager", "admin", "system"]
DUE = {"due_at": "2100-01-01T00:00:00Z"}
KPI = "kpi=offered&start=2025-10-01&end=2025-11-01"


def row(*codes: int) -> dict[str, int]:
    """Expected answers: nobody and the holder of a closed account, then the others in the order of ROLES."""
    first, *rest = codes
    return dict(zip(ROLES, [first, first, *rest], strict=True))


#                       nobody  stranger agent lead manager admin system
ALL_READ = row(401, 200, 200, 200, 200, 200, 200)
SEEN = row(401, 404, 200, 200, 200, 200, 200)
MADE_BY_ALL = row(401, 201, 201, 201, 201, 201, 201)
MADE_IN_SIGHT = row(401, 404, 201, 201, 201, 201, 201)
KEPT_MAKE = row(401, 403, 403, 403, 403, 201, 201)
KEPT_CHANGE = row(401, 403, 403, 403, 403, 200, 200)
NUMBERS = row(401, 404, 404, 200, 200, 200, 200)

# (name of the address, method) → body, expected
TABLE = {
    ("schema", "GET"): (None, ALL_READ),
    ("docs", "GET"): (None, row(302, 302, 302, 302, 302, 302, 302)),
    ("contacts", "GET"): (None, ALL_READ),
    # The queue is the agent's and not the stranger's.
    ("contacts", "POST"): (contact(topic=None), row(401, 400, 201, 201, 201, 201, 201)),
    ("contacts-batch", "POST"): ({"source": "x", "contacts": []}, row(401, 403, 403, 403, 200, 200, 200)),
    ("calls-events", "POST"): ({"source": "x", "events": []}, row(401, 403, 403, 403, 200, 200, 200)),
    # Without a telephone system of that maker there is nothing that it could belong to.
    ("calls-amazon-connect", "POST"): ([], row(401, 403, 403, 403, 400, 400, 400)),
    ("contact", "GET"): (None, SEEN),
    ("contact", "PUT"): (contact(topic=None) | {"contact_id": "seen"}, SEEN),
    ("contact", "PATCH"): ({"cause": "x"}, SEEN),
    ("customers", "GET"): (None, ALL_READ),
    ("customers", "POST"): ({"name": "x"}, MADE_BY_ALL),
    ("customer", "GET"): (None, ALL_READ),
    ("customer", "PUT"): ({"name": "x"}, ALL_READ),
    ("customer", "PATCH"): ({"name": "x"}, ALL_READ),
    ("cases", "GET"): (None, ALL_READ),
    ("cases", "POST"): ({"channel": "phone", "queue": "first-line"}, row(401, 400, 201, 201, 201, 201, 201)),
    ("case", "GET"): (None, SEEN),
    ("case", "PATCH"): ({"subject": "x"}, SEEN),
    ("case-messages", "GET"): (None, SEEN),
    ("case-messages", "POST"): ({"body": "x"}, MADE_IN_SIGHT),
    ("case-resolution", "POST"): ({}, MADE_IN_SIGHT),
    ("case-resolution", "DELETE"): (None, SEEN),
    ("case-assignment", "POST"): ({"agent": "olle"}, MADE_IN_SIGHT),
    ("case-assignment", "DELETE"): (None, SEEN),
    ("case-escalation", "POST"): ({}, MADE_IN_SIGHT),
    ("case-promises", "GET"): (None, SEEN),
    ("case-promises", "POST"): (DUE, MADE_IN_SIGHT),
    ("survey-responses", "GET"): (None, NUMBERS),
    ("survey-response", "GET"): (None, row(401, 404, 404, 200, 200, 200, 200)),
    ("topics", "GET"): (None, ALL_READ),
    ("topics", "POST"): ({"path": "new/one"}, KEPT_MAKE),
    ("topic", "GET"): (None, ALL_READ),
    ("topic", "PUT"): ({"path": "billing/invoice"}, KEPT_CHANGE),
    ("topic", "PATCH"): ({"is_active": False}, KEPT_CHANGE),
    ("queues", "GET"): (None, ALL_READ),
    ("queues", "POST"): ({"code": "new", "name": "New"}, KEPT_MAKE),
    ("queue", "GET"): (None, SEEN),
    ("queue", "PUT"): ({"code": "first-line", "name": "x"}, KEPT_CHANGE),
    ("queue", "PATCH"): ({"name": "x"}, KEPT_CHANGE),
    ("agents", "GET"): (None, ALL_READ),
    ("agents", "POST"): ({"agent_id": "new"}, KEPT_MAKE),
    ("agent", "GET"): (None, ALL_READ),
    ("agent", "PUT"): ({"agent_id": "olle", "name": "x"}, KEPT_CHANGE),
    ("agent", "PATCH"): ({"name": "x"}, KEPT_CHANGE),
    ("clients", "GET"): (None, ALL_READ),
    ("clients", "POST"): ({"code": "new", "name": "New"}, KEPT_MAKE),
    ("client", "GET"): (None, ALL_READ),
    ("client", "PUT"): ({"code": "own", "name": "x"}, KEPT_CHANGE),
    ("client", "PATCH"): ({"name": "x"}, KEPT_CHANGE),
    ("kpis", "GET"): (None, NUMBERS),
    ("kpi-values", "GET"): (None, NUMBERS),
    ("kpi-rows", "GET"): (None, NUMBERS),
    ("kpi-pareto-topics", "GET"): (None, NUMBERS),
    ("kpi-pareto-causes", "GET"): (None, NUMBERS),
    ("kpi-failure-demand-bounds", "GET"): (None, NUMBERS),
    ("kpi-fcr-three-ways", "GET"): (None, NUMBERS),
    ("kpi-definition", "GET"): ({"slug": "fcr"}, NUMBERS),
}
METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE"]


def flat(patterns):
    for pattern in patterns:
        if hasattr(pattern, "url_patterns"):
            yield from flat(pattern.url_patterns)
        # A maker's own callback has no roles: its signature counts (`test_connectors`).
        elif pattern.name not in {"not-here", "calls-twilio"}:
            yield pattern


ADDRESSES = {pattern.name: pattern for pattern in flat(api.urlpatterns)}


def test_every_address_is_in_the_table():
    assert set(ADDRESSES) == {name for name, _method in TABLE}


@pytest.fixture
def world(agent, stranger, lead, manager, admin, system):
    """One of everything, in the queue of the agent and the lead, and a caller for each role."""
    from surveys.models import Invitation

    case = make_case(queue=Queue.objects.get(code="first-line"), topic=make_topic())
    row = make_contact(external_id="seen", queue=case.queue, case=case, agent=agent.user)
    invitation = Invitation.objects.create(source=row.source, client=row.client, contact=row, case=case)
    callers = {
        "nobody": Caller(make_user("gone-token")),
        "closed": Caller(make_user("closed", is_active=False)),
        "stranger": stranger,
        "agent": agent,
        "lead": lead,
        "manager": manager,
        "admin": admin,
        "system": system,
    }
    ApiToken.objects.filter(user__username="gone-token").delete()
    keys = {
        "contact": row.pk,
        "customer": make_customer("x").pk,
        "case": case.number,
        "survey-response": invitation.responses.create(csat=4).pk,
        "topic": Topic.objects.get(path="billing/invoice").pk,
        "queue": case.queue.pk,
        "agent": make_user("olle").pk,
        "client": case.client.pk,
    }
    return callers, keys


def address(name, keys):
    route = str(ADDRESSES[name].pattern)
    for variable in ("<int:pk>", "<int:number>"):
        route = route.replace(variable, str(keys.get(name) or keys["case"]))
    return route.replace("<str:slug>", "offered") + (f"?{KPI}" if name.startswith("kpi-") else "").replace(
        "kpi=offered&" if name == "kpi-rows" else "\0", ""
    )


@pytest.mark.parametrize("name", ADDRESSES)
def test_each_role_gets_what_the_table_says(world, name):
    callers, keys = world
    for role in ROLES:
        # What one role changes is undone before the next one comes.
        with transaction.atomic():
            for method in METHODS:
                check(name, method, role, callers[role], keys)
            transaction.set_rollback(True)


def check(name, method, role, caller, keys):
    body, expected = TABLE.get((name, method), ({}, None))
    if expected is None and (name in {"schema", "docs"} or name.startswith("kpi")):
        return
    answer = caller.send(method, address(name, keys), body)
    unlisted = {401} if role in {"nobody", "closed"} else {403, 405}
    assert answer.status_code in ({expected[role]} if expected else unlisted), (role, method, answer.content[:300])
    if answer.status_code == 401:
        assert answer["WWW-Authenticate"].startswith("Bearer")
    if answer.status_code >= 400:
        assert answer["Content-Type"] == "application/problem+json"
        assert "seen" not in answer.content.decode()


def test_the_docs_are_shown_to_who_is_signed_in(client, agent):
    client.force_login(agent.user)
    assert client.get("/api/v1/docs/").status_code == 200


def test_the_session_serves_too_but_writes_only_with_the_csrf_token(agent):
    from django.test import Client as Browser

    browser = Browser(enforce_csrf_checks=True)
    assert browser.login(username="anna", password=PASSWORD)
    assert browser.get("/api/v1/cases/").status_code == 200
    answer = browser.post("/api/v1/customers/", {"name": "x"}, content_type="application/json")
    assert answer.status_code == 403
    assert answer["Content-Type"] == "application/problem+json"
    proof = {"X-CSRFToken": str(browser.get("/api/v1/docs/").context["csrf_token"])}
    for _ in range(2):
        answer = browser.post(
            "/api/v1/customers/",
            {"name": "x"},
            content_type="application/json",
            headers=proof | {"Idempotency-Key": "1"},
        )
        assert answer.status_code == 201
    assert Customer.objects.count() == 1


SECRET = {"password", "token", "secret", "digest", "hash"}


def test_no_description_of_the_api_names_a_secret(system):
    def names(node):
        if isinstance(node, dict):
            yield from node.get("properties", {})
            for inner in node.values():
                yield from names(inner)
        elif isinstance(node, list):
            for inner in node:
                yield from names(inner)

    schema = description(system)
    assert not [name for name in names(schema["components"]) if any(word in name for word in SECRET)]


WRITES = {
    "contacts/": (Contact, contact(topic=None)),
    "customers/": (None, {"name": "x"}),
    "cases/": (Case, {"channel": "phone"}),
    "topics/": (Topic, {"path": "p"}),
    "queues/": (Queue, {"code": "c", "name": "n"}),
    "agents/": (User, {"agent_id": "a"}),
    "clients/": (Client, {"code": "c", "name": "n"}),
}


@pytest.mark.parametrize("path", WRITES)
def test_no_field_of_the_model_is_written_that_is_not_described(admin, path):
    model, body = WRITES[path]
    if model is None:
        model = Customer
    schema = description(admin)
    content = schema["paths"][f"/api/v1/{path}"]["post"]["requestBody"]["content"]["application/json"]
    described = schema["components"]["schemas"][content["schema"]["$ref"].split("/")[-1]]["properties"]
    assert set(body) - {"contact_id"} <= set(described)
    names = [field.attname for field in model._meta.get_fields() if hasattr(field, "attname")]
    for name in sorted(set(names) - set(described)):
        answer = admin.post(path, body | {name: 1})
        assert answer.status_code == 400, name
        assert [error["field"] for error in answer.json()["errors"]] == [name]


@pytest.mark.parametrize("origin", ["https://evil-localhost", "https://localhost.evil.example", "null"])
def test_other_sites_are_given_no_access_by_the_browser(system, origin):
    assert "Access-Control-Allow-Origin" not in system.get("cases/", Origin=origin).headers
