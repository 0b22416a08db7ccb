"""Cases that are one problem after all, and one case that is two: merge, take the merge back, split, link.

A merged case keeps its own log and messages; its contacts count for the case that it went into, and go back when the merge is
taken back. So nothing is lost by either, and the figures follow.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.core.exceptions import ValidationError
from django.db import connection, transaction
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext as _

from tickets.live import announce
from tickets.models import (
    VOIDING,
    Case,
    CaseEvent,
    CaseLink,
    Contact,
    Draft,
    Follower,
    Message,
    Promise,
    Status,
    User,
)
from tickets.settle import settle

_FAMILY = """
WITH RECURSIVE family (number) AS (
    SELECT %s::bigint
    UNION
    SELECT c.number FROM tickets_case c JOIN family ON c.merged_into_id = family.number
)
SELECT number FROM family
"""


def family_of(case: Case) -> list[int]:
    """The case and every case that was merged into it, through chains."""
    return family(case.pk) if case.may_have("merged") else [case.pk]


def family(number: int) -> list[int]:
    with connection.cursor() as cursor:
        cursor.execute(_FAMILY, [number])
        return [row[0] for row in cursor.fetchall()]


@dataclass(frozen=True, slots=True)
class Preview:
    """What a merge would do. `problem` says why it cannot be."""

    case: Case
    into: Case
    contacts: int = 0
    messages: int = 0
    promises: int = 0
    other_customer: bool = False
    problem: str = ""


def preview(case: Case, into: Case) -> Preview:
    if problem := why_not(case, into):
        return Preview(case, into, problem=problem)
    numbers = family(case.pk)
    return Preview(
        case,
        into,
        contacts=Contact.objects.filter(case=case).count(),
        messages=Message.objects.filter(case__in=numbers).count(),
        promises=case.promises.pending().count(),
        other_customer=case.customer_id != into.customer_id,
    )


def why_not(case: Case, into: Case) -> str:
    """Say in the user's language why one cannot be merged into the other; "" where it can."""
    if case.pk == into.pk:
        return _("A case cannot be merged into itself.")
    if case.status == Status.MERGED:
        return _("#%(number)d has been merged already.") % {"number": case.pk}
    if into.status == Status.MERGED:
        return _("#%(number)d was merged into #%(into)d: merge into that one.") % {
            "number": into.pk,
            "into": into.merged_into_id,
        }
    if case.client_id != into.client_id:
        return _("The two cases belong to different client companies.")
    return ""


def merge(case: Case, *, into: Case, by: User, at: datetime | None = None) -> None:
    """Merge one case into another.

    Raises:
        ValidationError: It cannot be merged; the words say why.
    """
    at = at or timezone.now()
    with transaction.atomic():
        # In the order of their numbers, so that two merges at once cannot wait for each other.
        locked = Case.objects.select_for_update().filter(pk__in=[case.pk, into.pk]).order_by("pk").in_bulk()
        before, target = locked[case.pk], locked[into.pk]
        if problem := why_not(before, target):
            raise ValidationError(problem)
        Case.objects.filter(pk=case.pk).update(status=Status.MERGED, merged_into=target, snoozed_until=None)
        promises = list(case.promises.pending().values_list("pk", flat=True))
        Promise.objects.filter(pk__in=promises).update(case=target)
        case.record(CaseEvent.Kind.MERGED, by=by, at=at, into=target.pk, status=before.status, promises=promises)
        _count_for(family(case.pk), target)
        _take_along(case, target)
        announce(f"case:{target.pk}")
    case.refresh_from_db()


def unmerge(case: Case, *, by: User, at: datetime | None = None) -> bool:
    """Take a merge back: the case is what it was, and its contacts count for it again."""
    with transaction.atomic():
        before = Case.objects.select_for_update().get(pk=case.pk)
        if before.status != Status.MERGED:
            return False
        merged = case.events.filter(kind=CaseEvent.Kind.MERGED).order_by("-at", "-pk").first()
        data = merged.data if merged else {}
        was = data.get("status") or (Status.RESOLVED if before.resolved_at else Status.OPEN)
        Case.objects.filter(pk=case.pk).update(status=was, merged_into=None)
        Promise.objects.pending().filter(pk__in=data.get("promises", []), case=before.merged_into_id).update(case=case)
        case.record(CaseEvent.Kind.UNMERGED, by=by, at=at, left=before.merged_into_id)
        _count_for(family(case.pk), case)
        announce(f"case:{before.merged_into_id}")
    case.refresh_from_db()
    return True


