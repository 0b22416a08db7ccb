"""Setting up the chats on clients' sites. For leads and those in charge."""

from __future__ import annotations

from django.contrib import messages
from django.db.models import Count
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from tickets.chat_forms import ChatWidgetForm
from tickets.models import ChatWidget, WebForm
from tickets.views import AgentRequest, for_agents
from tickets.views.web_forms import only_leads


@for_agents
@require_safe
def chat_widgets(request: AgentRequest) -> HttpResponse:
    only_leads(request)
    found = ChatWidget.objects.visible_to(request.user).select_related("client", "queue")
    rows = found.annotate(begun=Count("chats")).order_by("-is_active", "name")
    context = {"rows": rows, "has_form": WebForm.objects.exists()}
    return render(request, "tickets/chat_widget_list.html", context)


@for_agents
@require_http_methods(["GET", "HEAD", "POST"])
def chat_widget(request: AgentRequest, pk: int | None = None) -> HttpResponse:
    """One chat, or a new one; with what to copy into the site."""
    only_leads(request)
    one = get_object_or_404(ChatWidget.objects.visible_to(request.user), pk=pk) if pk else None
    data = request.POST if request.method == "POST" else None
    form = ChatWidgetForm(data, instance=one)
    if data is not None and form.is_valid():
        saved = form.save()
        messages.success(request, _("The chat is saved."))
        return redirect("chat_widget", saved.pk)
    status = 422 if data is not None else 200
    return render(request, "tickets/chat_widget.html", {"form": form, "widget": one}, status=status)


@for_agents
@require_safe
def preview(request: AgentRequest, pk: int) -> HttpResponse:
    """The chat as a visitor sees it, on a page of ours."""
    only_leads(request)
    widget = get_object_or_404(ChatWidget.objects.visible_to(request.user), pk=pk)
    return render(request, "tickets/chat_widget_preview.html", {"widget": widget})


@for_agents
@require_POST
def new_secret(request: AgentRequest, pk: int) -> HttpResponse:
    """Another secret. The one before it holds on, until the site has the new one and this is pressed again."""
    only_leads(request)
    widget = get_object_or_404(ChatWidget.objects.visible_to(request.user), pk=pk)
    widget.secret_number += 1
    widget.save(update_fields=["secret_number"])
    messages.success(request, _("There is a new secret. The old one holds until you make another."))
    return redirect("chat_widget", widget.pk)
