"""How a list of cases is narrowed. Every state of the list has its own address, to be kept and shared."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, time, timedelta
from typing import Any, NamedTuple

from django import forms
from django.contrib.postgres.search import SearchQuery, SearchVector
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.http import QueryDict
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from tickets.forms import Choice, Input, Tick
from tickets.intake import suggest
from tickets.models import (
    OPEN_STATUSES,
    Case,
    CaseEvent,
    Channel,
    Client,
    Contact,
    Draft,
    Flag,
    Incident,
    Notice,
    Priority,
    Queue,
    Status,
    Team,
    Topic,
    User,
)
from tickets.models.case import CaseQuerySet
from tickets.paging import ORDERS, CaseList, Order

STATUSES = [("", _("All open")), *((status, status.label) for status in OPEN_STATUSES)]
STATUSES += [(Status.RESOLVED, Status.RESOLVED.label), ("all", _("All"))]
WAITING = [Status.WAITING_CUSTOMER, Status.WAITING_THIRD_PARTY]
WHOSE = {
    "mine": pgettext_lazy("whose cases", "Mine"),
    "unassigned": _("Nobody's"),
    "team": _("My team"),
    "all": pgettext_lazy("whose cases", "All"),
    "waiting": _("Waiting"),
    "snoozed": _("Snoozed"),
}
PROMISES = [
    ("", _("Any or none")),
    ("overdue", _("Overdue")),
    ("today", _("Today")),
    ("some", _("Some")),
    ("none", _("None")),
]
DUE = [
    ("", _("Any or none")),
    ("overdue", _("Overdue")),
    ("today", _("Today")),
]
# Days that a case has been open, from and below.
AGES: dict[str, tuple[int, int | None]] = {
    "0-1": (0, 1),
    "1-3": (1, 3),
    "3-7": (3, 7),
    "7-30": (7, 30),
    "30": (30, None),
}
AGE_LABELS = [
    ("", _("Any")),
    ("0-1", _("Less than a day")),
    ("1-3", _("1 to 3 days")),
    ("3-7", _("3 to 7 days")),
    ("7-30", _("7 to 30 days")),
    ("30", _("30 days or more")),
]
# In the bar; the others lie in the panel, and show as chips where they are set.
IN_BAR = ("q", "status", "queue", "sort")
WORDS = SearchVector("subject", config="simple")


class Chip(NamedTuple):
    """A filter that is set: its words, and the address without it."""

    name: str
    label: str
    address: str


def _any(model: type[Any], label: Any, rows: QuerySet[Any] | None = None) -> forms.ModelChoiceField[Any]:
    rows = model.objects.all() if rows is None else rows
    return forms.ModelChoiceField(rows, label=label, required=False, empty_label=_("Any"), widget=Choice())


def _one_of(choices: Any, label: Any) -> forms.ChoiceField:
    return forms.ChoiceField(label=label, required=False, choices=[("", _("Any")), *choices], widget=Choice())


class CaseFilter(forms.Form):
    q = forms.CharField(label=_("Search"), required=False, max_length=200)
    whose = forms.ChoiceField(required=False, choices=[*WHOSE.items()])
    status = forms.ChoiceField(label=_("Status"), required=False, choices=STATUSES, widget=Choice())
    queue = forms.TypedChoiceField(label=_("Queue"), required=False, coerce=int, empty_value=None, widget=Choice())
    topic = _any(Topic, _("Topic"), Topic.objects.filter(is_active=True))
    owner = _any(
        User,
        _("Owner"),
        User.objects.filter(is_active=True)
        .exclude(role=User.Role.CLIENT)
        .order_by("first_name", "last_name", "username"),
    )
    team = _any(Team, _("Team"))
    client = _any(Client, _("Client"))
    channel = _one_of(Channel.choices, _("Channel"))
    priority = _one_of(Priority.choices, _("Priority"))
    flag = _one_of(Flag.choices, _("Mark"))
    incident = _any(Incident, _("Incident"))
    promise = forms.ChoiceField(label=_("Next promise"), required=False, choices=PROMISES, widget=Choice())
    due = forms.ChoiceField(label=_("Agreed times"), required=False, choices=DUE, widget=Choice())
    age = forms.ChoiceField(label=_("Opened"), required=False, choices=AGE_LABELS, widget=Choice())
    late = forms.BooleanField(label=_("Something is overdue"), required=False, widget=Tick())
    silent = forms.BooleanField(label=_("Silent"), required=False, widget=Tick())
    unread = forms.BooleanField(label=_("News for me"), required=False, widget=Tick())
    draft = forms.BooleanField(label=_("I have begun to write"), required=False, widget=Tick())
    sort = forms.ChoiceField(label=_("Order"), required=False, widget=Choice())

    def __init__(self, data: Mapping[str, Any], *, user: User, queues: list[Queue], **kwargs: Any) -> None:
        super().__init__(data, **kwargs)
        self.user, self.queues = user, queues
        self.fields["q"].widget = Input(
            **{"type": "search", "aria-keyshortcuts": "/"}, placeholder=_("Number, subject or customer")
        )
        choices: Any = self.fields
        choices["queue"].choices = [("", _("All queues")), *((queue.pk, queue.name) for queue in queues)]
        choices["sort"].choices = [("", _("Latest change")), *_sorts()]
        # What cannot be read is passed over.
        self.is_valid()
        self.asked: dict[str, Any] = {name: value for name, value in self.cleaned_data.items() if value}

    def bar(self) -> list[tuple[str, Any, list[tuple[str, Any]], str]]:
        """The few filters that are always in sight: name, label, what can be chosen, what is."""
        choices: Any = self.fields
        return [
            (
                name,
                choices[name].label,
                [(str(value), words) for value, words in choices[name].choices],
                str(self.asked.get(name, "")),
            )
            for name in ("status", "queue", "sort")
        ]

    @property
    def tab(self) -> str:
        """Whoever has no cases of her own, as a manager, begins with everybody's."""
        return self.asked.get("whose") or ("all" if self.user.sees_everything else "mine")

    @property
    def order(self) -> tuple[Order, bool]:
        """What the list is ordered by, and whether that is turned round."""
        name: str = self.asked.get("sort") or "updated"
        return ORDERS[name.removeprefix("-")], name.startswith("-")

    def found(self) -> CaseList:
        """The cases that were asked for, and how to read them."""
        cases, now = self._belonging(self._with_status(Case.objects.visible_to(self.user))), timezone.now()
        for name, narrow in NARROWERS.items():
            if name in self.asked:
                cases = narrow(cases, self.asked[name], self.user)
        if not {"flag", "q"} & self.asked.keys():
            # Spam is there for those who ask for it, by its mark or by words.
            cases = cases.exclude(flags__contains=[Flag.SPAM])
        if "promise" in self.asked:
            cases = _promised(cases, self.asked["promise"], now)
        return CaseList(cases, self.user, None if self._has_own_index() else [queue.pk for queue in self.queues])

    def _has_own_index(self) -> bool:
        """Whether what was asked for is found by itself, so that the queues need not be gone through."""
        named = {"q", "queue", "owner", "incident", "unread", "draft"} & self.asked.keys()
        looks_back = self.asked.get("status") in {"all", Status.RESOLVED}
        return bool(
            named
            or self.tab in {"mine", "snoozed"}
            or (("team" in self.asked or self.tab == "team") and not looks_back)
            or ("topic" in self.asked and looks_back)
        )

    def _with_status(self, cases: CaseQuerySet) -> CaseQuerySet:
        status, now = self.asked.get("status", ""), timezone.now()
        if status == "all":
            return cases
        if status == Status.RESOLVED:
            return cases.filter(status=status)
        cases = cases.filter(status=status) if status else cases.open()
        # Out of sight until its time has come; then it is back, whether or not somebody has said so yet.
        if self.tab == "snoozed":
            return cases.filter(snoozed_until__gt=now)
        return cases.filter(Q(snoozed_until=None) | Q(snoozed_until__lte=now))

    def _belonging(self, cases: CaseQuerySet) -> CaseQuerySet:
        match self.tab:
            case "mine":
                return cases.filter(owner=self.user)
            case "unassigned":
                return cases.filter(owner=None)
            case "team":
                return cases.filter(team=self.user.team_id)
            case "waiting":
                return cases.filter(status__in=WAITING)
        return cases

    def kept(self) -> list[tuple[str, str]]:
        """What is set and not in the bar: goes along with it, unseen."""
        return [(name, value) for name, value in self.said().items() if name not in IN_BAR]

    def chips(self) -> list[Chip]:
        return [
            Chip(name, self._words(name), address_of({**self.said(), name: ""}))
            for name in self.asked
            if name in IN_PANEL
        ]

    def _words(self, name: str) -> str:
        field, value = self.fields[name], self.asked[name]
        if value is True:
            return str(field.label)
        if isinstance(field, forms.ModelChoiceField):
            return f"{field.label}: {value}"
        labels: dict[str, Any] = dict(getattr(field, "choices", []))
        return f"{field.label}: {labels.get(str(value), value)}"

    def said(self) -> dict[str, str]:
        """What is asked for, in the words of an address."""
        return {name: str(self.data.get(name, "")) for name in self.asked} | {"whose": self.tab}

    @property
    def address(self) -> str:
        """The same for the same list, however it was asked for."""
        return address_of(self.said())

    def panel(self) -> list[forms.BoundField]:
        return [self[name] for name in IN_PANEL]


