"""Dashboards as they are read, and as they are put together."""

from __future__ import annotations

from collections.abc import Callable

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from metrics import audit, drill, exports
from metrics.boards import composing, page
from metrics.boards.forms import DashboardForm, WidgetForm
from metrics.boards.models import Dashboard
from metrics.boards.shared import key_of, shared
from metrics.boards.widgets import KINDS, Widget, WidgetError, added, changed
from metrics.purse import CARD_SECONDS, Purse
from metrics.views import for_readers_of_numbers, reader_of
from tickets import workbook
from tickets.client_door import open_to_clients
from tickets.views import AgentRequest, for_agents

DELETED = "deleted_board"


# --- reading


def _shared[T](request: HttpRequest, key: str, make: Callable[[], T], lasting: Callable[[T], bool] | None = None) -> T:
    # As of a moment it is counted for that moment, and not kept.
    return make() if "as_of" in request.GET else shared(key, make, lasting)


@for_readers_of_numbers
def index(request: HttpRequest) -> HttpResponse:
    """Every dashboard there is for this person."""
    user = reader_of(request)
    own = Dashboard.objects.visible_to(user).select_related("owner")
    context = {
        "standard": page.standard_for(user),
        "own": [(one, one.may_change(user), composing.shared_with(one)) for one in own],
        "form": DashboardForm(instance=Dashboard()),
        "tabs": page.tabs(user, "*", request.GET),
    }
    return render(request, "metrics/boards/index.html", context)


@open_to_clients
@for_readers_of_numbers
def board(request: HttpRequest, name: str) -> HttpResponse:
    user = reader_of(request)
    shown = page.find(name, user)
    asked = page.board_for(shown, request.GET, user)

    def drawn() -> page.Body:
        cards = page.first_cards(asked, shown)
        context = {"board": asked, "cards": cards, "form": drill.filter_form(asked, user)}
        # Without the request: nothing in it may be of one reader alone.
        html = render_to_string("metrics/boards/body.html", context)
        return page.Body(asked.as_of_text, html, is_frame=all(card.is_late for card in cards))

    body = _shared(request, key_of(asked, shown.widgets, "page"), drawn, lambda body: body.is_frame)
    drift = audit.drift() if user.is_in_charge else None
    return render(request, "metrics/boards/board.html", page.context(shown, asked, request.GET, body=body, drift=drift))


@open_to_clients
@for_readers_of_numbers
def widget(request: HttpRequest, name: str, widget: str) -> HttpResponse:
    """One widget, for a page that did not wait for it."""
    user = reader_of(request)
    shown = page.find(name, user)
    asked = page.board_for(shown, request.GET, user)
    (one,) = _called(shown, widget)

    def drawn() -> str:
        (card,) = page.cards(asked, shown, [one], Purse(CARD_SECONDS))
        context = {"board": asked, "card": card, "asked": True}
        return render_to_string("metrics/boards/widget.html", context)

    return HttpResponse(_shared(request, key_of(asked, [one]), drawn))


@open_to_clients
@for_readers_of_numbers
def news(request: HttpRequest, name: str) -> HttpResponse:
    """Everything whose figures changed, each to be put where it stands: what an open dashboard asks for."""
    user = reader_of(request)
    shown = page.find(name, user)
    asked = page.board_for(shown, request.GET, user)
    wanted = page.touched(shown.widgets, request.GET.getlist("kind"))
    found = page.cards(asked, shown, wanted, Purse(CARD_SECONDS))
    return render(request, "metrics/boards/news.html", {"board": asked, "cards": found, "oob": True, "asked": True})


@open_to_clients
@for_readers_of_numbers
def board_file(request: HttpRequest, name: str, widget: str, kind: str) -> HttpResponseBase:
    """A widget as CSV or workbook: exactly what it shows, and the rows that it had no room for."""
    if kind not in {"csv", "xlsx"}:
        raise Http404
    user = reader_of(request)
    shown = page.find(name, user)
    asked = page.board_for(shown, request.GET, user)
    (one,) = _called(shown, widget)
    lines = composing.lines(asked, one)
    file = f"{shown.name}-{one.id}"
    if kind == "xlsx":
        return workbook.answer(file, [workbook.Sheet(one.name, lines, asked.period.zone)])
    return exports.download(file, lines)


def _called(shown: page.Shown, name: str) -> list[Widget]:
    found = [one for one in shown.widgets if one.id == name]
    if not found:
        raise Http404
    return found


# --- putting together


