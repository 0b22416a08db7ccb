from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext as _

from metrics import door
from metrics.wallboard.models import Wallboard
from tickets.models import Queue, User


class WallboardForm(forms.ModelForm):  # type: ignore[type-arg]  # generic in the stubs only
    """What a screen shows."""

    class Meta:
        model = Wallboard
        fields = ["name", "client", "queues", "theme", "language", "shows_names", "is_open"]
        widgets = {"queues": forms.CheckboxSelectMultiple}

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        fields: Any = self.fields
        fields["client"].queryset = door.clients(user).order_by("name")
        fields["client"].empty_label = _("All")
        fields["queues"].queryset = Queue.objects.visible_to(user).order_by("name")
        fields["queues"].help_text = _("None chosen: every queue.")
        fields["shows_names"].help_text = _("Whoever can see the screen, or has its link, reads them.")
        for field in self.fields.values():
            if isinstance(field.widget, forms.Select):
                field.widget.attrs["class"] = "form-select"
            elif isinstance(field.widget, forms.CheckboxInput):
                field.widget.attrs["class"] = "form-check-input"
            elif not isinstance(field.widget, forms.CheckboxSelectMultiple):
                field.widget.attrs["class"] = "form-control"
