"""Carry a plan out through the verbs that real traffic takes, each in its own transaction, at the moments it names."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction

from helpdesk.simulation.people import Person
from helpdesk.simulation.plan import (
    Answered,
    Asked,
    CaseOpens,
    CaseStep,
    ContactBegins,
    ContactEnds,
    PromiseKept,
    PromiseMade,
    PromiseMoved,
    Step,
)
from helpdesk.simulation.world import World
from surveys.models import Invitation
from tickets.models import (
    Case,
    CaseEvent,
    Contact,
    Customer,
    Identity,
    Message,
    Promise,
    Segment,
    Status,
    User,
)
from tickets.settle import settle
from tickets.signals import happened

ANSWERS_TAKEN_FOR = timedelta(days=14)


class Live:
    def __init__(self, world: World, agents: dict[str, User]) -> None:
        self.world = world
        self.agents = agents
        self.customers: dict[str, Customer] = {}
        self.contacts: dict[str, int] = {}
        self.cases: dict[str, int] = {}
        self.promises: dict[str, int] = {}
        self.invitations: dict[str, int] = {}
        self._handlers: dict[type[Step], Callable[[Any], None]] = {
            ContactBegins: self.begin_contact,
            ContactEnds: self.end_contact,
            CaseOpens: self.open_case,
            CaseStep: self.step,
            PromiseMade: self.make_promise,
            PromiseMoved: self.move_promise,
            PromiseKept: self.keep_promise,
            Asked: self.ask,
            Answered: self.answer,
        }

    def run(self, steps: Iterable[Step], progress: Callable[[datetime], None] = lambda _at: None) -> None:
        for step in steps:
            self._handlers[type(step)](step)
            progress(step.at)

    def customer(self, person: Person | None) -> Customer | None:
        if person is None:
            return None
        if person.key not in self.customers:
            client = self.world.clients[person.client]
            customer = Customer.objects.create(name=person.name, language=person.language, client=client)
            for kind, value in ((Identity.Kind.EMAIL, person.email), (Identity.Kind.PHONE, person.phone)):
                if value:
                    customer.identities.create(kind=kind, value=value)
            self.customers[person.key] = customer
        return self.customers[person.key]

    @transaction.atomic
    def begin_contact(self, step: ContactBegins) -> None:
        contact = Contact.objects.create(
            source=self.world.source,
            external_id=step.key,
            client=self.world.clients[step.client],
            channel=step.channel,
            direction=step.direction,
            outcome=step.outcome,
            customer=self.customer(step.person),
            topic=self.world.topics.get(step.topic),
            queue=self.world.queues[step.queue],
            subject=step.subject,
            started_at=step.at,
            queued_at=step.queued_at,
            flags=list(step.flags),
            parent_id=self.contacts[step.parent] if step.parent else None,
            duplicate_of_id=self.contacts[step.duplicate_of] if step.duplicate_of else None,
        )
        self.contacts[step.key] = contact.pk
        self._tell(contact)

    @transaction.atomic
    def end_contact(self, step: ContactEnds) -> None:
        contact = Contact.objects.select_for_update().get(pk=self.contacts[step.key])
        contact.outcome = step.outcome
        contact.answered_at, contact.ended_at = step.answered_at, step.ended_at
        contact.case_id = contact.logged_case_id = self.cases[step.case] if step.case else None
        contact.topic = self.world.topics.get(step.topic)
        contact.demand, contact.cause, contact.solved = step.demand, step.cause, step.solved
        contact.flags = list(step.flags)
        contact.save()
        for leg in step.legs:
            agent = self.agents[leg.agent]
            Segment.objects.create(
                contact=contact,
                source=self.world.source,
                agent=agent,
                team=agent.team,
                role=leg.role,
                started_at=leg.started_at,
                ended_at=leg.ended_at,
                talk_us=leg.talk_us,
                hold_us=leg.hold_us,
                acw_us=leg.acw_us,
            )
        self._tell(contact)

    def _tell(self, contact: Contact) -> None:
        settle([contact.pk])
        happened.send(sender=Contact, case_event=None, contact=contact)

    @transaction.atomic
    def open_case(self, step: CaseOpens) -> None:
        case = Case.open_new(
            by=self.agents.get(step.by),
            client=self.world.clients[step.client],
            channel=step.channel,
            at=step.at,
            external_id=step.case,
            customer=self.customer(step.person),
            topic=self.world.topics[step.topic],
            queue=self.world.queues[step.queue],
            subject=step.subject,
            priority=step.priority,
        )
        self.cases[step.case] = case.pk
        if step.text:
            # What a case begins with is no further message of the customer's, so it is no event.
            contact_id = self.contacts[step.contact]
            case.messages.create(kind=Message.Kind.INCOMING, body=step.text, at=step.at, contact_id=contact_id)

    def step(self, step: CaseStep) -> None:
        case = self.case(step.case)
        by, at = self.agents.get(step.by), step.at
        contact = Contact.objects.get(pk=self.contacts[step.contact]) if step.contact else None
        match step.verb:
            case "assign":
                case.assign(to=self.agents[step.to], by=by, at=at)
            case "escalate":
                case.escalate(by=by, reason=step.text, to=self.agents[step.to], at=at)
            case "acknowledge":
                case.record(CaseEvent.Kind.AUTO_ACK, by=None, at=at)
            case "hear":
                case.log_message(step.text, kind=Message.Kind.INCOMING, by=None, at=at)
                case.carry_on(by=None, at=at)
            case "reply":
                case.log_message(step.text, kind=Message.Kind.OUTGOING, by=by, at=at)
            case "note":
                case.write_note(step.text, by=self.agents[step.by], at=at, contact=contact)
            case "wait":
                case.wait(on=Status(step.text), by=by, at=at)
            case "resolve":
                case.resolve(by=by, at=at)
            case "reopen":
                case.reopen(by=by, at=at)

    def case(self, key: str) -> Case:
        return Case.objects.get(pk=self.cases[key])

    def make_promise(self, step: PromiseMade) -> None:
        by = self.agents.get(step.by)
        promise = self.case(step.case).promise(due_at=step.due_at, by=by, kind=step.kind, at=step.at)
        self.promises[step.key] = promise.pk

    def move_promise(self, step: PromiseMoved) -> None:
        promise = Promise.objects.get(pk=self.promises[step.key])
        by = self.agents.get(step.by)
        promise.case.move_promise(promise, due_at=step.due_at, moved_by=step.moved_by, by=by, at=step.at)

    def keep_promise(self, step: PromiseKept) -> None:
        promise = Promise.objects.get(pk=self.promises[step.key])
        promise.case.keep(promise, by=self.agents.get(step.by), at=step.at)

    def ask(self, step: Asked) -> None:
        """Take the invitation that the resolution made; for what was resolved longer ago it makes none, so it is made here."""
        case = self.case(step.case)
        asked = Invitation.objects.filter(case=case, expires_at__gt=step.at).first()
        invitation = asked or Invitation.objects.create(
            source=self.world.source,
            external_id=step.key,
            client=case.client,
            case=case,
            contact_id=self.contacts[step.contact] if step.contact else None,
            customer=case.customer,
            language=case.customer.language if case.customer else "",
            sent_at=step.at,
            is_delivered=step.is_delivered,
            expires_at=step.at + ANSWERS_TAKEN_FOR,
        )
        self.invitations[step.key] = invitation.pk

    def answer(self, step: Answered) -> None:
        invitation = Invitation.objects.get(pk=self.invitations[step.key])
        invitation.answer(
            at=step.at,
            csat=step.csat,
            ces=step.ces,
            nps=step.nps,
            fcr_resolved=step.fcr_resolved,
            fcr_contacts=step.fcr_contacts,
            comment=step.comment,
        )
