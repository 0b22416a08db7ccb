"""What is written in a chat, and how a lead sets one up."""

from __future__ import annotations

from typing import Any

from django import forms
from django.conf import settings
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from tickets import filetypes
from tickets.forms import Choice, Input, Text, Tick
from tickets.models import ChatWidget
from tickets.models.chat import LONGEST_LINE
from tickets.models.web import is_origin
from tickets.public_forms import KINDS, LARGEST, Upload

LANGUAGES = settings.LANGUAGES


class SpokenForm(forms.Form):
    def problems(self) -> list[str]:
        return [str(problem) for problems in self.errors.values() for problem in problems]


class BeginForm(SpokenForm):
    name = forms.CharField(
        label=gettext_lazy("Your name"), max_length=100, required=False,
        widget=forms.TextInput({"autocomplete": "name"}),
    )  # fmt: skip
    email = forms.EmailField(
        label=gettext_lazy("Your e-mail address"), max_length=320, required=False,
        widget=forms.EmailInput({"autocomplete": "email"}),
    )  # fmt: skip
    text = forms.CharField(
        label=gettext_lazy("What can we help you with?"), max_length=LONGEST_LINE,
        widget=forms.Textarea({"rows": 4}),
        error_messages={"required": gettext_lazy("Write what it is about.")},
    )  # fmt: skip
    # What the site has signed of her.
    signed = forms.CharField(required=False, max_length=2_000)
    signature = forms.CharField(required=False, max_length=128)


class LineForm(SpokenForm):
    text = forms.CharField(
        max_length=LONGEST_LINE,
        error_messages={
            "required": gettext_lazy("Write something first."),
            "max_length": gettext_lazy("That is too long for one message."),
        },
    )
    key = forms.SlugField(max_length=40)


class FileForm(SpokenForm):
    KINDS = KINDS

    file = forms.FileField(max_length=255)
    key = forms.SlugField(max_length=40)

    def clean_file(self) -> Upload:
        file: Upload = self.cleaned_data["file"]
        name = (file.name or "")[:60]
        if (file.size or 0) > LARGEST:
            raise forms.ValidationError(
                _("“%(name)s” is too large: %(most)d MB at most.") % {"name": name, "most": LARGEST >> 20}
            )
        if filetypes.sniff(file) not in KINDS:
            raise forms.ValidationError(
                _("“%(name)s” cannot be sent here. Pictures, PDF, text and office files can.") % {"name": name}
            )
        return file


class TransferForm(forms.Form):
    """To a queue or to a colleague: "queue:3" or "agent:7", as the page offers them."""

    to = forms.RegexField(r"^(queue|agent):[0-9]{1,18}$")
    note = forms.CharField(required=False, max_length=LONGEST_LINE)


class ChatWidgetForm(forms.ModelForm):  # type: ignore[type-arg]  # cannot be subscripted when it runs
    TEXTS = (
        ("button", gettext_lazy("Words on the button: %(language)s"), 60),
        ("greeting", gettext_lazy("Greeting: %(language)s"), 500),
    )

    languages = forms.MultipleChoiceField(
        label=gettext_lazy("Languages"), choices=LANGUAGES,
        widget=forms.CheckboxSelectMultiple({"class": "form-check-input"}),
    )  # fmt: skip
    origins = forms.CharField(
        label=gettext_lazy("Sites that may show it"),
        required=False,
        help_text=gettext_lazy("One on each line, such as https://www.example.com. On no other site can it be shown."),
        widget=Text(rows=2),
    )

    class Meta:
        model = ChatWidget
        fields = (
            "name",
            "slug",
            "client",
            "queue",
            "form",
            "colour",
            "chats_at_once",
            "idle_minutes",
            "is_active",
            "languages",
            "origins",
        )
        widgets = {
            "name": Input(), "slug": Input(), "client": Choice(), "queue": Choice(), "form": Choice(),
            "colour": Input(type="color"), "chats_at_once": Input(type="number", min="1", max="9"),
            "idle_minutes": Input(type="number", min="2", max="240"), "is_active": Tick(),
        }  # fmt: skip

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.pk:
            self.initial["origins"] = "\n".join(self.instance.origins)
        for code, language in LANGUAGES:
            own = self.instance.texts.get(code, {})
            for part, label, most in self.TEXTS:
                self.fields[f"{part}_{code}"] = forms.CharField(
                    label=label % {"language": language}, required=False, max_length=most,
                    initial=own.get(part, ""), widget=Input(lang=code),
                )  # fmt: skip

    def plain(self) -> list[forms.BoundField]:
        return [
            self[name]
            for name in (
                "name",
                "slug",
                "client",
                "queue",
                "form",
                "origins",
                "chats_at_once",
                "idle_minutes",
                "colour",
            )
        ]

    def texts(self) -> list[forms.BoundField]:
        return [self[f"{part}_{code}"] for code, _name in LANGUAGES for part, _label, _most in self.TEXTS]

    def clean_origins(self) -> list[str]:
        origins = [line.strip().rstrip("/").lower() for line in self.cleaned_data["origins"].splitlines()]
        for origin in filter(None, origins):
            is_origin(origin)
        return list(dict.fromkeys(filter(None, origins)))

    def clean(self) -> dict[str, Any]:
        came = super().clean() or {}
        queue, client, form = came.get("queue"), came.get("client"), came.get("form")
        if queue and client and queue.client_id not in {None, client.pk}:
            self.add_error("queue", _("This queue is another client's."))
        if form and client and form.client_id != client.pk:
            self.add_error("form", _("This form is another client's."))
        return came

    def save(self, commit: bool = True) -> ChatWidget:  # noqa: FBT001, FBT002 - Django's own signature
        came = self.cleaned_data
        self.instance.texts = {
            code: {part: came[f"{part}_{code}"] for part, _label, _most in self.TEXTS} for code, _name in LANGUAGES
        }
        saved: ChatWidget = super().save(commit)
        return saved
