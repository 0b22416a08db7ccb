"""The list of cases: its rows, its filters, and how many there are in each list."""

from __future__ import annotations

from collections import defaultdict
from typing import Any, NamedTuple

from django.http import HttpResponse, QueryDict
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from tickets.columns import COLUMNS, SORTS, chosen
from tickets.filters import WHOSE, CaseFilter, address_of
from tickets.models import BulkChange, Case, Presence, Queue, SavedView, User
from tickets.models.presence import GONE_AFTER
from tickets.paging import CAP, Page, count, read_place
from tickets.prepared import Prepared, among
from tickets.views import AgentRequest, for_agents

# What an address says besides the filters.
PLACE = {"after", "before", "rows", "known", "more", "view", "column"}
MOST_ROWS = 400
COOKIE, LAST, YEAR = "columns", "list", 365 * 86_400


class Entry(NamedTuple):
    """One line of the list of lists: a tab that everybody has, or a saved view."""

    label: str
    address: str
    # What it asks for, as `CaseFilter.address` would say it.
    query: str
    symbol: str


class Asked(NamedTuple):
    """What one address asks for."""

    form: CaseFilter
    view: SavedView | None
    columns: list[str]
    views: list[SavedView]


@for_agents
@require_GET
def cases(request: AgentRequest) -> HttpResponse:
    asked = read(request)
    if "rows" in request.GET:
        return fresh_rows(request, asked)
    if request.GET.get("more") and request.htmx:
        return render(request, "tickets/case_list.html#panel", {"form": asked.form})
    page = page_of(request, asked.form)
    context = {
        "page": page,
        "cases": load_rows(page.numbers, request.user),
        "entries": [(line, "") for line in entries(request.user, asked)],
        "more": request.GET.get("more"),
        **shown(request, asked),
    }
    part = "#list" if request.htmx and not request.htmx.boosted else ""
    response = render(request, f"tickets/case_list.html{part}", context)
    remember(response, request, asked)
    return response


@for_agents
@require_GET
def counts(request: AgentRequest) -> HttpResponse:
    """How many there are in each list. Asked for after the page, which does not wait for it."""
    asked = read(request)
    lines = entries(request.user, asked)
    forms = [CaseFilter(QueryDict(line.query).dict(), user=request.user, queues=asked.form.queues) for line in lines]
    numbers = [f"{CAP}+" if number > CAP else str(number) for number in count(form.found() for form in forms)]
    context = {"entries": list(zip(lines, numbers, strict=True)), "is_counted": True}
    return render(request, "tickets/case_list.html#lists", context | shown(request, asked))


def read(request: AgentRequest) -> Asked:
    """Read the address. A saved view's own address is short; with anything else in it, it says everything."""
    user = request.user
    views = VIEWS(user)
    number = request.GET.get("view", "")
    view = next((one for one in views if str(one.pk) == number), None)
    said = {name: value for name, value in request.GET.items() if name not in PLACE}
    data = QueryDict(view.query).dict() if view and not said else said
    form = CaseFilter(data, user=user, queues=QUEUES(user))
    wanted = request.GET.getlist("column") or (view.columns if view else [])
    columns = chosen(wanted or request.COOKIES.get(COOKIE, "").split(","))
    return Asked(form, view, columns, views)


def entries(user: User, asked: Asked) -> list[Entry]:
    """The lists that everybody has, and the saved views."""
    lines = [
        (str(label), f"whose={name}", SYMBOLS[name]) for name, label in WHOSE.items() if name != "team" or user.team_id
    ]
    lines += [
        (_("Promised today"), "promise=today&sort=promise&whose=all", "calendar"),
        (_("Overdue"), "late=on&sort=promise&whose=all", "flag"),
        (_("Waiting for us longest"), "sort=-updated&status=open&whose=all", "clock"),
    ]
    found = [Entry(label, query, query, symbol) for label, query, symbol in lines]
    found += [
        Entry(view.name, f"view={view.pk}", view.query, "user" if view.scope == view.Scope.OWN else "users")
        for view in asked.views
    ]
    return found


VERBS = [(verb, BulkChange.Verb(verb).label) for verb in ("assign", "status", "priority", "reply", "snooze")]
MORE_VERBS = [(verb, BulkChange.Verb(verb).label) for verb in ("queue", "topic", "incident", "flag", "follow")]
SYMBOLS = {
    "mine": "user",
    "unassigned": "help",
    "team": "users",
    "all": "inbox",
    "waiting": "hourglass",
    "snoozed": "moon",
}


