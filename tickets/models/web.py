"""The public web form, what came by it, and the links by which customers look after their cases."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.core.validators import RegexValidator
from django.db import models
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.translation import gettext_lazy as _

from tickets.models.client import Client
from tickets.models.customer import Customer
from tickets.models.queue import Queue
from tickets.models.topic import Topic

if TYPE_CHECKING:
    from tickets.models.people import User

# From the last mail that carries it. Whoever wants to know more after that writes anew.
LINK_LASTS = timedelta(days=180)

# A scheme and a host: what a browser sends as Origin, and nothing that could end the header and begin another rule.
is_origin = RegexValidator(
    r"^https?://[a-z0-9]([a-z0-9.-]*[a-z0-9])?(:[0-9]{1,5})?\Z", _("Write it as https://www.example.com.")
)


def all_languages() -> list[str]:
    return [code for code, _name in settings.LANGUAGES]


class WebFormQuerySet(models.QuerySet["WebForm"]):
    def visible_to(self, user: User) -> WebFormQuerySet:
        """Narrow to what `user` may set up. The page itself is for everybody."""
        return self if user.sets_up else self.none()


class WebForm(models.Model):
    """One page on which strangers write to us."""

    name = models.CharField(_("name"), max_length=120)
    slug = models.SlugField(_("address"), max_length=60, unique=True, help_text=_("The end of the form's address."))
    client = models.ForeignKey(Client, models.PROTECT, related_name="web_forms", verbose_name=_("client"))
    # Where a case goes whose topic has no queue of its own.
    queue = models.ForeignKey(Queue, models.PROTECT, related_name="+", verbose_name=_("queue"))
    languages = ArrayField(
        models.CharField(max_length=8, choices=settings.LANGUAGES), default=all_languages, verbose_name=_("languages")
    )
    # The sites that may show the form within a page of theirs; nobody else may.
    origins = ArrayField(
        models.CharField(max_length=200, validators=[is_origin]),
        default=list,
        blank=True,
        verbose_name=_("sites that may show it"),
    )
    # {"sv": {"title": …, "intro": …}}; what is missing is said in words of our own.
    texts = models.JSONField(default=dict, blank=True)
    is_active = models.BooleanField(_("in use"), default=True)

    objects = WebFormQuerySet.as_manager()

    class Meta:
        verbose_name = _("web form")
        verbose_name_plural = _("web forms")
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("web_form", args=[self.slug])

    @property
    def public_url(self) -> str:
        """The whole address. The host is a setting and never taken from a request."""
        return settings.PUBLIC_URL + self.get_absolute_url()

    def text(self, name: str) -> str:
        """A text of its own in the language that is being spoken; "" where it has none."""
        own: dict[str, Any] = self.texts.get(translation.get_language() or "", {})
        return str(own.get(name, ""))


class WebFormTopic(models.Model):
    """A topic that a form offers, in the customer's words, and the queue that it leads to."""

    form = models.ForeignKey(WebForm, models.CASCADE, related_name="choices")
    topic = models.ForeignKey(Topic, models.PROTECT, related_name="+", verbose_name=_("topic"))
    queue = models.ForeignKey(Queue, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("queue"))
    position = models.PositiveSmallIntegerField(_("position"), default=0)
    # By language; the topic's own name where one is missing.
    labels = models.JSONField(default=dict, blank=True)

    class Meta:
        verbose_name = _("topic of a form")
        verbose_name_plural = _("topics of a form")
        ordering = ["position", "pk"]
        constraints = [models.UniqueConstraint(fields=["form", "topic"], name="web_form_topic_once")]

    def __str__(self) -> str:
        return self.label

    @property
    def label(self) -> str:
        return str(self.labels.get(translation.get_language() or "") or self.topic.name)


class WebEntry(models.Model):
    """Which form a contact came by, and which of its topics was chosen there."""

    contact = models.OneToOneField("tickets.Contact", models.CASCADE, primary_key=True, related_name="web_entry")
    form = models.ForeignKey(WebForm, models.PROTECT, related_name="entries", verbose_name=_("web form"))
    chosen = models.ForeignKey(
        Topic, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("topic"), db_index=False
    )

    class Meta:
        verbose_name = _("entry of a form")
        verbose_name_plural = _("entries of a form")

    def __str__(self) -> str:
        return f"{self.form_id} {self.contact_id}"


class StatusLinkQuerySet(models.QuerySet["StatusLink"]):
    def in_force(self) -> StatusLinkQuerySet:
        """Narrow to those that open a page: as long as they last, and while the case is still this customer's."""
        return self.filter(
            revoked_at=None, expires_at__gt=timezone.now(), case__customer=models.F("customer")
        ).select_related("case__client", "customer")


class StatusLink(models.Model):
    """A customer's key to the page of one case. What she is sent is its number, signed (`tickets.status_links`).

    One that was sent to an address of hers shows our answers. One that was handed out on the form does not: whoever
    typed that address need not be its owner, and what we answer is for the owner alone.
    """

    case = models.ForeignKey("tickets.Case", models.CASCADE, related_name="status_links")
    customer = models.ForeignKey(Customer, models.PROTECT, related_name="status_links")
    is_proven = models.BooleanField()
    made_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True, blank=True)

    objects = StatusLinkQuerySet.as_manager()

    class Meta:
        verbose_name = _("status link")
        verbose_name_plural = _("status links")

    def __str__(self) -> str:
        return f"#{self.case_id}"
