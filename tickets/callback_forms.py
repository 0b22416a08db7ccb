"""The form by which an agent puts somebody on the list of those to be called back."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from tickets.callbacks import WITHIN, customer_with
from tickets.dialling import number_in
from tickets.forms import Choice, Input, LocalMoment
from tickets.intake import DEFAULT_REGION
from tickets.models import Queue, User

LATEST = timedelta(days=60)


class CallbackForm(forms.Form):
    number = forms.CharField(label=_("Number"), max_length=60, widget=Input(type="tel", autocomplete="off"))
    queue = forms.ModelChoiceField(Queue.objects.none(), label=_("Queue"), widget=Choice())
    from_at = forms.DateTimeField(label=_("Not before"), required=False, widget=LocalMoment())
    until_at = forms.DateTimeField(label=_("At the latest"), widget=LocalMoment())
    note = forms.CharField(label=_("Note"), max_length=500, required=False, widget=Input(autocomplete="off"))

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        queues = self.fields["queue"]
        assert isinstance(queues, forms.ModelChoiceField)
        queues.queryset = Queue.objects.visible_to(user).filter(is_active=True)
        self.fields["until_at"].initial = timezone.localtime() + WITHIN

    def clean_number(self) -> str:
        number = number_in(self.cleaned_data["number"])
        if not number:
            raise forms.ValidationError(_("Expected a phone number, for example +46 70 123 45 67."))
        return number

    def clean(self) -> dict[str, Any]:
        came = super().clean() or {}
        begin, end = came.get("from_at"), came.get("until_at")
        if end and end < (begin or timezone.now() - timedelta(minutes=5)):
            self.add_error("until_at", _("This is before it begins: choose a later time."))
        elif end and end > timezone.now() + LATEST:
            self.add_error("until_at", _("This is too far away: at most 60 days."))
        return came

    def asked(self) -> dict[str, Any]:
        """What was asked for, with the customer whose number it is."""
        return self.cleaned_data | {"customer": customer_with(self.cleaned_data["number"], DEFAULT_REGION)}
