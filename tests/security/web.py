"""A form to attack, and what it sends."""

import time
from typing import Any

from tests.factories import make_client, make_queue
from tickets import stamps
from tickets.models import WebForm


def make_form(**fields: Any) -> WebForm:
    return WebForm.objects.create(
        **{"name": "Contact us", "slug": "contact", "client": make_client(), "queue": make_queue(), **fields}
    )


def filled(form: WebForm, **fields: Any) -> dict[str, Any]:
    fields.setdefault("stamp", stamps.make(f"form:{form.pk}", at=time.time() - 60))
    return {"reach": "maja@example.com", "name": "Maja Lind", "subject": "Invoice", "text": "It is too high.", **fields}
