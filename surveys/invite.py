"""Whom to ask, and the mail that asks.

Not here: drawing a sample, and asking one customer at most once in so many days over all her cases.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from django.conf import settings
from django.db import connection, transaction
from django.db.models import Q
from django.template.loader import render_to_string
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from surveys import links
from surveys.models import Invitation
from tickets import outbox
from tickets.models import (
    DESK,
    Agreement,
    Case,
    CaseEvent,
    Client,
    Contact,
    Customer,
    Flag,
    Identity,
    OutgoingMail,
    Source,
)

DEFAULT_WINDOW_DAYS = 14
# A resolution entered later than this is history being recorded: a mail about it would only puzzle.
NEWS = timedelta(days=1)


def invite_after(event: CaseEvent) -> Invitation | None:
    """Ask the customer how it went, once per case as long as the earlier link is open.

    A case that was reopened and resolved again is not asked about twice: the first link still takes an answer, and
    lets her change the one that she gave. The verb that resolves holds the case's row, so two cannot pass here at once.
    """
    case = event.case
    address = address_of(case.customer)
    window = window_of(case.client, event.at)
    if not address or not window or event.at < timezone.now() - NEWS or not may_ask(case, event.at):
        return None
    with transaction.atomic():
        invitation = Invitation.objects.create(
            source=Source.objects.get_or_create(name=DESK)[0],
            client=case.client,
            case=case,
            contact=contact_of(case),
            customer=case.customer,
            language=language_of(case.customer, case.client),
            sent_at=event.at,
            expires_at=event.at + window,
        )
        invitation.mail = put_mail(invitation, to=address, key=f"survey:{case.pk}:{event.pk}")
        invitation.save(update_fields=["mail"])
    outbox.ring()
    return invitation


def may_ask(case: Case, at: datetime) -> bool:
    """Not about tests and spam, not where only we made contact, and not while an earlier link is still open."""
    if {Flag.TEST, Flag.SPAM} & set(case.flags):
        return False
    if case.contacts.exists() and not case.contacts.valid().exists():
        return False
    return not Invitation.objects.filter(case=case, expires_at__gt=at).exists()


def address_of(customer: Customer | None) -> str:
    if customer is None:
        return ""
    emails = customer.identities.filter(kind=Identity.Kind.EMAIL).order_by("pk")
    return emails.values_list("value", flat=True).first() or ""


def window_of(client: Client, at: datetime) -> timedelta:
    """How long the link takes answers. An agreement with 0 days asks nobody."""
    agreements = Agreement.objects.filter(client=client, valid_from__lte=at).order_by("-valid_from")
    days = agreements.values_list("survey_window_days", flat=True).first()
    return timedelta(days=DEFAULT_WINDOW_DAYS if days is None else days)


def contact_of(case: Case) -> Contact | None:
    """The contact that the answer counts for: the last one that somebody served, else the first."""
    valid = case.contacts.valid()
    served = valid.filter(Q(is_handled=True) | Q(answered_at__isnull=False))
    return served.order_by("-started_at", "-pk").first() or valid.order_by("started_at", "pk").first()


def language_of(customer: Customer | None, client: Client) -> str:
    """Hers, else her company's, else the installation's; always one that the pages are written in."""
    for language in (customer.language if customer else "", client.language):
        try:
            return translation.get_supported_language_variant(language)
        except LookupError:
            continue
    return settings.LANGUAGE_CODE


def put_mail(invitation: Invitation, *, to: str, key: str) -> OutgoingMail:
    """Write the mail in her language. It holds no text that a customer wrote, and one link that scores nothing."""
    sender = outbox.one_line(invitation.client.name)
    with translation.override(invitation.language):
        context = {
            "sender": sender,
            "number": invitation.case_id,
            "link": links.url_for(invitation),
            "expires_at": invitation.expires_at,
            "language": invitation.language,
        }
        mail, _made = OutgoingMail.objects.put(
            key=key,
            to=to,
            case=invitation.case,
            sender_name=sender,
            subject=_("How did we do? Your case %(number)s at %(sender)s") % context,
            text=render_to_string("mail/survey_invitation.txt", context),
            html=render_to_string("mail/survey_invitation.html", context),
            headers={"Auto-Submitted": "auto-generated", "X-Auto-Response-Suppress": "All"},
        )
    return mail


def note_deliveries() -> int:
    """Set `is_delivered` by what became of the mail. Return how many invitations changed."""
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE surveys_invitation i SET is_delivered = m.status <> 'dead' FROM tickets_outgoingmail m"
            " WHERE m.id = i.mail_id AND ((i.is_delivered AND m.status = 'dead')"
            " OR (NOT i.is_delivered AND m.status <> 'dead'))"
        )
        return int(cursor.rowcount)
