"""What a manager types about quarantined rows: which to show, and how one should have been."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from tickets.bundle.columns import Choice as OneOf
from tickets.bundle.columns import Column, instant
from tickets.bundle.correction import spec_for
from tickets.bundle.rows import Problem, has_prefix
from tickets.forms import Choice, Input, Text
from tickets.models.quarantine import EXPLANATIONS, QuarantinedRow, QuarantinedRowQuerySet
from tickets.models.source import Source

STATES = [("", _("Waiting")), ("settled", _("Settled")), ("all", _("All"))]
LONG_TEXTS = {"body", "note", "comment"}


class QuarantineFilter(forms.Form):
    state = forms.ChoiceField(label=_("State"), required=False, choices=STATES, widget=Choice())
    source = forms.ModelChoiceField(
        Source.objects.none(),
        label=_("Source"),
        required=False,
        to_field_name="name",
        empty_label=_("All sources"),
        widget=Choice(),
    )
    file = forms.ChoiceField(label=_("File"), required=False, widget=Choice())
    reason = forms.ChoiceField(
        label=_("Reason"),
        required=False,
        choices=[("", _("All reasons")), *QuarantinedRow.Reason.choices],
        widget=Choice(),
    )

    def __init__(self, *args: Any, rows: QuarantinedRowQuerySet, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.rows = rows
        sources, files = self.fields["source"], self.fields["file"]
        assert isinstance(sources, forms.ModelChoiceField)
        assert isinstance(files, forms.ChoiceField)
        sources.queryset = Source.objects.filter(pk__in=rows.values("source")).order_by("name")
        names = rows.order_by("file").values_list("file", flat=True).distinct()
        files.choices = [("", _("All files")), *((name, name) for name in names)]

    def narrow(self) -> QuarantinedRowQuerySet:
        """Keep what was asked for. What cannot be read is passed over."""
        self.is_valid()
        asked = self.cleaned_data
        rows = self.rows
        state = asked.get("state", "")
        if state != "all":
            rows = rows.filter(settled_at__isnull=False) if state else rows.open()
        wanted = {name: asked[name] for name in ("source", "file", "reason") if asked.get(name)}
        return rows.filter(**wanted).select_related("source").order_by("file", "line", "pk")

    @property
    def narrows(self) -> bool:
        return any(self.data.get(name) for name in self.fields)


class CorrectionForm(forms.Form):
    """The fields of one row, named as in the file, with what came in them."""

    def __init__(self, *args: Any, row: QuarantinedRow, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.row = row
        spec = spec_for(row)
        for column in spec.columns if spec else ():
            # Columns that the file did not have are left out, but for those that every file must have.
            if column.name in row.raw or not column.optional:
                self._add(column.name, _widget_for(column, row.raw.get(column.name, "")))
        for name in row.raw:
            if spec and has_prefix(spec, name):
                self._add(name, Input(autocomplete="off"))
        # What is wrong comes first, since a row has many columns.
        self.order_fields([row.column])
        if not self.is_bound and row.column in self.fields:
            self._mark(row.column)
            self.fields[row.column].help_text = row.message

    def _add(self, name: str, widget: forms.Widget) -> None:
        # Whether it is filled rightly is for the checks of the import to say, and only for them.
        self.fields[name] = forms.CharField(
            label=name, required=False, strip=False, initial=self.row.raw.get(name, ""), widget=widget
        )

    def _mark(self, name: str) -> None:
        attrs = self.fields[name].widget.attrs
        attrs |= {"class": f"{attrs.get('class', '')} is-invalid", "aria-invalid": "true"}

    def values(self) -> dict[str, str]:
        """The row as it should have been. A column that the file did not have, and that stays empty, is not in it."""
        self.is_valid()
        return {
            name: value
            for name, value in self.cleaned_data.items()
            if value or name in self.row.raw or not self.row.raw
        }

    def complain(self, problem: Problem) -> None:
        column = problem.column if problem.column in self.fields else None
        self.add_error(column, str(EXPLANATIONS[problem.reason]))
        self.add_error(column, problem.message)
        if column:
            self._mark(column)


def _widget_for(column: Column, came: str) -> forms.Widget:
    if isinstance(column.clean, OneOf):
        # What came stays visible even where it is none of the codes: only so can one see what was meant.
        strange = [(came, f"{came} ?")] if came and came not in column.clean.values else []
        widget = Choice()
        widget.choices = [("", "–"), *strange, *((value, value) for value in column.clean.values)]
        return widget
    if column.name in LONG_TEXTS:
        return Text()
    hint = {"placeholder": "2025-10-06T09:00:00+02:00"} if column.clean is instant else {}
    return Input(autocomplete="off", spellcheck="false", **hint)
