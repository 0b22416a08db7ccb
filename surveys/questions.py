"""The questions of a form: what can be asked, on which scale, and in which words. Pure.

A form is an ordered list of items. The standard questions feed the KPIs and are named by their column; an own question is
named `q` and its number, and its scale never changes: another scale is another question.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext_lazy as _

from surveys.scales import CES, CSAT_1_5, CSAT_1_7, CSAT_SCALES, NPS

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise as Words

RATED = {"csat", "ces", "nps"}
STANDARD: dict[str, Words] = {
    "csat": _("How satisfied are you with the help that you got?"),
    "ces": _("How easy was it to get your issue solved?"),
    "nps": _("How likely are you to recommend us to a friend or colleague?"),
    "fcr_resolved": _("Was your issue solved?"),
    "fcr_contacts": _("How many times did you contact us about this, this time included?"),
    "comment": _("Is there anything that you want to tell us?"),
}
ENDS: dict[str, tuple[Words, Words]] = {
    "csat": (_("Very dissatisfied"), _("Very satisfied")),
    "ces": (_("Very difficult"), _("Very easy")),
    "nps": (_("Not at all likely"), _("Extremely likely")),
}
SCALES: dict[str, range] = {"1-5": range(1, 6), "1-7": range(1, 8), "0-10": range(11)}
YES_NO, CHOICE, TEXT = "yes-no", "choice", "text"


@dataclass(frozen=True)
class Item:
    """One question of a form. `scale`: of a rated one its limits, else `yes-no`, `choice` or `text`; "" where it has none.

    `texts`: by language `label`, `low`, `high` (what the ends mean) and `options`. What is not there is taken from the
    language of the installation, and of a standard question from the product's own words.
    """

    key: str
    scale: str = ""
    texts: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    @property
    def is_own(self) -> bool:
        return self.key not in STANDARD

    @property
    def is_rated(self) -> bool:
        return self.scale in SCALES

    @property
    def scores(self) -> range:
        return SCALES[self.scale]

    def words(self, language: str, otherwise: str) -> dict[str, Any]:
        """`label`, `low`, `high`, `options` in a language, as far as they are written, else as `otherwise`, else as any."""
        low, high = ENDS.get(self.key, ("", ""))
        found: dict[str, Any] = {"label": STANDARD.get(self.key, ""), "low": low, "high": high, "options": []}
        # A question is in one language: half of it in another helps nobody.
        for code in (language, otherwise, *sorted(self.texts)):
            said = self.texts.get(code, {})
            # Of a standard question the product has words in every language: another language's would be worse.
            if said.get("label") or not self.is_own:
                return found | {name: value for name, value in said.items() if value}
        return found

    def as_json(self) -> dict[str, Any]:
        return {"key": self.key, "scale": self.scale, "texts": {code: dict(one) for code, one in self.texts.items()}}


def items_of(content: Sequence[Mapping[str, Any]]) -> list[Item]:
    return [Item(one["key"], one.get("scale", ""), one.get("texts", {})) for one in content]


def standard_item(key: str) -> Item:
    return Item(key, {"csat": CSAT_1_5.code, "ces": CES.code, "nps": NPS.code}.get(key, ""))


# What is asked where nobody has made a form.
USUAL = [standard_item(key) for key in STANDARD]
assert set(CSAT_SCALES) == {CSAT_1_5.code, CSAT_1_7.code} <= set(SCALES)


def first_rated(items: Sequence[Item]) -> Item | None:
    """The question that stands in the mail with its scores."""
    return next((one for one in items if one.is_rated), None)


def moved(items: Sequence[Item], key: str, by: int) -> list[Item]:
    """The same with one of them moved; at the end of the list it stays."""
    found = list(items)
    at = next((n for n, one in enumerate(found) if one.key == key), None)
    if at is None or not 0 <= at + by < len(found):
        return found
    found.insert(at + by, found.pop(at))
    return found


def without(items: Sequence[Item], key: str) -> list[Item]:
    return [one for one in items if one.key != key]


def reworded(items: Sequence[Item], key: str, texts: Mapping[str, Mapping[str, Any]], scale: str = "") -> list[Item]:
    return [replace(one, texts=texts, scale=scale or one.scale) if one.key == key else one for one in items]


def languages_missing(item: Item, languages: Sequence[str]) -> list[str]:
    """Where an own question is not written, and will be asked in another language."""
    return [code for code in languages if item.is_own and not item.texts.get(code, {}).get("label")]
