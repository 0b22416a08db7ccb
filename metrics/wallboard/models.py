"""A screen on a wall: whose figures it shows, and the link by which it is opened without logging in."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.conf import settings
from django.core import signing
from django.db import models
from django.db.models import F, Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from tickets.models import Client, Queue

if TYPE_CHECKING:
    from tickets.models import User

_SIGNER = signing.Signer(salt="metrics.wallboard", sep=".")


class WallboardQuerySet(models.QuerySet["Wallboard"]):
    def visible_to(self, user: User) -> WallboardQuerySet:
        """Narrow to those that `user` may set up: hers, and all for those in charge."""
        if not (user.sets_up and user.sees_numbers):
            return self.none()
        return self if user.is_in_charge else self.filter(owner=user)

    def named_by(self, token: str) -> Wallboard | None:
        """The one that a link opens. None for a link that is forged, taken back or renewed: nobody learns which."""
        try:
            pk, _dash, number = _SIGNER.unsign(token).partition("-")
            found = {"pk": int(pk), "link_number": int(number)}
        except (signing.BadSignature, ValueError):
            found = {"pk": 0, "link_number": 0}
        return self.filter(is_open=True, owner__is_active=True, **found).first()


class Wallboard(models.Model):
    """What a screen shows.

    Attributes:
        client: Only this company's contacts, or None; `queues` narrow further, none of them means every queue.
        shows_names: Whether the agents are named, which is not so unless somebody decides it.
        is_open: Whether the link opens it. `link_number`: another number is another link, and ends the one before.
    """

    class Theme(models.TextChoices):
        DARK = "dark", _("Dark")
        LIGHT = "light", _("Light")

    name = models.CharField(_("name"), max_length=80)
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="wallboards")
    client = models.ForeignKey(
        Client, models.CASCADE, null=True, blank=True, related_name="wallboards", verbose_name=_("client")
    )
    queues = models.ManyToManyField(Queue, blank=True, related_name="+", verbose_name=_("queues"))
    shows_names = models.BooleanField(_("names of agents are shown"), default=False)
    theme = models.CharField(_("colours"), max_length=8, choices=Theme.choices, default=Theme.DARK)
    language = models.CharField(_("language"), max_length=8, choices=settings.LANGUAGES, default=settings.LANGUAGE_CODE)
    is_open = models.BooleanField(_("the link opens it"), default=True)
    link_number = models.PositiveIntegerField(default=1)

    objects = WallboardQuerySet.as_manager()

    class Meta:
        verbose_name = _("wallboard")
        verbose_name_plural = _("wallboards")
        ordering = ["name", "pk"]
        constraints = [models.CheckConstraint(condition=Q(theme__in=["dark", "light"]), name="wallboard_theme")]

    def __str__(self) -> str:
        return self.name

    @property
    def token(self) -> str:
        return _SIGNER.sign(f"{self.pk}-{self.link_number}")

    @property
    def url(self) -> str:
        """Its whole address. The host is a setting and never taken from a request."""
        return settings.PUBLIC_URL.rstrip("/") + self.get_absolute_url()

    def get_absolute_url(self) -> str:
        return reverse("wallboard", args=[self.token])

    def renew(self) -> None:
        """Another link: the one before opens nothing any more."""
        Wallboard.objects.filter(pk=self.pk).update(link_number=F("link_number") + 1)
        self.refresh_from_db(fields=["link_number"])
