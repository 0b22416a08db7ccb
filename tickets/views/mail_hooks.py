"""Mail that a provider hands over by webhook. Kept as it came before anything is read; then it goes the way of all mail."""

from __future__ import annotations

import json
import warnings
from collections.abc import Callable
from typing import Any

from anymail.exceptions import (
    AnymailInsecureWebhookWarning,
    AnymailNotSupportedWarning,
    AnymailWebhookValidationFailure,
)
from anymail.webhooks.brevo import BrevoInboundWebhookView
from anymail.webhooks.mailgun import MailgunInboundWebhookView
from anymail.webhooks.mailjet import MailjetInboundWebhookView
from anymail.webhooks.postmark import PostmarkInboundWebhookView
from anymail.webhooks.sparkpost import SparkPostInboundWebhookView
from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from tickets.channels.email import envelope, receive
from tickets.client_door import open_to_clients
from tickets.models import Mailbox

# By its own signature, or by the name and password in the address that the provider is given.
PROVIDERS: dict[str, Callable[[str], Any]] = {
    "mailgun": lambda secret: MailgunInboundWebhookView(webhook_signing_key=secret, webhook_secret=[]),
    "postmark": lambda secret: PostmarkInboundWebhookView(webhook_secret=secret),
    "mailjet": lambda secret: MailjetInboundWebhookView(webhook_secret=secret),
    "sparkpost": lambda secret: SparkPostInboundWebhookView(webhook_secret=secret),
    "brevo": lambda secret: BrevoInboundWebhookView(webhook_secret=secret, api_key=secret),
}


@open_to_clients
@csrf_exempt
@require_http_methods(["POST", "HEAD"])
def mail_hook(request: HttpRequest, code: str, provider: str) -> HttpResponse:
    """Answers 200 when the mails are kept; anything else has the provider try again later."""
    mailbox = Mailbox.objects.filter(code=code, is_active=True).first()
    if mailbox is None or provider not in PROVIDERS or not mailbox.hook_secret:
        raise Http404
    if request.method == "HEAD":
        return HttpResponse()
    view = opened(provider, mailbox.hook_secret, request)
    try:
        view.run_validators(request)
    except AnymailWebhookValidationFailure:
        return HttpResponse(status=401)
    for raw in raws(provider, view, request):
        problem = f"larger than {envelope.LARGEST >> 20} MB" if len(raw) > envelope.LARGEST else ""
        receive.receive(raw, mailbox=mailbox, problem=problem)
    return HttpResponse()


def opened(provider: str, secret: str, request: HttpRequest) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", AnymailInsecureWebhookWarning)
        warnings.simplefilter("ignore", AnymailNotSupportedWarning)
        view = PROVIDERS[provider](secret)
    view.setup(request)
    return view


def raws(provider: str, view: Any, request: HttpRequest) -> list[bytes]:
    """The mails as they came where the provider sends them so, else put together from what it made of them."""
    if provider == "mailgun" and "body-mime" in request.POST:
        return [request.POST["body-mime"].encode()]
    if provider == "postmark" and (raw := json.loads(request.body).get("RawEmail")):
        return [raw.encode()]
    return [event.message.as_bytes() for event in view.parse_events(request) if event.message is not None]
