"""The questions. Every one may be skipped; a form without any answer is not an answer."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from django import forms
from django.conf import settings
from django.utils import translation
from django.utils.translation import gettext_lazy as _

from surveys.models import Response
from surveys.questions import STANDARD, TEXT, YES_NO, Item

CSAT_WORDS = {
    1: _("Very dissatisfied"),
    2: _("Dissatisfied"),
    3: _("Neither satisfied nor dissatisfied"),
    4: _("Satisfied"),
    5: _("Very satisfied"),
}
CES_WORDS = {
    1: _("Very difficult"),
    2: _("Difficult"),
    3: _("Somewhat difficult"),
    4: _("Neither easy nor difficult"),
    5: _("Somewhat easy"),
    6: _("Easy"),
    7: _("Very easy"),
}
CONTACT_WORDS = {1: _("Once"), 2: _("Twice"), 3: _("3 times"), 4: _("4 times"), 5: _("5 times or more")}


WORDS: dict[tuple[str, str], dict[int, Any]] = {("csat", "1-5"): CSAT_WORDS, ("ces", "1-7"): CES_WORDS}


class ChoiceOfNumber(forms.TypedChoiceField):
    """One number of a scale, or none. Each choice's text is its word, which a screen reader says after the number."""

    def __init__(self, numbers: Sequence[int], words: dict[int, Any], **options: Any) -> None:
        choices = [(number, words.get(number, "")) for number in numbers]
        super().__init__(
            choices=choices, coerce=int, empty_value=None, required=False, widget=forms.RadioSelect, **options
        )


class AnswerForm(forms.Form):
    """The questions of one form, in the language of the page."""

    def __init__(self, items: Sequence[Item], data: Any = None, **options: Any) -> None:
        super().__init__(data, **options)
        self.items = items
        language = translation.get_language() or settings.LANGUAGE_CODE
        self.words = {one.key: one.words(language, settings.LANGUAGE_CODE) for one in items}
        self.fields.update({one.key: _field(one, self.words[one.key]) for one in items})

    def asked(self) -> Iterator[dict[str, Any]]:
        """Each question as the page shows it: its field, in which way, and what the ends of its scale mean."""
        for one in self.items:
            looks = "scale" if one.is_rated else "text" if one.key == "comment" or one.scale == TEXT else "choice"
            words = self.words[one.key]
            yield {"field": self[one.key], "looks": looks, "low": words["low"], "high": words["high"]}

    def clean(self) -> dict[str, Any]:
        answers: dict[str, Any] = super().clean() or {}
        if not self.errors and not any(value not in {None, ""} for value in answers.values()):
            raise forms.ValidationError(_("Nothing is answered yet. Answer at least one question."), code="empty")
        return answers

    def standard_answers(self) -> dict[str, Any]:
        """What feeds the KPIs; what was not asked is not answered."""
        nothing = {"csat": None, "ces": None, "nps": None, "fcr_resolved": "", "fcr_contacts": None, "comment": ""}
        found = nothing | {one.key: self.cleaned_data[one.key] for one in self.items if not one.is_own}
        scale = next((one.scale for one in self.items if one.key == "csat"), "")
        return found | ({"csat_scale": scale} if scale else {})

    def own_answers(self) -> dict[int, int | str]:
        """By own question, those that are answered."""
        said = {one.key: self.cleaned_data[one.key] for one in self.items if one.is_own}
        return {int(key[1:]): value for key, value in said.items() if value not in {None, ""}}


def answers_before(last: Response | None) -> dict[str, Any]:
    """An earlier answer, as the form's first values."""
    if last is None:
        return {}
    own = {f"q{question}": value for question, value in last.own_values().items()}
    return {name: getattr(last, name) for name in STANDARD} | own


def _field(item: Item, words: dict[str, Any]) -> forms.Field:
    label = words["label"]
    if item.key == "comment" or item.scale == TEXT:
        area = forms.Textarea(attrs={"rows": 4})
        return forms.CharField(max_length=4000, required=False, label=label, widget=area)
    if item.is_rated:
        ends = {item.scores[0]: words["low"], item.scores[-1]: words["high"]}
        return ChoiceOfNumber(item.scores, WORDS.get((item.key, item.scale), {}) | ends, label=label)
    if item.key == "fcr_resolved":
        choices = Response.Resolved.choices
        return forms.ChoiceField(choices=choices, required=False, widget=forms.RadioSelect, label=label)
    if item.key == "fcr_contacts":
        return ChoiceOfNumber(range(1, 6), CONTACT_WORDS, label=label)
    options = {1: _("Yes"), 0: _("No")} if item.scale == YES_NO else dict(enumerate(words["options"], 1))
    return ChoiceOfNumber(list(options), options, label=label)
