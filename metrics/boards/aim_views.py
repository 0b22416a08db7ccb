"""Targets, and notes on the axis of time: for those who set up, each for what she sees."""

from __future__ import annotations

import json
from collections.abc import Sequence

from django.contrib import messages
from django.core.serializers.json import DjangoJSONEncoder
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from metrics import formats
from metrics.boards.forms import AnnotationForm, TargetForm
from metrics.boards.models import Annotation, Target
from metrics.catalog import KPIS
from tickets.models import User
from tickets.views import AgentRequest, for_agents

DELETED = "deleted_aim"


def _writer(request: AgentRequest) -> User:
    if not (request.user.sets_up and request.user.sees_numbers):
        raise Http404
    return request.user


def _status(request: AgentRequest) -> int:
    return 422 if request.method == "POST" else 200


@for_agents
@require_http_methods(["GET", "HEAD", "POST"])
def targets(request: AgentRequest) -> HttpResponse:
    """What is aimed at, of what and since when, and a form for the next."""
    user = _writer(request)
    form = TargetForm(request.POST or None, user=user, instance=Target(by=user))
    if request.method == "POST" and form.is_valid():
        form.save()
        messages.success(request, _("The target is set."))
        return redirect("targets")
    found = Target.objects.visible_to(user).select_related("client", "queue", "by")
    known = [(one, KPIS[one.kpi], formats.amount(KPIS[one.kpi], float(one.value))) for one in found if one.kpi in KPIS]
    return render(request, "metrics/boards/targets.html", {"form": form, "targets": known}, status=_status(request))


@for_agents
@require_http_methods(["GET", "HEAD", "POST"])
def notes(request: AgentRequest) -> HttpResponse:
    """What happened, newest first, and a form for the next."""
    user = _writer(request)
    form = AnnotationForm(request.POST or None, user=user, instance=Annotation(by=user))
    if request.method == "POST" and form.is_valid():
        form.save()
        messages.success(request, _("The note is on the time axis."))
        return redirect("notes_on_time")
    found = Annotation.objects.visible_to(user).select_related("client", "queue", "by")[:200]
    return render(request, "metrics/boards/notes.html", {"form": form, "notes": found}, status=_status(request))


@for_agents
@require_POST
def target_deletion(request: AgentRequest, pk: int) -> HttpResponse:
    one = get_object_or_404(Target.objects.visible_to(_writer(request)), pk=pk)
    return _deleted(request, one, ("kpi", "client_id", "queue_id", "value", "valid_from", "by_id"), "targets")


@for_agents
@require_POST
def note_deletion(request: AgentRequest, pk: int) -> HttpResponse:
    one = get_object_or_404(Annotation.objects.visible_to(_writer(request)), pk=pk)
    return _deleted(request, one, ("at", "text", "client_id", "queue_id", "by_id", "made_at"), "notes_on_time")


def _deleted(request: AgentRequest, one: Target | Annotation, fields: Sequence[str], back: str) -> HttpResponse:
    """Take it away, and remember it. What holds for all is changed by those who see all."""
    if one.queue_id is None and not request.user.sees_everything:
        raise Http404
    was = json.dumps({name: getattr(one, name) for name in fields}, cls=DjangoJSONEncoder)
    request.session[DELETED] = {"back": back, "was": was}
    one.delete()
    messages.info(request, _("Deleted."), extra_tags="restores-aim")
    return redirect(back)


@for_agents
@require_POST
def aim_restoration(request: AgentRequest) -> HttpResponse:
    """Undo the latest deletion."""
    _writer(request)
    deleted = request.session.pop(DELETED, None)
    if deleted is None:
        return redirect("targets")
    model: type[Target | Annotation] = Target if deleted["back"] == "targets" else Annotation
    model(**json.loads(deleted["was"])).save()
    return redirect(deleted["back"])
