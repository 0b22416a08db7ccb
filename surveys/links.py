"""The link in a survey's mail: names one invitation, cannot be made up, and ends with it."""

from __future__ import annotations

from django.conf import settings
from django.core import signing
from django.urls import reverse
from django.utils import timezone

from surveys.models import Invitation


def _signer() -> signing.Signer:
    # A salt of its own: what is signed elsewhere with the same secret opens nothing here, and the other way round.
    # The fallback keys are Django's setting, so links outlive a change of the secret key.
    return signing.Signer(salt="surveys.invitation", sep=".")


def token_for(invitation: Invitation) -> str:
    return _signer().sign(str(invitation.pk))


def url_for(invitation: Invitation) -> str:
    """The whole address. The host is a setting and never taken from a request."""
    return settings.PUBLIC_URL + reverse("survey", args=[token_for(invitation)])


def no_more_url(invitation: Invitation) -> str:
    """Where she says that she does not want to be asked any more."""
    return settings.PUBLIC_URL + reverse("survey_no_more", args=[token_for(invitation)])


def address_behind(token: str) -> str:
    """The address that was asked with this link, however long ago; "" for a link that we did not make."""
    try:
        pk = int(_signer().unsign(token))
    except (signing.BadSignature, ValueError):
        pk = 0
    found = Invitation.objects.filter(pk=min(pk, 2**63 - 1)).values_list("mail__to", "sms__to").first()
    return next(filter(None, found or ()), "")


def invitation_of(token: str) -> Invitation | None:
    """Return the open invitation that the token names, or None: nobody learns whether it was forged, foreign or late."""
    try:
        pk = int(_signer().unsign(token))
    except (signing.BadSignature, ValueError):
        # Looked up all the same, so that an answer in less time does not tell a forged link from an expired one.
        pk = 0
    still_open = Invitation.objects.filter(pk=min(pk, 2**63 - 1), expires_at__gt=timezone.now())
    return still_open.select_related("client", "version").first()
