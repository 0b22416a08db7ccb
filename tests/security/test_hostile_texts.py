"""Scripts and templates in what strangers write.

Zammad showed a subject unquoted (CVE-2018-1000154), FreeScout a body in its own mails (CVE-2026-32754), and ServiceNow took
customers' text for a template (CVE-2024-4879). What comes by the form is text wherever it is shown.
"""

import pytest
from django.urls import reverse

from tests.factories import make_user
from tests.security.web import filled, make_form
from tickets import sending, status_links
from tickets.models import Case, Draft, OutgoingMail

pytestmark = pytest.mark.django_db
SCRIPT = "<img src=x onerror=alert(1)><script>alert(2)</script>"
TEMPLATE = "{{ 7|add:7 }}{% debug %}{{ case.client.pk }}${7*7}"


@pytest.fixture
def case(client):
    form = make_form()
    evil = SCRIPT + TEMPLATE
    client.post("/form/contact/", filled(form, name=evil[:100], subject=evil, text=evil))
    return Case.objects.get()


def test_it_is_shown_as_it_was_written_on_every_page(client, case):
    link = status_links.give(case, is_proven=True)
    client.force_login(make_user(role="lead"))
    customer = case.customer
    case.flags = ["spam"]
    case.save(update_fields=["flags"])
    for address in (
        reverse("case_status", args=[status_links.token_for(link)]),
        case.get_absolute_url(),
        customer.get_absolute_url(),
        f"/customers/{customer.pk}/merge/?q=img",
        "/settings/spam/",
        "/cases/?whose=all&flag=spam",
    ):
        page = client.get(address).content.decode()
        assert "<img src=x" not in page
        assert "<script>alert" not in page
        assert "&lt;img src=x" in page or "merge" in address
        assert "14" + "{% debug" not in page


def test_a_reply_about_it_carries_none_of_it_as_markup(case):
    draft = Draft.objects.create(case=case, author=make_user(), kind="reply", to=["maja@example.com"], html="<p>Hi</p>")
    sending.become_message(draft)
    mail = OutgoingMail.objects.get(carries__isnull=False)
    assert "<img src=x" not in mail.html
    assert "\n" not in mail.subject
