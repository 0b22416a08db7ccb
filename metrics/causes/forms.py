from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from metrics.causes.models import CauseAction
from tickets.models import Client, Topic, User

WEEKS = (1, 26)


class ActionForm(forms.ModelForm):  # type: ignore[type-arg]  # generic in the stubs only
    """What is done about a topic, by whom and from when."""

    class Meta:
        model = CauseAction
        fields = ["topic", "title", "owner", "from_on", "measure", "weeks", "client", "note"]
        widgets = {
            "from_on": forms.DateInput({"type": "date"}, format="%Y-%m-%d"),
            "note": forms.Textarea({"rows": 3}),
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for field in self.fields.values():
            look = "form-select" if isinstance(field.widget, forms.Select) else "form-control"
            field.widget.attrs["class"] = look
        fields: Any = self.fields
        fields["topic"].queryset = Topic.objects.order_by("path")
        people = User.objects.filter(is_active=True).exclude(role__in=User.NO_COLLEAGUES)
        fields["owner"].queryset = people.order_by("first_name", "last_name", "username")
        fields["client"].queryset = Client.objects.order_by("name")
        fields["client"].empty_label = _("Every client")

    def clean_weeks(self) -> int:
        weeks: int = self.cleaned_data["weeks"]
        if not WEEKS[0] <= weeks <= WEEKS[1]:
            raise forms.ValidationError(_("Expected 1 to 26 weeks."))
        return weeks
