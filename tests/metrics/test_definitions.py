"""Every KPI says how it is written, how it can be made to look good, and what to watch beside it."""

from __future__ import annotations

from collections import defaultdict

import pytest

from metrics.catalog import KPIS
from metrics.symbols import LETTERS, OWN, WORDS, letters, used
from tickets.models import Agreement


@pytest.mark.parametrize("key", KPIS)
def test_a_kpi_declares_what_its_page_tells(key: str) -> None:
    kpi = KPIS[key]
    assert kpi.symbols
    assert kpi.gamed
    assert kpi.beside
    assert key not in kpi.beside
    assert [other for other in kpi.beside if other not in KPIS] == []
    assert {letter for letter, _meaning in letters(kpi.slug, kpi.symbols)} == used(kpi.symbols) - WORDS


@pytest.mark.parametrize("key", KPIS)
def test_terms_are_those_of_an_agreement(key: str) -> None:
    assert {*KPIS[key].terms} <= {*Agreement.TERMS, "calendar", "service_levels"}


def test_variants_are_written_apart() -> None:
    formulas: dict[tuple[str, str], list[str]] = defaultdict(list)
    for kpi in KPIS.values():
        formulas[kpi.slug, kpi.symbols].append(kpi.key)
    # The headline follows the agreement; unless agreed otherwise it is this one.
    assert [keys for keys in formulas.values() if len(keys) > 1] == [["service-level", "service-level:sl3"]]


def test_every_letter_is_used_and_a_part_stands_after_its_whole() -> None:
    written = {letter for kpi in KPIS.values() for letter in used(kpi.symbols)}
    assert set(LETTERS) <= written
    assert {letter for own in OWN.values() for letter in own} <= set(LETTERS)
