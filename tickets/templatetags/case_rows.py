"""The rows of a list of cases. Drawn here and not by a template, which takes many times as long for the fifty rows of a page."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from datetime import datetime
from typing import Any

from django import template
from django.utils import timezone
from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _

from tickets.models import Case, Channel, Presence, Priority, Status
from tickets.templatetags.desk import age, initials, moment_on, priority_look, status_look
from tickets.templatetags.icons import icon

register = template.Library()
NOTHING = "–"


@register.simple_tag(takes_context=True)
def case_rows(context: template.Context) -> SafeString:
    """The `cases` of the context, loaded by `for_rows` and each with `present`: who is at it.

    `chosen`: names of the columns, in order. `still`: numbers that belong to the list still; without it all do. `now`.
    """
    rows = Rows(context["chosen"], context.get("now") or timezone.now(), context.get("still"))
    # Whatever people wrote is escaped where it is put in.
    return mark_safe("".join(rows.draw(context["cases"])))


class Rows:
    """What is the same for every row is looked up once."""

    def __init__(self, chosen: Collection[str], now: datetime, still: Collection[int] | None) -> None:
        self.chosen, self.now, self.still = chosen, now, still
        self.statuses, self.priorities, self.channels = (dict(of.choices) for of in (Status, Priority, Channel))
        self.choose, self.news, self.begun = _("Choose"), _("News for me"), _("I have begun to write")
        self.done = _("done")
        self.today, self.zone = timezone.localdate(), timezone.get_current_timezone()
        cells: dict[str, Callable[[Any], str]] = {
            "case": self.case,
            "customer": lambda case: f'<td dir="auto">{name_of(case.customer)}</td>',
            "status": lambda case: (
                f'<td><span class="tag tag-{status_look(case.status)}">{escape(self.statuses[case.status])}</span></td>'
            ),
            "priority": lambda case: f"<td>{self.priority(case)}</td>",
            "queue": lambda case: f'<td class="wide-only">{escape(case.queue.name) if case.queue else NOTHING}</td>',
            "topic": lambda case: f'<td class="wide-only">{escape(case.topic.path) if case.topic else NOTHING}</td>',
            "owner": lambda case: f'<td class="nowrap">{name_of(case.owner)}</td>',
            "team": lambda case: f'<td class="wide-only">{name_of(case.team)}</td>',
            "channel": lambda case: (
                f'<td class="wide-only nowrap">{icon(case.channel, "icon-inline")} {escape(self.channels[case.channel])}</td>'
            ),
            "client": lambda case: f'<td class="wide-only">{escape(case.client.name)}</td>',
            "incident": lambda case: f'<td class="wide-only" dir="auto">{name_of(case.incident)}</td>',
            "promise": self.promise,
            "answer": lambda case: (
                f'<td class="nowrap number wide-only">{icon("check", "icon-inline")}{hidden(self.done)}</td>'
                if case.is_answered
                else self.due(case, case.first_response_due_at)
            ),
            "due": lambda case: self.due(case, case.resolution_due_at),
            "age": lambda case: f'<td class="nowrap number">{age(case.created_at)}</td>',
            "changed": lambda case: f'<td class="nowrap number">{self.moment(case.updated_at)}</td>',
        }
        self.cells = [cells[name] for name in chosen]

    def draw(self, cases: Iterable[Case]) -> Iterable[str]:
        for case in cases:
            number = case.number
            gone = ' class="is-gone"' if self.still is not None and number not in self.still else ""
            yield (
                f'<tr id="case-{number}" data-number="{number}"{gone}><td class="tick"><input class="form-check-input"'
                f' type="checkbox" name="case" value="{number}" form="bulk" aria-label="{escape(self.choose)} #{number}"></td>\n'
            )
            for cell in self.cells:
                yield cell(case)
            yield "</tr>\n"

    def case(self, case: Any) -> str:
        unread = " is-unread" if case.is_unread else ""
        link = (
            f'<a href="/cases/{case.number}/" class="case-link{unread}"><span class="text-secondary number">#{case.number}</span>'
            f' <strong dir="auto">{escape(case.subject) or NOTHING}</strong></a>'
        )
        parts = [f'<td class="wide case-cell">{link}']
        if case.is_unread:
            parts.append(f'<span class="dot" title="{escape(self.news)}">{hidden(self.news)}</span>')
        if case.has_draft:
            pencil = icon("pencil", "icon-inline")
            parts.append(f'<span class="mark" title="{escape(self.begun)}">{pencil}{hidden(self.begun)}</span>')
        if "priority" not in self.chosen and priority_look(case.priority):
            parts.append(self.priority(case))
        if "incident" not in self.chosen and case.incident:
            name, sign = name_of(case.incident), icon("alert", "icon-inline")
            parts.append(
                f'<span class="tag tag-warn" title="{name}">{sign}<span class="visually-hidden">{name}</span></span>'
            )
        parts += [present(one) for one in case.present]
        return " ".join([*parts, f'<div class="text-secondary small" dir="auto">{self.about(case)}</div></td>'])

    def about(self, case: Case) -> str:
        """Whose it is, about what, and until when it sleeps, as far as no column says so."""
        parts = []
        if "customer" not in self.chosen:
            parts.append(name_of(case.customer))
        if case.topic and "topic" not in self.chosen:
            parts.append(escape(case.topic.path))
        if case.snoozed_until and case.snoozed_until > self.now:
            parts.append(
                f'{icon("moon", "icon-inline")} <span class="number">{escape(self.moment(case.snoozed_until))}</span>'
            )
        return " · ".join(parts)

    def moment(self, at: datetime | None) -> str:
        return moment_on(at, self.today, self.zone)

    def priority(self, case: Case) -> str:
        words = escape(self.priorities[case.priority])
        return f'<span class="tag tag-{priority_look(case.priority)}">{words}</span>'

    def promise(self, case: Case) -> str:
        at = case.next_promise_at
        if at is None:
            return f'<td class="nowrap number wide-only">{NOTHING}</td>'
        sign = icon("calendar", "icon-inline")
        return f'<td class="nowrap number"><span{late(at < self.now)}>{sign} {escape(self.moment(at))}</span></td>'

    def due(self, case: Case, at: datetime | None) -> str:
        is_late = case.is_open and at is not None and at < self.now
        return f'<td class="nowrap number wide-only"><span{late(is_late)}>{escape(self.moment(at))}</span></td>'


def name_of(thing: object) -> str:
    return NOTHING if thing is None else escape(str(thing))


def late(is_late: bool) -> str:  # noqa: FBT001 - a word of HTML for a truth
    return ' class="tag tag-bad"' if is_late else ""


def hidden(words: str) -> str:
    return f'<span class="visually-hidden">{escape(words)}</span>'


def present(one: Presence) -> str:
    words = f"{escape(one.user)} {escape(one.get_state_display())}"
    sign = icon("pencil") if one.state == "typing" else ""
    return (
        f'<span class="present" data-state="{one.state}" title="{words}">'
        f'<span aria-hidden="true">{escape(initials(one.user))}{sign}</span><span class="visually-hidden">{words}</span></span>'
    )
