"""What customers contact us about: a tree of topics."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from tickets.models.codes import Demand


class TopicManager(models.Manager["Topic"]):
    def at_path(self, path: str) -> Topic:
        """Return the topic at `path` ("billing/invoice/wrong amount"), made with its ancestors where missing."""
        parent: Topic | None = None
        topic: Topic | None = None
        names = [name.strip() for name in path.split("/") if name.strip()]
        for depth, name in enumerate(names, start=1):
            topic, _created = self.get_or_create(
                path="/".join(names[:depth]), defaults={"name": name, "parent": parent}
            )
            parent = topic
        if topic is None:
            raise ValueError(f"not a topic path: {path!r}")
        return topic


class Topic(models.Model):
    path = models.CharField(_("path"), max_length=500, unique=True)
    name = models.CharField(_("name"), max_length=200)
    parent = models.ForeignKey("self", models.PROTECT, null=True, blank=True, related_name="children")
    demand = models.CharField(_("usual demand"), max_length=8, choices=Demand.choices, blank=True)
    business_area = models.CharField(_("owner business area"), max_length=120, blank=True)
    # From this catalogue and never from the agent per case: otherwise it is the easiest way to game net FCR.
    first_contact_resolvable = models.BooleanField(_("can be solved at first contact"), default=True)
    is_active = models.BooleanField(_("in use"), default=True)

    objects = TopicManager()

    class Meta:
        verbose_name = _("topic")
        verbose_name_plural = _("topics")
        ordering = ["path"]

    def __str__(self) -> str:
        return self.path
