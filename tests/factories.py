"""Make what a test needs with one call. Every default is small and plain; name only what the test is about."""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import count
from typing import Any

from django.utils import timezone

from tickets.models import (
    DESK,
    Agreement,
    Calendar,
    Case,
    Channel,
    ChatWidget,
    Client,
    Contact,
    Customer,
    Identity,
    Mailbox,
    OpeningHours,
    Outcome,
    Queue,
    Role,
    Segment,
    Source,
    Team,
    Topic,
    User,
    WebForm,
)
from tickets.settle import settle

PASSWORD = "a long enough pass phrase"
MICROSECONDS = 1_000_000
_number = count(1)


def make_source(name: str = DESK) -> Source:
    return Source.objects.get_or_create(name=name)[0]


def make_client(code: str = "own", **fields: Any) -> Client:
    return Client.objects.get_or_create(code=code, defaults={"name": code.title(), **fields})[0]


def make_calendar(name: str = "Office hours", **fields: Any) -> Calendar:
    """Monday to Friday, 8 to 17, Swedish holidays."""
    calendar, made = Calendar.objects.get_or_create(name=name, defaults={"country": "SE", **fields})
    if made:
        calendar.opening_hours.bulk_create(
            OpeningHours(calendar=calendar, weekday=weekday, opens_at="08:00", closes_at="17:00")
            for weekday in range(5)
        )
    return calendar


def make_agreement(client: Client | None = None, **fields: Any) -> Agreement:
    fields.setdefault("valid_from", datetime.fromisoformat("2000-01-01T00:00:00+00:00"))
    if "calendar" not in fields:
        fields["calendar"] = make_calendar()
    return Agreement.objects.create(client=client or make_client(), **fields)


def make_team(code: str = "support", **fields: Any) -> Team:
    return Team.objects.get_or_create(code=code, defaults={"name": code.title(), **fields})[0]


def make_user(username: str = "", *, role: str = User.Role.AGENT, **fields: Any) -> User:
    """An agent of the team "support" unless told otherwise. Log in with `client.force_login`, or with PASSWORD."""
    username = username or f"{role}{next(_number)}"
    if role in {User.Role.AGENT, User.Role.LEAD}:
        fields.setdefault("team", make_team())
    is_admin = role == User.Role.ADMIN
    fields = {"code": username, "is_staff": is_admin, "is_superuser": is_admin, **fields}
    password = fields.pop("password", PASSWORD)
    return User.objects.create_user(username, password=password, role=role, **fields)


def make_queue(code: str = "first-line", *, teams: list[Team] | None = None, **fields: Any) -> Queue:
    """A queue that the team "support" works in unless told otherwise."""
    queue, made = Queue.objects.get_or_create(
        code=code, defaults={"name": code.title(), "client": fields.pop("client", None) or make_client(), **fields}
    )
    if made:
        queue.teams.set([make_team()] if teams is None else teams)
    return queue


def make_topic(path: str = "billing/invoice", **fields: Any) -> Topic:
    topic = Topic.objects.at_path(path)
    if fields:
        Topic.objects.filter(pk=topic.pk).update(**fields)
        topic.refresh_from_db()
    return topic


def make_customer(name: str = "Maja Lind", *, email: str = "", phone: str = "", **fields: Any) -> Customer:
    customer = Customer.objects.create(name=name, **fields)
    if email:
        customer.identities.create(kind=Identity.Kind.EMAIL, value=email.lower())
    if phone:
        customer.identities.create(kind=Identity.Kind.PHONE, value=phone)
    return customer


def make_case(*, by: User | None = None, **fields: Any) -> Case:
    """An open case in the queue "first-line", opened through the verb that opens real ones."""
    fields.setdefault("channel", Channel.PHONE)
    if "queue" not in fields:
        fields["queue"] = make_queue()
    if "customer" not in fields:
        fields["customer"] = make_customer()
    fields.setdefault("subject", "Where is my invoice?")
    return Case.open_new(by=by, client=fields.pop("client", None) or make_client(), **fields)


def make_mailbox(code: str = "support", **fields: Any) -> Mailbox:
    """`support@desk.example`, whose mail goes into the queue "first-line"."""
    if "queue" not in fields:
        fields["queue"] = make_queue()
    fields = {"name": code.title(), "address": f"{code}@desk.example", "language": "en", **fields}
    return Mailbox.objects.create(code=code, client=fields.pop("client", None) or make_client(), **fields)


def make_contact(
    *,
    agent: User | None = None,
    at: datetime | None = None,
    wait: float = 10,
    talk: float = 120,
    hold: float = 0,
    acw: float = 30,
    **fields: Any,
) -> Contact:
    """A finished inbound contact, answered by `agent` after `wait` seconds, settled.

    `outcome="abandoned"` makes one that waited `wait` seconds and left. `agent=None` makes an agent when one is needed.
    """
    at = at or timezone.now() - timedelta(hours=1)
    queued_at = fields.pop("queued_at", at)
    outcome = fields.setdefault("outcome", Outcome.ANSWERED)
    left_at = at + timedelta(seconds=wait)
    answered = outcome == Outcome.ANSWERED
    fields.setdefault("answered_at", left_at if answered else None)
    fields.setdefault("ended_at", left_at + timedelta(seconds=talk + hold) if answered else left_at)
    fields.setdefault("channel", Channel.PHONE)
    if "queue" not in fields:
        fields["queue"] = make_queue()
    if "topic" not in fields:
        fields["topic"] = make_topic()
    fields.setdefault("logged_case", fields.get("case"))
    contact = Contact.objects.create(
        source=fields.pop("source", None) or make_source(),
        client=fields.pop("client", None) or make_client(),
        started_at=at,
        queued_at=queued_at,
        **fields,
    )
    if answered:
        make_segment(contact, agent=agent, talk=talk, hold=hold, acw=acw)
    settle([contact.pk])
    contact.refresh_from_db()
    return contact


def make_segment(
    contact: Contact,
    *,
    agent: User | None = None,
    talk: float = 120,
    hold: float = 0,
    acw: float = 30,
    **fields: Any,
) -> Segment:
    """One finished leg. Call `settle([contact.pk])` afterwards where the sums matter."""
    agent = agent or make_user()
    started_at = fields.pop("started_at", contact.answered_at or contact.started_at)
    return Segment.objects.create(
        contact=contact,
        source=contact.source,
        agent=agent,
        team=fields.pop("team", agent.team),
        role=fields.pop("role", Role.PRIMARY),
        started_at=started_at,
        ended_at=fields.pop("ended_at", started_at + timedelta(seconds=talk + hold)),
        talk_us=round(talk * MICROSECONDS),
        hold_us=round(hold * MICROSECONDS),
        acw_us=round(acw * MICROSECONDS),
        **fields,
    )


def make_chat_widget(slug: str = "shop", **fields: Any) -> ChatWidget:
    """A chat of the queue "first-line", on the site https://shop.example."""
    client, queue = fields.pop("client", None) or make_client(), fields.pop("queue", None) or make_queue()
    form, _made = WebForm.objects.get_or_create(slug=slug, defaults={"name": slug, "client": client, "queue": queue})
    fields = {"name": slug.title(), "origins": ["https://shop.example"], "form": form, **fields}
    return ChatWidget.objects.create(slug=slug, client=client, queue=queue, **fields)
