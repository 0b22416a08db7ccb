"""The forms of saved replies, macros and articles."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from tickets.forms import Choice, Text
from tickets.models import Article, Macro, Priority, Queue, SavedReply, Status, Team, Topic
from tickets.richtext import clean as clean_html
from tickets.richtext import is_empty
from tickets.setup_forms import SetupForm


class Rich(Text):
    """A text with its form: static/js/rich.js puts the editor in its place."""

    def __init__(self, **attrs: Any) -> None:
        super().__init__(rows=8, **{"data-rich": True, **attrs})


class TextForm(SetupForm):
    """A text that belongs to a team or to everybody; a team lead's belongs to her team."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "language" in self.fields:
            language: Any = self.fields["language"]
            language.choices = [("", _("Every language")), *list(language.choices)[1:]]
        if self.is_new:
            self.fields.pop("is_active")
        if "team" in self.fields:
            if self.by.leads:
                del self.fields["team"]
                self.instance.team_id = self.by.leads
            else:
                self.choose_from("team", self.in_use("team", Team))
                self.fields["team"].empty_label = _("Everybody")  # type: ignore[attr-defined]  # it is a choice of rows

    def clean_html(self) -> str:
        html = clean_html(self.cleaned_data["html"])
        if self.fields["html"].required and is_empty(html):
            raise forms.ValidationError(_("Write the text."))
        return html


class SavedReplyForm(TextForm):
    class Meta:
        model = SavedReply
        fields = ["shortcut", "name", "html", "language", "team", "is_active"]
        widgets = {"html": Rich()}
        labels = {
            "shortcut": _("Shortcut"),
            "name": _("Name"),
            "html": _("Text"),
            "language": _("Language"),
            "team": _("For"),
            "is_active": _("In use"),
        }
        help_texts = {
            "shortcut": _("Typed after two colons: “hello” is put in by ::hello. Letters a–z, figures and hyphens."),
            "language": _("A reply in the customer's language is offered first."),
        }
        error_messages = {"shortcut": {"invalid": _("Only letters a–z, figures, hyphens and underscores.")}}

    def clean_shortcut(self) -> str:
        shortcut: str = self.cleaned_data["shortcut"].lower()
        return shortcut

    def clean(self) -> dict[str, Any]:
        values = super().clean() or {}
        if "shortcut" in values and "language" in values:
            team = values["team"].pk if values.get("team") else None if "team" in self.fields else self.instance.team_id
            same = SavedReply.objects.filter(shortcut=values["shortcut"], language=values["language"], team=team)
            if other := same.exclude(pk=self.instance.pk).first():
                said = gettext(
                    "“%(name)s” has this shortcut already, for the same people and language: choose another."
                )
                self.add_error("shortcut", said % {"name": other.name})
        return values


class MacroForm(TextForm):
    status = forms.ChoiceField(
        label=_("Status"), required=False, choices=[("", _("Stays as it is")), *Status.choices[:4]], widget=Choice()
    )
    priority = forms.ChoiceField(
        label=_("Priority"), required=False, choices=[("", _("Stays as it is")), *Priority.choices], widget=Choice()
    )
    owner = forms.ChoiceField(
        label=_("Assign to"),
        required=False,
        choices=[("", _("Stays as it is")), ("me", _("Whoever uses the macro")), ("nobody", _("Nobody"))],
        widget=Choice(),
    )
    queue = forms.ModelChoiceField(
        Queue.objects.none(), label=_("Queue"), required=False, empty_label=_("Stays as it is"), widget=Choice()
    )
    topic = forms.ModelChoiceField(
        Topic.objects.none(), label=_("Topic"), required=False, empty_label=_("Stays as it is"), widget=Choice()
    )

    field_order = ("name", "html", *Macro.FIELDS, "team", "is_active")

    class Meta:
        model = Macro
        fields = ["name", "html", "team", "is_active"]
        widgets = {"html": Rich()}
        labels = {"name": _("Name"), "html": _("Text of the reply"), "team": _("For"), "is_active": _("In use")}
        help_texts = {"html": _("May be empty. It is put into the reply, and nothing is sent until somebody sends it.")}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        changes = self.instance.changes
        self.initial.update({field: changes[field] for field in Macro.FIELDS if field in changes})
        if changes.get("owner") == "":
            self.initial["owner"] = "nobody"
        for name, model in (("queue", Queue), ("topic", Topic)):
            self.choose_from(name, self.in_use(name, model))

    def digest(self) -> str:
        said = super().digest() + repr(sorted(self.instance.changes.items()))
        return salted_hmac("tickets.setup", said, algorithm="sha256").hexdigest()[:16]

    def changes(self) -> dict[str, Any]:
        """The changes in the form in which a macro keeps them."""
        came = self.cleaned_data
        chosen = {name: came.get(name) for name in Macro.FIELDS if came.get(name)}
        written = {name: value.pk if isinstance(value, (Queue, Topic)) else value for name, value in chosen.items()}
        return {name: "" if (name, value) == ("owner", "nobody") else value for name, value in written.items()}

    def clean(self) -> dict[str, Any]:
        values = super().clean() or {}
        if not self.errors and is_empty(values.get("html", "")) and not self.changes():
            self.add_error(None, _("This macro would do nothing: write a text or choose a change."))
        return values

    def save(self, commit: bool = True) -> Macro:  # noqa: FBT001, FBT002 - Django's
        self.instance.changes = self.changes()
        macro: Macro = super().save(commit)
        return macro


class ArticleForm(TextForm):
    class Meta:
        model = Article
        fields = ["title", "html", "language", "is_public", "is_active"]
        widgets = {"html": Rich()}
        labels = {
            "title": _("Title"),
            "html": _("Text"),
            "language": _("Language"),
            "is_public": _("May be sent to customers"),
            "is_active": _("In use"),
        }
        help_texts = {"is_public": _("Put into a reply by ??. If not, it is for agents to read only.")}
