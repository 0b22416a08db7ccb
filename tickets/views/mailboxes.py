"""Mailboxes: setting them up, trying their connection, and what became of each mail that came."""

from __future__ import annotations

from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.http import FileResponse, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from tickets.channels.email import imap
from tickets.mailbox_forms import MailboxForm
from tickets.models import IncomingMail, Mailbox
from tickets.views import AgentRequest, for_agents
from tickets.views.mail_hooks import PROVIDERS
from tickets.views.setup import answer, asked, listed, only_in_charge, reading, writing


@reading("mailboxes")
def mailboxes(request: AgentRequest) -> HttpResponse:
    shown = (
        Mailbox.objects.filter(name__icontains=asked(request))
        .select_related("queue", "client")
        .order_by("-is_active", "name")
    )
    aside = IncomingMail.objects.filter(state=IncomingMail.State.QUARANTINED).count()
    return listed(request, "tickets/mailboxes.html", shown, aside=aside)


@writing("mailboxes")
def mailbox_new(request: AgentRequest) -> HttpResponse:
    form = MailboxForm(request.POST or None, by=request.user)
    return answer(request, form, "tickets/mailbox.html", "mailboxes")


@writing("mailboxes")
def mailbox(request: AgentRequest, pk: int) -> HttpResponse:
    one = get_object_or_404(Mailbox, pk=pk)
    form = MailboxForm(request.POST or None, instance=one, by=request.user)
    hooks = [f"{settings.PUBLIC_URL}/mail/hooks/{one.code}/{name}/" for name in PROVIDERS]
    return answer(request, form, "tickets/mailbox.html", "mailboxes", mailbox=one, hooks=hooks)


@for_agents
@require_POST
def trial(request: AgentRequest, pk: int) -> HttpResponse:
    """Log in to the server and look into the folder, and say how that went."""
    only_in_charge(request)
    one = get_object_or_404(Mailbox, pk=pk)
    try:
        with imap.connect(one) as server:
            count = server.select_folder(one.folder, readonly=True)[b"EXISTS"]
    except Exception as error:  # noqa: BLE001 - whatever is wrong, it is told by its kind and no more
        imap.went_wrong(one, error)
        messages.error(request, _("That did not work: %(error)s.") % {"error": type(error).__name__})
    else:
        one.went_well()
        messages.success(request, _("The server lets us in. Mails in the folder: %(count)d.") % {"count": count})
    return redirect("mailbox", one.pk)


@reading("mailboxes")
def mails(request: AgentRequest) -> HttpResponse:
    shown = IncomingMail.objects.visible_to(request.user).select_related("mailbox", "case").defer("letter")
    state = request.GET.get("state", "")
    if state in IncomingMail.State.values:
        shown = shown.filter(state=state)
    if q := asked(request):
        shown = shown.filter(mail_id__icontains=q)
    return listed(request, "tickets/incoming_mails.html", shown, state=state, states=IncomingMail.State.choices)


@for_agents
@require_POST
def retrial(request: AgentRequest, pk: UUID) -> HttpResponse:
    """Have a mail that was set aside worked on anew."""
    one = get_object_or_404(IncomingMail.objects.visible_to(request.user), pk=pk)
    if one.try_again():
        messages.success(request, _("It is tried again."))
    return redirect("incoming_mails")


@for_agents
def raw(request: AgentRequest, pk: UUID) -> FileResponse:
    """The mail as it came, to be saved."""
    one = get_object_or_404(IncomingMail.objects.visible_to(request.user), pk=pk)
    found = FileResponse(
        one.file.open(), as_attachment=True, filename="message.eml", content_type="application/octet-stream"
    )
    found["Content-Security-Policy"] = "sandbox; default-src 'none'"
    return found
