"""A mail's HTML, cleaned: its look without anything that acts or calls home. Pure.

The cleaner takes time that grows with the square of the depth, so a linear look at the tags comes first; what is too much is
shown as text alone.
"""

from __future__ import annotations

import re
from html import unescape

import nh3

from tickets import richtext

LONGEST = 1 << 20
MOST_TAGS = 20_000
DEEPEST = 200
_TAG = re.compile(r"<(/?)([A-Za-z][A-Za-z0-9]{0,20})")
_SINGLE = {
    "area",
    "base",
    "br",
    "col",
    "embed",
    "hr",
    "img",
    "input",
    "link",
    "meta",
    "param",
    "source",
    "track",
    "wbr",
}
_UNSEEN = re.compile(
    r"<(script|style|head|title|template|noscript)\b[^>]{0,2000}>.*?</\1\s{0,9}>", re.IGNORECASE | re.DOTALL
)
_OUTSIDE = re.compile(r"""(?:src|background)=["']?https?:""", re.IGNORECASE)

TAGS = {
    *richtext.TAGS,
    *(
        "abbr",
        "address",
        "article",
        "b",
        "big",
        "caption",
        "center",
        "cite",
        "col",
        "colgroup",
        "dd",
        "dl",
        "dt",
        "figcaption",
    ),
    *(
        "figure",
        "font",
        "footer",
        "h2",
        "h3",
        "h4",
        "h5",
        "h6",
        "header",
        "hr",
        "i",
        "img",
        "ins",
        "kbd",
        "q",
        "s",
        "samp",
    ),
    *(
        "section",
        "small",
        "span",
        "strike",
        "sub",
        "sup",
        "table",
        "tbody",
        "td",
        "tfoot",
        "th",
        "thead",
        "tr",
        "tt",
        "u",
        "wbr",
    ),
}
_SIZES = {"align", "bgcolor", "height", "valign", "width"}
ATTRIBUTES = {
    "*": {"dir", "lang", "style", "title"},
    "a": {"href"},
    "col": {"span", *_SIZES},
    "font": {"color", "face", "size"},
    "img": {"alt", "src", *_SIZES},
    "ol": {"start", "type"},
    "table": {"border", "cellpadding", "cellspacing", *_SIZES},
    "td": {"colspan", "rowspan", *_SIZES},
    "th": {"colspan", "rowspan", *_SIZES},
    "tr": _SIZES,
}
# Nothing that is laid over something else, and nothing that loads.
STYLES = {
    *("background-color", "border", "border-bottom", "border-collapse", "border-color", "border-left", "border-radius"),
    *("border-right", "border-spacing", "border-style", "border-top", "border-width", "color", "direction", "display"),
    *("font", "font-family", "font-size", "font-style", "font-weight", "height", "letter-spacing", "line-height"),
    *(
        "list-style-type",
        "margin",
        "margin-bottom",
        "margin-left",
        "margin-right",
        "margin-top",
        "max-width",
        "min-width",
    ),
    *("padding", "padding-bottom", "padding-left", "padding-right", "padding-top", "text-align", "text-decoration"),
    *("text-indent", "text-transform", "vertical-align", "white-space", "width", "word-break", "word-wrap"),
}


def is_too_much(html: str) -> bool:
    """Whether cleaning it would take long: one look over the tags says so."""
    if len(html) > LONGEST:
        return True
    depth = deepest = tags = 0
    for found in _TAG.finditer(html):
        tags += 1
        if found[2].lower() in _SINGLE:
            continue
        depth = max(0, depth - 1) if found[1] else depth + 1
        deepest = max(deepest, depth)
        if tags > MOST_TAGS or deepest > DEEPEST:
            return True
    return False


def clean(html: str) -> str:
    """Return what is harmless of it; "" where it is too much."""
    if is_too_much(html):
        return ""
    return nh3.clean(
        html,
        tags=TAGS,
        clean_content_tags={"script", "style", "title", "template", "noscript", "svg", "math", "iframe", "object"},
        attributes=ATTRIBUTES,
        filter_style_properties=STYLES,
        # A picture that came along is named by `cid:`.
        url_schemes={"http", "https", "mailto", "tel", "cid"},
        url_relative="deny",
        link_rel="noopener noreferrer nofollow",
        set_tag_attribute_values={"a": {"target": "_blank"}},
    ).strip()


def has_outside_pictures(cleaned: str) -> bool:
    return bool(_OUTSIDE.search(cleaned))


def to_text(html: str) -> str:
    """The words of a mail that has no text of its own."""
    if is_too_much(html):
        bare = re.sub(r"<[^<>]{0,2000}>", " ", html[:LONGEST])
        return re.sub(r"[^\S\n]+", " ", unescape(bare)).strip()
    return richtext.to_text(nh3.clean(_UNSEEN.sub("", html), tags=richtext.TAGS | {"tr"}, attributes={"a": {"href"}}))
