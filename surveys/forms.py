"""The questions. Every one may be skipped; a form without any answer is not an answer."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from surveys.models import Response
from surveys.scales import CES, CSAT_1_5, NPS, Scale

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
NPS_WORDS = {0: _("Not at all likely"), 10: _("Extremely likely")}
CONTACT_WORDS = {1: _("Once"), 2: _("Twice"), 3: _("3 times"), 4: _("4 times"), 5: _("5 times or more")}


class ChoiceOfNumber(forms.TypedChoiceField):
    """One number of a scale, or none. Each choice's text is its word, which a screen reader says after the number."""

    def __init__(self, numbers: range, words: dict[int, Any], **options: Any) -> None:
        choices = [(number, words.get(number, "")) for number in numbers]
        super().__init__(
            choices=choices, coerce=int, empty_value=None, required=False, widget=forms.RadioSelect, **options
        )


def on_scale(scale: Scale, words: dict[int, Any], label: Any) -> ChoiceOfNumber:
    return ChoiceOfNumber(scale.scores, words, label=label)


class AnswerForm(forms.Form):
    csat = on_scale(CSAT_1_5, CSAT_WORDS, _("How satisfied are you with the help that you got?"))
    ces = on_scale(CES, CES_WORDS, _("How easy was it to get your issue solved?"))
    nps = on_scale(NPS, NPS_WORDS, _("How likely are you to recommend us to a friend or colleague?"))
    fcr_resolved = forms.ChoiceField(
        choices=Response.Resolved.choices, required=False, widget=forms.RadioSelect, label=_("Was your issue solved?")
    )
    fcr_contacts = ChoiceOfNumber(
        range(1, 6), CONTACT_WORDS, label=_("How many times did you contact us about this, this time included?")
    )
    comment = forms.CharField(
        max_length=4000,
        required=False,
        label=_("Is there anything that you want to tell us?"),
        widget=forms.Textarea(attrs={"rows": 4}),
    )

    def clean(self) -> dict[str, Any]:
        answers: dict[str, Any] = super().clean() or {}
        if not self.errors and not any(value not in {None, ""} for value in answers.values()):
            raise forms.ValidationError(_("Nothing is answered yet. Answer at least one question."), code="empty")
        return answers
