"""Django's tags of translation and its `url`, which look a thing up once where the answer is always the same.

A page has a hundred constant texts and seventy addresses; looking each up anew was a fifth of its time. Everything else is as in
`django.templatetags.i18n` and `django.template.defaulttags`.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from django import template
from django.template.base import FilterExpression, Parser, Token, Variable
from django.template.defaulttags import URLNode
from django.template.defaulttags import url as url_of_django
from django.templatetags import i18n
from django.templatetags.i18n import TranslateNode
from django.urls import get_script_prefix, get_urlconf, reverse
from django.utils.html import escape
from django.utils.safestring import SafeString
from django.utils.translation import get_language

register = template.Library()
register.tags.update(i18n.register.tags)
register.filters.update(i18n.register.filters)


class ConstantTranslateNode(TranslateNode):
    """A text that stands in the template: one translation a language."""

    def __init__(self, node: TranslateNode) -> None:
        self.__dict__.update(node.__dict__)
        self.said: dict[str | None, str] = {}

    def render(self, context: template.Context) -> str:
        language = get_language()
        said = self.said.get(language)
        if said is None:
            said = self.said[language] = str(super().render(context))
        # Of constants alone; what stands in a template is safe by Django's own rule.
        return SafeString(said)


def is_constant(text: FilterExpression) -> bool:
    return isinstance(text.var, Variable) and isinstance(text.var.literal, str) and not text.filters


@register.tag("translate")
@register.tag("trans")
def translate(parser: Parser, token: Token) -> TranslateNode:
    node = i18n.do_translate(parser, token)
    plain = node.asvar is None and node.message_context is None and not node.noop
    return ConstantTranslateNode(node) if plain and is_constant(node.filter_expression) else node


class KeptURLNode(URLNode):
    """An address by its name and parts. Numbers and texts name the same page each time."""

    def render(self, context: template.Context) -> str:
        parts = tuple(arg.resolve(context) for arg in self.args)
        if self.asvar or self.kwargs or not all(type(part) in (int, str, SafeString) for part in parts):
            return str(super().render(context))
        url = address_of(self.view_name.resolve(context), parts, get_urlconf(), get_script_prefix())
        return escape(url) if context.autoescape else url


@lru_cache(4096)
def address_of(name: str, parts: tuple[Any, ...], urlconf: str | None, _prefix: str) -> str:
    """The address; failures are not kept.

    Raises:
        NoReverseMatch: There is no such page.
    """
    return str(reverse(name, urlconf=urlconf, args=parts))


@register.tag
def url(parser: Parser, token: Token) -> URLNode:
    node = url_of_django(parser, token)
    return KeptURLNode(node.view_name, node.args, node.kwargs, node.asvar)
