"""Real mails from a real server while whoever takes them in is killed: none is lost, and none is there twice.

`python -m bench.mail --kills 200` does the same two hundred times.
"""

from __future__ import annotations

import pytest

from tests.factories import make_mailbox
from tests.realdata.mail_kills import corpus, faults, take_in_while_killed
from tests.realdata.shared import shared
from tests.tickets.email import dovecot

FOLDER = shared("data/email")
pytestmark = [
    pytest.mark.heavy,
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(FOLDER is None, reason="data/email is not beside the checkout"),
]
# A part of them here; the benchmark takes them all.
EVERY, KILLS = 4, 8


@pytest.fixture
def server(settings, tmp_path, monkeypatch):
    settings.MEDIA_ROOT, settings.INTERNAL_HOSTS = tmp_path, ["127.0.0.1"]
    monkeypatch.setenv("MAILBOX_PASSWORD_SUPPORT", dovecot.PASSWORD)
    with dovecot.running() as one:
        make_mailbox(host="127.0.0.1", port=one.port, security="none", user="support")
        yield one


def test_every_mail_is_there_once_whatever_is_killed(server):
    mails = corpus(FOLDER)[::EVERY]
    server.put(*mails)
    assert take_in_while_killed(KILLS, steps=500) == KILLS
    held = server.mails()
    assert len(held) == len(mails)
    assert faults(held) == []
