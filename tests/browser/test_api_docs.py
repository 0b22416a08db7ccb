"""The page to try the API at: it works under the same content policy as every other page."""

from __future__ import annotations

import json

import pytest

from tests.factories import PASSWORD, make_queue, make_user
from tickets.models import Customer

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def open_docs(page, live_server):
    make_queue()
    make_user("anna", role="admin")
    page.goto(f"{live_server.url}/api/v1/docs/")
    page.fill("[name=username]", "anna")
    page.fill("[name=password]", PASSWORD)
    page.press("[name=password]", "Enter")
    page.wait_for_url("**/api/v1/docs/**")
    page.locator(".opblock").first.wait_for()


def try_out(page, operation, body=None):
    block = page.locator(f"#operations-{operation}")
    block.locator(".opblock-summary-control").click()
    block.get_by_role("button", name="Try it out").click()
    if body is not None:
        block.locator("textarea.body-param__text").fill(json.dumps(body))
    block.get_by_role("button", name="Execute").click()
    answer = block.locator(".live-responses-table .response")
    answer.wait_for()
    return answer


def test_an_operation_is_tried_from_the_page(page, live_server):
    open_docs(page, live_server)
    assert page.locator(".opblock").count() > 40
    answer = try_out(page, "cases-cases_list")
    assert answer.locator(".response-col_status").inner_text().startswith("200")
    assert '"results": []' in answer.inner_text()


def test_a_write_from_the_page_carries_the_csrf_token(page, live_server):
    open_docs(page, live_server)
    answer = try_out(page, "customers-customers_create", {"name": "Maja Lind"})
    assert answer.locator(".response-col_status").inner_text().startswith("201")
    assert Customer.objects.get().name == "Maja Lind"


def test_the_page_fits_a_phone(phone, live_server):
    open_docs(phone, live_server)
    assert phone.evaluate("document.documentElement.scrollWidth") <= 390
