import pytest

from tickets.snippets import excerpt, marked, pattern_of


@pytest.mark.parametrize(
    ("text", "stems", "expected"),
    [
        ("Two invoices", ["invoic"], "Two <mark>invoices</mark>"),
        ("A company of ours", ["compani"], "A <mark>company</mark> of ours"),
        ("Fakturorna kom", ["faktur"], "<mark>Fakturorna</mark> kom"),
        ("På kontoret", ["konto"], "På <mark>kontoret</mark>"),
        ("efaktura", ["faktur"], "efaktura"),
        # A stem of two letters is only that word.
        ("is island", ["is"], "<mark>is</mark> island"),
        ("nothing", [], "nothing"),
        ("a.c abc", ["a.c"], "<mark>a.c</mark> abc"),
    ],
)
def test_words_that_begin_with_a_stem_are_marked(text, stems, expected):
    assert marked(text, [pattern_of(stems)]) == expected


def test_hits_that_lie_in_each_other_are_marked_once():
    assert marked("invoices", [pattern_of(["inv"]), pattern_of(["invoic"])]) == "<mark>invoices</mark>"


@pytest.mark.parametrize("show", [marked, excerpt])
def test_nothing_that_a_stranger_wrote_becomes_markup(show):
    text = "<script>script</script> & \"script\" <mark>script</mark> </mark><img src=x onerror='script()'>"
    shown = show(text, [pattern_of(["script"])])
    bare = shown.replace("<mark>script</mark>", "")
    assert "<" not in bare
    assert ">" not in bare
    assert "'" not in bare
    assert '"' not in bare


def test_an_excerpt_is_one_short_line_around_the_first_hit():
    text = "before " * 60 + "\n\nthe needle\n" + "after " * 60
    shown = excerpt(text, [pattern_of(["needl"])])
    assert shown.startswith("… before")
    assert "<mark>needle</mark> after" in shown
    assert shown.endswith(" …")
    assert "\n" not in shown
    assert len(shown) < 220


def test_an_excerpt_without_a_hit_is_the_beginning():
    assert excerpt("One two three", [pattern_of(["four"])]) == "One two three"


def test_a_text_without_a_space_is_cut_all_the_same():
    assert len(excerpt("x" * 5_000 + "needle", [pattern_of(["needl"])])) < 250
