"""Changing some fields of a contact by the import's rules, which know whole rows only."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _
from rest_framework.exceptions import ValidationError

from tickets.api import items
from tickets.api.contact_fields import for_api, shown
from tickets.api.problems import Refused
from tickets.models import Client, Contact
from tickets.settle import settle

PLAIN = (
    "channel",
    "direction",
    "outcome",
    "topic",
    "demand",
    "cause",
    "queue",
    "started_at",
    "queued_at",
    "answered_at",
    "ended_at",
    "flags",
)
CUSTOMER = ("customer_id", "customer_email", "customer_phone")
ABOUT_CUSTOMER = ("customer_name", "language")
# What a row can only name in the words of its own source, and a contact may hold from elsewhere: it is put back as it was.
HELD: dict[str, tuple[str, ...]] = {
    "customer_id": (*CUSTOMER, *ABOUT_CUSTOMER),
    "case_id": ("case_id",),
    "logged_case_id": ("case_id",),
    "is_void": ("case_id",),
    "parent_id": ("parent_id",),
    "duplicate_of_id": ("duplicate_of",),
}


def change(contact: Contact, given: Mapping[str, Any], *, client: Client | None) -> None:
    """Change the given fields of a contact and leave the others as they are."""
    if not given:
        return
    Contact.objects.select_for_update(no_key=True).get(pk=contact.pk)
    before = for_api(Contact.objects.filter(pk=contact.pk)).get()
    stored = shown(before)
    row = {name: stored[name] for name in PLAIN} | {"contact_id": before.external_id} | dict(given)
    name_customer(row, stored)
    item = items.read(row)
    if item.wrong is None:
        items.take_in(before.source.name, [item], client=client, keep_rejected=False)
    if item.wrong is not None:
        path, problem = item.wrong
        raise Refused({path: [problem.message]}, items.expected())
    held = {name: getattr(before, name) for name, fields in HELD.items() if not any(field in given for field in fields)}
    Contact.objects.filter(pk=contact.pk).update(**held)
    settle([contact.pk])


def name_customer(row: dict[str, Any], stored: Mapping[str, Any]) -> None:
    """A new name or language is the customer's that the contact has: say which one she is."""
    if any(row.get(name) for name in CUSTOMER) or not any(name in row for name in ABOUT_CUSTOMER):
        return
    key = next((name for name in CUSTOMER if stored[name]), None)
    if key is None:
        raise ValidationError({"customer_id": [_("Say whose name or language it is.")]})
    row[key] = stored[key]
