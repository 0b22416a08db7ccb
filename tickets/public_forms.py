"""What strangers fill in. Every field has a limit, and files are what their content says they are."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import forms
from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from tickets import filetypes
from tickets.intake import Address, read_address, region_of
from tickets.models import WebForm, WebFormTopic

type Upload = UploadedFile[Any]

MOST_FILES = 5
LARGEST = min(10 << 20, settings.LARGEST_ATTACHMENT)
# Of the whole request; what is larger is not even read.
LARGEST_REQUEST = MOST_FILES * LARGEST + (1 << 20)
OFFICE = "application/vnd.openxmlformats-officedocument."
# What customers have to show us. Programs, web pages and drawings with scripts in them are none of it.
KINDS = {
    *filetypes.PICTURES,
    "image/heic",
    "image/tiff",
    "image/bmp",
    "application/pdf",
    "text/plain",
    "text/csv",
    "application/zip",
    "application/rtf",
    "text/rtf",
    "application/msword",
    "application/vnd.ms-excel",
    f"{OFFICE}wordprocessingml.document",
    f"{OFFICE}spreadsheetml.sheet",
    "application/vnd.oasis.opendocument.text",
    "application/vnd.oasis.opendocument.spreadsheet",
    "video/mp4",
    "video/quicktime",
    "audio/mpeg",
    "audio/mp4",
}


class FilesInput(forms.FileInput):
    allow_multiple_selected = True


class FilesField(forms.FileField):
    """Several files, each within the limits."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(required=False, widget=FilesInput(attrs={"multiple": True}), **kwargs)

    def clean(self, data: Any, initial: Any = None) -> Sequence[Upload]:
        files = [super(FilesField, self).clean(one) for one in data if one] if isinstance(data, list) else []
        if len(files) > MOST_FILES:
            raise forms.ValidationError(_("%(most)d files at most go with one message.") % {"most": MOST_FILES})
        for file in files:
            self._look_at(file)
        return files

    def _look_at(self, file: Upload) -> None:
        name = (file.name or "")[:60]
        if (file.size or 0) > LARGEST:
            raise forms.ValidationError(
                _("“%(name)s” is too large: %(most)d MB at most.") % {"name": name, "most": LARGEST >> 20}
            )
        if filetypes.sniff(file) not in KINDS:
            raise forms.ValidationError(
                _("“%(name)s” cannot be sent here. Pictures, PDF, text and office files can.") % {"name": name}
            )


def _text(**attrs: Any) -> forms.Textarea:
    return forms.Textarea({"rows": 7, **attrs})


class MoreForm(forms.Form):
    """What a customer adds to her case."""

    text = forms.CharField(label=gettext_lazy("Your message"), max_length=10_000, widget=_text(rows=5))
    attached = FilesField(label=gettext_lazy("Files"))
    stamp = forms.CharField(max_length=500, required=False, widget=forms.HiddenInput)


class PublicForm(forms.Form):
    topic = forms.ModelChoiceField(WebFormTopic.objects.none(), label=gettext_lazy("What is it about?"))
    reach = forms.CharField(
        label=gettext_lazy("Your e-mail address, or your phone number"),
        max_length=320,
        widget=forms.TextInput({"autocomplete": "email", "inputmode": "email", "autocapitalize": "none"}),
    )
    name = forms.CharField(
        label=gettext_lazy("Your name"), max_length=100, widget=forms.TextInput({"autocomplete": "name"})
    )
    subject = forms.CharField(label=gettext_lazy("Subject"), max_length=200)
    text = forms.CharField(label=gettext_lazy("Your message"), max_length=10_000, widget=_text())
    attached = FilesField(label=gettext_lazy("Files"))
    stamp = forms.CharField(max_length=500, required=False, widget=forms.HiddenInput)
    # Nobody sees it. Whoever fills it in has read the page's source and not the page.
    website = forms.CharField(
        label=gettext_lazy("Leave this empty"),
        required=False,
        max_length=500,
        widget=forms.TextInput({"autocomplete": "off", "tabindex": "-1"}),
    )

    def __init__(self, *args: Any, web_form: WebForm, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.label_suffix = ""
        self.region = region_of(web_form.client)
        choices = web_form.choices.filter(topic__is_active=True).select_related("topic", "queue")
        topic = self.fields["topic"]
        assert isinstance(topic, forms.ModelChoiceField)
        topic.queryset = choices
        topic.empty_label = _("Choose …")
        if not choices:
            del self.fields["topic"]

    def clean_reach(self) -> Address:
        address = read_address(self.cleaned_data["reach"], self.region)
        if address is None:
            raise forms.ValidationError(_("Neither an e-mail address nor a phone number can be read here."))
        return address

    def shown(self) -> list[forms.BoundField]:
        return [self[name] for name in self.fields if name not in {"stamp", "website"}]
