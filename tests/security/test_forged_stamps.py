"""Upload and form tokens that could be guessed or used elsewhere.

Zammad's FormID was guessable (CVE-2024-33668); Postiz signed everything with one secret and no purpose (CVE-2026-115933). The
stamp in a public form takes the place of a cookie there: it is signed, for one form alone, and for one day.
"""

import time

import pytest
from django.core import signing

from tests.security.web import filled, make_form
from tickets import stamps
from tickets.models import Case

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("kind", ["nothing", "made up", "another form's", "a case's", "another salt's", "old", "long"])
def test_only_a_fresh_stamp_of_this_form_is_taken(client, kind):
    form, other = make_form(), make_form(slug="other")
    good = stamps.make(f"form:{form.pk}", at=time.time() - 60)
    stamp = {
        "nothing": "",
        "made up": good[:-4] + "AAAA",
        "another form's": stamps.make(f"form:{other.pk}", at=time.time() - 60),
        "a case's": stamps.make("status:1", at=time.time() - 60),
        "another salt's": signing.dumps([f"form:{form.pk}", "key", time.time() - 60], salt="else"),
        "old": stamps.make(f"form:{form.pk}", at=time.time() - stamps.MOST_SECONDS - 1),
        "long": "x" * 10_000,
    }[kind]
    assert client.post("/form/contact/", filled(form, stamp=stamp)).status_code == 422
    assert not Case.objects.exists()
    client.post("/form/contact/", filled(form, stamp=good))
    assert Case.objects.count() == 1