def _own(request: AgentRequest, pk: int) -> Dashboard:
    found = get_object_or_404(Dashboard.objects.visible_to(request.user), pk=pk)
    if not found.may_change(request.user):
        raise Http404
    return found


def _writer(request: AgentRequest) -> None:
    if not request.user.sees_numbers:
        raise Http404


@for_agents
@require_POST
def board_new(request: AgentRequest) -> HttpResponse:
    _writer(request)
    form = DashboardForm(request.POST, instance=Dashboard(owner=request.user))
    if form.is_valid():
        return redirect("board_compose", form.save().pk)
    context = {"form": form, "standard": page.standard_for(request.user), "own": [], "tabs": []}
    return render(request, "metrics/boards/index.html", context, status=422)


@for_agents
@require_POST
def board_copy(request: AgentRequest, name: str) -> HttpResponse:
    """One of her own with the same widgets, to be changed."""
    _writer(request)
    shown = page.find(name, request.user)
    made = Dashboard.objects.create(
        owner=request.user,
        name=(_("%s (copy)") % shown.title)[:80],
        period=shown.period,
        widgets=[one.plain() for one in shown.widgets],
    )
    return redirect("board_compose", made.pk)


@for_agents
@require_http_methods(["GET", "HEAD", "POST"])
def board_compose(request: AgentRequest, pk: int) -> HttpResponse:
    """The widgets in their order, and the form that adds one."""
    own = _own(request, pk)
    form = WidgetForm(request.POST or None, user=request.user)
    if request.method == "POST" and form.is_valid():
        one = form.cleaned_data["widget"]
        try:
            own.change(lambda found: added(found, one))
        except WidgetError as error:
            form.add_error(error.field, str(error))
        else:
            return composing.answer(request, own, said=_("Added: %s") % one.name)
    return composing.answer(request, own, form=form, status=422 if request.method == "POST" else 200)


@for_agents
@require_http_methods(["GET", "HEAD", "POST"])
def widget_change(request: AgentRequest, pk: int, widget: str) -> HttpResponse:
    own = _own(request, pk)
    one = next((one for one in own.shown() if one.id == widget), None)
    if one is None:
        raise Http404
    form = WidgetForm(request.POST or None, user=request.user, widget=one)
    if request.method == "POST" and form.is_valid():
        made = form.cleaned_data["widget"]
        own.change(lambda found: changed(found, made))
        return redirect(f"{reverse('board_compose', args=[own.pk])}#{one.id}")
    context = {"own": own, "one": one, "form": form, "kinds": list(KINDS.items())}
    return render(request, "metrics/boards/change.html", context, status=422 if request.method == "POST" else 200)


@for_agents
@require_POST
def widget_verb(request: AgentRequest, pk: int, widget: str, verb: str) -> HttpResponse:
    """Earlier, later, narrower, wider, to a place, or out."""
    own = _own(request, pk)
    said = composing.do(own, widget, verb, request.POST.get("to", ""))
    if said is None:
        raise Http404
    return composing.answer(request, own, said=said)


@for_agents
@require_POST
def widget_restoration(request: AgentRequest, pk: int) -> HttpResponse:
    """Undo: what was taken out last stands where it was."""
    own = _own(request, pk)
    return composing.answer(request, own, said=_("Put back") if own.restore() else _("There is nothing to put back"))


@for_agents
@require_http_methods(["GET", "HEAD", "POST"])
def board_settings(request: AgentRequest, pk: int) -> HttpResponse:
    own = _own(request, pk)
    form = DashboardForm(request.POST or None, instance=own)
    if request.method == "POST" and form.is_valid():
        form.save()
        messages.success(request, _("Saved."))
        return redirect("board_compose", own.pk)
    context = {"own": own, "form": form}
    return render(request, "metrics/boards/settings.html", context, status=422 if request.method == "POST" else 200)


@for_agents
@require_POST
def board_deletion(request: AgentRequest, pk: int) -> HttpResponse:
    own = _own(request, pk)
    fields = ("name", "roles", "period", "widgets", "owner_id")
    request.session[DELETED] = {name: getattr(own, name) for name in fields}
    own.delete()
    messages.info(request, _("The dashboard “%s” is deleted.") % own.name, extra_tags="restores-board")
    return redirect("boards")


@for_agents
@require_POST
def board_restoration(request: AgentRequest) -> HttpResponse:
    """Undo the latest deletion."""
    deleted = request.session.pop(DELETED, None)
    return redirect(Dashboard.objects.create(**deleted) if deleted else "boards")