def shown(request: AgentRequest, asked: Asked) -> dict[str, Any]:
    """What every part of the page needs to know."""
    form, view = asked.form, asked.view
    return {
        "form": form,
        "bar": form.bar(),
        "view": view,
        "title": view.name if view else WHOSE[form.tab],
        "scopes": [one for one in SavedView.Scope.choices if request.user.team_id or one[0] != SavedView.Scope.TEAM],
        "here": f"view={view.pk}" if view else form.address,
        "is_changed": view is not None and not same(view, asked),
        "may_change": view is not None and view.may_change(request.user),
        "columns": [(name, COLUMNS[name], sort_of(form, name)) for name in asked.columns],
        "all_columns": COLUMNS.items(),
        "chosen": asked.columns,
        "now": timezone.now(),
        "user": request.user,
        "verbs": VERBS,
        "more_verbs": MORE_VERBS,
    }


def same(view: SavedView, asked: Asked) -> bool:
    form = asked.form
    return CaseFilter(QueryDict(view.query).dict(), user=form.user, queues=form.queues).address == form.address


def sort_of(form: CaseFilter, column: str) -> dict[str, str] | None:
    """Where the head of a column leads, and which way it is sorted now."""
    name = SORTS.get(column)
    if name is None:
        return None
    order, is_reversed = form.order
    now = form.asked.get("sort") or "updated"
    is_on = now.removeprefix("-") == name
    following = f"-{name}" if is_on and not is_reversed else name
    asked = form.said() | {"sort": following}
    ascending = order.is_newest_first == is_reversed
    return {"address": address_of(asked), "way": ("ascending" if ascending else "descending") if is_on else ""}


def page_of(request: AgentRequest, form: CaseFilter) -> Page:
    order, is_reversed = form.order
    after, before = (read_place(request.GET.get(name, ""), order) for name in ("after", "before"))
    return form.found().page(order, is_reversed=is_reversed, after=after, before=before)


VIEWS = Prepared(lambda user: SavedView.objects.visible_to(user).select_related("team"))
QUEUES = Prepared(lambda user: Queue.objects.visible_to(user).order_by("name"))
ROWS = Prepared(
    lambda user, numbers: Case.objects.visible_to(user).for_rows(user).filter(among(Case, "number", numbers))
)
PRESENT = Prepared(
    lambda user, numbers, after: (
        Presence.objects.filter(among(Presence, "case", numbers), seen_at__gt=after)
        .exclude(user=user)
        .select_related("user")
    )
)


def load_rows(numbers: list[int], user: User) -> list[Case]:
    """Load the rows in their order, each with the colleagues who are at it."""
    found = {row.pk: row for row in ROWS(user, numbers)}
    there = defaultdict(list)
    for one in PRESENT(user, numbers, timezone.now() - GONE_AFTER) if numbers else ():
        there[one.case_id].append(one)
    rows = [found[number] for number in numbers if number in found]
    for row in rows:
        row.present = there[row.pk]  # type: ignore[attr-defined]
    return rows


def fresh_rows(request: AgentRequest, asked: Asked) -> HttpResponse:
    """The rows on a screen as they are now. What belongs here no longer is greyed; what is new is only counted."""
    numbers, known = read_numbers(request, "rows"), read_numbers(request, "known")
    still = set(asked.form.found().cases.filter(pk__in=numbers).values_list("pk", flat=True))
    context = shown(request, asked) | {"cases": load_rows(numbers, request.user), "still": still}
    response = render(request, "tickets/case_list.html#rows", context)
    if "known" in request.GET:
        response["X-New"] = str(len(new_ones(page_of(request, asked.form).numbers, set(known))))
    return response


def read_numbers(request: AgentRequest, name: str) -> list[int]:
    parts = request.GET.get(name, "").split(",")
    return [int(part) for part in parts if part.isdecimal() and len(part) < 19][:MOST_ROWS]


def new_ones(first: list[int], known: set[int]) -> list[int]:
    """Those that now stand among or above the rows on the screen; what only moved up from the next page is not new."""
    last = max((place for place, number in enumerate(first) if number in known), default=None)
    if last is None:
        return first
    is_whole = len(known) < len(first)
    return [number for place, number in enumerate(first) if number not in known and (place < last or is_whole)]


def remember(response: HttpResponse, request: AgentRequest, asked: Asked) -> None:
    """Keep, on this device, the chosen columns and the list used last; what was searched for is nobody's business later."""
    here = f"view={asked.view.pk}" if asked.view else asked.form.address
    if "q" not in asked.form.asked and request.COOKIES.get(LAST) != here:
        response.set_cookie(LAST, here, max_age=YEAR, samesite="Lax", httponly=True)
    if "column" in request.GET:
        response.set_cookie(COOKIE, ",".join(asked.columns), max_age=YEAR, samesite="Lax", httponly=True)
