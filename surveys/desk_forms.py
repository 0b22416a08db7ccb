from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext as _

from surveys import texts
from surveys.asking import SurveyRule
from surveys.comments import Theme
from tickets.models import Client, User


def dressed(form: forms.BaseForm) -> None:
    for field in form.fields.values():
        look = "form-control"
        if isinstance(field.widget, forms.Select):
            look = "form-select"
        elif isinstance(field.widget, forms.CheckboxInput):
            look = "form-check-input"
        field.widget.attrs["class"] = look


class RuleForm(forms.ModelForm):  # type: ignore[type-arg]  # generic in the stubs only
    """How the customers of one client, or of all that have no rule of their own, are asked."""

    class Meta:
        model = SurveyRule
        fields = [
            "client",
            "is_on",
            "percent",
            "cool_down_days",
            "delay",
            "days",
            "at",
            "quiet_from",
            "quiet_to",
            "by_text",
            "remind_after_days",
            "csat_up_to",
            "ces_up_to",
            "nps_up_to",
            "follows_unsolved",
            "follow_up_hours",
        ]
        widgets = {name: forms.TimeInput({"type": "time"}, format="%H:%M") for name in ("at", "quiet_from", "quiet_to")}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        fields: Any = self.fields
        taken = SurveyRule.objects.exclude(pk=self.instance.pk).values_list("client", flat=True)
        fields["client"].queryset = Client.objects.exclude(pk__in=[pk for pk in taken if pk]).order_by("name")
        fields["client"].empty_label = _("All that have none of their own")
        if not texts.is_set_up():
            fields["by_text"].help_text = _("Text messages need a service: SURVEY_SMS_URL is not set.")
        dressed(self)

    def clean(self) -> dict[str, Any]:
        found: dict[str, Any] = super().clean() or {}
        if (found.get("quiet_from") is None) is not (found.get("quiet_to") is None):
            self.add_error("quiet_to", _("Enter both ends of the quiet hours, or none."))
        if found.get("client") is None and SurveyRule.objects.filter(client=None).exclude(pk=self.instance.pk).exists():
            self.add_error("client", _("There is a rule for all already: choose a client."))
        if found.get("delay") == SurveyRule.Delay.DAYS and not found.get("days"):
            self.add_error("days", _("Expected 1 to 60 days."))
        return found


class ResultForm(forms.Form):
    result = forms.CharField(max_length=2000, widget=forms.Textarea({"rows": 2, "class": "form-control"}))


class ThemeForm(forms.ModelForm):  # type: ignore[type-arg]
    class Meta:
        model = Theme
        fields = ["name", "words"]
        widgets = {"words": forms.Textarea({"rows": 6})}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        dressed(self)


class PraiseForm(forms.Form):
    text = forms.CharField(max_length=2000, widget=forms.Textarea({"rows": 3, "class": "form-control"}))


def owners() -> Any:
    """Who may be given a follow-up."""
    people = User.objects.filter(is_active=True).exclude(role__in=User.NO_COLLEAGUES)
    return people.order_by("first_name", "last_name", "username")
