"""Tell the sender of a new case that we have it, and by when she hears from us.

The address may be anybody's, since anybody can write a sender into a mail. So there is no word of the mail in it, and of such
answers there are few: two to an address and case a day, six to an address, and one an hour, whatever comes.
"""

from __future__ import annotations

import re
from datetime import timedelta
from zoneinfo import ZoneInfo

from django.db.models import Count, Q
from django.template.loader import render_to_string
from django.utils import formats, timezone, translation
from django.utils.translation import gettext as _

from tickets import outbox
from tickets.models import Agreement, Case, CaseEvent, IncomingMail, OutgoingMail

MOST_A_DAY = 2
MOST_AN_HOUR = 1
# A machine that begins anew each time, and says nowhere that it is one, has a case of its own for each of its answers.
MOST_A_DAY_IN_ALL = 6
# Somebody who writes a thousand addresses into a thousand mails gets this many answers sent.
MOST_FROM_US_AN_HOUR = 300
_PLAIN_ID = re.compile(r"<[\w.+$%=-]{1,100}@[\w.-]{1,100}>", re.ASCII)
# No machine should answer it, and none that keeps to the rules does (RFC 3834; the other is Exchange's).
AUTOMATIC = {"Auto-Submitted": "auto-replied", "X-Auto-Response-Suppress": "All", "Precedence": "auto_reply"}


def acknowledge(case: Case, mail: IncomingMail, address: str) -> OutgoingMail | None:
    """Put the answer into the outbox, in the caller's transaction; None where there is to be none."""
    mailbox = mail.mailbox
    if not mailbox.acknowledges or not may_answer(address, case):
        return None
    language = (case.customer and case.customer.language) or mailbox.language or case.client.language
    with translation.override(language):
        context = {"case": case, "mailbox": mailbox, "due": due_words(case)}
        subject = _("We have received your message [#%(number)d]") % {"number": case.pk}
        text = render_to_string("mail/received.txt", context)
    headers = AUTOMATIC | {"Reply-To": mailbox.reply_to(case)}
    if _PLAIN_ID.fullmatch(mail.mail_id):
        headers |= {"In-Reply-To": mail.mail_id, "References": mail.mail_id}
    sent, _made = OutgoingMail.objects.put(
        key=f"received-{mail.pk}",
        to=address,
        sender_name=case.client.name,
        subject=subject,
        text=text,
        headers=headers,
        case=case,
        is_automatic=True,
    )
    case.record(CaseEvent.Kind.AUTO_ACK, by=None)
    outbox.ring()
    return sent


def may_answer(address: str, case: Case) -> bool:
    now = timezone.now()
    lately = Q(created_at__gt=now - timedelta(hours=1))
    today = OutgoingMail.objects.automatic_to(address).filter(created_at__gt=now - timedelta(days=1))
    to_her = today.aggregate(
        all=Count("pk"), on_case=Count("pk", filter=Q(case=case)), lately=Count("pk", filter=lately)
    )
    return (
        to_her["on_case"] < MOST_A_DAY
        and to_her["all"] < MOST_A_DAY_IN_ALL
        and to_her["lately"] < MOST_AN_HOUR
        and OutgoingMail.objects.filter(lately, is_automatic=True).count() < MOST_FROM_US_AN_HOUR
    )


def due_words(case: Case) -> str:
    """The moment of the promised first reply, as her language writes it, on the client's clock."""
    if case.first_response_due_at is None:
        return ""
    agreement = Agreement.objects.in_force(case.client, case.created_at)
    zone = ZoneInfo(agreement.calendar.timezone) if agreement else timezone.get_default_timezone()
    # Django's English is America's; our customers read a clock of 24 hours.
    form = "j F Y, H:i" if (translation.get_language() or "").startswith("en") else "DATETIME_FORMAT"
    return formats.date_format(case.first_response_due_at.astimezone(zone), form)
