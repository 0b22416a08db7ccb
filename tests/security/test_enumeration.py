"""Finding out who is a customer by what a form answers: FreeScout CVE-2026-45294, RT CVE-2021-38562, GLPI CVE-2024-43416.

The form says the same to an address that is known, one that is not, and one that is blocked.
"""

import re

import pytest

from tests.factories import make_customer, make_user
from tests.security.web import filled, make_form
from tickets.models import BlockedSender

pytestmark = pytest.mark.django_db


def test_known_unknown_and_blocked_addresses_are_answered_alike(client):
    form = make_form()
    make_customer("Known", email="known@example.com", language="fi")
    BlockedSender.objects.block("blocked@example.com", by=make_user())
    pages = set()
    for name in ("known", "unknown", "blocked"):
        answer = client.post("/form/contact/", filled(form, reach=f"{name}@example.com"), follow=True)
        page = re.sub(r"/c/[^\"?]+|thanks/[^\"?]+", "", answer.content.decode())
        pages.add((answer.status_code, re.sub(r"Case \d+", "", page)))
    assert len(pages) == 1
