"""What somebody wrote with its form: cleaned before it is stored, and the same as plain text. Pure."""

from __future__ import annotations

import re
from html import escape
from html.parser import HTMLParser

import nh3

# What the editor makes and mail programs show alike. No images: a file goes along as an attachment.
TAGS = {"a", "blockquote", "br", "code", "del", "div", "em", "h1", "li", "ol", "p", "pre", "strong", "ul"}
LONGEST = 200_000
_BLOCKS = {"blockquote", "div", "h1", "li", "ol", "p", "pre", "ul"}


def clean(html: str) -> str:
    """Keep the few tags that a letter needs, and of those only a link's address."""
    return nh3.clean(
        html[:LONGEST],
        tags=TAGS,
        attributes={"a": {"href"}},
        url_schemes={"http", "https", "mailto", "tel"},
        link_rel="noopener noreferrer",
    ).strip()


def is_empty(html: str) -> bool:
    return not to_text(html).strip()


def from_text(text: str) -> str:
    """Plain text with its line breaks."""
    lines = escape(text.strip()).splitlines()
    return f"<div>{'<br>'.join(lines)}</div>" if lines else ""


def to_text(html: str) -> str:
    """The same words as a plain-text mail says them: `> ` before what is quoted, addresses of links in brackets."""
    writer = _Writer()
    writer.feed(html)
    writer.close()
    return writer.text()


class _Writer(HTMLParser):
    """Writes cleaned HTML as lines of text."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.lines: list[str] = [""]
        self.quotes = 0
        self.lists: list[int] = []
        self.pre = 0
        self.link = ""
        self.link_from = 0

    def text(self) -> str:
        joined = "\n".join(line.rstrip() for line in self.lines)
        return re.sub(r"\n{3,}", "\n\n", joined).strip("\n")

    def new_line(self) -> None:
        if self.lines[-1].strip("> ") or self.lines[-1] == "":
            self.lines.append("")
        self.lines[-1] = "> " * self.quotes

    def begin_block(self) -> None:
        if self.lines[-1].strip("> "):
            self.new_line()
        else:
            self.lines[-1] = "> " * self.quotes

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "br":
            self.lines.append("> " * self.quotes)
        elif tag == "blockquote":
            if self.lines[-1].strip("> "):
                self.lines.append("")
            self.quotes += 1
        elif tag in {"ul", "ol"}:
            self.lists.append(0 if tag == "ol" else -1)
        elif tag == "a":
            self.link = dict(attrs).get("href") or ""
            self.link_from = len(self.lines[-1])
        elif tag == "pre":
            self.pre += 1
        if tag in _BLOCKS:
            self.begin_block()
        if tag == "li" and self.lists:
            if self.lists[-1] >= 0:
                self.lists[-1] += 1
            mark = f"{self.lists[-1]}. " if self.lists[-1] > 0 else "- "
            self.lines[-1] += "  " * (len(self.lists) - 1) + mark

    def handle_endtag(self, tag: str) -> None:
        if tag == "a" and self.link:
            said = self.lines[-1][self.link_from :].strip()
            if said and self.link.removeprefix("mailto:").removeprefix("tel:") != said:
                self.lines[-1] += f" <{self.link}>"
            self.link = ""
        elif tag == "blockquote":
            self.quotes = max(0, self.quotes - 1)
        elif tag in {"ul", "ol"} and self.lists:
            self.lists.pop()
        elif tag == "pre":
            self.pre = max(0, self.pre - 1)
        if tag in _BLOCKS:
            self.begin_block()
        if tag == "p" or (tag in {"ul", "ol"} and not self.lists):
            self.lines.append("> " * self.quotes)

    def handle_data(self, data: str) -> None:
        if self.pre:
            first, *others = data.split("\n")
            self.lines[-1] += first
            self.lines += ["> " * self.quotes + line for line in others]
            return
        words = re.sub(r"\s+", " ", data)
        line = self.lines[-1]
        self.lines[-1] += words.lstrip() if not line.strip("> ") or line.endswith(" ") else words
