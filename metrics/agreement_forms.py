"""The forms of agreements: a new version from a day on, and letting one hold since an earlier day."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from django import forms
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from metrics.agreements import RestatementError, check_since
from metrics.grains import zone
from metrics.period import midnight
from tickets.models import LIVE_CHANNELS, Agreement, Channel, Client, ServiceLevel

SMALL = {"class": "form-control"}


class LevelForm(forms.ModelForm):  # type: ignore[type-arg]  # generic in the stubs only
    """One promise; a line without a threshold is none."""

    threshold_seconds = forms.DecimalField(
        label=_("Threshold, seconds"), required=False, min_value=0, max_digits=9, decimal_places=3
    )
    channel = forms.ChoiceField(
        label=_("Channel"), choices=[(code, Channel(code).label) for code in LIVE_CHANNELS], required=False
    )

    class Meta:
        model = ServiceLevel
        fields = ["channel", "threshold_seconds", "target_share", "short_abandon_seconds"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, field in self.fields.items():
            field.widget.attrs["class"] = "form-select" if name == "channel" else "form-control"
            field.required = False

    def clean(self) -> dict[str, Any]:
        values = super().clean() or {}
        if values.get("threshold_seconds") is not None:
            for name in ("target_share", "short_abandon_seconds"):
                if values.get(name) is None and name not in self.errors:
                    self.add_error(name, _("Say a number."))
        return values


class VersionForm(forms.ModelForm):  # type: ignore[type-arg]  # generic in the stubs only
    """The next version of a client's agreement, filled in with the last one."""

    begins_on = forms.DateField(
        label=_("Holds from"),
        help_text=_("A day to come: what has been keeps the version that was in force then."),
        widget=forms.DateInput(attrs={"type": "date", **SMALL}, format="%Y-%m-%d"),
    )
    first_response_channels = forms.MultipleChoiceField(
        label=_("First response is promised on"),
        choices=Channel.choices,
        required=False,
        widget=forms.CheckboxSelectMultiple(attrs={"class": "form-check-input"}),
    )

    field_order = ("begins_on", "calendar")

    class Meta:
        model = Agreement
        fields = ["calendar", *Agreement.TERMS]

    def __init__(self, *args: Any, client: Client, **kwargs: Any) -> None:
        self.client = client
        self.last = client.agreements.order_by("-valid_from").first()
        terms = [*Agreement.TERMS, "calendar"]
        kwargs["initial"] = {name: getattr(self.last, name) for name in terms} if self.last else {}
        super().__init__(*args, **kwargs)
        for name, field in self.fields.items():
            if name != "first_response_channels":
                field.widget.attrs["class"] = "form-select" if hasattr(field, "choices") else "form-control"

    def clean_begins_on(self) -> date:
        day: date = self.cleaned_data["begins_on"]
        if midnight(day, zone()) <= timezone.now():
            raise forms.ValidationError(
                _("A new version begins on a day to come. To change what has been, restate history afterwards.")
            )
        if self.client.agreements.filter(valid_from=midnight(day, zone())).exists():
            raise forms.ValidationError(_("Another version begins on that day already."))
        return day

    def save_with(self, levels: Any) -> Agreement:
        """Make the version with the service levels of the other form."""
        with transaction.atomic():
            version: Agreement = super().save(commit=False)
            version.client = self.client
            version.valid_from = midnight(self.cleaned_data["begins_on"], zone())
            version.save()
            numbers: dict[str, int] = {}
            for values in (form.cleaned_data for form in levels if form.cleaned_data):
                if values.get("threshold_seconds") is None:
                    continue
                channel = values["channel"]
                position = numbers[channel] = numbers.get(channel, -1) + 1
                version.service_levels.create(position=position, **values)
        return version


LevelFormSet = forms.formset_factory(LevelForm, extra=1)


def level_forms(data: Any, client: Client) -> Any:
    """The service levels of the last version, and a line for one more."""
    last = client.agreements.order_by("-valid_from").first()
    fields = LevelForm.Meta.fields
    initial = list(last.service_levels.order_by("-channel", "position").values(*fields)) if last else []
    return LevelFormSet(data, initial=initial, prefix="level")


class RestatementForm(forms.Form):
    """Since when a version is to hold, and why. The reason is asked for once the effect has been seen."""

    since = forms.DateField(
        label=_("Let it hold since"), widget=forms.DateInput(attrs={"type": "date", **SMALL}, format="%Y-%m-%d")
    )
    reason = forms.CharField(
        label=_("Why"),
        help_text=_("Whoever compares old figures with new ones will read it."),
        widget=forms.Textarea(attrs={"rows": 3, **SMALL}),
        max_length=2000,
    )

    def __init__(self, *args: Any, version: Agreement, asks_reason: bool, **kwargs: Any) -> None:
        self.version = version
        super().__init__(*args, **kwargs)
        if not asks_reason:
            del self.fields["reason"]

    def clean_since(self) -> date:
        day: date = self.cleaned_data["since"]
        try:
            check_since(self.version, self.moment(day))
        except RestatementError as error:
            raise forms.ValidationError(str(error)) from error
        return day

    @staticmethod
    def moment(day: date) -> datetime:
        return midnight(day, zone())
