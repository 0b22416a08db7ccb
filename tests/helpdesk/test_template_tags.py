"""What is looked up once is what Django would have looked up each time."""

from __future__ import annotations

import pytest
from django.conf import settings
from django.template import Context, Template
from django.urls import NoReverseMatch
from django.utils import translation

from helpdesk.template_tags import ConstantTranslateNode, KeptURLNode


def drawn(text: str, **values: object) -> str:
    return Template(text).render(Context(values))


def test_a_constant_text_is_said_in_the_language_of_each_reader() -> None:
    template = Template('{% translate "Queue" %}')
    assert isinstance(template.nodelist[0], ConstantTranslateNode)
    for _again in range(2):
        for language, word in (("en", "Queue"), ("sv", "Kö"), ("fi", "Jono")):
            with translation.override(language):
                assert template.render(Context()) == word


def test_a_text_that_somebody_wrote_is_looked_up_and_escaped_each_time() -> None:
    template = Template("{% translate word %}")
    assert template.render(Context({"word": "<b>"})) == "&lt;b&gt;"
    assert template.render(Context({"word": "100 %"})) == "100 %"


def test_with_a_name_it_is_kept_under_it() -> None:
    with translation.override("sv"):
        assert drawn('{% translate "Queue" as word %}[{{ word }}]') == "[Kö]"


def test_percent_signs_and_quotes_are_as_written() -> None:
    assert drawn('{% translate "90 % of “calls”" %}') == "90 % of “calls”"


def test_addresses_by_number_and_text() -> None:
    template = Template('{% url "case" number %}')
    assert isinstance(template.nodelist[0], KeptURLNode)
    assert [template.render(Context({"number": number})) for number in (7, 8, 7, "9")] == [
        "/cases/7/",
        "/cases/8/",
        "/cases/7/",
        "/cases/9/",
    ]


def test_what_has_no_address_says_so_each_time() -> None:
    for _again in range(2):
        with pytest.raises(NoReverseMatch):
            drawn('{% url "case" number %}', number="no number")


def test_a_number_that_is_true_is_no_one() -> None:
    # Python takes True and 1 for the same key.
    assert drawn('{% url "case" number %}', number=1) == "/cases/1/"
    with pytest.raises(NoReverseMatch):
        drawn('{% url "case" number %}', number=True)


def test_no_template_of_ours_takes_djangos_own_back() -> None:
    for path in (settings.BASE_DIR / "templates").rglob("*.*"):
        assert "load i18n" not in path.read_text(), path
        assert " i18n %}" not in path.read_text(), path
