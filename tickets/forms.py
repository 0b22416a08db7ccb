"""What people type at the desk. A contact's form never refuses to let an agent go: what is missing can come later."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from tickets.intake import cases_to_continue, read_address_or_complain, region_of
from tickets.models import (
    Case,
    Channel,
    Contact,
    Demand,
    Direction,
    Draft,
    Flag,
    Incident,
    Queue,
    SavedView,
    Status,
    Topic,
    User,
)
from tickets.richtext import LONGEST
from tickets.richtext import clean as clean_html
from tickets.sending import read_addresses

NEW_CASE, NO_CASE = "new", "none"


class Input(forms.TextInput):
    def __init__(self, **attrs: Any) -> None:
        super().__init__({"class": "form-control", **attrs})


class Text(forms.Textarea):
    def __init__(self, **attrs: Any) -> None:
        super().__init__({"class": "form-control", "rows": 4, **attrs})


class Tick(forms.CheckboxInput):
    def __init__(self, **attrs: Any) -> None:
        super().__init__({"class": "form-check-input", **attrs})


class Choice(forms.Select):
    def __init__(self, **attrs: Any) -> None:
        super().__init__({"class": "form-select", **attrs})


class LocalMoment(forms.DateTimeInput):
    input_type = "datetime-local"

    def __init__(self, **attrs: Any) -> None:
        super().__init__({"class": "form-control", **attrs}, format="%Y-%m-%dT%H:%M")


class TakeForm(forms.Form):
    channel = forms.ChoiceField(choices=Channel.choices, initial=Channel.PHONE)
    direction = forms.ChoiceField(choices=Direction.choices[:2], initial=Direction.INBOUND, required=False)
    number = forms.CharField(required=False, max_length=60)
    # Made with the page: the button pressed twice takes one call.
    key = forms.UUIDField(required=False)


class ContactForm(forms.Form):
    """What a contact was about, filled in while it lasts, saved as it is typed."""

    direction = forms.ChoiceField(label=_("Direction"), choices=Direction.choices, required=False, widget=Choice())
    queue = forms.ModelChoiceField(Queue.objects.none(), label=_("Queue"), required=False, widget=Choice())
    topic = forms.ModelChoiceField(Topic.objects.filter(is_active=True), label=_("Topic"), required=False)
    demand = forms.ChoiceField(label=_("Demand"), choices=[("", "–"), *Demand.choices], required=False)
    cause = forms.CharField(
        label=_("What failed?"), required=False, max_length=120, widget=Input(list="causes", autocomplete="off")
    )
    subject = forms.CharField(label=_("Subject"), required=False, max_length=500, widget=Input(autocomplete="off"))
    status_enquiry = forms.BooleanField(label=_("Only asked how a case is coming along"), required=False, widget=Tick())
    note = forms.CharField(label=_("Note"), required=False, strip=False, widget=Text(**{"aria-keyshortcuts": "w"}))
    case = forms.CharField(required=False)
    solved = forms.TypedChoiceField(
        label=_("Solved?"),
        choices=[("yes", _("Yes")), ("no", _("Not yet"))],
        coerce=lambda value: value == "yes",
        empty_value=None,
        required=False,
    )
    promised_at = forms.DateTimeField(label=_("Next update to the customer"), required=False, widget=LocalMoment())

    def __init__(self, *args: Any, contact: Contact, user: User, draft: str = "", **kwargs: Any) -> None:
        self.contact, self.user = contact, user
        kwargs["initial"] = {
            **{name: getattr(contact, name) for name in ("direction", "queue", "topic", "demand", "cause", "subject")},
            "status_enquiry": Flag.STATUS_ENQUIRY in contact.flags,
            "solved": {True: "yes", False: "no", None: ""}[contact.solved],
            "case": str(contact.case_id or NEW_CASE),
            "note": draft,
            **kwargs.get("initial", {}),
        }
        super().__init__(*args, **kwargs)
        if contact.comes_by_events:
            # The telephone system knows which queue it was, and who called whom.
            del self.fields["queue"], self.fields["direction"]
            return
        queues = self.fields["queue"]
        assert isinstance(queues, forms.ModelChoiceField)
        queues.queryset = Queue.objects.visible_to(user).offered(contact.queue_id)

    def clean_case(self) -> Case | str | None:
        choice: str = self.cleaned_data["case"]
        if choice in {"", NEW_CASE, NO_CASE}:
            return choice or None
        for case in cases_to_continue(self.contact, self.user):
            if str(case.pk) == choice:
                return case
        raise forms.ValidationError(_("That case is not one of this customer's open cases."))

    def changes(self) -> dict[str, Any]:
        """What to write on the contact: the fields that came and could be read."""
        self.is_valid()
        came = self.cleaned_data
        changes: dict[str, Any] = {
            name: came[name]
            for name in ("direction", "queue", "topic", "demand", "cause", "subject", "solved")
            if name in self.data and name in came
        }
        if not changes.get("direction", True):
            del changes["direction"]
        if came.get("case") == NO_CASE:
            changes["case"] = None
        elif isinstance(came.get("case"), Case):
            changes["case"] = came["case"]
        topic = changes.get("topic")
        if topic and topic.pk != self.contact.topic_id and not changes.get("demand"):
            changes["demand"] = topic.demand
        others = [flag for flag in self.contact.flags if flag != Flag.STATUS_ENQUIRY]
        changes["flags"] = [*others, Flag.STATUS_ENQUIRY] if came.get("status_enquiry") else others
        return changes

    @property
    def opens_case(self) -> bool:
        return self.cleaned_data.get("case") == NEW_CASE


class CustomerForm(forms.Form):
    """A customer that is not known yet: one of the three is enough."""

    name = forms.CharField(label=_("Name"), required=False, max_length=200, widget=Input(autocomplete="off"))
    phone = forms.CharField(
        label=_("Phone"), required=False, max_length=40, widget=Input(type="tel", autocomplete="off", inputmode="tel")
    )
    email = forms.CharField(
        label=_("E-mail"), required=False, max_length=320, widget=Input(autocomplete="off", inputmode="email")
    )

    def __init__(self, *args: Any, contact: Contact, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.region = region_of(contact.client)

    def clean_phone(self) -> str:
        return self._readable("phone")

    def clean_email(self) -> str:
        return self._readable("email")

    def _readable(self, name: str) -> str:
        text: str = self.cleaned_data[name]
        return read_address_or_complain(text, self.region).value if text else ""

    def clean(self) -> dict[str, Any]:
        if not self.errors and not any(self.cleaned_data.values()):
            raise forms.ValidationError(_("A name, a number or an address is needed."))
        return self.cleaned_data


class AddressForm(forms.Form):
    value = forms.CharField(label=_("E-mail or phone"), max_length=320, widget=Input(autocomplete="off"))


class EscalationForm(forms.Form):
    reason = forms.CharField(label=_("Why?"), widget=Text(rows=2), max_length=2_000)


class PromiseForm(forms.Form):
    due_at = forms.DateTimeField(label=_("Next update by"), widget=LocalMoment())


class IncidentForm(forms.ModelForm):  # type: ignore[type-arg]  # cannot be subscripted when it runs
    class Meta:
        model = Incident
        fields = ("title", "client", "began_at")
        widgets = {"title": Input(autocomplete="off"), "client": Choice(), "began_at": LocalMoment()}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choices: Any = self.fields
        choices["client"].empty_label = _("All clients")
        choices["client"].required = False


class ViewForm(forms.ModelForm):  # type: ignore[type-arg]  # likewise
    """A saved view's name and for whom it is. What it shows is taken from the list that is open."""

    class Meta:
        model = SavedView
        fields = ("name", "scope")
        widgets = {"name": Input(autocomplete="off"), "scope": Choice()}

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choices: Any = self.fields
        if not user.team_id:
            choices["scope"].choices = [one for one in SavedView.Scope.choices if one[0] != SavedView.Scope.TEAM]


