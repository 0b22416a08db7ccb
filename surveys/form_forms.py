"""What is written of a survey form at the desk: for whom it is, and the words of each question in every language."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from django import forms
from django.conf import settings
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from surveys.desk_forms import dressed
from surveys.questionnaires import Question, Questionnaire
from surveys.questions import CHOICE, STANDARD, Item
from surveys.scales import CSAT_SCALES
from tickets.models import Client, Queue

MOST_OPTIONS = 12


class QuestionnaireForm(forms.ModelForm):  # type: ignore[type-arg]  # generic in the stubs only
    class Meta:
        model = Questionnaire
        fields = ["name", "client", "queue", "channel", "is_on"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        fields: Any = self.fields
        fields["client"].queryset = Client.objects.order_by("name")
        fields["queue"].queryset = Queue.objects.order_by("name")
        for name in ("client", "queue"):
            fields[name].empty_label = _("All")
        fields["channel"].choices = [("", _("All")), *fields["channel"].choices[1:]]
        dressed(self)

    def clean(self) -> dict[str, Any]:
        found: dict[str, Any] = super().clean() or {}
        queue, client = found.get("queue"), found.get("client")
        if queue and client and queue.client_id not in {None, client.pk}:
            self.add_error("queue", _("This queue belongs to another client."))
        return found


class WordsForm(forms.Form):
    """One question: its scale where it may be chosen, and per language its words. `item`: None for a new own question."""

    def __init__(self, item: Item | None, data: Any = None, *, options: int = 0) -> None:
        super().__init__(data)
        self.item, self.options = item, options
        self.fields["was"] = forms.CharField(widget=forms.HiddenInput, required=False, initial=self._digest())
        if item is None:
            self.fields["scale"] = forms.ChoiceField(
                label=gettext_lazy("Scale"),
                choices=Question.Kind.choices,
                help_text=gettext_lazy("It cannot be changed later: another scale is another question."),
            )
        elif item.key == "csat":
            # Two KPIs, one for each scale: their answers are never put together.
            choices = [(code, Question.Kind(code).label) for code in CSAT_SCALES]
            self.fields["scale"] = forms.ChoiceField(label=gettext_lazy("Scale"), choices=choices, initial=item.scale)
        for code, language in settings.LANGUAGES:
            said = item.texts.get(code, {}) if item else {}
            for name, label in self._parts():
                self.fields[f"{name}_{code}"] = forms.CharField(
                    label=f"{label} ({_(str(language))})",
                    max_length=2000 if name == "options" else 300,
                    required=False,
                    initial="\n".join(said.get(name, [])) if name == "options" else said.get(name, ""),
                    widget=forms.Textarea({"rows": 4}) if name == "options" else forms.TextInput,
                )
        if item is not None and not item.is_own:
            for code, _language in settings.LANGUAGES:
                self.fields[f"label_{code}"].help_text = _("Empty: the usual words.")
        dressed(self)

    def _digest(self) -> str:
        """What the question says now, in few letters."""
        said = json.dumps(self.item.as_json(), sort_keys=True) if self.item else ""
        return hashlib.sha256(said.encode()).hexdigest()[:16]

    def _parts(self) -> list[tuple[str, str]]:
        parts = [("label", _("Question"))]
        scale = self.item.scale if self.item else ""
        if self.item is None or self.item.is_rated:
            parts += [("low", _("What the lowest means")), ("high", _("What the highest means"))]
        if self.item is None or scale == CHOICE:
            parts.append(("options", _("Choices, one a line")))
        return parts

    def by_language(self) -> list[tuple[str, list[forms.BoundField]]]:
        """The fields of each language, in order."""
        return [
            (_(str(language)), [self[f"{name}_{code}"] for name, _label in self._parts()])
            for code, language in settings.LANGUAGES
        ]

    def clean(self) -> dict[str, Any]:
        found: dict[str, Any] = super().clean() or {}
        if found.get("was") and found["was"] != self._digest():
            self.add_error(
                None, _("Somebody else has changed this meanwhile. What is there now is shown when you open it again.")
            )
        is_own = self.item is None or self.item.key not in STANDARD
        scale = found.get("scale") or (self.item.scale if self.item else "")
        main = settings.LANGUAGE_CODE
        if is_own and not found.get(f"label_{main}"):
            self.add_error(
                f"label_{main}", _("Write the question. Other languages that are empty are asked in this one.")
            )
        if scale == CHOICE:
            self._check_options(found, main)
        return found

    def _check_options(self, found: dict[str, Any], main: str) -> None:
        """As many in every language as in the installation's own, and as many as there were."""
        wanted = self.options or len(_lines(found.get(f"options_{main}", "")))
        if not 2 <= wanted <= MOST_OPTIONS:
            self.add_error(f"options_{main}", _("Expected 2 to %(most)s choices, one a line.") % {"most": MOST_OPTIONS})
            return
        for code, _language in settings.LANGUAGES:
            lines = _lines(found.get(f"options_{code}", ""))
            if (found.get(f"label_{code}") or code == main) and len(lines) != wanted:
                self.add_error(
                    f"options_{code}",
                    _("Expected %(wanted)s choices, one a line: another number would be another question.")
                    % {"wanted": wanted},
                )

    def texts(self) -> dict[str, dict[str, Any]]:
        """By language what is written; languages in which nothing is are left out."""
        scale = self.chosen_scale()
        texts: dict[str, dict[str, Any]] = {}
        for code, _language in settings.LANGUAGES:
            said = {name: self.cleaned_data[f"{name}_{code}"] for name, _label in self._parts()}
            if "options" in said:
                said["options"] = _lines(said["options"]) if scale == CHOICE else []
            if kept := {name: value for name, value in said.items() if value}:
                texts[code] = kept
        return texts

    def chosen_scale(self) -> str:
        return self.cleaned_data.get("scale") or (self.item.scale if self.item else "")


def _lines(text: str) -> list[str]:
    return [line.strip() for line in text.splitlines() if line.strip()]
