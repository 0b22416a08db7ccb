"""The link to the page on which a customer sees how her case is coming along."""

from __future__ import annotations

from django.conf import settings
from django.core import signing
from django.urls import reverse
from django.utils import timezone

from tickets.models import Case, Identity, Message, StatusLink
from tickets.models.web import LINK_LASTS


def _signer() -> signing.Signer:
    # A salt of its own: what is signed elsewhere with the same secret opens nothing here, and the other way round.
    return signing.Signer(salt="tickets.status_link", sep=".")


def token_for(link: StatusLink) -> str:
    return _signer().sign(str(link.pk))


def url_for(link: StatusLink) -> str:
    """The whole address. The host is a setting and never taken from a request."""
    return settings.PUBLIC_URL + reverse("case_status", args=[token_for(link)])


def link_of(token: str) -> StatusLink | None:
    """Return the link that a token names, or None: nobody learns whether it was forged, foreign, late or taken away."""
    try:
        pk = int(_signer().unsign(token))
    except (signing.BadSignature, ValueError):
        # Looked up all the same, so that an answer in less time does not tell a forged link from one that has ended.
        pk = 0
    return StatusLink.objects.in_force().filter(pk=min(pk, 2**63 - 1)).first()


def give(case: Case, *, is_proven: bool) -> StatusLink | None:
    """Return the link of a case's customer, made where there is none, and have it last from now on."""
    if case.customer_id is None:
        return None
    until = timezone.now() + LINK_LASTS
    links = StatusLink.objects.filter(case=case, customer_id=case.customer_id, is_proven=is_proven, revoked_at=None)
    if link := links.order_by("-pk").first():
        links.filter(pk=link.pk).update(expires_at=until)
        return link
    return links.create(case=case, customer_id=case.customer_id, is_proven=is_proven, expires_at=until)


def url_in(message: Message) -> str:
    """The link that goes with a reply; "" where somebody besides the customer would get it, or instead of her."""
    case = message.case
    if case is None or case.customer_id is None or message.kind != Message.Kind.OUTGOING:
        return ""
    if message.cc or len(message.to) != 1:
        return ""
    hers = Identity.objects.filter(customer=case.customer_id, kind=Identity.Kind.EMAIL, value=message.to[0].lower())
    link = give(case, is_proven=True) if hers.exists() else None
    return url_for(link) if link else ""


def revoke(case: Case) -> int:
    """Take every link of a case away. The next mail brings a new one. Return how many there were."""
    return case.status_links.filter(revoked_at=None).update(revoked_at=timezone.now())
