"""What leaves the house: the mails that wait, were sent, or were given up.

Their text is not shown: it holds a customer's own link, and whoever has the link can answer for her.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Concatenate

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.db.models import Count
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from tickets import outbox as sending
from tickets.models import OutgoingMail, User

PAGE = 50


class DeskRequest(HttpRequest):
    user: User


def in_charge[**P](view: Callable[Concatenate[DeskRequest, P], HttpResponse]) -> Callable[..., HttpResponse]:
    """Let in those who answer for the desk; for everybody else the page does not exist."""

    @login_required
    @wraps(view)
    def page(request: DeskRequest, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        if not request.user.is_in_charge:
            raise Http404
        return view(request, *args, **kwargs)

    return page


@require_safe
@in_charge
def outbox(request: DeskRequest) -> HttpResponse:
    mails = OutgoingMail.objects.visible_to(request.user)
    counts = dict(mails.order_by().values_list("status").annotate(Count("pk")))
    statuses = [(code, label, counts.get(code, 0)) for code, label in OutgoingMail.Status.choices]
    status = request.GET.get("status", "")
    if status not in OutgoingMail.Status.values:
        status = OutgoingMail.Status.DEAD if counts.get(OutgoingMail.Status.DEAD) else OutgoingMail.Status.WAITING
    rows = mails.filter(status=status).select_related("case").defer("text", "html", "headers")
    page = Paginator(rows, PAGE).get_page(request.GET.get("page"))
    return render(request, "tickets/outbox.html", {"statuses": statuses, "status": status, "page": page})


@require_POST
@in_charge
def delivery(request: DeskRequest, pk: int) -> HttpResponse:
    """Send a mail that was given up once more."""
    mail = get_object_or_404(OutgoingMail.objects.visible_to(request.user), pk=pk)
    if mail.resend():
        sending.ring()
        messages.success(request, _("The mail to %(to)s is on its way again.") % {"to": mail.to})
    return redirect("outbox")
