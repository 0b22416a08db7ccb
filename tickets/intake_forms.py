"""What leads fill in to set up how work comes in: web forms, rules, and whom not to hear."""

from __future__ import annotations

import re
from typing import Any

from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.forms import BaseFormSet, formset_factory
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from tickets.forms import Choice, Input, Text, Tick
from tickets.intake import read_address
from tickets.models import IntakeRule, Queue, Topic, WebForm, WebFormTopic
from tickets.models.web import is_origin

LANGUAGES = settings.LANGUAGES
SPARE_LINES = 3


class WebFormForm(forms.ModelForm):  # type: ignore[type-arg]  # cannot be subscripted when it runs
    """A web form but for its topics. Its texts have a field for each language."""

    languages = forms.MultipleChoiceField(
        label=_("Languages"), choices=LANGUAGES, widget=forms.CheckboxSelectMultiple({"class": "form-check-input"})
    )
    origins = forms.CharField(
        label=_("Sites that may show it"),
        required=False,
        help_text=_("One on each line, such as https://www.example.com. On no other site can it be shown."),
        widget=Text(rows=2),
    )

    class Meta:
        model = WebForm
        fields = ("name", "slug", "client", "queue", "is_active", "languages", "origins")
        widgets = {"name": Input(), "slug": Input(), "client": Choice(), "queue": Choice(), "is_active": Tick()}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.pk:
            self.initial["origins"] = "\n".join(self.instance.origins)
        for code, name in LANGUAGES:
            own = self.instance.texts.get(code, {})
            self.fields[f"title_{code}"] = forms.CharField(
                label=_("Heading: %(language)s") % {"language": name},
                required=False,
                max_length=120,
                initial=own.get("title", ""),
                widget=Input(lang=code),
            )
            self.fields[f"intro_{code}"] = forms.CharField(
                label=_("Text below it: %(language)s") % {"language": name},
                required=False,
                max_length=1_000,
                initial=own.get("intro", ""),
                widget=Text(rows=2, lang=code),
            )

    def texts(self) -> list[forms.BoundField]:
        return [self[f"{part}_{code}"] for code, _name in LANGUAGES for part in ("title", "intro")]

    def clean_origins(self) -> list[str]:
        origins = [line.strip().rstrip("/").lower() for line in self.cleaned_data["origins"].splitlines()]
        for origin in filter(None, origins):
            is_origin(origin)
        return list(dict.fromkeys(filter(None, origins)))

    def clean(self) -> dict[str, Any]:
        came = super().clean() or {}
        queue, client = came.get("queue"), came.get("client")
        if queue and client and queue.client_id not in {None, client.pk}:
            self.add_error("queue", _("This queue is another client's."))
        return came

    def save(self, commit: bool = True) -> WebForm:  # noqa: FBT001, FBT002 - Django's own signature
        came = self.cleaned_data
        self.instance.texts = {
            code: {"title": came[f"title_{code}"], "intro": came[f"intro_{code}"]} for code, _name in LANGUAGES
        }
        saved: WebForm = super().save(commit)
        return saved


class TopicLine(forms.Form):
    """One topic that the form offers; a line without a topic is none."""

    topic = forms.ModelChoiceField(
        Topic.objects.filter(is_active=True), label=_("Topic"), required=False, empty_label="–", widget=Choice()
    )
    queue = forms.ModelChoiceField(
        Queue.objects.all(), label=_("Queue"), required=False, empty_label=_("The form's own"), widget=Choice()
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for code, name in LANGUAGES:
            self.fields[f"label_{code}"] = forms.CharField(
                label=_("Words for it: %(language)s") % {"language": name},
                required=False,
                max_length=120,
                widget=Input(lang=code),
            )


class TopicLinesBase(BaseFormSet):  # type: ignore[type-arg]  # likewise
    def clean(self) -> None:
        topics = [line.cleaned_data["topic"] for line in self.forms if line.cleaned_data.get("topic")]
        if len(topics) != len(set(topics)):
            raise ValidationError(_("A topic stands there twice."))

    def save_for(self, form: WebForm) -> None:
        form.choices.all().delete()
        rows = [line.cleaned_data for line in self.forms if line.cleaned_data.get("topic")]
        WebFormTopic.objects.bulk_create(
            WebFormTopic(
                form=form,
                topic=row["topic"],
                queue=row["queue"],
                position=position,
                labels={code: row[f"label_{code}"] for code, _name in LANGUAGES if row[f"label_{code}"]},
            )
            for position, row in enumerate(rows)
        )


TopicLines = formset_factory(TopicLine, formset=TopicLinesBase, extra=SPARE_LINES, max_num=40)


def topic_lines(data: QueryDict | None, form: WebForm | None) -> TopicLinesBase:
    """The lines of a form's topics, and some empty ones."""
    rows = form.choices.all() if form else []
    initial = [
        {"topic": row.topic_id, "queue": row.queue_id} | {f"label_{code}": text for code, text in row.labels.items()}
        for row in rows
    ]
    lines: Any = TopicLines(data, initial=initial, prefix="topics")
    return lines  # type: ignore[no-any-return]  # the factory does not say of which class they are


class RuleForm(forms.ModelForm):  # type: ignore[type-arg]  # likewise
    class Meta:
        model = IntakeRule
        fields = (
            "name",
            "position",
            "is_active",
            "words",
            "channel",
            "form",
            "chosen",
            "mailbox",
            "topic",
            "queue",
            "priority",
            "language",
        )
        widgets = {
            "name": Input(),
            "position": Input(type="number", min="0", max="999"),
            "is_active": Tick(),
            "words": Text(rows=2),
            "channel": Choice(),
            "form": Choice(),
            "chosen": Choice(),
            "mailbox": Input(type="email"),
            "topic": Choice(),
            "queue": Choice(),
            "priority": Choice(),
            "language": Choice(),
        }

    WHEN = ("words", "channel", "form", "chosen", "mailbox")
    THEN = ("topic", "queue", "priority", "language")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in (*self.WHEN, *self.THEN):
            field: Any = self.fields[name]
            if hasattr(field, "empty_label"):
                field.empty_label = "–"
            elif hasattr(field, "choices"):
                field.choices = [("", "–"), *(choice for choice in field.choices if choice[0])]

    def when(self) -> list[forms.BoundField]:
        return [self[name] for name in self.WHEN]

    def then(self) -> list[forms.BoundField]:
        return [self[name] for name in self.THEN]

    def clean(self) -> dict[str, Any]:
        came = super().clean() or {}
        if not self.errors and not any(came.get(name) for name in self.WHEN):
            raise ValidationError(_("Say when it is so: words, a channel, a form, a choice or a mailbox."))
        if not self.errors and not any(came.get(name) for name in self.THEN):
            raise ValidationError(_("Say what follows: a topic, a queue, a priority or a language."))
        return came


class BlockForm(forms.Form):
    value = forms.CharField(
        label=_("Address or domain"),
        max_length=320,
        help_text=_("anna@example.com, or example.com for all that comes from there"),
        widget=Input(autocomplete="off", autocapitalize="none"),
    )
    why = forms.CharField(label=_("Why?"), required=False, max_length=300, widget=Input())

    def clean_value(self) -> str:
        text = self.cleaned_data["value"].strip().lower().removeprefix("@")
        if re.fullmatch(r"[a-z0-9-]+(\.[a-z0-9-]+)+", text) and re.search(r"[a-z]", text):
            return str(text)
        address = read_address(text)
        if address is None:
            raise ValidationError(_("This is neither an address nor a domain."))
        return address.value
