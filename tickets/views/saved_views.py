"""Keeping a list as it is under a name, changing it, and deleting it; a deleted one can be had back."""

from __future__ import annotations

from django.contrib import messages
from django.http import Http404, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from tickets.columns import chosen
from tickets.filters import CaseFilter
from tickets.forms import ViewForm
from tickets.models import Queue, SavedView
from tickets.views import AgentRequest, for_agents

DELETED = "deleted_view"


@for_agents
@require_POST
def saved_views(request: AgentRequest) -> HttpResponse:
    """Keep the open list under a name."""
    return kept(request, SavedView(owner=request.user, team=request.user.team))


@for_agents
@require_POST
def saved_view(request: AgentRequest, pk: int) -> HttpResponse:
    """Rename it, offer it to others, or have it show what the open list shows."""
    return kept(request, changeable(request, pk))


@for_agents
@require_POST
def deletion(request: AgentRequest, pk: int) -> HttpResponse:
    view = changeable(request, pk)
    fields = ("name", "scope", "owner_id", "team_id", "query", "columns")
    request.session[DELETED] = {name: getattr(view, name) for name in fields}
    view.delete()
    messages.info(request, _("The view “%(name)s” is deleted.") % {"name": view.name}, extra_tags="restores-view")
    return redirect("cases")


@for_agents
@require_POST
def restoration(request: AgentRequest) -> HttpResponse:
    """Undo the latest deletion."""
    deleted = request.session.pop(DELETED, None)
    if deleted is None:
        return redirect("cases")
    return to(SavedView.objects.create(**deleted))


def changeable(request: AgentRequest, pk: int) -> SavedView:
    view = get_object_or_404(SavedView.objects.visible_to(request.user), pk=pk)
    if not view.may_change(request.user):
        raise Http404
    return view


def kept(request: AgentRequest, view: SavedView) -> HttpResponse:
    form = ViewForm(request.POST, instance=view, user=request.user)
    if not form.is_valid():
        messages.error(request, " ".join(str(error) for errors in form.errors.values() for error in errors))
        return redirect(f"{reverse('cases')}?{request.POST.get('query', '')}")
    view = form.save(commit=False)
    if "query" in request.POST:
        queues = list(Queue.objects.visible_to(request.user))
        asked = CaseFilter(QueryDict(request.POST["query"]).dict(), user=request.user, queues=queues)
        view.query = asked.address or f"whose={asked.tab}"
        view.columns = chosen(request.POST.get("columns", "").split(","))
    view.team = request.user.team if view.scope == SavedView.Scope.TEAM and view.team is None else view.team
    view.save()
    messages.success(request, _("The view “%(name)s” is saved.") % {"name": view.name})
    return to(view)


def to(view: SavedView) -> HttpResponse:
    return redirect(f"{reverse('cases')}?view={view.pk}")
