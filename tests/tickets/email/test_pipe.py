"""A mail server hands its mails to a command: kept, or given back for later. Nothing else."""

from __future__ import annotations

import os
import subprocess
import sys
from io import BytesIO, TextIOWrapper
from pathlib import Path

import pytest
from django.core.management import call_command

from tests.factories import make_mailbox
from tests.tickets.email.mails import mail
from tickets.channels.email import backlog
from tickets.models import Case, IncomingMail

PROJECT = Path(__file__).resolve().parents[3]


@pytest.fixture
def pipe(monkeypatch):
    def hand_over(raw: bytes, name: str) -> None:
        with TextIOWrapper(BytesIO(raw)) as stdin:
            monkeypatch.setattr("sys.stdin", stdin)
            call_command("receive_mail", name)

    return hand_over


@pytest.mark.django_db
@pytest.mark.parametrize("name", ["support@desk.example", "Support@Desk.example", "support"])
def test_a_mail_on_standard_input_is_kept_and_becomes_a_case(pipe, name):
    make_mailbox()
    pipe(mail(), name)
    backlog.work_off()
    assert Case.objects.get().subject == "Parcel"


@pytest.mark.django_db
def test_for_a_mailbox_that_is_not_there_it_says_later_and_keeps_nothing(pipe):
    make_mailbox(is_active=False)
    with pytest.raises(SystemExit) as ended:
        pipe(mail(), "support")
    assert ended.value.code == 75
    assert not IncomingMail.objects.exists()


@pytest.mark.parametrize("url", ["postgresql://nobody@127.0.0.1:9/none", "nonsense"])
def test_without_a_database_it_says_later(url):
    ran = subprocess.run(
        [sys.executable, "manage.py", "receive_mail", "support"],
        cwd=PROJECT, env={**os.environ, "DATABASE_URL": url}, input=mail(), capture_output=True, check=False, timeout=60,
    )  # fmt: skip
    assert ran.returncode == 75, ran.stderr
