"""Killed in the middle, an import leaves whole steps; the same import again ends as if nothing had happened."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path
from urllib.parse import quote

import pytest
from django.core.management import call_command
from django.db import connection

from tests.tickets.bundle.logs import Desk
from tickets.settle import differences

pytestmark = pytest.mark.heavy
GOLDEN = Path(__file__).resolve().parents[2] / "data" / "golden"
PROJECT = Path(__file__).resolve().parents[3]

# Stops itself with the hardest signal as soon as the database is busy with the statement that is named.
DIE = """
import os, signal, sys
import django
django.setup()
from django.db import connection
from django.db.backends.signals import connection_created
from tickets.bundle.load import Load
from tickets.bundle.readers import Bundle
from pathlib import Path

word, number = sys.argv[2], int(sys.argv[3])
seen = 0

def watch(execute, sql, params, many, context):
    global seen
    answer = execute(sql, params, many, context)
    if word in " ".join(str(sql).split()):
        seen += 1
        if seen == number:
            os.kill(os.getpid(), signal.SIGKILL)
    return answer

with connection.execute_wrapper(watch):
    Load(Bundle(Path(sys.argv[1])), "golden").run()
print("not killed")
"""

# What there is, without keys that depend on the order of things.
SNAPSHOT = {
    "contacts": """
        SELECT to_jsonb(c) - '{id,source_id,client_id,customer_id,case_id,logged_case_id,topic_id,queue_id,parent_id,
                               duplicate_of_id,owner_id,team_id}'::text[]
            || jsonb_build_object('client', cl.code, 'case', k.external_id, 'logged', lk.external_id, 'topic', t.path,
                'queue', q.code, 'parent', p.external_id, 'copy', d.external_id, 'owner', u.code,
                'customer', (SELECT array_agg(i.value ORDER BY i.value) FROM tickets_identity i
                             WHERE i.customer_id = c.customer_id))
        FROM tickets_contact c
        JOIN tickets_client cl ON cl.id = c.client_id
        LEFT JOIN tickets_case k ON k.number = c.case_id
        LEFT JOIN tickets_case lk ON lk.number = c.logged_case_id
        LEFT JOIN tickets_topic t ON t.id = c.topic_id
        LEFT JOIN tickets_queue q ON q.id = c.queue_id
        LEFT JOIN tickets_contact p ON p.id = c.parent_id
        LEFT JOIN tickets_contact d ON d.id = c.duplicate_of_id
        LEFT JOIN tickets_user u ON u.id = c.owner_id
        ORDER BY c.external_id
    """,
    "segments": """
        SELECT to_jsonb(s) - '{id,source_id,contact_id,agent_id}'::text[]
            || jsonb_build_object('contact', c.external_id, 'agent', u.code)
        FROM tickets_segment s JOIN tickets_contact c ON c.id = s.contact_id JOIN tickets_user u ON u.id = s.agent_id
        ORDER BY s.external_id
    """,
    "cases": """
        SELECT to_jsonb(k) - '{number,source_id,client_id,customer_id,topic_id,queue_id,owner_id,first_contact_id,
                               merged_into_id}'::text[]
            || jsonb_build_object('first', c.external_id, 'into', m.external_id, 'owner', u.code, 'topic', t.path)
        FROM tickets_case k
        LEFT JOIN tickets_contact c ON c.id = k.first_contact_id
        LEFT JOIN tickets_case m ON m.number = k.merged_into_id
        LEFT JOIN tickets_user u ON u.id = k.owner_id
        LEFT JOIN tickets_topic t ON t.id = k.topic_id
        ORDER BY k.external_id
    """,
    "events": """
        SELECT to_jsonb(e) - '{id,case_id,actor_id,data}'::text[] || jsonb_build_object('case', k.external_id, 'by', u.code)
        FROM tickets_caseevent e JOIN tickets_case k ON k.number = e.case_id LEFT JOIN tickets_user u ON u.id = e.actor_id
        ORDER BY k.external_id, e.at, e.kind, e.occurrence
    """,
    "identities": "SELECT kind || value FROM tickets_identity ORDER BY 1",
    "promises": "SELECT to_jsonb(p) - '{id,source_id,case_id}'::text[] FROM tickets_promise p ORDER BY external_id",
    "responses": """
        SELECT to_jsonb(r) - '{id,invitation_id}'::text[] || jsonb_build_object('survey', i.external_id)
        FROM surveys_response r JOIN surveys_invitation i ON i.id = r.invitation_id ORDER BY i.external_id, r.responded_at
    """,
    "interviews": "SELECT external_id FROM surveys_interview ORDER BY 1",
    "pulse": "SELECT respondent || enps FROM surveys_pulseanswer ORDER BY 1",
    "time": "SELECT paid_us FROM tickets_agenttime ORDER BY 1",
    "costs": "SELECT amount FROM tickets_cost ORDER BY 1",
    "agreements": "SELECT to_jsonb(a) - '{id,client_id,calendar_id}'::text[] FROM tickets_agreement a ORDER BY valid_from",
    "quarantine": """
        SELECT to_jsonb(q) - '{id,source_id,created_at,settled_at}'::text[] || jsonb_build_object('done', settled_at IS NULL)
        FROM tickets_quarantinedrow q ORDER BY file, line
    """,
}


# What an import leaves that nobody killed: the same for every test, and made by the first.
CLEAN: dict[str, list] = {}


def snapshot() -> dict[str, list]:
    found = {}
    for name, query in SNAPSHOT.items():
        with connection.cursor() as cursor:
            cursor.execute(query)
            found[name] = [row[0] for row in cursor.fetchall()]
    return found


def wipe() -> None:
    tables = (
        "tickets_source, tickets_client, tickets_customer, tickets_queue, tickets_topic, tickets_team, tickets_calendar"
    )
    with connection.cursor() as cursor:
        cursor.execute(f"TRUNCATE {tables}, tickets_cost, metrics_mark CASCADE")


@pytest.fixture(scope="module")
def log(tmp_path_factory) -> Path:
    """The golden log with three rows that cannot be right, and one that refers to one of them."""
    folder = tmp_path_factory.mktemp("kill") / "golden"
    folder.mkdir()
    for file in GOLDEN.iterdir():
        (folder / file.name).write_bytes(file.read_bytes())
    with (folder / "contacts.csv").open("a") as contacts:
        contacts.write("X1,fax,inbound,,,,,,support,2025-10-06T07:00:00Z,,,,answered,,,\n")
        contacts.write("X2,phone,inbound,,,,,,support,2025-10-06T07:00:00Z,,,,answered,X1,,\n")
        contacts.write("X3,phone\n")
    return folder


def die(log: Path, word: str, number: int) -> None:
    settings = connection.settings_dict
    environment = {
        **os.environ,
        "DATABASE_URL": f"postgresql://{settings['USER']}@{quote(settings['HOST'], safe='')}/{settings['NAME']}",
    }
    died = subprocess.run(
        [sys.executable, "-c", DIE, str(log), word, str(number)],
        cwd=PROJECT, env=environment, capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip
    assert died.returncode == -signal.SIGKILL, died.stdout + died.stderr


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("word", "number"),
    [
        ("ANALYZE stage_contacts", 1),  # all is read, nothing is taken in
        ("INSERT INTO tickets_caseevent", 1),  # in the middle of the cases
        ("INSERT INTO tickets_contact (", 1),  # the cases are in, the contacts are not
        ("UPDATE tickets_contact c SET is_handled", 1),  # contacts and legs are there, their sums are not committed
        ("INSERT INTO surveys_response", 1),
        ("INSERT INTO tickets_quarantinedrow", 1),  # all is in, the quarantine is not
    ],
)
def test_killed_and_run_again_is_as_if_never_killed(log, word, number):
    wipe()
    clean = CLEAN
    if not clean:
        with pytest.raises(SystemExit):
            call_command("import_bundle", str(log), verbosity=0)
        clean |= snapshot()
        wipe()
    assert len(clean["contacts"]) == 37
    assert len(clean["quarantine"]) == 3
    die(log, word, number)
    assert differences() == []
    with pytest.raises(SystemExit):
        call_command("import_bundle", str(log), verbosity=0)
    again = snapshot()
    for name, rows in clean.items():
        assert again[name] == rows, name
    assert differences() == []


@pytest.mark.django_db(transaction=True)
def test_two_imports_at_once_take_each_row_in_once(tmp_path, log):
    wipe()
    desk = Desk(log)
    settings = connection.settings_dict
    environment = {
        **os.environ,
        "DATABASE_URL": f"postgresql://{settings['USER']}@{quote(settings['HOST'], safe='')}/{settings['NAME']}",
    }
    both = [
        subprocess.Popen(
            [sys.executable, "manage.py", "import_bundle", str(log)],
            cwd=PROJECT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        )
        for _number in range(2)
    ]  # fmt: skip
    told = [process.communicate(timeout=120)[0] for process in both]
    assert [process.returncode for process in both] == [3, 3], told
    assert len(snapshot()["contacts"]) == 37
    assert desk.load("golden")["contacts.csv"] == (40, 0, 0, 37, 3)
