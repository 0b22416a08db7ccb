"""The set-up of the desk: which pages there are and for whom, who looks after which people, and what pages say in words."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.db.models import Count, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.utils.html import escape
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from tickets import richtext
from tickets.choices import TITLES
from tickets.models import Priority, Queue, Status, Team, Topic, User

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise as Words


# ---- The pages -------------------------------------------------------------------------------------------------------
@dataclass(frozen=True, slots=True)
class Section:
    """One page of the set-up: its address by name, what it is called and for, and who may open it."""

    url: str
    label: Words
    text: Words
    symbol: str
    is_for: Callable[[User], bool]


def _anybody(user: User) -> bool:
    return user.role not in User.NO_COLLEAGUES or user.is_superuser


def _looks_after_a_team(user: User) -> bool:
    return user.is_in_charge or user.leads is not None


def _in_charge(user: User) -> bool:
    return user.is_in_charge


SECTIONS = (
    Section(
        "setup_queues",
        gettext_lazy("Queues"),
        gettext_lazy("Where contacts wait, and which teams take them."),
        "inbox",
        _looks_after_a_team,
    ),
    Section(
        "setup_teams",
        gettext_lazy("Teams"),
        gettext_lazy("Who works together, and in which queues."),
        "users",
        _in_charge,
    ),
    Section(
        "setup_people",
        gettext_lazy("People"),
        gettext_lazy("Each person's team, skills and role."),
        "user",
        _looks_after_a_team,
    ),
    Section(
        "setup_skills",
        gettext_lazy("Skills"),
        gettext_lazy("What people can do, and queues ask for."),
        "wand",
        _in_charge,
    ),
    Section(
        "setup_topics", gettext_lazy("Topics"), gettext_lazy("What customers contact us about."), "topic", _in_charge
    ),
    Section(
        "setup_replies",
        gettext_lazy("Saved replies"),
        gettext_lazy("Texts that are put into a message by two colons and a shortcut."),
        "quote",
        _anybody,
    ),
    Section(
        "setup_macros",
        gettext_lazy("Macros"),
        gettext_lazy("A text and changes of the case that belong together."),
        "play",
        _anybody,
    ),
    Section(
        "setup_articles",
        pgettext_lazy("set-up", "Articles"),
        gettext_lazy("What we know, for agents and for customers."),
        "note",
        _in_charge,
    ),
    Section(
        "setup_hours",
        gettext_lazy("Opening hours"),
        gettext_lazy("When we are open, and which days are closed."),
        "clock",
        _in_charge,
    ),
    Section(
        "setup_telephone",
        gettext_lazy("Telephone"),
        gettext_lazy("The telephone systems that tell us of calls, and whom their names mean."),
        "phone",
        _looks_after_a_team,
    ),
    Section(
        "mailboxes",
        gettext_lazy("Mailboxes"),
        gettext_lazy("Where mail comes from, and what became of each."),
        "email",
        _in_charge,
    ),
    Section(
        "targets",
        gettext_lazy("Targets"),
        gettext_lazy("What figures shall reach, of whom and from when."),
        "flag",
        _looks_after_a_team,
    ),
    Section(
        "notes_on_time",
        gettext_lazy("Notes on the time axis"),
        gettext_lazy("What happened, marked on every chart that it concerns."),
        "note",
        _looks_after_a_team,
    ),
    Section(
        "survey_rules",
        gettext_lazy("Surveys"),
        gettext_lazy("Which customers are asked how it went, when, and what is followed up."),
        "chat",
        _in_charge,
    ),
    Section(
        "survey_forms",
        gettext_lazy("Survey forms"),
        gettext_lazy("What customers are asked: standard questions and your own, in every language."),
        "note",
        _in_charge,
    ),
    Section(
        "pulse_plan",
        gettext_lazy("Employee pulse"),
        gettext_lazy("One anonymous question a month to everybody in a team."),
        "users",
        _in_charge,
    ),
    Section(
        "themes",
        gettext_lazy("Themes of comments"),
        gettext_lazy("What customers write about, found by words."),
        "topic",
        _in_charge,
    ),
    Section(
        "wallboards",
        gettext_lazy("Wallboards"),
        gettext_lazy("What screens on the wall show, and the links that open them."),
        "eye",
        _looks_after_a_team,
    ),
    Section(
        "agreements",
        gettext_lazy("Agreements"),
        gettext_lazy("What we promised each client, and since when."),
        "calendar",
        _in_charge,
    ),
)


def sections(user: User) -> list[Section]:
    return [one for one in SECTIONS if one.is_for(user)]


def may_open(user: User, url: str) -> bool:
    return any(one.url == url for one in sections(user))


# ---- People and teams ------------------------------------------------------------------------------------------------
def people_of(user: User) -> QuerySet[User]:
    """Whom `user` looks after: a team lead her own team, those in charge everybody. Systems are no people."""
    people = User.objects.exclude(role=User.Role.INTEGRATION)
    return people if user.is_in_charge else people.filter(team=user.leads) if user.leads else people.none()


def people_to_edit(user: User) -> QuerySet[User]:
    """Nobody changes somebody who may do more than herself: her password and her rights would be within reach."""
    people = people_of(user)
    if user.is_superuser:
        return people
    if user.role == User.Role.ADMIN:
        return people.filter(is_superuser=False)
    if user.is_in_charge:
        return people.filter(is_superuser=False).exclude(role__in=[User.Role.ADMIN, User.Role.CLIENT])
    return people.filter(is_superuser=False, role__in=[User.Role.AGENT, User.Role.LEAD])


def roles_to_give(user: User) -> list[tuple[str, Any]]:
    """A manager makes no administrators, and lets nobody in from outside."""
    given = [User.Role.AGENT, User.Role.LEAD, User.Role.MANAGER]
    if user.is_superuser or user.role == User.Role.ADMIN:
        # Who is let in from outside is for an administrator to say.
        given += [User.Role.ADMIN, User.Role.CLIENT]
    return [(role.value, role.label) for role in given]


def people_for_list(people: QuerySet[User], q: str = "", team: str = "") -> QuerySet[User]:
    for word in q.split():
        people = people.filter(
            Q(first_name__icontains=word) | Q(last_name__icontains=word) | Q(username__icontains=word)
        )
    if team.isdecimal():
        people = people.filter(team_id=int(team))
    return people.select_related("team").prefetch_related("skills").order_by("-is_active", "first_name", "username")


def teams_for_list() -> QuerySet[Team]:
    """With how many people work in it and the queues that it takes."""
    people = User.objects.filter(team=OuterRef("pk"), is_active=True).order_by().values("team")
    count = people.annotate(n=Count("pk")).values("n")
    return (
        Team.objects.annotate(people=Coalesce(Subquery(count), 0))
        .prefetch_related("queues")
        .order_by("-is_active", "name")
    )


# ---- Topics ----------------------------------------------------------------------------------------------------------
@dataclass(slots=True)
class TopicLine:
    """A topic in the tree, in the order in which it is drawn."""

    topic: Topic
    below: int = 0
    is_open: bool = False
    # How many levels end with it: a list is closed for each.
    ends: range = range(0)


def topic_lines(q: str = "") -> list[TopicLine]:
    """The whole tree in one query; with words, the topics that have them all, and what is above those."""
    topics = list(Topic.objects.all())
    words = q.casefold().split()
    if words:
        found = [one for one in topics if all(word in f"{one.path} {one.name}".casefold() for word in words)]
        by_pk, kept = {one.pk: one for one in topics}, set()
        for one in found:
            at: int | None = one.pk
            while at is not None and at not in kept:
                kept.add(at)
                at = by_pk[at].parent_id
        topics = [one for one in topics if one.pk in kept]
    below: dict[int | None, list[Topic]] = {}
    for one in topics:
        below.setdefault(one.parent_id, []).append(one)
    return list(_drawn(below, None, is_open=bool(words)))


def _drawn(below: dict[int | None, list[Topic]], parent: int | None, *, is_open: bool) -> Iterator[TopicLine]:
    for topic in sorted(below.get(parent, ()), key=lambda one: one.name.casefold()):
        children = len(below.get(topic.pk, ()))
        yield TopicLine(topic, children, is_open)
        if children:
            *all_but_last, last = list(_drawn(below, topic.pk, is_open=is_open))
            yield from all_but_last
            last.ends = range(len(last.ends) + 1)
            yield last


# ---- Texts -----------------------------------------------------------------------------------------------------------
def places() -> list[tuple[str, str, str]]:
    """What may stand in a text in place of a name, what it becomes, and an example."""
    return [
        ("{customer}", _("the customer's name"), "Maja Lind"),
        ("{agent}", _("the name of whoever writes"), "Anna Berg"),
        ("{number}", _("the number of the case"), "#1234"),
        ("{client}", _("the client that we answer for"), "Nordlux"),
    ]


def example(html: str) -> str:
    """The text as a customer would read it, with names that are made up."""
    html = richtext.clean(html)
    for place, _words, name in places():
        html = html.replace(place, escape(name))
    return html


def changes_in_words(changes: dict[str, Any], queues: dict[str, str], topics: dict[str, str]) -> list[str]:
    """What a macro does to a case, a line for each change."""
    named: dict[str, Callable[[str], str]] = {
        "status": lambda value: str(Status(value).label) if value in Status.values else value,
        "priority": lambda value: str(Priority(value).label) if value in Priority.values else value,
        "queue": lambda value: queues.get(value, _("a queue that is gone")),
        "topic": lambda value: topics.get(value, _("a topic that is gone")),
        "owner": lambda value: {"me": _("whoever uses the macro"), "": _("nobody")}.get(value, value),
    }
    return [f"{TITLES[field]}: {named[field](str(changes[field]))}" for field in named if field in changes]


def names_in(macros: Sequence[Any]) -> tuple[dict[str, str], dict[str, str]]:
    """The queues and topics that these macros name, by id: two queries for all of them."""
    ids = {field: {str(one.changes[field]) for one in macros if field in one.changes} for field in ("queue", "topic")}
    queues = Queue.objects.filter(pk__in=[pk for pk in ids["queue"] if pk.isdecimal()])
    topics = Topic.objects.filter(pk__in=[pk for pk in ids["topic"] if pk.isdecimal()])
    return {str(one.pk): one.name for one in queues}, {str(one.pk): one.path for one in topics}


def say_what_macros_do(macros: list[Any]) -> None:
    names = names_in(macros)
    for one in macros:
        one.words = changes_in_words(one.changes, *names)