IN_PANEL = [name for name in CaseFilter.base_fields if name not in {*IN_BAR, "whose"}]


def address_of(asked: Mapping[str, str]) -> str:
    query = QueryDict(mutable=True)
    query.update({name: value for name, value in sorted(asked.items()) if value})
    return query.urlencode()


def _sorts() -> list[tuple[str, Any]]:
    turned = {
        "-updated": _("Longest without change"),
        "created": _("Newest first"),
        "-created": _("Oldest first"),
        "promise": _("Next promise first"),
        "-promise": _("Next promise last"),
        "due": _("Solution due first"),
        "-due": _("Solution due last"),
        "priority": _("Most urgent first"),
        "-priority": _("Least urgent first"),
        "number": _("Highest number first"),
        "-number": _("Lowest number first"),
    }
    return [("updated", _("Latest change")), *turned.items()][1:]


def _matching(cases: CaseQuerySet, text: str, user: User) -> CaseQuerySet:
    text = text.strip()
    if text.lstrip("#").isdecimal():
        return cases.filter(number=min(int(text.lstrip("#")), 2**63 - 1))
    customers = [customer.pk for customer in suggest(text, user=user)]
    words = [word for word in text.replace("'", " ").replace("\\", " ").split() if word.strip("-")]
    if not words:
        return cases.filter(customer__in=customers)
    query = SearchQuery(" & ".join(f"'{word}':*" for word in words), search_type="raw", config="simple")
    said = Case.objects.annotate(words=WORDS).filter(words=query).order_by().values("pk")
    # Each by its own index: a condition with "or" would read every case.
    return cases.filter(pk__in=said.union(Case.objects.filter(customer__in=customers).order_by().values("pk")))


