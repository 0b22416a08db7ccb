"""How a list of cases is narrowed. Every state of the list has its own address, to be kept and shared."""

from __future__ import annotations

from typing import Any

from django import forms
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from tickets.forms import Choice, Input
from tickets.intake import suggest
from tickets.models import OPEN_STATUSES, Queue, Status, Topic, User
from tickets.models.case import CaseQuerySet

ORDERS = {
    "": (_("Latest change first"), F("updated_at").desc()),
    "silent": (_("Longest without change"), F("updated_at").asc()),
    "oldest": (_("Oldest first"), F("created_at").asc()),
    "promise": (_("Next promise first"), F("next_promise_at").asc(nulls_last=True)),
}
STATUSES = [("", _("All open")), *((status, status.label) for status in OPEN_STATUSES)]
STATUSES += [(Status.RESOLVED, Status.RESOLVED.label), ("all", _("All"))]


class CaseFilter(forms.Form):
    q = forms.CharField(label=_("Search"), required=False, max_length=200)
    status = forms.ChoiceField(label=_("Status"), required=False, choices=STATUSES, widget=Choice())
    queue = forms.ModelChoiceField(
        Queue.objects.none(), label=_("Queue"), required=False, empty_label=_("All queues"), widget=Choice()
    )
    topic = forms.ModelChoiceField(
        Topic.objects.filter(is_active=True),
        label=_("Topic"),
        required=False,
        empty_label=_("All topics"),
        widget=Choice(),
    )
    sort = forms.ChoiceField(
        label=_("Order"),
        required=False,
        choices=[(name, label) for name, (label, _order) in ORDERS.items()],
        widget=Choice(),
    )

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.user = user
        self.fields["q"].widget = Input(
            **{"type": "search", "aria-keyshortcuts": "/"}, placeholder=_("Number, subject or customer")
        )
        queues = self.fields["queue"]
        assert isinstance(queues, forms.ModelChoiceField)
        queues.queryset = Queue.objects.visible_to(user)

    def narrow(self, cases: CaseQuerySet) -> CaseQuerySet:
        """Keep what was asked for, in the order asked for. What cannot be read is passed over."""
        self.is_valid()
        asked = self.cleaned_data
        cases = self._with_status(cases, asked.get("status", ""))
        if text := asked.get("q", "").strip():
            cases = self._matching(cases, text)
        if queue := asked.get("queue"):
            cases = cases.filter(queue=queue)
        if topic := asked.get("topic"):
            cases = cases.filter(Q(topic=topic) | Q(topic__path__startswith=f"{topic.path}/"))
        return cases.order_by(ORDERS[asked.get("sort", "")][1], "-number")

    def _with_status(self, cases: CaseQuerySet, status: str) -> CaseQuerySet:
        if status == "all":
            return cases
        return cases.filter(status=status) if status else cases.open()

    def _matching(self, cases: CaseQuerySet, text: str) -> CaseQuerySet:
        if text.lstrip("#").isdecimal():
            return cases.filter(number=min(int(text.lstrip("#")), 2**63 - 1))
        customers = [customer.pk for customer in suggest(text, user=self.user)]
        return cases.filter(Q(subject__icontains=text) | Q(customer__in=customers))
