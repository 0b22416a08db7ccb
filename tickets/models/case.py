"""Cases and the verbs that change them."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchVector
from django.db import models, transaction
from django.db.models import F, Q
from django.db.models.expressions import RawSQL
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from tickets.live import announce
from tickets.models.client import Agreement, Client
from tickets.models.codes import OPEN_STATUSES, VOIDING, Channel, Flag, Priority, Status
from tickets.models.customer import Customer
from tickets.models.draft import Draft
from tickets.models.event import CaseEvent
from tickets.models.message import Message
from tickets.models.people import Team
from tickets.models.promise import Promise
from tickets.models.queue import Queue
from tickets.models.source import DESK, NewExternalId, Source
from tickets.models.teamwork import Consultation, Incident, Notice
from tickets.models.topic import Topic
from tickets.settle import settle
from tickets.signals import happened

if TYPE_CHECKING:
    from tickets.models.contact import Contact
    from tickets.models.people import User


OPEN = Q(status__in=OPEN_STATUSES)
# The most urgent first: where the word stands in the row of them.
RANK = models.functions.StrIndex(models.Value("urgent high normal low"), F("priority"))


class CaseQuerySet(models.QuerySet["Case"]):
    def visible_to(self, user: User) -> CaseQuerySet:
        """Narrow to what `user` may read: the cases of her queues, her own, and those that she is asked about.

        Every page and API call starts here.
        """
        if user.sees_everything:
            return self
        if user.is_client:
            return self.filter(client=user.client_id)
        queues = Queue.objects.filter(teams=user.team_id) if user.team_id else Queue.objects.none()
        asked = Consultation.objects.filter(asked=user, answered_at__isnull=True)
        return self.filter(Q(queue__in=queues.values("pk")) | Q(owner=user) | Q(pk__in=asked.values("case")))

    def open(self) -> CaseQuerySet:
        return self.filter(status__in=OPEN_STATUSES)

    def silent(self, now: datetime | None = None) -> CaseQuerySet:
        """Those that are open, are on our turn, and in which nothing has passed between the customer and us for too long.

        Too long is what the client's agreement says. Open ones are judged as resolved ones are by the KPI of silence.
        """
        now = now or timezone.now()
        limits = dict(
            Agreement.objects.filter(valid_from__lte=now)
            .order_by("client_id", "-valid_from")
            .distinct("client_id")
            .values_list("client_id", "silence_hours")
        )
        hours: dict[int, list[int]] = {}
        for client, limit in limits.items():
            hours.setdefault(limit, []).append(client)
        usual = Q(pk__in=self._quiet_since(now - timedelta(hours=48))) & ~Q(client__in=list(limits))
        too_long = usual
        for limit, clients in hours.items():
            too_long |= Q(client__in=clients) & Q(pk__in=self._quiet_since(now - timedelta(hours=limit)))
        return self.open().exclude(status=Status.WAITING_CUSTOMER).filter(too_long)

    @staticmethod
    def _quiet_since(at: datetime) -> models.QuerySet[Case]:
        """Open cases without a touch since then: a talk, or a message either way."""
        from tickets.models.contact import Contact

        of_case = {"case": models.OuterRef("pk")}
        talks = Contact.objects.filter(Q(ended_at__gt=at) | Q(ended_at=None), answered_at__isnull=False, **of_case)
        came = Contact.objects.filter(started_at__gt=at, **of_case).exclude(channel__in=["phone", "chat"])
        written = Message.objects.filter(kind__in=Message.SEEN_BY_CUSTOMER, at__gt=at, **of_case)
        quiet = Case.objects.open().filter(created_at__lte=at)
        untouched = ~models.Exists(talks) & ~models.Exists(came) & ~models.Exists(written)
        return quiet.filter(untouched).order_by().values("pk")  # type: ignore[return-value]

    def for_list(self) -> CaseQuerySet:
        """Load what a line of a list shows."""
        return self.select_related("customer", "queue", "topic", "owner", "team", "client", "incident")

    def for_rows(self, user: User) -> CaseQuerySet:
        """Load what a row of the list shows to `user`: whether there is news for her, and whether she has begun to write."""
        of_case = {"case": models.OuterRef("pk")}
        news = Notice.objects.visible_to(user).unread().filter(**of_case)
        begun = Draft.objects.visible_to(user).filter(send_at=None, **of_case).exclude(html="")
        replied = CaseEvent.objects.filter(kind=CaseEvent.Kind.AGENT_REPLY, **of_case)
        return self.for_list().annotate(
            is_unread=models.Exists(news), has_draft=models.Exists(begun), is_answered=models.Exists(replied)
        )

    def for_page(self) -> CaseQuerySet:
        """Load what the page of one case shows, but for its timeline."""
        related = ["customer", "queue", "topic", "owner", "client", "team"]
        return (
            self.select_related(*related)
            .prefetch_related("customer__identities")
            .annotate(
                last_event=RawSQL(_LAST_EVENT, [], output_field=models.BigIntegerField()),  # noqa: S611 - a constant
                parts=RawSQL(_PARTS, [], output_field=ArrayField(models.TextField())),  # noqa: S611 - a constant
            )
        )


# Written as SQL, since to have them put together by Django for each page would cost more than to have them answered.
_LAST_EVENT = "SELECT e.id FROM tickets_caseevent e WHERE e.case_id = tickets_case.number ORDER BY e.id DESC LIMIT 1"
_OF_CASE = {
    "merged": "tickets_case x WHERE x.merged_into_id = tickets_case.number",
    "drafts": "tickets_draft x WHERE x.case_id = tickets_case.number",
    "visitors": "tickets_presence x WHERE x.case_id = tickets_case.number",
    "promises": "tickets_promise x WHERE x.case_id = tickets_case.number",
    "followers": "tickets_follower x WHERE x.case_id = tickets_case.number",
    "consultations": "tickets_consultation x WHERE x.case_id = tickets_case.number",
    "checklist": "tickets_checklistitem x WHERE x.case_id = tickets_case.number",
    "links": "tickets_caselink x WHERE tickets_case.number IN (x.case_id, x.other_id)",
    "files": "tickets_attachment x JOIN tickets_message m ON m.id = x.message_id WHERE m.case_id = tickets_case.number",
    "mails": (
        "tickets_outgoingmail x WHERE x.case_id = tickets_case.number"
        " AND (x.status <> 'sent' OR x.bounced_at IS NOT NULL)"
    ),
    "others": "tickets_case x WHERE x.customer_id = tickets_case.customer_id AND x.number <> tickets_case.number",
    "incidents": "tickets_incident x WHERE x.ended_at IS NULL",
}
# Which of these a case has. Most have few: a look into an index each, in place of a query each.
_PARTS = "array_remove(ARRAY[{}], NULL)".format(
    ", ".join(f"CASE WHEN EXISTS (SELECT FROM {rows}) THEN '{name}' END" for name, rows in _OF_CASE.items())
)


class Case(models.Model):
    """One problem of one customer, from opened to resolved."""

    number = models.BigAutoField(_("number"), primary_key=True)
    source = models.ForeignKey(Source, models.PROTECT, related_name="+", db_index=False)
    external_id = models.TextField(_("case id"), db_default=NewExternalId())
    client = models.ForeignKey(Client, models.PROTECT, related_name="cases", db_index=False)
    customer = models.ForeignKey(Customer, models.PROTECT, null=True, blank=True, related_name="cases", db_index=False)
    topic = models.ForeignKey(Topic, models.PROTECT, null=True, blank=True, related_name="cases", db_index=False)
    queue = models.ForeignKey(Queue, models.PROTECT, null=True, blank=True, related_name="cases", db_index=False)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="cases", db_index=False
    )
    team = models.ForeignKey(Team, models.PROTECT, null=True, blank=True, related_name="cases", db_index=False)
    channel = models.CharField(_("channel"), max_length=8, choices=Channel.choices)
    priority = models.CharField(_("priority"), max_length=8, choices=Priority.choices, default=Priority.NORMAL)
    status = models.CharField(_("status"), max_length=20, choices=Status.choices, default=Status.OPEN)
    subject = models.CharField(_("subject"), max_length=500, blank=True)
    # Named by the source; otherwise the earliest valid contact on the case is its first.
    first_contact = models.ForeignKey(
        "tickets.Contact", models.PROTECT, null=True, blank=True, related_name="+", db_index=False
    )
    # From the topic at opening; a log may bring its own.
    fcr_eligible = models.BooleanField(default=True)
    merged_into = models.ForeignKey(
        "self", models.PROTECT, null=True, blank=True, related_name="merged_cases", db_index=False
    )
    flags = ArrayField(
        models.CharField(max_length=16, choices=Flag.choices), verbose_name=_("marks"), default=list, blank=True
    )
    incident = models.ForeignKey(
        Incident,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="cases",
        verbose_name=_("incident"),
        db_index=False,
    )
    # Out of the lists until then; it comes back by itself, or when the customer writes.
    snoozed_until = models.DateTimeField(_("snoozed until"), null=True, blank=True)

    created_at = models.DateTimeField(_("opened"), default=timezone.now)
    # Where the case stands, kept beside the events for lists; the events are the truth.
    resolved_at = models.DateTimeField(_("resolved"), null=True, blank=True)
    updated_at = models.DateTimeField(_("last event"), default=timezone.now)
    # The earliest pending promise. A trigger of the promises keeps it, so that a list can be ordered by it.
    next_promise_at = models.DateTimeField(_("next promise"), null=True, blank=True, editable=False)
    # Frozen when the case is opened: editing an agreement later must not turn an old success into a breach.
    first_response_due_at = models.DateTimeField(_("first response due"), null=True, blank=True)
    resolution_due_at = models.DateTimeField(_("resolution due"), null=True, blank=True)

    objects = CaseQuerySet.as_manager()

    class Meta:
        verbose_name = _("case")
        verbose_name_plural = _("cases")
        ordering = ["-number"]
        constraints = [
            models.UniqueConstraint(fields=["source", "external_id"], name="case_named_once"),
            models.CheckConstraint(condition=Q(status__in=Status.values), name="case_status"),
            models.CheckConstraint(condition=Q(channel__in=Channel.values), name="case_channel"),
            models.CheckConstraint(condition=Q(priority__in=Priority.values), name="case_priority"),
            models.CheckConstraint(
                condition=(Q(status="resolved") & Q(resolved_at__isnull=False)) | ~Q(status="resolved"),
                name="case_resolved_has_time",
            ),
            models.CheckConstraint(
                condition=Q(resolved_at__isnull=True) | Q(resolved_at__gte=F("created_at")),
                name="case_resolved_after_created",
            ),
            models.CheckConstraint(
                condition=(Q(status="merged") & Q(merged_into__isnull=False))
                | (~Q(status="merged") & Q(merged_into__isnull=True)),
                name="case_merged_into_something",
            ),
            models.CheckConstraint(condition=~Q(merged_into=F("number")), name="case_not_merged_into_itself"),
        ]
        indexes = [
            # An agent's own open cases, the list page.
            models.Index(
                fields=["owner", "-updated_at"], name="case_owner_open", condition=Q(status__in=OPEN_STATUSES)
            ),
            # A customer's cases: which one is this contact about?
            models.Index(fields=["customer", "-created_at"], name="case_customer"),
            # Cases opened in a period.
            models.Index(fields=["created_at"], name="case_created"),
            models.Index(fields=["merged_into"], name="case_merged_into", condition=Q(merged_into__isnull=False)),
            # The cases of an incident.
            models.Index(fields=["incident"], name="case_incident", condition=Q(incident__isnull=False)),
            # Which ones come back now.
            models.Index(fields=["snoozed_until"], name="case_snoozed", condition=Q(snoozed_until__isnull=False)),
            # A list of open cases in each of its orders: from every queue its first ones, so they begin with the queue.
            models.Index(fields=["queue", "updated_at", "number"], name="case_list_updated", condition=OPEN),
            models.Index(fields=["queue", "created_at", "number"], name="case_list_created", condition=OPEN),
            models.Index(fields=["queue", "next_promise_at", "number"], name="case_list_promise", condition=OPEN),
            models.Index(fields=["queue", "resolution_due_at", "number"], name="case_list_due", condition=OPEN),
            models.Index(F("queue"), RANK, F("number"), name="case_list_priority", condition=OPEN),
            models.Index(fields=["queue", "number"], name="case_list_number", condition=OPEN),
            # The same with the resolved ones among them, for those who look back.
            models.Index(fields=["queue", "updated_at", "number"], name="case_list_all_updated"),
            models.Index(fields=["queue", "created_at", "number"], name="case_list_all_created"),
            models.Index(fields=["queue", "number"], name="case_list_all_number"),
            models.Index(fields=["queue", "resolution_due_at", "number"], name="case_list_all_due"),
            models.Index(F("queue"), RANK, F("number"), name="case_list_all_priority"),
            models.Index(
                fields=["queue", "next_promise_at", "number"],
                name="case_list_all_promise",
                condition=Q(next_promise_at__isnull=False),
            ),
            # Whose they are: an agent's of all times, a team's, and nobody's.
            models.Index(fields=["owner", "updated_at", "number"], name="case_list_owner"),
            models.Index(fields=["team", "updated_at", "number"], name="case_list_team", condition=OPEN),
            models.Index(
                fields=["queue", "updated_at", "number"],
                name="case_list_nobody",
                condition=OPEN & Q(owner__isnull=True),
            ),
            # Words of the subject.
            GinIndex(SearchVector("subject", config="simple"), name="case_list_words"),
        ]

    def __str__(self) -> str:
        return f"#{self.number} {self.subject}".strip()

    def get_absolute_url(self) -> str:
        return reverse("case", args=[self.number])

    @property
    def is_open(self) -> bool:
        return self.status in OPEN_STATUSES

    @property
    def newest_event(self) -> int:
        """The id of its last event, as `for_page()` loaded it."""
        return getattr(self, "last_event", None) or 0

    def may_have(self, what: str) -> bool:
        """Whether it is worth asking for its drafts, followers and so on: False where `for_page()` has seen none."""
        parts: list[str] | None = getattr(self, "parts", None)
        return parts is None or what in parts

    @property
    def is_void(self) -> bool:
        """Whether its contacts count nowhere."""
        return not set(VOIDING).isdisjoint(self.flags)

    @classmethod
    def open_new(
        cls, *, by: User | None, client: Client, channel: str, at: datetime | None = None, **fields: Any
    ) -> Case:
        """Open a case and record who did it. Its targets are those of the agreement in force at that moment."""
        at = at or timezone.now()
        source = fields.pop("source", None) or Source.objects.get_or_create(name=DESK)[0]
        topic: Topic | None = fields.get("topic")
        fields = cls.targets(client=client, channel=channel, at=at) | fields
        with transaction.atomic(savepoint=False):
            case = cls.objects.create(
                source=source,
                client=client,
                channel=channel,
                created_at=at,
                updated_at=at,
                fcr_eligible=topic.first_contact_resolvable if topic else True,
                team=by.team if by else None,
                **fields,
            )
            case.record(CaseEvent.Kind.CREATED, by=by, at=at)
        return case

    @staticmethod
    def targets(*, client: Client, channel: str, at: datetime) -> dict[str, datetime | None]:
        """Return the moments by which a case opened now must be answered and resolved."""
        agreement = Agreement.objects.in_force(client, at)
        if agreement is None:
            return {}
        hours = agreement.calendar.hours()
        return {
            "first_response_due_at": agreement.first_response_due_at(channel, at, hours),
            "resolution_due_at": agreement.resolution_due_at(at, hours),
        }

    def record(
        self,
        kind: CaseEvent.Kind,
        *,
        by: User | None,
        at: datetime | None = None,
        note: str = "",
        is_valid: bool = True,
        **data: Any,
    ) -> CaseEvent:
        """Append one event and tell those who react. Call it in the transaction of the change."""
        at = at or timezone.now()
        event = self.events.create(
            kind=kind,
            actor=by,
            actor_label="" if by else "system",
            at=at,
            note=note,
            is_valid=is_valid,
            data=data,
        )
        # It only ever moves on, so what we know of it may be old and is never too new.
        if self.updated_at < at:
            Case.objects.filter(pk=self.pk, updated_at__lt=at).update(updated_at=at)
        announce(f"case:{self.pk}")
        happened.send(sender=Case, case_event=event, contact=None)
        return event

    def resolve(self, *, by: User | None, at: datetime | None = None) -> bool:
        """Resolve the case and record who did it. Return False if it already was.

        The conditional UPDATE lets exactly one of two racing callers win, so a resolution is never counted twice.
        """
        at = at or timezone.now()
        with transaction.atomic():
            if not Case.objects.open().filter(pk=self.pk).update(status=Status.RESOLVED, resolved_at=at):
                return False
            self.record(CaseEvent.Kind.RESOLVED, by=by, at=at)
        self.refresh_from_db(fields=["status", "resolved_at", "updated_at"])
        return True

    def reopen(self, *, by: User | None, at: datetime | None = None, is_valid: bool = True) -> bool:
        """Open a resolved case again. `is_valid` is False where the customer only said thanks."""
        at = at or timezone.now()
        with transaction.atomic():
            resolved = Case.objects.filter(pk=self.pk, status=Status.RESOLVED)
            if not resolved.update(status=Status.OPEN, resolved_at=None):
                return False
            self.record(CaseEvent.Kind.REOPENED, by=by, at=at, is_valid=is_valid)
        self.refresh_from_db(fields=["status", "resolved_at", "updated_at"])
        return True

    def assign(self, *, to: User | None, by: User | None, at: datetime | None = None) -> bool:
        """Give the case to an agent, or to nobody."""
        with transaction.atomic():
            before = Case.objects.select_for_update(no_key=True).get(pk=self.pk)
            if before.owner_id == (to.pk if to else None):
                return False
            Case.objects.filter(pk=self.pk).update(owner=to, team=to.team if to else before.team)
            self.record(CaseEvent.Kind.ASSIGNED, by=by, at=at, owner=[before.owner_id, to.pk if to else None])
        self.refresh_from_db(fields=["owner", "team", "updated_at"])
        return True

    def escalate(
        self, *, by: User | None, reason: str = "", to: User | None = None, at: datetime | None = None
    ) -> bool:
        """Hand the case to a higher tier. Only an open case can be escalated, and one that is there already stays there."""
        with transaction.atomic():
            case = Case.objects.open().select_for_update(no_key=True).filter(pk=self.pk).first()
            if case is None or (case.is_escalated and (to is None or case.owner_id == to.pk)):
                return False
            self.record(CaseEvent.Kind.ESCALATED, by=by, at=at, note=reason)
            if to is not None:
                self.assign(to=to, by=by, at=at)
        self.refresh_from_db(fields=["updated_at"])
        return True

    @property
    def is_escalated(self) -> bool:
        """Whether the case was escalated since it was opened or last reopened."""
        kinds = [CaseEvent.Kind.ESCALATED, CaseEvent.Kind.REOPENED]
        last = self.events.filter(kind__in=kinds).order_by("-at", "-pk").values_list("kind", flat=True).first()
        return last == CaseEvent.Kind.ESCALATED

    def change(self, *, by: User | None, **details: Any) -> bool:
        """Correct what is written about the case, and keep what stood there before."""
        with transaction.atomic():
            before = Case.objects.select_for_update(no_key=True).get(pk=self.pk)
            details = {name: value for name, value in details.items() if getattr(before, name) != value}
            if not details:
                return False
            Case.objects.filter(pk=self.pk).update(**details)
            if "flags" in details:
                self._void_contacts()
            changes: dict[str, Any] = {
                name: [_as_data(getattr(before, name)), _as_data(value)] for name, value in details.items()
            }
            self.record(CaseEvent.Kind.CHANGED, by=by, **changes)
        self.refresh_from_db(fields=[*details, "updated_at"])
        return True

    def _void_contacts(self) -> None:
        """Have its contacts count or not, as its marks now say: those logged on it, and those that count for it."""
        from tickets.models.contact import Contact

        void = Case.objects.filter(flags__overlap=VOIDING).values("pk")
        contacts = Contact.objects.filter(Q(case=self) | Q(logged_case=self))
        is_void = Q(case__in=void) | Q(logged_case__in=void)
        ids = set(contacts.values_list("pk", flat=True))
        voided = set(contacts.filter(is_void).values_list("pk", flat=True))
        Contact.objects.filter(pk__in=voided, is_void=False).update(is_void=True)
        Contact.objects.filter(pk__in=ids - voided, is_void=True).update(is_void=False)
        # What counts nowhere is not handled either.
        settle(ids)

    def log_message(
        self, body: str, *, kind: str, by: User | None, at: datetime | None = None, **fields: Any
    ) -> Message:
        """Keep a message that another system has carried, to the customer or from her."""
        at = at or timezone.now()
        incoming = kind == Message.Kind.INCOMING
        event = CaseEvent.Kind.CUSTOMER_MESSAGE if incoming else CaseEvent.Kind.AGENT_REPLY
        with transaction.atomic(savepoint=False):
            message = self.messages.create(kind=kind, author=None if incoming else by, body=body, at=at, **fields)
            self.record(event, by=by, at=at, message=message.pk)
            if incoming:
                self.wake(by=None, at=at)
        return message

    def wait(self, *, on: Status, by: User | None, at: datetime | None = None) -> bool:
        """Wait for the customer or a third party."""
        with transaction.atomic():
            if not Case.objects.open().exclude(status=on).filter(pk=self.pk).update(status=on):
                return False
            self.record(CaseEvent.Kind(on.value), by=by, at=at)
        self.refresh_from_db(fields=["status", "updated_at"])
        return True

    def carry_on(self, *, by: User | None, at: datetime | None = None) -> bool:
        """Wait no longer: the case is ours to work on again."""
        with transaction.atomic():
            before = Case.objects.select_for_update(no_key=True).get(pk=self.pk).status
            if before not in OPEN_STATUSES or before == Status.OPEN:
                return False
            Case.objects.filter(pk=self.pk).update(status=Status.OPEN)
            self.record(CaseEvent.Kind.CHANGED, by=by, at=at, status=[before, Status.OPEN])
        self.refresh_from_db(fields=["status", "updated_at"])
        return True

    def snooze(self, *, until: datetime, by: User | None, at: datetime | None = None) -> bool:
        """Put an open case out of the lists until a moment to come; a message from the customer brings it back."""
        with transaction.atomic():
            case = Case.objects.open().select_for_update(no_key=True).filter(pk=self.pk).first()
            if case is None or case.snoozed_until == until or until <= (at or timezone.now()):
                return False
            Case.objects.filter(pk=self.pk).update(snoozed_until=until)
            self.record(CaseEvent.Kind.SNOOZED, by=by, at=at, until=until.isoformat())
        self.refresh_from_db(fields=["snoozed_until", "updated_at"])
        return True

    def wake(self, *, by: User | None, at: datetime | None = None) -> bool:
        """Bring a snoozed case back."""
        with transaction.atomic(savepoint=False):
            if not Case.objects.filter(pk=self.pk, snoozed_until__isnull=False).update(snoozed_until=None):
                return False
            self.record(CaseEvent.Kind.WOKEN, by=by, at=at)
        self.refresh_from_db(fields=["snoozed_until", "updated_at"])
        return True

    def write_note(
        self, body: str, *, by: User, at: datetime | None = None, contact: Contact | None = None, html: str = ""
    ) -> Message:
        """Add an internal note, of a contact where it was written during one."""
        at = at or timezone.now()
        with transaction.atomic():
            message = self.messages.create(
                kind=Message.Kind.NOTE, author=by, body=body, html=html, at=at, contact=contact
            )
            self.record(CaseEvent.Kind.NOTE, by=by, at=at, message=message.pk)
        return message

    def promise(
        self, *, due_at: datetime, by: User | None, kind: str = "update", at: datetime | None = None
    ) -> Promise:
        """Record what the customer was promised and by when."""
        at = at or timezone.now()
        source, _made = Source.objects.get_or_create(name=DESK)
        with transaction.atomic():
            promise = self.promises.create(
                source=source, kind=kind, made_by=by, made_at=at, original_due_at=due_at, due_at=due_at
            )
            self.record(CaseEvent.Kind.PROMISED, by=by, at=at, promise=promise.pk)
        return promise

    def keep(self, promise: Promise, *, by: User | None, at: datetime | None = None) -> bool:
        """What was promised has been done. The second time nothing happens."""
        at = at or timezone.now()
        with transaction.atomic():
            if not self.promises.pending().filter(pk=promise.pk).update(fulfilled_at=at):
                return False
            self.record(CaseEvent.Kind.PROMISE_CHANGED, by=by, at=at, promise=promise.pk)
        return True

    def move_promise(
        self, promise: Promise, *, due_at: datetime, moved_by: str, by: User | None, at: datetime | None = None
    ) -> bool:
        """Agree on another time. Moved by us, the promise is still judged by the original one."""
        with transaction.atomic():
            before = self.promises.pending().select_for_update().filter(pk=promise.pk).first()
            if before is None or before.due_at == due_at:
                return False
            self.promises.filter(pk=promise.pk).update(due_at=due_at, rescheduled_by=moved_by)
            due = [before.due_at.isoformat(), due_at.isoformat()]
            self.record(CaseEvent.Kind.PROMISE_CHANGED, by=by, at=at, promise=promise.pk, due_at=due)
        return True


def _as_data(value: Any) -> Any:
    """A value as an event keeps it: a row by its key."""
    return value.pk if isinstance(value, models.Model) else value
