from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.conf import settings
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from metrics import door
from metrics.board import PERIODS
from metrics.boards.models import Annotation, Dashboard, Target
from metrics.boards.widgets import KINDS, MOST_COLUMNS, ORDERS, SPLIT_LABELS, WIDTHS, Widget, WidgetError, check
from metrics.catalog import GROUPS, KPIS
from metrics.definition import Unit
from tickets.models import Client, Queue, User

SHARED_WITH = (User.Role.LEAD, User.Role.MANAGER, User.Role.ADMIN, User.Role.CLIENT)
GROUP_LABELS = {
    "accessibility": gettext_lazy("Accessibility"),
    "efficiency": gettext_lazy("Efficiency"),
    "resolution": gettext_lazy("Resolution"),
    "experience": gettext_lazy("Experience"),
    "demand": gettext_lazy("Demand"),
    "people": gettext_lazy("People"),
}
WIDTH_LABELS = {
    1: gettext_lazy("A quarter"),
    2: gettext_lazy("Half"),
    3: gettext_lazy("Three quarters"),
    4: gettext_lazy("The whole width"),
}


def kpi_choices(user: User) -> list[tuple[Any, Any]]:
    """Every KPI that exists for this person, by group. A variant is told by its code."""
    found: list[tuple[Any, Any]] = [("", "—")]
    for code, kpis in GROUPS.items():
        names = [(kpi.key, _kpi_name(kpi)) for kpi in kpis if door.shows(user, kpi)]
        if names:
            found.append((GROUP_LABELS[code], names))
    return found


def _kpi_name(kpi: Any) -> str:
    return f"{kpi.name} ({kpi.variant})" if kpi.variant else str(kpi.name)


def _dressed(form: forms.BaseForm) -> None:
    for field in form.fields.values():
        if isinstance(field.widget, forms.Select):
            field.widget.attrs["class"] = "form-select"
        elif not isinstance(field.widget, forms.CheckboxSelectMultiple):
            field.widget.attrs["class"] = "form-control"


class WidgetForm(forms.Form):
    """One widget. What does not fit its kind is refused by field."""

    kind = forms.ChoiceField(label=gettext_lazy("What"), choices=[(code, one.name) for code, one in KINDS.items()])
    by = forms.ChoiceField(
        label=gettext_lazy("By"),
        required=False,
        choices=[
            ("", "—"),
            (gettext_lazy("Split"), list(SPLIT_LABELS.items())),
            (gettext_lazy("Pareto"), list(ORDERS.items())),
        ],
    )
    width = forms.TypedChoiceField(
        label=gettext_lazy("Width"),
        coerce=int,
        empty_value=None,
        required=False,
        choices=[("", gettext_lazy("As fits")), *((n, WIDTH_LABELS[n]) for n in WIDTHS)],
    )
    title = forms.CharField(label=gettext_lazy("Title of your own"), required=False, max_length=80)

    def __init__(self, data: Any, *, user: User, widget: Widget | None = None) -> None:
        self.widget = widget
        initial: dict[str, Any] = {"kind": "tile"}
        if widget:
            initial = {"kind": widget.kind, "by": widget.by, "width": widget.width, "title": widget.title}
            initial |= {f"kpi{n}": key for n, key in enumerate(widget.kpis, 1)}
        super().__init__(data, initial=initial, auto_id=f"{widget.id if widget else 'new'}_%s")
        choices = kpi_choices(user)
        for n in range(1, MOST_COLUMNS + 1):
            label = _("Figure") if n == 1 else _("Figure %s") % n
            self.fields[f"kpi{n}"] = forms.ChoiceField(label=label, required=False, choices=choices)
        _dressed(self)

    @property
    def kpi_fields(self) -> list[Any]:
        return [self[f"kpi{n}"] for n in range(1, MOST_COLUMNS + 1)]

    def clean(self) -> dict[str, Any]:
        found = super().clean() or {}
        kind = found.get("kind", "")
        chosen = [found.get(f"kpi{n}", "") for n in range(1, MOST_COLUMNS + 1)]
        kpis = tuple(dict.fromkeys(key for key in chosen if key))
        width = found.get("width") or (KINDS[kind].width if kind in KINDS else 2)
        made = Widget(
            self.widget.id if self.widget else "",
            kind,
            kpis,
            found.get("by", ""),
            width,
            found.get("title", "").strip(),
        )
        try:
            found["widget"] = check(made)
        except WidgetError as error:
            field = {"kpis": "kpi1"}.get(error.field, error.field)
            self.add_error(field, str(error))
        return found


