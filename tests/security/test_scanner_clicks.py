"""Links in mails are opened by machines before people see them.

Retently, Wootric, nps.today, Iterate and Simplesat all document false answers from mail scanners that followed every link,
with HEAD, prefetch and whole browsers. Here: looking at the form and at the page of a case changes no row, however often.
"""

import pytest
from django.apps import apps
from django.urls import reverse

from tests.factories import make_case, make_customer
from tests.security.web import make_form
from tickets import status_links

pytestmark = pytest.mark.django_db
SCANNERS = ["BarracudaSentinel (EE)", "Mozilla/5.0 SafeLinks", "Proofpoint", "Mimecast", "Google-Read-Aloud"]


def rows():
    return {
        model._meta.label: list(model.objects.order_by("pk").values_list())
        for model in apps.get_app_config("tickets").get_models()
    }


def test_a_hundred_looks_by_scanners_change_no_row(client):
    form = make_form()
    case = make_case(customer=make_customer(email="maja@example.com"))
    case.resolve(by=None)
    token = status_links.token_for(status_links.give(case, is_proven=True))
    pages = [form.get_absolute_url(), reverse("case_status", args=[token]), f"/form/contact/thanks/{token}/"]
    before = rows()
    for number in range(100):
        address = f"{pages[number % 3]}?sent=1&lang=sv&text=hello&undo=1"
        ask = client.head if number % 4 == 0 else client.get
        headers = {"User-Agent": SCANNERS[number % 5], "Purpose": "prefetch", "Sec-Purpose": "prefetch"}
        assert ask(address, headers=headers).status_code == 200
    assert rows() == before
