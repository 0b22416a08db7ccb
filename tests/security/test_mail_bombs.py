"""Mails that are made to take the processor, or all memory, of whoever reads them.

OTRS, Znuny and RT each stood still for one mail (CVE-2021-21439, CVE-2021-36093, CVE-2024-48938, CVE-2014-9472): a page that was
pasted from Word, a header of encoded words, nested markup. Here each is read by a child that has ten seconds and 512 MB; what
it cannot read is a case with the file all the same, and the mails after it are read.
"""

from __future__ import annotations

import os
import resource
import subprocess
import sys

import pytest

from tests.factories import make_mailbox
from tests.security.bombs import BOMBS
from tests.tickets.email.mails import mail
from tickets.channels.email import backlog, receive
from tickets.channels.email.child import LENGTH, MEMORY, SECONDS, read_block
from tickets.channels.email.reader import PROJECT
from tickets.models import Case, IncomingMail

# Reads what comes by its pipe as the child does, and says at the end what that took.
MEASURED = """
import sys
from tickets.channels.email import child
child.main()
# Not getrusage: that begins with what the process had that this one was forked from.
(most,) = [line.split()[1] for line in open("/proc/self/status") if line.startswith("VmHWM")]
print(most, file=sys.stderr)
"""


def test_there_are_thirty_kinds():
    assert len(BOMBS) >= 30


@pytest.mark.parametrize("name", BOMBS)
def test_a_child_that_reads_one_keeps_within_its_limits(name):
    raw = BOMBS[name]()
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    child = subprocess.Popen(
        [sys.executable, "-c", MEASURED], cwd=PROJECT, env={"PATH": os.environ["PATH"], "PYTHONPATH": str(PROJECT)},
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    _answer, told = child.communicate(LENGTH.pack(len(raw)) + raw, timeout=120)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    # Its own account, where it came to its end, else what the kernel counted: then the limit has ended it.
    spent = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    assert spent <= SECONDS + 3  # with its start, and the second in which the kernel looks
    if child.returncode == 0:
        assert int(told.split()[-1]) <= MEMORY >> 10


@pytest.mark.heavy
@pytest.mark.django_db(transaction=True)
def test_each_becomes_a_case_and_the_mails_between_them_get_through(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path
    mailbox = make_mailbox()
    for name, make in BOMBS.items():
        receive.receive(make(), mailbox=mailbox)
        receive.receive(mail(Subject=f"After {name}"), mailbox=mailbox)
    for _round in range(8):
        backlog.work_off()
    states = IncomingMail.State
    assert not IncomingMail.objects.exclude(state__in=[states.APPLIED, states.STUB]).exists()
    assert Case.objects.filter(subject__startswith="After ").count() == len(BOMBS)
    assert Case.objects.count() == 2 * len(BOMBS)


def test_the_child_answers_the_next_mail_after_one_that_it_refused():
    child = subprocess.Popen(
        [sys.executable, "-m", "tickets.channels.email.child"],
        cwd=PROJECT,
        env={},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    for raw in (BOMBS["many headers"](), mail(Subject="Hello")):
        child.stdin.write(LENGTH.pack(len(raw)) + raw)
        child.stdin.flush()
        answer = read_block(child.stdout)
    child.stdin.close()
    child.wait(20)
    child.stdout.close()
    assert b"Hello" in answer
