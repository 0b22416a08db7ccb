"""Setting up the public forms. For leads and those in charge."""

from __future__ import annotations

from django.contrib import messages
from django.db import transaction
from django.db.models import Count
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from tickets.intake_forms import WebFormForm, topic_lines
from tickets.models import WebForm
from tickets.views import AgentRequest, for_agents


def only_leads(request: AgentRequest) -> None:
    if not request.user.sets_up:
        raise Http404


@for_agents
@require_safe
def web_forms(request: AgentRequest) -> HttpResponse:
    only_leads(request)
    found = WebForm.objects.visible_to(request.user).select_related("client", "queue")
    rows = found.annotate(cases=Count("entries")).order_by("-is_active", "name")
    return render(request, "tickets/web_form_list.html", {"rows": rows})


@for_agents
@require_http_methods(["GET", "HEAD", "POST"])
def web_form_setup(request: AgentRequest, pk: int | None = None) -> HttpResponse:
    """One form, or a new one; with what to copy into another site."""
    only_leads(request)
    one = get_object_or_404(WebForm.objects.visible_to(request.user), pk=pk) if pk else None
    data = request.POST if request.method == "POST" else None
    form, lines = WebFormForm(data, instance=one), topic_lines(data, one)
    if data is not None and form.is_valid() and lines.is_valid():
        with transaction.atomic():
            saved = form.save()
            lines.save_for(saved)
        messages.success(request, _("The form is saved."))
        return redirect("web_form_setup", saved.pk)
    status = 422 if data is not None else 200
    context = {"form": form, "lines": lines, "web_form": one}
    return render(request, "tickets/web_form_setup.html", context, status=status)
