"""The codes that the log is written in. Codes are stored; what a person reads is translated at the page."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy


class Channel(models.TextChoices):
    PHONE = "phone", _("Phone")
    EMAIL = "email", _("E-mail")
    CHAT = "chat", _("Chat")
    WEB = "web", _("Web form")


# Channels on which a customer waits in the line until somebody answers.
LIVE_CHANNELS = (Channel.PHONE, Channel.CHAT)


class Direction(models.TextChoices):
    INBOUND = "inbound", _("Inbound")
    OUTBOUND = "outbound", _("Outbound")
    INTERNAL = "internal", _("Internal")


class Outcome(models.TextChoices):
    ANSWERED = "answered", pgettext_lazy("contact", "Answered")
    ABANDONED = "abandoned", _("Abandoned in queue")
    IVR_ABANDONED = "ivr_abandoned", _("Abandoned in the voice menu")
    CALLBACK_REQUESTED = "callback_requested", _("Callback requested")
    VOICEMAIL = "voicemail", _("Voicemail")
    NO_ANSWER = "no_answer", _("No answer")
    RECEIVED = "received", _("Received")
    BLOCKED = "blocked", pgettext_lazy("contact", "Blocked")


class Demand(models.TextChoices):
    VALUE = "value", pgettext_lazy("demand", "Value demand")
    FAILURE = "failure", pgettext_lazy("demand", "Failure demand")
    UNCLEAR = "unclear", pgettext_lazy("demand", "Unclear")


class Flag(models.TextChoices):
    """Marks on a contact or case. The first three take it out of every count, by flag and never by deletion."""

    TEST = "test", _("Test")
    SPAM = "spam", _("Spam")
    THANKS = "thanks", _("Only thanks")
    STATUS_ENQUIRY = "status_enquiry", _("Status enquiry")
    CALLBACK = "callback", _("Callback")


# On a case, these make its contacts count nowhere either.
VOIDING = (Flag.TEST, Flag.SPAM)


class Role(models.TextChoices):
    """What an agent's leg in a contact was."""

    PRIMARY = "primary", _("Primary")
    TRANSFER = "transfer", _("Transfer")
    CONSULT = "consult", _("Consult")
    CONFERENCE = "conference", _("Conference")


class Priority(models.TextChoices):
    LOW = "low", pgettext_lazy("priority", "Low")
    NORMAL = "normal", pgettext_lazy("priority", "Normal")
    HIGH = "high", pgettext_lazy("priority", "High")
    URGENT = "urgent", pgettext_lazy("priority", "Urgent")


class Status(models.TextChoices):
    OPEN = "open", pgettext_lazy("case", "Open")
    WAITING_CUSTOMER = "waiting_customer", _("Waiting for the customer")
    WAITING_THIRD_PARTY = "waiting_third_party", _("Waiting for a third party")
    RESOLVED = "resolved", pgettext_lazy("case", "Resolved")
    MERGED = "merged", pgettext_lazy("case", "Merged")


OPEN_STATUSES = (Status.OPEN, Status.WAITING_CUSTOMER, Status.WAITING_THIRD_PARTY)


class ServiceLevelVariant(models.TextChoices):
    """The eight formulas in use for service level; metrics/DECISIONS.md says why sl3 is ours."""

    SL1 = "sl1", _("Answered only")
    SL2 = "sl2", _("Strict: every abandonment counts against us")
    SL3 = "sl3", _("Short abandonments ignored")
    SL4 = "sl4", _("Abandonments within the threshold ignored")
    SL5 = "sl5", _("Abandonments within the threshold count for us")
    SL6 = "sl6", _("Short abandonments count for us")
    SL7 = "sl7", _("Removed from the queue within the threshold")
    SL8 = "sl8", _("Short abandonments ignored, flow-outs count against us")
