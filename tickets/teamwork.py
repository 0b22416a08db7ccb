"""What colleagues do together at a case: mention, follow, ask, answer. Whoever should know of it gets a notice."""

from __future__ import annotations

import re
from collections.abc import Iterable

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from tickets.live import announce
from tickets.models import Case, CaseEvent, Consultation, Follower, Notice, User

_MENTION = re.compile(r"(?<![\w.@])@([\w.+-]+[\w])")


def notify(users: Iterable[int], case: Case, kind: str, *, by: User | None) -> None:
    """Tell each of them but the one who did it. What she has not read yet of the same kind is not told twice."""
    told = set(users) - {by.pk if by else 0}
    unread = Notice.objects.unread().filter(case=case, kind=kind, user__in=told).values_list("user", flat=True)
    new = told - set(unread)
    Notice.objects.bulk_create(Notice(user_id=user, case=case, kind=kind, actor=by) for user in sorted(new))
    announce(*(f"user:{user}" for user in new))


def colleagues(case: Case) -> QuerySet[User]:
    """Those who may read the case and log in: they can be mentioned, asked, and given the case."""
    seeing = Q(role__in=[User.Role.MANAGER, User.Role.ADMIN]) | Q(is_superuser=True)
    if case.queue_id:
        seeing |= Q(team__queues=case.queue_id)
    if case.owner_id:
        seeing |= Q(pk=case.owner_id)
    people = User.objects.filter(seeing, is_active=True).exclude(role__in=User.NO_COLLEAGUES)
    return people.distinct().order_by("first_name", "last_name", "username")


def mention(text: str, case: Case, *, by: User) -> list[User]:
    """Find who is mentioned by `@username`; each is told, and follows the case from now on."""
    names = {name.lower() for name in _MENTION.findall(text)}
    if not names:
        return []
    people = [user for user in colleagues(case) if user.username.lower() in names and user != by]
    with transaction.atomic():
        for user in people:
            follow(case, user=user)
        notify([user.pk for user in people], case, Notice.Kind.MENTIONED, by=by)
    return people


def follow(case: Case, *, user: User) -> bool:
    return Follower.objects.get_or_create(case=case, user=user)[1]


def unfollow(case: Case, *, user: User) -> bool:
    return bool(Follower.objects.filter(case=case, user=user).delete()[0])


def tell_followers(case: Case, *, by: User | None) -> None:
    """Something happened that whoever follows the case, or owns it, should know."""
    users = set(case.followers.values_list("user", flat=True)) | ({case.owner_id} if case.owner_id else set())
    notify(users, case, Notice.Kind.FOLLOWED, by=by)


def ask(case: Case, *, asked: User, question: str, by: User) -> Consultation:
    """Ask a colleague, who may read the case until she has answered.

    Raises:
        ValidationError: The colleague is the one who asks, or does not work here any more.
    """
    if asked == by or not asked.is_active:
        raise ValidationError(_("Ask a colleague who is here."))
    with transaction.atomic():
        one = case.consultations.create(asked_by=by, asked=asked, question=question)
        case.record(CaseEvent.Kind.CONSULTED, by=by, note=question, asked=asked.pk)
        notify([asked.pk], case, Notice.Kind.ASKED, by=by)
    return one


def answer(one: Consultation, text: str, *, by: User) -> bool:
    """Answer a colleague's question. The second answer to the same question changes nothing."""
    with transaction.atomic():
        waiting = Consultation.objects.filter(pk=one.pk, answered_at__isnull=True)
        if not waiting.update(answer=text, answered_at=timezone.now()):
            return False
        one.case.record(CaseEvent.Kind.ANSWERED, by=by, note=text, asked=one.asked_id)
        notify([one.asked_by_id], one.case, Notice.Kind.ANSWERED, by=by)
    return True


def read(user: User, case: Case, unread: Iterable[int]) -> bool:
    """She has the case before her: what was to be told of it is told. `unread`: the cases of her unread notices."""
    if case.pk not in unread:
        return False
    Notice.objects.unread().filter(user=user, case=case).update(read_at=timezone.now())
    announce(f"user:{user.pk}")
    return True
