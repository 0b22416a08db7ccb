"""The list of cases as a table and a workbook: the rows of the list on the screen, in its order, for whoever may read them."""

from __future__ import annotations

import csv
import io

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from openpyxl import load_workbook

from tests.factories import make_case, make_queue, make_team, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def agent(client):
    user = make_user("anna")
    client.force_login(user)
    return client


def table(client, query: str) -> list[list[str]]:
    content = b"".join(client.get(f"/cases/export.csv?{query}").streaming_content).decode("utf-8-sig")
    return list(csv.reader(io.StringIO(content)))


def test_it_has_the_rows_of_the_list_in_its_order_and_no_others(agent):
    numbers = [make_case(subject=f"=cmd {n}").pk for n in range(3)]
    make_case(queue=make_queue("theirs", teams=[make_team("others")]), subject="Secret")
    rows = table(agent, "whose=all&sort=created")
    assert [int(row[0]) for row in rows[1:]] == numbers[::-1]
    assert [int(row[0]) for row in table(agent, "whose=all&sort=-created")[1:]] == numbers
    assert all(row[2].startswith("'=cmd") for row in rows[1:])
    assert len(table(agent, "whose=all&q=nothing")) == 1


def test_the_workbook_says_the_same_with_numbers_and_moments_as_such(agent):
    case = make_case(subject="=1+1")
    answer = agent.get("/cases/export.xlsx?whose=all")
    book = load_workbook(io.BytesIO(b"".join(answer.streaming_content)))
    head, row = book.worksheets[0].iter_rows(values_only=True)
    assert (row[0], row[2]) == (case.pk, "=1+1")
    assert book.worksheets[0].cell(2, 3).data_type == "s"
    assert row[head.index("Opened")].year == case.created_at.year


def test_more_rows_need_no_more_queries(agent):
    make_case()
    with CaptureQueriesContext(connection) as few:
        table(agent, "whose=all")
    for _n in range(5):
        make_case()
    with CaptureQueriesContext(connection) as many:
        table(agent, "whose=all")
    assert len(many) == len(few)


def test_without_a_log_in_it_leads_there(client):
    assert client.get("/cases/export.csv")["Location"].startswith("/login/")