class DashboardForm(forms.ModelForm):  # type: ignore[type-arg]  # generic in the stubs only
    """Its name, what it shows first, and with whom it is shared."""

    class Meta:
        model = Dashboard
        fields = ["name", "period", "roles"]

    period = forms.ChoiceField(
        label=gettext_lazy("Period where none is chosen"), choices=[(c, n) for c, n in PERIODS.items() if c != "custom"]
    )
    roles = forms.MultipleChoiceField(
        label=gettext_lazy("Shared with"),
        required=False,
        choices=[(role.value, role.label) for role in SHARED_WITH],
        widget=forms.CheckboxSelectMultiple,
        help_text=gettext_lazy("Each reader sees her own figures in it: a lead her queues, a client her company."),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _dressed(self)


class _ScopedForm(forms.ModelForm):  # type: ignore[type-arg]
    """Of one client, of one queue, or of everything that its writer sees."""

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.user = user
        fields: Any = self.fields
        fields["client"].queryset = (
            door.clients(user).order_by("name") if user.sees_everything else Client.objects.none()
        )
        fields["client"].empty_label = fields["queue"].empty_label = _("All")
        fields["queue"].queryset = Queue.objects.visible_to(user).order_by("name")
        # What holds for all is for those who see all.
        fields["queue"].required = not user.sees_everything
        _dressed(self)

    def clean(self) -> dict[str, Any]:
        found: dict[str, Any] = super().clean() or {}
        if found.get("client") and found.get("queue"):
            self.add_error("queue", _("Choose a client or a queue, not both."))
        return found


class TargetForm(_ScopedForm):
    """What a KPI shall reach. Shares are entered in per cent, lengths in seconds."""

    class Meta:
        model = Target
        fields = ["kpi", "client", "queue", "value"]

    since = forms.DateField(label=gettext_lazy("From"), widget=forms.DateInput({"type": "date"}, format="%Y-%m-%d"))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        fields: Any = self.fields
        fields["kpi"] = forms.ChoiceField(label=_("Figure"), choices=kpi_choices(self.user))
        fields["value"].help_text = _("Shares in per cent, lengths in seconds, all else as it is shown.")
        _dressed(self)

    def clean(self) -> dict[str, Any]:
        found = super().clean()
        kpi, value = KPIS.get(found.get("kpi", "")), found.get("value")
        if kpi is not None and value is not None:
            most = Decimal(100) if kpi.unit is Unit.SHARE else None
            if value < 0 and kpi.unit is not Unit.POINTS:
                self.add_error("value", _("Expected 0 or more."))
            elif most is not None and value > most:
                self.add_error("value", _("Expected a share of 0 to 100 per cent."))
            found["value"] = value / 100 if kpi.unit is Unit.SHARE else value
        if found.get("since"):
            zone = ZoneInfo(settings.TIME_ZONE)
            self.instance.valid_from = datetime.combine(found["since"], datetime.min.time(), zone)
        return found


class AnnotationForm(_ScopedForm):
    """What happened, and when."""

    class Meta:
        model = Annotation
        fields = ["text", "at", "client", "queue"]
        widgets = {"at": forms.DateTimeInput({"type": "datetime-local"}, format="%Y-%m-%dT%H:%M")}

    def clean_at(self) -> datetime:
        at: datetime = self.cleaned_data["at"]
        if at > timezone.now() + timedelta(days=366):
            raise forms.ValidationError(_("Expected a moment within a year from now."))
        return at
