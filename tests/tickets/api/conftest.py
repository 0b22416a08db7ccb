"""Programs that call the API, one a role."""

import pytest


def caller(username, **fields):
    # Imported late: this file is read before Django is set up.
    from tests.factories import make_user
    from tests.tickets.api.calling import Caller

    return Caller(make_user(username, **fields))


@pytest.fixture
def agent(db):
    """An agent of the team "support", whose queue is "first-line"."""
    from tests.factories import make_queue

    make_queue()
    return caller("anna", role="agent")


@pytest.fixture
def stranger(db):
    """An agent of another team, who sees another queue."""
    from tests.factories import make_queue, make_team

    team = make_team("billing")
    make_queue("invoices", teams=[team])
    return caller("bo", role="agent", team=team)


@pytest.fixture
def lead(db):
    return caller("lena", role="lead")


@pytest.fixture
def manager(db):
    return caller("maria", role="manager")


@pytest.fixture
def system(db):
    return caller("pbx", role="integration")


@pytest.fixture
def admin(db):
    return caller("ada", role="admin")
