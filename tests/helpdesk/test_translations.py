"""Every text that a person reads is there in Swedish and Finnish, with the same placeholders as in English."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import polib
import pytest
from django.conf import settings
from django.template.base import Lexer, TokenType
from django.utils.text import smart_split
from django.utils.translation import trim_whitespace

from helpdesk.translations import PROJECT, catalogues

# What a text is known by: its context, its singular and its plural, as in gettext.
Key = tuple[str, str, str]

LANGUAGES = [code for code, _ in settings.LANGUAGES if code != settings.LANGUAGE_CODE]
APPS = ("helpdesk", "metrics", "surveys", "tickets")
CALLS = {
    "_": ("msgid",),
    "gettext": ("msgid",),
    "gettext_lazy": ("msgid",),
    "gettext_noop": ("msgid",),
    "ngettext": ("msgid", "plural"),
    "ngettext_lazy": ("msgid", "plural"),
    "pgettext": ("context", "msgid"),
    "pgettext_lazy": ("context", "msgid"),
    "npgettext": ("context", "msgid", "plural"),
    "npgettext_lazy": ("context", "msgid", "plural"),
}
PLACEHOLDER = re.compile(r"%(?:\(\w+\))?[-+ 0#]*\d*(?:\.\d+)?[sdrfi](?!\w)")


def called(node: ast.Call) -> str:
    return node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")


def imported_as(tree: ast.AST) -> dict[str, str]:
    """Names such as `_` are given by the import, and stand for different functions in different files."""
    return {
        name.asname or name.name: name.name
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and node.module == "django.utils.translation"
        for name in node.names
    }


def texts_of_python(source: str) -> Iterator[Key]:
    tree = ast.parse(source)
    names = imported_as(tree)
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        roles = CALLS.get(names.get(called(node), called(node)), ())
        strings = [argument.value for argument in node.args if isinstance(argument, ast.Constant)]
        parts = dict(zip(roles, strings, strict=False))
        if roles and isinstance(parts.get("msgid"), str):
            yield parts.get("context", ""), parts["msgid"], parts.get("plural", "")


def unquoted(bit: str) -> str | None:
    return bit[1:-1] if len(bit) > 1 and bit[0] in "\"'" and bit[-1] == bit[0] else None


def context_of(bits: list[str]) -> str:
    return unquoted(bits[bits.index("context") + 1]) or "" if "context" in bits else ""


def texts_of_template(source: str) -> Iterator[Key]:
    """The texts of the tags trans and blocktrans, and of strings in _( ), as Django itself reads them."""
    block: list[str] | None = None
    texts: list[str] = []
    for token in Lexer(source).tokenize():
        bits = list(smart_split(token.contents)) if token.token_type == TokenType.BLOCK else []
        tag = bits[0].replace("translate", "trans") if bits else ""
        if tag == "blocktrans":
            block, texts = bits, [""]
        elif block is not None and tag == "plural":
            texts.append("")
        elif block is not None and tag == "endblocktrans":
            trim = trim_whitespace if "trimmed" in block else str
            singular, plural = (*map(trim, texts), "")[:2]
            yield context_of(block), singular, plural
            block = None
        elif block is not None:
            texts[-1] += (
                f"%({token.contents})s" if token.token_type == TokenType.VAR else token.contents.replace("%", "%%")
            )
        elif tag == "trans" and (text := unquoted(bits[1])) is not None:
            yield context_of(bits), text.replace("%", "%%"), ""
        elif token.token_type in (TokenType.BLOCK, TokenType.VAR):
            for text in re.findall(r"_\(\"([^\"]*)\"\)", token.contents) + re.findall(
                r"_\('([^']*)'\)", token.contents
            ):
                yield "", text.replace("%", "%%"), ""


@cache
def texts_of_the_project() -> dict[Key, str]:
    """Every text in the sources, with a file where it stands."""
    found: dict[Key, str] = {}
    for app in APPS:
        for path in sorted((PROJECT / app).rglob("*.py")):
            if "migrations" not in path.parts:
                found |= dict.fromkeys(texts_of_python(path.read_text()), str(path.relative_to(PROJECT)))
    for folder in (PROJECT / "templates", *(PROJECT / app for app in APPS)):
        for path in sorted({*folder.rglob("*.html"), *folder.rglob("*.txt")}):
            found |= dict.fromkeys(texts_of_template(path.read_text()), str(path.relative_to(PROJECT)))
    return found


def files(language: str) -> list[Path]:
    return sorted(path for path in catalogues() if path.parent.parent.name == language)


def entries(language: str) -> list[polib.POEntry]:
    return [entry for path in files(language) for entry in polib.pofile(str(path), check_for_duplicates=True)]


def key(entry: polib.POEntry) -> Key:
    return entry.msgctxt or "", entry.msgid, entry.msgid_plural or ""


def forms(entry: polib.POEntry) -> list[str]:
    return list(entry.msgstr_plural.values()) if entry.msgid_plural else [entry.msgstr]


def placeholders(text: str) -> list[str]:
    return sorted(PLACEHOLDER.findall(text.replace("%%", "")))


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_text_of_the_project_is_translated(language):
    translated = {key(entry) for entry in entries(language) if entry.translated()}
    missing = {text: path for text, path in texts_of_the_project().items() if text not in translated}
    assert not missing


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_translation_is_empty_doubtful_or_left_from_an_older_text(language):
    used = texts_of_the_project()
    wrong = [
        entry.msgid for entry in entries(language) if entry.fuzzy or not all(forms(entry)) or key(entry) not in used
    ]
    assert not wrong


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_translation_has_the_placeholders_of_its_text(language):
    wrong = []
    for entry in entries(language):
        allowed = [placeholders(text) for text in (entry.msgid, entry.msgid_plural) if text]
        wrong += [(entry.msgid, form) for form in forms(entry) if placeholders(form) not in allowed]
    assert not wrong


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_headers_say_the_language_and_its_two_forms(language):
    assert len(files(language)) == 4
    for path in files(language):
        header = polib.pofile(str(path)).metadata
        assert header["Language"] == language
        assert header["Content-Type"] == "text/plain; charset=UTF-8"
        assert header["Plural-Forms"] == "nplurals=2; plural=(n != 1);"
    assert all(len(entry.msgstr_plural) == 2 for entry in entries(language) if entry.msgid_plural)


@pytest.mark.parametrize("language", LANGUAGES)
def test_one_text_has_one_translation_in_all_catalogues(language):
    """Django merges the catalogues, so that of two translations one would win everywhere, by the order of the apps."""
    said: dict[Key, list[str]] = {}
    for entry in entries(language):
        assert said.setdefault(key(entry), forms(entry)) == forms(entry), entry.msgid


def test_texts_are_found_in_every_form_of_writing_them():
    python = 'from django.utils.translation import pgettext as p, ngettext\np("case", "Open")\nngettext("%d cat", "%d cats", n)'
    assert list(texts_of_python(python)) == [("case", "Open", ""), ("", "%d cat", "%d cats")]
    template = (
        '{% trans "Save" %}{% translate "Open" context "case" %}{% include "x" with title=_("Age") %}'
        "{% blocktrans trimmed count n=n %}\n  {{ n }} is 1 %\n{% plural %}\n  {{ n }} are{% endblocktrans %}"
    )
    assert list(texts_of_template(template)) == [
        ("", "Save", ""),
        ("case", "Open", ""),
        ("", "Age", ""),
        ("", "%(n)s is 1 %%", "%(n)s are"),
    ]
