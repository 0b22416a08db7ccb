"""Trusted addresses that lead elsewhere: RT followed what a parameter said (CVE-2022-25803)."""

import pytest

from tests.security.web import filled, make_form

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    "evil",
    [
        "//evil.example",
        "/\\evil.example",
        "https:evil.example",
        "\thttps://evil.example",
        "javascript:alert(1)",
        "sv&x=//e",
    ],
)
def test_the_form_leads_nowhere_but_to_its_own_thanks(client, evil):
    form = make_form()
    answer = client.post(f"/form/contact/?lang={evil}&next={evil}&embed={evil}&url={evil}", filled(form))
    assert answer["Location"].startswith("/form/contact/thanks/")
    assert "evil" not in answer["Location"]