def _count_for(numbers: list[int], case: Case) -> None:
    """Have the contacts that were logged on these cases count for that one."""
    contacts = Contact.objects.filter(Q(logged_case__in=numbers) | Q(logged_case=None, case__in=numbers))
    ids = list(contacts.exclude(case=case).values_list("pk", flat=True))
    # One that nobody noted where it was logged was logged where it counts.
    Contact.objects.filter(pk__in=ids, logged_case=None).update(logged_case=F("case"))
    # Void is what was logged on a case that is void, or counts for one.
    void = set(Contact.objects.filter(pk__in=ids, logged_case__flags__overlap=VOIDING).values_list("pk", flat=True))
    void = set(ids) if case.is_void else void
    Contact.objects.filter(pk__in=void).update(case=case, is_void=True)
    Contact.objects.filter(pk__in=set(ids) - void).update(case=case, is_void=False)
    settle(ids)


def _take_along(case: Case, target: Case) -> None:
    """Unsent texts and followers go with the case, where the target has none of the same person's."""
    for draft in case.drafts.filter(send_at__isnull=True):
        if not Draft.objects.filter(case=target, author=draft.author_id, kind=draft.kind, send_at=None).exists():
            Draft.objects.filter(pk=draft.pk).update(case=target)
    Draft.objects.leaving().filter(case=case).update(case=target)
    users = case.followers.values_list("user", flat=True)
    Follower.objects.bulk_create([Follower(case=target, user_id=user) for user in users], ignore_conflicts=True)


def split(message: Message, *, by: User, at: datetime | None = None) -> Case:
    """Make a case of its own of one message, dated by the message, and leave a trace in both."""
    at = at or timezone.now()
    case = message.case
    if case is None or message.kind == Message.Kind.NOTE:
        raise ValidationError(_("Only a message that was sent or received can become a case."))
    with transaction.atomic():
        locked = Message.objects.select_for_update().get(pk=message.pk)
        if locked.case_id != case.pk:
            raise ValidationError(_("The message has become a case of its own already."))
        first_line = next((line for line in message.body.splitlines() if line.strip()), "")
        made = Case.open_new(
            by=by,
            client=case.client,
            channel=case.channel,
            at=message.at,
            customer=case.customer,
            queue=case.queue,
            owner=by,
            subject=first_line.strip()[:120] or case.subject,
        )
        Message.objects.filter(pk=message.pk).update(case=made)
        # A contact that came with this message alone goes with it.
        contact = message.contact
        if contact and not contact.messages.filter(case=case).exists():
            contact.describe(by=by, case=made)
        case.record(CaseEvent.Kind.SPLIT, by=by, at=at, message=message.pk, into=made.pk)
        link(case, made, by=by, at=at)
    return made


def link(case: Case, other: Case, *, by: User, at: datetime | None = None) -> bool:
    """Note that two cases have to do with each other."""
    first, second = sorted([case, other], key=lambda one: one.pk)
    if first.pk == second.pk:
        return False
    with transaction.atomic():
        _link, made = CaseLink.objects.get_or_create(case=first, other=second, defaults={"made_by": by})
        if not made:
            return False
        first.record(CaseEvent.Kind.LINKED, by=by, at=at, to=second.pk)
        second.record(CaseEvent.Kind.LINKED, by=by, at=at, to=first.pk)
    return True


def unlink(case: Case, other: Case, *, by: User) -> bool:
    first, second = sorted([case, other], key=lambda one: one.pk)
    with transaction.atomic():
        if not CaseLink.objects.filter(case=first, other=second).delete()[0]:
            return False
        first.record(CaseEvent.Kind.UNLINKED, by=by, to=second.pk)
        second.record(CaseEvent.Kind.UNLINKED, by=by, to=first.pk)
    return True


def linked_to(case: Case, user: User) -> list[Case]:
    """The linked cases that the user may read."""
    if not case.may_have("links"):
        return []
    pairs = CaseLink.objects.filter(Q(case=case) | Q(other=case)).values_list("case", "other")
    numbers = {number for pair in pairs for number in pair} - {case.pk}
    return list(Case.objects.visible_to(user).filter(pk__in=numbers).order_by("pk")) if numbers else []
