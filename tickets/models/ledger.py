"""Monthly ledgers that come from other systems: agents' paid time and what the operation cost."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from tickets.models.client import Client


class AgentTime(models.Model):
    """One agent's month. Counts in a period only when the whole month lies in it."""

    agent = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="time_ledger")
    client = models.ForeignKey(Client, models.PROTECT, related_name="+")
    month_on = models.DateField(_("month"), help_text=_("The first day of the month."))
    paid_us = models.BigIntegerField(_("paid, microseconds"))
    handling_us = models.BigIntegerField(_("handling, microseconds"))
    available_us = models.BigIntegerField(_("available, microseconds"))
    aux_us = models.BigIntegerField(_("other, microseconds"), default=0)
    # Worked out from our own log of states. A row that another system sent is never touched by that.
    is_booked = models.BooleanField(_("from our own log"), default=False, db_default=False)

    class Meta:
        verbose_name = _("agent time")
        verbose_name_plural = _("agent time")
        constraints = [
            models.UniqueConstraint(fields=["agent", "client", "month_on"], name="agent_time_once"),
            models.CheckConstraint(
                condition=Q(paid_us__gte=0) & Q(handling_us__gte=0) & Q(available_us__gte=0) & Q(aux_us__gte=0),
                name="agent_time_not_negative",
            ),
            models.CheckConstraint(condition=Q(month_on__day=1), name="agent_time_month_start"),
        ]

    def __str__(self) -> str:
        return f"{self.agent} {self.month_on:%Y-%m}"


class Cost(models.Model):
    """What serving one client cost in one month."""

    client = models.ForeignKey(Client, models.PROTECT, related_name="costs")
    month_on = models.DateField(_("month"), help_text=_("The first day of the month."))
    amount = models.DecimalField(_("amount"), max_digits=14, decimal_places=2)
    currency = models.CharField(_("currency"), max_length=3, default="EUR")

    class Meta:
        verbose_name = _("cost")
        verbose_name_plural = _("costs")
        constraints = [
            models.UniqueConstraint(fields=["client", "month_on"], name="cost_once"),
            models.CheckConstraint(condition=Q(amount__gte=0), name="cost_not_negative"),
            models.CheckConstraint(condition=Q(month_on__day=1), name="cost_month_start"),
        ]

    def __str__(self) -> str:
        return f"{self.client} {self.month_on:%Y-%m} {self.amount} {self.currency}"
