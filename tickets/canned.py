"""Saved replies, articles, people and macros, as the composer offers them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.db.models import Q
from django.utils.html import escape

from tickets import choices, richtext, teamwork
from tickets.models import Article, Case, Macro, SavedReply, User

MOST = 8


@dataclass(frozen=True, slots=True)
class Suggestion:
    """One line below what is typed; `html` goes into the text in its place."""

    label: str
    hint: str
    html: str


def suggest(mark: str, text: str, *, case: Case, user: User) -> list[Suggestion]:
    """What may be meant by `::` saved replies, `??` articles or `@@` people and the letters after it."""
    source = {"::": _replies, "??": _articles, "@@": _people}.get(mark)
    return source(text.strip(), case, user) if source else []


def filled(html: str, case: Case, user: User) -> str:
    """Put the names in their places: {customer}, {agent}, {number}, {client}."""
    names = {
        "{customer}": str(case.customer.name) if case.customer and case.customer.name else "",
        "{agent}": user.get_full_name() or user.username,
        "{number}": f"#{case.number}",
        "{client}": case.client.name,
    }
    for place, name in names.items():
        html = html.replace(place, escape(name))
    return richtext.clean(html)


def _replies(text: str, case: Case, user: User) -> list[Suggestion]:
    language = (case.customer and case.customer.language) or case.client.language
    found = SavedReply.objects.usable_by(user).filter(Q(shortcut__istartswith=text) | Q(name__icontains=text))
    # In the customer's own language first.
    rows = sorted(found[:40], key=lambda one: (one.language not in {language, ""}, one.shortcut))
    return [Suggestion(one.name, f"::{one.shortcut}", filled(one.html, case, user)) for one in rows[:MOST]]


def for_chat(names: dict[str, str], language: str, user: User) -> list[tuple[str, str, str]]:
    """Saved replies as plain text: shortcut, name and what is said. In the visitor's own language first."""
    found = []
    for one in SavedReply.objects.usable_by(user).order_by("shortcut")[:200]:
        html = one.html
        for place, name in names.items():
            html = html.replace(place, escape(name))
        found.append((one.language not in {language, ""}, one.shortcut, one.name, richtext.to_text(html)))
    return [(shortcut, name, text) for _other, shortcut, name, text in sorted(found)]


def _articles(text: str, _case: Case, user: User) -> list[Suggestion]:
    found = Article.objects.visible_to(user).filter(is_public=True, title__icontains=text)[:MOST]
    return [Suggestion(one.title, one.language, richtext.clean(one.html)) for one in found]


def _people(text: str, case: Case, user: User) -> list[Suggestion]:
    people = teamwork.colleagues(case).exclude(pk=user.pk)
    for word in text.split():
        people = people.filter(
            Q(first_name__istartswith=word) | Q(last_name__istartswith=word) | Q(username__istartswith=word)
        )
    return [Suggestion(str(one), f"@{one.username}", escape(f"@{one.username}")) for one in people[:MOST]]


def effects(macro: Macro, case: Case, user: User) -> list[str]:
    """What the macro would change, in words."""
    lines = []
    for field, value in macro.changes.items():
        if field not in choices.TITLES:
            continue
        wanted = str(user.pk) if value == "me" else str(value)
        found: list[Any] = [one for one in choices.options(case, field, "", user=user) if one.value == wanted]
        if found and not found[0].is_now:
            lines.append(f"{choices.TITLES[field]}: {found[0].label}")
    return lines


def apply(macro: Macro, case: Case, *, by: User) -> int:
    """Make a macro's changes, each by its own verb. Return how many changed something. Nothing is ever sent."""
    changed = 0
    for field, value in macro.changes.items():
        if field in choices.TITLES:
            changed += choices.choose(case, field, str(by.pk) if value == "me" else str(value), by=by)
            case.refresh_from_db()
    return changed
