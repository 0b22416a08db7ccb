"""The forms of the report pages: which report, to whom, and when by itself."""

from __future__ import annotations

from datetime import date
from typing import Any

from django import forms
from django.conf import settings
from django.core.validators import validate_email
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from metrics.reports.figures import month_before
from metrics.reports.models import Format, ReportSchedule
from tickets.forms import Choice, Input
from tickets.models import Client
from tickets.setup_forms import Several

MOST_RECIPIENTS = 30
MONTHS_BACK = 24


def months() -> list[tuple[str, str]]:
    """The months that a report may be of, the last whole one first."""
    from django.utils.formats import date_format

    found, month = [], timezone.localdate().replace(day=1)
    for _n in range(MONTHS_BACK):
        month = month_before(month)
        found.append((f"{month:%Y-%m}", date_format(month, "YEAR_MONTH_FORMAT")))
    return found


class Recipients(forms.CharField):
    """Addresses, one a line or with commas."""

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("label", _("To"))
        kwargs.setdefault("help_text", _("Addresses, one a line. Each gets a mail of its own."))
        super().__init__(
            max_length=10_000,
            widget=forms.Textarea({"class": "form-control", "rows": 3, "spellcheck": "false"}),
            **kwargs,
        )

    def prepare_value(self, value: Any) -> Any:
        return "\n".join(value) if isinstance(value, list) else value

    def clean(self, value: Any) -> list[str]:
        text: str = super().clean(value)
        addresses = list(dict.fromkeys(text.replace(",", "\n").replace(";", "\n").split()))
        for address in addresses:
            try:
                validate_email(address)
            except forms.ValidationError as error:
                raise forms.ValidationError(gettext("“%s” is not an address.") % address) from error
        if len(addresses) > MOST_RECIPIENTS:
            raise forms.ValidationError(gettext("At most %d addresses.") % MOST_RECIPIENTS)
        return addresses


class Languages(forms.ChoiceField):
    def __init__(self, **kwargs: Any) -> None:
        super().__init__(label=_("Language"), choices=settings.LANGUAGES, widget=Choice(), **kwargs)


class OrderForm(forms.Form):
    """Which client's report, of which month, in which language. Without a language it is the client's own."""

    client = forms.ModelChoiceField(Client.objects.none(), label=_("Client"), widget=Choice(), to_field_name="code")
    month = forms.CharField(label=_("Month"), widget=Input(placeholder="2026-10", pattern=r"\d{4}-\d{2}"), max_length=7)
    language = Languages(required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs["auto_id"] = "order_%s"
        kwargs.setdefault("initial", {"month": months()[0][0]})
        super().__init__(*args, **kwargs)
        field: Any = self.fields["client"]
        field.queryset = Client.objects.order_by("name")
        language: Any = self.fields["language"]
        language.choices = [("", _("The client's own")), *settings.LANGUAGES]

    def clean_month(self) -> date:
        text = self.cleaned_data["month"]
        try:
            month = date.fromisoformat(f"{text}-01")
        except ValueError as error:
            raise forms.ValidationError(_("Expected a month such as 2026-10.")) from error
        if month > timezone.localdate() or month.year < 1900:
            raise forms.ValidationError(_("Expected a month that has begun."))
        return month


class SendForm(forms.Form):
    to = Recipients()
    formats = forms.MultipleChoiceField(
        label=_("Files"), choices=Format.choices, widget=Several(), initial=[Format.PDF], required=False
    )


class ScheduleForm(forms.ModelForm):  # type: ignore[type-arg]  # generic in the stubs only
    language = Languages()
    recipients = Recipients()
    formats = forms.MultipleChoiceField(label=_("Files"), choices=Format.choices, widget=Several(), required=False)

    class Meta:
        model = ReportSchedule
        fields = ["client", "language", "day", "recipients", "formats", "is_active"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        client, day, active = (self.fields[name] for name in ("client", "day", "is_active"))
        client.widget.attrs["class"] = "form-select"
        day.widget.attrs["class"] = "form-control"
        active.widget.attrs["class"] = "form-check-input"
        if self.instance.pk is None:
            del self.fields["is_active"]
            self.initial["formats"] = [Format.PDF]

    def clean(self) -> dict[str, Any]:
        values = super().clean() or {}
        same = ReportSchedule.objects.filter(
            client=values.get("client"), language=values.get("language"), is_active=True
        ).exclude(pk=self.instance.pk)
        if values.get("is_active", True) and same.exists():
            self.add_error("client", _("This client has a schedule in this language: change that one."))
        return values