class SnoozeForm(forms.Form):
    until = forms.DateTimeField(label=_("Until"), widget=LocalMoment())


class AskForm(forms.Form):
    asked = forms.ModelChoiceField(User.objects.none(), label=_("Whom?"), widget=Choice())
    question = forms.CharField(label=_("What do you want to know?"), widget=Text(rows=3), max_length=5_000)

    def __init__(self, *args: Any, case: Case, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["asked"]
        assert isinstance(field, forms.ModelChoiceField)
        # Anybody who serves: the one who knows may be in another team, and that is why she is asked.
        people = User.objects.filter(is_active=True).exclude(role__in=User.NO_COLLEAGUES).exclude(pk=user.pk)
        field.queryset = people.exclude(password="").order_by("first_name", "last_name", "username")


class AnswerForm(forms.Form):
    answer = forms.CharField(label=_("Your answer"), widget=Text(rows=3), max_length=5_000)


class ChecklistForm(forms.Form):
    text = forms.CharField(label=_("What is to be done?"), max_length=300, widget=Input(autocomplete="off"))


class OtherCaseForm(forms.Form):
    """Another case, by its number as people write it."""

    other = forms.CharField(label=_("Number of the case"), max_length=20, widget=Input(inputmode="numeric"))

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.user = user

    def clean_other(self) -> Case:
        digits = self.cleaned_data["other"].strip().lstrip("#")
        number = min(int(digits), 2**63 - 1) if digits.isdecimal() else 0
        case = Case.objects.visible_to(self.user).for_page().filter(number=number).first()
        if case is None:
            raise forms.ValidationError(_("There is no such case, or it is not yours to see."))
        return case


class SendForm(forms.Form):
    """What goes with the press of the send button."""

    kind = forms.ChoiceField(choices=Draft.Kind.choices)
    html = forms.CharField(required=False, strip=False, max_length=LONGEST)
    to = forms.CharField(label=_("To"), required=False, max_length=7_000)
    cc = forms.CharField(label=_("Copy"), required=False, max_length=7_000)
    version = forms.IntegerField(required=False)
    seen = forms.IntegerField(required=False, min_value=0)
    worked = forms.IntegerField(required=False, min_value=0, max_value=8 * 3600)
    then = forms.ChoiceField(
        required=False, choices=[("", "")] + [one for one in Status.choices if one[0] != Status.MERGED]
    )
    later = forms.DateTimeField(label=_("Send at"), required=False, widget=LocalMoment())
    despite = forms.BooleanField(required=False)

    def clean_to(self) -> list[str]:
        return read_addresses(self.cleaned_data["to"])

    def clean_cc(self) -> list[str]:
        return read_addresses(self.cleaned_data["cc"])

    def clean_html(self) -> str:
        return clean_html(self.cleaned_data["html"])
