"""Whom to ask, and the mail that asks. The rules themselves are pure: `surveys.rules`."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import connection, transaction
from django.db.models import Max, Q
from django.template.loader import render_to_string
from django.utils import timezone, translation
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext as _

from surveys import links, rules, texts
from surveys.asking import OptOut, SurveyRequest, SurveyRule, first_identity, rule_for
from surveys.models import Invitation
from surveys.questionnaires import version_for
from surveys.questions import first_rated
from surveys.rules import Decision, Delay
from tickets import outbox
from tickets.models import (
    DESK,
    Case,
    CaseEvent,
    Client,
    Contact,
    Customer,
    Flag,
    Identity,
    Message,
    OutgoingMail,
    Segment,
    Source,
    Status,
)

# So many at a time; the rest comes with the next round.
BATCH = 200


def invite_after(event: CaseEvent) -> Invitation | None:
    """Decide whether the customer is asked how it went, and write down what was decided and why.

    Asked at once where the rule says so, else when it is due. A case that was reopened and resolved again is not asked
    about twice: the first link still takes an answer, and lets her change the one that she gave. The verb that resolves
    holds the case's row, so two cannot pass here at once; the customer's row is held for what counts over all her cases.
    """
    case, now = event.case, timezone.now()
    with transaction.atomic():
        rule, kept = rule_for(case.client, event.at)
        reason = rules.decide(rule, _about(event, rule), now)
        if reason is None and kept is not None and not rules.is_drawn(rule.percent, kept.next_place(), _key(kept)):
            reason = Decision.NOT_SAMPLED
        due = rules.due_at(rule, event.at)
        request = SurveyRequest.objects.create(
            case=case,
            event=event,
            customer=case.customer,
            agent=event.actor,
            at=event.at,
            decision=reason or Decision.PLANNED,
            due_at=due if reason is None else None,
        )
        if reason is None and due <= now:
            return _ask(request, rule)
    return None


def ask_due(now: datetime | None = None) -> int:
    """Ask those whose time has come. What changed meanwhile is looked at again: reopened, resolved anew, opted out."""
    now, asked = now or timezone.now(), 0
    for pk in SurveyRequest.objects.due(now).values_list("pk", flat=True)[:BATCH]:
        with transaction.atomic():
            request = (
                SurveyRequest.objects.due(now).select_for_update(skip_locked=True, of=("self",)).filter(pk=pk).first()
            )
            if request is not None:
                asked += _ask_now(request, now)
    return asked


def _ask_now(request: SurveyRequest, now: datetime) -> bool:
    rule, _kept = rule_for(request.case.client, request.at)
    if rules.is_quiet(rule, now):
        # The rule was changed since: quiet is quiet.
        SurveyRequest.objects.filter(pk=request.pk).update(due_at=rules.due_at(replace(rule, delay=Delay.NOW), now))
        return False
    reason = None if request.case.status == Status.RESOLVED else Decision.REOPENED
    reason = reason or rules.decide(replace(rule, cool_down_days=0), _about(request.event, rule), request.at)
    if reason is not None:
        SurveyRequest.objects.filter(pk=request.pk).update(decision=reason)
        return False
    return _ask(request, rule, now) is not None


def _ask(request: SurveyRequest, rule: rules.Rule, now: datetime | None = None) -> Invitation:
    """Write the invitation and its mail, and say so in the request."""
    case, at = request.case, now or request.at
    invitation = Invitation.objects.create(
        source=Source.objects.get_or_create(name=DESK)[0],
        client=case.client,
        case=case,
        contact=contact_of(case),
        customer=case.customer,
        language=language_of(case.customer, case.client),
        sent_at=at,
        expires_at=at + timedelta(days=rule.window_days),
        agents=agents_of(case),
        version=version_for(case),
    )
    kept = SurveyRule.of(case.client)
    remind_at = None
    if address := address_of(case.customer):
        invitation.mail = put_mail(invitation, to=address, key=f"survey:{case.pk}:{request.event_id}")
        invitation.save(update_fields=["mail"])
        if kept is not None and kept.remind_after_days:
            remind_at = at + timedelta(days=kept.remind_after_days)
    else:
        texts.put(invitation, to=texts.phone_of(case.customer), at=at)
    SurveyRequest.objects.filter(pk=request.pk).update(
        decision=Decision.ASKED, invitation=invitation, remind_at=remind_at
    )
    outbox.ring()
    return invitation


def _about(event: CaseEvent, rule: rules.Rule) -> rules.About:
    case = event.case
    address = address_of(case.customer)
    if not address and (kept := SurveyRule.of(case.client)) is not None and kept.by_text:
        address = texts.phone_of(case.customer)
    return rules.About(
        resolved_at=event.at,
        is_test=bool({Flag.TEST, Flag.SPAM} & set(case.flags)),
        is_only_us=case.contacts.exists() and not case.contacts.valid().exists(),
        has_open_link=Invitation.objects.filter(case=case, expires_at__gt=event.at).exists(),
        has_address=bool(address),
        is_opted_out=OptOut.holds(address),
        last_asked_at=_last_asked(case, event) if rule.cool_down_days else None,
    )


def _last_asked(case: Case, event: CaseEvent) -> datetime | None:
    """When the customer was last asked, or will be, about whatever. Holds her row: two of her cases may end at once."""
    if case.customer_id is None:
        return None
    Customer.objects.select_for_update(no_key=True).filter(pk=case.customer_id).first()
    sent = Invitation.objects.filter(customer=case.customer_id).aggregate(at=Max("sent_at"))["at"]
    planned = SurveyRequest.objects.filter(customer=case.customer_id, decision=Decision.PLANNED).exclude(event=event)
    later = planned.aggregate(at=Max("due_at"))["at"]
    return max((at for at in (sent, later) if at is not None), default=None)


def _key(rule: SurveyRule) -> bytes:
    """The draw's own key: nobody who does not have the installation's secret can foresee who is asked."""
    return salted_hmac("surveys.draw", str(rule.pk), algorithm="sha256").digest()


def agents_of(case: Case) -> list[int]:
    """Everybody who took part in the case until now: what a customer says is said about all of them."""
    served = Segment.objects.filter(contact__case=case).values_list("agent_id", flat=True)
    wrote = Message.objects.filter(case=case, kind=Message.Kind.OUTGOING, author__isnull=False)
    return sorted({*served, *wrote.values_list("author_id", flat=True)} - {None})


def address_of(customer: Customer | None) -> str:
    return first_identity(customer, Identity.Kind.EMAIL) if customer else ""


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
    """Write the mail in her language. It holds no text that a customer wrote, and links that by themselves score nothing.

    A score that is pressed in the mail is only marked on the page that opens, and counts when she sends it.
    """
    with translation.override(invitation.language):
        context = mail_context(invitation, links.url_for(invitation), links.no_more_url(invitation))
        sender = context["sender"]
        mail, _made = OutgoingMail.objects.put(
            key=key,
            to=to,
            case=invitation.case,
            sender_name=sender,
            subject=_("How did we do? Your case %(number)s at %(sender)s") % context,
            text=render_to_string("mail/survey_invitation.txt", context),
            html=render_to_string("mail/survey_invitation.html", context),
            headers={
                "Auto-Submitted": "auto-generated",
                "X-Auto-Response-Suppress": "All",
                "List-Unsubscribe": f"<{context['no_more']}>",
                "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
            },
        )
    return mail


def mail_context(invitation: Invitation, link: str, no_more: str) -> dict[str, Any]:
    """What the mail's templates say. The first question with a scale stands in it, with its scores."""
    item = first_rated(invitation.items)
    words = item.words(invitation.language, settings.LANGUAGE_CODE) if item else {}
    scores = [(score, f"{link}?{item.key}={score}") for score in item.scores] if item else []
    # So many in a row as a phone has room for.
    width = len(scores) if len(scores) <= 7 else 6
    return {
        "sender": outbox.one_line(invitation.client.name),
        "number": invitation.case_id,
        "link": link,
        "question": words,
        "rows": [scores[at : at + width] for at in range(0, len(scores), width or 1)],
        "first": scores[0][0] if scores else "",
        "last": scores[-1][0] if scores else "",
        "no_more": no_more,
        "expires_at": invitation.expires_at,
        "language": invitation.language,
    }


def note_deliveries() -> int:
    """Set `is_delivered` by what became of the mail. Return how many invitations changed."""
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE surveys_invitation i SET is_delivered = m.status <> 'dead' FROM tickets_outgoingmail m"
            " WHERE m.id = i.mail_id AND ((i.is_delivered AND m.status = 'dead')"
            " OR (NOT i.is_delivered AND m.status <> 'dead'))"
        )
        return int(cursor.rowcount)
