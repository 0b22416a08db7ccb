import pytest

from tests.factories import make_case, make_queue, make_source, make_team, make_user

pytestmark = pytest.mark.django_db


def caller(role, **fields):
    from tests.tickets.api.calling import Caller

    return Caller(make_user(f"a-{role}", role=role, **fields))


def answered(case, **scores):
    from surveys.models import Invitation

    invitation = Invitation.objects.create(source=make_source(), client=case.client, case=case, customer=case.customer)
    return invitation.responses.create(**scores)


def test_answers_are_read_with_what_they_are_about():
    case = make_case()
    response = answered(case, csat=5, ces=6, nps=9, fcr_resolved="yes", fcr_contacts=1, comment="Thanks!")
    (row,) = caller("manager").get("surveys/responses/").json()["results"]
    assert (row["csat"], row["ces"], row["nps"], row["comment"]) == (5, 6, 9, "Thanks!")
    assert (row["survey_id"], row["case"], row["contact"]) == (response.invitation.external_id, case.number, None)


def test_a_lead_reads_the_answers_about_her_queues_and_an_agent_none():
    mine = answered(make_case(), csat=5)
    hers = answered(make_case(queue=make_queue("invoices", teams=[make_team("billing")])), csat=1)
    seen = [row["id"] for row in caller("lead").get("surveys/responses/").json()["results"]]
    assert seen == [mine.pk]
    assert caller("agent").get("surveys/responses/").status_code == 404
    assert caller("manager").get(f"surveys/responses/{hers.pk}/").status_code == 200


def test_answers_are_filtered_and_nobody_writes_them():
    case, other = make_case(), make_case()
    wanted = answered(case, csat=5)
    answered(other, csat=1)
    manager = caller("manager")
    rows = manager.get(f"surveys/responses/?case={case.number}").json()["results"]
    assert [row["id"] for row in rows] == [wanted.pk]
    assert manager.post("surveys/responses/", {"csat": 5}).status_code in {403, 405}
