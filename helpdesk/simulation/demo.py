"""What a newcomer finds at the first start: ninety days of traffic, and an account for each role."""

from __future__ import annotations

from datetime import timedelta

from django.contrib.auth.hashers import make_password
from django.db import transaction
from django.utils import timezone

from helpdesk.simulation import ledgers, world
from helpdesk.simulation.catalogue import TEAMS
from helpdesk.simulation.desk import Agent
from helpdesk.simulation.run import simulate
from helpdesk.simulation.world import World
from tickets.models import ChatWidget, Contact, User, WebForm, WebFormTopic

SEED = 1
DAYS = 90
CONTACTS_PER_DAY = 48
# Who one is when logging in as "agent": one of those who have served in these ninety days.
LOGS_IN_AS_AGENT = "anna.berg"

# User name (which is also the password), role, first and last name, and the team, or the company of a client's manager.
ACCOUNTS = (
    ("lead", User.Role.LEAD, "Helena", "Wikström", TEAMS[0].code),
    ("manager", User.Role.MANAGER, "Tuomas", "Rautio", ""),
    ("admin", User.Role.ADMIN, "Ida", "Norrby", ""),
    ("integration", User.Role.INTEGRATION, "Telephony", "", ""),
    ("client", User.Role.CLIENT, "Mirja", "Tallvik", "tallvik"),
)
# Address, name, client, queue, and the topics on offer in Swedish, Finnish and English.
FORMS = (
    (
        "tallvik",
        "Tallvik: skriv till oss",
        "tallvik",
        "tallvik-mail",
        (
            ("internet/slow connection", "Internet är långsamt", "Netti on hidas", "The internet is slow"),
            ("billing/invoice/wrong amount", "Fel på fakturan", "Laskussa on virhe", "The invoice is wrong"),
            ("contract/moving house", "Jag ska flytta", "Olen muuttamassa", "I am moving house"),
        ),
    ),
    (
        "lumikko",
        "Lumikko: ota yhteyttä",
        "lumikko",
        "lumikko-mail",
        (
            ("delivery/where is my parcel", "Var är mitt paket?", "Missä pakettini on?", "Where is my parcel?"),
            ("returns/how to return", "Jag vill lämna tillbaka", "Haluan palauttaa", "I want to return something"),
        ),
    ),
)


def is_wanted() -> bool:
    """Only an installation that nobody uses yet is filled."""
    return not Contact.objects.exists() and not User.objects.exists()


@transaction.atomic
def load() -> int:
    """Fill an empty installation, wholly or not at all. Return the number of contacts."""
    make_accounts()
    make_forms(world.build())
    until = timezone.now()
    count = simulate(seed=SEED, days=DAYS, contacts_per_day=CONTACTS_PER_DAY, until=until, in_bulk=True)
    ledgers.book(until - timedelta(days=DAYS), until, seed=SEED)
    return count


def make_accounts() -> None:
    desk = world.build()
    first, last = TEAMS[0].agents[0]
    agent = world.agents(desk, [Agent(LOGS_IN_AS_AGENT, first, last, TEAMS[0].code)])[LOGS_IN_AS_AGENT]
    agent.username = "agent"
    agent.set_password("agent")
    agent.save()
    User.objects.bulk_create(
        User(
            username=name,
            code=name,
            password=make_password(name),
            role=role,
            first_name=first_name,
            last_name=last_name,
            team=desk.teams.get(of),
            client=desk.clients.get(of) if role == User.Role.CLIENT else None,
            is_staff=role == User.Role.ADMIN,
            is_superuser=role == User.Role.ADMIN,
        )
        for name, role, first_name, last_name, of in ACCOUNTS
    )


def make_forms(desk: World) -> None:
    """A public form for each of the companies that we serve."""
    for slug, name, client, queue, topics in FORMS:
        form, made = WebForm.objects.get_or_create(
            slug=slug, defaults={"name": name, "client": desk.clients[client], "queue": desk.queues[queue]}
        )
        if made:
            WebFormTopic.objects.bulk_create(
                WebFormTopic(form=form, topic=desk.topics[path], position=place, labels={"sv": sv, "fi": fi, "en": en})
                for place, (path, sv, fi, en) in enumerate(topics)
            )
            # The same company's site has a chat, whose visitors leave a message by this form while nobody is there.
            ChatWidget.objects.get_or_create(
                slug=slug, defaults={"name": name, "client": form.client, "queue": form.queue, "form": form}
            )
