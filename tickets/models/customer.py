"""Customers and the addresses by which we know them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.conf import settings
from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchQuery, SearchVector
from django.db import models
from django.db.models import Q
from django.db.models.functions import Right
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from tickets.models.client import Client
from tickets.models.source import Source

if TYPE_CHECKING:
    from tickets.models.people import User


class CustomerQuerySet(models.QuerySet["Customer"]):
    def visible_to(self, user: User) -> CustomerQuerySet:
        """Narrow to what `user` may read. Everyone who serves may look up a customer; systems too."""
        if user.is_client:
            return self.filter(client=user.client_id)
        return self if user.is_active else self.none()

    def themselves(self) -> CustomerQuerySet:
        """Narrow to those that have not been joined into another."""
        return self.filter(merged_into=None)

    def named(self, name: str) -> CustomerQuerySet:
        """Narrow to those of exactly that name, found by the index on its words."""
        words = SearchVector("name", config="simple")
        # All its words first, which the index knows; then letter by letter, but for capitals.
        return self.alias(words=words).filter(words=SearchQuery(name, config="simple"), name__iexact=name)


class Customer(models.Model):
    name = models.CharField(_("name"), max_length=200, blank=True)
    language = models.CharField(_("language"), max_length=8, blank=True)
    client = models.ForeignKey(Client, models.PROTECT, null=True, blank=True, related_name="customers")
    created_at = models.DateTimeField(_("created"), auto_now_add=True)
    # Whom she turned out to be. All that was hers is there; the row stays, so that it can be taken back.
    merged_into = models.ForeignKey(
        "self", models.PROTECT, null=True, blank=True, related_name="merged_customers", editable=False
    )

    objects = CustomerQuerySet.as_manager()

    @property
    def known_by(self) -> list[Identity]:
        """Her addresses and numbers; a page that has loaded them sets them."""
        known: list[Identity] | None = self.__dict__.get("known_by_")
        return list(self.identities.all()) if known is None else known

    @known_by.setter
    def known_by(self, identities: list[Identity]) -> None:
        self.__dict__["known_by_"] = identities

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
        indexes = [
            # Who has the same number, written with another beginning?
            models.Index(Right("value", 8), name="identity_phone_end", condition=Q(kind="phone")),
        ]

    def __str__(self) -> str:
        return f"{self.kind}:{self.value}"


class CustomerMerge(models.Model):
    """One customer who turned out to be another: who said so, what was moved, and whether it was taken back."""

    gone = models.ForeignKey(Customer, models.PROTECT, related_name="merges")
    kept = models.ForeignKey(Customer, models.PROTECT, related_name="merges_into")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", db_index=False)
    at = models.DateTimeField(_("at"), default=timezone.now)
    # The keys of the rows that were moved, by model and field; and what the kept one lacked and was given.
    moved = models.JSONField(default=dict)
    given = models.JSONField(default=dict)
    undone_at = models.DateTimeField(_("taken back"), null=True, blank=True)
    undone_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+", db_index=False
    )

    class Meta:
        verbose_name = _("merge of customers")
        verbose_name_plural = _("merges of customers")
        ordering = ["-at", "-pk"]
        constraints = [
            models.UniqueConstraint(fields=["gone"], name="customer_merged_once", condition=Q(undone_at__isnull=True)),
            models.CheckConstraint(condition=~Q(gone=models.F("kept")), name="customer_not_merged_into_herself"),
        ]

    def __str__(self) -> str:
        return f"{self.gone_id} → {self.kept_id}"
