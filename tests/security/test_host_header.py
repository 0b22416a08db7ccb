"""Links in mails that lead to the attacker, since they were made of the name in a request.

OWASP, "Forgot Password": a forged Host or X-Forwarded-Host ends up in the link that a trusted sender mails out.
"""

import pytest

from tests.security.web import filled, make_form
from tickets.models import OutgoingMail, WebForm

pytestmark = pytest.mark.django_db


def test_the_link_in_a_confirmation_is_made_of_the_setting(client, settings):
    settings.PUBLIC_URL, settings.ALLOWED_HOSTS = "https://help.example.com", ["*"]
    form = make_form()
    headers = {"Host": "evil.example", "X-Forwarded-Host": "evil.example"}
    client.post("/form/contact/", filled(form), headers=headers)
    mail = OutgoingMail.objects.get()
    assert "https://help.example.com/c/" in mail.text
    assert "evil.example" not in mail.text + mail.html
    assert WebForm.objects.get().public_url == "https://help.example.com/form/contact/"
