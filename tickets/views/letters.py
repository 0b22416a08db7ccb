"""A mail as its sender laid it out, in a frame where nothing can act."""

from __future__ import annotations

import base64
import logging
import re

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils.csp import CSP
from django.views.decorators.clickjacking import xframe_options_sameorigin
from django.views.decorators.csp import csp_override
from django.views.decorators.http import require_safe

from tickets import pictures, scanning
from tickets.filetypes import PICTURES
from tickets.models import Attachment, Case, IncomingMail
from tickets.views import AgentRequest, for_agents

log = logging.getLogger(__name__)

_CID = re.compile(r"""src="cid:([^"]{1,200})\"""")
_OUTSIDE = re.compile(r"""src="https?:[^"]*\"""", re.IGNORECASE)
LARGEST_PICTURE = 1 << 20
MOST_PICTURES = 20
# Nothing runs, nothing is sent, and the page is nobody's: not even our own address is within its reach.
SEALED: dict[str, list[str]] = {
    "default-src": [CSP.NONE],
    "style-src": [CSP.UNSAFE_INLINE],
    "img-src": ["data:"],
    "base-uri": [CSP.NONE],
    "form-action": [CSP.NONE],
    "frame-ancestors": [CSP.SELF],
    "sandbox": ["allow-popups", "allow-popups-to-escape-sandbox"],
}
WITH_PICTURES = SEALED | {"img-src": ["data:", "https:", "http:"]}


@for_agents
@require_safe
@xframe_options_sameorigin
@csp_override(SEALED)
def letter(request: AgentRequest, message: int) -> HttpResponse:
    return _letter(request, message, outside=False)


@for_agents
@require_safe
@xframe_options_sameorigin
@csp_override(WITH_PICTURES)
def letter_with_pictures(request: AgentRequest, message: int) -> HttpResponse:
    """Let the pictures load that are kept elsewhere: whoever keeps them learns that the mail was read."""
    log.info("User %s had the outside pictures of message %s shown", request.user.pk, message)
    return _letter(request, message, outside=True)


def _letter(request: AgentRequest, message: int, *, outside: bool) -> HttpResponse:
    cases = Case.objects.visible_to(request.user).values("pk")
    mail = get_object_or_404(IncomingMail.objects.filter(message__case__in=cases).defer("error"), message=message)
    html = with_own_pictures(mail.letter.get("html", ""), mail)
    # The page's policy forbids them too; like this the browser has nothing to complain of.
    html = html if outside else _OUTSIDE.sub('src="data:,"', html)
    response = render(request, "tickets/letter.html", {"html": html})
    response["Referrer-Policy"] = "no-referrer"
    return response


def with_own_pictures(html: str, mail: IncomingMail) -> str:
    """Put the pictures that came along into the page itself: from its frame it could ask us for nothing."""
    wanted = set(_CID.findall(html)[:MOST_PICTURES])
    files = {file["id"]: file.get("attachment") for file in mail.letter.get("files", []) if file["id"] in wanted}
    found_pictures = Attachment.objects.filter(
        content_type__in=PICTURES, size__lte=LARGEST_PICTURE, message=mail.message_id
    )
    kept = {str(one.pk): one for one in found_pictures.filter(pk__in=[pk for pk in files.values() if pk])}
    found: dict[str, str] = {}
    for content_id, pk in files.items():
        if picture := kept.get(pk or ""):
            shown = None if scanning.holds_back(picture) else pictures.drawn(picture)
            if shown:
                found[content_id] = f"data:{shown[1]};base64,{base64.b64encode(shown[0]).decode()}"
    return _CID.sub(lambda match: f'src="{found.get(match[1], "data:,")}"', html)
