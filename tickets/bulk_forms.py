"""What is to be done to many cases at once, as the bar below a list sends it."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from tickets import richtext
from tickets.bulk import MOST
from tickets.forms import Choice, Input, LocalMoment, Text
from tickets.models import BulkChange, Flag, Incident, Priority, Queue, Status, Topic, User

Verb = BulkChange.Verb
STATUSES = (Status.RESOLVED, Status.WAITING_CUSTOMER, Status.WAITING_THIRD_PARTY)
# Which field holds the new value.
FIELDS = {
    Verb.ASSIGN: "owner",
    Verb.QUEUE: "to_queue",
    Verb.TOPIC: "to_topic",
    Verb.PRIORITY: "to_priority",
    Verb.STATUS: "to_status",
    Verb.SNOOZE: "until",
    Verb.INCIDENT: "to_incident",
    Verb.FLAG: "to_flag",
    Verb.REPLY: "text",
}


class BulkForm(forms.Form):
    verb = forms.ChoiceField(choices=Verb.choices)
    # Their numbers with commas between them; without scripts, one field for each tick.
    cases = forms.CharField(required=False, max_length=40_000)
    owner = forms.ModelChoiceField(
        User.objects.none(), label=_("Give to"), required=False, empty_label=_("Nobody"), widget=Choice()
    )
    to_queue = forms.ModelChoiceField(
        Queue.objects.none(), label=_("Move to queue"), required=False, empty_label="–", widget=Choice()
    )
    to_topic = forms.ModelChoiceField(
        Topic.objects.filter(is_active=True), label=_("Set topic"), required=False, empty_label="–", widget=Choice()
    )
    to_priority = forms.ChoiceField(
        label=_("Set priority"), required=False, choices=Priority.choices, widget=Choice(), initial=Priority.HIGH
    )
    to_status = forms.ChoiceField(
        label=_("Set status"), required=False, choices=[(one, one.label) for one in STATUSES], widget=Choice()
    )
    until = forms.DateTimeField(label=_("Snooze until"), required=False, widget=LocalMoment())
    to_incident = forms.ModelChoiceField(
        Incident.objects.filter(ended_at=None),
        label=_("Link to incident"),
        required=False,
        empty_label=_("A new one:"),
        widget=Choice(),
    )
    title = forms.CharField(label=_("What is out of order"), required=False, max_length=200, widget=Input())
    to_flag = forms.ChoiceField(
        label=_("Mark as"),
        required=False,
        choices=[(one, one.label) for one in (Flag.SPAM, Flag.TEST)],
        widget=Choice(),
    )
    text = forms.CharField(label=_("Write to all"), required=False, max_length=20_000, widget=Text(rows=6))

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        kwargs["auto_id"] = "bulk_%s"
        super().__init__(*args, **kwargs)
        self.user = user
        choices: Any = self.fields
        people = User.objects.filter(is_active=True).exclude(role__in=User.NO_COLLEAGUES)
        choices["owner"].queryset = people.order_by("first_name", "last_name", "username")
        choices["owner"].initial = user.pk
        choices["to_queue"].queryset = Queue.objects.visible_to(user)

    def numbers(self) -> list[int]:
        texts = self.cleaned_data.get("cases", "").split(",")
        ticks: Any = self.data
        texts += ticks.getlist("case") if hasattr(ticks, "getlist") else []
        return list(dict.fromkeys(int(text) for text in texts if text.isdecimal() and len(text) < 19))[:MOST]

    def clean(self) -> dict[str, Any]:
        came = self.cleaned_data
        verb = came.get("verb", "")
        name = FIELDS.get(verb)
        if verb and not self.numbers():
            raise forms.ValidationError(_("Choose some cases first."))
        is_new_incident = verb == Verb.INCIDENT and came.get("title", "").strip()
        if name and name != "owner" and name not in self.errors and not came.get(name) and not is_new_incident:
            self.add_error(name, _("This is needed."))
        if verb == Verb.SNOOZE and came.get("until") and came["until"] <= timezone.now():
            self.add_error("until", _("That moment has passed."))
        return came

    @property
    def does(self) -> str:
        return str(self.cleaned_data.get("verb") or Verb.ASSIGN)

    @property
    def does_words(self) -> str:
        return str(Verb(self.does).label)

    def value(self) -> str:
        """The new value as the change keeps it."""
        value: Any = self.cleaned_data.get(FIELDS.get(Verb(self.does), ""))
        if self.does == Verb.SNOOZE:
            return str(value.isoformat())
        if self.does == Verb.REPLY:
            return richtext.from_text(value)
        return str(getattr(value, "pk", value) or "")

    def words(self) -> str:
        """The new value as a person reads it."""
        name = FIELDS.get(Verb(self.does), "")
        value = self.cleaned_data.get(name)
        if self.does == Verb.INCIDENT and value is None:
            return str(self.cleaned_data["title"])
        labels: dict[Any, Any] = dict(getattr(self.fields.get(name), "choices", []) if isinstance(value, str) else [])
        return str(labels.get(value, value or _("Nobody"))) if name else ""

    def field(self) -> forms.BoundField | None:
        """The one field that the verb asks for."""
        name = FIELDS.get(Verb(self.does))
        return self[name] if name else None

    def is_filled(self) -> bool:
        """Whether the new value came along, so that what is wrong with it may be said."""
        name = FIELDS.get(Verb(self.does))
        return name is None or name in self.data