def _late(cases: CaseQuerySet, _value: bool, _user: User) -> CaseQuerySet:  # noqa: FBT001 - one signature for all
    now = timezone.now()
    return cases.filter(Q(next_promise_at__lt=now) | Q(resolution_due_at__lt=now, status__in=OPEN_STATUSES))


def _due(cases: CaseQuerySet, which: str, _user: User) -> CaseQuerySet:
    """First response or solution agreed for before now, or for later today, and not given yet."""
    now, midnight = timezone.now(), _midnight(timezone.now())
    replied = CaseEvent.objects.filter(case=OuterRef("pk"), kind=CaseEvent.Kind.AGENT_REPLY)
    answered = Contact.objects.filter(case=OuterRef("pk"), is_handled=True, channel__in=["phone", "chat"])
    span = {"lt": now} if which == "overdue" else {"gte": now, "lt": midnight + timedelta(days=1)}
    first = Q(**{f"first_response_due_at__{sign}": at for sign, at in span.items()})
    solved = Q(**{f"resolution_due_at__{sign}": at for sign, at in span.items()})
    return cases.open().filter(solved | (first & ~Exists(replied) & ~Exists(answered)))


def _aged(cases: CaseQuerySet, band: str, _user: User) -> CaseQuerySet:
    low, high = AGES[band]
    cases = cases.filter(created_at__lte=timezone.now() - timedelta(days=low))
    return cases.filter(created_at__gt=timezone.now() - timedelta(days=high)) if high else cases


def _midnight(now: datetime) -> datetime:
    """The beginning of the day."""
    return timezone.make_aware(datetime.combine(timezone.localdate(now), time.min))


def _promised(cases: CaseQuerySet, which: str, now: datetime) -> CaseQuerySet:
    midnight = _midnight(now)
    conditions = {
        "overdue": Q(next_promise_at__lt=now),
        "today": Q(next_promise_at__gte=midnight, next_promise_at__lt=midnight + timedelta(days=1)),
        "some": Q(next_promise_at__isnull=False),
        "none": Q(next_promise_at__isnull=True),
    }
    return cases.filter(conditions[which])


def _same(name: str) -> Callable[[CaseQuerySet, Any, User], CaseQuerySet]:
    return lambda cases, value, _user: cases.filter(**{name: value})


NARROWERS: dict[str, Callable[[CaseQuerySet, Any, User], CaseQuerySet]] = {
    "q": _matching,
    "queue": _same("queue"),
    "topic": lambda cases, topic, _user: cases.filter(
        topic__in=list(
            Topic.objects.filter(Q(pk=topic.pk) | Q(path__startswith=f"{topic.path}/")).values_list("pk", flat=True)
        )
    ),
    "owner": _same("owner"),
    "team": _same("team"),
    "client": _same("client"),
    "channel": _same("channel"),
    "priority": _same("priority"),
    "flag": lambda cases, flag, _user: cases.filter(flags__contains=[flag]),
    "incident": _same("incident"),
    "late": _late,
    "due": _due,
    "age": _aged,
    "silent": lambda cases, _value, _user: cases.silent(),
    "unread": lambda cases, _value, user: cases.filter(pk__in=Notice.objects.visible_to(user).unread().values("case")),
    "draft": lambda cases, _value, user: cases.filter(
        pk__in=Draft.objects.visible_to(user).filter(send_at=None).exclude(html="").values("case")
    ),
}
