"""The list of comments: how it is narrowed, and how often each theme is in it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from django import forms
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from surveys.comments import Theme, themes_of
from surveys.models import Response
from surveys.scales import CSAT_SCALES
from tickets.models import Queue, User

# Themes are counted over so many of the newest.
COUNTED = 2000
# By scale: 4 of 5 is satisfied, 4 of 7 is neither.
HIGH = Q(pk__in=[])
LOW = Q(fcr_resolved="no")
for _scale in CSAT_SCALES.values():
    HIGH |= Q(csat_scale=_scale.code, csat__gte=_scale.good_from)
    LOW |= Q(csat_scale=_scale.code, csat__lte=_scale.bad_to)


class CommentFilter(forms.Form):
    """What of the comments is shown. What cannot be read is passed over."""

    days = forms.TypedChoiceField(
        label=gettext_lazy("Period"),
        coerce=int,
        empty_value=None,
        required=False,
        choices=[
            (7, gettext_lazy("Last 7 days")),
            (28, gettext_lazy("Last 28 days")),
            (90, gettext_lazy("Last 90 days")),
        ],
    )
    score = forms.ChoiceField(
        label=gettext_lazy("Score"),
        required=False,
        choices=[
            ("", gettext_lazy("Any")),
            ("low", gettext_lazy("Low or not solved")),
            ("high", gettext_lazy("Satisfied")),
        ],
    )
    queue = forms.ModelChoiceField(Queue.objects.none(), label=gettext_lazy("Queue"), required=False)
    theme = forms.ModelChoiceField(Theme.objects.all(), label=gettext_lazy("Theme"), required=False)
    q = forms.CharField(label=gettext_lazy("Words"), required=False, max_length=100)

    def __init__(self, data: Mapping[str, Any], *, user: User, themes: list[Theme]) -> None:
        super().__init__({"days": "90", **{name: data.get(name, "") for name in data}})
        self.user, self.themes = user, themes
        fields: Any = self.fields
        fields["queue"].queryset = Queue.objects.visible_to(user).order_by("name")
        fields["queue"].empty_label = fields["theme"].empty_label = _("All")
        for field in self.fields.values():
            field.widget.attrs["class"] = "form-select" if isinstance(field.widget, forms.Select) else "form-control"
        self.is_valid()

    def _narrowed(self) -> QuerySet[Response]:
        asked = self.cleaned_data
        later = Response.objects.filter(invitation=OuterRef("invitation"), responded_at__gt=OuterRef("responded_at"))
        found = Response.objects.visible_to(self.user).exclude(comment="").filter(~Exists(later))
        found = found.filter(responded_at__gt=timezone.now() - timedelta(days=asked.get("days") or 90))
        if asked.get("score"):
            found = found.filter(LOW if asked["score"] == "low" else HIGH)
        if asked.get("queue"):
            found = found.filter(invitation__case__queue=asked["queue"])
        if asked.get("q"):
            found = found.filter(comment__icontains=asked["q"])
        related = ("invitation__case__queue", "praise")
        return found.select_related(*related).prefetch_related("themes").order_by("-responded_at", "-pk")

    def found(self) -> Any:
        """The comments, newest first. Themes lie in words, so those of a theme are picked out here."""
        theme = self.cleaned_data.get("theme")
        if theme is None:
            return self._narrowed()
        return [
            one for one in self._narrowed()[:COUNTED] if any(known == theme for known, _said in themes_of(one, [theme]))
        ]

    def counts(self) -> list[tuple[Theme, int]]:
        """How many of the comments are about each theme, most first."""
        found = Counter(theme for one in self._narrowed()[:COUNTED] for theme, _said in themes_of(one, self.themes))
        return found.most_common()
