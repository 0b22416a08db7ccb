"""Customers who are one person after all: joined by somebody who has looked, and parted again exactly as they were.

Whatever points to the one is pointed to the other, whichever app it belongs to; the keys of what was moved are kept, so that
taking it back moves those rows and no others.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.core.exceptions import ValidationError
from django.db import models, transaction
from django.db.models import Q
from django.db.models.functions import Right
from django.utils import timezone
from django.utils.translation import gettext as _

from tickets.intake import SUGGESTIONS
from tickets.live import announce
from tickets.models import OPEN_STATUSES, Customer, CustomerMerge, Identity, User
from tickets.models.customer import CustomerQuerySet

# What the kept customer is given where she lacks it.
GIVEN = ("name", "language", "client_id")
# The log of joins itself says who it was then.
NOT_MOVED = {CustomerMerge, Customer}


@dataclass(frozen=True, slots=True)
class Preview:
    """What joining would do. `problem` says why it cannot be."""

    gone: Customer
    kept: Customer
    cases: int = 0
    contacts: int = 0
    identities: int = 0
    problem: str = ""


def _relations() -> Iterator[tuple[str, type[models.Model], str]]:
    """Every place in the project that points to a customer: its name in the log, the model, and the field."""
    for relation in Customer._meta.related_objects:  # noqa: SLF001 - Django's own documented way to ask a model
        model: Any = relation.related_model
        if model not in NOT_MOVED:
            name = f"{model._meta.label}.{relation.field.name}"  # noqa: SLF001 - likewise
            yield name, model, relation.field.name


def preview(gone: Customer, kept: Customer) -> Preview:
    if problem := why_not(gone, kept):
        return Preview(gone, kept, problem=problem)
    return Preview(gone, kept, gone.cases.count(), gone.contacts.count(), gone.identities.count())


def why_not(gone: Customer, kept: Customer) -> str:
    """Say in the user's language why the two cannot be joined; "" where they can."""
    if gone.pk == kept.pk:
        return _("This is the same customer.")
    if gone.merged_into_id or kept.merged_into_id:
        return _("One of the two has been joined with another already.")
    if gone.client_id and kept.client_id and gone.client_id != kept.client_id:
        return _("The two are customers of different client companies.")
    return ""


def join(gone: Customer, *, into: Customer, by: User) -> CustomerMerge:
    """Join one customer into another: her cases, contacts and addresses are the other's.

    Raises:
        ValidationError: They cannot be joined; the words say why.
    """
    with transaction.atomic():
        # In the order of their keys, so that two joins at once cannot wait for each other.
        locked = Customer.objects.select_for_update().filter(pk__in=[gone.pk, into.pk]).order_by("pk").in_bulk()
        if gone.pk not in locked or into.pk not in locked:
            raise ValidationError(_("One of the two has been joined with another already."))
        if problem := why_not(locked[gone.pk], locked[into.pk]):
            raise ValidationError(problem)
        merge = CustomerMerge.objects.create(
            gone=gone,
            kept=into,
            by=by,
            moved=_move(gone.pk, into.pk),
            given=_give(locked[gone.pk], locked[into.pk]),
        )
        Customer.objects.filter(pk=gone.pk).update(merged_into=into)
        _tell(merge)
    gone.refresh_from_db()
    into.refresh_from_db()
    return merge


def _move(gone: int, into: int) -> dict[str, list[int]]:
    moved = {}
    for name, model, field in _relations():
        rows = model._default_manager.filter(**{field: gone})  # noqa: SLF001 - the manager of whichever model it is
        if keys := list(rows.values_list("pk", flat=True)):
            rows.filter(pk__in=keys).update(**{field: into})
            moved[name] = keys
    return moved


def _give(gone: Customer, kept: Customer) -> dict[str, list[Any]]:
    """Fill in what the kept one lacks. Returns what stood there before and what stands there now."""
    given = {
        name: [getattr(kept, name), getattr(gone, name)]
        for name in GIVEN
        if not getattr(kept, name) and getattr(gone, name)
    }
    if given:
        Customer.objects.filter(pk=kept.pk).update(**{name: after for name, (_before, after) in given.items()})
    return given


def part(merge: CustomerMerge, *, by: User) -> bool:
    """Take a join back: what was moved goes back, unless somebody has moved it on since.

    Raises:
        ValidationError: The kept one has been joined into another since: that is to be taken back first.
    """
    with transaction.atomic():
        locked = Customer.objects.select_for_update().filter(pk__in=[merge.gone_id, merge.kept_id]).order_by("pk")
        kept = locked.in_bulk()[merge.kept_id]
        if kept.merged_into_id:
            raise ValidationError(_("The customer has been joined with another since. Take that back first."))
        still = CustomerMerge.objects.filter(pk=merge.pk, undone_at=None)
        if not still.update(undone_at=timezone.now(), undone_by=by):
            return False
        Customer.objects.filter(pk=merge.gone_id).update(merged_into=None)
        for name, model, field in _relations():
            rows = model._default_manager.filter(pk__in=merge.moved.get(name, []), **{field: merge.kept_id})  # noqa: SLF001
            rows.update(**{field: merge.gone_id})
        for name, (before, after) in merge.given.items():
            Customer.objects.filter(pk=merge.kept_id, **{name: after}).update(**{name: before})
        _tell(merge)
    return True


def _tell(merge: CustomerMerge) -> None:
    """Pages of these cases show another customer now."""
    announce(*(f"case:{number}" for number in merge.moved.get("tickets.Case.customer", [])))


def maybe_the_same(customer: Customer, *, user: User) -> CustomerQuerySet:
    """Customers who might be this one: the same name at the same client, or the same number but for its beginning."""
    numbers = [one.value[-8:] for one in customer.known_by if one.kind == Identity.Kind.PHONE and len(one.value) > 8]
    same = Q(pk__in=[])
    if numbers:
        ends = Identity.objects.alias(end=Right("value", 8)).filter(kind=Identity.Kind.PHONE, end__in=numbers)
        same |= Q(pk__in=list(ends.values_list("customer", flat=True)[:20]))
    if len(customer.name.split()) > 1:
        namesakes = Customer.objects.named(customer.name).filter(client=customer.client_id)
        same |= Q(pk__in=list(namesakes.values_list("pk", flat=True)[:20]))
    others = Customer.objects.visible_to(user).themselves().filter(same).exclude(pk=customer.pk)
    if customer.client_id:
        others = others.filter(Q(client=None) | Q(client=customer.client_id))
    open_cases = models.Count("cases", filter=Q(cases__status__in=OPEN_STATUSES))
    return others.annotate(open_cases=open_cases).prefetch_related("identities").order_by("pk")[:SUGGESTIONS]
