"""Customers and the addresses by which we know them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchVector
from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from tickets.models.client import Client
from tickets.models.source import Source

if TYPE_CHECKING:
    from tickets.models.people import User


class CustomerQuerySet(models.QuerySet["Customer"]):
    def visible_to(self, user: User) -> CustomerQuerySet:
        """Narrow to what `user` may read. Everyone who serves may look up a customer; systems too."""
        return self if user.is_active else self.none()


class Customer(models.Model):
    name = models.CharField(_("name"), max_length=200, blank=True)
    language = models.CharField(_("language"), max_length=8, blank=True)
    client = models.ForeignKey(Client, models.PROTECT, null=True, blank=True, related_name="customers")
    created_at = models.DateTimeField(_("created"), auto_now_add=True)

    objects = CustomerQuerySet.as_manager()

    class Meta:
        verbose_name = _("customer")
        verbose_name_plural = _("customers")
        indexes = [
            # The search box on the contact form, by the beginning of any word of a name.
            GinIndex(SearchVector("name", config="simple"), name="customer_name_words"),
        ]

    def __str__(self) -> str:
        return self.name or f"#{self.pk}"

    def get_absolute_url(self) -> str:
        return reverse("customer", args=[self.pk])


class Identity(models.Model):
    """One address or number of a customer, stored in the one form in which it is compared."""

    class Kind(models.TextChoices):
        EMAIL = "email", _("E-mail")
        PHONE = "phone", _("Phone")
        EXTERNAL = "external", _("External id")

    customer = models.ForeignKey(Customer, models.CASCADE, related_name="identities")
    kind = models.CharField(_("kind"), max_length=8, choices=Kind.choices)
    # E-mail in lower case, phone in E.164, external id as the other system writes it.
    value = models.CharField(_("value"), max_length=320)
    # Only for external ids: the system in which the id is unique.
    source = models.ForeignKey(Source, models.PROTECT, null=True, blank=True, related_name="+")

    class Meta:
        verbose_name = _("identity")
        verbose_name_plural = _("identities")
        constraints = [
            models.UniqueConstraint(
                fields=["kind", "value", "source"], nulls_distinct=False, name="identity_names_one_customer"
            ),
            models.CheckConstraint(
                condition=~Q(kind="phone") | Q(value__regex=r"^\+[1-9][0-9]{3,14}$"), name="identity_phone_e164"
            ),
            models.CheckConstraint(
                condition=~Q(kind="email") | Q(value=models.functions.Lower("value")), name="identity_email_lower"
            ),
            models.CheckConstraint(
                condition=Q(kind="external", source__isnull=False) | (~Q(kind="external") & Q(source__isnull=True)),
                name="identity_source_for_external_only",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind}:{self.value}"
