"""Senders whose messages are kept, and shown to nobody who did not ask for them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    from tickets.models.people import User


class BlockedSenderQuerySet(models.QuerySet["BlockedSender"]):
    def visible_to(self, user: User) -> BlockedSenderQuerySet:
        """Narrow to what `user` may read and lift."""
        return self if user.sets_up else self.none()

    def in_force(self) -> BlockedSenderQuerySet:
        return self.filter(lifted_at=None)

    def blocks(self, address: str) -> bool:
        """Say whether what comes from there is flagged: the address itself, or its domain and those above it."""
        address = address.strip().lower()
        labels = address.rpartition("@")[2].split(".") if "@" in address else []
        domains = [".".join(labels[number:]) for number in range(len(labels))]
        return self.in_force().filter(value__in=[address, *domains]).exists()

    def block(self, value: str, *, by: User, why: str = "") -> BlockedSender:
        """Block an address, a number, or a domain. The second time nothing is added."""
        one, _made = self.in_force().get_or_create(
            value=value.strip().lower().removeprefix("@"), lifted_at=None, defaults={"made_by": by, "why": why}
        )
        return one


class BlockedSender(models.Model):
    """An address, number or domain. Lifting it is noted, not deleted: the row says who did what, and when."""

    # In the form in which addresses are compared; a domain has no "@".
    value = models.CharField(_("address or domain"), max_length=320)
    why = models.CharField(_("why"), max_length=300, blank=True)
    made_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", db_index=False)
    made_at = models.DateTimeField(_("since"), default=timezone.now)
    lifted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+", db_index=False
    )
    lifted_at = models.DateTimeField(_("until"), null=True, blank=True)

    objects = BlockedSenderQuerySet.as_manager()

    class Meta:
        verbose_name = _("blocked sender")
        verbose_name_plural = _("blocked senders")
        ordering = ["-made_at"]
        constraints = [
            models.UniqueConstraint(fields=["value"], name="blocked_sender_once", condition=Q(lifted_at__isnull=True)),
            models.CheckConstraint(
                condition=Q(value=models.functions.Lower("value")) & ~Q(value=""), name="blocked_sender_lower"
            ),
        ]

    def __str__(self) -> str:
        return self.value

    @property
    def is_domain(self) -> bool:
        return "@" not in self.value and not self.value.startswith("+")

    def lift(self, *, by: User) -> bool:
        """Let the sender in again. What came meanwhile keeps its mark until somebody takes it away."""
        still = BlockedSender.objects.in_force().filter(pk=self.pk)
        return bool(still.update(lifted_at=timezone.now(), lifted_by=by))
